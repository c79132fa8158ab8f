"""Money that other systems take from or bring to deposit accounts: planned before the day's ordinary entries, paid whatever else is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_bank.population import Ints, Strings


@dataclass(frozen=True)
class Moves:
    """Entries of one business date that must be. Amounts are positive cents; `account` indexes the books' accounts."""

    account: Ints
    code: Strings
    flag: Strings
    channel: Strings
    summary: Strings
    cents: Ints

    @classmethod
    def of(cls, account: Ints, cents: Ints, code: str, flag: str, channel: str, summary: str) -> Moves:
        """Many entries of one kind."""
        n = len(account)
        return cls(
            account, np.full(n, code, "U20"), np.full(n, flag, "U20"), np.full(n, channel, "U20"), np.full(n, summary, "U20"), cents
        )  # fmt: skip

    @classmethod
    def joined(cls, parts: Sequence[Moves]) -> Moves:
        """All of them, in order; those of nobody's account (−1) fall out."""
        if not parts:
            return cls.of(np.zeros(0, np.int64), np.zeros(0, np.int64), "", "", "", "")
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__
        }
        kept = (columns["account"] >= 0) & (columns["cents"] > 0)
        return cls(**{name: column[kept] for name, column in columns.items()})


@dataclass
class Wallet:
    """What each account can still pay today, in cents. Whoever plans first is served first."""

    free: Ints

    def pays(self, account: Ints, cents: Ints) -> NDArray[np.bool_]:
        """Takes the amounts that can be paid, and says which. An account −1 pays nothing; several amounts of one account come in order."""
        if len(account) == 0:
            return np.zeros(0, bool)
        order = np.argsort(account, kind="stable")
        sorted_account, sorted_cents = account[order], cents[order]
        running = np.cumsum(sorted_cents)
        starts = np.r_[True, sorted_account[1:] != sorted_account[:-1]]
        before = (running - sorted_cents)[np.maximum.accumulate(np.where(starts, np.arange(len(account)), 0))]
        enough = running - before <= np.where(sorted_account >= 0, self.free[sorted_account], -1)
        paid = np.zeros(len(account), bool)
        paid[order] = enough
        np.subtract.at(self.free, account[paid], cents[paid])
        return paid
