"""Everybody's positions, advanced one business date at a time, and the orders that change them.

An order is told when it is given, when it is confirmed and when its money has moved: until then the money is in transit. Bought with
the deposit account on the day of the order, held from the next working day on; sold or matured on a working day, paid on the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar, cast
from demo_bank.moves import Moves, Wallet
from demo_bank.population import Ints, Strings
from demo_bank.registry import Registry
from demo_bank.streams import stream
from demo_bank.wealth import shelf

Dates = NDArray[np.datetime64]
NEVER = np.datetime64("NaT", "D")
GRADE_DAYS = 365  # from the assessment to the last day on which the grade holds
FIRST_TIMERS = 0.12  # of those with a contract: nothing bought yet
ROLLS_OVER = 0.6  # of what matures
BUYS, SELLS, LEAVER_SELLS = 1 / 40, 1 / 120, 0.15  # per contract, per open position, and day
CANCELLED = 0.04  # of what is ordered
FIRST_CANCELLED = 6  # of the first orders in somebody's life every sixth is cancelled
LEAST_CENTS, STEP_CENTS = 1_000_000, 100_000  # orders are whole thousands, ten thousand at least
# Members of the cast who hold one position that neither they nor time touches.
_QUIET = {18: (5, 10_000_000), 19: (0, 5_000_000), 28: (5, 8_000_000)}
SUBSCRIBE, REDEEM, MATURE = "SUB", "RED", "MAT"
ORDERED, CONFIRMED, SETTLED, CANCELLED_STATE = "O", "C", "S", "X"


@dataclass
class Positions:
    """Held positions, one entry each, in order of their number. Units have two decimals; NaT: no maturity."""

    number: Ints
    person: Ints
    product: Ints
    units: Ints
    cost: Ints
    bought: Dates
    matures: Dates
    rolls: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.number)

    def some(self, which: NDArray[np.generic]) -> Positions:
        return Positions(*(getattr(self, each.name)[which] for each in fields(self)))

    def and_also(self, more: Positions) -> Positions:
        return Positions(
            *(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self))
        )


@dataclass
class Trades:
    """Orders, one entry each. confirmed, settled: NaT as long as they did not happen; cents and units as they are known."""

    number: Ints
    kind: Strings
    person: Ints
    position: Ints
    product: Ints
    ordered: NDArray[np.datetime64]
    confirmed: Dates
    settled: Dates
    cents: Ints
    units: Ints
    state: Strings
    due: Dates
    is_cancelled: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.number)

    def some(self, which: NDArray[np.generic]) -> Trades:
        return Trades(*(getattr(self, each.name)[which].copy() for each in fields(self)))

    def and_also(self, *more: Trades) -> Trades:
        return Trades(*(np.concatenate([getattr(t, f.name) for t in (self, *more)]) for f in fields(self)))


def _no_trades() -> Trades:
    ints, texts, days = np.zeros(0, np.int64), np.zeros(0, "U3"), np.zeros(0, "datetime64[D]")
    return Trades(
        ints,
        texts,
        ints,
        ints,
        ints,
        days.astype("datetime64[s]"),
        days,
        days,
        ints,
        ints,
        texts,
        days,
        np.zeros(0, bool),
    )


@dataclass
class Portfolio:
    """Positions and open orders at the end of `day`. `told` is what happened to orders on the day; ever: who has ordered or held anything."""

    registry: Registry
    account_numbers: Strings
    positions: Positions
    owners: Ints
    grades: Ints
    assessed: Dates
    ever: NDArray[np.bool_]
    day: date
    open: Trades = field(default_factory=_no_trades)
    told: Trades = field(default_factory=_no_trades)
    assessed_today: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    last_position: int = 0
    first_orders: int = 0

    @property
    def seed(self) -> int:
        return self.registry.world.seed

    @classmethod
    def open_at(cls, registry: Registry, account_numbers: Strings) -> Portfolio:
        """What is held on the evening before the first business date. account_numbers: deposit account of each person."""
        world = registry.world
        owners = registry.records("WEALTH").person
        rng = stream(world.seed, "WEALTH", "opening", world.people)
        before = np.datetime64(world.size.first) - 1
        grades = np.clip(np.round(2.8 + 0.9 * world.wealth + rng.normal(0, 0.8, world.people)), 1, 5).astype(
            np.int64
        )
        assessed = before - rng.integers(0, 400, world.people)
        for number, when in ((28, "2025-10-30"), (18, "2026-03-02"), (19, "2026-03-02"), (1, "2026-03-02")):
            if cast.person(number) < world.people:
                assessed[cast.person(number)] = np.datetime64(when)
                grades[cast.person(number)] = 3
        fixed = np.isin(owners, [cast.person(number) for number in (1, 13, 14, *_QUIET)]) | np.isin(
            owners, cast.canaries(world.people)
        )
        holding = owners[(rng.random(len(owners)) >= FIRST_TIMERS) | fixed]
        many = np.where(np.isin(holding, owners[fixed]), 1, 1 + np.minimum(rng.poisson(0.6, len(holding)), 3))
        person = np.repeat(holding, many)
        positions = _drawn(registry, person, grades, rng, before)
        ever, evening = np.isin(np.arange(world.people), person), world.size.first - timedelta(days=1)
        return cls(
            registry, account_numbers, positions, owners, grades, assessed, ever, evening, last_position=len(person)
        )  # fmt: skip

    def values(self) -> Ints:
        """Cents of each position at the end of the day."""
        return shelf.worth(self.positions.product, self.positions.units, shelf.values(self.seed, self.day))

    def in_transit(self) -> tuple[Ints, Ints]:
        """(person, cents) of orders whose money is neither in a deposit nor in a position: paid and not held yet, sold and not paid yet."""
        pending = (self.open.kind == SUBSCRIBE) | (self.open.state == CONFIRMED)
        return self.open.person[pending], self.open.cents[pending]

    def advance(
        self, day: date, accounts: Ints, wallet: Wallet, leaves: NDArray[np.bool_], awake: NDArray[np.bool_]
    ) -> Moves:
        """One more date: orders of before are confirmed and paid, positions mature, new orders are given.

        accounts  deposit account of each person; leaves: who is leaving the bank; awake: who may give orders at all
        Returns what the deposit accounts see of it.
        """
        self.day = day
        rng = stream(self.seed, "WEALTH", "TRADE", day)
        moved = [self._settle(day, accounts)]
        matured = self._mature(day)
        self._reassess(rng, day)
        bought, paid = self._buy(rng, day, accounts, wallet, awake & ~leaves)
        sold = self._sell(rng, day, leaves, awake)
        fresh = _no_trades().and_also(matured, bought, sold)
        fresh.number = 10_000_000 * int(f"{day:%y%m%d}") + np.arange(1, len(fresh) + 1)
        self.told = self.told.and_also(fresh)
        self.open = self.open.and_also(fresh)
        return Moves.joined([*moved, paid])

    def _settle(self, day: date, accounts: Ints) -> Moves:
        """Orders that are due: sold ones are confirmed, then paid; bought ones become positions; cancelled ones come back."""
        today, trades = np.datetime64(day), self.open
        due = trades.due == today
        nav = shelf.values(self.seed, day)
        comes_back = due & trades.is_cancelled
        held = due & (trades.kind == SUBSCRIBE) & ~trades.is_cancelled
        sold = due & (trades.kind == REDEEM) & (trades.state == ORDERED)
        paid = due & (trades.state == CONFIRMED)
        trades.units[held] = trades.cents[held] * shelf.NAV_ONE // nav[trades.product[held]]
        trades.cents[sold] = shelf.worth(trades.product[sold], trades.units[sold], nav)
        trades.confirmed[held | sold] = today
        trades.settled[held | paid | comes_back] = today
        for which, state in (
            (comes_back, CANCELLED_STATE),
            (held, SETTLED),
            (sold, CONFIRMED),
            (paid, SETTLED),
        ):
            trades.state[which] = state
        trades.due[sold] = _next_working(today + 1)
        self._hold(trades.some(held), today)
        self.positions = self.positions.some(~np.isin(self.positions.number, trades.position[sold]))
        self.told, self.open = trades.some(due), trades.some(~due | sold)
        return Moves.joined([
            Moves.of(accounts[trades.person[which]], trades.cents[which], "5002", "C", "06", told)
            for which, told in ((comes_back, "理财撤单"), (paid, "理财赎回"))
        ])  # fmt: skip

    def _hold(self, bought: Trades, today: np.datetime64) -> None:
        """Bought positions are there from now on."""
        term = shelf.TERMS[bought.product]
        matures = np.where(term > 0, calendar.next_workings(today + term), NEVER)
        rolls = (term > 0) & (
            stream(self.seed, "WEALTH", "rolls", str(today)).random(len(bought)) < ROLLS_OVER
        )
        self.positions = self.positions.and_also(Positions(
            bought.position, bought.person, bought.product, bought.units, bought.cents, np.full(len(bought), today), matures, rolls
        ))  # fmt: skip

    def _mature(self, day: date) -> Trades:
        """What matures today rolls over with its interest, or is paid on the next working day."""
        today, held = np.datetime64(day), self.positions
        ends = held.matures == today
        days = shelf.TERMS[held.product]
        interest = np.round(held.cost * shelf.YIELDS[held.product] * days / 365).astype(np.int64)
        again = ends & held.rolls
        held.cost[again] += interest[again]
        held.units[again] += interest[again]
        held.bought[again] = today
        held.matures[again] = calendar.next_workings(today + days[again])
        gone = np.flatnonzero(ends & ~held.rolls)
        made = _orders(
            MATURE, held.some(gone), np.full(len(gone), today.astype("datetime64[s]") + 1800), _next_working(today + 1),
            held.cost[gone] + interest[gone], held.units[gone], CONFIRMED,
        )  # fmt: skip
        made.confirmed[:] = today
        self.positions = held.some(~(ends & ~held.rolls))
        return made

    def _reassess(self, rng: np.random.Generator, day: date) -> None:
        """Some whose grade has expired answer the questions again."""
        expired = self.assessed[self.owners] + GRADE_DAYS < np.datetime64(day)
        self.assessed_today = np.sort(self.owners[expired & (rng.random(len(self.owners)) < 0.03)])
        moved = rng.integers(-1, 2, len(self.assessed_today))
        self.grades[self.assessed_today] = np.clip(self.grades[self.assessed_today] + moved, 1, 5)
        self.assessed[self.assessed_today] = np.datetime64(day)

    def _buy(
        self, rng: np.random.Generator, day: date, accounts: Ints, wallet: Wallet, may: NDArray[np.bool_]
    ) -> tuple[Trades, Moves]:
        """New orders, paid at once from the deposit account; nobody spends more than half of it."""
        today = np.datetime64(day)
        quiet = np.isin(self.owners, [cast.person(number) for number in _QUIET])
        wants = self.owners[(rng.random(len(self.owners)) < BUYS) & ~quiet & may[self.owners]]
        wants = wants[self.assessed[wants] + GRADE_DAYS >= today]
        account = accounts[wants]
        free = np.where(account >= 0, wallet.free[account], 0)
        cents = (free * rng.uniform(0.1, 0.5, len(wants))).astype(np.int64) // STEP_CENTS * STEP_CENTS
        product = _suitable(rng, self.grades[wants])
        # Every fifteenth wants more than the grade allows.
        bold = (self.last_position + np.arange(len(wants))) % 15 == 4
        product = np.where(bold, np.argmax(shelf.RISKS), product)
        enough = cents >= LEAST_CENTS
        wants, account, cents, product = wants[enough], account[enough], cents[enough], product[enough]
        paid = wallet.pays(account, cents)
        wants, account, cents, product = wants[paid], account[paid], cents[paid], product[paid]
        n = len(wants)
        numbers = self.last_position + np.arange(1, n + 1)
        self.last_position += n
        nothing = np.zeros(n, np.int64)
        asked = Positions(
            numbers, wants, product, nothing, cents, np.full(n, today), np.full(n, NEVER), np.zeros(n, bool)
        )
        made = _orders(
            SUBSCRIBE, asked, _clock(rng, day, n), _next_working(today + 1), cents, nothing, ORDERED
        )
        made.is_cancelled = rng.random(n) < CANCELLED
        first = np.flatnonzero(~self.ever[wants])
        made.is_cancelled[first] = (self.first_orders + np.arange(len(first))) % FIRST_CANCELLED == 2
        self.first_orders += len(first)
        self.ever[wants] = True
        return made, Moves.of(account, cents, "5001", "D", "03", "理财申购")

    def _sell(
        self, rng: np.random.Generator, day: date, leaves: NDArray[np.bool_], awake: NDArray[np.bool_]
    ) -> Trades:
        """Whole open positions that are sold; the amount is an estimate until it is confirmed."""
        held = self.positions
        chance = np.where(leaves[held.person], LEAVER_SELLS, SELLS)
        free = (shelf.TERMS[held.product] == 0) & ~np.isin(
            held.person, [cast.person(number) for number in _QUIET]
        )
        free &= ~np.isin(held.number, self.open.position) & awake[held.person]
        asked = np.flatnonzero((rng.random(len(held)) < chance) & free)
        sold = held.some(asked)
        return _orders(
            REDEEM, sold, _clock(rng, day, len(asked)), _next_working(np.datetime64(day) + 1), self.values()[asked], sold.units, ORDERED
        )  # fmt: skip


def _next_working(day: np.datetime64) -> np.datetime64:
    return np.datetime64(calendar.next_workings(np.array([day]))[0], "D")


def _clock(rng: np.random.Generator, day: date, n: int) -> NDArray[np.datetime64]:
    return np.datetime64(day, "s") + rng.integers(8 * 3600, 22 * 3600, n).astype("timedelta64[s]")


def _suitable(rng: np.random.Generator, grades: Ints) -> Ints:
    """A product for each: as bold as the grade allows, save that one in twenty-five takes any."""
    drawn = rng.choice(len(shelf.SHELF), len(grades), p=shelf.SHARES / shelf.SHARES.sum())
    other = rng.choice(2, len(grades))
    fits = (shelf.RISKS[drawn] <= grades) | (rng.random(len(grades)) < 0.04)
    return np.where(fits, drawn, np.where(grades >= 2, 1 + other, 0))


def _orders(
    kind: str,
    of: Positions,
    ordered: NDArray[np.datetime64],
    due: np.datetime64,
    cents: Ints,
    units: Ints,
    state: str,
) -> Trades:
    n = len(of)
    never = np.full(n, NEVER)
    return Trades(
        np.zeros(n, np.int64), np.full(n, kind), of.person, of.number, of.product, ordered.astype("datetime64[s]"), never, never.copy(),
        cents.copy(), units.copy(), np.full(n, state, "U3"), np.full(n, due), np.zeros(n, bool),
    )  # fmt: skip


def _drawn(
    registry: Registry, person: Ints, grades: Ints, rng: np.random.Generator, before: np.datetime64
) -> Positions:
    """Positions that were bought before the calendar began: ladders whose maturities lie ahead."""
    world, n = registry.world, len(person)
    product = _suitable(rng, grades[person])
    amount = np.exp(10.9 + 0.8 * world.wealth[person] + rng.normal(0, 0.7, n)) * 100
    cost = np.maximum(amount.astype(np.int64) // STEP_CENTS * STEP_CENTS, LEAST_CENTS)
    for number, (fixed, cents) in _QUIET.items():
        mine = person == cast.person(number)
        product[mine], cost[mine] = fixed, cents
    term = shelf.TERMS[product]
    age = np.where(term > 0, rng.integers(0, np.maximum(term, 1)), rng.integers(30, 700, n))
    bought = (before - age).astype("datetime64[D]")
    matures = np.where(
        term > 0, calendar.next_workings(np.maximum(bought, np.datetime64("2024-06-01")) + term), NEVER
    )
    nav = shelf.values(world.seed, world.size.first - timedelta(days=1))
    paid = np.round(nav[product] / (1 + shelf.YIELDS[product] * age / 365)).astype(np.int64)
    units = np.where(term > 0, cost, cost * shelf.NAV_ONE // paid)
    rolls = (term > 0) & (rng.random(n) < ROLLS_OVER)
    return Positions(np.arange(1, n + 1), person, product, units, cost, bought, matures, rolls)


__all__ = ["GRADE_DAYS", "MATURE", "REDEEM", "SUBSCRIBE", "Portfolio", "Positions", "Trades"]
