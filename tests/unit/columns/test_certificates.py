"""Worked values of the demo-bank page, certificates and identifiers. None belongs to a person."""

from datetime import date

import pytest

from spark_jobs.columns.certificates import (
    check_digit,
    declared_kinds,
    is_taiwan_id,
    parse_certificate,
    to_18_digits,
)
from spark_jobs.errors import ContractError


def test_published_specimen_is_valid():
    found = parse_certificate("01", "11010519491231002X")
    assert (found.checksum_code, found.class_code) == ("valid", "strong")
    assert found.birth_date == date(1949, 12, 31)


def test_a_wrong_check_digit_never_links():
    found = parse_certificate("01", "110105194912310021")
    assert (found.checksum_code, found.class_code, found.match_value) == ("invalid", "blocked", None)


def test_fifteen_digits_become_eighteen_and_keep_where_they_come_from():
    assert to_18_digits("330102850607005") == "330102198506070059"
    found = parse_certificate("02", "330102850607005")
    assert (found.kind_code, found.value_norm, found.derived_code) == ("01", "330102198506070059", "from_15")
    assert (found.class_code, found.checksum_code) == ("strong", "valid")


def test_a_spreadsheet_that_kept_fifteen_digits_is_told_apart_from_a_typing_error():
    found = parse_certificate("01", "330102198506070000")
    assert (found.checksum_code, found.reason_code) == ("invalid", "id_precision")


@pytest.mark.parametrize(
    ("first_17", "whole", "sex"),
    [
        ("33980119900307001", "339801199003070019", "M"),
        ("33980119900307002", "339801199003070027", "F"),
        ("33980219620115003", "339802196201150039", "M"),
    ],
)
def test_check_digit_and_sex_follow_the_standard(first_17, whole, sex):
    assert first_17 + check_digit(first_17) == whole
    assert parse_certificate("01", whole).sex_code == sex


def test_birth_date_is_read_from_the_number():
    assert parse_certificate("01", "339802196201150039").birth_date == date(1962, 1, 15)


def test_residence_permit_of_hong_kong_is_strong():
    found = parse_certificate("08", "81000019900101001" + check_digit("81000019900101001"))
    assert (found.class_code, found.region_code) == ("strong", "810000")


def test_twins_have_two_valid_numbers_that_differ():
    one, other = (parse_certificate("01", n) for n in ("339801198512013026", "339801198512013018"))
    assert one.checksum_code == other.checksum_code == "valid"
    assert one.match_value != other.match_value


def test_full_width_digits_are_folded_and_flagged():
    found = parse_certificate("01", "３３９８０１１９９００３０７００１９")
    assert (found.value_norm, found.is_folded) == ("339801199003070019", True)


def test_lower_case_x_and_spaces_are_folded():
    found = parse_certificate("01", "110105 19491231 002x")
    assert (found.value_norm, found.checksum_code) == ("11010519491231002X", "valid")


def test_a_renewed_home_return_permit_matches_its_predecessor():
    first, second = (parse_certificate("06", n) for n in ("H1234567801", "H1234567802"))
    assert first.match_value == second.match_value == "H12345678"
    assert first.value_norm != second.value_norm


def test_a_taiwan_permit_matches_by_its_first_eight_digits():
    assert (
        parse_certificate("07", "1234567801A").match_value
        == parse_certificate("07", "12345678").match_value
        == "12345678"
    )


HONG_KONG, MACAU, TAIWAN = (
    n + check_digit(n) for n in ("81000019900101001", "82000019880505002", "83000019751231003")
)


@pytest.mark.parametrize(
    ("kind", "value", "match_value", "worth", "reason"),
    [
        # home-return permits of Hong Kong and Macau: nine characters, and two more that count renewals
        ("06", "H12345678", "H12345678", "medium", None),
        ("06", "m1234567803", "M12345678", "medium", None),
        ("06", "Ｈ１２３４５６７８０１", "H12345678", "medium", None),
        ("06", "H1234 5678 01", "H12345678", "medium", None),
        ("06", "X12345678", "X12345678", "weak", "id_shape"),
        ("06", "H1234567", "H1234567", "weak", "id_shape"),
        # Taiwan permits: eight digits; older ones two more and a letter
        ("07", "12345678", "12345678", "medium", None),
        ("07", "1234567802B", "12345678", "medium", None),
        ("07", "1234567", "1234567", "weak", "id_shape"),
        # residence permits: as resident ids, under 81, 82 and 83
        ("08", HONG_KONG, HONG_KONG, "strong", None),
        ("08", MACAU, MACAU, "strong", None),
        ("08", TAIWAN, TAIWAN, "strong", None),
        ("08", "339801199003070019", None, "blocked", "id_checksum"),
        # foreign permanent residence: fifteen characters, since 2023 eighteen digits
        ("10", "USA123456789012", "USA123456789012", "medium", None),
        ("10", "us123456789012", "US123456789012", "weak", "id_shape"),
        # passports
        ("04", "e12345678", "E12345678", "medium", None),
        ("04", "EA1234567", "EA1234567", "medium", None),
        ("04", "G12345678", "G12345678", "medium", None),
        ("05", "K 1234567 A", "K1234567A", "medium", None),
    ],
)
def test_permits_match_by_what_a_renewal_keeps(kind, value, match_value, worth, reason):
    found = parse_certificate(kind, value)
    assert (found.match_value, found.class_code, found.reason_code) == (match_value, worth, reason)


@pytest.mark.parametrize(
    ("first_17", "worth"),
    [
        ("51020219700101001", "strong"),  # Chongqing while it lay in Sichuan, until 1997
        ("11010319700101001", "strong"),  # Chongwen, until 2010
        ("33980119700101001", "strong"),  # no division ever: a generated person
        ("99010119700101001", "blocked"),  # no province has this number
        ("71000019700101001", "strong"),
    ],
)
def test_a_number_keeps_the_division_of_the_day_it_was_given_out(first_17, worth):
    found = parse_certificate("01", first_17 + check_digit(first_17))
    assert (found.class_code, found.region_code) == (worth, first_17[:6] if worth == "strong" else None)


def test_taiwan_id():
    assert is_taiwan_id("A123456789")
    assert not is_taiwan_id("A123456788")
    assert parse_certificate("20", "A123456789").class_code == "strong"
    assert parse_certificate("20", "A123456788").class_code == "blocked"


def test_an_impossible_birth_date_is_invalid_whatever_the_check_digit():
    number = "33980119900230001"
    assert parse_certificate("01", "339801199002300019").checksum_code == "invalid"
    assert parse_certificate("01", number + check_digit(number)).checksum_code == "invalid"


def test_a_household_book_never_is_a_strong_key():
    found = parse_certificate("03", "339801199003070019")
    assert (found.class_code, found.family_code) == ("medium", "resident")


@pytest.mark.parametrize("value", ["111111111111111111", "000000000000000000", "123456789012345678"])
def test_placeholders_are_blocked(value):
    found = parse_certificate("01", value)
    assert (found.class_code, found.reason_code, found.match_value) == ("blocked", "id_placeholder", None)


@pytest.mark.parametrize(
    ("kind", "value", "class_code"),
    [
        ("04", "E12345678", "medium"),
        ("04", "EA1234567", "medium"),
        ("04", "XX", "weak"),
        ("05", "K1234567A", "medium"),
        ("09", "军字第0012345号", "weak"),
        ("10", "USA123456789012", "medium"),
        ("10", "933980119900307001", "medium"),
        ("99", "anything", "weak"),
    ],
)
def test_class_by_kind_and_shape(kind, value, class_code):
    assert parse_certificate(kind, value).class_code == class_code


def test_blank_and_masked_numbers_are_no_keys():
    assert parse_certificate("01", None).class_code is None
    assert parse_certificate("01", "  ").value_norm is None
    assert parse_certificate("01", "3398**********0019").class_code == "weak"


TAX_NUMBER = {"50": {"shape": r"[1-9]\d{10}", "check": "iso7064_mod11_10", "class": "strong"}}


# 86095742719 is a published specimen number; 9 is its check digit.
@pytest.mark.parametrize(
    ("number", "checksum", "worth", "reason"),
    [
        ("86095742719", "valid", "strong", None),
        ("86 095 742 719", "valid", "strong", None),
        ("86095742718", "invalid", "blocked", "id_checksum"),
        ("06095742719", "invalid", "blocked", "id_shape"),
        ("00000000000", "none", "blocked", "id_placeholder"),
    ],
)
def test_a_bank_of_another_country_declares_what_its_numbers_look_like(number, checksum, worth, reason):
    found = parse_certificate("50", number, kinds=declared_kinds(TAX_NUMBER))
    assert (found.checksum_code, found.class_code, found.reason_code) == (checksum, worth, reason)


def test_a_kind_without_check_digit_is_valid_by_its_shape():
    kinds = declared_kinds({"51": {"shape": r"[A-Z]{2}\d{6}", "check": "", "class": ""}})
    found = parse_certificate("51", "ab123456", kinds=kinds)
    assert (found.value_norm, found.checksum_code, found.class_code) == ("AB123456", "valid", "medium")


def test_an_unknown_check_names_the_nearest():
    with pytest.raises(ContractError, match="did you mean `iso7064_mod11_10`"):
        declared_kinds({"50": {"shape": ".*", "check": "iso7064_mod11"}})
