"""Control checks: a file that is not what its supplier declares never loads, and the reason is named."""

import hashlib
from datetime import date

import pytest

from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.discovery import Listed
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import SHIPPED_CONF

DAY = date(2026, 9, 30)
BALANCES = load_sources((SHIPPED_CONF,))["core__acct_bal"]


def row(number: int, cents: int, currency: str = "156") -> bytes:
    sign = "-" if cents < 0 else "+"
    amount = f"{sign}{abs(cents):017d}"
    return f"D{number:<22}20260930{currency}{amount}{amount}{0:017d}{0:017d}{amount}\n".encode()


def trailer(rows: int, cny: int, other: int = 0, day: str = "20260930") -> bytes:
    def money(cents: int) -> str:
        return f"{'-' if cents < 0 else '+'}{abs(cents):022d}"

    return f"T{'ACCT_BAL':<10}{day}{rows:012d}{money(cny)}{money(other)}".ljust(122).encode() + b"\n"


def told(content: bytes, rows: int) -> Listed:
    return Listed(rows, 122, hashlib.md5(content).hexdigest(), "GB18030")


def reason(content: bytes, rows: int = 2) -> str | None:
    return verify(content, BALANCES, DAY, told(content, rows), None).reason


GOOD = row(1, 12345) + row(2, 500, "USD") + trailer(2, 12345, 500)


def test_a_file_that_is_as_declared_may_load():
    assert reason(GOOD) is None


@pytest.mark.requirement("R-ING-04", "R-OPS-06")
def test_one_cent_too_few_holds_the_feed():
    assert reason(row(1, 12344) + row(2, 500, "USD") + trailer(2, 12345, 500)) == "control_total_sum1"


def test_one_row_too_few_holds_the_feed():
    assert reason(row(1, 12345) + trailer(1, 12345), rows=2) == "row_count"


def test_yesterdays_file_under_todays_name_is_never_redated():
    assert (
        reason(row(1, 12345) + row(2, 500, "USD") + trailer(2, 12345, 500, "20260929"))
        == "date_mismatch_control"
    )


def test_other_bytes_than_listed_hold_the_feed():
    assert verify(GOOD, BALANCES, DAY, told(GOOD + b" ", 2), None).reason == "md5"


def test_a_file_cut_at_any_byte_never_loads():
    listed = told(GOOD, 2)

    passed = [n for n in range(len(GOOD)) if verify(GOOD[:n], BALANCES, DAY, listed, None).reason is None]

    assert passed == []


def test_a_file_cut_at_any_byte_is_found_even_without_a_checksum():
    passed = [n for n in range(len(GOOD) - 1) if verify(GOOD[:n], BALANCES, DAY, None, None).reason is None]

    # Only the trailer's own padding may be missing: every record and every sum is still there.
    assert all(n > len(GOOD) - 60 for n in passed)
