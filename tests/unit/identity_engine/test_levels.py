"""How far two values agree."""

from __future__ import annotations

import numpy as np
import pytest

from spark_jobs.columns.certificates import check_digit
from spark_jobs.identity.engine import names
from spark_jobs.identity.engine.levels import field_levels
from spark_jobs.identity.engine.scale import BANDS, LABELS
from spark_jobs.identity.engine.standardise import standardised
from tests.unit.identity_engine.kit import people


def level(role: str, one: str, other: str) -> str:
    """Level of two records that have one field."""
    (field,) = standardised(people(role, f"{one}\n{other}"))
    at = field_levels(field, np.array([0], np.int32), np.array([1], np.int32))[0]
    return LABELS[field.kind][at].split(",")[0]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("李伟", "李偉", "equal"),
        ("阿卜杜拉·买买提", "阿卜杜拉買買提", "equal"),
        ("王小明", "王晓明", "same reading"),
        ("陈大文", "CHAN TAI MAN", "same reading"),
        ("曾国强", "Guoqiang Zeng", "same reading"),
        ("Wang Xiaoming", "王小明", "same reading"),
        ("李*明", "李小明", "masked in part"),
        ("李**", "李小明", "masked"),
        ("李?明", "李小明", "masked in part"),
        ("李某", "李明", "masked"),
        ("李**", "李*明", "masked"),
        ("李*强", "李*明", "else"),
        ("李**", "LI XIAOMING", "masked"),
        ("李*明", "Xiaoming Li", "masked in part"),
        ("李*强", "LI XIAOMING", "else"),
        ("陈*文", "CHAN TAI MAN", "else"),
        ("Li XM", "李小明", "masked in part"),
        ("Li XW", "李小明", "else"),
        ("阿卜杜拉买买提江", "阿卜杜拉买", "cut or alike"),
        ("王伟", "王强", "same surname"),
        ("王伟", "李强", "else"),
    ],
)
def test_chinese_names_meet_through_script_reading_and_romanisation(
    one: str, other: str, expected: str
) -> None:
    assert level("full_name", one, other) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1971-06-24", "24/06/1971", "equal"),
        ("1971-06-24", "24-JUN-71", "equal"),
        ("1971-06-04", "1971-04-06", "day and month crossed"),
        ("1971-06-24", "1971-06-25", "one digit"),
        ("1971-06-24", "1971-06-42", "one digit"),
        ("1971-06-24", "1988-06-24", "two of three parts"),
        ("1971-06-24", "1971", "a part unknown"),
        ("1971-06-24", "1971-11-02", "same year"),
        ("1971-06-24", "1988-11-02", "else"),
    ],
)
def test_birth_dates_agree_by_parts_and_digits(one: str, other: str, expected: str) -> None:
    assert level("birth_date", one, other) == expected


@pytest.mark.parametrize(
    ("role", "one", "other", "expected"),
    [
        ("phone", "+86 154 0000 1234", "15400001234", "equal"),
        ("phone", "154****1234", "15400001234", "masked"),
        ("phone", "15400001235", "15400001234", "one digit"),
        ("phone", "154****1234", "154****1234", "masked"),
        ("phone", "154****1235", "154****1234", "else"),
        ("phone", "154****1235", "15400001234", "else"),
        ("birth_date", "1979-04", "1979-04-12", "a part unknown"),
        ("birth_date", "1979-04", "1979-04", "a part unknown"),
        ("birth_date", "1979", "1979-04-12", "a part unknown"),
        ("birth_date", "1979-04", "1979-09-27", "same year"),
        ("birth_date", "1979-04", "1979-09", "one digit"),
        ("full_name", "买*克", "买买提吐尔逊·托合提巴克", "masked in part"),
        ("full_name", "买*江", "买买提吐尔逊·托合提巴克", "else"),
        ("full_name", "王*", "王小明", "else"),
        ("national_id", "339801********0019", "339801198001020019", "masked"),
        ("national_id", "339801********0019", "339801********0019", "masked"),
        ("national_id", "339801********0018", "339801198001020019", "else"),
        ("email", "A.Smith+shop@example.org", "a.smith@example.org", "equal"),
        ("email", "a.smith@example.org", "a.smith@example.net", "name equal"),
        ("email", "ann.smith7@example.org", "ann.smiht7@example.org", "one edit"),
        ("email", "ann.smith7@example.org", "ann.smith27@example.org", "else"),
        ("city", "Zürich", "ZURICH", "equal"),
        ("city", "London", "Lonon", "one edit"),
        ("postcode", "SW1A 1AA", "sw1a1aa", "equal"),
    ],
)
def test_phones_mails_and_places_are_compared_in_one_form(
    role: str, one: str, other: str, expected: str
) -> None:
    assert level(role, one, other) == expected


def test_names_in_each_others_column_count_by_how_common_they_are_and_for_their_crossing() -> None:
    given, surname = standardised(
        people("given_name | surname", "Rowe | Caleb\nCaleb | Rowe\n | Caleb", region="GB")
    )
    swapped = np.array([0], np.int32), np.array([1], np.int32)
    lone = np.array([1], np.int32), np.array([2], np.int32)
    crossed = LABELS["part"].index("given name and surname crossed")
    assert 1 <= field_levels(given, *swapped)[0] <= BANDS
    assert field_levels(surname, *swapped)[0] == crossed
    # A lone name in the other column is one coincidence, told once.
    assert (field_levels(given, *lone)[0], field_levels(surname, *lone)[0]) == (0, crossed)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("William", "Bill", "alike"),
        ("Peggy", "Margaret", "alike"),
        ("Robert", "Robrt", "one edit"),
        ("William", "Robert", "two names in use"),
        ("William", "Qxzv", "else"),
    ],
)
def test_given_names_agree_by_what_people_are_called_and_differ_most_where_others_bear_both(
    one: str, other: str, expected: str
) -> None:
    # William and Robert are borne by many; what one record alone has may be an error of typing.
    crowd = "\n".join(["William | Page"] * 20 + ["Robert | Hunt"] * 20)
    given, *_ = standardised(
        people("given_name | surname", f"{one} | Rowe\n{other} | Rowe\n{crowd}", region="GB")
    )
    at = field_levels(given, np.array([0], np.int32), np.array([1], np.int32))[0]
    assert LABELS["part"][at] == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Rowe, Robert", "Robert J. Rowe", "equal"),
        ("Robert J Rowe", "Robert James Rowe", "equal"),
        ("Robert J Rowe", "Robert Mark Rowe", "another second name"),
        ("Robert Mark Rowe", "Robert Marc Rowe", "one edit"),
        ("Bob J Rowe", "Robert Rowe", "alike"),
        ("R Rowe", "Robert Rowe", "one begins the other"),
    ],
)
def test_a_second_given_name_may_be_left_out_or_a_letter(one: str, other: str, expected: str) -> None:
    given, *_ = standardised(people("full_name", f"{one}\n{other}", region="GB"))
    at = field_levels(given, np.array([0], np.int32), np.array([1], np.int32))[0]
    assert LABELS["part"][at].split(",")[0] == expected


@pytest.mark.parametrize(
    ("full", "given", "surname"),
    [
        ("Oliver van Dyke", "oliver", "van dyke"),
        ("Juan de la Cruz", "juan", "de la cruz"),
        ("De Souza, Deborah L.", "deborah l", "de souza"),
        ("Smith Jones, Robert Jr", "robert", "smith jones"),
        ("Mary Ann Smith", "mary ann", "smith"),
        ("Prince", "", "prince"),
    ],
)
def test_a_surname_of_several_words_is_one(full: str, given: str, surname: str) -> None:
    assert names.said_parts(full) == (given, surname)


@pytest.mark.parametrize(
    ("full", "given", "surname"),
    [
        ("Thomas & Patricia Flaus", "patricia & thomas", "flaus"),
        ("MR DAVID AND MRS DEBORAH LOCK", "david & deborah", "lock"),
        ("Smith, John and Mary", "john & mary", "smith"),
        ("John Smith and Mary Jones", "john & mary", "jones"),
        ("Mr & Mrs Robert Gillard", "robert & ", "gillard"),
        ("Andrew Sand", "andrew", "sand"),
        ("Smith & Sons", names.FIRM, "smith"),
        ("Anders Holdings Inc.", names.FIRM, "anders"),
        ("Smith & Jones Pty Ltd", names.FIRM, "smith jones"),
    ],
)
def test_two_people_in_one_name_and_firms_are_told_from_people(full: str, given: str, surname: str) -> None:
    assert names.said_parts(full) == (given, surname)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("John & Mary Rowe", "John Rowe", "two names in use"),
        ("John & Mary Rowe", "Mary and John Rowe", "equal"),
        ("Mr & Mrs John Rowe", "John & Mary Rowe", "alike"),
        ("John & Mary Rowe", "Paul & Anna Rowe", "two names in use"),
        ("John Plumbing Ltd", "John Rowe", "two names in use"),
        ("Rowe Plumbing Ltd", "Rowe Plumbing", "equal"),
    ],
)
def test_a_couple_is_neither_of_them_and_a_firm_is_nobody(one: str, other: str, expected: str) -> None:
    given, *_ = standardised(people("full_name", f"{one}\n{other}", region="GB"))
    at = field_levels(given, np.array([0], np.int32), np.array([1], np.int32))[0]
    assert LABELS["part"][at].split(",")[0] == expected


@pytest.mark.parametrize(
    ("one", "other", "is_crossed"),
    [
        ("Nguyen Van Minh", "Van Minh Nguyen", True),
        ("Serrano Gil Guadalupe", "GUADALUPE SERRANO-GIL", True),
        ("Serrano Gil Guadalupe", "Guadalupe Serrano Ruiz", False),
    ],
)
def test_several_names_in_another_order_are_crossed_wherever_they_part(
    one: str, other: str, is_crossed: bool
) -> None:
    given, surname, *_ = standardised(people("full_name", f"{one}\n{other}", region="ES"))
    pair = np.array([0], np.int32), np.array([1], np.int32)
    crossed = LABELS["part"].index("given name and surname crossed")
    assert bool(field_levels(surname, *pair)[0] == crossed) == is_crossed
    assert bool(1 <= field_levels(given, *pair)[0] <= BANDS) == is_crossed


def test_junior_and_senior_are_a_field_of_their_own() -> None:
    fields = standardised(people("full_name", "John Rowe Jr\nJohn Rowe, Sr.\nJohn Rowe II\nJohn Rowe"))
    generation = next(f for f in fields if f.name == "generation")
    one = field_levels(generation, np.array([0, 0, 0], np.int32), np.array([1, 2, 3], np.int32))
    assert LABELS["code"][one[0]] == "else"
    assert 1 <= one[1] <= BANDS
    assert one[2] == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.smith@example.org", "a.smith@example.net", "missing"),
        ("annsmith@example.org", "annsmith@example.net", "missing"),
        ("a.smith@example.org", "a.smith@example.org", "equal"),
        ("bluecat@example.org", "bluecat@example.net", "name equal"),
        ("a.smith7@example.org", "a.smith7@example.net", "name equal"),
    ],
)
def test_a_mailbox_called_like_its_owner_says_no_more_than_the_name(
    one: str, other: str, expected: str
) -> None:
    *_, mail = standardised(
        people("given_name | surname | email", f"Ann | Smith | {one}\nAnn | Smith | {other}")
    )
    at = field_levels(mail, np.array([0], np.int32), np.array([1], np.int32))[0]
    assert LABELS["email"][at].split(",")[0] == expected


def test_a_masked_name_is_not_asked_where_both_are_known_by_a_clear_one() -> None:
    rows = "丁** | DING BOWEI\n丁** | DING RONG\n丁伯伟 | "
    (field,) = standardised(people("full_name1 | full_name2", rows))
    one = field_levels(field, np.array([0, 0], np.int32), np.array([1, 2], np.int32))
    assert [LABELS["name"][level] for level in one] == ["a word or two characters", "same reading"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Alan TONG HO WAI", "TONG, Ho Wai", "same loose reading"),
        ("Mary Ann Miller", "Mary Miller", "cut or alike"),
        ("Mary Ann Miller", "Miller", "a word or two characters"),
        ("HUI Kwok Wai Karen", "许国伟", "same loose reading"),
    ],
)
def test_a_western_name_beside_a_chinese_one_is_one_word_more(one: str, other: str, expected: str) -> None:
    (field,) = [
        f for f in standardised(people("full_name", f"{one}\n{other}\n李红\n赵明")) if f.kind == "name"
    ]
    level = field_levels(field, np.array([0], np.int32), np.array([1], np.int32))[0]
    assert LABELS["name"][level] == expected


def test_a_source_that_writes_months_first_is_read_so_beside_one_that_does_not() -> None:
    rows = "us | 06/24/1971\nus | 03/04/1980\ngb | 24/06/1971\ngb | 31/12/1999\ngb | 04/03/1980"
    (field,) = standardised(people("source | birth_date", rows))
    assert field.coded.first[1] == field.coded.first[4]


def test_dates_with_months_first_are_told_by_the_column() -> None:
    (field,) = standardised(people("birth_date", "06/24/1971\n03/04/1980\n1980-03-04"))
    assert field.coded.first[1] == field.coded.first[2]


def test_each_phone_of_one_record_may_meet_each_of_another() -> None:
    (field,) = standardised(people("phone1 | phone2", "15400001234 | \n15400009999 | 15400001234"))
    assert 1 <= field_levels(field, np.array([0], np.int32), np.array([1], np.int32))[0] <= BANDS


def test_each_name_of_one_record_may_meet_each_of_another() -> None:
    rows = "YU HUIYONG | 于*勇\n于辉勇 | YU HUIYONG\n于辉勇 | \n于辉勇 | \n于辉勇 | "
    (field,) = standardised(people("full_name1 | full_name2", rows))
    # The card's spelling is the one that the second record has beside the characters; to the third it only sounds the same.
    assert 1 <= field_levels(field, np.array([0], np.int32), np.array([1], np.int32))[0] <= BANDS
    third = field_levels(field, np.array([0], np.int32), np.array([2], np.int32))[0]
    assert LABELS["name"][third] == "same reading"


def test_a_record_without_any_part_of_an_address_keeps_its_place() -> None:
    rows = "a | 12 | Mill Lane\nb | 12 Mill Lane | \na |  | \na | 9 | High Street"
    (field,) = standardised(people("source | address1 | address2", rows))
    assert (field.coded.first[0], field.coded.first[2]) == (field.coded.first[1], -1)
    assert len(field.coded.first) == 4


def test_addresses_that_sources_part_in_different_ways_are_compared_whole() -> None:
    them = people("source | address1 | address2", "a | 12 | Mill Lane\nb | 12 Mill Lane | ")
    (field,) = standardised(them)
    assert 1 <= field_levels(field, np.array([0], np.int32), np.array([1], np.int32))[0] <= BANDS


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("12 Mill Lane", "14 Mill Lane", "a little alike or one in the other"),
        ("12 Mill Lane", "12 Mil Lane", "one edit"),
        ("12 Mill Lane", "12 Mill Lane, Leeds, LS1 4AB", "alike"),
        ("2 Mill Lane", "12 Mill Lane, Leeds, LS1 4AB", "a little alike or one in the other"),
        ("12", "13", "one edit"),
    ],
)
def test_another_house_number_is_another_house_unless_the_number_stands_alone(
    one: str, other: str, expected: str
) -> None:
    assert level("address", one, other) == expected


def test_a_birth_date_that_is_missing_or_a_placeholder_is_read_off_a_valid_resident_id() -> None:
    number = "33980119800101001" + check_digit("33980119800101001")
    field = standardised(
        people("birth_date | national_id", f"1900-01-01 | {number}\n | {number}\n1980-01-01 | ")
    )[0]
    assert len(set(field.coded.first)) == 1
