"""Bronze: look at what arrived, hold what must not load, load the rest as delivered."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.bronze import (
    apart,
    cases,
    decisions,
    drifting,
    ledger,
    plausible,
    rulings,
    settling,
    steward_log,
    steward_policy,
)
from spark_jobs.bronze.controls import Check
from spark_jobs.bronze.discovery import Package, Unasked, arrived, unasked
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.bronze.rulings import FileRuling
from spark_jobs.bronze.source import HEADER, NAME, BankFiles
from spark_jobs.bronze.steward_log import Decision
from spark_jobs.bronze.timeliness import is_due
from spark_jobs.bronze.touched import marts_of, touched
from spark_jobs.bronze.waiting import source_systems
from spark_jobs.bronze.working_days import WorkingDays
from spark_jobs.clock import cut_off
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import RequiredFeedHeld
from spark_jobs.history import instant
from spark_jobs.jobs import replay
from spark_jobs.processes import one_at_a_time
from spark_jobs.settings import REPOSITORY
from spark_jobs.silver.mapping import table_of
from spark_jobs.tables import Lake, side_by_side

# What one read holds in memory beside what is being written.
READ_AT_ONCE_BYTES = 32 * 1024**2
log = logging.getLogger(__name__)


def run(lake: Lake, dates: DateRange, systems: Sequence[str] | None = None) -> None:
    """Load every delivery that arrived and was not looked at before; nothing new, no commit."""
    known = ledger.read_states(lake)
    decided = steward_log.read(lake.settings.steward_log)
    policy = steward_policy.load(lake.settings)
    ruling = rulings.of_files(decided, policy, lake.sources)
    mine = {
        feed: s
        for feed, s in lake.sources.items()
        if systems is None or {s.delivery.system, feed} & {*systems}
    }
    landed = arrived(lake.settings, lake.run.known_at, lake.sources)
    work = lake.settings.home / "work" / "unpacked"
    looked = [
        ledger.examine(package, lake.sources, work, lake.run.known_at)
        for package in _to_open(lake, landed, known, ruling)
        if package.business_date <= dates.last and (systems is None or package.system in systems)
    ]
    _tell_unasked(lake, [u for each in looked for u in each.unasked], systems)
    held = {
        s.file_id for s in known.values() if settling.is_outdated(s, lake.sources) or ruling(s) is not None
    }
    fresh = [
        e for each in looked for e in each.files if e.state.file_id in held or e.state.file_id not in known
    ]
    days = WorkingDays(lake.settings, lake.sources, landed, lambda: _stored_days(lake))
    part_of = settling.parts_of(lake.sources)
    columns = drifting.Columns(known.values(), lake.sources, part_of, partial(_reached, lake))
    fresh = plausible.judge(fresh, known.values(), lake.sources, days.is_working, columns.judged)
    fresh = [_with_cases(e, decided, lake.sources) for e in fresh]
    states = _with(known, fresh)
    late_after = partial(_late_after, lake)
    due = partial(_is_due, lake, days)
    absent = [
        s for s in settling.never_came(states, mine, dates, due, lake.run.known_at) if s.file_id not in known
    ]
    here = _only_of(ruling, mine, {e.state.file_id for e in fresh})
    settled = settling.settle(states, late_after, part_of, here)
    loads = [e for e in fresh if settled[e.state.file_id].state_code in ("loaded", "superseded")]
    quarantined = _load(lake, loads) if loads else {}
    replayed = _replay(lake, decided, policy, settled, mine, {e.state.file_id for e in loads})
    mended = {key for key, name in replayed.items() if settled[key].replay_hash != name}
    ruled = any(
        settled[s.file_id].decision_id != s.decision_id for s in known.values() if s.file_id in settled
    )
    if fresh or absent or mended or ruled:
        _enter_checks(lake, fresh, {*known}, settled, policy)
        _enter_changes(lake, columns.found)
        # Several systems are loaded side by side, each by a process of its own: what the others entered meanwhile stays.
        with one_at_a_time(lake.settings.home / "leases" / f"{lake.settings.prefix}bronze_ledger.lock"):
            stored = ledger.read_states(lake)
            settled = settling.settle([*_with(stored, fresh), *absent], late_after, part_of, here)
            counted = {key: _counted(state, quarantined, replayed) for key, state in settled.items()}
            known = drifting.keep_needed(counted, part_of)
            ledger.write_states(lake, known)
    _stop_without_required(
        [state for state in known.values() if state.feed_code in mine], mine, dates, part_of
    )


def _to_open(
    lake: Lake, landed: Sequence[Package], known: Mapping[str, FileState], ruling: FileRuling
) -> list[Package]:
    """Deliveries that were not looked at before, and those of a held file that was released meanwhile."""
    released = {(s.package_name, s.business_date) for s in known.values() if ruling(s) is not None}
    new = frozenset(settling.unseen(landed, known.values(), lake.sources))
    return [p for p in landed if p in new or (p.name, p.business_date) in released]


def _stop_without_required(
    states: Sequence[FileState],
    sources: Mapping[str, SourceContract],
    dates: DateRange,
    part_of: settling.PartOf,
) -> None:
    """An error that names the required feeds of these dates that are held."""
    carried = [feed for feed, source in sources.items() if source.delivery.carry_forward]
    stopped = settling.held_required(states, dates.first, dates.last, carried, part_of)
    if stopped:
        told = ", ".join(sorted({f"{s.feed_code} of {s.business_date}: {s.reason_code}" for s in stopped}))
        raise RequiredFeedHeld(
            f"bronze: {len(stopped)} required feeds are held ({told}); everything else is loaded, nothing is published. "
            "A corrected delivery with a higher sequence, or what `oxpecker steward` may decide of them, lets them load; "
            'see docs/runbook.md, "a feed is held"'
        )


def _late_after(lake: Lake, state: ledger.FileState) -> datetime | None:
    """The cut-off of the file's date: a run for it could not see what came later. Nothing is late that has no date to come on."""
    source = lake.sources.get(state.feed_code)
    if source is None or state.sequence_no == 0 or source.delivery.cadence == "irregular":
        return None
    return cut_off(lake.settings, state.business_date)


def _is_due(lake: Lake, days: WorkingDays, source: SourceContract, day: date) -> bool:
    """Whether the feed comes for that date, and a run could no longer hope for it."""
    named = days.named(day) if source.delivery.cadence == "working_days" else {}
    return cut_off(lake.settings, day) <= lake.run.known_at and is_due(
        source.delivery, day, WorkingCalendar(named)
    )


def _stored_days(lake: Lake) -> dict[date, bool]:
    days = lake.read("silver.calendar").select("calendar_date", "is_working_day").collect()
    return {row["calendar_date"]: bool(row["is_working_day"]) for row in days}


def _reached(lake: Lake, feed: str) -> tuple[str, ...]:
    """Tables that a change of the feed's columns reaches, layer by layer."""
    filled = {table_of(entity) for entity in lake.sources[feed].maps}
    found = touched(filled, lake.contracts.tables, marts_of(REPOSITORY / "dbt_project" / "models"))
    return (*found.silver, *found.identity, *found.profile, *found.metric, *found.marts)


def _tell_unasked(lake: Lake, inside: Sequence[Unasked], systems: Sequence[str] | None) -> None:
    """List files that no contract asks for, in the log and in the ledger.

    Whole packages and loose files belong to no system: where systems are worked on side by side, the first one looks at them.
    """
    for_all = systems is None or source_systems(lake.settings)[0] in systems
    outside = unasked(lake.settings, lake.run.known_at, lake.sources) if for_all else []
    known = ledger.known_unasked(lake) if inside or outside else set()
    fresh = [u for u in (*outside, *inside) if ledger.unasked_id(u) not in known]
    for each in fresh:
        name = "/".join(filter(None, (each.package_name, each.file_name)))
        log.warning("no contract asks for %s (%s); see %s", name, each.reason_code, ledger.UNASKED)
    ledger.enter_unasked(lake, fresh)


def _only_of(ruling: FileRuling, feeds: Collection[str], looked_at: Collection[str]) -> FileRuling:
    """Decisions about files of these feeds. One is released where it was looked at just now: only then its rows are loaded."""

    def here(state: FileState) -> tuple[str, str] | None:
        told = ruling(state) if state.feed_code in feeds else None
        return None if told is None or (told[0] == "verified" and state.file_id not in looked_at) else told

    return here


def _with(known: Mapping[str, FileState], fresh: Sequence[Examined]) -> list[FileState]:
    """The ledger with files as they were found now; one that was looked at again stands once."""
    return [*{**known, **{e.state.file_id: e.state for e in fresh}}.values()]


def _with_cases(
    file: Examined, decided: Sequence[Decision], sources: Mapping[str, SourceContract]
) -> Examined:
    """A file that is read is held against what stewards decided of its feed before; that holds nobody."""
    check = cases.check(decided, sources[file.state.feed_code]) if file.path is not None else None
    return file if check is None else replace(file, checks=(*file.checks, check))


def _replay(
    lake: Lake,
    decided: Sequence[Decision],
    policy: steward_policy.Policy,
    files: Mapping[str, FileState],
    sources: Mapping[str, SourceContract],
    loaded: Collection[str],
) -> dict[str, str]:
    """Records in quarantine of which stewards decided; names of what holds now, by file."""
    told = decisions.read(lake.settings.steward_decisions, lake.settings.zone, lake.run.known_at)
    return replay.run(
        lake, rulings.RecordRulings(decided, told, files, policy, lake.sources), files, sources, loaded
    )


def _counted(state: FileState, quarantined: Mapping[str, int], replayed: Mapping[str, str]) -> FileState:
    return replace(
        state,
        quarantined_cnt=quarantined.get(state.file_id, state.quarantined_cnt),
        replay_hash=replayed.get(state.file_id, state.replay_hash),
    )


def _load(lake: Lake, files: Sequence[Examined]) -> dict[str, int]:
    """Load files, small feeds together. Gives the number of quarantined records by file."""
    lake.spark.dataSource.register(BankFiles)
    lake.ensure_schema("bronze")
    counted: dict[str, int] = {}
    for feeds in _together(files):
        counted |= _load_feeds(lake, feeds)
    return counted


def _together(files: Sequence[Examined]) -> Iterator[dict[str, list[Examined]]]:
    """Files by feed, as many feeds at a time as are read at once: each is picked out of what was read, so large ones go alone."""
    by_feed: dict[str, list[Examined]] = {}
    for each in files:
        by_feed.setdefault(each.state.feed_code, []).append(each)
    group: dict[str, list[Examined]] = {}
    size = 0
    for feed, theirs in sorted(by_feed.items()):
        own = sum(e.state.file_bytes or 0 for e in theirs)
        if group and size + own > READ_AT_ONCE_BYTES:
            yield group
            group, size = {}, 0
        group[feed] = theirs
        size += own
    if group:
        yield group


def _load_feeds(lake: Lake, feeds: Mapping[str, Sequence[Examined]]) -> dict[str, int]:
    given = [
        {
            "feed": feed, "path": str(e.path),
            "bytes": e.state.file_bytes, "file_id": e.state.file_id, "delivery_id": e.state.delivery_id,
            "business_date": str(e.state.business_date), "arrived_at": e.state.arrived_at.isoformat() if e.state.arrived_at else "",
        }
        for feed, files in feeds.items()
        for e in files
    ]  # fmt: skip
    rows = (
        lake.spark.read.format(NAME)
        .option("conf_dirs", json.dumps([str(Path(p)) for p in lake.settings.conf_dirs]))
        .option("files", json.dumps(given))
        .load()
        .withColumn("_ingested_at", instant(lake.run.known_at))
        .localCheckpoint()
    )
    side_by_side(partial(_publish_feed, lake, rows, feed, files) for feed, files in feeds.items())
    return _keep_aside(lake, rows.where("_parse_status = 'quarantined'"))


def _publish_feed(lake: Lake, rows: DataFrame, feed: str, files: Sequence[Examined]) -> None:
    mine = rows.where((F.col("_feed") == feed) & (F.col("_parse_status") != "quarantined"))
    values = [F.col("_values")[at].alias(name) for at, name in enumerate(lake.sources[feed].names())]
    days = [e.state.business_date for e in files]
    ids = [e.state.file_id for e in files]
    place = [c for c in rows.columns if c not in ("_feed", "_values", HEADER)]
    lake.publish(
        f"bronze.{feed}", mine.select(*values, *place), DateRange(min(days), max(days)),
        within=F.col("_file_id").isin(*ids),
    )  # fmt: skip


def _keep_aside(lake: Lake, unread: DataFrame) -> dict[str, int]:
    """Records that could not be read go to quarantine, lines that are no records beside them; how many records of each file."""
    is_none = F.col("_reason_codes")[0].isin(*apart.REASONS)
    found = unread.groupBy("_file_id").agg(F.count_if(~is_none).alias("records")).collect()
    counted = {row["_file_id"]: row["records"] for row in found}
    if counted:
        lake.publish("ops.quarantine", unread.select(
            F.substring(F.sha2(F.concat_ws("|", "_file_id", "_line_no"), 256), 1, 26).alias("quarantine_id"),
            F.col("_file_id").alias("file_id"), F.col("_feed").alias("feed_code"), "business_date",
            F.col("_line_no").alias("line_no"), F.col("_byte_offset").alias("byte_offset"), F.col("_byte_len").alias("byte_len"),
            F.col("_record").alias("record"), F.col("_reason_codes").alias("reason_codes"), F.when(is_none, apart.STATE).otherwise("open").alias("state_code"),
            F.col("_ingested_at").alias("known_at"), F.col(HEADER).alias("file_header"), F.lit(None).alias("decision_id"),
        ))  # fmt: skip
    return counted


def _enter_checks(
    lake: Lake,
    files: Sequence[Examined],
    known: Collection[str],
    settled: Mapping[str, FileState],
    policy: steward_policy.Policy,
) -> None:
    """What the files were checked for. known: ids of files that were looked at before; their checks are replaced."""
    table = "ops.control_check"
    rows = [
        (e.state.file_id, e.state.feed_code, e.state.business_date, c.code, c.expected, c.actual, _verdict(c, settled[e.state.file_id], policy))
        for e in files
        for c in e.checks
    ]  # fmt: skip
    again = sorted({e.state.file_id for e in files if e.state.file_id in known})
    if again:
        mine = [row for row in rows if row[0] in again]
        lake.publish(
            table, lake.spark.createDataFrame(mine, schema_of(lake.contracts, table)), within=F.col("file_id").isin(*again)
        )  # fmt: skip
    first = [row for row in rows if row[0] not in again]
    if first:
        lake.publish(table, lake.spark.createDataFrame(first, schema_of(lake.contracts, table)))


def _verdict(check: Check, state: FileState, policy: steward_policy.Policy) -> str:
    if check.passed:
        return "pass"
    if check.code == cases.CODE:
        return "warn"
    is_judgement = check.code.removeprefix("columns:") in (*policy.releasable, *policy.excepted)
    return "waived" if state.decision_id and state.state_code != "rejected" and is_judgement else "fail"


def _enter_changes(lake: Lake, found: Sequence[drifting.SchemaChange]) -> None:
    """What differs in the columns of files, with all that it would touch."""
    if found:
        table = "ops.schema_change"
        # Spark takes lists for arrays, and no tuples.
        rows = [
            (*(list(v) if isinstance(v, tuple) else v for v in astuple(change)), lake.run.known_at)
            for change in found
        ]
        lake.publish(table, lake.spark.createDataFrame(rows, schema_of(lake.contracts, table)))
