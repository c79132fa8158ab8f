"""The one clock of the product, and what jobs are given instead of it. No Spark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from spark_jobs.dates import DateRange
from spark_jobs.settings import Settings

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, naive UTC. Only ledgers get to see it: nothing derived from data may depend on it."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class RunContext:
    """What is injected into every job of a run instead of a clock.

    known_at is naive UTC: the cut-off of the last business date.
    """

    dates: DateRange
    known_at: datetime
    rules_version: str
    run_id: str
    mode: str = "daily"


def cut_off(settings: Settings, day: date) -> datetime:
    """The instant (naive UTC) up to which arrivals count for business date `day`: the cut-off time on the next day."""
    hour, minute = map(int, settings.cut_off.split(":"))
    local = datetime.combine(day + timedelta(days=1), time(hour, minute), ZoneInfo(settings.zone))
    return local.astimezone(UTC).replace(tzinfo=None)
