"""Working days and deadlines, by the worked examples of the rules and the calendar of 2026."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from spark_jobs import settings
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.errors import SettingsError


def days(first: str, last: str) -> list[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


OFF = days("2026-09-25", "2026-09-27") + days("2026-10-01", "2026-10-07")
WORKED = days("2026-09-20", "2026-09-20") + days("2026-10-10", "2026-10-10")


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    rows = [(day, False) for day in OFF] + [(day, True) for day in WORKED]
    return WorkingCalendar.of(rows, settings.rules(settings.load(), "calendar"))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-09-18", True),
        ("2026-09-19", False),
        ("2026-09-20", True),  # a Sunday that is worked
        ("2026-09-25", False),  # Mid-Autumn on a Friday
        ("2026-10-10", True),
        ("2027-03-06", False),  # unnamed: a Saturday
    ],
)
@pytest.mark.requirement("R-ING-21")
def test_holidays_and_adjusted_weekends_are_data(calendar: WorkingCalendar, day: str, works: bool) -> None:
    assert calendar.is_working(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        ("2026-09-18", 0, "2026-09-18"),
        ("2026-09-18", 1, "2026-09-20"),
        ("2026-09-24", 3, "2026-09-30"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-09-28", 3, "2026-10-08"),
    ],
)
def test_working_days_are_added_over_rest(
    calendar: WorkingCalendar, start: str, n: int, expected: str
) -> None:
    assert calendar.add_working_days(date.fromisoformat(start), n) == date.fromisoformat(expected)


def test_the_nearest_working_days(calendar: WorkingCalendar) -> None:
    assert calendar.previous_working(date(2026, 10, 3)) == date(2026, 9, 30)
    assert calendar.previous_working(date(2026, 9, 30)) == date(2026, 9, 30)
    assert calendar.next_working(date(2026, 9, 25)) == date(2026, 9, 28)


@pytest.mark.parametrize(
    ("start", "n", "unit", "expected"),
    [
        ("2026-09-30 19:30", 2, "contact_hours", "2026-10-01 10:30"),
        ("2026-09-30 07:10", 2, "contact_hours", "2026-09-30 11:00"),
        ("2026-09-30 18:00", 2, "contact_hours", "2026-09-30 20:00"),
        ("2026-09-30 20:00", 2, "contact_hours", "2026-10-01 11:00"),
        ("2026-09-30 22:00", 0, "contact_hours", "2026-10-01 09:00"),
        ("2026-09-24 16:00", 24, "elapsed_hours", "2026-09-25 16:00"),
        ("2026-09-24 16:00", 72, "elapsed_hours", "2026-09-27 16:00"),
        ("2026-09-24 20:00", 3, "working_days", "2026-09-30 17:30"),
        ("2026-09-24 10:00", 15, "calendar_days", "2026-10-10 00:00"),  # 24:00 of the 9th
    ],
)
def test_deadlines(calendar: WorkingCalendar, start: str, n: int, unit: str, expected: str) -> None:
    assert calendar.due(datetime.fromisoformat(start), n, unit) == datetime.fromisoformat(expected)


def test_the_business_date_is_the_banks_day_not_utcs(calendar: WorkingCalendar) -> None:
    half_past_midnight = datetime(2026, 9, 29, 16, 30)

    assert calendar.business_date(half_past_midnight) == date(2026, 9, 30)
    assert calendar.instant(calendar.local(half_past_midnight)) == half_past_midnight


def test_an_unknown_unit_names_the_nearest(calendar: WorkingCalendar) -> None:
    with pytest.raises(SettingsError, match="working_days"):
        calendar.due(datetime(2026, 9, 30), 1, "workingdays")
