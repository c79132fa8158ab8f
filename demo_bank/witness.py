"""Watches a bank while it is made: whether somebody is in each group, makes each move, is hit by each alert or spared by its exclusion.

It counts persons (for alerts: persons or positions, day by day) by what truly happened, with the rules' numbers but without their code; averages
over days are told by the day itself, so a count is evidence that a case is there, not how often the rules will find it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar, cast
from demo_bank.behaviour.cast import SEARCH_DAYS
from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.books import DEMAND, Entries
from demo_bank.loans.applications import CAR, HOUSE
from demo_bank.money import Money, Part
from demo_bank.population import Ints
from demo_bank.truth import OWNED
from demo_bank.wealth import shelf
from demo_bank.wealth.portfolio import GRADE_DAYS, ORDERED, SUBSCRIBE

Bools = NDArray[np.bool_]
OUT = ("2003", "1002")
LEAST_OUT, OUT_SHARE = 1_000_000, 0.30
AFFLUENT, MASS_VALUE = 100_000_000, 5_000_000  # cents
NEW_DAYS, MATURE_DAYS, SLEEP_DAYS, SILENT_DAYS = 90, 365, 180, 30
# What the generator does not bring about, or what only the rules can say.
LATER = (
    "move acquisition to retention", "move acquisition to ended", "move retention to growth", "move retention to dormancy",
    "move retention to ended", "move dormancy to retention", "move dormancy to ended", "move ended to acquisition",
    "A15 without a contract", "A16", "guard erasure", "guard fraud_case", "guard rerouted", "guard cap", "guard capacity",
)  # fmt: skip


CELLS = (
    "A01", "A01 home_purchase", "A02", "A02 dormancy", "A03", "A03 auto_roll", "A04", "A04 auto_roll", "A05", "A06", "A06 open_complaint",
    "A08", "A08 cancelled", "A09", "A09 closed", "A10", "A10 repaid_early", "A15", "guard unsuitable", "guard opt_out", "guard not_working",
    "guard quiet_hours",
)  # fmt: skip


@dataclass
class Witness:
    """Counts while the days are made."""

    money: Money
    conduct: Conduct
    counts: Counter[str] = field(default_factory=Counter)
    owned: Ints | None = None
    holders: set[int] = field(default_factory=set)
    orders: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    searching: dict[int, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts.update(dict.fromkeys(CELLS, 0))
        self.holders = set(self.money.portfolio.positions.person.tolist())

    def day(self, lived: Day, made: Entries, parts: Mapping[str, Part]) -> None:
        """One date, after everything happened."""
        day, n = lived.day, len(self.conduct.people)
        now = np.zeros(n, np.int64)
        for name in OWNED:
            if name in parts:
                np.add.at(now, *parts[name])
        self._outflow(day, made)
        self._maturities(day)
        self._birthdays(day)
        self._orders(day)
        self._searches(lived)
        ends = self.money.portfolio.assessed[self.money.portfolio.owners] + GRADE_DAYS
        self.counts["A15"] += int((ends == np.datetime64(day) + 31).sum())
        self.counts["guard opt_out"] += len(lived.opt_outs.person)
        self.counts["guard not_working"] += not calendar.is_working(day + timedelta(days=1))
        self.owned = now

    def _outflow(self, day: date, made: Entries) -> None:
        if self.owned is None:
            return
        away = np.isin(made.code, OUT) & (made.origin == "")
        spent = np.zeros(len(self.owned), np.int64)
        np.add.at(spent, self.money.books.accounts.holder[made.account[away]], made.cents[away])
        large = (spent >= LEAST_OUT) & (spent > OUT_SHARE * self.owned) & (self.owned > 0)
        loans = self.money.loans.loans
        home = np.zeros(len(self.owned), bool)
        home[loans.person[(loans.product == HOUSE) & (loans.start >= np.datetime64(day) - 30)]] = True
        self.counts["A01"] += int((large & ~home).sum())
        self.counts["A01 home_purchase"] += int((large & home).sum())

    def _maturities(self, day: date) -> None:
        """Positions and time deposits on whose account something is to be done tomorrow."""
        held, accounts = self.money.portfolio.positions, self.money.books.accounts
        matures = np.concatenate([held.matures, accounts.matures])
        rolls = np.concatenate([held.rolls, np.zeros(len(accounts), bool)])
        known = ~np.isnat(matures)
        matures, rolls, tomorrow = (
            matures[known].astype("datetime64[D]"),
            rolls[known],
            np.datetime64(day) + 1,
        )
        near = (matures > tomorrow) & (matures < tomorrow + 60)
        matures, rolls = matures[near], rolls[near]
        for code, before in (("A03", 15), ("A04", 7)):
            due = calendar.last_workings(matures - before) == tomorrow
            self.counts[code] += int((due & ~rolls).sum())
            self.counts[f"{code} auto_roll"] += int((due & rolls).sum())
        self.counts["A05"] += int((matures - 1 == tomorrow).sum())

    def _birthdays(self, day: date) -> None:
        people, tomorrow = self.conduct.people, day + timedelta(days=1)
        month = people.births.astype("datetime64[M]")
        same = (month.astype(int) % 12 + 1 == tomorrow.month) & (
            (people.births - month.astype("datetime64[D]")).astype(int) + 1 == tomorrow.day
        )
        same &= people.is_customer(day)
        open_ = self.conduct.quiet_until >= np.datetime64(day)
        self.counts["A06"] += int((same & ~open_).sum())
        self.counts["A06 open_complaint"] += int((same & open_).sum())
        self.counts["guard quiet_hours"] += int(same.sum())

    def _orders(self, day: date) -> None:
        told = self.money.portfolio.told
        bought = np.flatnonzero((told.kind == SUBSCRIBE) & (told.state == ORDERED))
        for k in bought.tolist():
            person = int(told.person[k])
            if person not in self.holders:
                self.holders.add(person)
                self.counts["A08 cancelled" if told.is_cancelled[k] else "A08"] += 1
            self.orders[calendar.next_working(day + timedelta(days=7))].append(int(told.position[k]))
        followed = self.orders.pop(day + timedelta(days=1), [])
        kept = int(np.isin(np.array(followed, np.int64), self.money.portfolio.positions.number).sum())
        self.counts["A09"] += kept
        self.counts["A09 closed"] += len(followed) - kept
        grades = self.money.portfolio.grades[told.person[bought]]
        self.counts["guard unsuitable"] += int((shelf.RISKS[told.product[bought]] > grades).sum())

    def _searches(self, lived: Day) -> None:
        """Spells of three searches within a week; who repays within that week is spared."""
        for person in lived.spells.tolist():
            self.searching[person] = lived.day
            self.counts["A10"] += 1
        if lived.day == SEARCH_DAYS[0]:
            self.searching.update(dict.fromkeys(self.conduct.people.canaries[1:2].tolist(), lived.day))
        book = self.money.loans
        early = book.booked.loan[book.booked.is_early]
        for number in early.tolist():
            began = self.searching.get(book.borrowers[number])
            self.counts["A10 repaid_early"] += began is not None and (lived.day - began).days <= 7

    def close(self) -> Counter[str]:
        """All counts, with what can be seen on the last date only."""
        self._groups()
        self._moves()
        people, day = self.conduct.people, self.money.portfolio.day
        today, sleepers = np.datetime64(day), people.world.sleepers
        silent = people.has_app & (people.bound < today - SILENT_DAYS) & people.is_alive(day)
        silent &= self.conduct.last_login.astype("datetime64[D]") <= today - SILENT_DAYS
        sleeping = sleepers.asleep(day) & (sleepers.last <= today - SLEEP_DAYS)
        portfolio = self.money.portfolio
        expired = portfolio.assessed[portfolio.owners] + GRADE_DAYS < today
        self.counts.update({
            "A02": int((silent & ~sleeping).sum()), "A02 dormancy": int((silent & sleeping).sum()),
            "guard deceased": int((~people.is_alive(day)).sum()), "guard minor": int(people.is_minor(day).sum()),
            "guard open_complaint": int((self.conduct.quiet_until >= today).sum()),
            "guard consent": int((~self.conduct.register.granted.all(axis=1)).sum()),
            "guard risk_expired": int(expired.sum()),
        })  # fmt: skip
        return self.counts

    def _kinds(self) -> Ints:
        """Kinds of products each person has: demand, time, wealth, loan, card."""
        n, accounts = len(self.conduct.people), self.money.books.accounts
        there = (self.money.books.balance > 0) | (accounts.products == DEMAND)
        has = np.zeros((5, n), bool)
        has[0, accounts.holder[there & (accounts.products == DEMAND)]] = True
        has[1, accounts.holder[there & (accounts.products != DEMAND)]] = True
        has[2, self.money.portfolio.positions.person] = True
        has[3, self.money.loans.loans.person] = True
        has[4, self.money.cards.person[self.money.cards.is_open(self.money.portfolio.day)]] = True
        return np.asarray(has.sum(axis=0))

    def _leavers_gone(self) -> Bools:
        """Who took all along three weeks ago, and 17 whose salary stopped."""
        gone = self.conduct.leaving.gone <= np.datetime64(self.money.portfolio.day) - 21
        if len(gone) > cast.person(17):
            gone[cast.person(17)] = True
        return np.asarray(gone)

    def _groups(self) -> None:
        people, day = self.conduct.people, self.money.portfolio.day
        today, sleepers, there = np.datetime64(day), people.world.sleepers, people.is_customer(day)
        owned = self.owned if self.owned is not None else np.zeros(len(people), np.int64)
        new = there & (people.opened > today - NEW_DAYS)
        asleep = sleepers.asleep(day) & (sleepers.last <= today - SLEEP_DAYS) & ~sleepers.drained
        senior = there & (people.age_days(day) >= 60 * 365.25)
        paid = there & (people.world.employers >= 0) & ~self._leavers_gone()
        car = np.zeros(len(people), bool)
        loans = self.money.loans.loans
        car[loans.person[loans.product == CAR]] = True
        rest = there & ~new & ~asleep & ~senior & ~paid & ~car & ~sleepers.any
        sticky = asleep & (self._kinds() >= 2)
        self.counts.update({
            "group G01": int(new.sum()), "group G02": int((rest & (owned < MASS_VALUE)).sum()),
            "group G03": int((rest & (owned >= MASS_VALUE) & (owned < AFFLUENT)).sum()), "group G04": int(paid.sum()),
            "group G05": int(senior.sum()), "group G06": int(car.sum()), "group G07": int(self._leavers_gone().sum()),
            "group G08": int(sleepers.drained.sum()), "group G09": int((asleep & ~sticky).sum()), "group G10": int(sticky.sum()),
            "group none": int((rest & (owned >= AFFLUENT)).sum()),
        })  # fmt: skip

    def _moves(self) -> None:
        people, size = self.conduct.people, self.conduct.people.world.size
        first, last, sleepers = np.datetime64(size.first), np.datetime64(size.last), people.world.sleepers
        kinds = self._kinds()

        def within(days: NDArray[np.datetime64]) -> Bools:
            return np.asarray((days > first) & (days <= last))

        falls = within(sleepers.last + SLEEP_DAYS) & ~sleepers.drained
        self.counts.update({
            "move prospect to acquisition": int(within(people.opened).sum()),
            "move acquisition to growth": int(within(people.opened + NEW_DAYS).sum()),
            "move growth to maturity": int((within(people.opened + MATURE_DAYS) & (kinds >= 2)).sum()),
            "move growth to retention": int(((self._leavers_gone() | sleepers.drained) & (kinds < 2)).sum()),
            "move maturity to retention": int(((self._leavers_gone() | sleepers.drained) & (kinds >= 2)).sum()),
            "move growth to dormancy": int((falls & (kinds < 2)).sum()), "move maturity to dormancy": int((falls & (kinds >= 2)).sum()),
            "move dormancy to growth": int((within(sleepers.wakes) & (kinds < 2)).sum()),
            "move dormancy to maturity": int((within(sleepers.wakes) & (kinds >= 2)).sum()),
            "move any to ended": int(within(people.died).sum()),
        })  # fmt: skip
