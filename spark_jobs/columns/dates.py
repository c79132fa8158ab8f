"""Dates and instants as suppliers write them → business dates (Asia/Shanghai) and UTC instants.

Defect D38: `99991231` is open and a date, `00000000` and blank are nothing, years of the Republic of China (115/09/30), spreadsheet
serials (46295 = 2026-09-30); what cannot be a day is null, and only that is `date_invalid`.
The same rules twice: in Python, for tests and small things, and as Spark expressions.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.text import bound
from spark_jobs.contracts.patterns import NAMED, ROC_DAY, SERIAL_DAY

ZONE = "Asia/Shanghai"
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_NOTHING = ("", "0", "00000000", "0000-00-00", "00000000000000", "NULL", "null", "-")
_DATE8 = r"^\d{8}$"
_MARKED = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})([T ].*|-\d{2}\.\d{2}\.\d{2}(\.\d+)?)?$"
# DB2's own way, to picoseconds: 2026-09-30-08.15.00.123456. Six places are kept.
DB2_MOMENT = r"^(\d{4}-\d{2}-\d{2})-(\d{2})\.(\d{2})\.(\d{2})(?:(\.\d{1,6})\d{0,6})?$"
_ROC = r"^(\d{2,3})[-/.](\d{1,2})[-/.](\d{1,2})$"
_ROC7 = r"^(\d{3})(\d{2})(\d{2})$"
_SERIAL = r"^\d{5}(\.0+)?$"


def is_nothing(text: str) -> bool:
    """Whether a supplier's text stands for no date at all."""
    return text.strip() in _NOTHING


def parse_date(text: str | None) -> tuple[date | None, bool]:
    """(date, is_invalid). Nothing delivered is (None, False); something that is no day is (None, True)."""
    plain = (text or "").strip()
    if plain in _NOTHING:
        return None, False
    if re.fullmatch(_DATE8, plain, re.ASCII):
        year, month, day = int(plain[:4]), int(plain[4:6]), int(plain[6:])
    elif found := re.fullmatch(_MARKED, plain, re.ASCII):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif found := re.fullmatch(_ROC, plain, re.ASCII) or re.fullmatch(_ROC7, plain, re.ASCII):
        year, month, day = int(found[1]) + 1911, int(found[2]), int(found[3])
    elif re.fullmatch(_SERIAL, plain, re.ASCII):
        return _SPREADSHEET_EPOCH + timedelta(days=int(float(plain))), False
    else:
        return None, True
    try:
        return date(year, month, day), False
    except ValueError:
        return None, True


def _said(text: Column) -> Column:
    """The text trimmed; null where it stands for nothing."""
    return bound(F.trim(text), lambda plain: F.when(~plain.isin(*_NOTHING), plain))


def parsed_date(text: Column, pattern: str | None = None) -> Column:
    """`parse_date` as an expression: a date, null where there is none or it is impossible.

    pattern  the one way in which the supplier writes dates (`dd.MM.yyyy`, `roc`, `excel`, `excel1904`); then no other is tried
    """
    if pattern in NAMED:
        return bound(_said(text), lambda plain: _named(plain, pattern))
    if pattern is not None:
        return F.try_to_timestamp(_said(text), F.lit(pattern)).cast("date")
    return bound(_said(text), _read_date)


def _named(plain: Column, pattern: str) -> Column:
    """`patterns.parse_day` of a named way as an expression."""
    if pattern == "roc":
        said = F.when(plain.rlike(f"^({ROC_DAY})$"), plain)
        day = F.coalesce(
            F.when(plain.rlike(_ROC), _roc(said, _ROC)), F.when(plain.rlike(_ROC7), _roc(said, _ROC7))
        )
        return F.try_to_timestamp(day, F.lit("yyyy-M-d")).cast("date")
    number = F.regexp_extract(F.when(plain.rlike(f"^{SERIAL_DAY}$"), plain), f"^{SERIAL_DAY}$", 1).try_cast(
        "int"
    )
    if pattern == "excel1904":
        return F.date_add(F.lit(date(1904, 1, 1)), number)
    return F.when(number > 60, F.date_add(F.lit(_SPREADSHEET_EPOCH), number)).when(
        (number > 0) & (number < 60), F.date_add(F.lit(date(1899, 12, 31)), number)
    )


def _read_date(plain: Column) -> Column:
    marked = (
        F.when(plain.rlike(_DATE8), F.regexp_replace(plain, r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3"))
        .when(plain.rlike(_MARKED), F.regexp_replace(plain, _MARKED, "$1-$2-$3"))
        .when(plain.rlike(_ROC), _roc(plain, _ROC))
        .when(plain.rlike(_ROC7), _roc(plain, _ROC7))
    )
    serial = F.when(
        plain.rlike(_SERIAL), F.date_add(F.lit(_SPREADSHEET_EPOCH), F.substring(plain, 1, 5).try_cast("int"))
    )
    return F.coalesce(F.try_to_timestamp(marked, F.lit("yyyy-M-d")).cast("date"), serial)


def _roc(plain: Column, pattern: str) -> Column:
    year = F.regexp_extract(plain, pattern, 1).try_cast("int") + F.lit(1911)
    return F.concat_ws(
        "-",
        year.cast("string"),
        F.regexp_extract(plain, pattern, 2),
        F.regexp_extract(plain, pattern, 3),
    )


def is_invalid_date(text: Column, pattern: str | None = None) -> Column:
    """True where something was delivered that is no day (reason `date_invalid`)."""
    return bound(text, lambda t: _said(t).isNotNull() & parsed_date(t, pattern).isNull())


def local_instant(text: Column, zone: str = ZONE, pattern: str | None = None) -> Column:
    """`yyyyMMddHHmmss`, or a date and time with separators (DB2's, too), in local time → UTC. An explicit offset or `Z` wins.

    pattern  the one way in which the supplier writes local time (`dd.MM.yyyy HH:mm:ss`); then no other is tried
    """
    if pattern is not None:
        return F.to_utc_timestamp(F.try_to_timestamp(_said(text), F.lit(pattern)), zone)
    return bound(_said(text), lambda plain: _read_instant(plain, zone))


def _read_instant(plain: Column, zone: str) -> Column:
    packed = F.try_to_timestamp(F.when(plain.rlike(r"^\d{14}$"), plain), F.lit("yyyyMMddHHmmss"))
    is_dated = plain.rlike(r"^\d{4}-\d{1,2}-\d{1,2}([T ]|$)")
    with_offset = plain.rlike(r"(Z|[+-]\d{2}(:?\d{2})?)$") & plain.rlike(r"[T ]\d")
    dashed = F.regexp_replace(plain, r"^(\d{4})/(\d{1,2})/(\d{1,2})", "$1-$2-$3")
    dashed = F.regexp_replace(dashed, DB2_MOMENT, "$1 $2:$3:$4$5")
    absolute = F.when(with_offset, plain).try_cast("timestamp")
    local = F.coalesce(packed, F.when(is_dated | (dashed != plain), dashed).try_cast("timestamp"))
    return F.coalesce(absolute, F.to_utc_timestamp(F.when(~with_offset, local), zone))


def utc_instant(text: Column) -> Column:
    """Date and time with separators, in UTC also where it does not say so."""
    return _said(text).try_cast("timestamp")


def epoch_instant(millis: Column) -> Column:
    """Milliseconds since 1970 UTC → instant."""
    return F.timestamp_millis(millis.try_cast("bigint"))


def local_date(instant: Column, zone: str = ZONE) -> Column:
    """The day it is in the bank's zone at a UTC instant: 2026-09-29T16:30Z is 2026-09-30."""
    return F.from_utc_timestamp(instant, zone).cast("date")
