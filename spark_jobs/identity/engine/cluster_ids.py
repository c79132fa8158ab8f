"""Ids of clusters from run to run: by maximum overlap, as those of customers (fold.py)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pyarrow as pa

from spark_jobs.identity.engine.kept import Kept, Mask, Places
from spark_jobs.identity.engine.resolution import ID_LENGTH
from spark_jobs.identity.fold import assigned


@dataclass(frozen=True)
class Named:
    """Ids of the clusters 0 …, the run that made each, where ids that are no more lead, and how many clusters have other records."""

    ids: list[str]
    since: list[int]
    retired: dict[str, str]
    moved: int


def following(old: Kept, names: pa.Array, before: Places, labels: Places, is_anew: Mask) -> Named:
    """Ids of clusters of which some were closed anew.

    old     the run before; names: of the records now; before: their places in it, -1 where new; labels: their clusters now
    is_anew records whose clusters were closed anew; the others have the cluster they had
    An id that is no more leads to the one that has most of its records (ties: the smallest); one whose records are all gone, nowhere.
    """
    run, count = old.run + 1, int(labels.max(initial=-1)) + 1
    was_of = np.full(count, -1, np.int64)
    was_of[labels[~is_anew]] = old.labels[before[~is_anew]]
    ids = [old.ids[was] if was >= 0 else "" for was in was_of.tolist()]
    since = [old.since[was] if was >= 0 else run for was in was_of.tolist()]
    anew = np.flatnonzero(is_anew)
    members: dict[int, list[str]] = defaultdict(list)
    owner, created = {}, {}
    own = names.take(pa.array(anew)).to_pylist()
    for name, label, was in zip(own, labels[anew].tolist(), before[anew].tolist(), strict=True):
        members[label].append(name)
        if was >= 0:
            owner[name] = old.ids[old.labels[was]]
            created[owner[name]] = old.since[old.labels[was]]
    after = assigned([frozenset(m) for m in members.values()], owner, run, created, _founded)
    for label, records in members.items():
        ids[label] = after[records[0]]
        since[label] = created[ids[label]]
    return Named(ids, since, _redirects(old, owner, after), _moved(old, owner, members, ids))


def _founded(group: frozenset[str], *content: str) -> str:
    """A new id: of the run, the records, and the ids they come from."""
    return sha256("\x1e".join([*content, *sorted(group)]).encode()).hexdigest()[:ID_LENGTH]


def _redirects(old: Kept, owner: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    heirs: dict[str, Counter[str]] = defaultdict(Counter)
    for name, was in owner.items():
        heirs[was][after[name]] += 1
    alive = set(after.values())
    gone = {o: min(h, key=lambda new: (-h[new], new)) for o, h in heirs.items() if o not in alive}
    return {**{o: gone.get(heir, heir) for o, heir in old.retired.items()}, **gone}


def _moved(old: Kept, owner: dict[str, str], members: dict[int, list[str]], ids: list[str]) -> int:
    size = dict(zip(old.ids, np.bincount(old.labels, minlength=len(old.ids)).tolist(), strict=True))
    same = sum(
        size.get(ids[label]) == len(records) and all(owner.get(name) == ids[label] for name in records)
        for label, records in members.items()
    )
    return len(members) - same
