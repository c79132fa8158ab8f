"""Sums by the bytes of fixed-width records are those of their values, whatever stands in the file beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.bronze.records import read
from spark_jobs.bronze.tally import SUM_DECIMALS, Tallies
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Control, Delivery, Layout, Marks, SourceContract, SourceField, Sum

SUMS = {
    "all": Sum("amt"),
    "debit": Sum("amt", {"flag": ("D",)}),
    "other": Sum("amt", {"flag": ("D", "C")}, {"ccy": ("156", "CNY")}),
    "charged": Sum("amt", only="positive"),
    "back": Sum("amt", {}, {"flag": ("D",)}, only="negative", without_sign=True),
    "turnover": Sum("amt", without_sign=True),
    "rate": Sum("rate", {"flag": ("D",)}),
}
FIELDS = {"flag": (2, 2), "ccy": (3, 5), "name": (6, 13), "amt": (14, 31), "rate": (32, 40)}
TYPES = {"amt": "implied2", "rate": "number"}


def feed() -> SourceContract:
    """One line of 40 bytes: kind D (Z: of another feed), side, currency, name, amount in cents, rate."""
    fields = tuple(
        SourceField(name, TYPES.get(name, "string"), PrivacyClass.C1, at=at) for name, at in FIELDS.items()
    )
    layout = Layout("fixed", "gb18030", 40, marks=Marks(("D",), ("Z",), at=(1, 1)))
    delivery = Delivery("X", "X_{date}.dat", None, "full", "06:00", False, False, False)
    control = Control(re.compile(""), sums=SUMS)
    return SourceContract(
        "x__x", "x", delivery, layout, (), fields, controls=(control,), set_aside={"name": ("合计", "*小计")}
    )


AMOUNTS = st.one_of(
    st.integers(-(10**17) + 1, 10**17 - 1).map(lambda n: f"{n:+018d}".encode()),
    st.integers(-(10**7), 10**7).map(lambda n: str(n).rjust(18).encode()),
    st.sampled_from([
        b" " * 18, b"12".ljust(18), b" 12 ".ljust(18), b"9" * 18, b"1-2".zfill(18), b"--".ljust(18, b"1"), b"+".rjust(18), b"1,234.50".rjust(18),
        b"12-".rjust(18), b"-  12".rjust(18), b"\xa1\xa1" * 7 + b"+012", b"\x00" * 18, b"\xff" + b"1" * 17, b"0" * 18, b"-" + b"0" * 17,
    ]),
)  # fmt: skip
RATES = st.sampled_from([b"+00000012", b"   0.1250", b"1e3      ", b"         ", b"-1       ", b"-00000007"])
NAMES = st.sampled_from(["张伟", "合 计", "上半年小计", "a"]).map(
    lambda name: name.encode("gb18030").ljust(8)[:8]
) | st.sampled_from([b"\xd5\xc5\xff\xff    ", b"abcdefg\xd5", b"\x00bcdefgh"])
RECORDS = st.builds(
    lambda *pieces: b"".join(pieces),
    st.sampled_from([b"D", b"D", b"D", b"Z", b"Q"]),
    st.sampled_from([b"D", b"C", b" ", b"\xd5"]),
    st.sampled_from([b"156", b"CNY", b"USD", b"   ", b"\xd5\xc5 "]),
    NAMES,
    AMOUNTS,
    RATES,
)
CUT = st.builds(lambda record, stop: record[:stop], RECORDS, st.integers(1, 39))
LINES = st.lists(RECORDS | CUT | st.builds(lambda r: r + b"x", RECORDS), max_size=25)


def by_bytes(content: bytes, source: SourceContract) -> dict[str, int]:
    """All lines at once."""
    data = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(data == 10)
    tallies = Tallies(source)
    tallies.add_all(data, np.concatenate(([0], ends[:-1] + 1)), ends)
    return tallies.sums


@settings(max_examples=150)
@given(lines=LINES, ends=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=25, max_size=25))
def test_a_piece_adds_up_to_what_its_records_do_one_by_one_readable_or_not(
    lines: list[bytes], ends: list[bytes]
) -> None:
    one_by_one = Tallies(feed())
    for line in lines:
        one_by_one.add(line)

    content = b"".join(line + end for line, end in zip(lines, ends, strict=False))
    assert by_bytes(content, feed()) == one_by_one.sums


def obvious(values: list[str | None]) -> dict[str, Decimal]:
    """What a record that can be read adds to each sum."""
    flag, currency, _, amount, rate = values
    cents = parse_number(amount, 2) or Decimal(0)
    return {
        "all": cents,
        "debit": cents if flag == "D" else Decimal(0),
        "other": cents if flag in ("D", "C") and currency not in ("156", "CNY") else Decimal(0),
        "charged": max(cents, Decimal(0)),
        "back": -min(cents, Decimal(0)) if flag != "D" else Decimal(0),
        "turnover": abs(cents),
        "rate": (parse_number(rate) or Decimal(0)) if flag == "D" else Decimal(0),
    }


@settings(max_examples=150)
@given(lines=LINES)
def test_sums_by_bytes_are_those_of_the_values_that_are_read(lines: list[bytes]) -> None:
    content = b"".join(line + b"\n" for line in lines)
    readable = [r for r in read(content, feed()) if r.values is not None]
    expected = dict.fromkeys(SUMS, Decimal(0))
    for record in readable:
        for name, amount in obvious(record.values or []).items():
            expected[name] += amount

    found = by_bytes(b"".join(r.raw + b"\n" for r in readable), feed())

    assert {name: Decimal(units).scaleb(-SUM_DECIMALS) for name, units in found.items()} == expected


@pytest.mark.parametrize(
    ("line", "cents"),
    [
        (b"DD156" + "张伟".encode("gb18030").ljust(8) + b"%018d" % 700 + b" " * 9, 700),
        (b"DD156" + b"\xff".ljust(8) + b"%018d" % 700 + b" " * 9, 700),  # a name that is no text
        (b"DD156" + b"x" * 8 + b"%018d" % 700, 700),  # cut behind the amount
        (b"ZD156" + b"x" * 8 + b"%018d" % 700 + b" " * 9, 0),  # of another feed
        (b"DD156" + "合计".encode("gb18030").ljust(8) + b"%018d" % 700 + b" " * 9, 0),  # a sum, set aside
    ],
)
def test_a_record_counts_with_the_amount_at_its_place_even_where_it_cannot_be_read(
    line: bytes, cents: int
) -> None:
    assert by_bytes(line + b"\n", feed())["debit"] == cents * 10 ** (SUM_DECIMALS - 2)


def test_a_number_that_means_unknown_adds_nothing_and_a_sign_in_the_last_digit_is_a_sign() -> None:
    fields = {f.name: f for f in feed().fields}
    fields["amt"] = replace(fields["amt"], null=("9" * 18,))
    fields["rate"] = replace(fields["rate"], is_overpunched=True)
    lines = [
        b"DD156" + b"x" * 8 + b"9" * 18 + b"00000012{",
        b"DD156" + b"x" * 8 + b"%018d" % 5 + b"00000001J",
    ]

    found = by_bytes(b"".join(line + b"\n" for line in lines), replace(feed(), fields=tuple(fields.values())))

    assert (found["all"], found["rate"]) == (5 * 10**4, (120 - 11) * 10**6)
