"""One part made of all parts of a store: living records only, under new slots, in the order they had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spark_jobs.identity.store import ties, values
from spark_jobs.identity.store.groups import Groups, Hashes, Places, of_sorted, within
from spark_jobs.identity.store.part import Part
from spark_jobs.identity.store.store import Mask, Store

# Folded when so large a share of the slots is not in the first part, or dead: a tenth is some ten days of one per cent.
FOLD_FROM = 0.1
# As many parts as a look-up may go through.
MOST_PARTS = 32


def is_due(store: Store, share: float = FOLD_FROM) -> bool:
    """Whether the parts behind the first, with what died, have become too many or too large."""
    if len(store.parts) < 2:
        return False
    base = len(store.parts[0])
    later = store.slots - base + int(np.count_nonzero(~store.alive[:base]))
    return later > share * max(base, 1) or len(store.parts) > MOST_PARTS


def folded(store: Store) -> Store:
    """The same store in one part. What records that are no more said is in it no longer."""
    slots = np.flatnonzero(store.alive)
    place = np.cumsum(store.alive) - 1
    clusters, confidence, alone = store.standing(slots)
    known, labels = np.unique(clusters, return_inverse=True)
    ids, since = store.cluster_ids(known)
    retired = store.retired()
    none = np.empty(0, np.int64)
    arrays: dict[str, Any] = {
        **_records(store, slots, place),
        **values.folded(store.pieces(slots), len(slots), store.form),
        **_blocks([p.blocks for p in store.parts], store.alive, place).arrays("blocks"),
        **_blocks([p.holders for p in store.parts], store.alive, place).arrays("certificates"),
        **ties.arrays(_ties(store, place)),
        "gone keys": none,
        "gone counts": none,
        "dead": none.astype(np.int32),
        "lost": none,
        "moved slots": np.arange(len(slots), dtype=np.int32),
        "moved clusters": labels,
        "moved confidence": confidence,
        "moved alone": alone.astype(np.uint8),
        "cluster ids": pa.array(ids, pa.large_string()),
        "cluster since": np.array(since, np.int64),
        "retired": pa.array([*retired], pa.large_string()),
        "heirs": pa.array([*retired.values()], pa.large_string()),
    }
    return Store([Part(arrays, 0, 0)], store.form, store.kinds, store.run, store.people, store.likeness)


def _records(store: Store, slots: Places, place: Places) -> dict[str, Any]:
    sources, keys = store.named(slots)
    numbers = store.certificates(slots)
    hashes = [np.asarray(p.arrays["name hashes"]) for p in store.parts]
    owners = [np.asarray(p.arrays["name slots"]) for p in store.parts]
    merged, whose = _merged(hashes, owners, store.alive)
    return {
        "source": sources,
        "record_id": keys,
        "digest": store.digests(slots),
        **{f"certificate {k}": np.ascontiguousarray(numbers[:, k]) for k in range(store.kinds)},
        "name hashes": merged,
        "name slots": place[whose].astype(np.int32),
    }


def _blocks(groups: Sequence[Groups], alive: Mask, place: Places) -> Groups:
    keys, members = _merged([g.entries() for g in groups], [g.members for g in groups], alive)
    return of_sorted(keys, place[members].astype(np.int32))


def _merged(
    keys: Sequence[Hashes], slots: Sequence[npt.NDArray[np.int32]], alive: Mask
) -> tuple[Hashes, npt.NDArray[np.int32]]:
    """Entries of living records, in the order of keys: the first, by far the most, are in order and stay so."""
    living = np.flatnonzero(alive[slots[0]])
    first, owners = keys[0][living], slots[0][living]
    others = np.concatenate([np.empty(0, np.int64), *keys[1:]])
    theirs = np.concatenate([np.empty(0, np.int32), *slots[1:]])
    living = np.flatnonzero(alive[theirs])
    order = living[np.argsort(others[living], kind="stable")]
    at = np.searchsorted(first, others[order], "right")
    return np.insert(first, at, others[order]), np.insert(owners, at, theirs[order])


def _ties(store: Store, place: Places) -> ties.Ties:
    found = ties.NO_TIES
    for part in store.parts:
        kept = found.where(~within(found.keys, part.arrays["lost"]))
        found = ties.together(kept, ties.Ties(part.arrays["tie keys"], part.arrays["tie odds"]))
    found = found.where(store.alive[found.left] & store.alive[found.right])
    moved = ties.ties(place[found.left], place[found.right], found.kinds, found.log_odds)
    order = np.argsort(moved.keys, kind="stable")
    return moved.where(order)
