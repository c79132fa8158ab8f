"""Whether a store says what a run over all its records says: the slow way, now and then, beside the quick one every day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.resolution import confidence, judge
from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.store import Store


@dataclass(frozen=True)
class Audited:
    """Records there are; those that are kept in another company than they are judged to be in; those of another confidence."""

    records: int
    elsewhere: int
    surer: int

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.elsewhere or self.surer)


def audited(store: Store, model: Frozen, threshold: float) -> Audited:
    """All records of the store judged anew under its model, with all their pairs, and compared with what is kept of them."""
    slots = store.in_order(np.flatnonzero(store.alive))
    judged = judge(store.read(slots), len(slots), threshold, model)
    kept, sure = store.clusters_of(slots)
    labels = judged.refined.labels
    surer = confidence(*judged.ties, labels) != sure
    return Audited(len(slots), int(_elsewhere(labels, kept).sum()), int(surer.sum()))


def _elsewhere(labels: Places, kept: Places) -> npt.NDArray[np.bool_]:
    """Records of clusters that are not one and the same on both sides."""
    both = np.unique(np.stack([labels, kept], axis=1), axis=0)
    parted = [
        side[counts > 1] for side, counts in (np.unique(column, return_counts=True) for column in both.T)
    ]
    found: npt.NDArray[np.bool_] = np.isin(labels, parted[0]) | np.isin(kept, parted[1])
    return found
