"""Defects of order and time: records that come in another order, or a day after what refers to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from demo_bank.dirt.ledger import Defect, Ledger
from demo_bank.dirt.plan import Plan
from demo_bank.packages import Inner, trailer
from demo_bank.systems import card

# D09: these come with the newest record first on these days.
BACKWARDS_DAYS = (date(2026, 9, 21), date(2026, 9, 24), date(2026, 9, 28))
BACKWARDS = (("MBANK", "LOGIN"), ("CONSENT", "CONSENT"))


def backwards(path: str, inner: Inner, ledger: Ledger) -> Inner:
    """The file's records from last to first; the ledger names the line that ought to have been first."""
    lines = inner.content.splitlines(keepends=True)
    turned = b"".join(reversed(lines))
    if len(lines) < 2 or turned == inner.content:
        return inner
    ledger.rows.append(
        Defect("D09", path, 1, 0, len(lines[-1]) - 1, "", lines[0].strip().hex(), lines[-1].strip().hex(), "order", None)
    )  # fmt: skip
    return replace(inner, content=turned)


class LateBinds:
    """D42: a new user of the mobile bank is made known a day after the first use."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self.plan, self.ledger = plan, ledger
        self.waiting: list[bytes] = []

    def pass_on(self, path: str, inner: Inner, day: date) -> Inner:
        """Yesterday's new users instead of today's; on the first date everybody comes at once, on the last nobody waits any more."""
        size = self.plan.registry.world.size
        if day == size.first:
            return inner
        today = inner.content.splitlines(keepends=True)
        late, self.waiting = self.waiting, [] if day == size.last else today
        told = late + (today if day == size.last else [])
        at = 0
        for place, line in enumerate(late):
            self.ledger.rows.append(
                Defect(
                    "D42", path, place + 1, at, len(line) - 1, "", "", line.strip().hex(), "re_resolve", None
                )
            )
            at += len(line)
        return replace(inner, content=b"".join(told), rows=len(told))


class LateAccounts:
    """D42: a new card account is made known a day after its first purchases."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self.plan, self.ledger = plan, ledger
        self.known: np.ndarray = np.zeros(0, "S20")  # type: ignore[type-arg]
        self.late: np.ndarray = np.zeros(0, "S20")  # type: ignore[type-arg]

    def pass_on(self, path: str, inner: Inner, day: date) -> Inner:
        """The file without accounts nobody knew yesterday; those of yesterday are told to the ledger. On the last date nobody waits."""
        length, size = inner.record_bytes + 1, self.plan.registry.world.size
        records = np.frombuffer(inner.content, np.uint8)[: inner.rows * length].reshape(-1, length)
        numbers = np.frombuffer(records[:, 1:21].tobytes(), "S20")
        is_new = (
            ~np.isin(numbers, self.known)
            if day >= size.first and day != size.last
            else np.zeros(len(numbers), bool)
        )
        came = np.flatnonzero(np.isin(numbers[~is_new], self.late))
        for row in came.tolist():
            told = numbers[~is_new][row]
            self.ledger.rows.append(
                Defect("D42", path, row + 1, row * length + 1, 20, "card_acct", "", told.ljust(20).hex(), "re_resolve", None)
            )  # fmt: skip
        self.known, self.late = numbers, numbers[is_new]
        kept = records[~is_new]
        if not is_new.any():
            return inner
        end = trailer("C_ACCT", day, len(kept), 0, 0, sum(card.C_ACCT))
        return replace(inner, content=kept.tobytes() + end, rows=len(kept))
