"""S: the clocks of one complaint (rules: complaint). Plain Python, local time; a clock never stops and nothing restarts it.

Internal clocks run through nights and weekends. Passing a complaint on between departments moves no clock. An appeal takes the decision
back, so the regulator's clock runs on; it pauses what the customer said of the complaint, not the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spark_jobs.columns.calendar import WorkingCalendar

RUNNING, AT_RISK, MET, BREACHED, PAUSED = "running", "at_risk", "met", "breached", "paused"
SIMPLE, COMPLEX, EXTENSION = "reg_simple", "reg_complex", "reg_extension"


@dataclass(frozen=True)
class Step:
    """A step of the office: `kind` by the list complaint_state, `at` local; signed by a member of staff or by nobody."""

    kind: str
    at: datetime
    is_signed: bool = True


@dataclass(frozen=True)
class Case:
    """A complaint: local time of receipt, steps in order. Severity 1 (low) to 4 (grave), None where unknown."""

    received: datetime
    steps: Sequence[Step] = ()
    channel: str | None = None
    severity: int | None = None
    is_complex: bool = False

    def first(
        self, kinds: Collection[str], since: datetime | None = None, signed: bool = False
    ) -> datetime | None:
        """When the first step of these kinds happened, at or after `since`."""
        found = (s.at for s in self.steps if s.kind in kinds and (s.is_signed or not signed))
        return min((at for at in found if since is None or at >= since), default=None)

    def last(self, kind: str) -> datetime | None:
        """When the newest step of the kind happened."""
        return max((s.at for s in self.steps if s.kind == kind), default=None)


@dataclass(frozen=True)
class Clock:
    """One clock of one complaint. minutes_used: from its start to the end, or to now where there is none."""

    code: str
    started: datetime
    due: datetime
    met: datetime | None
    state: str
    minutes_used: int


def clocks_of(
    case: Case, now: datetime, calendar: WorkingCalendar, rules: Mapping[str, Any]
) -> Iterator[Clock]:
    """All clocks of a complaint as of `now`; steps after now have not happened yet."""
    case = Case(
        case.received, [s for s in case.steps if s.at <= now], case.channel, case.severity, case.is_complex
    )
    clocks = rules["clocks"]
    for code in ("soothe", "respond", "resolve"):
        channels = clocks[code].get("channels")
        if channels is None or case.channel in channels:
            met = case.first(clocks[code]["met_by"], signed=code == "soothe")
            yield _clock(code, case.received, met, now, calendar, rules)
    yield _progress(case, now, calendar, rules)
    resolved = case.last("resolved")
    if resolved is not None:
        met = case.first(clocks["call_back"]["met_by"], since=resolved)
        yield _clock("call_back", resolved, met, now, calendar, rules)
    yield from _regulator(case, now, calendar, rules)


def _clock(
    code: str, started: datetime, met: datetime | None, now: datetime, calendar: WorkingCalendar,
    rules: Mapping[str, Any], due: datetime | None = None,
) -> Clock:  # fmt: skip
    rule = rules["clocks"][code]
    due = due or calendar.due(started, int(rule["n"]), rule["unit"])
    used = (met or now) - started
    if met is not None:
        state = MET if met <= due else BREACHED
    elif now > due:
        state = BREACHED
    else:
        state = AT_RISK if used >= rules["at_risk_share"] * (due - started) else RUNNING
    return Clock(code, started, due, met, state, int(used.total_seconds() // 60))


def _progress(case: Case, now: datetime, calendar: WorkingCalendar, rules: Mapping[str, Any]) -> Clock:
    """From one message to the customer to the next until it is resolved: the first gap that was too long, else the newest."""
    end = case.first(rules["clocks"]["progress"]["met_by"])
    told = sorted({s.at for s in case.steps if s.kind in rules["messages"] and (end is None or s.at <= end)})
    gaps: list[tuple[datetime, datetime | None]] = list(zip([case.received, *told], told, strict=False))
    if end is None or not gaps:
        gaps.append((told[-1] if told else case.received, None))
    clocks = [_clock("progress", since, until, now, calendar, rules) for since, until in gaps]
    return next((clock for clock in clocks if clock.state == BREACHED), clocks[-1])


def _regulator(
    case: Case, now: datetime, calendar: WorkingCalendar, rules: Mapping[str, Any]
) -> Iterator[Clock]:
    """The regulator's clock and, where it was extended in time, the extension. Met by a decision that was not appealed."""
    grave = case.severity is not None and case.severity >= int(rules["complex_from_severity"])
    code = COMPLEX if grave or case.is_complex else SIMPLE
    met = case.first(rules["clocks"][code]["met_by"], since=case.last("appealed"))
    plain = _clock(code, case.received, met, now, calendar, rules)
    approved = case.first(["extended"])
    if approved is None or approved > plain.due or (met is not None and met <= plain.due):
        yield plain
        return
    more = rules["clocks"][EXTENSION]
    due = calendar.due(_within(plain.due), int(more["n"]), more["unit"])
    # The approved extension has taken over; the clock it extends decides nothing any more.
    yield Clock(code, plain.started, plain.due, met, PAUSED, plain.minutes_used)
    yield _clock(EXTENSION, case.received, met, now, calendar, rules, due)


def _within(due: datetime) -> datetime:
    """A moment on the last day of a deadline: 24:00 of a day is written as 00:00 of the next."""
    return due - datetime.resolution
