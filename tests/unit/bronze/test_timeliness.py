"""Deadlines of feeds: what was due, what came in time, what was late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from spark_jobs.bronze.timeliness import deadlines, due_instant, is_due
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import SHIPPED_CONF
from tests.unit.bronze.test_ledger import file

MONDAY, TUESDAY = date(2026, 9, 28), date(2026, 9, 29)
SOURCES = load_sources((SHIPPED_CONF,))
CALENDAR = WorkingCalendar({date(2026, 9, 25): False, date(2026, 9, 20): True})
KNOWN = datetime(2026, 9, 29, 22, 30)


def told(*files, last=TUESDAY, feeds=("core__txn",)):
    chosen = {feed: SOURCES[feed] for feed in feeds}
    rows = deadlines(files, chosen, last, KNOWN, CALENDAR, "06:30")
    return {(r.subject_code, r.business_date.day): (r.state_code, r.late_minutes) for r in rows}


def test_a_feed_is_due_on_the_next_day_up_to_the_cut_off_and_on_the_day_itself_after_it():
    # 02:30 in Shanghai on the 30th is 18:30 UTC on the 29th; 23:30 can only be the evening of the 29th.
    assert due_instant(TUESDAY, "02:30", "06:30", "Asia/Shanghai") == datetime(2026, 9, 29, 18, 30)
    assert due_instant(TUESDAY, "23:30", "06:30", "Asia/Shanghai") == datetime(2026, 9, 29, 15, 30)


@pytest.mark.parametrize(
    ("arrived", "state"),
    [
        (datetime(2026, 9, 28, 18, 30), ("met", 0)),
        (datetime(2026, 9, 28, 18, 30, 1), ("late", 1)),
        (datetime(2026, 9, 28, 19, 30), ("late", 60)),
    ],
)
def test_met_includes_the_deadline_itself_and_a_begun_minute_counts(arrived, state):
    found = told(file("a", state="loaded", business_date=MONDAY, arrived_at=arrived), last=MONDAY)

    assert found["core__txn", 28] == state


def test_a_resend_does_not_make_late_what_came_in_time_but_a_held_file_is_no_arrival():
    early, late = datetime(2026, 9, 28, 18), datetime(2026, 9, 29, 1)
    resent = [
        file("a", state="superseded", business_date=MONDAY, arrived_at=early),
        file("b", 2, state="loaded", business_date=MONDAY, arrived_at=late),
    ]

    assert told(*resent, last=MONDAY)["core__txn", 28] == ("met", 0)
    assert told(replace(resent[0], state_code="held"), resent[1], last=MONDAY)["core__txn", 28] == (
        "late",
        390,
    )


def test_a_day_without_a_file_is_missed_once_its_deadline_has_passed():
    found = told(file("a", state="loaded", business_date=MONDAY, arrived_at=datetime(2026, 9, 28, 18)))

    assert found["core__txn", 29] == ("missed", None)


def test_a_bank_without_a_system_misses_none_of_its_feeds():
    mine = file("a", state="loaded", business_date=MONDAY, arrived_at=datetime(2026, 9, 28, 18))

    assert {feed for feed, _ in told(mine, feeds=("core__txn", "loan__repay"))} == {"core__txn"}


def test_weekly_feeds_are_due_on_mondays_and_opening_packages_never():
    weekly, once = SOURCES["hrorg__employee"].delivery, SOURCES["core__acct_opening"].delivery

    assert [is_due(weekly, day, CALENDAR) for day in (MONDAY, TUESDAY)] == [True, False]
    assert not is_due(once, MONDAY, CALENDAR)
    monthly = replace(weekly, cadence="monthly")
    assert [is_due(monthly, day, CALENDAR) for day in (TUESDAY, date(2026, 9, 30), date(2026, 2, 28))] == [
        False,
        True,
        True,
    ]


def test_a_feed_of_working_days_follows_the_calendar_not_the_weekday():
    delivery = replace(SOURCES["core__txn"].delivery, cadence="working_days")

    assert not is_due(delivery, date(2026, 9, 25), CALENDAR)  # A Friday, Mid-Autumn.
    assert is_due(delivery, date(2026, 9, 20), CALENDAR)  # A Sunday that is worked (调休).
