"""Confidence of records: of those that were closed anew, and of those that stay alone while a tie of theirs that does not join came or went.

Of a record with others only ties inside its cluster count, and these changed only where it was closed anew (engine/resolution.py, `confidence`).
"""

from __future__ import annotations

import numpy as np

from spark_jobs.identity.engine.resolution import CERTAIN, confidence
from spark_jobs.identity.store.groups import Places, distinct, within
from spark_jobs.identity.store.store import Mask, Real, Store
from spark_jobs.identity.store.ties import Ties

_DIGITS = 6


def of_closed(store: Store, slots: Places, clusters: Places) -> tuple[Real, Mask]:
    """Confidence of records that were closed anew (ascending), and whether each is alone; clusters: number of each one's cluster."""
    near = store.ties(slots)
    ends = distinct(np.concatenate([near.ends(), slots]))
    own = store.clusters_of(ends)[0]
    is_new = within(ends, slots)
    own[is_new] = clusters
    labels = np.unique(own, return_inverse=True)[1]
    left, right = (np.searchsorted(ends, side).astype(np.int32) for side in (near.left, near.right))
    found = confidence(left, right, near.log_odds, labels)
    sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    return found[is_new], sizes[2][sizes[1]] == 1


def of_alone(store: Store, slots: Places, come: Ties, gone: Ties) -> tuple[Places, Places, Real]:
    """Records that stay alone and have another confidence now, ascending: slot, number of the cluster, confidence.

    slots  records that were closed anew, who are not asked for (ascending); come, gone: ties
    store  as it is now, but for what is known of clusters, which is as it was
    """
    ends = distinct(np.concatenate([come.ends(), gone.ends()]))
    ends = ends[store.alive[ends] & ~within(ends, slots)]
    clusters, was, alone = store.standing(ends)
    rows, clusters, was = ends[alone], clusters[alone], was[alone]
    sure = np.minimum(was, _alone(_best(come, rows)))
    # What went was the best one, as far as the digits tell: then the best of those that are left counts.
    lost = _best(gone, rows)
    again = np.flatnonzero((lost > 0) & (_alone(lost) <= was))
    sure[again] = _alone(_best(store.ties(rows[again]), rows[again]))
    changed = np.flatnonzero(sure != was)
    return rows[changed], clusters[changed], sure[changed]


def _alone(best: Real) -> Real:
    found: Real = (1 - best).round(_DIGITS)
    return found


def _best(found: Ties, rows: Places) -> Real:
    """Probability of the best tie of each record, 0 where it has none."""
    best = np.zeros(len(rows))
    probability = 1 / (1 + np.exp(-np.clip(found.log_odds, -CERTAIN, CERTAIN)))
    for side in (found.left, found.right):
        at = np.flatnonzero(within(side, rows))
        np.maximum.at(best, np.searchsorted(rows, side[at]), probability[at])
    return best
