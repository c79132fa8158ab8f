"""A record read with a rule out of force: what is plain loads, what nobody can know stays aside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spark_jobs.bronze.records import read
from spark_jobs.bronze.without_rule import RULES, read_without
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract, SourceField


def source(kind: str = "delimited", **layout) -> SourceContract:
    """Account, amount, opening date, remark; in fixed width of 4, 6, 8 and 6 bytes."""
    places = ((1, 4), (5, 10), (11, 18), (19, 24)) if kind == "fixed" else (None,) * 4
    kinds = zip(
        ("acct_no", "amt", "opened", "remark"), ("string", "number", "date", "string"), places, strict=True
    )
    fields = tuple(SourceField(n, t, PrivacyClass.FINANCIAL, at, source_name=n) for n, t, at in kinds)
    given = {
        "kind": kind,
        "encoding": "utf-8",
        "separator": "|",
        "record_bytes": 24 if kind == "fixed" else 0,
    } | layout
    delivery = Delivery("X", "X_{date}.txt", None, "full", "06:00", False, False, False)
    return SourceContract("x__x", "x", delivery, Layout(**given), ("acct_no",), fields, not_null=("amt",))


@pytest.mark.parametrize(
    ("rule", "raw", "values"),
    [
        ("replacement_character", "A1|7|20260930|\ufffd", ["A1", "7", "20260930", "\ufffd"]),
        ("private_use_unknown", "A1|7|20260930|\ue863", ["A1", "7", "20260930", "\ue863"]),
        ("column_count", "A1|7|20260930", ["A1", "7", "20260930", None]),
        ("column_count", "A1|7", ["A1", "7", None, None]),
        ("column_count", "A1|7|20260930|x||", ["A1", "7", "20260930", "x"]),
        ("record_too_long", "A1|7|20260930|" + "x" * 30, ["A1", "7", "20260930", "x" * 30]),
    ],
)
def test_a_record_that_breaks_one_rule_reads_without_it_and_not_without_another(rule, raw, values):
    feed = source(longest_record=40)
    (came,) = read(raw.encode() + b"\n", feed)
    assert (came.values, came.reasons) == (None, [rule])

    assert read_without((rule,), raw.encode(), feed).values == values

    for other in {*RULES} - {rule}:
        kept = read_without((other,), raw.encode(), feed)
        assert (kept.values, kept.reasons) == (None, [rule])


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        # A remark with the separator in it, and a field that is missing in the middle: both move what stands behind.
        ("A1|7|20260930|pay|back", ["column_count"]),
        ("A1|20260930|x", ["date_invalid"]),
        ("A1|x|20260930", ["no_number:amt"]),
        ("A1", ["empty:amt"]),
        ("|7|20260930", ["empty:acct_no"]),
    ],
)
def test_fields_that_may_have_moved_keep_a_record_aside_whatever_is_excepted(raw, why):
    kept = read_without(RULES, raw.encode(), source())

    assert (kept.values, kept.reasons) == (None, why)


@pytest.mark.parametrize(
    "raw", [b"A1  000700", b"A1  00070020260930", b"A1  00070020260930      " + b" " * 6]
)
def test_blanks_that_a_transfer_took_off_the_end_or_put_there_change_nothing(raw):
    feed = source("fixed")
    (came,) = read(raw + b"\n", feed)
    assert came.reasons == ["record_length"]

    made = read_without(("record_length",), raw, feed)

    assert made.values[:2] == ["A1", "000700"]
    assert made.values[2] == (None if len(raw) == 10 else "20260930")


def test_what_stands_behind_a_record_of_fixed_width_is_no_blank_and_stays_aside():
    kept = read_without(RULES, b"A1  00070020260930      more", source("fixed"))

    assert (kept.values, kept.reasons) == (None, ["record_length"])


def test_two_rules_out_of_force_serve_one_record():
    raw = "A1|7|20260930|\ufffd\ue863".encode()

    assert read_without(("replacement_character",), raw, source()).reasons == ["private_use_unknown"]
    assert read_without(RULES, raw, source()).reasons == ["private_use_unknown", "replacement_character"]


def test_a_record_of_which_only_the_beginning_was_kept_is_never_read():
    kept = read_without(RULES, b"A1|7|20260930|x", source(longest_record=40), size=20 * 1024**2)

    assert (kept.values, kept.reasons) == (None, ["record_too_long"])


def test_half_a_character_and_a_torn_quote_are_read_without_no_rule():
    eaten = "A1|7|20260930|瑋|".encode("gb18030").replace(b"\xac\x7c", b"\xac", 1)
    half = read_without(RULES, eaten.replace(b"20260930|", b"", 1), source(encoding="gb18030"))
    assert (half.values, half.reasons) == (None, ["half_character"])
    torn = read_without(
        RULES, b'A1|7|20260930|"x', replace(source(), layout=replace(source().layout, quote=True))
    )
    assert (torn.values, torn.reasons) == (None, ["quote_unbalanced"])
