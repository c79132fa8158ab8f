"""What stewards decided about records, files, feeds and persons: an append-only file of events beside landing (`Settings.steward_log`). No Spark.

A decision is an input like a delivery: a run reads it, and the same landing with the same decisions gives the same rows. It counts
whenever its subject is seen, not from the moment it was made, so that the repaired record lies where a clean delivery would have put it.

Events, a JSON object a line: `proposed` (all of the decision), `agreed` and `declined` (by another person), `withdrawn` (an exception ends
earlier; `until` is the last business date it is for). A decision is in force once it needs nobody, or a second person agreed. The newest in force about a record or file counts; exceptions count side by side.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from spark_jobs.errors import DeliveryError

RECORD, FILE, FEED, PERSONS = "quarantine", "delivery", "feed", "persons"
REPAIR, ACCEPT, REJECT, RELEASE, EXCEPTION = "repair", "accept", "reject", "release", "exception"
PROPOSED, IN_FORCE, DECLINED, REPLACED, WITHDRAWN = (
    "proposed",
    "in_force",
    "declined",
    "replaced",
    "withdrawn",
)
EVENTS = ("proposed", "agreed", "declined", "withdrawn")
NEEDED = ("decision_id", "kind", "subject", "decision", "feed", "reason", "actor", "at")


@dataclass(frozen=True)
class Word:
    """What is said of some parties (code: merge, keep_apart or split), or which decision never was (take_back of `undoes`)."""

    code: str
    parties: tuple[str, ...] = ()
    undoes: str | None = None


@dataclass(frozen=True)
class Decision:
    """One decision. `at` is naive UTC: of the proposal, then of what put it in force or declined it.

    subject       quarantine id, file id, feed; of persons what it is about: a decision, an event, a review item
    sealed        corrected bytes of a repair (`privacy.seal`), bound to the subject
    record_token  keyed token of the record's bytes as delivered: the same bytes in a later delivery are decided, too
    check, first_date, last_date   of an exception: the check that may fail for these business dates without holding the feed, or the rule
                  about records that may be broken in files of these dates
    records       of such an exception: tokens of the records it is made for; empty where it is for all of the feed
    fields        names of what a repair changes
    words         of a decision about persons: what it says of whom, as jobs/decisions.py enters it; it counts from `first_date` on
    case          what later deliveries are tested against: a shape without values, and what came of it
    """

    decision_id: str
    kind: str
    subject: str
    code: str
    feed: str
    reason: str
    first: str
    at: datetime
    needs_second: bool
    second: str | None = None
    state: str = PROPOSED
    sealed: str | None = None
    record_token: str | None = None
    reason_codes: tuple[str, ...] = ()
    check: str | None = None
    first_date: date | None = None
    last_date: date | None = None
    case: Mapping[str, Any] | None = None
    fields: tuple[str, ...] = ()
    note: str | None = None
    words: tuple[Word, ...] = ()
    records: tuple[str, ...] = ()


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's; case and blanks make no second person."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def read(path: Path) -> list[Decision]:
    """All decisions in the order in which they were proposed, each with its state."""
    if not path.is_file():
        return []
    found: dict[str, Decision] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            _apply(found, _event(line, f"{path.name}, line {number}"), f"{path.name}, line {number}")
    return _newest_counts(found.values())


def in_force(decisions: Iterable[Decision]) -> list[Decision]:
    return [d for d in decisions if d.state == IN_FORCE]


def about_records(decisions: Iterable[Decision]) -> list[Decision]:
    """Those in force about records in quarantine."""
    return [d for d in in_force(decisions) if d.kind == RECORD]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time reads this file and writes what follows from it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def append(path: Path, event: Mapping[str, Any]) -> None:
    """Add one event; it is on the disk when this returns. Readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps(event, ensure_ascii=False, sort_keys=True, default=str) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        flock(stream, LOCK_EX)
        stream.write(line.encode())
        stream.flush()
        os.fsync(stream.fileno())


def _event(line: str, place: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("event") not in EVENTS:
        raise DeliveryError(
            f"{place}: no event of a decision; the file is written by `oxpecker steward`, put it back"
        )
    needed = NEEDED if told["event"] == "proposed" else ("decision_id", "actor", "at")
    for name in needed:
        if not told.get(name):
            raise DeliveryError(f"{place}: the event has no `{name}`; put the file back")
    return told


def _apply(found: dict[str, Decision], told: Mapping[str, Any], place: str) -> None:
    key, at = str(told["decision_id"]), _instant(told["at"], place)
    if told["event"] == "proposed":
        # The same again says nothing new.
        found.setdefault(key, _decision(told, at, place))
        return
    known = found.get(key)
    if known is None:
        raise DeliveryError(f"{place}: nobody proposed the decision that is answered; put the file back")
    if told["event"] == "withdrawn":
        found[key] = shortened(known, _day(told, "until", place), at, told.get("reason"))
        return
    if known.state != PROPOSED or same_person(known.first, told["actor"]):
        return
    agreed = told["event"] == "agreed"
    found[key] = replace(
        known,
        second=str(told["actor"]),
        at=at,
        state=IN_FORCE if agreed else DECLINED,
        note=told.get("reason"),
    )


def shortened(known: Decision, last: date | None, at: datetime, reason: str | None) -> Decision:
    """An exception that ends with this business date; one that would end before it begins never was. Others, and longer ones, stay."""
    if known.code != EXCEPTION or known.state != IN_FORCE or last is None or known.first_date is None:
        return known
    if known.last_date is None or last >= known.last_date:
        return known
    state = IN_FORCE if last >= known.first_date else WITHDRAWN
    return replace(known, last_date=last, at=at, state=state, note=reason)


def _day(told: Mapping[str, Any], name: str, place: str) -> date | None:
    try:
        return date.fromisoformat(told[name]) if told.get(name) else None
    except ValueError:
        raise DeliveryError(f"{place}: `{name}` is no date; put the file back") from None


def _decision(told: Mapping[str, Any], at: datetime, place: str) -> Decision:
    needs = bool(told.get("needs_second", True))
    dates = [_day(told, name, place) for name in ("from", "until")]
    return Decision(
        str(told["decision_id"]), str(told["kind"]), str(told["subject"]), str(told["decision"]), str(told["feed"]),
        str(told["reason"]), str(told["actor"]), at, needs, None, PROPOSED if needs else IN_FORCE, told.get("sealed"),
        told.get("record_token"), tuple(told.get("reason_codes", ())), told.get("check"), dates[0], dates[1], told.get("case"),
        tuple(told.get("fields", ())), words=tuple(_word(each) for each in told.get("words", ())), records=tuple(told.get("records", ())),
    )  # fmt: skip


def _word(told: Mapping[str, Any]) -> Word:
    return Word(str(told["code"]), tuple(told.get("parties", ())), told.get("undoes"))


def _instant(text: Any, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise DeliveryError(f"{place}: `at` is no ISO instant; put the file back") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _newest_counts(decisions: Iterable[Decision]) -> list[Decision]:
    """An earlier decision about the same record or file gives way to a later one in force."""
    found = list(decisions)
    newest: dict[tuple[str, str], str] = {}
    for each in sorted(found, key=lambda d: d.at):
        if each.state == IN_FORCE and each.kind != FEED:
            newest[each.kind, each.subject] = each.decision_id
    return [
        replace(d, state=REPLACED)
        if d.state == IN_FORCE and newest.get((d.kind, d.subject), d.decision_id) != d.decision_id
        else d
        for d in found
    ]
