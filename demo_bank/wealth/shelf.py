"""The shelf: wealth products, funds and an insurance, and their net asset values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from demo_bank import calendar
from demo_bank.population import Ints
from demo_bank.streams import stream

WEALTH, FUND, INSURANCE = "WLTH", "FUND", "INSU"
NAV_ONE = 10_000  # net asset values have four decimals
_BEGINS = date(2025, 6, 2)  # every value was 1 on the day


@dataclass(frozen=True)
class Product:
    """One product. risk 1 to 5; term in days, 0 when it is open every day; yearly yield; daily swing of the value."""

    code: str
    name: str
    kind: str
    risk: int
    term: int
    yields: float
    swing: float = 0.0


SHELF = (
    Product("WM000D01", "滨江日日盈", WEALTH, 1, 0, 0.019),
    Product("WM030R02", "滨江稳健30天", WEALTH, 2, 30, 0.023),
    Product("WM090R02", "滨江稳健90天", WEALTH, 2, 90, 0.026),
    Product("WM180R02", "滨江稳健180天", WEALTH, 2, 180, 0.029),
    Product("WM365R03", "滨江增利365天", WEALTH, 3, 365, 0.034),
    Product("WM000R03", "滨江增利开放式", WEALTH, 3, 0, 0.031, 0.0006),
    Product("FD000R03", "滨江均衡混合", FUND, 3, 0, 0.04, 0.006),
    Product("FD000R04", "滨江成长股票", FUND, 4, 0, 0.06, 0.012),
    Product("FD000R05", "滨江环球科技", FUND, 5, 0, 0.08, 0.018),
    Product("IN000R02", "滨江传家寿险", INSURANCE, 2, 0, 0.025),
)  # fmt: skip
# How often each is held.
SHARES = np.array([0.16, 0.14, 0.16, 0.12, 0.10, 0.10, 0.09, 0.06, 0.03, 0.04])
TERMS = np.array([product.term for product in SHELF])
RISKS = np.array([product.risk for product in SHELF])
YIELDS = np.array([product.yields for product in SHELF])
KINDS = np.array([product.kind for product in SHELF])


def value_day(day: date) -> date:
    """The day whose values are known on the evening of `day`: the working day before."""
    before = day - timedelta(days=1)
    while not calendar.is_working(before):
        before -= timedelta(days=1)
    return before


@lru_cache(maxsize=4)
def values(seed: int, day: date) -> Ints:
    """Net asset value of each product on the evening of `day`, with four decimals. What has a term stays at 1 and pays at its end."""
    of = value_day(day)
    days = (of - _BEGINS).days
    told = []
    for product in SHELF:
        grown = 1.0 if product.term else 1 + product.yields * days / 365
        swung = float(np.exp(product.swing * _walk(seed, product.code, of))) if product.swing else 1.0
        told.append(round(grown * swung * NAV_ONE))
    return np.array(told, np.int64)


def _walk(seed: int, code: str, of: date) -> float:
    """Sum of one step for each working day since the beginning; the same whatever day is asked first."""
    steps = stream(seed, "WEALTH", "NAV", code).normal(0, 1, (of - _BEGINS).days)
    working = [calendar.is_working(_BEGINS + timedelta(days=n + 1)) for n in range(len(steps))]
    return float(steps[np.array(working)].sum())


def worth(product: Ints, units: Ints, nav: Ints) -> Ints:
    """Cents, half up: units have two decimals, values four."""
    return np.asarray((units * nav[product] + NAV_ONE // 2) // NAV_ONE)
