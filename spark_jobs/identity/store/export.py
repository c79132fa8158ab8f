"""What a store says, as tables for others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.store import Store


def clusters(store: Store) -> pa.Table:
    """source, record_id, cluster_id, confidence: one row per record, ordered by source and record_id."""
    return _table(store, store.in_order(np.flatnonzero(store.alive)))


def moved(before: Store, now: Store, gone: Places) -> pa.Table:
    """As `clusters`, of records that the last run was told, or whose cluster or confidence it changed; `gone` ones have neither, and stand last."""
    part = now.parts[-1]
    told = _table(now, now.in_order(part.arrays["moved slots"].astype(np.int64)))
    sources, keys = before.named(before.in_order(gone))
    nothing = [pa.nulls(len(keys), pa.string()), pa.nulls(len(keys), pa.float64())]
    return pa.concat_tables(
        [told, pa.table([sources.cast(pa.string()), keys.cast(pa.string()), *nothing], told.column_names)]
    )


def nothing_moved(store: Store) -> pa.Table:
    """As `moved`, where nothing changed."""
    return _table(store, np.empty(0, np.int64))


def _table(store: Store, slots: Places) -> pa.Table:
    sources, keys = store.named(slots)
    numbers, confidence = store.clusters_of(slots)
    ids = pa.concat_arrays([p.arrays["cluster ids"] for p in store.parts])
    return pa.table(
        {
            "source": sources.cast(pa.string()),
            "record_id": keys.cast(pa.string()),
            "cluster_id": ids.take(pa.array(numbers)).cast(pa.string()),
            "confidence": confidence,
        }
    )
