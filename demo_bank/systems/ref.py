"""REF, the data office's reference lists: CSV in UTF-8 with a header."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from demo_bank import calendar
from demo_bank.packages import Inner
from demo_bank.streams import stream

SYSTEM = "REF"
ARRIVES = time(0, 5)
_RATES = {"USD": 7.1, "HKD": 0.91, "EUR": 7.9, "TWD": 0.22}


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def _csv(name: str, day: date, header: str, rows: list[str]) -> Inner:
    content = "\n".join([header, *rows]) + "\n"
    return Inner(f"{name}_{day:%Y%m%d}.csv", content.encode("utf-8"), len(rows), 0, "UTF-8")


def rate(seed: int, currency: str, day: date) -> str:
    """Mid rate to CNY with eight decimals; drifts a little from day to day, the same for every run."""
    moved = stream(seed, "REF", "FX", currency, day).normal(0, 0.002)
    return f"{_RATES[currency] * (1 + moved):.8f}"


def package(seed: int, first: date, day: date) -> list[Inner]:
    """HOLIDAY of the year around, FX of the day."""
    start = date(first.year - 1, 1, 1)
    days = [start + timedelta(days=n) for n in range((date(first.year + 1, 12, 31) - start).days + 1)]
    holidays = _csv("HOLIDAY", day, "date,kind,name", [f"{d},{calendar.kind(d)}," for d in days])
    fx = _csv("FX", day, "ccy,date,mid", [f"{c},{day},{rate(seed, c, day)}" for c in sorted(_RATES)])
    return [holidays, fx]
