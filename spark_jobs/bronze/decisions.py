"""Decisions of data stewards as they come in: a JSON object a line, beside landing (`Settings.steward_decisions`). No Spark.

`subject_id` names source records as `source:number`, joined by `|`; a take_back names the decision it takes back. What is decided about
persons needs two people; a decision that lacks the second is entered as refused and does nothing. Decisions count from the local date on
which they were made, and a run knows those made up to its cut-off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from spark_jobs.errors import DeliveryError

ERASE = "erase"
ABOUT_PERSONS = ("merge", "keep_apart", "split", "take_back", ERASE)
ABOUT_RECORDS = ("repair", "accept", "reject", "release", "exception")
NEEDED = ("decision_id", "subject_kind_code", "subject_id", "decision_code", "first_staff_id", "decided_at")


@dataclass(frozen=True)
class Delivered:
    """One decision. decided_at is naive UTC, day the date of it in the bank's zone; refused says why it does nothing, else None.

    repaired  (field, value) of a repair
    """

    decision_id: str
    subject_kind: str
    subject: str
    code: str
    first_staff: str
    second_staff: str | None
    reason: str | None
    decided_at: datetime
    day: date
    refused: str | None
    repaired: tuple[str, str] | None = None

    @property
    def records(self) -> list[tuple[str, str]]:
        """(source, number) of the records it is about; empty for a decision about no person."""
        if self.code not in ABOUT_PERSONS or self.subject_kind == "decision":
            return []
        parts = [part.partition(":") for part in self.subject.split("|")]
        return [(source, number) for source, colon, number in parts if colon and source and number]


def read(path: Path, zone: str, known_at: datetime) -> list[Delivered]:
    """Decisions made up to `known_at`, in the order of the file; none where there is no file."""
    return [d for d in _lines(path, ZoneInfo(zone)) if d.decided_at <= known_at] if path.is_file() else []


def _lines(path: Path, zone: ZoneInfo) -> Iterator[Delivered]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield _parsed(line, f"{path.name}, line {number}", zone)


def _parsed(line: str, place: str, zone: ZoneInfo) -> Delivered:
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise DeliveryError(f"{place}: a decision is one JSON object a line; mend the line and run again")
    missing = [name for name in NEEDED if not told.get(name)]
    if missing:
        raise DeliveryError(f"{place}: a decision needs `{missing[0]}`; mend the line and run again")
    try:
        moment = datetime.fromisoformat(str(told["decided_at"]))
    except ValueError:
        raise DeliveryError(f"{place}: `decided_at` is no ISO instant; mend the line and run again") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return Delivered(
        str(told["decision_id"]), str(told["subject_kind_code"]), str(told["subject_id"]), str(told["decision_code"]),
        str(told["first_staff_id"]), told.get("second_staff_id"), told.get("reason_code"),
        moment.astimezone(UTC).replace(tzinfo=None), moment.astimezone(zone).date(), _refusal(told),
        (str(told["repaired_field"]), str(told["repaired_value"])) if told.get("repaired_field") and "repaired_value" in told else None,
    )  # fmt: skip


def _refusal(told: Mapping[str, Any]) -> str | None:
    code, second = told["decision_code"], told.get("second_staff_id")
    if code not in (*ABOUT_PERSONS, *ABOUT_RECORDS):
        return "unknown_decision"
    if code not in ABOUT_PERSONS:
        return None
    if not second:
        return "second_person_missing"
    if second == told["first_staff_id"]:
        return "same_person_twice"
    if code == "take_back" and told["subject_kind_code"] != "decision":
        return "no_decision_named"
    if code not in ("take_back", ERASE) and len({*str(told["subject_id"]).split("|")}) < 2:
        return "one_record_only"
    return None
