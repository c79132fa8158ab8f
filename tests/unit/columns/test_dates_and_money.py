"""Dates and amounts as suppliers write them."""

from datetime import date
from decimal import Decimal

import pytest

from spark_jobs.columns.dates import parse_date
from spark_jobs.columns.money import from_wan, parse_number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20260930", date(2026, 9, 30)),
        ("2026-09-30", date(2026, 9, 30)),
        ("2026/9/30", date(2026, 9, 30)),
        ("115/09/30", date(2026, 9, 30)),
        ("1150930", date(2026, 9, 30)),
        ("46295", date(2026, 9, 30)),
        ("99991231", date(9999, 12, 31)),
        ("2026-09-30T08:00:00", date(2026, 9, 30)),
    ],
)
def test_a_day_is_read_in_every_dress(text, day):
    assert parse_date(text) == (day, False)


@pytest.mark.parametrize("text", [None, "", "00000000", "  "])
def test_nothing_is_not_invalid(text):
    assert parse_date(text) == (None, False)


@pytest.mark.parametrize("text", ["2026-02-30", "20260230", "20261301", "soon", "115/13/01"])
def test_an_impossible_day_is_invalid(text):
    assert parse_date(text) == (None, True)


@pytest.mark.parametrize(
    ("text", "implied", "value"),
    [
        ("000000000000012345", 2, Decimal("123.45")),
        ("-00000000000012345", 2, Decimal("-123.45")),
        ("+00000018230555123", 2, Decimal("182305551.23")),
        ("001500000", 6, Decimal("1.5")),
        ("1,234.50", 0, Decimal("1234.50")),
        ("12.345678", 0, Decimal("12.345678")),
        ("1.2.3", 0, None),
        ("", 2, None),
    ],
)
def test_amounts_carry_their_implied_decimals(text, implied, value):
    assert parse_number(text, implied) == value


@pytest.mark.requirement("R-ING-23")
def test_ten_thousands_become_yuan_to_the_cent():
    assert from_wan(Decimal("12.345678")) == Decimal("123456.78")
    assert from_wan(Decimal("0.0000005")) == Decimal("0.01")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,56", ",", "1234.56"),
        ("1 234,56-", ",", "-1234.56"),
        ("1'234.50", ".", "1234.50"),
        ("1234.50-", ".", "-1234.50"),
        ("1.234", ",", "1234"),
        ("1,2,3", ",", None),
        ("--5", ".", None),
    ],
)
def test_a_bank_may_write_decimal_commas_and_signs_behind(text, decimal, value):
    assert parse_number(text, decimal=decimal) == (None if value is None else Decimal(value))
