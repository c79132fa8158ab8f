"""Card accounts, advanced one business date at a time. Once a month a bill; it is due twenty days later, in full or in the least part."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast
from demo_bank.moves import Moves, Wallet
from demo_bank.population import AREAS, Ints, Strings
from demo_bank.registry import Registry
from demo_bank.streams import stream

Dates = NDArray[np.datetime64]
NEWLY = 0.04  # of the cards, opened inside the calendar
SPENDS = 0.35  # purchases per person of the bank and day
DAYS_TO_PAY = 20
IN_FULL, FORGETS, CATCHES_UP, WITHOUT_MONEY = 0.75, 0.04, 0.15, 0.15
LEAST_SHARE, LEAST_CENTS = 10, 50_00  # the least part: a tenth, fifty yuan at least
REFUNDS, DISPUTES, PAID_IN_PARTS, DAY_BEFORE = 0.012, 0.002, 0.03, 0.08
NEVER = np.datetime64("NaT", "D")
# Category, merchant, share, mean of ln(yuan)
SHOPS = (
    ("5411", "滨江超市", 0.26, 4.4), ("5812", "望潮餐厅", 0.22, 4.5), ("5541", "晴川加油站", 0.08, 5.6), ("5651", "云栖服饰", 0.10, 5.7),
    ("5732", "听涛电器", 0.05, 7.2), ("4111", "滨江地铁", 0.14, 2.2), ("7011", "临港酒店", 0.05, 6.3), ("8062", "滨江医院", 0.06, 5.4),
    ("5912", "同舟药房", 0.04, 4.2),
)  # fmt: skip
PAYMENT_CODE, PAYMENT = "0000", "还款"


@dataclass
class Purchases:
    """Card entries of a date: purchases, refunds (negative) and payments (negative), one entry each. `account` is a place among the accounts."""

    account: Ints
    at: NDArray[np.datetime64]
    cents: Ints
    code: Strings
    merchant: Strings
    region: Strings
    mode: Strings
    parts: Ints
    is_disputed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.account)

    def and_also(self, more: Purchases) -> Purchases:
        return Purchases(
            *(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self))
        )


@dataclass
class CardBook:
    """Accounts of all cards there will be, one per person, and their state at the end of `day`. Amounts are cents; due: NaT when nothing is."""

    registry: Registry
    person: Ints
    opened: Dates
    limit: Ints
    balance: Ints
    statement: Ints
    unpaid: Ints
    least: Ints
    cycle_day: Ints
    due: Dates
    day: date
    made: Purchases | None = field(default=None)

    def __len__(self) -> int:
        return len(self.person)

    @property
    def seed(self) -> int:
        return self.registry.world.seed

    @classmethod
    def open_at(cls, registry: Registry) -> CardBook:
        """The evening before the first business date."""
        world, records = registry.world, registry.records("CARD")
        person, n = records.person, len(records)
        rng = stream(world.seed, "CARD", "opening", world.people)
        first, length = np.datetime64(world.size.first), (world.size.last - world.size.first).days + 1
        fixed = cast.FIXED + len(cast.canaries(world.people))
        newly = (rng.random(n) < NEWLY) & (person >= fixed)
        old = np.maximum(records.opened + rng.integers(30, 900, n), records.opened)
        opened = np.where(newly, first + rng.integers(0, length, n), np.minimum(old, first - 30))
        typical = np.exp(10.2 + 0.5 * world.wealth[person] + rng.normal(0, 0.4, n))
        limit = np.clip(np.round(typical, -3), 3_000, 300_000).astype(np.int64) * 100
        balance = np.where(newly, 0, (limit * rng.beta(1.3, 6, n)).astype(np.int64))
        cycle = rng.integers(1, 26, n)
        statement = np.where(newly, 0, (balance * rng.uniform(0.3, 1, n)).astype(np.int64))
        billed = _last_cycle(first - 1, cycle)
        is_paid = (rng.random(n) < 0.5) | (billed + DAYS_TO_PAY <= first - 1)
        unpaid = np.where(is_paid, 0, statement)
        return cls(
            registry, person, opened.astype("datetime64[D]"), limit, balance, statement, unpaid, _least(unpaid), cycle,
            np.where(unpaid > 0, billed + DAYS_TO_PAY, NEVER), world.size.first - timedelta(days=1),
        )  # fmt: skip

    def is_open(self, day: date) -> NDArray[np.bool_]:
        return np.asarray(self.opened <= np.datetime64(day))

    def overdue_days(self) -> Ints:
        """Days since the least part was due and not paid."""
        late = (np.datetime64(self.day) - self.due).astype("timedelta64[D]").astype(np.int64)
        return np.where(np.isnat(self.due) | (self.least <= 0), 0, np.maximum(late, 0))

    def advance(self, day: date, accounts: Ints, wallet: Wallet, activity: NDArray[np.float64]) -> Moves:
        """One more date: purchases, payments of bills that are due, and new bills. Returns what the deposit accounts see.

        activity  how much each person does today: 1 as ever
        """
        self.day = day
        rng = stream(self.seed, "CARD", "C_TXN", day)
        bought = self._buy(rng, day, activity)
        paid, moves = self._pay(rng, day, accounts, wallet)
        self.made = bought.and_also(paid)
        np.add.at(self.balance, self.made.account, self.made.cents)
        self._bill(day)
        return moves

    def _buy(self, rng: np.random.Generator, day: date, activity: NDArray[np.float64]) -> Purchases:
        """Who has a card spends; the limit holds. A new card is used on its first day."""
        today, world = np.datetime64(day), self.registry.world
        weight = np.exp(0.3 * world.digital[self.person]) * activity[self.person] * self.is_open(day)
        mean = SPENDS * world.people * weight / max(float(weight.sum()), 1e-9)
        many = np.where(self.opened == today, np.maximum(rng.poisson(mean), 1), rng.poisson(mean))
        account = np.repeat(np.arange(len(self)), many)
        n = len(account)
        shop = rng.choice(len(SHOPS), n, p=[each[2] for each in SHOPS])
        typical = np.array([each[3] for each in SHOPS])[shop]
        cents = np.round(
            np.exp(typical + 0.25 * world.wealth[self.person[account]] + rng.normal(0, 0.7, n)) * 100
        ).astype(np.int64)
        cents = np.maximum(cents, 1)
        spent = np.cumsum(cents) - np.repeat(
            np.cumsum(np.bincount(account, cents, len(self))) - np.bincount(account, cents, len(self)), many
        )
        fits = self.balance[account] + spent <= self.limit[account]
        cents = np.where(rng.random(n) < REFUNDS, -(cents // 2) - 1, cents)
        second = rng.integers(8 * 3600, 22 * 3600, n).astype("timedelta64[s]")
        before = (rng.random(n) < DAY_BEFORE) & (self.opened[account] < today)
        told = Purchases(
            account, (today - before.astype(int)).astype("datetime64[s]") + second, cents, np.array([each[0] for each in SHOPS])[shop],
            np.array([each[1] for each in SHOPS])[shop], np.array(AREAS)[rng.integers(0, len(AREAS), n)],
            np.array(["05", "07", "81"])[rng.integers(0, 3, n)],
            np.where(rng.random(n) < PAID_IN_PARTS, np.array([3, 6, 12])[rng.integers(0, 3, n)], 0), rng.random(n) < DISPUTES,
        )  # fmt: skip
        return Purchases(*(getattr(told, f.name)[fits] for f in fields(told)))

    def _pay(
        self, rng: np.random.Generator, day: date, accounts: Ints, wallet: Wallet
    ) -> tuple[Purchases, Moves]:
        """Bills that are due today or were before: in full, in the least part, or not at all; from the deposit account or from elsewhere."""
        today = np.datetime64(day)
        draw = rng.random(len(self))
        is_fixed = self.person < cast.FIXED + len(cast.canaries(self.registry.world.people))
        willing = np.where(self.due == today, (draw >= FORGETS) | is_fixed, draw < CATCHES_UP)
        asked = np.flatnonzero((self.due <= today) & (self.unpaid > 0) & willing)
        full = (rng.random(len(asked)) < IN_FULL) | is_fixed[asked]
        cents = np.where(
            full, self.unpaid[asked], np.minimum(np.maximum(self.least[asked], 1), self.unpaid[asked])
        )
        account = accounts[self.person[asked]]
        from_account = wallet.pays(account, cents)
        paid = from_account | (rng.random(len(asked)) >= WITHOUT_MONEY) | is_fixed[asked]
        who, told = asked[paid], cents[paid]
        self.unpaid[who] -= told
        self.least[who] = 0
        self.due[who] = NEVER
        n = len(who)
        seconds = rng.integers(6 * 3600, 9 * 3600, n).astype("timedelta64[s]")
        entries = Purchases(
            who, today.astype("datetime64[s]") + seconds, -told, np.full(n, PAYMENT_CODE), np.full(n, PAYMENT), np.full(n, AREAS[0]),
            np.full(n, "90"), np.zeros(n, np.int64), np.zeros(n, bool),
        )  # fmt: skip
        return entries, Moves.of(account[from_account], cents[from_account], "6003", "D", "06", "信用卡还款")

    def _bill(self, day: date) -> None:
        """What is owed on the cycle day is billed; what was not paid of the last bill is in it and stays overdue from its first day."""
        billed = (self.cycle_day == day.day) & self.is_open(day)
        owed = np.maximum(self.balance[billed], 0)
        late = (self.least[billed] > 0) & (self.due[billed] <= np.datetime64(day))
        self.statement[billed] = owed
        self.unpaid[billed] = owed
        self.least[billed] = _least(owed)
        due = np.where(owed > 0, np.datetime64(day) + DAYS_TO_PAY, NEVER)
        self.due[billed] = np.where(late & (owed > 0), self.due[billed], due)


def _least(owed: Ints) -> Ints:
    return np.minimum(np.maximum(owed // LEAST_SHARE, LEAST_CENTS), owed)


def _last_cycle(day: np.datetime64, cycle: Ints) -> Dates:
    """The last cycle day at or before the day."""
    month = day.astype("datetime64[M]")
    this = month.astype("datetime64[D]") + cycle - 1
    return np.where(this <= day, this, (month - 1).astype("datetime64[D]") + cycle - 1)
