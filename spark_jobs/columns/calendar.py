"""Working days and deadlines (rules: calendar and clocks). Plain Python, no Spark.

Days come from `silver.calendar`; a day that the source does not name is worked from Monday to Friday. Times are naive and local
to the bank's zone unless a name says `instant`; stored instants are naive UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from spark_jobs.errors import SettingsError, nearest

# Codes of `conf/codes/day_kind.csv` for days on which the bank works; the other kinds are days off.
WORKING_KINDS = ("workday", "adjusted_workday")
UNITS = ("elapsed_minutes", "elapsed_hours", "contact_hours", "working_days", "calendar_days")
# A calendar with more days off in a row is broken, not festive; the longest so far is nine (Spring Festival 2026).
_LONGEST_REST = 60


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked, and when the bank's clocks run.

    `named` holds the days the source names; `work` and `contact` are (from, to) on a day.
    """

    named: Mapping[date, bool] = field(default_factory=dict)
    work: tuple[time, time] = (time(8, 30), time(17, 30))
    contact: tuple[time, time] = (time(9), time(20))
    zone: str = "Asia/Shanghai"

    @classmethod
    def of(cls, rows: Iterable[tuple[date, bool]], rules: Mapping[str, Any]) -> WorkingCalendar:
        """From (calendar_date, is_working_day) of silver.calendar and the parameters of `conf/rules/calendar.yml`."""

        def hours(name: str) -> tuple[time, time]:
            return time.fromisoformat(rules[f"{name}_from"]), time.fromisoformat(rules[f"{name}_to"])

        return cls({day: bool(works) for day, works in rows}, hours("work"), hours("contact"), rules["zone"])

    # --- days -----------------------------------------------------------------------------------------------

    def is_working(self, day: date) -> bool:
        """Whether the bank works: also on adjusted weekends (调休), not on holidays."""
        return self.named.get(day, day.weekday() < 5)

    def next_working(self, day: date) -> date:
        """The day itself if it is worked, else the first worked one after it."""
        return self._nearest(day, 1)

    def previous_working(self, day: date) -> date:
        """The day itself if it is worked, else the last worked one before it."""
        return self._nearest(day, -1)

    def _nearest(self, day: date, step: int) -> date:
        for n in range(_LONGEST_REST + 1):
            found = day + timedelta(days=n * step)
            if self.is_working(found):
                return found
        raise SettingsError(
            f"no working day within {_LONGEST_REST} days of {day}; look at the days of REF HOLIDAY in silver.calendar"
        )

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself is day 0 whether worked or not."""
        if n < 0:
            raise ValueError(f"{n} working days after a day; use previous_working to look back")
        for _ in range(n):
            day = self.next_working(day + timedelta(days=1))
        return day

    # --- deadlines ------------------------------------------------------------------------------------------

    def due(self, start: datetime, n: int, unit: str) -> datetime:
        """The deadline n units after `start`, both local. Met means `met_at <= due`.

        elapsed_minutes, elapsed_hours  weekends and nights count
        contact_hours  only the contact hours of each day count, holidays included
        working_days   the end of work on the n-th working day
        calendar_days  24:00 of the n-th day, that is 00:00 of the next
        """
        if unit == "elapsed_minutes":
            return start + timedelta(minutes=n)
        if unit == "elapsed_hours":
            return start + timedelta(hours=n)
        if unit == "contact_hours":
            return self._after_contact_hours(start, timedelta(hours=n))
        if unit == "working_days":
            return datetime.combine(self.add_working_days(start.date(), n), self.work[1])
        if unit == "calendar_days":
            return datetime.combine(start.date() + timedelta(days=n + 1), time())
        raise SettingsError(f"no clock counts in `{unit}`; {nearest(unit, UNITS)}")

    def _after_contact_hours(self, start: datetime, left: timedelta) -> datetime:
        opens, closes = self.contact
        day = start.date()
        now = max(start, datetime.combine(day, opens))
        while True:
            end = datetime.combine(day, closes)
            if now < end and now + left <= end:
                return now + left
            left -= max(end - now, timedelta())
            day += timedelta(days=1)
            now = datetime.combine(day, opens)

    # --- instants -------------------------------------------------------------------------------------------

    def local(self, instant: datetime) -> datetime:
        """A naive UTC instant as naive local time."""
        return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def instant(self, local: datetime) -> datetime:
        """Naive local time as a naive UTC instant."""
        return local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC).replace(tzinfo=None)

    def business_date(self, instant: datetime) -> date:
        """The day it is at the bank at a naive UTC instant: 2026-09-29T16:30Z is 2026-09-30."""
        return self.local(instant).date()
