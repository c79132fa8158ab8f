"""Components that a day touched, closed anew as a run over all records closes them: the same records in the same order, the same ties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.closure import clusters
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.resolution import evidence, strangeness
from spark_jobs.identity.store import cluster_ids
from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.part import names
from spark_jobs.identity.store.store import Mask, Store
from spark_jobs.identity.store.ties import Ties, together


@dataclass(frozen=True)
class Solved:
    """Clusters of the records in `slots` (in the order of source and id): number of each record's, 0 …; components: how many were closed."""

    slots: Places
    labels: Places
    components: int


@dataclass(frozen=True)
class Numbered:
    """clusters: number of the cluster of each record; ids, since: of clusters that are new, whose numbers follow those there are.

    retired  ids that are no more → which has most of their records; moved: clusters that have other records than before
    more     how many more clusters there are
    """

    clusters: Places
    ids: list[str]
    since: list[int]
    retired: dict[str, str]
    moved: int
    more: int


def accepted(store: Store, found: Ties, bar: float) -> Mask:
    """Whether a tie joins: strong enough, and its records have no two different valid certificates of one kind."""
    joins: Mask = found.log_odds >= bar
    at = np.flatnonzero(joins)
    one, other = store.certificates(found.left[at]), store.certificates(found.right[at])
    joins[at] = ~((one >= 0) & (other >= 0) & (one != other)).any(axis=1)
    return joins


def component(store: Store, marked: Places, bar: float) -> tuple[Places, Ties]:
    """All records that accepted ties join to those marked, ascending, and these ties."""
    seen = np.zeros(store.slots, bool)
    seen[marked] = True
    front, parts = marked, []
    while len(front):
        found = store.ties(front)
        parts.append(found.where(accepted(store, found, bar)))
        ends = parts[-1].ends()
        front = ends[~seen[ends]]
        seen[front] = True
    return np.flatnonzero(seen), together(*parts).ordered()


def solved(store: Store, marked: Places, model: Frozen, bar: float) -> Solved:
    """The components of the marked records (ascending), closed anew."""
    slots, joins = component(store, marked, bar)
    if not len(slots):
        return Solved(slots, slots, 0)
    slots = store.in_order(slots)
    place = np.full(store.slots, -1, np.int64)
    place[slots] = np.arange(len(slots))
    numbers = store.certificates(slots)

    def told(a: Places, b: Places) -> npt.NDArray[np.float64]:
        asked, both = np.unique(np.concatenate([a, b]), return_inverse=True)
        fields = store.read(slots[asked])
        return evidence(fields, model.model, numbers[asked], both[: len(a)], both[len(a) :])

    refined = clusters(
        len(slots), place[joins.left], place[joins.right], joins.log_odds, bar, told, numbers, strangeness(model.model)
    )  # fmt: skip
    return Solved(slots, np.unique(refined.labels, return_inverse=True)[1], refined.components)


def numbered(before: Store, now: Store, found: Solved, was: Places, gone: Places) -> Numbered:
    """Numbers and ids of the clusters.

    was   the slot that each of the records had before, -1 where it is new; gone: slots of records that are no more
    """
    there = np.flatnonzero(was >= 0)
    old = np.full(len(was), -1, np.int64)
    old[there] = before.clusters_of(was[there])[0]
    every = np.concatenate([old[there], before.clusters_of(gone)[0]])
    numbers, counts = np.unique(every, return_counts=True)
    labels = found.labels
    keeps, is_whole = _settled(labels, old, numbers, counts)
    own = keeps.copy()
    others = np.flatnonzero(keeps[labels] < 0)
    label, place = np.unique(labels[others], return_inverse=True)
    named = _named(before, now, found.slots[others], place, old[others], every)
    of_id = dict(zip(named.known, named.numbers, strict=True))
    new: list[str] = []
    made: list[int] = []
    for at, each, run in zip(label.tolist(), named.named.ids, named.named.since, strict=True):
        if each not in of_id:
            of_id[each] = before.clusters + len(new)
            new.append(each)
            made.append(run)
        own[at] = of_id[each]
    moved = named.named.moved + int(((keeps >= 0) & ~is_whole).sum())
    return Numbered(own[labels], new, made, named.named.retired, moved, len(own) - len(numbers))


def _settled(labels: Places, old: Places, numbers: Places, counts: Places) -> tuple[Places, Mask]:
    """Of each cluster: the old one that it goes on from, where that is beyond doubt, else -1; whether it has the very same records.

    Beyond doubt: its records that were there are all of that old one and all that are left of it. Nobody else can claim either.
    numbers, counts  old clusters that were touched, ascending, and the records they had, those that are gone among them
    """
    size = int(labels.max(initial=-1)) + 1
    there = np.flatnonzero(old >= 0)
    most, least = np.full(size, -1, np.int64), np.full(size, np.iinfo(np.int64).max)
    np.maximum.at(most, labels[there], old[there])
    np.minimum.at(least, labels[there], old[there])
    known = np.bincount(labels[there], minlength=size)
    place = np.searchsorted(numbers, old[there])
    left = np.bincount(place, minlength=len(numbers))
    one = np.flatnonzero(most == least)
    at = np.searchsorted(numbers, most[one])
    one, at = one[left[at] == known[one]], at[left[at] == known[one]]
    keeps, is_whole = np.full(size, -1, np.int64), np.zeros(size, bool)
    keeps[one] = most[one]
    is_whole[one] = (np.bincount(labels, minlength=size)[one] == known[one]) & (counts[at] == known[one])
    return keeps, is_whole


@dataclass(frozen=True)
class _OfOthers:
    """Ids of clusters that do not just go on; known, numbers: ids of old ones that had one of their records."""

    named: cluster_ids.Named
    known: list[str]
    numbers: list[int]


def _named(before: Store, now: Store, slots: Places, labels: Places, old: Places, every: Places) -> _OfOthers:
    """every: number of the old cluster of each record that was touched, gone ones too."""
    own_names = names(*now.named(slots)).to_pylist()
    numbers, counts = np.unique(every[np.isin(every, old)], return_counts=True)
    ids, since = before.cluster_ids(numbers)
    id_of = dict(zip(numbers.tolist(), ids, strict=True))
    owner = {name: id_of[number] for name, number in zip(own_names, old.tolist(), strict=True) if number >= 0}
    created = dict(zip(ids, since, strict=True))
    sizes = dict(zip(ids, counts.tolist(), strict=True))
    following = cluster_ids.following(own_names, labels.tolist(), owner, created, sizes, before.run + 1)
    return _OfOthers(following, ids, numbers.tolist())
