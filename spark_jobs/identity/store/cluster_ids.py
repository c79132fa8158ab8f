"""Ids of clusters from run to run: by maximum overlap, as those of customers (fold.py)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from spark_jobs.identity.engine.resolution import ID_LENGTH
from spark_jobs.identity.fold import assigned


@dataclass(frozen=True)
class Named:
    """Ids of the clusters 0 …, the run that made each, where ids that are no more since this run lead, and how many clusters have other records."""

    ids: list[str]
    since: list[int]
    retired: dict[str, str]
    moved: int


def following(
    names: Sequence[str],
    labels: Sequence[int],
    owner: Mapping[str, str],
    created: Mapping[str, int],
    sizes: Mapping[str, int],
    run: int,
) -> Named:
    """Ids of clusters that were closed anew.

    names    of their records; labels: cluster of each, 0 …
    owner    record that was there → id of the cluster it was in; created: id → the run that made it; sizes: id → records it had
    run      number of this run
    An id that is no more leads to the one that has most of its records (ties: the smallest); one whose records are all gone, nowhere.
    """
    members: dict[int, list[str]] = defaultdict(list)
    for name, label in zip(names, labels, strict=True):
        members[label].append(name)
    made = dict(created)
    after = assigned([frozenset(m) for m in members.values()], owner, run, made, _founded)
    ids = [after[members[label][0]] for label in range(len(members))]
    same = sum(
        sizes.get(ids[label]) == len(records) and all(owner.get(name) == ids[label] for name in records)
        for label, records in members.items()
    )
    return Named(ids, [made[each] for each in ids], _heirs(owner, after), len(members) - same)


def _founded(group: frozenset[str], *content: str) -> str:
    """A new id: of the run, the records, and the ids they come from."""
    return sha256("\x1e".join([*content, *sorted(group)]).encode()).hexdigest()[:ID_LENGTH]


def _heirs(owner: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    heirs: dict[str, Counter[str]] = defaultdict(Counter)
    for name, was in owner.items():
        heirs[was][after[name]] += 1
    alive = set(after.values())
    return {old: _heir(heir) for old, heir in sorted(heirs.items()) if old not in alive}


def _heir(records: Counter[str]) -> str:
    return min(records, key=lambda new: (-records[new], new))
