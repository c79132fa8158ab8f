"""WEALTH, the wealth department's system: quoted CSV in GB18030 with headers, local time. Market values are in 万元 with six decimals, all else in yuan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from demo_bank import cast
from demo_bank.lines import Lines, day_text, decimals, local_text, numbered, quoted_csv, separated, text
from demo_bank.population import Ints
from demo_bank.streams import stream
from demo_bank.systems.core_opening import MONTHS, months_before
from demo_bank.wealth import shelf
from demo_bank.wealth.portfolio import GRADE_DAYS, Portfolio, Trades

SYSTEM = "WEALTH"
ARRIVES = time(4, 40)
CHANGED = 0.004  # contracts that are sent again on a day
_CHANNELS = np.array(["APP", "COUNTER", "WEB"])


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def _csv(name: str, day: date, columns: Mapping[str, pa.Array]) -> Lines:
    header, rows = quoted_csv(columns)
    return Lines(f"{name}_{day:%Y%m%d}.csv", header, rows, encoding="GB18030")


def opening_package(portfolio: Portfolio, day: date) -> list[Lines]:
    """Sequence 00: everybody's contract and grade, all positions, and what was held in the months before."""
    everyone = np.arange(len(portfolio.owners))
    return [
        contracts(portfolio, day, everyone), assessments(portfolio, day, portfolio.owners), products(portfolio, day),
        holdings(portfolio, day), months_file(portfolio, day),
    ]  # fmt: skip


def package(portfolio: Portfolio) -> list[Lines]:
    """What WEALTH sends each day: all positions, and what changed of the rest."""
    day, n = portfolio.day, len(portfolio.owners)
    rng = stream(portfolio.seed, "WEALTH", "WM_CUST", day)
    again = np.flatnonzero(rng.random(n) < CHANGED)
    return [
        contracts(portfolio, day, again), assessments(portfolio, day, portfolio.assessed_today), products(portfolio, day),
        holdings(portfolio, day), trades(portfolio, day, portfolio.told),
    ]  # fmt: skip


def _number(persons: Ints) -> pa.Array:
    return numbered("W", 600_000_000 + persons, 9)


def contracts(portfolio: Portfolio, day: date, rows: Ints) -> Lines:
    """WM_CUST of some records of the registry."""
    registry = portfolio.registry
    records, n = registry.records(SYSTEM), len(rows)
    who = records.person[rows]
    begun = np.minimum(records.opened[rows] + 200, np.datetime64(registry.world.size.first) - 30)
    return _csv("WM_CUST", day, {
        "wm_no": text(records.keys[rows].tolist()), "name": text(records.names[rows].tolist()),
        "cert_type": text(records.cert_kinds[rows].tolist()), "cert_no": text(records.certs[rows].tolist()),
        "mobile": text(records.mobiles[rows].tolist()), "open_org": text(registry.world.outlets[who].tolist()),
        "open_date": day_text(begun), "update_ts": text([f"{day} 20:15:00"] * n),
    })  # fmt: skip


def assessments(portfolio: Portfolio, day: date, persons: Ints) -> Lines:
    """RISK_ASSESS of some people."""
    when, grades = portfolio.assessed[persons], portfolio.grades[persons]
    answers = stream(portfolio.seed, SYSTEM, "answers", day).integers(0, 16, (len(persons), 16))
    hashes = ["".join(row) for row in np.array(list("0123456789abcdef"))[answers].tolist()]
    return _csv("RISK_ASSESS", day, {
        "wm_no": _number(persons), "grade": numbered("C", grades, 1), "assess_dt": day_text(when),
        "expire_dt": day_text(when + GRADE_DAYS), "channel": text(_CHANNELS[persons % 3].tolist()), "answers_hash": text(hashes),
    })  # fmt: skip


def products(portfolio: Portfolio, day: date) -> Lines:
    """PRODUCT: the whole shelf, because its values change every day."""
    of, nav = shelf.SHELF, shelf.values(portfolio.seed, day)
    return _csv("PRODUCT", day, {
        "product_code": text([each.code for each in of]), "name": text([each.name for each in of]), "kind": text([each.kind for each in of]),
        "risk": text([f"R{each.risk}" for each in of]), "ccy": text(["CNY"] * len(of)), "term_days": text([str(each.term) for each in of]),
        "nav": decimals(nav, 4), "nav_date": text([str(shelf.value_day(day))] * len(of)), "open_flag": text(["1"] * len(of)),
    })  # fmt: skip


def holdings(portfolio: Portfolio, day: date) -> Lines:
    """HOLDING: every position at the end of the day."""
    held, nav = portfolio.positions, shelf.values(portfolio.seed, day)
    codes = np.array([product.code for product in shelf.SHELF])
    return _csv("HOLDING", day, {
        "wm_no": _number(held.person), "pos_no": numbered("P", held.number, 10), "product_code": text(codes[held.product].tolist()),
        "units": decimals(held.units, 2), "nav": decimals(nav[held.product], 4),
        "mkt_value": decimals(portfolio.values(), 6), "cost": decimals(held.cost, 2),
        "buy_dt": day_text(held.bought), "mature_dt": day_text(held.matures), "auto_roll": text(np.where(held.rolls, "1", "0").tolist()),
    })  # fmt: skip


def trades(portfolio: Portfolio, day: date, told: Trades) -> Lines:
    """TRADE: each order on the days on which something happens to it."""
    codes = np.array([product.code for product in shelf.SHELF])
    accounts = portfolio.account_numbers[told.person]
    return _csv("TRADE", day, {
        "trade_no": numbered("T", told.number, 13), "wm_no": _number(told.person), "pos_no": numbered("P", told.position, 10),
        "product_code": text(codes[told.product].tolist()), "kind": text(told.kind.tolist()), "order_ts": local_text(told.ordered),
        "confirm_dt": day_text(told.confirmed), "settle_dt": day_text(told.settled), "amount": decimals(told.cents, 2),
        "units": decimals(told.units, 2), "status": text(told.state.tolist()), "acct_no": text(accounts.tolist()),
    })  # fmt: skip


def values_by_month(portfolio: Portfolio) -> tuple[list[date], Ints]:
    """(months, cents): average value of everybody's positions, person × month; the running month is last. From the opening positions."""
    world = portfolio.registry.world
    day = world.size.first - timedelta(days=1)
    now = np.zeros(world.people, np.int64)
    np.add.at(now, portfolio.positions.person, portfolio.values())
    rng = stream(world.seed, SYSTEM, "HOLD_MONTH_HIST", world.people)
    drift = np.exp(np.cumsum(rng.normal(0, 0.03, (world.people, MONTHS)), axis=1)[:, ::-1])
    past = np.round(now[:, None] * drift).astype(np.int64)
    if world.people > cast.person(18):
        past[cast.person(18)] = now[cast.person(18)]
    return [*months_before(day), day.replace(day=1)], np.concatenate([past, now[:, None]], axis=1)


def months_file(portfolio: Portfolio, day: date) -> Lines:
    """HOLD_MONTH_HIST: wm_no, yyyymm, mavg_value in yuan, day_cnt; whoever holds anything."""
    months, cents = values_by_month(portfolio)
    holders = np.flatnonzero(cents[:, -1] > 0)
    person = np.repeat(holders, len(months))
    ends = [min((month + timedelta(days=32)).replace(day=1) - timedelta(days=1), day) for month in months]
    rows = separated({
        "wm_no": _number(person), "yyyymm": text([f"{month:%Y%m}" for month in months] * len(holders)),
        "mavg_value": decimals(cents[holders].reshape(-1), 2), "day_cnt": text([str(end.day) for end in ends] * len(holders)),
    }, "|+|")  # fmt: skip
    return Lines(f"HOLD_MONTH_HIST_{day:%Y%m%d}.txt", None, rows, encoding="GB18030")
