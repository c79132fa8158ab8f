"""Rare things in the number that is due: the fraction left over is carried to the next day, so totals hold at every size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class Quota:
    """Whole cases out of fractions. Starts half a case in, so that the total is rounded, not cut."""

    carried: float = 0.5

    def due(self, expected: float) -> int:
        self.carried += expected
        whole = max(int(self.carried), 0)
        self.carried -= whole
        return whole


def chosen(
    rng: np.random.Generator, candidates: NDArray[np.int64], weights: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    """`count` different candidates by weight, in ascending order; all with a weight where there are fewer."""
    possible = np.flatnonzero(weights > 0)
    count = min(count, len(possible))
    if count == 0:
        return np.zeros(0, np.int64)
    # The largest of log(u)/w: weighted sampling without replacement in one pass (Efraimidis and Spirakis 2006).
    keys = np.log(rng.random(len(candidates))[possible]) / weights[possible]
    best = possible[np.argpartition(keys, -count)[-count:]]
    return np.sort(candidates[best])
