"""Whether a planted defect that needs no reason was put right, flagged, or kept from joining people. Everybody in it is made up."""

from __future__ import annotations

from datetime import date

import pytest

from demo_bank.score import counts
from demo_bank.score.catalogue import NAMES
from demo_bank.score.defects import CodeScore
from demo_bank.score.handled import MEANS, Defect, Handling, Lake, handled, unmeasured
from demo_bank.score.lines import defects

PACKAGE, FILE = "CORE_01_20260928.tar.gz", "CIF_20260928.dat"


def defect(
    code: str, line: int | None = 1, field: str | None = "cert_no", handling: str = "", **more: str
) -> Defect:
    return Defect(code, PACKAGE, FILE, line, field, handling, **more)


def at(line: int) -> tuple[str, str, int]:
    return PACKAGE, FILE, line


def outcome(found: list[Handling]) -> list[tuple[str, int, int, int | None]]:
    """(code, judged, handled, false alarms)."""
    return [(h.code, h.judged, h.handled, h.false_alarms) for h in found]


@pytest.mark.requirement("R-OPS-06")
def test_an_id_is_restored_where_the_party_has_the_number_without_the_defect() -> None:
    ids = {
        "p1": [{"id_value": "339821199001010０１X", "id_value_norm": "33982119900101001X"}],
        "p2": [{"id_value": "33982119900202002x", "id_value_norm": "33982119900202002x"}],
    }
    lake = Lake(party_of={at(1): "p1", at(2): "p2"}, of_party={"silver.party_identifier": ids})

    found = handled(
        [
            defect("D23", 1, original="33982119900101001X"), defect("D24", 2, original="33982119900202002X"),
            defect("D24", 3, original="33982119900303003X"),
        ], lake,
    )  # fmt: skip

    # The second kept its small x; nothing in the lake points to the third.
    assert outcome(found) == [("D23", 1, 1, None), ("D24", 1, 0, None)]
    assert [(h.planted, h.recall) for h in found] == [(1, 1.0), (2, 0.0)]


def test_a_file_that_should_load_is_not_handled_where_it_is_held() -> None:
    lake = Lake(states={(PACKAGE, FILE): [("held", 0)]})

    assert outcome(handled([defect("D13", None), defect("D16", 1)], lake)) == [
        ("D13", 1, 0, None),
        ("D16", 1, 0, None),
    ]


def test_of_a_record_that_should_load_nothing_is_said_where_its_file_was_held() -> None:
    loaded = Lake(states={(PACKAGE, FILE): [("loaded", 1)]}, in_bronze=frozenset({at(1)}))
    held = Lake(states={(PACKAGE, FILE): [("held", 0)]})

    assert outcome(handled([defect("D14", 1), defect("D14", 2)], loaded)) == [("D14", 2, 1, None)]
    assert outcome(handled([defect("D14", 1)], held)) == [("D14", 0, 0, None)]


def test_a_shared_phone_must_not_join_two_people_and_another_spelling_of_one_must() -> None:
    persons = {
        "p1": frozenset({1}),
        "p2": frozenset({2}),
        "p3": frozenset({3}),
        "p4": frozenset({3}),
        "p5": frozenset({4}),
    }
    customers = {"p1": "c1", "p2": "c1", "p3": "c3", "p4": "c3", "p5": "c5"}
    lake = Lake(party_of={at(n): f"p{n}" for n in range(1, 6)}, persons=persons, customers=customers)

    # p1 and p2 are two people in one customer; p3 and p4 one person in one.
    assert outcome(handled([defect("D28", 1), defect("D28", 5)], lake)) == [("D28", 2, 1, None)]
    assert outcome(handled([defect("D32", 3)], lake)) == [("D32", 1, 1, None)]

    lake.customers = {**customers, "p4": "c4"}
    assert outcome(handled([defect("D32", 3)], lake)) == [("D32", 1, 0, None)]


def test_two_numbers_are_judged_by_themselves_whatever_became_of_the_persons_other_records() -> None:
    numbers = {("core", "C1"): "p1", ("core", "C5"): "p2", ("crm", "R1"): "p3", ("core", "C2"): "p4"}
    customers = {"p1": "c1", "p2": "c1", "p3": "c3", "p4": "c4"}
    lake = Lake(numbers=numbers, customers=customers, persons={p: frozenset({1}) for p in customers})

    def second(first: str, other: str) -> Defect:
        return defect("D48", field="cust_no", original=first, corrupted=other)

    assert outcome(handled([second("C1", "C5")], lake)) == [("D48", 1, 1, None)]
    assert outcome(handled([second("C1", "C2")], lake)) == [("D48", 1, 0, None)]
    assert outcome(handled([second("C1", "C9")], lake)) == [("D48", 0, 0, None)]


def test_a_user_made_known_late_is_in_the_end_the_customer_they_were_bound_to() -> None:
    lake = Lake(
        states={(PACKAGE, FILE): [("loaded", 0)]}, in_bronze=frozenset({at(1)}),
        numbers={("mbank", "U1"): "p1", ("core", "C1"): "p2", ("core", "C2"): "p3"}, customers={"p1": "c1", "p2": "c1", "p3": "c3"},
    )  # fmt: skip

    def bound(number: str) -> Defect:
        told = f'{{"user_id":"U1","cust_no":"{number}","unbind_ts":null}}'
        return Defect(
            "D42", "MBANK_01_20260928.tar.gz", "USER_BIND_20260928.jsonl", 1, "", "re_resolve", "", told
        )

    assert outcome(handled([bound("C1"), bound("C2"), bound("C9")], lake)) == [("D42", 2, 1, None)]
    assert outcome(handled([defect("D42", 1, "card_acct")], lake)) == [("D42", 1, 1, None)]


def test_a_broken_name_may_wait_in_quarantine_but_not_stand_as_a_whole_one() -> None:
    names = {
        at(2): [{"name_quality_code": "full", "party_id": "p2"}],
        at(3): [{"name_quality_code": "damaged", "party_id": "p3"}],
    }
    lake = Lake(aside=frozenset({at(1)}), rows={"silver.party_hist": names})

    found = handled([defect("D20", line, "typed_name") for line in (1, 2, 3, 4)], lake)

    assert outcome(found) == [("D20", 3, 2, None)]


def test_the_number_of_a_call_that_is_nobodys_is_known_by_its_token() -> None:
    owned = {"contact_norm": "+8615412345678", "contact_token": "t1"}
    calls = {
        at(n): [{"party_id": None, "ani_contact_token": token}]
        for n, token in ((1, "t1"), (2, "t9"), (3, None))
    }
    lake = Lake(of_party={"silver.party_contact": {"p1": [owned]}}, rows={"silver.call": calls})

    def called(line: int, number: str = "15412345678") -> Defect:
        return defect("D30", line, "ani", original=number)

    assert outcome(handled([called(1), called(2), called(3)], lake)) == [("D30", 3, 1, None)]
    # Of a number that nobody has, nothing can be said.
    assert outcome(handled([called(1, "15400000000")], lake)) == [("D30", 0, 0, None)]


def test_what_is_flagged_without_such_a_defect_is_a_false_alarm() -> None:
    rows = {at(n): [{"is_duplicate": n != 2, "party_id": f"p{n}"}] for n in (1, 2, 3)}
    lake = Lake(rows={"silver.survey_response": rows})

    assert outcome(handled([defect("D43", 1), defect("D43", 2)], lake)) == [("D43", 2, 1, 1)]


@pytest.mark.parametrize(
    ("handling", "original", "stored", "is_right"),
    [
        ("parse", "1960-01-02", date(1960, 1, 2), 1), ("parse", "1960-01-02", None, 0), ("parse", "1960-01-02", date(2049, 1, 2), 0),
        ("null", "19600403", None, 1), ("null", "19600403", date(1960, 4, 3), 1), ("null", "19600403", date(1900, 1, 1), 0),
    ],
)  # fmt: skip
def test_a_date_is_the_true_day_and_what_was_none_is_null_or_the_certificates(
    handling: str, original: str, stored: date | None, is_right: int
) -> None:
    lake = Lake(party_of={at(1): "p1"}, of_party={"silver.party_hist": {"p1": [{"birth_date": stored}]}})

    assert outcome(handled([defect("D38", 1, "birth_dt", handling, original=original)], lake)) == [
        ("D38", 1, is_right, None)
    ]


def test_a_number_that_a_full_delivery_left_out_is_ended_on_that_day() -> None:
    ended = {"contact_norm": "+86057186000425", "valid_to": date(2026, 9, 28)}
    lake = Lake(of_party={"silver.party_contact": {"p1": [ended]}})

    gone = [defect("D40", 0, "phone_no", original="057186000425")]
    assert outcome(handled(gone, lake)) == [("D40", 1, 1, None)]
    ended["valid_to"] = date(9999, 12, 31)
    assert outcome(handled(gone, lake)) == [("D40", 1, 0, None)]


def test_units_are_judged_by_the_money_of_the_day() -> None:
    lake = Lake(aum_exact={date(2026, 9, 28): False})

    assert outcome(handled([defect("D39")], lake)) == [("D39", 1, 0, None)]


def test_units_of_an_opening_show_in_the_money_of_the_date_after_it() -> None:
    lake = Lake(aum_exact={date(2026, 9, 28): True})
    opening = Defect("D39", "WEALTH_00_20260927.tar.gz", "HOLDING_20260927.csv", 2, "mkt_value", "unit")

    assert outcome(handled([opening], lake)) == [("D39", 1, 1, None)]


def test_the_bytes_of_a_system_are_read_in_its_encoding() -> None:
    row = {
        "code": "D35", "file": f"CORE/20260928/{PACKAGE}/{FILE}", "line_no": 7, "field": "cust_name", "reason_code": None,
        "original_hex": "阿·明  ".encode("gb18030").hex(), "corrupted_hex": "ff", "expected_handling_code": "fold",
    }  # fmt: skip

    [found] = defects([row, {**row, "reason_code": "name_truncated"}])

    assert (found.place, found.original, found.corrupted) == ((PACKAGE, FILE, 7), "阿·明", None)


def test_every_code_of_the_catalogue_is_measured_or_says_why_it_is_not() -> None:
    reported = {
        "D01",
        "D03",
        "D04",
        "D05",
        "D07",
        "D08",
        "D11",
        "D12",
        "D17",
        "D18",
        "D19",
        "D21",
        "D22",
        "D46",
    }

    assert set(NAMES) - set(MEANS) == reported
    assert unmeasured(NAMES, MEANS, reported) == {}
    assert unmeasured(NAMES, MEANS, reported - {"D46"}) == {"D46": "not planted in this bank"}


def test_the_object_tells_both_what_was_noticed_and_what_was_put_right() -> None:
    told = counts.plain([CodeScore("D43", 3, 0, 0)], {}, [Handling("D43", "flagged", 3, 2, 1, 4)])

    assert told["codes"][0]["handling"] == {
        "means": "flagged", "planted": 3, "judged": 2, "handled": 1, "recall": 0.5, "false_alarms": 4,
    }  # fmt: skip
    assert (told["judged"], told["handled"]) == (2, 1)
    assert "D43" not in told["not_measured"]
    assert told["not_measured"]["D01"] == "not planted in this bank"
