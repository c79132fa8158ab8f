"""Loans and what is paid of them, advanced one business date at a time.

A rate falls due each month. It is taken from the deposit account, brought to the counter where the account lacks it, or not paid;
what is paid on a day off is booked on the next working day, and only then is less owed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar, cast
from demo_bank.behaviour.cast import EARLY_DAY
from demo_bank.loans.applications import CONSUMPTION as _CONSUMPTION
from demo_bank.loans.applications import (
    DISBURSED,
    PRODUCTS,
    Applications,
    Dates,
    drawn_cents,
    months_of,
    plan,
)
from demo_bank.moves import Moves, Wallet
from demo_bank.population import Ints, Strings
from demo_bank.registry import Registry
from demo_bank.streams import stream

FORGETS, CATCHES_UP, WITHOUT_MONEY = (
    0.03,
    0.12,
    0.15,
)  # of rates due; of overdue ones, per day; of those whose account lacks it
IN_ARREARS = 0.02  # on the evening before the first date
REPAYS_EARLY, EARLY_WITHIN = 0.4, 30  # of those who looked for it three times
LATE_FEE_CENTS = 20_00
CANARY_DUE_DAY = 29
_RATES = np.array([each[3] for each in PRODUCTS])


@dataclass
class Loans:
    """Loans in force, in order of their number. `due` is the date of the oldest rate that is not paid."""

    number: Ints
    person: Ints
    product: Ints
    principal: Ints
    balance: Ints
    start: Dates
    matures: Dates
    due_day: Ints
    due: Dates

    def __len__(self) -> int:
        return len(self.number)

    def some(self, which: NDArray[np.generic]) -> Loans:
        return Loans(*(getattr(self, each.name)[which] for each in fields(self)))

    def and_also(self, more: Loans) -> Loans:
        return Loans(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)))

    def rate(self) -> tuple[Ints, Ints]:
        """(principal, interest) of the rate that is due next: equal parts of the principal, and a month's interest on the rest."""
        part = np.minimum(-(-self.principal // months_of(self.product)), self.balance)
        return part, np.round(self.balance * _RATES[self.product] / 12).astype(np.int64)

    def overdue_days(self, day: date) -> Ints:
        return np.maximum((np.datetime64(day) - self.due).astype("timedelta64[D]").astype(np.int64), 0)


@dataclass
class Payments:
    """Payments, one entry each. `loan` is the loan's number."""

    loan: Ints
    paid: Dates
    booked: Dates
    principal: Ints
    interest: Ints
    fee: Ints
    is_early: NDArray[np.bool_]
    channel: Strings

    def __len__(self) -> int:
        return len(self.loan)

    def some(self, which: NDArray[np.generic]) -> Payments:
        return Payments(*(getattr(self, each.name)[which] for each in fields(self)))

    def and_also(self, *more: Payments) -> Payments:
        return Payments(*(np.concatenate([getattr(p, f.name) for p in (self, *more)]) for f in fields(self)))


def _no_payments() -> Payments:
    ints, days = np.zeros(0, np.int64), np.zeros(0, "datetime64[D]")
    return Payments(ints, days, days, ints, ints, ints, np.zeros(0, bool), np.zeros(0, "U8"))


@dataclass
class LoanBook:
    """Loans in force at the end of `day`, payments that are not booked yet, and what was booked and disbursed today.

    borrowers  whose each loan is or was
    """

    registry: Registry
    applications: Applications
    loans: Loans
    day: date
    waiting: Payments = field(default_factory=_no_payments)
    booked: Payments = field(default_factory=_no_payments)
    disbursed: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    borrowers: dict[int, int] = field(default_factory=dict)
    early: dict[date, list[int]] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        return self.registry.world.seed

    @classmethod
    def open_at(cls, registry: Registry) -> LoanBook:
        """The evening before the first business date."""
        made, nothing_yet = plan(registry)
        world = registry.world
        before = np.datetime64(world.size.first) - 1
        owners = registry.records("LOAN").person
        loans = _drawn(registry, owners[~nothing_yet[owners]], before)
        past = made.days[DISBURSED] <= before
        book = cls(registry, made, loans, world.size.first - timedelta(days=1))
        book.borrowers.update(zip(loans.number.tolist(), loans.person.tolist(), strict=True))
        book.early[EARLY_DAY] = cast.canaries(world.people)[1:2].tolist()
        book._disburse(np.flatnonzero(past))
        return book

    def advance(self, day: date, accounts: Ints, wallet: Wallet, searchers: Ints) -> Moves:
        """One more date: rates fall due and are paid or not, some repay early, loans are disbursed. Returns what the deposit accounts see.

        searchers  people who begin today to look for early repayment
        """
        self.day = day
        rng = stream(self.seed, "LOAN", "REPAY", day)
        self._plan_early(rng, day, searchers)
        due, fees = self._pay_due(rng, day, accounts, wallet)
        early, taken = self._pay_early(day, accounts, wallet, due.loan)
        self.waiting = self.waiting.and_also(due, early)
        is_booked = self.waiting.booked == np.datetime64(day)
        self.booked, self.waiting = self.waiting.some(is_booked), self.waiting.some(~is_booked)
        self._book()
        fresh = self._disburse(np.flatnonzero(self.applications.days[DISBURSED] == np.datetime64(day)))
        # Member 15's money is in the deposit books' own story.
        lent = fresh.some(fresh.person != cast.person(15))
        return Moves.joined([
            *fees, taken,
            Moves.of(accounts[lent.person], lent.principal, "6001", "C", "06", "贷款发放"),
        ])  # fmt: skip

    def _of(self, numbers: Ints) -> Ints:
        """Places of loans by their number."""
        return np.searchsorted(self.loans.number, numbers)

    def _pay_due(
        self, rng: np.random.Generator, day: date, accounts: Ints, wallet: Wallet
    ) -> tuple[Payments, list[Moves]]:
        loans, today = self.loans, np.datetime64(day)
        draw = rng.random(len(loans))
        is_fixed = loans.person < cast.FIXED + len(cast.canaries(self.registry.world.people))
        willing = np.where(loans.due == today, (draw >= FORGETS) | is_fixed, draw < CATCHES_UP)
        tries = np.flatnonzero((loans.due <= today) & willing & ~np.isin(loans.number, self.waiting.loan))
        asked = loans.some(tries)
        principal, interest = asked.rate()
        fee = np.where(asked.due < today, LATE_FEE_CENTS, 0)
        account = accounts[asked.person]
        from_account = wallet.pays(account, principal + interest + fee)
        in_cash = ~from_account & ((rng.random(len(tries)) >= WITHOUT_MONEY) | is_fixed[tries])
        paid = from_account | in_cash
        told = Payments(
            asked.number, np.full(len(tries), today), np.full(len(tries), calendar.next_workings(np.array([today]))[0]), principal, interest,
            fee, np.zeros(len(tries), bool), np.where(from_account, "BATCH", "COUNTER"),
        ).some(paid)  # fmt: skip
        loans.due[tries[paid]] = _month_later(asked.due[paid], asked.due_day[paid])
        debit = account[from_account]
        return told, [
            Moves.of(debit, (principal + interest)[from_account], "6002", "D", "06", "还款"),
            Moves.of(debit, fee[from_account], "6004", "D", "06", "逾期罚息"),
        ]

    def _plan_early(self, rng: np.random.Generator, day: date, searchers: Ints) -> None:
        """Who looked for it repays within thirty days, or does not. Fixed people do what their stories say."""
        for person in searchers[
            (rng.random(len(searchers)) < REPAYS_EARLY) & (searchers >= cast.FIXED)
        ].tolist():
            later = day + timedelta(days=int(rng.integers(2, EARLY_WITHIN)))
            self.early.setdefault(later, []).append(person)

    def _pay_early(
        self, day: date, accounts: Ints, wallet: Wallet, paid_today: Ints
    ) -> tuple[Payments, Moves]:
        """Half of what the account holds, or all that is owed."""
        people = np.unique(np.array(self.early.pop(day, []), np.int64))
        loans, today = self.loans, np.datetime64(day)
        busy = (
            np.isin(loans.number, self.waiting.loan)
            | np.isin(loans.number, paid_today)
            | (loans.due <= today)
        )
        mine = np.flatnonzero(np.isin(loans.person, people) & ~busy & (loans.balance > 0))
        mine = mine[np.unique(loans.person[mine], return_index=True)[1]]
        account = accounts[loans.person[mine]]
        cents = np.minimum(loans.balance[mine], np.where(account >= 0, wallet.free[account], 0) // 2)
        worth = cents >= 100_00
        mine, account, cents = mine[worth], account[worth], cents[worth]
        paid = wallet.pays(account, cents)
        n = int(paid.sum())
        booked = calendar.next_workings(np.array([today]))[0]
        nothing = np.zeros(n, np.int64)
        told = Payments(
            loans.number[mine[paid]], np.full(n, today), np.full(n, booked), cents[paid], nothing, nothing, np.ones(n, bool), np.full(n, "APP")
        )  # fmt: skip
        return told, Moves.of(account[paid], cents[paid], "6002", "D", "03", "提前还款")

    def _book(self) -> None:
        """What is booked is owed no longer; a loan that is paid off is in force no longer."""
        np.subtract.at(self.loans.balance, self._of(self.booked.loan), self.booked.principal)
        self.loans = self.loans.some(self.loans.balance > 0)

    def _disburse(self, which: Ints) -> Loans:
        lent = self.applications.some(which)
        day = lent.days[DISBURSED].astype("datetime64[D]")
        due_day = np.minimum(((day - day.astype("datetime64[M]")).astype(int)) + 1, 28)
        matures = (
            (day.astype("datetime64[M]") + months_of(lent.product)).astype("datetime64[D]") + due_day - 1
        )
        # Numbers of loans that begin inside the calendar follow from their application.
        fresh = Loans(
            5_000_000_000 + lent.number, lent.person, lent.product, lent.cents, lent.cents.copy(), day, matures, due_day,
            _month_later(day, due_day),
        )  # fmt: skip
        fresh = fresh.some(np.argsort(fresh.number))
        together = self.loans.and_also(fresh)
        self.loans = together.some(np.argsort(together.number, kind="stable"))
        self.disbursed = fresh.number
        self.borrowers.update(zip(fresh.number.tolist(), fresh.person.tolist(), strict=True))
        return fresh


def _month_later(days: Dates, due_day: Ints) -> Dates:
    """The same day of the next month; after a short month it may be the first of the one after."""
    return np.asarray((days.astype("datetime64[M]") + 1).astype("datetime64[D]") + due_day - 1)


def _drawn(registry: Registry, person: Ints, before: np.datetime64) -> Loans:
    """Loans that were disbursed before the calendar began."""
    world, n = registry.world, len(person)
    rng = stream(world.seed, "LOAN", "opening", world.people)
    product = rng.choice(len(PRODUCTS), n, p=(0.34, 0.24, 0.34, 0.08))
    product[np.isin(person, [cast.person(1), cast.person(20)])] = _CONSUMPTION
    principal = drawn_cents(rng, product)
    months = months_of(product)
    passed = rng.integers(1, np.maximum(months - 2, 2))
    due_day = np.where(np.isin(person, cast.canaries(world.people)), CANARY_DUE_DAY, rng.integers(1, 29, n))
    month = before.astype("datetime64[M]")
    this = month.astype("datetime64[D]") + due_day - 1
    late = (rng.random(n) < IN_ARREARS) & (person >= cast.FIXED)
    arrears = np.where(late, 1 + rng.integers(0, 4, n), 0)
    due = ((month + (this <= before) - arrears).astype("datetime64[D]") + due_day - 1).astype("datetime64[D]")
    start = (due.astype("datetime64[M]") - passed - 1).astype("datetime64[D]") + np.minimum(due_day, 28) - 1
    balance = principal - np.minimum(-(-principal // months) * passed, principal - 100_000)
    matures = (start.astype("datetime64[M]") + months).astype("datetime64[D]") + np.minimum(due_day, 28) - 1
    return Loans(1_000_000_000 + person, person, product, principal, balance, start, matures, due_day, due)


__all__ = ["LoanBook", "Loans", "Payments"]
