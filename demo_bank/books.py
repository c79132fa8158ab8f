"""The bank's deposit books: accounts, and balances that are always yesterday's plus today's entries, in cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar
from demo_bank.population import Strings, World
from demo_bank.streams import stream

DEMAND, TIME, DOLLAR = "DEM00001", "TIM00012", "DEM00USD"
SALARY_DAY = 15
# code, flag, channel, summary, share of all entries, mean of ln(yuan)
_KINDS = (
    ("4001", "D", "07", "消费", 0.55, 4.2),
    ("4002", "D", "06", "水电煤", 0.07, 4.8),
    ("2003", "D", "03", "转账", 0.12, 6.6),
    ("2004", "C", "03", "转账", 0.14, 6.8),
    ("1001", "C", "01", "现金存入", 0.05, 7.3),
    ("1002", "D", "02", "现金支取", 0.07, 6.3),
)


@dataclass(frozen=True)
class Accounts:
    """All deposit accounts ever opened, one entry each. `holder` counts persons; `number` is 0 or 1: which customer number."""

    numbers: Strings
    holder: NDArray[np.int64]
    number: NDArray[np.int64]
    co_holder: NDArray[np.int64]
    products: Strings
    currency: Strings
    opened: NDArray[np.datetime64]
    matures: NDArray[np.datetime64]
    term_days: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Entries:
    """Entries of one business date, in order. Amounts are positive cents; `account` indexes `Accounts`."""

    account: NDArray[np.int64]
    code: Strings
    flag: Strings
    channel: Strings
    summary: Strings
    cents: NDArray[np.int64]
    balance: NDArray[np.int64]
    second: NDArray[np.int64]

    def signed(self) -> NDArray[np.int64]:
        return np.where(self.flag == "C", self.cents, -self.cents)


@dataclass
class Books:
    """Balances at the end of a business date, and the sums that month-to-date averages need."""

    world: World
    accounts: Accounts
    balance: NDArray[np.int64]
    month_sum: NDArray[np.int64]
    month_days: int = 0
    day: date | None = field(default=None)

    def month_average(self) -> NDArray[np.int64]:
        """Month-to-date mean of the daily balances, rounded half away from zero."""
        days = max(self.month_days, 1)
        return np.sign(self.month_sum) * ((2 * np.abs(self.month_sum) + days) // (2 * days))


def open_books(world: World) -> Books:
    """The books at the end of the day before the first business date."""
    accounts = _accounts(world)
    rng = stream(world.seed, "CORE", "opening balances", world.people)
    n = len(accounts)
    yuan = np.exp(
        np.where(accounts.products == TIME, 10.6, 8.8)
        + 1.2 * world.wealth[accounts.holder]
        + rng.normal(0, 0.5, n)
    )
    cents = np.round(np.where(accounts.products == DOLLAR, yuan / 7, yuan) * 100).astype(np.int64)
    books = Books(world, accounts, cents, np.zeros(n, np.int64))
    before = world.size.first - timedelta(days=1)
    books.day = before
    books.month_days = before.day
    books.month_sum = cents * before.day
    return books


def _accounts(world: World) -> Accounts:
    rng = stream(world.seed, "CORE", "accounts", world.people)
    people = np.arange(world.people)
    seconds = world.second_numbers()
    with_time = people[rng.random(world.people) < 0.4]
    with_dollars = people[rng.random(world.people) < 0.08]
    holder = np.concatenate([people, seconds, with_time, with_dollars])
    number = np.concatenate(
        [
            np.zeros(world.people, int),
            np.ones(len(seconds), int),
            np.zeros(len(with_time) + len(with_dollars), int),
        ]
    )
    products = np.array(
        [DEMAND] * (world.people + len(seconds)) + [TIME] * len(with_time) + [DOLLAR] * len(with_dollars)
    )
    n = len(holder)
    co_holder = np.where(rng.random(n) < 0.03, (holder + 1) % world.people, -1)
    opened = world.opened[holder] + rng.integers(0, 20, n)
    is_time = products == TIME
    first = np.datetime64(world.size.first)
    opened = np.where(is_time, first - rng.integers(1, 330, n), opened)
    matures = np.where(is_time, opened + 365, np.datetime64("NaT"))
    return Accounts(
        np.array([f"6217{k:014d}0000"[:22] for k in range(1, n + 1)]), holder, number, co_holder, products,
        np.where(products == DOLLAR, "USD", "156"), opened, matures, np.where(is_time, 365, 0),
    )  # fmt: skip


def advance(books: Books) -> Entries:
    """Post one more business date: entries first, then balances follow from them and from nothing else."""
    if books.day is None:
        raise ValueError("books are opened before they advance")
    day = books.day + timedelta(days=1)
    rng = stream(books.world.seed, "CORE", "TXN", day)
    account, kind, cents = _ordinary(books, rng)
    codes, flags, channels, notes = (np.array([k[i] for k in _KINDS])[kind] for i in range(4))
    paid, wages = _salaries(books, day)
    account = np.concatenate([paid, account])
    codes = np.concatenate([np.full(len(paid), "3001"), codes])
    flags = np.concatenate([np.full(len(paid), "C"), flags])
    channels = np.concatenate([np.full(len(paid), "06"), channels])
    notes = np.concatenate([np.full(len(paid), "代发工资"), notes])
    cents = np.concatenate([wages, cents])
    entries = _posted(books, account, codes, flags, channels, notes, cents)
    if day.day == 1:
        books.month_sum[:] = 0
        books.month_days = 0
    books.month_sum += books.balance
    books.month_days += 1
    books.day = day
    return entries


def _ordinary(
    books: Books, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    demand = np.flatnonzero(books.accounts.products == DEMAND)
    counts = rng.poisson(1.4 * np.exp(0.3 * books.world.digital[books.accounts.holder[demand]]))
    account = np.repeat(demand, counts)
    kind = rng.choice(len(_KINDS), len(account), p=[k[4] for k in _KINDS])
    mean = np.array([k[5] for k in _KINDS])[kind]
    cents = np.round(
        np.exp(
            mean + 0.4 * books.world.wealth[books.accounts.holder[account]] + rng.normal(0, 0.9, len(account))
        )
        * 100
    )
    return account, kind, cents.astype(np.int64)


def _salaries(books: Books, day: date) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Employers pay on the 15th, on the next working day when the 15th is none."""
    if day != calendar.next_working(day.replace(day=SALARY_DAY)):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    payroll = (books.accounts.products == DEMAND) & (books.accounts.number == 0)
    payroll &= books.world.employers[books.accounts.holder] >= 0
    paid = np.flatnonzero(payroll)
    return paid, books.world.salaries[books.accounts.holder[paid]] * 100


def _posted(
    books: Books, account: NDArray[np.int64], codes: Strings, flags: Strings, channels: Strings, notes: Strings,
    cents: NDArray[np.int64],
) -> Entries:  # fmt: skip
    """Drop what an account cannot pay, number the rest within the day, and move the balances."""
    order = np.argsort(account, kind="stable")
    account, cents = account[order], cents[order]
    codes, flags, channels, notes = (column[order] for column in (codes, flags, channels, notes))
    signed = np.where(flags == "C", cents, -cents)
    # A debit is refused where all debits of the day together would exceed the opening balance: simple and never negative.
    spent = np.bincount(account, weights=np.minimum(signed, 0), minlength=len(books.balance)).astype(np.int64)
    kept = (signed > 0) | ((books.balance + spent)[account] >= 0)
    account, cents, signed = account[kept], cents[kept], signed[kept]
    codes, flags, channels, notes = (column[kept] for column in (codes, flags, channels, notes))
    running = np.cumsum(signed)
    starts = np.r_[True, account[1:] != account[:-1]] if len(account) else np.zeros(0, bool)
    base = np.where(starts, running - signed, 0)
    base = np.maximum.accumulate(np.where(starts, np.arange(len(account)), 0)) if len(account) else base
    before = (running - signed)[base] if len(account) else running
    balance = books.balance[account] + running - before
    np.add.at(books.balance, account, signed)
    seconds = 8 * 3600 + (np.arange(len(account)) * 7919) % (14 * 3600)
    return Entries(account, codes, flags, channels, notes, cents, balance, seconds)
