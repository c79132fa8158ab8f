"""How leavers take their money along: transfers to an account elsewhere while they leave, the rest on the day they are gone.

Who gives no sign takes everything at once. Fixed people do not leave, their stories say what they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast
from demo_bank.behaviour.leaving import Leaving
from demo_bank.streams import stream

Ints = NDArray[np.int64]
CHANCE = 0.35  # of a transfer on a day while leaving
SHARES = (0.12, 0.30)  # of the balance that such a transfer takes
KEPT_CENTS = 10_00  # what is left behind
SALARY_MOVES = 0.6  # leavers with a salary who have it paid elsewhere from the day they decide


@dataclass(frozen=True)
class Departures:
    """What leavers move on one date: places among the accounts, and amounts in cents."""

    account: Ints
    cents: Ints


def departures(
    leaving: Leaving, holder: Ints, balance: Ints, is_time: NDArray[np.bool_], day: date
) -> Departures:
    """Transfers of today; time deposits are broken on the last day only."""
    today = np.datetime64(day)
    rng = stream(leaving.seed, "CORE", "departures", day)
    leaves = ~np.isnat(leaving.begins[holder]) & (holder >= cast.FIXED)
    gone = leaves & (leaving.gone[holder] == today)
    going = leaves & (leaving.begins[holder] <= today) & (leaving.gone[holder] > today)
    going &= ~leaving.quiet[holder] & ~is_time & (rng.random(len(holder)) < CHANCE)
    share = rng.uniform(*SHARES, len(holder))
    cents = np.where(gone, balance - KEPT_CENTS, np.where(going, (balance * share).astype(np.int64), 0))
    found = np.flatnonzero(cents > KEPT_CENTS)
    return Departures(found, cents[found])


def salary_moved(leaving: Leaving, day: date) -> NDArray[np.bool_]:
    """Whose salary is no longer paid to this bank."""
    n = len(leaving.begins)
    moves = stream(leaving.seed, "CORE", "salary moves", n).random(n) < SALARY_MOVES
    decided = leaving.begins <= np.datetime64(day)
    moved = moves & decided & (np.arange(n) >= cast.FIXED) & ~leaving.quiet
    return np.asarray(moved | (leaving.gone <= np.datetime64(day)) & (np.arange(n) >= cast.FIXED))


__all__ = ["Departures", "departures", "salary_moved"]
