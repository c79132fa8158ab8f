"""What waits for a steward: records in quarantine and held files, with age, owner, money and customers touched. Read without a JVM.

Nothing here shows what a record holds: places, codes, counts, and the largest amount of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from spark_jobs.bronze import cells, rulings, steward_log
from spark_jobs.bronze import steward_policy as policy
from spark_jobs.bronze.rulings import RecordRulings
from spark_jobs.bronze.steward_log import Decision
from spark_jobs.bronze.without_rule import read_without
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.errors import OxpeckerError
from spark_jobs.exports import published
from spark_jobs.privacy import tokens
from spark_jobs.settings import Settings

RECORD, FILE = steward_log.RECORD, steward_log.FILE
HELD = ("held", "rejected", "missing", "conflict")
# More records of one look than a person works through; the counts by feed and reason go over all.
MOST = 20_000


@dataclass(frozen=True)
class Item:
    """One thing that waits. since is naive UTC; customer is a token; state: open, proposed, decided (the next run applies it), or as applied.

    money  the largest amount of the record, as written; of a file the largest total its supplier declares
    """

    item_id: str
    kind: str
    feed: str
    owner: str
    reasons: tuple[str, ...]
    business_date: date
    since: datetime
    state: str
    money: Decimal | None
    customers: frozenset[str]
    rows: int
    package: str
    file: str
    line_no: int | None = None
    byte_offset: int | None = None
    byte_len: int | None = None
    file_id: str = ""
    is_required: bool = False
    record: bytes | None = field(default=None, repr=False)
    header: bytes | None = field(default=None, repr=False)
    # Of a file: held files are decided about, missing ones are waited for.
    is_held: bool = False

    def age_days(self, now: datetime) -> int:
        """Whole days since it came."""
        return max(0, (now - self.since).days)


@dataclass(frozen=True)
class Group:
    """Items of one feed and reason."""

    feed: str
    kind: str
    reasons: tuple[str, ...]
    owner: str
    items: int
    oldest: datetime
    money: Decimal | None
    customers: int
    example: str

    def age_days(self, now: datetime) -> int:
        return max(0, (now - self.oldest).days)


class Desk:
    """Everything a steward looks at, as it is on the disk now."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sources: Mapping[str, SourceContract] = load_sources(settings.conf_dirs)
        self.policy = policy.load(settings)
        self.decisions: list[Decision] = steward_log.read(settings.steward_log)
        self._tokens = tokens.tokeniser(settings)

    @property
    def key_file(self) -> Path:
        return tokens.key_file(self.settings, "lake")

    def record_token(self, feed: str, raw: bytes) -> str:
        """What stands for a record's bytes: the same bytes of the same feed, the same token."""
        return self._tokens.value("record", feed, raw.hex())

    # --- what waits ------------------------------------------------------------------------------------------

    def waiting(self) -> list[Item]:
        """Open records and held files, the oldest first."""
        found = [i for i in (*self.records(), *self.files()) if i.state in ("open", "proposed", "decided")]
        return sorted(found, key=lambda i: (i.since, i.feed, i.item_id))

    def records(self, where: str = "true") -> list[Item]:
        """Records in quarantine, whatever their state."""
        rows = self._ask(
            "ops.quarantine",
            f"select * from {{table}} where {where} order by known_at, feed_code, quarantine_id limit {MOST}",
        )
        names = self._files_by_id() if rows else {}
        found = [self._record(row, names.get(row["file_id"], {})) for row in rows]
        return [replace(i, state="decided") if self._is_excepted(i) else i for i in found]

    def last_applied(self, decision_id: str) -> date | None:
        """The last business date for which a decision let a file or a record load; None where it did nothing yet."""
        found = [
            row["business_date"]
            for table in ("ops.quarantine", "ops.delivery_file")
            for row in self._ask(
                table, f"select business_date from {{table}} where decision_id = '{decision_id}'"
            )
        ]
        return max(found, default=None)

    def files(self) -> list[Item]:
        """Files that must not load, and have not been followed by one that did."""
        rows = self._ask("ops.delivery_file", "select * from {table}")
        loaded = {(r["feed_code"], r["business_date"]) for r in rows if r["state_code"] == "loaded"}
        totals = self._totals() if rows else {}
        # A part of a feed may be held beside others that loaded: the whole feed is answered only where it comes in one file.
        return [
            self._file(row, totals)
            for row in rows
            if row["state_code"] in HELD
            and ((row["feed_code"], row["business_date"]) not in loaded or row["state_code"] == "conflict")
        ]

    def find(self, item_id: str) -> Item:
        """The record or file whose id begins so. Raises `OxpeckerError` where there is none, or several."""
        if not item_id.isalnum():
            raise OxpeckerError("an id is letters and digits only")
        found = self.records(f"starts_with(quarantine_id, '{item_id}')")
        found += [i for i in self.files() if i.item_id.startswith(item_id)]
        if not found:
            raise OxpeckerError(
                f"nothing with the id `{item_id}` waits; `oxpecker steward list` shows what does"
            )
        if len(found) > 1:
            raise OxpeckerError(f"several ids begin with `{item_id}`; give more of it")
        return found[0]

    def decided(self, item: Item) -> list[Decision]:
        """What was decided or proposed about an item, oldest first; decisions about the same bytes in another delivery, too."""
        token = self.record_token(item.feed, item.record) if item.record is not None else None
        return [
            d
            for d in self.decisions
            if d.subject == item.item_id
            or (token is not None and d.feed == item.feed and (d.record_token == token or self._is_for(d, item, token)))
        ]  # fmt: skip

    def _is_for(self, exception: Decision, item: Item, token: str) -> bool:
        """Whether an exception, in force or not, is made for a record."""
        return (
            rulings.is_about_records(exception, self.policy)
            and rulings.covers(exception, item.feed, item.business_date)
            and exception.check in item.reasons
            and (not exception.records or token in exception.records)
        )

    def _is_excepted(self, item: Item) -> bool:
        """Whether the next run loads an open record by exception: one that other rules keep aside, too, goes on waiting."""
        if item.state != "open" or not self._rulings.exceptions:
            return False
        raw, source = item.record or b"", self.sources.get(item.feed)
        token = partial(self.record_token, item.feed, raw)
        ruling = self._rulings.about(item.item_id, item.feed, token, item.business_date, item.reasons)
        if ruling is None or source is None or not ruling.rules:
            return False
        made = read_without(ruling.rules, raw, source, header=item.header, size=item.byte_len)
        return made.values is not None

    @cached_property
    def _rulings(self) -> RecordRulings:
        return RecordRulings(self.decisions, (), {}, self.policy, self.sources)

    # --- how it is read --------------------------------------------------------------------------------------

    def _ask(self, table: str, statement: str) -> list[dict[str, Any]]:
        columns, rows = published.ledger(self.settings, table, statement)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def _files_by_id(self) -> dict[str, dict[str, Any]]:
        statement = "select file_id, package_name, file_name, arrived_at, is_required from {table}"
        return {row["file_id"]: row for row in self._ask("ops.delivery_file", statement)}

    def _totals(self) -> dict[str, Decimal]:
        statement = (
            "select file_id, max(abs(expected_value)) as total from {table} "
            "where starts_with(check_code, 'control_total') group by file_id"
        )
        return {
            r["file_id"]: r["total"]
            for r in self._ask("ops.control_check", statement)
            if r["total"] is not None
        }

    def _state(self, kind: str, subject: str, stored: str) -> str:
        """As stored, until something was decided that no run has applied yet."""
        about = [d for d in self.decisions if d.kind == kind and d.subject == subject]
        if stored not in ("open", *HELD):
            return stored
        if any(d.state == steward_log.IN_FORCE for d in about):
            return "decided"
        return "proposed" if any(d.state == steward_log.PROPOSED for d in about) else "open"

    def _record(self, row: Mapping[str, Any], file: Mapping[str, Any]) -> Item:
        raw, feed = bytes(row["record"] or b""), row["feed_code"]
        header = row.get("file_header")
        header = bytes(header) if header is not None else None
        source = self.sources.get(feed)
        cut = cells.cut(raw, source, header) if source else []
        owner = policy.whose(cut, source) if source else None
        return Item(
            row["quarantine_id"], RECORD, feed, self.policy.owner(feed), tuple(row["reason_codes"]), row["business_date"],
            _naive(file.get("arrived_at") or row["known_at"]), self._state(RECORD, row["quarantine_id"], row["state_code"]),
            policy.money(cut, source) if source else None,
            frozenset([self._tokens.value("touched", owner)] if owner else []), 1,
            file.get("package_name") or "", file.get("file_name") or "", row["line_no"], row["byte_offset"], row["byte_len"],
            row["file_id"], bool(file.get("is_required")), raw, header,
        )  # fmt: skip

    def _file(self, row: Mapping[str, Any], totals: Mapping[str, Decimal]) -> Item:
        feed = row["feed_code"]
        state = self._state(FILE, row["file_id"], row["state_code"])
        return Item(
            row["file_id"], FILE, feed, self.policy.owner(feed), (row["reason_code"] or row["state_code"],), row["business_date"],
            _naive(row["arrived_at"] or row["known_at"]), state, totals.get(row["file_id"]), frozenset(), row["rows_found"] or 0,
            row["package_name"] or "", row["file_name"] or "", file_id=row["file_id"], is_required=bool(row["is_required"]),
            is_held=row["state_code"] == "held" and bool(row["file_name"]),
        )  # fmt: skip


def keep(
    items: Iterable[Item],
    now: datetime,
    *,
    feed: str | None = None,
    reason: str | None = None,
    owner: str | None = None,
    older_than: int | None = None,
    money_over: Decimal | None = None,
) -> list[Item]:
    """Items that fit all of these."""
    return [
        i for i in items
        if (not feed or i.feed == feed) and (not reason or reason in i.reasons) and (not owner or i.owner == owner)
        and (older_than is None or i.age_days(now) >= older_than)
        and (money_over is None or (i.money is not None and i.money >= money_over))
    ]  # fmt: skip


def grouped(items: Iterable[Item]) -> list[Group]:
    """Items by feed and reason, the oldest first. Customers are counted once in a group; money is added up as written."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[Item]] = {}
    for each in items:
        groups.setdefault((each.feed, each.kind, each.reasons), []).append(each)
    made = []
    for (feed, kind, reasons), mine in groups.items():
        amounts = [i.money for i in mine if i.money is not None]
        made.append(Group(
            feed, kind, reasons, mine[0].owner, len(mine), min(i.since for i in mine), sum(amounts, Decimal(0)) if amounts else None,
            len(frozenset().union(*(i.customers for i in mine))), min(i.item_id for i in mine),
        ))  # fmt: skip
    return sorted(made, key=lambda g: (g.oldest, g.feed, g.reasons))


def _naive(moment: datetime) -> datetime:
    """DuckDB hands instants back in the zone of this machine."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
