"""Deadlines of feeds: when each was due, and when what could be loaded had arrived. Plain Python over the delivery ledger.

A feed is due on each date its cadence names, from the first date on which the bank had anything of it; a feed the bank cannot do without
from the first date of all. Opening packages come once and are due on no date.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from spark_jobs.bronze.ledger import FileState
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.contracts.sources import Delivery, SourceContract
from spark_jobs.dates import DateRange

MONDAY = 0
ACCEPTED = ("loaded", "superseded", "duplicate")


@dataclass(frozen=True)
class Deadline:
    """One row of ops.deadline, in the order of its columns. Instants are naive UTC; late_minutes are begun minutes after the deadline."""

    business_date: date
    subject_code: str
    due_at: datetime
    accepted_at: datetime | None
    state_code: str
    late_minutes: int | None
    is_carried_forward: bool


def due_instant(day: date, due: str, cut_off: str, zone: str) -> datetime:
    """Instant (naive UTC) at which a feed of `day` is due: on the next day up to the cut-off, later times are those of the day itself.

    A run for the day looks at what arrived by the cut-off of the next one, so a later deadline on that day would be none.
    """
    at = time.fromisoformat(due)
    on = day + timedelta(days=1) if at <= time.fromisoformat(cut_off) else day
    return datetime.combine(on, at, ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def is_due(delivery: Delivery, day: date, calendar: WorkingCalendar) -> bool:
    """Whether the feed comes for that date. Weekly is for Mondays, monthly for the last day of the month, irregular for no date."""
    comes = {
        "daily": True,
        "working_days": calendar.is_working(day),
        "weekly": day.weekday() == MONDAY,
        "monthly": (day + timedelta(days=1)).day == 1,
    }
    return not delivery.opening and comes.get(delivery.cadence, False)


def deadlines(
    states: Iterable[FileState], sources: Mapping[str, SourceContract], last: date, known_at: datetime,
    calendar: WorkingCalendar, cut_off: str,
) -> list[Deadline]:  # fmt: skip
    """One row per feed and date on which it was due, up to `last`, sorted.

    state  met: what loads had arrived by the deadline · late: after it · missed: nothing that loads is known · pending: not due yet.
           A resend does not make late what had arrived in time; a file that was held does not count as having arrived.
    """
    by_feed: dict[str, list[FileState]] = {}
    for state in states:
        if state.sequence_no > 0:
            by_feed.setdefault(state.feed_code, []).append(state)
    first = min((s.business_date for files in by_feed.values() for s in files), default=None)
    rows: list[Deadline] = []
    for feed, source in sorted(sources.items()):
        files = by_feed.get(feed, [])
        since = min((f.business_date for f in files), default=first if source.delivery.required else None)
        if since is None or since > last:
            continue
        came: dict[date, datetime] = {}
        for each in files:
            if each.state_code in ACCEPTED and each.arrived_at is not None:
                came[each.business_date] = min(each.arrived_at, came.get(each.business_date, each.arrived_at))
        for day in DateRange(since, last):
            if is_due(source.delivery, day, calendar):
                due = due_instant(day, source.delivery.due, cut_off, calendar.zone)
                rows.append(_deadline(day, source, due, came.get(day), known_at))
    return sorted(rows, key=lambda r: (r.business_date, r.subject_code))


def _deadline(
    day: date, source: SourceContract, due: datetime, met: datetime | None, known_at: datetime
) -> Deadline:
    if met is None:
        pending = known_at < due
        carried = source.delivery.carry_forward and not pending
        return Deadline(day, source.feed, due, None, "pending" if pending else "missed", None, carried)
    late = max(0, math.ceil((met - due).total_seconds() / 60))
    return Deadline(day, source.feed, due, met, "late" if late else "met", late, False)
