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
    """HOLIDAY of the year around, FX of the day, REGION_CODE."""
    start = date(first.year - 1, 1, 1)
    days = [start + timedelta(days=n) for n in range((date(first.year + 1, 12, 31) - start).days + 1)]
    holidays = _csv("HOLIDAY", day, "date,kind,name", [f"{d},{calendar.kind(d)}," for d in days])
    fx = _csv("FX", day, "ccy,date,mid", [f"{c},{day},{rate(seed, c, day)}" for c in sorted(_RATES)])
    return [holidays, fx, _csv("REGION_CODE", day, "code,name,parent,eff_from,eff_to", _regions())]


# Binjiang's divisions do not exist: no resident id of a living person begins with 3398. The others are real and serve the documents of
# people from elsewhere; the third began and one ended within living memory.
REGIONS = (
    ("330000", "浙江省", "", "1949-10-01", "9999-12-31"), ("339800", "滨江市", "330000", "1980-01-01", "9999-12-31"),
    ("339801", "望潮区", "339800", "1980-01-01", "9999-12-31"), ("339802", "晴川区", "339800", "1980-01-01", "9999-12-31"),
    ("339803", "临港区", "339800", "1980-01-01", "9999-12-31"), ("339821", "云栖县", "339800", "1980-01-01", "9999-12-31"),
    ("339822", "听涛县", "339800", "1980-01-01", "2012-12-31"), ("339899", "滨江市其他", "339800", "1980-01-01", "9999-12-31"),
    ("110000", "北京市", "", "1949-10-01", "9999-12-31"), ("110105", "朝阳区", "110000", "1958-01-01", "9999-12-31"),
    ("330100", "杭州市", "330000", "1949-10-01", "9999-12-31"), ("330102", "上城区", "330100", "1949-10-01", "9999-12-31"),
    ("810000", "香港特别行政区", "", "1997-07-01", "9999-12-31"), ("820000", "澳门特别行政区", "", "1999-12-20", "9999-12-31"),
    ("830000", "台湾地区", "", "2018-09-01", "9999-12-31"),
)  # fmt: skip


def _regions() -> list[str]:
    return [",".join(region) for region in REGIONS]
