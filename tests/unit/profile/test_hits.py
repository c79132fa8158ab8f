"""Hits and their one outcome, by the worked examples of the rules."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.profile.a_hit import PERSON, HitBook, decide
from spark_jobs.profile.consent import effective_grants
from spark_jobs.settings import load, rules

GIVEN = load()
OFF = (date(2026, 9, 25), date(2026, 9, 26), date(2026, 9, 27), *(date(2026, 10, n) for n in range(1, 8)))
CALENDAR = WorkingCalendar.of([(day, False) for day in OFF], rules(GIVEN, "calendar"))
BOOK = HitBook(rules(GIVEN, "alert"), rules(GIVEN, "guard"), rules(GIVEN, "consent"), CALENDAR, "06:30")
ALL = [
    {"purpose_code": purpose, "data_class_code": "any", "channel_code": "any", "state_code": "granted"}
    for purpose in ("care", "recommendation", "research")
]
TUESDAY = date(2026, 9, 29)


def hit(rule: str, on: date = TUESDAY, subject: str = "s", **person: Any) -> dict[str, Any]:
    """A new hit about an ordinary adult who allows everything."""
    ordinary = dict.fromkeys(PERSON) | {"age_years": 40, "_states": ALL}
    return ordinary | {
        "customer_id": "c", "business_date": on, "rule_code": rule, "subject_ref": subject, "trigger": "{}", "is_new": True,
    } | person  # fmt: skip


def before(rule: str, on: date, subject: str = "s") -> dict[str, Any]:
    """A hit that is stored already."""
    return dict.fromkeys(PERSON) | {
        "customer_id": "c", "business_date": on, "rule_code": rule, "subject_ref": subject, "trigger": "{}", "is_new": False,
    }  # fmt: skip


def only(row: dict[str, Any]) -> dict[str, Any]:
    [judged] = decide([row], BOOK)
    return judged


def test_an_ordinary_hit_is_sent_on_the_day_after_the_business_date():
    sent = only(hit("A10"))

    assert (sent["outcome_code"], sent["reason_codes"], sent["first_reason_code"]) == ("sent", [], None)
    assert (sent["action_date"], sent["channel_code"], sent["priority_code"]) == (
        date(2026, 9, 30),
        "crm",
        "2",
    )


@pytest.mark.requirement("R-ACT-02")
def test_a_large_outflow_is_due_two_contact_hours_after_publication():
    """Published 06:30 local, people may be called from 09:00: due 11:00, stored as 03:00 UTC."""
    assert only(hit("A01"))["created_at"] == datetime(2026, 9, 29, 22, 30)
    assert only(hit("A01"))["due_at"] == datetime(2026, 9, 30, 3)


@pytest.mark.parametrize(
    ("person", "rule", "reason"),
    [
        ({"is_deceased": True}, "A05", "deceased"),
        ({"is_deceased": True}, "A03", "deceased"),
        ({"is_minor": True}, "A03", "minor"),
        ({"has_complaint": True}, "A06", "open_complaint"),
        ({"_states": []}, "A01", "consent"),
        ({"_states": None}, "A02", "consent"),
        ({"opted_out_codes": ["sms"]}, "A02", "opt_out"),
        ({"opted_out_codes": ["phone"]}, "A04", "opt_out"),
        ({"sale_7_cnt": 2}, "A03", "cap_sale_7"),
        ({"sms_push_7_cnt": 4}, "A08", "cap_sms_push_7"),
    ],
)
def test_what_stands_between_a_hit_and_a_customer_is_told(person, rule, reason):
    judged = only(hit(rule, **person))

    assert (judged["outcome_code"], judged["first_reason_code"]) == ("suppressed", reason)


@pytest.mark.parametrize(
    ("person", "rule"),
    [
        ({"is_minor": True}, "A05"),
        ({"has_complaint": True}, "A10"),
        ({"_states": []}, "A05"),
        ({"sms_push_7_cnt": 4}, "A01"),
        ({"sale_7_cnt": 1}, "A03"),
    ],
)
def test_service_urgency_and_room_under_a_cap_let_a_hit_through(person, rule):
    assert only(hit(rule, **person))["outcome_code"] == "sent"


def test_an_urgent_call_about_a_customer_who_complained_goes_to_the_owner_of_the_complaint():
    judged = only(hit("A01", has_complaint=True))

    assert (judged["outcome_code"], judged["reason_codes"]) == ("sent", ["rerouted"])


def test_all_reasons_are_stored_in_the_order_of_the_guards():
    judged = only(hit("A03", has_complaint=True, sale_7_cnt=2))

    assert judged["reason_codes"] == ["open_complaint", "cap_sale_7"]


def test_a_task_on_a_holiday_waits_for_the_next_working_day_and_so_does_its_deadline():
    judged = only(hit("A10", on=date(2026, 9, 24)))

    assert (judged["outcome_code"], judged["reason_codes"]) == ("queued", ["not_working"])
    assert judged["not_before_at"] == datetime(2026, 9, 28, 0, 30)
    assert judged["due_at"] == datetime(2026, 9, 29, 9, 30)


def test_the_birthday_mail_waits_for_the_birthday_and_the_reminder_is_a_task_of_the_day():
    mail = only(hit("A06", on=date(2026, 9, 18), subject="email"))
    reminder = only(hit("A06", on=date(2026, 9, 21), subject="reminder"))

    assert (mail["outcome_code"], mail["channel_code"], mail["reason_codes"]) == (
        "queued",
        "email",
        ["scheduled"],
    )
    assert mail["not_before_at"] == datetime(2026, 9, 19, 19)
    assert (reminder["outcome_code"], reminder["channel_code"]) == ("sent", "crm")


@pytest.mark.parametrize(
    ("rule", "days", "fires"), [("A02", 40, False), ("A02", 90, True), ("A01", 2, False), ("A01", 3, True)]
)
def test_the_same_rule_and_subject_stay_silent_for_a_while(rule, days, fires):
    found = list(decide([before(rule, TUESDAY - timedelta(days=days)), hit(rule)], BOOK))

    assert bool(found) is fires


def test_another_subject_is_another_hit():
    assert len(list(decide([before("A03", TUESDAY, "p1"), hit("A03", subject="p2")], BOOK))) == 1


def test_a_silenced_hit_does_not_prolong_the_silence():
    days = [hit("A01", on=TUESDAY + timedelta(days=n)) for n in range(4)]

    assert [h["business_date"] - TUESDAY for h in decide(days, BOOK)] == [
        timedelta(days=0),
        timedelta(days=3),
    ]


@pytest.mark.requirement("R-ACT-33")
def test_every_hit_has_one_outcome_in_whatever_order_hits_come():
    rows = [
        hit(rule, on=TUESDAY + timedelta(days=n), subject=subject, **person)
        for rule in ("A01", "A02", "A03", "A10") for n in range(3) for subject in ("p", "q")
        for person in ({"customer_id": "c1"}, {"customer_id": "c2", "_states": []}, {"customer_id": "c3", "is_deceased": True})
    ]  # fmt: skip
    once = list(decide(rows, BOOK))
    random.Random(7).shuffle(rows)

    assert once == list(decide(rows, BOOK))
    keys = [(h["customer_id"], h["rule_code"], h["subject_ref"], h["business_date"]) for h in once]
    assert len(keys) == len(set(keys))
    assert {h["outcome_code"] for h in once} <= {"sent", "queued", "suppressed"}
    assert all(h["outcome_code"] == "suppressed" for h in once if h["customer_id"] == "c3")


@pytest.mark.parametrize(
    ("said", "channel", "allowed"),
    [
        ([("contact", "any", "granted")], "sms", True),
        ([("contact", "any", "granted"), ("contact", "phone", "withdrawn")], "call", False),
        ([("contact", "any", "granted"), ("contact", "phone", "withdrawn")], "sms", True),
        ([("contact", "any", "denied"), ("contact", "crm", "granted")], "task", True),
        ([("any", "any", "granted"), ("contact", "any", "expired")], "sms", False),
        ([], "sms", False),
    ],
)
@pytest.mark.requirement("R-PRV-03")
def test_a_refusal_of_one_channel_is_not_covered_by_a_grant_for_all(said, channel, allowed):
    granted = effective_grants(BOOK.consent, [("care", *row) for row in said], ("sms", "call", "task"))

    assert (("care", "contact", channel) in granted) is allowed
