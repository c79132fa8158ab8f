"""What decisions do to a run: which files are released or turned away, and what becomes of records in quarantine. Pure but for the seal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from spark_jobs.bronze import cells, steward_log
from spark_jobs.bronze.decisions import Delivered
from spark_jobs.bronze.ledger import FileState, ledger_id
from spark_jobs.bronze.records import Record
from spark_jobs.bronze.reread import BY_STEWARD, reread
from spark_jobs.bronze.steward_log import (
    ACCEPT,
    EXCEPTION,
    FEED,
    FILE,
    IN_FORCE,
    RECORD,
    REJECT,
    RELEASE,
    REPAIR,
    Decision,
)
from spark_jobs.bronze.steward_policy import Policy
from spark_jobs.bronze.without_rule import read_without
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.errors import OxpeckerError
from spark_jobs.privacy.seal import Seal

# What a file's state becomes by decision, and the decision's id; None where nothing was decided.
FileRuling = Callable[[FileState], tuple[str, str] | None]
STATES: Mapping[str, str] = {
    REPAIR: "repaired",
    ACCEPT: "accepted",
    REJECT: "rejected",
    EXCEPTION: "excepted",
}
BY_EXCEPTION = "steward_exception"


def of_files(
    decisions: Iterable[Decision], policy: Policy, sources: Mapping[str, SourceContract]
) -> FileRuling:
    """Releases and exceptions let a held file load, a rejection turns it away for good.

    Only holds that the bank's rules call a judgement are ever released; what needs two people has them, whoever wrote the log.
    """
    counted = [d for d in decisions if d.state == IN_FORCE and _has_enough(d, policy, sources)]
    by_file = {d.subject: d for d in counted if d.kind == FILE}
    exceptions = [d for d in counted if d.kind == FEED]

    def ruling(state: FileState) -> tuple[str, str] | None:
        if state.state_code != "held":
            return None
        own = by_file.get(state.file_id)
        if own is not None and own.code == REJECT:
            return "rejected", own.decision_id
        if own is not None and own.code == RELEASE and state.reason_code in policy.releasable:
            return "verified", own.decision_id
        for each in exceptions:
            if (
                each.check == state.reason_code
                and state.reason_code in policy.excepted
                and covers(each, state.feed_code, state.business_date)
            ):
                return "verified", each.decision_id
        return None

    return ruling


def nothing_decided(state: FileState) -> tuple[str, str] | None:
    """Where no steward decides."""
    return None


@dataclass(frozen=True)
class Outcome:
    """What became of a record: `record` is what lands in bronze, under the file and line of the original; None where nothing does."""

    quarantine_id: str
    state: str
    decision_id: str | None
    record: Record | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """A decision about a record.

    values  by field, where it came with the stewards' own file instead of from their desk
    rules   of an exception: all rules that are out of force for the record
    """

    decision: Decision
    values: Mapping[str, str] | None = None
    rules: tuple[str, ...] = ()


class RecordRulings:
    """Decisions in force about records: by their place, by their bytes (a full feed brings the same record every day), by exception."""

    def __init__(
        self,
        decisions: Iterable[Decision],
        delivered: Iterable[Delivered],
        files: Mapping[str, FileState],
        policy: Policy,
        sources: Mapping[str, SourceContract],
    ) -> None:
        decisions = [*decisions]
        known = [Ruling(d) for d in steward_log.about_records(decisions)]
        rulings = [*_of_the_file(delivered, files), *known]
        rulings = [r for r in rulings if _has_enough(r.decision, policy, sources)]
        self.by_id = {r.decision.subject: r for r in rulings}
        self.by_token = {
            (r.decision.feed, r.decision.record_token): r for r in rulings if r.decision.record_token
        }

        excepted = [d for d in steward_log.in_force(decisions) if is_about_records(d, policy)]
        # Of several the earliest is named, whatever the order in which they were read.
        self.exceptions = sorted(
            (d for d in excepted if _has_enough(d, policy, sources)), key=lambda d: (d.at, d.decision_id)
        )

    def __bool__(self) -> bool:
        return bool(self.by_id or self.exceptions)

    @property
    def feeds(self) -> set[str]:
        """Feeds of which some record was decided whose bytes are known again."""
        return {feed for feed, _ in self.by_token}

    @property
    def decision_ids(self) -> list[str]:
        known = [*(r.decision for r in self.by_id.values()), *self.exceptions]
        return sorted(d.decision_id for d in known)

    def about(
        self,
        quarantine_id: str,
        feed: str,
        token: Callable[[], str],
        day: date | None = None,
        reasons: Sequence[str] = (),
    ) -> Ruling | None:
        """The decision about this very record, else about the same bytes, else the exceptions for its feed, business date and reasons."""
        own = self.by_id.get(quarantine_id)
        if own is None and feed in self.feeds:
            own = self.by_token.get((feed, token()))
        return own or self._excepted(feed, token, day, reasons)

    def _excepted(
        self, feed: str, token: Callable[[], str], day: date | None, reasons: Sequence[str]
    ) -> Ruling | None:
        mine = [e for e in self.exceptions if day is not None and covers(e, feed, day)]
        if not {e.check for e in mine} & {*reasons}:
            return None
        mine = [e for e in mine if not e.records or token() in e.records]
        named = next((e for e in mine if e.check in reasons), None)
        return None if named is None else Ruling(named, rules=tuple(sorted({str(e.check) for e in mine})))


def apply(row: Mapping[str, Any], ruling: Ruling, source: SourceContract, seal: Seal) -> Outcome:
    """The record read again under the decision. One that the contract does not take as mended stays open, and says why."""
    decision, key = ruling.decision, row["quarantine_id"]
    if decision.code == REJECT:
        return Outcome(key, STATES[REJECT], decision.decision_id)
    raw, header = bytes(row["record"]), row["file_header"]
    header = bytes(header) if header is not None else None
    if decision.code == ACCEPT:
        made = reread(raw, source, header=header, as_it_is=True)
    elif decision.code == EXCEPTION:
        made = read_without(ruling.rules, raw, source, header=header, size=row["byte_len"])
    else:
        try:
            mended = (
                cells.put_back(raw, source, ruling.values, header)
                if ruling.values is not None
                else seal.open(decision.sealed or "", decision.subject)
            )
        except OxpeckerError as problem:
            return Outcome(key, "open", None, None, (str(problem),))
        made = reread(mended, source, header=header)
    if made.values is None:
        return Outcome(key, "open", None, None, tuple(made.reasons))
    # What was delivered stays with the row; the values are those of the mended record.
    mark = BY_EXCEPTION if decision.code == EXCEPTION else BY_STEWARD
    reasons = list(dict.fromkeys([*row["reason_codes"], *made.reasons, mark]))
    landed = replace(
        made,
        line_no=row["line_no"],
        offset=row["byte_offset"],
        raw=raw,
        reasons=reasons,
        size=row["byte_len"],
    )
    return Outcome(key, STATES[decision.code], decision.decision_id, landed)


def is_about_records(decision: Decision, policy: Policy) -> bool:
    """Whether it is an exception of a rule about records, and the bank's rules still allow one."""
    return decision.kind == FEED and decision.code == EXCEPTION and decision.check in policy.excepted_records


def covers(exception: Decision, feed: str, day: date) -> bool:
    """Whether an exception is for this feed and business date."""
    first, last = exception.first_date, exception.last_date
    return exception.subject == feed and first is not None and last is not None and first <= day <= last


def replay_hash(outcomes: Iterable[tuple[str, str, str]]) -> str:
    """Name of the decisions that hold for a file's records: (quarantine id, decision id, state)."""
    return hashlib.sha256(repr(sorted(outcomes)).encode()).hexdigest()[:16]


def _has_enough(decision: Decision, policy: Policy, sources: Mapping[str, SourceContract]) -> bool:
    """Whether a decision has the second person it needs, by the rules of today."""
    if not policy.needs_second(decision.code, sources.get(decision.feed)):
        return True
    return decision.second is not None and not steward_log.same_person(decision.first, decision.second)


def _of_the_file(delivered: Iterable[Delivered], files: Mapping[str, FileState]) -> list[Ruling]:
    """Repairs that the stewards' own file names by package, file and line: `SYSTEM/day/package/file:line`."""
    wanted = [
        d
        for d in delivered
        if d.subject_kind == RECORD and d.code == REPAIR and d.repaired and d.refused is None
    ]
    if not wanted:
        return []
    by_name: dict[tuple[str, str], list[FileState]] = {}
    for state in files.values():
        by_name.setdefault((state.package_name, state.file_name), []).append(state)
    found = []
    for each in wanted:
        path, _, line = each.subject.rpartition(":")
        names = path.split("/")
        for state in by_name.get((names[-2], names[-1]), []) if len(names) >= 2 and line.isdigit() else []:
            assert each.repaired is not None
            decision = Decision(
                each.decision_id, RECORD, quarantine_id(state.file_id, int(line)), REPAIR, state.feed_code, each.reason or "",
                each.first_staff, each.decided_at, True, each.second_staff, IN_FORCE,
            )  # fmt: skip
            found.append(Ruling(decision, dict([each.repaired])))
    return found


def quarantine_id(file_id: str, line_no: int) -> str:
    """The id of a record in quarantine, as `ops.quarantine` has it."""
    return ledger_id(file_id, line_no)


def named(decisions: Collection[Decision], decision_id: str) -> Decision:
    """The decision whose id begins so. Raises `OxpeckerError` where there is none, or several."""
    found = [d for d in decisions if d.decision_id.startswith(decision_id)]
    if len(found) != 1:
        told = "no decision has" if not found else "several decisions have"
        raise OxpeckerError(
            f"{told} an id that begins with `{decision_id}`; `oxpecker steward log` shows them"
        )
    return found[0]
