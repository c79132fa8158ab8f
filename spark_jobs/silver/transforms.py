"""Named transforms of maps: what the closed list of expressions cannot say. Each is Column(s) → Column."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.dates import ZONE, epoch_instant, local_date, local_instant, parsed_date
from spark_jobs.columns.text import identifier_text


def month_start(text: Column) -> Column:
    """`202609` or `2026-09` → 2026-09-01."""
    digits = F.regexp_replace(text, r"\D", "")
    return F.try_to_timestamp(F.concat(F.substring(digits, 1, 6), F.lit("01")), F.lit("yyyyMMdd")).cast(
        "date"
    )


def region_level(code: Column) -> Column:
    """Division codes end in zeros: 330000 is a province, 330100 a city, 330102 a county. Null for null."""
    levels = F.when(code.endswith("0000"), "province").when(code.endswith("00"), "city")
    return levels.when(code.isNotNull(), "county")


def last_four(text: Column) -> Column:
    """Last four characters behind asterisks."""
    return F.concat(F.lit("****"), F.right(text, F.lit(4)))


def date_and_time(day: Column, clock: Column, zone: str = ZONE) -> Column:
    """A date and `HHmmss` in local time → UTC instant."""
    packed = F.concat(F.date_format(day, "yyyyMMdd"), F.lpad(clock, 6, "0"))
    return local_instant(packed, zone)


def or_null_when_zero(value: Column) -> Column:
    """The number, null where zero stands for none."""
    return F.when(value != 0, value)


def inverse(value: Column) -> Column:
    """One divided by the number, to 8 decimals: for rates that say how much of another currency one of ours buys. Null for zero."""
    return F.try_divide(F.lit(1).cast("decimal(20,10)"), value.cast("decimal(20,10)")).cast("decimal(18,8)")


def false_when_given(value: Column) -> Column:
    """False where there is a value, null where there is none: for flags that make no sense without it."""
    return F.when(value.isNotNull(), F.lit(False))


def page_schema(page: Column) -> Column:
    """Version of the mobile bank's page record: v1 has no page name."""
    return F.when(page.isNotNull(), "v2").otherwise("v1")


def is_open_ended(end: Column) -> Column:
    """True where no end was given, or the open date 9999-12-31."""
    return end.isNull() | (F.year(end) == 9999)


# These read or give local time, and get the bank's zone.
ZONED = ("date_and_time", "local_date")
TRANSFORMS: Mapping[str, Callable[..., Column]] = {
    "first_of": lambda *values: F.coalesce(*values),
    "local_date": local_date,
    "parsed_date": parsed_date,
    "epoch_ms": epoch_instant,
    "month_start": month_start,
    "region_level": region_level,
    "last_four": last_four,
    "date_and_time": date_and_time,
    "identifier_text": identifier_text,
    "inverse": inverse,
    "or_null_when_zero": or_null_when_zero,
    "false_when_given": false_when_given,
    "page_schema": page_schema,
    "is_open_ended": is_open_ended,
    "present": lambda value: F.when(value.isNotNull(), "present"),
    "lower": lambda text: F.lower(text),
    "is_before": lambda one, other: one < other,
    "is_given": lambda value: value.isNotNull(),
    "greater_than_one": lambda value: value.try_cast("int") > F.lit(1),
    "per_cent": lambda value: value / F.lit(100),
}
