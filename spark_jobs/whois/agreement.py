"""How far two judges agree beyond chance. Pure Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# A share of fewer cases says little; it is shown with this word beside it.
FEW = 30


@dataclass(frozen=True)
class Agreement:
    """cases: judged by both; agreed: of them alike.

    kappa  Cohen's kappa (Cohen 1960): agreement beyond what both would reach by chance; None without cases, and where both always say the
           same one thing, so that chance alone explains everything
    """

    cases: int
    agreed: int
    kappa: float | None

    @property
    def share(self) -> float | None:
        return self.agreed / self.cases if self.cases else None

    @property
    def is_few(self) -> bool:
        return self.cases < FEW


def agreement(verdicts: Iterable[tuple[bool, bool]]) -> Agreement:
    """Of two judges' yes or no on the same cases."""
    told = list(verdicts)
    cases, agreed = len(told), sum(x == y for x, y in told)
    if not cases:
        return Agreement(0, 0, None)
    first, second = (sum(v[n] for v in told) / cases for n in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return Agreement(cases, agreed, None if chance == 1 else (agreed / cases - chance) / (1 - chance))
