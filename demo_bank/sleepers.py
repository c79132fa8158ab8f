"""Who sleeps: people who have done nothing for half a year and more, some who wake, and some whose money had left before they fell silent.

Nobody of the cast, no canary, nobody who is paid a salary here or shares a household: only what the bank itself books moves on their accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast
from demo_bank.streams import stream

if TYPE_CHECKING:
    from demo_bank.population import World

SHARE, DRAINED_SHARE = 0.016, 0.003
WAKES = 0.45  # of the sleepers, inside the calendar
FALLS_ASLEEP = 0.3  # of the sleepers: the half year ends inside the calendar
HALF_A_YEAR = 180
LEFT_CENTS = 10_00  # what the drained left behind
NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Sleepers:
    """One entry per person. last: day of the last deed, NaT for everybody else; wakes: NaT for those who do not.

    drained  their money left on the last day; before it they were ordinary customers
    """

    last: NDArray[np.datetime64]
    wakes: NDArray[np.datetime64]
    drained: NDArray[np.bool_]

    @property
    def any(self) -> NDArray[np.bool_]:
        return np.asarray(~np.isnat(self.last))

    def asleep(self, day: date) -> NDArray[np.bool_]:
        """Who does nothing on the day."""
        return np.asarray(self.any & (np.isnat(self.wakes) | (self.wakes > np.datetime64(day))))


def sleepers_of(world: World) -> Sleepers:
    """The sleepers of a world; a world too small for them has none."""
    n, first = world.people, np.datetime64(world.size.first)
    rng = stream(world.seed, "sleepers", n)
    may = world.is_adult & (world.employers < 0) & (np.bincount(world.heads, minlength=n)[world.heads] == 1)
    may &= world.opened < first - 400
    may[: cast.count(n) + len(cast.canaries(n))] = False
    may[cast.colleagues(n)] = False
    # A second number is another account of the same person.
    may[world.second_numbers()] = False
    found = rng.permutation(np.flatnonzero(may))
    many, few = round(SHARE * n), round(DRAINED_SHARE * n)
    sleeping, drained = np.sort(found[:many]), np.sort(found[many : many + few])
    last, wakes, gone = np.full(n, NEVER), np.full(n, NEVER), np.zeros(n, bool)
    m = len(sleeping)
    days = (np.datetime64(world.size.last) - first).astype(int) + 1
    newly = rng.random(m) < FALLS_ASLEEP
    ago = np.where(
        newly, HALF_A_YEAR - rng.integers(3, max(min(days, 60), 4), m), rng.integers(HALF_A_YEAR + 10, 380, m)
    )
    last[sleeping] = first - ago
    waking = ~newly & (rng.random(m) < WAKES)
    wakes[sleeping[waking]] = first + rng.integers(
        days // 4, max(days * 3 // 4, days // 4 + 1), int(waking.sum())
    )
    last[drained] = first - rng.integers(35, 60, len(drained))
    gone[drained] = True
    return Sleepers(last, wakes, gone)
