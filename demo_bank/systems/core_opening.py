"""CORE's one-off files beside the opening package: what the bank knew of the months before the first business date. `|+|` text, GB18030.

Amounts are in yuan with two decimals. Closed months come whole; the running month is averaged over its elapsed days.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast
from demo_bank.books import DOLLAR, Books, salary_day
from demo_bank.packages import Inner
from demo_bank.population import Ints, Strings, World
from demo_bank.registry import Registry
from demo_bank.streams import stream
from demo_bank.systems.ref import rate

MONTHS = 12
DORMANT_SHARE = 0.03
SEPARATOR = "|+|"


def files(registry: Registry, books: Books) -> list[Inner]:
    """ACCT_OPENING CUST_OPENING CUST_MONTH_HIST, dated the day before the first business date."""
    day = registry.world.size.first - timedelta(days=1)
    return [
        _text("ACCT_OPENING", day, _accounts(registry, books, day)), _text("CUST_OPENING", day, _customers(registry, day)),
        _text("CUST_MONTH_HIST", day, _months(registry, books, day)),
    ]  # fmt: skip


def _text(name: str, day: date, rows: list[str]) -> Inner:
    content = "".join(f"{row}\n" for row in rows).encode("gb18030")
    return Inner(f"{name}_{day:%Y%m%d}.txt", content, len(rows), 0)


def _accounts(registry: Registry, books: Books, day: date) -> list[str]:
    """acct_no, last_cust_txn_dt: some accounts have not been touched for a year and more."""
    held, n = books.accounts, len(books.accounts)
    rng = stream(books.world.seed, "CORE", "ACCT_OPENING", n)
    days = np.where(rng.random(n) < DORMANT_SHARE, rng.integers(370, 900, n), rng.integers(1, 40, n))
    slept = registry.world.sleepers.last[held.holder]
    last = np.where(np.isnat(slept), np.maximum(np.datetime64(day) - days, held.opened), slept)
    there = held.opened <= np.datetime64(day)
    return [
        f"{number}{SEPARATOR}{when}" for number, when in zip(held.numbers[there], last[there], strict=True)
    ]


def last_salary(registry: Registry, day: date) -> NDArray[np.datetime64]:
    """Day of each person's last salary up to `day`; NaT for those without one."""
    world = registry.world
    told = np.where(world.employers >= 0, np.datetime64(_paid_until(day)), np.datetime64("NaT"))
    stopped = cast.person(17)
    if world.people > stopped and day >= cast.SALARY_STOPS:
        told[stopped] = np.datetime64(_paid_until(cast.SALARY_STOPS - timedelta(days=1)))
    return told


def _paid_until(day: date) -> date:
    paid = salary_day(day.replace(day=1))
    return paid if paid <= day else salary_day((day.replace(day=1) - timedelta(days=1)).replace(day=1))


def _customers(registry: Registry, day: date) -> list[str]:
    """cust_no, last_salary_date: salaries are paid into accounts of the first number."""
    told = last_salary(registry, day)
    there = ~registry.world.is_newcomer
    keys = [*zip(registry.cust_no[there], told[there], strict=True)]
    keys += [(number, np.datetime64("NaT")) for number in registry.world.second_cust_numbers()]
    return [f"{number}{SEPARATOR}{'' if np.isnat(when) else when}" for number, when in keys]


def months_before(day: date, count: int = MONTHS) -> list[date]:
    """First days of the `count` months before the running month of `day`, oldest first."""
    told = [day.replace(day=1)]
    for _ in range(count):
        told.append((told[-1] - timedelta(days=1)).replace(day=1))
    return told[:0:-1]


def deposits_by_month(registry: Registry, books: Books) -> tuple[list[date], Ints, Strings]:
    """(months, cents, numbers): average deposits of every customer number in CNY, number × month; the running month is last.

    Joint accounts count by share. Dollars count at the rate of the opening day.
    """
    world, held = registry.world, books.accounts
    day = world.size.first - timedelta(days=1)
    dollar = float(rate(world.seed, "USD", day))
    cny = np.where(held.products == DOLLAR, np.round(books.balance * dollar), books.balance).astype(np.int64)
    seconds = world.second_numbers()
    place = np.full(world.people, -1)
    place[seconds] = world.people + np.arange(len(seconds))
    now = np.zeros(world.people + len(seconds), np.int64)
    for share, holder, first in held.shares(cny):
        np.add.at(
            now, np.where(first & (held.number == 1), place[holder], holder)[holder >= 0], share[holder >= 0]
        )
    months = months_before(day)
    rng = stream(world.seed, "CORE", "CUST_MONTH_HIST", len(now))
    drift = np.exp(np.cumsum(rng.normal(0, 0.04, (len(now), MONTHS)), axis=1)[:, ::-1])
    past = np.round(now[:, None] * drift).astype(np.int64)
    falls = cast.person(18)
    if world.people > falls:
        past[falls] = [
            cast.AFFLUENT_CENTS if month >= cast.FELL_BELOW else cast.WEALTHY_CENTS for month in months
        ]
    _before_they_left(world, past, months)
    numbers = np.concatenate([registry.cust_no, world.second_cust_numbers()])
    return [*months, day.replace(day=1)], np.concatenate([past, now[:, None]], axis=1), numbers


def _before_they_left(world: World, past: Ints, months: list[date]) -> None:
    """What those owned who took it along before the calendar began, month by month until the day."""
    gone = np.flatnonzero(world.sleepers.drained)
    owned = (
        np.round(np.exp(stream(world.seed, "CORE", "drained", world.people).normal(11.6, 0.4, len(gone))))
        * 100
    )
    for place, month in enumerate(months):
        days = (_last_day(month) - month).days + 1
        there = np.clip((world.sleepers.last[gone] - np.datetime64(month)).astype(int), 0, days)
        past[gone, place] = np.round(owned * there / days).astype(np.int64)


def deposits_of_people(registry: Registry, books: Books) -> tuple[list[date], Ints]:
    """(closed months, cents): average deposits in CNY of every person over all numbers, person × month."""
    months, cents, _ = deposits_by_month(registry, books)
    world = registry.world
    told = cents[: world.people, :-1].copy()
    np.add.at(told, world.second_numbers(), cents[world.people :, :-1])
    return months[:-1], told


def _months(registry: Registry, books: Books, day: date) -> list[str]:
    """cust_no, yyyymm, mavg_deposit, salary_amt, inflow_amt, max_overdue_days, day_cnt."""
    world = registry.world
    months, cents, numbers = deposits_by_month(registry, books)
    opened = np.concatenate([world.opened, world.opened[world.second_numbers()]])
    rng = stream(world.seed, "CORE", "CUST_MONTH_HIST", "inflow", len(numbers))
    rows = []
    for place, month in enumerate(months):
        end = _last_day(month)
        until = min(end, day)
        salary = np.zeros(len(numbers), np.int64)
        if salary_day(month) <= until:
            salary[: world.people] = np.where(world.employers >= 0, world.salaries, 0) * 100
            if month >= cast.SALARY_STOPS and world.people > cast.person(17):
                salary[cast.person(17)] = 0
        share = until.day / end.day
        inflow = salary + np.round(cents[:, place] * 0.05 * rng.random(len(numbers)) * share).astype(np.int64)
        known = opened <= np.datetime64(until)
        rows += [
            SEPARATOR.join((number, f"{month:%Y%m}", _yuan(mean), _yuan(paid), _yuan(came), "0", str(until.day)))
            for number, mean, paid, came, there in zip(
                numbers.tolist(), cents[:, place].tolist(), salary.tolist(), inflow.tolist(), known.tolist(), strict=True
            )
            if there
        ]  # fmt: skip
    return rows


def _last_day(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


__all__ = ["deposits_by_month", "files", "last_salary", "months_before"]
