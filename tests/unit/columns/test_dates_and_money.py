"""Dates and amounts as suppliers write them."""

from datetime import date
from decimal import Decimal

import pytest

from spark_jobs.columns.dates import parse_date
from spark_jobs.columns.money import UNITS, in_yuan, parse_number
from spark_jobs.contracts.patterns import name_pattern, named, parse_day


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
        ("6e+05", 0, Decimal(600000)),
        ("-1.5E-2", 0, Decimal("-0.015")),
        ("6e+123", 0, None),
        ("e5", 0, None),
        ("1.2.3", 0, None),
        ("", 2, None),
    ],
)
def test_amounts_carry_their_implied_decimals(text, implied, value):
    assert parse_number(text, implied) == value


@pytest.mark.requirement("R-ING-23")
def test_ten_thousands_become_yuan_to_the_cent():
    assert in_yuan(Decimal("12.345678"), UNITS["wan"]) == Decimal("123456.78")
    assert in_yuan(Decimal("0.0000005"), UNITS["wan"]) == Decimal("0.01")
    assert in_yuan(Decimal(12345), UNITS["fen"]) == Decimal("123.45")


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,56", ",", "1234.56"),
        ("1 234,56-", ",", "-1234.56"),
        ("1'234.50", ".", "1234.50"),
        ("1234.50-", ".", "-1234.50"),
        ("(1,234.50)", ".", "-1234.50"),
        ("(-5)", ".", None),
        ("1.234", ",", "1234"),
        ("1,2,3", ",", None),
        ("--5", ".", None),
    ],
)
def test_a_bank_may_write_decimal_commas_and_signs_behind(text, decimal, value):
    assert parse_number(text, decimal=decimal) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("text", "written", "day"),
    [
        ("115/09/30", "roc", date(2026, 9, 30)),
        ("1150930", "roc", date(2026, 9, 30)),
        ("76-1-2", "roc", date(1987, 1, 2)),
        ("1150231", "roc", None),
        ("20260930", "roc", None),
        ("46295", "excel", date(2026, 9, 30)),
        ("46295.75", "excel", date(2026, 9, 30)),
        ("1", "excel", date(1900, 1, 1)),
        ("59", "excel", date(1900, 2, 28)),
        ("60", "excel", None),
        ("61", "excel", date(1900, 3, 1)),
        ("0", "excel", None),
        ("44833", "excel1904", date(2026, 9, 30)),
        ("0", "excel1904", date(1904, 1, 1)),
        ("9999999", "excel", None),
        ("20260930", "excel1904", None),
    ],
)
def test_a_day_is_read_in_the_one_way_that_is_declared(text, written, day):
    assert parse_day(text, written) == day


def test_a_file_may_be_named_by_a_year_of_the_republic():
    assert name_pattern("cif_{date:roc}.txt").fullmatch("cif_1150930.txt")["day"] == "1150930"
    assert named("cif_{date:roc}.txt", date(2026, 9, 30)) == "cif_1150930.txt"


@pytest.mark.parametrize(
    ("text", "value"),
    [("0000012345{", "1234.50"), ("00123D", "12.34"), ("00123M", "-12.34"), ("}", "0.00"), ("00100", "1.00"), ("12d", None), ("1{2", None)],
)  # fmt: skip
def test_the_last_digit_of_a_cobol_number_bears_its_sign(text, value):
    read = parse_number(text, 2, overpunched=True)

    assert read == (None if value is None else Decimal(value))
    assert parse_number("0012{", 2) is None


def test_a_number_of_more_digits_than_any_column_is_none():
    assert parse_number("9" * 22) == Decimal("9" * 22)
    assert parse_number("9" * 23) is None
    assert parse_number("9" * 5000) is None
