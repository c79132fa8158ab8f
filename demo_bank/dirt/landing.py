"""A landing on which things go wrong as planned: every package passes through here on its way to the folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from demo_bank import calendar
from demo_bank.dirt import feeds, outlets, people
from demo_bank.dirt.contacts import Contacts
from demo_bank.dirt.ledger import Defect, Ledger
from demo_bank.dirt.order import BACKWARDS, BACKWARDS_DAYS, LateAccounts, LateBinds, backwards
from demo_bank.dirt.plan import Plan
from demo_bank.dirt.sheets import two_managers
from demo_bank.packages import Inner, Landing
from demo_bank.systems import core

TXN_REVERSAL = sum(core.TXN[:-2])
# Early enough for the same run.
DUPLICATE_AFTER = timedelta(hours=2)
OK_BEFORE = timedelta(hours=2)


class DirtyLanding(Landing):
    """Plants what the plan has into clean packages. With an empty plan it is a landing like any other."""

    def __init__(self, folder: Path, plan: Plan, ledger: Ledger) -> None:
        super().__init__(folder)
        self.plan, self.ledger = plan, ledger
        self.contacts = Contacts(plan)
        self.binds, self.accounts = LateBinds(plan, ledger), LateAccounts(plan, ledger)
        self.yesterday: dict[tuple[str, str], Inner] = {}

    def deliver(
        self, system: str, sequence: int, day: date, files: Sequence[Inner], arrived: datetime
    ) -> Path:
        """One package, soiled, and what follows from it."""
        if not self.plan.soils:
            return self.lay_down(system, sequence, day, files, arrived)
        due = sequence == 1 and self.plan.is_full
        wrong = feeds.wrongs(system, day, files) if due else ()
        resent = {name for each in wrong for name in each.objects}
        no_ok = due and (system, day) in feeds.NO_OK
        told = [
            self._soiled(system, 2 if no_ok or feeds.object_of(inner) in resent else sequence, day, inner)
            for inner in files
        ]  # fmt: skip
        if no_ok:
            self.ledger.whole(feeds.NO_OK[(system, day)], self.path(system, 1, day), "hold", "ok_missing")
            self.lay_down(system, 2, day, told, feeds.resent_at(day, 1))
            return self.lay_down(system, 1, day, told, arrived, ok=False)
        sent = self._gone_wrong(system, day, told, wrong)
        early = feeds.EARLY_OK.get((system, day)) if due else None
        if early:
            self.ledger.whole(early, self.path(system, 1, day), "wait", None)
        path = self.lay_down(
            system, sequence, day, sent, arrived, ok_arrived=arrived - OK_BEFORE if early else None
        )
        if due and (system, day) in feeds.TWICE:
            self.ledger.whole(feeds.TWICE[(system, day)], self.path(system, 2, day), "skip", "duplicate")
            self.lay_down(system, 2, day, sent, arrived + DUPLICATE_AFTER)
        for inner in told:
            self.yesterday[(system, feeds.object_of(inner))] = inner
        return path

    def path(self, system: str, sequence: int, day: date) -> str:
        """A package's place below landing."""
        return f"{system}/{day:%Y%m%d}/{system}_{sequence:02d}_{day:%Y%m%d}.tar.gz"

    def _soiled(self, system: str, sequence: int, day: date, inner: Inner) -> Inner:
        """Record by record. The ledger names the delivery that is to be loaded."""
        path = f"{self.path(system, sequence, day)}/{inner.name}"
        if (system, feeds.object_of(inner)) == ("CORE", "TXN") and inner.record_bytes:
            self._reversals(path, inner)
            return inner
        if system == "QUEUE":
            shifted = outlets.clock_ahead(path, inner, day, self.plan, self.ledger)
            return outlets.crlf(path, shifted, self.plan, self.ledger)
        if system == "AGENCY":
            is_pay = inner.name.startswith("PAYROLL_")
            return outlets.through_a_spreadsheet(path, inner, self.plan, self.ledger) if is_pay else inner
        if (system, feeds.object_of(inner)) == ("CRM", "CUST_ASSIGN"):
            return two_managers(path, inner, self.plan, self.ledger)
        if (system, feeds.object_of(inner)) == ("MBANK", "USER_BIND") and sequence > 0:
            return self.binds.pass_on(path, inner, day)
        if (system, feeds.object_of(inner)) == ("CARD", "C_ACCT"):
            return self.accounts.pass_on(path, inner, day)
        if (system, feeds.object_of(inner)) in BACKWARDS and day in BACKWARDS_DAYS:
            return backwards(path, inner, self.ledger)
        if (
            inner.rows == 0
            and (system, feeds.object_of(inner)) == ("LOAN", "APPLY")
            and not calendar.is_working(day)
        ):
            self.ledger.whole("D10", path, "accept", None)
        file = people.soil(path, system, inner, self.plan) or self.contacts.soil(path, system, inner, day)
        return file.finish(self.ledger) if file else inner

    def _reversals(self, path: str, inner: Inner) -> None:
        """D47: entries that take back one of an earlier date."""
        length = inner.record_bytes + 1
        marks = np.frombuffer(inner.content, np.uint8)[: inner.rows * length].reshape(-1, length)[
            :, TXN_REVERSAL
        ]
        for row in np.flatnonzero(marks == ord("R")).tolist():
            self.ledger.rows.append(
                Defect(
                    "D47", path, row + 1, row * length + TXN_REVERSAL, 1, "rev_flag", b" ".hex(), b"R".hex(), "restate", None,
                )
            )  # fmt: skip

    def _gone_wrong(
        self, system: str, day: date, files: Sequence[Inner], wrong: Sequence[feeds.Wrong]
    ) -> list[Inner]:
        """What is sent instead; the right files follow as sequence 02."""
        sent, right = [], []
        for inner in files:
            name = feeds.object_of(inner)
            each = next((w for w in wrong if name in w.objects), None)
            came = each.change(inner, self.yesterday.get((system, name))) if each else inner
            if came is not None:
                sent.append(came)
            if each is None or (came is None and each.resent is None):
                continue
            is_same = came is not None and came.content == inner.content
            if is_same and not inner.name.endswith(".ctl"):
                continue
            right.append((each, inner))
        for each, inner in right:
            if inner.is_listed:
                # What came late is told where it comes; what came wrong, where it came.
                at = 2 if each.code == "D08" else 1
                self.ledger.whole(
                    each.code, f"{self.path(system, at, day)}/{inner.name}", each.handling, each.reason
                )
        for later in sorted({each.resent for each, _ in right if each.resent is not None}):
            again = [inner for each, inner in right if each.resent == later]
            self.lay_down(system, 2, day, again, feeds.resent_at(day, later))
        return sent
