"""The stewards' file: what counts, from when, and what is refused."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from spark_jobs.bronze import decisions
from spark_jobs.errors import DeliveryError

NOW = datetime(2026, 9, 30, 22, 30)
ONE = {
    "decision_id": "d1", "subject_kind_code": "review_item", "subject_id": "core:C1|ecif:E2", "decision_code": "merge",
    "first_staff_id": "S1", "second_staff_id": "S2", "reason_code": "same_person", "decided_at": "2026-09-10T10:00:00+08:00",
}  # fmt: skip


def entered(tmp_path, *lines, known_at=NOW):
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))
    return decisions.read(path, "Asia/Shanghai", known_at)


def test_a_decision_of_two_people_names_records_and_counts_from_its_local_date(tmp_path):
    [one] = entered(tmp_path, ONE | {"decided_at": "2026-09-10T17:30:00+00:00"})

    assert one.refused is None
    assert one.records == [("core", "C1"), ("ecif", "E2")]
    assert (one.decided_at, one.day) == (datetime(2026, 9, 10, 17, 30), date(2026, 9, 11))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"second_staff_id": None}, "second_person_missing"),
        ({"second_staff_id": "S1"}, "same_person_twice"),
        ({"decision_code": "marge"}, "unknown_decision"),
        ({"decision_code": "take_back"}, "no_decision_named"),
        ({"subject_id": "core:C1"}, "one_record_only"),
        ({"subject_id": "core:C1|core:C1"}, "one_record_only"),
    ],
)
def test_what_is_decided_about_persons_needs_two_people_and_two_records(tmp_path, change, why):
    [one] = entered(tmp_path, ONE | change)

    assert one.refused == why


def test_to_erase_a_person_takes_one_record_and_two_people(tmp_path):
    asked = ONE | {"decision_code": "erase", "subject_id": "core:C1"}

    [two] = entered(tmp_path, asked)
    [one] = entered(tmp_path, asked | {"second_staff_id": None})

    assert (two.refused, two.records) == (None, [("core", "C1")])
    assert one.refused == "second_person_missing"


def test_a_record_in_quarantine_needs_one_person(tmp_path):
    [one] = entered(
        tmp_path, ONE | {"decision_code": "repair", "subject_id": "f.txt:11", "second_staff_id": None}
    )

    assert (one.refused, one.records) == (None, [])


def test_a_run_knows_what_was_decided_up_to_its_cut_off(tmp_path):
    assert entered(tmp_path, ONE, known_at=datetime(2026, 9, 10, 1)) == []
    assert decisions.read(tmp_path / "none.jsonl", "Asia/Shanghai", NOW) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [("{", "one JSON object a line"), ("[]", "one JSON object"), ({**ONE, "decided_at": "soon"}, "no ISO instant"),
     ({**ONE, "first_staff_id": ""}, "`first_staff_id`")],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named_by_its_number(tmp_path, line, what):
    with pytest.raises(DeliveryError, match=what) as told:
        entered(tmp_path, ONE, line)

    assert "line 2" in str(told.value)
