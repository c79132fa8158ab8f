"""The first part of a store: what a run over all records found, so that nothing is judged twice."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from spark_jobs.identity.engine.entries import entries_of
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import CERTAIN, Resolution, confidence, taken
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.store import groups, ties, values
from spark_jobs.identity.store.changes import digests
from spark_jobs.identity.store.day import Change, likeness
from spark_jobs.identity.store.part import Part, of_clusters, of_records
from spark_jobs.identity.store.store import Store


def begun(people: People, result: Resolution, model: Frozen) -> tuple[Store, Change]:
    """A store of `people` under the model by which `result` judged them, or that it learned of them."""
    people, count, key = taken(people, result.order), len(people), model.form.key
    found = _ties(result)
    first, labels = np.unique(result.labels, return_index=True, return_inverse=True)[1:]
    ids = pc.cast(result.clusters["cluster_id"], "string").combine_chunks().take(first).to_pylist()
    come = entries_of(rules(result.fields), np.arange(count), key)
    none = np.empty(0, np.int64)
    arrays = {
        **of_records(people, digests(people, key), result.certificates, 0, key),
        **values.arrays(result.fields, model.form),
        **groups.of_sorted(come.keys, come.members).arrays("blocks"),
        **ties.arrays(found),
        **of_clusters(ids, [1] * len(ids), {}),
        "gone keys": none,
        "gone counts": none,
        "dead": none.astype(np.int32),
        "lost": none,
        "moved slots": np.arange(count, dtype=np.int32),
        "moved clusters": labels,
        "moved confidence": confidence(
            found.left.astype(np.int32), found.right.astype(np.int32), found.log_odds, labels
        ),
        "moved alone": (np.bincount(labels)[labels] == 1).astype(np.uint8),
    }
    store = Store(
        [Part(arrays, 0, 0)], model.form, result.certificates.shape[1], 1, len(ids), likeness(found)
    )
    change = Change(count, 0, 0, len(result.found.left), result.refined.components, len(ids))
    return store, change


def _ties(result: Resolution) -> ties.Ties:
    told = np.flatnonzero(result.log_odds >= ties.TOLD_FROM)
    of_model = ties.ties(result.found.left[told], result.found.right[told], 0, result.log_odds[told])
    tied, own = result.tied, result.certificates
    kind = (own[tied.left] == tied.numbers[:, None]) & (own[tied.right] == tied.numbers[:, None])
    kinds = kind.argmax(axis=1) + 1 if len(kind) else np.empty(0, np.int64)
    strong = ties.ties(tied.left, tied.right, kinds, np.full(len(kinds), CERTAIN))
    return ties.together(of_model, strong).ordered()
