"""Positions and orders of the demo bank: money is in a deposit, in a position or on its way between them, and nowhere twice."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import date

import numpy as np
import pytest

from demo_bank import calendar, cast
from demo_bank.behaviour.leaving import Leaving
from demo_bank.money import Money
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import SIZES
from demo_bank.systems import wealth
from demo_bank.wealth import shelf
from demo_bank.wealth.portfolio import Portfolio, Trades

NOBODY = np.zeros(0, np.int64)
SIZE = changed(SIZES["nano"], people=700, first=date(2026, 8, 31))


@dataclass(frozen=True)
class Evening:
    """The books of one date: entries, orders, and what everybody owns."""

    code: np.ndarray  # type: ignore[type-arg]
    person: np.ndarray  # type: ignore[type-arg]
    cents: np.ndarray  # type: ignore[type-arg]
    told: Trades
    transit: np.ndarray  # type: ignore[type-arg]
    held: set[int]
    lowest: int


@pytest.fixture(scope="module")
def evenings() -> dict[date, Evening]:
    registry = Registry(make_world(SIZE))
    money = Money.open(registry)
    n = registry.world.people
    leaving = Leaving.open(registry.world.seed, np.ones(n), np.ones(n, np.int64), np.zeros(n, bool))
    told: dict[date, Evening] = {}
    for day in SIZE.dates:
        made = money.advance(day, leaving, NOBODY)
        who, cents = money.portfolio.in_transit()
        told[day] = Evening(
            made.code, money.books.accounts.holder[made.account], made.cents, money.portfolio.told,
            np.bincount(who, weights=cents, minlength=n).astype(np.int64), set(money.portfolio.positions.number.tolist()),
            int(money.books.balance.min()),
        )  # fmt: skip
    return told


def test_every_order_of_the_day_is_paid_from_a_deposit_account_and_every_payout_arrives(
    evenings: dict[date, Evening],
):
    ordered = paid_out = 0
    for day, evening in evenings.items():
        told, today = evening.told, np.datetime64(day)
        bought = (told.kind == "SUB") & (told.state == "O")
        assert sorted(told.cents[bought]) == sorted(evening.cents[evening.code == "5001"])
        back = np.isin(told.state, ["X"]) | ((told.kind != "SUB") & (told.state == "S"))
        assert sorted(told.cents[back]) == sorted(evening.cents[evening.code == "5002"])
        assert (told.settled[back] == today).all()
        ordered, paid_out = ordered + bought.sum(), paid_out + back.sum()
    assert ordered > 50
    assert paid_out > 20


def test_what_is_in_transit_grows_by_orders_paid_and_sales_confirmed_and_falls_when_they_are_settled(
    evenings: dict[date, Evening],
):
    before = None
    for evening in evenings.values():
        if before is not None:
            told = evening.told
            starts = ((told.kind == "SUB") & (told.state == "O")) | (
                (told.kind != "SUB") & (told.state == "C")
            )
            ends = np.isin(told.state, ["S", "X"])
            moved = np.zeros_like(before)
            np.add.at(moved, told.person[starts], told.cents[starts])
            np.subtract.at(moved, told.person[ends], told.cents[ends])
            assert (evening.transit == before + moved).all()
        before = evening.transit


def test_a_bought_position_is_held_from_its_confirmation_on_and_a_sold_one_no_longer(
    evenings: dict[date, Evening],
):
    for evening in evenings.values():
        told = evening.told
        assert set(told.position[(told.kind == "SUB") & (told.state == "S")].tolist()) <= evening.held
        assert (
            not set(told.position[np.isin(told.state, ["O", "X"]) & (told.kind == "SUB")].tolist())
            & evening.held
        )
        assert not set(told.position[(told.kind != "SUB") & (told.state == "C")].tolist()) & evening.held


def test_nothing_is_confirmed_or_settled_on_a_holiday_and_no_account_is_overdrawn(
    evenings: dict[date, Evening],
):
    for day, evening in evenings.items():
        if not calendar.is_working(day):
            assert set(evening.told.state.tolist()) <= {"O"}
        assert evening.lowest >= 0


def test_a_value_in_ten_thousands_keeps_its_cents_in_six_decimals():
    registry = Registry(make_world(SIZE))
    portfolio = Money.open(registry).portfolio
    lines = wealth.holdings(portfolio, portfolio.day)
    first = lines.rows[0].as_py().split(",")
    assert first[5] == f'"{portfolio.values()[0] / 1_000_000:.6f}"'
    assert (
        lines.header
        == '"wm_no","pos_no","product_code","units","nav","mkt_value","cost","buy_dt","mature_dt","auto_roll"'
    )
    assert shelf.worth(np.array([0]), np.array([12_345]), np.array([10_251])).tolist() == [
        12_655
    ]  # 123.45 × 1.0251 = 126.548…


def test_the_grade_of_member_28_ends_on_the_thirtieth_of_october_and_member_18_lies_below_the_threshold():
    registry = Registry(make_world(SIZE))
    portfolio: Portfolio = Money.open(registry).portfolio
    row = wealth.assessments(portfolio, portfolio.day, np.array([cast.person(28)])).rows[0].as_py()
    assert row.split(",")[2:4] == ['"2025-10-30"', '"2026-10-30"']
    _, cents = wealth.values_by_month(portfolio)
    assert 0 < cents[cast.person(18)].max() < 500_000_000 - cast.AFFLUENT_CENTS
    assert cents[cast.person(18)].min() + cast.WEALTHY_CENTS > 500_000_000


def test_the_portfolio_of_a_day_is_the_same_on_every_run():
    told = []
    for _ in range(2):
        registry = Registry(make_world(SIZE))
        money = Money.open(registry)
        n = registry.world.people
        leaving = Leaving.open(registry.world.seed, np.ones(n), np.ones(n, np.int64), np.zeros(n, bool))
        for day in SIZE.dates[:5]:
            money.advance(day, leaving, NOBODY)
        told.append(b"".join(lines.content() for lines in wealth.package(money.portfolio)))
    assert told[0] == told[1]
