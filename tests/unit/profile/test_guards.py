"""Guards, by the worked examples of the rules."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from spark_jobs.profile.guards import Hit, Person, judge
from spark_jobs.settings import load, rules

GUARD = rules(load(), "guard")
CONSENT = rules(load(), "consent")
OFF = {date(2026, 9, 25), date(2026, 9, 26), date(2026, 9, 27)}
NOON = datetime(2026, 9, 30, 12)
EVERYTHING = frozenset(
    (purpose, data_class, "any")
    for purpose, classes in CONSENT["matrix"].items()
    for data_class, need in classes.items()
    if need == "C"
)
ADULT = Person(granted=EVERYTHING, risk_grade="C3", risk_expires=date(2027, 1, 1), age=40)


class MidAutumn:
    """The three days of Mid-Autumn 2026 are off, all others are worked."""

    def is_working(self, day):
        return day not in OFF

    def next_working(self, day):
        while not self.is_working(day):
            day += timedelta(days=1)
        return day


def outcome(hit, person=ADULT):
    return judge(hit, person, GUARD, CONSENT, MidAutumn())


SALE = Hit("sale", "push", 3, NOON, ("contact", "transaction"), "R3")
CARE = Hit("care", "sms", 4, NOON, ("contact",))
SERVICE = Hit("service", "task", 2, NOON, ("transaction",))
OUTFLOW = Hit("care", "call", 1, NOON, ("contact", "transaction"))


def test_a_risk_grade_holds_through_its_expiry_date():
    today = replace(ADULT, risk_expires=NOON.date())
    yesterday = replace(ADULT, risk_expires=NOON.date() - timedelta(days=1))

    assert outcome(SALE, today).outcome == "sent"
    assert outcome(SALE, yesterday).reasons == ("risk_expired",)


@pytest.mark.requirement("R-ACT-25")
def test_a_product_beyond_the_grade_is_not_offered():
    assert outcome(replace(SALE, product_risk="R4")).reasons == ("unsuitable",)


def test_nobody_without_a_grade_is_sold_to():
    assert outcome(SALE, replace(ADULT, risk_grade=None)).reasons == ("unsuitable",)


@pytest.mark.requirement("R-ACT-25")
def test_from_65_on_no_automatic_rule_offers_r4_or_r5():
    elder = replace(ADULT, age=65, risk_grade="C5")

    assert outcome(replace(SALE, product_risk="R4"), elder).reasons == ("unsuitable",)
    assert outcome(replace(SALE, product_risk="R3"), elder).outcome == "sent"


def test_all_reasons_are_stored_and_the_first_guard_is_named_first():
    busy = replace(ADULT, has_complaint=True, contacts={"sale_7": 2})

    told = outcome(SALE, busy)

    assert told.outcome == "suppressed"
    assert told.reasons == ("open_complaint", "cap_sale_7")
    assert told.first_reason == "open_complaint"


def test_service_goes_on_while_a_complaint_is_open():
    assert outcome(SERVICE, replace(ADULT, has_complaint=True)).outcome == "sent"


def test_an_urgent_task_goes_to_the_owner_of_the_complaint():
    told = outcome(OUTFLOW, replace(ADULT, has_complaint=True))

    assert (told.outcome, told.reasons) == ("sent", ("rerouted",))


@pytest.mark.parametrize(
    ("at", "expected", "until"),
    [
        (datetime(2026, 9, 30, 21, 0, 0), "queued", datetime(2026, 10, 1, 8)),
        (datetime(2026, 9, 30, 20, 59, 59), "sent", None),
        (datetime(2026, 9, 30, 7, 59), "queued", datetime(2026, 9, 30, 8)),
    ],
)
def test_a_message_in_quiet_hours_waits_for_the_morning(at, expected, until):
    told = outcome(replace(CARE, planned_at=at))

    assert (told.outcome, told.not_before) == (expected, until)


def test_an_email_may_come_at_night():
    assert outcome(replace(CARE, channel="email", planned_at=datetime(2026, 9, 30, 23))).outcome == "sent"


def test_a_call_on_a_holiday_waits_for_the_next_working_day():
    told = outcome(Hit("care", "call", 2, datetime(2026, 9, 25, 10), ("contact",)))

    assert (told.outcome, told.not_before) == ("queued", datetime(2026, 9, 28, 8, 30))
    assert told.reasons == ("not_working",)


@pytest.mark.requirement("R-ACT-16")
def test_the_third_sale_in_seven_days_is_one_too_many():
    assert outcome(SALE, replace(ADULT, contacts={"sale_7": 1})).outcome == "sent"
    assert outcome(SALE, replace(ADULT, contacts={"sale_7": 2})).reasons == ("cap_sale_7",)


@pytest.mark.requirement("R-ACT-17")
def test_who_was_sold_to_more_than_cared_for_is_not_sold_to_again_where_the_bank_says_so():
    """As many cares as sales in 90 days are enough; the shipped rules only warn."""
    block = {**GUARD, "care_to_sell_mode": "block"}
    sold_to, balanced, unknown = (replace(ADULT, care_to_sell=ratio) for ratio in (0.99, 1.0, None))

    assert judge(SALE, sold_to, block, CONSENT, MidAutumn()).reasons == ("care_balance",)
    assert judge(SALE, balanced, block, CONSENT, MidAutumn()).outcome == "sent"
    assert judge(SALE, unknown, block, CONSENT, MidAutumn()).outcome == "sent"
    assert judge(CARE, sold_to, block, CONSENT, MidAutumn()).outcome == "sent"
    assert outcome(SALE, sold_to).outcome == "sent"


def test_an_urgent_task_ignores_caps_but_never_consent():
    assert (
        outcome(OUTFLOW, replace(ADULT, contacts={"any_nonservice_30": 10, "sms_push_7": 4})).outcome
        == "sent"
    )
    denied = replace(ADULT, granted=EVERYTHING - {("care", "transaction", "any")})
    assert outcome(OUTFLOW, denied).reasons == ("consent",)


def test_the_deputy_takes_over_after_more_than_two_days_of_absence():
    assert outcome(OUTFLOW, replace(ADULT, manager_absent_days=3)).reasons == ("rerouted",)
    assert outcome(OUTFLOW, replace(ADULT, manager_absent_days=2)).reasons == ()


def test_the_dead_are_left_in_peace_and_the_reason_is_kept():
    for hit in (SALE, CARE, SERVICE, OUTFLOW):
        told = outcome(hit, replace(ADULT, is_deceased=True))
        assert (told.outcome, told.first_reason) == ("suppressed", "deceased")


def test_a_minor_is_served_and_cared_for_but_never_sold_to():
    child = replace(ADULT, is_minor=True)

    assert outcome(SALE, child).first_reason == "minor"
    assert outcome(CARE, child).outcome == "sent"


@pytest.mark.requirement("R-PRV-03")
def test_no_record_of_consent_means_denied_for_care_and_allowed_for_service():
    nobody_asked = replace(ADULT, granted=frozenset())

    assert outcome(CARE, nobody_asked).reasons == ("consent",)
    assert outcome(SERVICE, nobody_asked).outcome == "sent"


def test_an_elder_is_not_reached_by_push_alone():
    told = outcome(replace(CARE, channel="push"), replace(ADULT, is_elder_mode=True))

    assert (told.channel, told.reasons) == ("sms", ("rerouted",))
