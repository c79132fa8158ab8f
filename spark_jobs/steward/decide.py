"""Makes decisions: checks them against the contract and the rules, seals what a person corrected, and enters them for the next run.

A decision that needs two people is proposed first and in force once another person has agreed. Errors name codes and fields, never values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from spark_jobs.bronze import cells, rulings, steward_log
from spark_jobs.bronze.ledger import ledger_id
from spark_jobs.bronze.reread import reread
from spark_jobs.bronze.steward_log import (
    ACCEPT,
    DECLINED,
    EXCEPTION,
    FEED,
    FILE,
    IN_FORCE,
    PROPOSED,
    RECORD,
    REJECT,
    RELEASE,
    REPAIR,
    Decision,
)
from spark_jobs.bronze.without_rule import read_without
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.errors import OxpeckerError, nearest
from spark_jobs.privacy.seal import Seal
from spark_jobs.steward.actions import Actions
from spark_jobs.steward.queue import Desk, Item
from spark_jobs.steward.shapes import case_of


def actions(desk: Desk) -> Actions:
    """The log of who did what at this desk."""
    return Actions(desk.settings.steward_actions, desk.key_file)


def repair(
    desk: Desk, item: Item, reason: str, actor: str, at: datetime, *, values: Mapping[str, str] | None = None, raw: bytes | None = None
) -> Decision:  # fmt: skip
    """Put values in place of fields, or a whole record in place of it. What the contract would not take is refused here already."""
    source, before = _record(desk, item)
    _without_values(reason, item, source)
    if (values is None) == (raw is None):
        raise OxpeckerError("give the fields to set, or the whole record")
    mended = raw if raw is not None else cells.put_back(before, source, values or {}, item.header)
    if mended == before:
        raise OxpeckerError("nothing is changed; `accept` takes a record as it is")
    again = reread(mended, source, header=item.header)
    if again.values is None:
        raise OxpeckerError(f"{source.feed} does not take the record so: {' '.join(again.reasons)}")
    sealed = Seal(desk.key_file).close(mended, item.item_id)
    told = {
        "sealed": sealed,
        "fields": _changed(before, mended, source, item.header),
        "case": case_of(before, item.reasons, source, item.header, mended),
    }
    return propose(desk, RECORD, item.item_id, REPAIR, item.feed, reason, actor, at, _of(desk, item) | told)


def accept(desk: Desk, item: Item, reason: str, actor: str, at: datetime) -> Decision:
    """Let a record load as it is, where only signs that stand for no text are in the way."""
    source, raw = _record(desk, item)
    _without_values(reason, item, source)
    again = reread(raw, source, header=item.header, as_it_is=True)
    if again.values is None:
        raise OxpeckerError(
            f"the record cannot be read as it is ({' '.join(again.reasons)}): repair it, or reject it"
        )
    told = {"case": case_of(raw, item.reasons, source, item.header)}
    return propose(desk, RECORD, item.item_id, ACCEPT, item.feed, reason, actor, at, _of(desk, item) | told)


def reject(desk: Desk, item: Item, reason: str, actor: str, at: datetime) -> Decision:
    """Keep a record, or a held file, out for good."""
    if item.kind == FILE:
        _held(item)
        return propose(
            desk, FILE, item.item_id, REJECT, item.feed, reason, actor, at, {"reason_codes": [*item.reasons]}
        )
    source = desk.sources.get(item.feed)
    _without_values(reason, item, source)
    told = {"case": case_of(item.record or b"", item.reasons, source, item.header)} if source else {}
    return propose(desk, RECORD, item.item_id, REJECT, item.feed, reason, actor, at, _of(desk, item) | told)


def release(desk: Desk, item: Item, reason: str, actor: str, at: datetime) -> Decision:
    """Let a held file load in spite of what it is held for, where that is a judgement and no fact (`rules/steward.yml`)."""
    if item.kind != FILE:
        raise OxpeckerError("a record in quarantine is repaired, accepted or rejected; files are released")
    _held(item)
    releasable = desk.policy.releasable
    if item.reasons[0] not in releasable:
        raise OxpeckerError(
            f"a file held for `{item.reasons[0]}` is not released: ask for a corrected delivery, or mend the contract and run again. "
            f"Released may be: {', '.join(releasable)}"
        )
    return propose(
        desk, FILE, item.item_id, RELEASE, item.feed, reason, actor, at, {"reason_codes": [*item.reasons]}
    )  # fmt: skip


def exception(
    desk: Desk, feed: str, check: str, first: date, last: date, reason: str, actor: str, at: datetime, records: Sequence[Item] = ()
) -> Decision:  # fmt: skip
    """Put a check of a feed, or a rule about its records, out of force for some business dates; the contract stays, the exception ends.

    records  in quarantine: for these and for the same bytes in other deliveries only; of a rule about records
    """
    if feed not in desk.sources:
        raise OxpeckerError(f"there is no feed `{feed}`; {nearest(feed, desk.sources)}")
    desk.policy.check_exception(check, first, last)
    told: dict[str, Any] = {"check": check, "from": first.isoformat(), "until": last.isoformat()}
    if check in desk.policy.excepted_records:
        told |= _of_records(desk, feed, check, first, last, reason, records)
    elif records:
        raise OxpeckerError(f"`{check}` is a check of files; no exception of it is made for single records")
    return propose(desk, FEED, feed, EXCEPTION, feed, reason, actor, at, told)


def _of_records(
    desk: Desk, feed: str, check: str, first: date, last: date, reason: str, records: Sequence[Item]
) -> dict[str, Any]:
    """Tokens of the records that are named, and as a case the shape of one that the exception is for, where one waits already."""
    source = desk.sources[feed]
    for item in records:
        _record(desk, item)
        _without_values(reason, item, source)
        if item.feed != feed or check not in item.reasons or not first <= item.business_date <= last:
            raise OxpeckerError(
                f"record {item.item_id} is of {item.feed} of {item.business_date}, kept aside for {' '.join(item.reasons)}: "
                "the exception would not be for it"
            )
        made = read_without((check,), item.record or b"", source, header=item.header, size=item.byte_len)
        if made.values is None:
            raise OxpeckerError(
                f"record {item.item_id} is kept aside without `{check}`, too: {' '.join(made.reasons)}"
            )
    waiting = records or [
        i for i in desk.records(f"feed_code = '{feed}' and state_code = 'open'")
        if check in i.reasons and first <= i.business_date <= last
    ]  # fmt: skip
    told: dict[str, Any] = {"records": sorted({desk.record_token(feed, i.record or b"") for i in records})}
    for item in sorted(waiting, key=lambda i: i.item_id)[:1]:
        told["case"] = case_of(item.record or b"", item.reasons, source, item.header)
    return told


def agree(desk: Desk, decision_id: str, actor: str, at: datetime) -> Decision:
    """The second person's yes. Refuses the person who proposed."""
    return _answer(desk, decision_id, actor, at, "agreed", None)


def decline(desk: Desk, decision_id: str, reason: str, actor: str, at: datetime) -> Decision:
    """The second person's no; the thing waits again."""
    return _answer(desk, decision_id, actor, at, "declined", reason)


def withdraw(desk: Desk, decision_id: str, last: date, reason: str, actor: str, at: datetime) -> Decision:
    """Let an exception end with an earlier business date. One person is enough: the contract holds again.

    Dates for which it let something load already stay as they were published, so it cannot end before the last of them.
    """
    for name, text in (("reason", reason), ("actor", actor)):
        if not text.strip():
            raise OxpeckerError(f"a decision needs a {name}")
    with steward_log.locked(desk.settings.steward_log):
        known = rulings.named(steward_log.read(desk.settings.steward_log), decision_id)
        if known.code != EXCEPTION or known.state != IN_FORCE:
            raise OxpeckerError(
                f"decision {known.decision_id} is no exception that is in force; nothing is withdrawn"
            )
        if known.last_date is None or last >= known.last_date:
            raise OxpeckerError(f"the exception ends on {known.last_date}; it can end earlier only")
        applied = desk.last_applied(known.decision_id)
        if applied is not None and applied > last:
            raise OxpeckerError(
                f"the exception let something load for {applied}, which stays; it can end with that date, or you reject what loaded"
            )
        told = {"event": "withdrawn", "decision_id": known.decision_id, "actor": actor.strip(), "at": _at(at), "reason": reason.strip(), "until": last.isoformat()}  # fmt: skip
        steward_log.append(desk.settings.steward_log, told)
    actions(desk).enter(actor, "withdrawn", known.decision_id, at, decision=known.code)
    return _now(desk, known.decision_id)


def _answer(
    desk: Desk, decision_id: str, actor: str, at: datetime, event: str, reason: str | None
) -> Decision:
    with steward_log.locked(desk.settings.steward_log):
        known = rulings.named(steward_log.read(desk.settings.steward_log), decision_id)
        if known.state != PROPOSED:
            raise OxpeckerError(f"decision {known.decision_id} is {known.state}; nobody has to answer it")
        if steward_log.same_person(known.first, actor):
            actions(desk).enter(actor, "refused", known.decision_id, at, why="same_person_twice")
            raise OxpeckerError(
                f"{actor} proposed decision {known.decision_id}; the second person is another person"
            )
        told = {"event": event, "decision_id": known.decision_id, "actor": actor, "at": _at(at)}
        steward_log.append(desk.settings.steward_log, told | ({"reason": reason} if reason else {}))
    actions(desk).enter(actor, event, known.decision_id, at, decision=known.code)
    return _now(desk, known.decision_id)


def propose(
    desk: Desk, kind: str, subject: str, code: str, feed: str, reason: str, actor: str, at: datetime, told: Mapping[str, Any]
) -> Decision:  # fmt: skip
    """Enter a decision; it is in force at once where the rules ask for no second person. told: what of it is not named here."""
    for name, text in (("reason", reason), ("actor", actor)):
        if not text.strip():
            raise OxpeckerError(f"a decision needs a {name}")
    source = desk.sources.get(feed)
    with steward_log.locked(desk.settings.steward_log):
        decisions = steward_log.read(desk.settings.steward_log)
        open_ones = [d for d in decisions if d.kind == kind and d.subject == subject and d.state == PROPOSED]
        if open_ones and kind != FEED:
            raise OxpeckerError(
                f"decision {open_ones[0].decision_id} about it waits for a second person; it is agreed to or declined first"
            )
        content = (
            kind,
            subject,
            code,
            told.get("sealed"),
            told.get("check"),
            told.get("from"),
            told.get("until"),
            *told.get("records", ()),
        )
        # The same said again is the same decision, unless it was declined or replaced meanwhile.
        again = sum(
            d.state not in (PROPOSED, IN_FORCE)
            for d in decisions
            if (d.kind, d.subject, d.code) == (kind, subject, code)
        )
        decision_id = ledger_id("decision", *content, again)
        if any(d.decision_id == decision_id and d.state != DECLINED for d in decisions):
            raise OxpeckerError(f"that was decided before: {decision_id}")
        event = {
            "event": "proposed", "decision_id": decision_id, "kind": kind, "subject": subject, "decision": code, "feed": feed,
            "reason": reason.strip(), "actor": actor.strip(), "at": _at(at), "needs_second": desk.policy.needs_second(code, source), **told,
        }  # fmt: skip
        steward_log.append(desk.settings.steward_log, event)
    actions(desk).enter(actor, "proposed", decision_id, at, decision=code, item=subject)
    return _now(desk, decision_id)


def _now(desk: Desk, decision_id: str) -> Decision:
    desk.decisions = steward_log.read(desk.settings.steward_log)
    return rulings.named(desk.decisions, decision_id)


def _changed(before: bytes, after: bytes, source: SourceContract, header: bytes | None) -> list[str]:
    """Names of the fields that a repair changes, for the second person and the log."""
    was = {cell.name: cell.raw for cell in cells.cut(before, source, header)}
    return [cell.name for cell in cells.cut(after, source, header) if was.get(cell.name) != cell.raw]


def proposed(desk: Desk, item: Item) -> dict[str, str]:
    """What the newest repair of a record puts in its fields, by name: to be shown where values may be; empty where there is none."""
    source = desk.sources.get(item.feed)
    repairs = [
        d for d in desk.decided(item) if d.code == REPAIR and d.state in (PROPOSED, IN_FORCE) and d.sealed
    ]
    if source is None or not repairs:
        return {}
    mended = Seal(desk.key_file).open(repairs[-1].sealed or "", repairs[-1].subject)
    cut = cells.cut(mended, source, item.header)
    return {cell.name: (cell.text or "").strip() for cell in cut if cell.name in repairs[-1].fields}


def _without_values(reason: str, item: Item, source: SourceContract | None) -> None:
    """A reason is read by many: nothing that the record says of a person may stand in it."""
    cut = cells.cut(item.record or b"", source, item.header) if source else []
    for cell in cut:
        text = (cell.text or "").strip()
        if cell.privacy is PrivacyClass.IDENTIFYING and len(text) > 1 and text in reason:
            raise OxpeckerError(f"the reason repeats `{cell.name}` of the record; say why without it")


def _of(desk: Desk, item: Item) -> dict[str, Any]:
    return {
        "record_token": desk.record_token(item.feed, item.record or b""),
        "reason_codes": [*item.reasons],
    }


def _record(desk: Desk, item: Item) -> tuple[SourceContract, bytes]:
    if item.kind != RECORD or item.record is None:
        raise OxpeckerError("a held file is released or rejected; records are repaired and accepted")
    source = desk.sources.get(item.feed)
    if source is None:
        raise OxpeckerError(f"no contract of this bank asks for {item.feed} any more: only `reject` is left")
    return source, item.record


def _held(item: Item) -> None:
    if not item.is_held:
        raise OxpeckerError(
            f"nothing can be decided about a file that is there for `{item.reasons[0]}` and does not lie before us: a delivery answers it"
        )


def _at(at: datetime) -> str:
    return at.isoformat() + "+00:00"
