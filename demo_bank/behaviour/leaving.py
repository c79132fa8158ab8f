"""Who leaves the bank: a daily hazard with known coefficients, signs before leaving, and noise in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour import numbers
from demo_bank.streams import stream

Floats = NDArray[np.float64]


@dataclass
class Leaving:
    """Chosen leavers act over some weeks, then they are gone. NaT = stays. `quiet` gives no sign; `restless` stayers do."""

    seed: int
    fixed: Floats
    intercept: float
    begins: NDArray[np.datetime64]
    gone: NDArray[np.datetime64]
    quiet: NDArray[np.bool_]
    restless: NDArray[np.bool_]

    @classmethod
    def open(
        cls, seed: int, tenure_years: Floats, products: NDArray[np.int64], salary_moved: NDArray[np.bool_]
    ) -> Leaving:
        """The intercept is moved until the target share leaves in a quarter on an average day without trouble."""
        n = len(tenure_years)
        rng = stream(seed, "leaving", n)
        weights = numbers.HAZARD
        fixed = (
            weights["ln_tenure"] * np.log1p(tenure_years) + weights["products"] * products
            + weights["rate_shopper"] * (rng.random(n) < 0.12) + weights["salary_moved"] * salary_moved
            + rng.normal(0, numbers.PERSON_EFFECT, n)
        )  # fmt: skip
        target = 1 - (1 - 0.85 * numbers.LEAVE_PER_QUARTER) ** (1 / 91)
        low, high = numbers.HAZARD_INTERCEPT - 6, numbers.HAZARD_INTERCEPT + 6
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if _logistic(middle + fixed).mean() < target else (low, middle)
        never = np.full(n, np.datetime64("NaT"), "datetime64[D]")
        return cls(
            seed, fixed, (low + high) / 2, never.copy(), never.copy(), rng.random(n) < numbers.SILENT_LEAVERS,
            rng.random(n) < numbers.NOISY_STAYERS,
        )  # fmt: skip

    def hazard(
        self, pain30: Floats, late_complaint: NDArray[np.bool_], unfollowed: NDArray[np.bool_]
    ) -> Floats:
        """Chance of each person to decide today to leave; 0 for those who already did."""
        moving = (
            numbers.HAZARD["pain30"] * np.minimum(pain30, 3) / 3 + numbers.HAZARD["late_complaint"] * late_complaint
            + numbers.HAZARD["unfollowed_maturity"] * unfollowed
        )  # fmt: skip
        return np.where(np.isnat(self.begins), _logistic(self.intercept + self.fixed + moving), 0.0)

    def decide(self, day: date, hazard: Floats) -> NDArray[np.int64]:
        """Persons who decide today."""
        rng = stream(self.seed, "leaving", "day", day)
        drawn = np.flatnonzero(rng.random(len(hazard)) < hazard)
        self.begins[drawn] = np.datetime64(day)
        self.gone[drawn] = np.datetime64(day) + rng.integers(*numbers.LEAVING_DAYS, len(drawn))
        return drawn

    def activity(self, day: date) -> Floats:
        """Factor on a person's activity today: 1 as ever, falling towards 0 while leaving, 0.03 once gone."""
        today = np.datetime64(day)
        length = np.maximum((self.gone - self.begins).astype("timedelta64[D]").astype(float), 1)
        done = np.clip((today - self.begins).astype("timedelta64[D]").astype(float) / length, 0, 1)
        leaving = ~np.isnat(self.begins)
        factor = np.where(leaving & ~self.quiet, 1 - 0.9 * np.where(leaving, done, 0), 1.0)
        factor = np.where(~leaving & self.restless, 0.5, factor)
        return np.where(leaving & (self.gone <= today), 0.03, factor)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))
