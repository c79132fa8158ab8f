"""A: hits of the if–then rules, judged: silent while the same was said lately, else exactly one outcome (rules: alert, guard)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.profile.consent import effective_grants
from spark_jobs.profile.guards import Hit, Outcome, Person, judge

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
CAPS = ("sale_7", "sale_30", "sms_push_7", "survey_90", "any_nonservice_30")
# What the guards read of a person beside the hit.
PERSON = (
    "age_years", "is_minor", "is_deceased", "has_complaint", "risk_grade_code", "expire_date", "opted_out_codes", "sale_90_cnt",
    "care_90_cnt", "_states", *[f"{cap}_cnt" for cap in CAPS],
)  # fmt: skip
JUDGED = (
    "rule_code string, customer_id string, business_date date, action_date date, subject_ref string, trigger string, "
    "purpose_code string, priority_code string, channel_code string, created_at timestamp, due_at timestamp, outcome_code string, "
    "not_before_at timestamp, reason_codes array<string>, first_reason_code string"
)


@dataclass(frozen=True)
class HitBook:
    """All parameters that judging reads, as they are shipped to the workers. `cut_off` is local, on the action date."""

    alert: Mapping[str, Any]
    guard: Mapping[str, Any]
    consent: Mapping[str, Any]
    calendar: WorkingCalendar
    cut_off: str

    @property
    def channels(self) -> tuple[str, ...]:
        used = {rule["channel"] for rule in self.alert["rules"].values()}
        return tuple(sorted({*used, *self.alert["subject_channels"].values(), *self.guard["human_channels"]}))


def decide(rows: Iterable[Row], book: HitBook) -> Iterator[dict[str, Any]]:
    """Hits that are not repeats, each with its one outcome, as rows of a_rule_hit without the id.

    rows: hits of whole customers with `is_new` and, where new, the columns of `PERSON`; earlier hits only silence later ones. Two
    hits of one rule, subject and day are one, that with the smaller trigger.
    """

    def subject(row: Row) -> tuple[str, str, str]:
        return row["customer_id"], row["rule_code"], row["subject_ref"]

    ordered = sorted(rows, key=lambda r: (*subject(r), r["business_date"], r["is_new"], r["trigger"]))
    for (_, code, _), same in groupby(ordered, key=subject):
        silent_days = int(book.alert["rules"][code]["dedupe_days"])
        last: date | None = None
        for row in same:
            if row["is_new"] and last is not None and (row["business_date"] - last).days < silent_days:
                continue
            last = row["business_date"]
            if row["is_new"]:
                yield _judged(row, book)


def _judged(row: Row, book: HitBook) -> dict[str, Any]:
    rule = book.alert["rules"][row["rule_code"]]
    hit = plan(row, book)
    outcome = judge(hit, person_of(row, book), book.guard, book.consent, book.calendar)
    published = _publication(row, book)
    starts = max(published, outcome.not_before or published)
    due = book.calendar.due(starts, int(rule["due"]["n"]), rule["due"]["unit"])
    zone = book.calendar.zone
    known_as = book.consent["channel_of"]
    channel = outcome.channel or hit.channel
    return {
        "rule_code": row["rule_code"], "customer_id": row["customer_id"], "business_date": row["business_date"],
        "action_date": row["business_date"] + timedelta(days=1), "subject_ref": row["subject_ref"], "trigger": row["trigger"],
        "purpose_code": hit.purpose, "priority_code": str(hit.priority), "channel_code": known_as.get(channel, channel),
        "created_at": _instant(published, zone), "due_at": _instant(due, zone), **_told(outcome, zone),
    }  # fmt: skip


def _told(outcome: Outcome, zone: str) -> dict[str, Any]:
    waits = outcome.not_before
    return {
        "outcome_code": outcome.outcome, "not_before_at": None if waits is None else _instant(waits, zone),
        "reason_codes": list(outcome.reasons), "first_reason_code": outcome.first_reason,
    }  # fmt: skip


def plan(row: Row, book: HitBook) -> Hit:
    """What would go out, on the action date when work begins; the birthday's e-mail waits for the birthday."""
    rule = book.alert["rules"][row["rule_code"]]
    channel = book.alert["subject_channels"].get(row["subject_ref"], rule["channel"])
    action = row["business_date"] + timedelta(days=1)
    planned = datetime.combine(action, time.fromisoformat(book.guard["task_from"]))
    waits = None
    if row["rule_code"] == "A06" and row["subject_ref"] == "email":
        waits = datetime.combine(
            action + timedelta(days=1), time.fromisoformat(book.alert["birthday_not_before"])
        )
    return Hit(
        rule["purpose"], channel, rule["priority"], planned, tuple(rule["data_classes"]), None, waits
    )  # fmt: skip


def person_of(row: Row, book: HitBook) -> Person:
    """What the guards know. No source tells fraud cases or absences; without sales there is no balance of care to sales."""
    states = [
        (s["purpose_code"], s["data_class_code"], s["channel_code"], s["state_code"])
        for s in row["_states"] or ()
    ]
    opted_out = set(row["opted_out_codes"] or ())
    opted_out |= {channel for channel, name in book.consent["channel_of"].items() if name in opted_out}
    sales, cares = row["sale_90_cnt"] or 0, row["care_90_cnt"] or 0
    return Person(
        is_deceased=bool(row["is_deceased"]), is_minor=bool(row["is_minor"]), has_complaint=bool(row["has_complaint"]),
        granted=effective_grants(book.consent, states, book.channels), risk_grade=row["risk_grade_code"],
        risk_expires=row["expire_date"], age=row["age_years"], opted_out=frozenset(opted_out),
        contacts={cap: row[f"{cap}_cnt"] or 0 for cap in CAPS}, care_to_sell=cares / sales if sales else None,
    )  # fmt: skip


def _publication(row: Row, book: HitBook) -> datetime:
    return datetime.combine(row["business_date"] + timedelta(days=1), time.fromisoformat(book.cut_off))


def _instant(local: datetime, zone: str) -> datetime:
    """Naive UTC of a local time."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def judging(book: HitBook, schema: pa.Schema) -> Callable[[pa.Table], pa.Table]:
    """The function that Spark calls with all hits of a bucket of customers."""

    def judge_bucket(hits: pa.Table) -> pa.Table:
        import pyarrow as pa

        return pa.Table.from_pylist(list(decide(hits.to_pylist(), book)), schema=schema)

    return judge_bucket
