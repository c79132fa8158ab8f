"""The bank's working days (REF HOLIDAY): data, to be compared with the official notice before anything is claimed of real dates."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

_OFF = (
    ("2025-10-01", "2025-10-08"), ("2026-01-01", "2026-01-03"), ("2026-02-15", "2026-02-23"), ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"), ("2026-06-19", "2026-06-21"), ("2026-09-25", "2026-09-27"), ("2026-10-01", "2026-10-07"),
)  # fmt: skip
_WORKED = (
    "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
)  # fmt: skip
HOLIDAYS = frozenset(
    date.fromisoformat(first) + timedelta(days=n)
    for first, last in _OFF
    for n in range((date.fromisoformat(last) - date.fromisoformat(first)).days + 1)
)
ADJUSTED = frozenset(date.fromisoformat(day) for day in _WORKED)


def kind(day: date) -> str:
    """workday, weekend, holiday or adjusted (a weekend day that is worked)."""
    if day in ADJUSTED:
        return "adjusted"
    if day in HOLIDAYS:
        return "holiday"
    return "weekend" if day.weekday() >= 5 else "workday"


def is_working(day: date) -> bool:
    return kind(day) in ("workday", "adjusted")


def next_working(day: date) -> date:
    while not is_working(day):
        day += timedelta(days=1)
    return day


_TABLE_FIRST, _TABLE_LAST = date(2024, 1, 1), date(2030, 12, 31)
_WORKING = np.array([
    is_working(_TABLE_FIRST + timedelta(days=n)) for n in range((_TABLE_LAST - _TABLE_FIRST).days + 1)
])  # fmt: skip
_PLACES = np.arange(len(_WORKING))
_AFTER = np.minimum.accumulate(np.where(_WORKING, _PLACES, len(_WORKING))[::-1])[::-1]
_BEFORE = np.maximum.accumulate(np.where(_WORKING, _PLACES, 0))


def next_workings(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The first working day at or after each day of 2024 to 2030."""
    return _looked_up(days, _AFTER)


def last_workings(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The last working day at or before each day of 2024 to 2030."""
    return _looked_up(days, _BEFORE)


def _looked_up(days: NDArray[np.datetime64], table: NDArray[np.int64]) -> NDArray[np.datetime64]:
    first = np.datetime64(_TABLE_FIRST)
    return first + table[(days.astype("datetime64[D]") - first).astype(int)]
