"""Worked phone numbers of the demo-bank page."""

import pytest

from spark_jobs.columns.phones import parse_phone


@pytest.mark.parametrize(
    ("text", "norm", "kind", "country"),
    [
        ("+86 154-0000-1234", "+8615400001234", "mobile", "86"),
        ("0086 15400001234", "+8615400001234", "mobile", "86"),
        ("08615400001234", "+8615400001234", "mobile", "86"),
        ("015400001234", "+8615400001234", "mobile", "86"),
        ("15400001234", "+8615400001234", "mobile", "86"),
        ("１５４００００１２３４", "+8615400001234", "mobile", "86"),
        ("0571-8888 0000", "+8657188880000", "landline", "86"),
        ("057188880000", "+8657188880000", "landline", "86"),
        ("+86 571 8888 0000", "+8657188880000", "landline", "86"),
        ("852 5123 4567", "+85251234567", "mobile", "852"),
        ("+852-5123-4567", "+85251234567", "mobile", "852"),
        ("00853 6612 3456", "+85366123456", "mobile", "853"),
        ("+886 0912 345 678", "+886912345678", "mobile", "886"),
        ("886912345678", "+886912345678", "mobile", "886"),
        ("+1 415 555 2671", "+14155552671", "mobile", "1"),
        ("1.5400001234E+10", "+8615400001234", "mobile", "86"),
    ],
)
def test_numbers_become_e164(text, norm, kind, country):
    found = parse_phone(text)
    assert (found.norm, found.kind_code, found.country_code) == (norm, kind, country)
    assert not found.is_placeholder
    assert not found.is_masked


@pytest.mark.parametrize(
    ("text", "norm", "kind"),
    [
        ("0151 23456789", "+4915123456789", "mobile"),
        ("030 901820", "+4930901820", "landline"),
        ("0041 44 668 18 00", "+41446681800", "landline"),
        ("+8615123456789", "+8615123456789", "mobile"),
    ],
)
def test_a_german_bank_reads_bare_numbers_as_german(text, norm, kind):
    found = parse_phone(text, region="DE")
    assert (found.norm, found.kind_code) == (norm, kind)


@pytest.mark.parametrize(
    ("text", "region", "norm"),
    [
        ("9123 4567", "HK", "+85291234567"), ("0938 266 312", "HK", "+886938266312"), ("0938-266-312", "TW", "+886938266312"),
        ("9123 4567", "TW", "+85291234567"), ("154 0000 1234", "HK", "+8615400001234"),
    ],
)  # fmt: skip
def test_in_hong_kong_macau_and_taiwan_numbers_of_each_other_are_known(text, region, norm):
    assert parse_phone(text, region=region).norm == norm


@pytest.mark.parametrize(
    "text", ["13800138000", "00000000000", "11111111111", "08613800138000", "+8613800138000"]
)
def test_placeholders_are_no_numbers(text):
    found = parse_phone(text)
    assert (found.norm, found.is_placeholder) == (None, True)


@pytest.mark.parametrize(
    ("text", "masked"),
    [("154****1234", "154****1234"), ("+86 154****1234", "154****1234"), ("0086154****1234", "154****1234"), ("0154****1234", "154****1234"),
     ("154＊＊＊＊1234", "154****1234"), ("１５４＊＊＊＊１２３４", "154****1234"), ("154-****-1234", "154****1234"), ("1540***1234", "1540***1234")],
)  # fmt: skip
def test_a_masked_number_keeps_what_can_be_compared(text, masked):
    found = parse_phone(text)
    assert (found.norm, found.is_masked, found.masked, found.kind_code) == (None, True, masked, "mobile")


def test_a_rounded_number_is_lost():
    assert parse_phone("1.38E+10") == parse_phone("1.380E+10")
    assert parse_phone("1.38E+10").reason_code == "phone_lossy"


@pytest.mark.parametrize("text", ["88880000", "abc", "123"])
def test_what_is_no_number_says_so(text):
    found = parse_phone(text)
    assert (found.norm, found.reason_code) == (None, "phone_invalid")


@pytest.mark.parametrize("text", [None, "", "   "])
def test_blank_is_nothing_and_no_error(text):
    assert parse_phone(text).reason_code is None
