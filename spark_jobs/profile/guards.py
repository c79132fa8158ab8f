"""Guards between a rule's hit and a customer (rules: guard): suppress, queue or reroute, with every reason stored. No Spark.

A hit has exactly one outcome. Any suppressing guard wins over any queueing one; a queued hit waits for the latest of its
`not_before`; otherwise it is sent. Local time throughout: people live in Asia/Shanghai, not in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from spark_jobs.profile.consent import Granted, missing_consents


class Calendar(Protocol):
    """The part of the working calendar that guards need."""

    def is_working(self, day: date) -> bool: ...

    def next_working(self, day: date) -> date: ...


@dataclass(frozen=True)
class Person:
    """What guards know of a customer on the business date; defaults are those of an ordinary adult."""

    is_erased: bool = False
    is_deceased: bool = False
    is_minor: bool = False
    has_fraud_case: bool = False
    has_complaint: bool = False
    granted: Granted = frozenset()
    risk_grade: str | None = None
    risk_expires: date | None = None
    age: int | None = None
    opted_out: frozenset[str] = frozenset()
    do_not_disturb_until: datetime | None = None
    preferred_channel: str | None = None
    is_elder_mode: bool = False
    manager: str | None = None
    manager_absent_days: int = 0
    contacts: Mapping[str, int] = field(default_factory=dict)
    care_to_sell: float | None = None


@dataclass(frozen=True)
class Hit:
    """A rule that fired. `planned_at` is when it would go out, local time; `product_risk` R1…R5 where a product is named."""

    purpose: str
    channel: str
    priority: int
    planned_at: datetime
    data_classes: tuple[str, ...] = ()
    product_risk: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """sent | queued | suppressed, with all reasons in the order of the guards."""

    outcome: str
    reasons: tuple[str, ...] = ()
    not_before: datetime | None = None
    channel: str | None = None

    @property
    def first_reason(self) -> str | None:
        return self.reasons[0] if self.reasons else None


def judge(
    hit: Hit, person: Person, guard: Mapping[str, Any], consent: Mapping[str, Any], calendar: Calendar
) -> Outcome:
    """The one outcome of one hit, before the manager's capacity is looked at."""
    suppressing, rerouting = _who(hit, person, guard, consent)
    capped = [] if hit.priority == 1 else _caps(hit, person, guard)
    channel = hit.channel
    if (
        person.preferred_channel
        and person.preferred_channel != channel
        and channel not in guard["human_channels"]
    ):
        channel = person.preferred_channel
        rerouting.append("rerouted")
    if person.is_elder_mode and channel == "push":
        # An elder customer is never reached by push alone.
        channel = "sms"
        rerouting.append("rerouted")
    waits = _waits(replace(hit, channel=channel), guard, calendar)
    if person.manager_absent_days > guard["deputy_after_absent_days"] and channel in guard["human_channels"]:
        rerouting.append("rerouted")
    queued = list(dict.fromkeys(reason for reason, _ in waits))
    reasons = tuple(dict.fromkeys([*suppressing, *capped, *rerouting, *queued]))
    if suppressing or capped:
        return Outcome("suppressed", reasons, None, channel)
    if waits:
        return Outcome("queued", reasons, max(until for _, until in waits), channel)
    return Outcome("sent", reasons, None, channel)


def _who(
    hit: Hit, person: Person, guard: Mapping[str, Any], consent: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Reasons that lie in the person: (suppressing, rerouting), in the order of the guards."""
    applies = guard["applies"]
    suppressing: list[str] = []
    rerouting: list[str] = []

    def looks(name: str) -> bool:
        return hit.purpose in applies[name]

    for name, holds in (
        ("erasure", person.is_erased),
        ("deceased", person.is_deceased),
        ("minor", person.is_minor),
        ("fraud_case", person.has_fraud_case),
    ):
        if holds and looks(name):
            suppressing.append(name)
    if person.has_complaint and looks("open_complaint"):
        # A priority 1 task still goes out, but to the owner of the complaint.
        if hit.priority == 1:
            rerouting.append("rerouted")
        else:
            suppressing.append("open_complaint")
    purpose = consent["purpose_of"][hit.purpose]
    if missing_consents(consent, purpose, hit.data_classes, hit.channel, person.granted):
        suppressing.append("consent")
    if looks("suitability"):
        suppressing += _unsuitable(hit, person, guard)
    silenced = person.do_not_disturb_until is not None and hit.planned_at < person.do_not_disturb_until
    if looks("opt_out") and (hit.channel in person.opted_out or silenced):
        suppressing.append("opt_out")
    return suppressing, rerouting


def _unsuitable(hit: Hit, person: Person, guard: Mapping[str, Any]) -> list[str]:
    """No grade refuses; a grade holds through its expiry date; R must not exceed C."""
    if hit.product_risk is None:
        return []
    if person.risk_grade is None:
        return ["unsuitable"]
    if person.risk_expires is not None and person.risk_expires < hit.planned_at.date():
        return ["risk_expired"]
    risk, grade = int(hit.product_risk[1:]), int(person.risk_grade[1:])
    senior = person.age is not None and person.age >= guard["senior_age_extra"] and risk >= 4
    return ["unsuitable"] if risk > grade or senior else []


def _caps(hit: Hit, person: Person, guard: Mapping[str, Any]) -> list[str]:
    full = []
    for name, cap in guard["caps"].items():
        counts_here = hit.purpose in cap["purposes"] and hit.channel in cap.get("channels", (hit.channel,))
        if counts_here and person.contacts.get(name, 0) >= cap["limit"]:
            full.append(f"cap_{name}")
    ratio = person.care_to_sell
    below = ratio is not None and ratio < guard["care_to_sell_min_ratio"]
    if hit.purpose == "sale" and below and guard["care_to_sell_mode"] == "block":
        full.append("care_balance")
    return full


def _waits(hit: Hit, guard: Mapping[str, Any], calendar: Calendar) -> list[tuple[str, datetime]]:
    """(reason, until) of everything that makes the hit wait."""
    waits: list[tuple[str, datetime]] = []
    if hit.not_before is not None and hit.not_before > hit.planned_at:
        waits.append(("scheduled", hit.not_before))
    human = hit.channel in guard["human_channels"]
    if not human and hit.channel not in guard["silent_channels"]:
        starts, ends = time.fromisoformat(guard["quiet_from"]), time.fromisoformat(guard["quiet_to"])
        now = hit.planned_at
        if now.time() >= starts:
            waits.append(("quiet_hours", datetime.combine(now.date() + timedelta(days=1), ends)))
        elif now.time() < ends:
            waits.append(("quiet_hours", datetime.combine(now.date(), ends)))
    day = hit.planned_at.date()
    if human and hit.priority != 1 and not calendar.is_working(day):
        opens = time.fromisoformat(guard["task_from"])
        waits.append(("not_working", datetime.combine(calendar.next_working(day), opens)))
    return waits
