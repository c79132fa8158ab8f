"""What suppliers write is read alike by the plain functions, which tests can follow, and by the expressions that run on Spark."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from spark_jobs.columns.dates import is_invalid_date, local_instant, parse_date, parsed_date
from spark_jobs.columns.money import number, parse_number
from spark_jobs.columns.text import identifier_text, trimmed
from spark_jobs.contracts.patterns import parse_day

DAYS = [
    "20260930", "2026-9-3", "2026/09/30", "2026-09-30T16:30:00Z", "2026-09-30-16.30.00.123456", "115/09/30", "1150930", "46295", "46295.0", "99991231", "00000000", "",
    "  20260930 ", "-", "NULL", "20260230", "2026-13-01", "tomorrow", "30.09.2026", None,
]  # fmt: skip
NUMBERS = [
    "6e+05",
    "-1.5E-2",
    "1e30",
    "6e+123",
    "e5",
    "1234.5",
    "+12",
    "-0.01",
    "1,234,567.89",
    "１２",
    "12-",
    "1e5",
    "(1,234.50)",
    "(-5)",
    "()",
    "",
    "abc",
    None,
    "000000000012345",
]


@pytest.fixture
def said(spark):
    """One text column `said` with these values and their place."""

    def made(values):
        rows = [(n, value) for n, value in enumerate(values)]
        return spark.createDataFrame(rows, "n int, said string")

    return made


def test_a_day_is_read_alike_in_python_and_on_spark(said):
    text = F.col("said")
    read = said(DAYS).select("n", parsed_date(text).alias("day"), is_invalid_date(text).alias("bad"))

    found = [(r["day"], r["bad"]) for r in read.orderBy("n").collect()]

    assert found == [(day, bad) for day, bad in map(parse_date, DAYS)]


@pytest.mark.parametrize("written", ["roc", "excel", "excel1904"])
def test_a_named_way_to_write_days_is_read_alike_in_python_and_on_spark(said, written):
    days = [
        "115/09/30",
        "76-1-2",
        "1150930",
        "1150231",
        "20260930",
        "46295",
        "46295.75",
        "60",
        "59",
        "1",
        "soon",
        "",
        None,
    ]
    read = said(days).select("n", parsed_date(F.col("said"), written).alias("day"))

    found = [r["day"] for r in read.orderBy("n").collect()]

    assert found == [parse_day(text, written) if text else None for text in days]


def test_a_sign_in_the_last_digit_is_read_alike_in_python_and_on_spark(said):
    numbers = ["0000012345{", "00123D", " 00123M ", "}", "00100", "12d", "1{2", "-5", None]
    read = said(numbers).select("n", number(F.col("said"), 2, overpunched=True).alias("amount"))

    found = [r["amount"] for r in read.orderBy("n").collect()]

    assert found == [parse_number(text, 2, overpunched=True) for text in numbers]


@pytest.mark.parametrize("implied", [0, 2])
def test_a_number_is_read_alike_in_python_and_on_spark(said, implied):
    read = said(NUMBERS).select("n", number(F.col("said"), implied).alias("amount"))

    found = [r["amount"] for r in read.orderBy("n").collect()]

    assert found == [parse_number(text, implied) for text in NUMBERS]


def test_local_time_becomes_utc_and_an_explicit_offset_wins(said):
    times = [
        "20260930003000",
        "2026-09-30 00:30:00",
        "2026-09-29T16:30:00Z",
        "2026/9/30 00:30:00",
        "2026-09-30-00.30.00.123456789",
        "2026-09-30-00.30.00",
        "2026-09-29 10:30:00.5-06",
        "2026-02-30 00:30:00",
        "",
    ]
    read = said(times).select(
        "n", F.date_format(local_instant(F.col("said")), "yyyy-MM-dd HH:mm").alias("at")
    )

    found = [r["at"] for r in read.orderBy("n").collect()]

    assert found == ["2026-09-29 16:30"] * 7 + [None, None]


def test_what_people_type_is_folded_and_nothing_stays_nothing(said):
    read = said([" ３３９８　０１x ", "\u3000", None]).select(
        "n", trimmed(F.col("said")).alias("t"), identifier_text(F.col("said")).alias("i")
    )

    found = [(r["t"], r["i"]) for r in read.orderBy("n").collect()]

    assert found == [("３３９８　０１x", "339801X"), (None, None), (None, None)]


def test_an_amount_keeps_its_cents(said):
    read = said(["00000000000012345"]).select(number(F.col("said"), 2).alias("amount"))

    assert read.collect()[0]["amount"] == Decimal("123.45")
