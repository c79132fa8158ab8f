"""The complaint clocks by the worked examples of the rules, around the holidays of late September 2026."""

from datetime import date, datetime, timedelta

import pytest

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.profile.complaint_clock import Case, Step, clocks_of
from spark_jobs.settings import load, rules

OFF = [date(2026, 9, d) for d in (25, 26, 27)] + [date(2026, 10, d) for d in range(1, 8)]
CALENDAR = WorkingCalendar({**dict.fromkeys(OFF, False), date(2026, 9, 20): True, date(2026, 10, 10): True})
RULES = rules(load(), "complaint")
THURSDAY = datetime(2026, 9, 24, 16)
LATER = datetime(2026, 12, 31)


def clocks(case, now=LATER):
    return {clock.code: clock for clock in clocks_of(case, now, CALENDAR, RULES)}


def case(*steps, received=THURSDAY, **described):
    return Case(
        received, [Step(kind, datetime.fromisoformat(f"2026-{at}")) for kind, at in steps], **described
    )


@pytest.mark.requirement("R-VOC-10", "R-VOC-11")
def test_deadlines_run_on_through_the_holiday():
    found = clocks(case(), THURSDAY)

    assert found["respond"].due == datetime(2026, 9, 25, 16)
    assert found["resolve"].due == datetime(2026, 9, 27, 16)


@pytest.mark.parametrize(
    ("answered", "state"),
    [("09-25 16:00:00", "met"), ("09-25 16:00:01", "breached"), ("09-24 17:00:00", "met")],
)
@pytest.mark.requirement("R-VOC-10")
def test_an_answer_is_in_time_up_to_its_second(answered, state):
    assert clocks(case(("responded", answered)))["respond"].state == state


@pytest.mark.requirement("R-VOC-12")
def test_the_call_back_is_due_on_the_third_working_day():
    found = clocks(case(("resolved", "09-24 20:00")), datetime(2026, 9, 28))["call_back"]

    assert (found.due, found.state) == (datetime(2026, 9, 30, 17, 30), "running")


def test_there_is_no_call_back_before_a_solution():
    assert "call_back" not in clocks(case(("responded", "09-24 20:00")))


@pytest.mark.parametrize(
    ("described", "steps", "code", "due"),
    [
        ({}, [], "reg_simple", datetime(2026, 10, 10)),
        ({"is_complex": True}, [], "reg_complex", datetime(2026, 10, 25)),
        ({"severity": 3}, [], "reg_complex", datetime(2026, 10, 25)),
        ({"severity": 3}, [("extended", "10-20 09:00")], "reg_extension", datetime(2026, 11, 24)),
    ],
)
def test_the_regulators_days_end_at_midnight(described, steps, code, due):
    """9 October, 24 October and 23 November, 24:00."""
    assert clocks(case(*steps, **described), THURSDAY + timedelta(days=27))[code].due == due


def test_an_extension_in_time_takes_over_from_the_clock_it_extends():
    found = clocks(case(("extended", "10-24 23:59"), ("resolved", "11-20 09:00"), severity=4))

    assert (found["reg_complex"].state, found["reg_extension"].state) == ("paused", "met")


def test_an_extension_after_the_due_date_is_ignored():
    found = clocks(case(("extended", "10-25 09:00"), severity=4))

    assert found["reg_complex"].state == "breached"
    assert "reg_extension" not in found


def test_an_appeal_takes_the_decision_back_and_the_regulators_clock_runs_on():
    appealed = case(("resolved", "09-26 10:00"), ("appealed", "09-28 09:00"))
    decided = case(("resolved", "09-26 10:00"), ("appealed", "09-28 09:00"), ("resolved", "10-06 09:00"))

    running = clocks(appealed, datetime(2026, 10, 1))["reg_simple"]
    met = clocks(decided, datetime(2026, 10, 7))["reg_simple"]

    assert (running.state, running.started) == ("running", THURSDAY)
    assert (met.state, met.met) == ("met", datetime(2026, 10, 6, 9))
    assert clocks(appealed)["resolve"].state == "met"


def test_four_fifths_of_the_time_used_is_at_risk():
    """58 of 72 hours are 80.6 %, 57 are 79.2 %."""
    assert clocks(case(), datetime(2026, 9, 27, 2))["resolve"].state == "at_risk"
    assert clocks(case(), datetime(2026, 9, 27, 1))["resolve"].state == "running"


def test_passing_it_on_restarts_nothing():
    passed_on = case(("assigned", "09-24 17:00"), ("assigned", "09-26 09:00"), ("responded", "09-26 10:00"))

    assert clocks(passed_on)["respond"].state == "breached"


def test_steps_after_now_have_not_happened_yet():
    answered_later = case(("responded", "09-25 10:00"))

    assert clocks(answered_later, datetime(2026, 9, 25, 9))["respond"].state == "running"
    assert clocks(answered_later, datetime(2026, 9, 25, 9))["respond"].met is None


def test_silence_of_more_than_a_day_between_two_messages_breaches_progress_once_and_for_all():
    kept = case(("responded", "09-25 15:00"), ("resolved", "09-26 15:00"))
    silent = case(("responded", "09-25 10:00"), ("resolved", "09-26 10:01"))

    assert clocks(kept)["progress"].state == "met"
    assert (clocks(silent)["progress"].state, clocks(silent)["progress"].due) == (
        "breached",
        datetime(2026, 9, 26, 10),
    )


def test_only_people_on_the_phone_or_at_the_counter_are_soothed():
    assert clocks(case(("assigned", "09-24 16:09"), channel="phone"))["soothe"].state == "met"
    assert clocks(case(("assigned", "09-24 16:11"), channel="counter"))["soothe"].state == "breached"
    assert "soothe" not in clocks(case(channel="letter"))


def test_minutes_are_counted_to_the_end_or_to_now():
    assert clocks(case(("responded", "09-24 17:30")))["respond"].minutes_used == 90
    assert clocks(case(), datetime(2026, 9, 24, 18))["respond"].minutes_used == 120
