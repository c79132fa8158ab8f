"""Bronze: look at what arrived, hold what must not load, load the rest as delivered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from spark_jobs.bronze import (
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
from spark_jobs.bronze.discovery import Package, Unasked, arrived
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.bronze.rulings import FileRuling
from spark_jobs.bronze.steward_log import Decision
from spark_jobs.bronze.steward_policy import Policy
from spark_jobs.bronze.timeliness import is_due
from spark_jobs.bronze.touched import marts_of, touched
from spark_jobs.bronze.working_days import WorkingDays
from spark_jobs.clock import cut_off
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.dates import DateRange
from spark_jobs.errors import RequiredFeedHeld
from spark_jobs.jobs import replay
from spark_jobs.jobs.bronze_load import load
from spark_jobs.jobs.bronze_notes import enter_changes, enter_checks, enter_unasked, tell_cut_otherwise
from spark_jobs.processes import one_at_a_time
from spark_jobs.settings import REPOSITORY
from spark_jobs.silver.mapping import table_of
from spark_jobs.tables import Lake

# What becomes of files by all that is known of their feed and date: states to the ledger, by file id.
Settle = Callable[[Iterable[FileState]], dict[str, FileState]]


@dataclass(frozen=True)
class Said:
    """What stewards decided, and what the bank's rules let that do to held files."""

    decided: Sequence[Decision]
    policy: Policy
    ruling: FileRuling


def run(lake: Lake, dates: DateRange, systems: Sequence[str] | None = None) -> None:
    """Load every delivery that arrived and was not looked at before; nothing new, no commit.

    Files of these dates that were loaded under a contract that cuts records in another way today are read again, like everything behind them.

    systems  only what these senders (`waiting.source_systems`) bring, so that others are loaded beside them
    Raises `RequiredFeedHeld` where a required feed of these dates is held; everything else is loaded by then.
    """
    known, said = ledger.read_states(lake), _said(lake)
    mine = {
        feed: source
        for feed, source in lake.sources.items()
        if systems is None or {source.delivery.system, feed} & {*systems}
    }
    landed = arrived(lake.settings, lake.run.known_at, lake.sources)
    days = WorkingDays(lake.settings, lake.sources, landed, lambda: _stored_days(lake))
    part_of = settling.parts_of(lake.sources)
    columns = drifting.Columns(known.values(), lake.sources, part_of, partial(_reached, lake))

    again = _to_read_again(known, landed, mine, dates)
    packages = [
        package
        for package in _to_open(lake, landed, known, said.ruling, again)
        if package.business_date <= dates.last and (systems is None or package.system in systems)
    ]
    found, nobodys = _examined(lake, packages, known, said.ruling, again)
    enter_unasked(lake, nobodys, systems)
    fresh = _judged(found, lake.sources, known, again, said, columns, days)

    settle: Settle = partial(
        settling.settle,
        late_after=partial(_late_after, lake),
        part_of=part_of,
        ruling=_only_of(said.ruling, mine, {e.state.file_id for e in fresh}),
    )
    states = _with(known, fresh)
    due = partial(_is_due, lake, days)
    absent = [
        s for s in settling.never_came(states, mine, dates, due, lake.run.known_at) if s.file_id not in known
    ]
    settled = settle(states)
    loads = [e for e in fresh if settled[e.state.file_id].state_code in ("loaded", "superseded")]
    quarantined = load(lake, loads, {*known}) if loads else {}
    replayed = _replay(lake, said, settled, mine, {e.state.file_id for e in loads})
    if fresh or absent or _is_decided_anew(known, settled, replayed):
        enter_checks(lake, fresh, {*known}, settled, said.policy)
        enter_changes(lake, columns.found)
        known = _entered(lake, settle, fresh, absent, quarantined, replayed, part_of)
    _stop_without_required(
        [state for state in known.values() if state.feed_code in mine], mine, dates, part_of
    )


def _judged(
    found: Sequence[Examined],
    sources: Mapping[str, SourceContract],
    known: Mapping[str, FileState],
    again: Mapping[str, FileState],
    said: Said,
    columns: drifting.Columns,
    days: WorkingDays,
) -> list[Examined]:
    """Files as they stand by themselves: their columns and counts beside those of other days, what stewards ruled, cases of earlier repairs."""
    # Columns are compared with those of the delivery before, which of a file that is read again is not the newest.
    judged = lambda file: file if file.state.file_id in again else columns.judged(file)  # noqa: E731
    fresh = plausible.judge(found, known.values(), sources, days.is_working, judged)
    ruled = [
        replace(e, state=settling.standing(e.state, again.get(e.state.file_id), said.ruling)) for e in fresh
    ]
    return [_with_cases(e, said.decided, sources) for e in ruled]


def _entered(
    lake: Lake,
    settle: Settle,
    fresh: Sequence[Examined],
    absent: Sequence[FileState],
    quarantined: Mapping[str, int],
    replayed: Mapping[str, str],
    part_of: settling.PartOf,
) -> dict[str, FileState]:
    """The ledger as it is written. Several systems are loaded side by side, each by a process of its own: what others entered meanwhile stays."""
    with one_at_a_time(lake.settings.home / "leases" / f"{lake.settings.prefix}bronze_ledger.lock"):
        settled = settle([*_with(ledger.read_states(lake), fresh), *absent])
        counted = {key: _counted(state, quarantined, replayed) for key, state in settled.items()}
        kept = drifting.keep_needed(counted, part_of)
        ledger.write_states(lake, kept)
    return kept


def _is_decided_anew(
    known: Mapping[str, FileState], settled: Mapping[str, FileState], replayed: Mapping[str, str]
) -> bool:
    """Whether stewards' decisions hold for a file or its records that did not when the ledger was written."""
    mended = any(settled[key].replay_hash != name for key, name in replayed.items())
    return mended or any(
        settled[key].decision_id != state.decision_id for key, state in known.items() if key in settled
    )


def _said(lake: Lake) -> Said:
    decided = steward_log.read(lake.settings.steward_log)
    policy = steward_policy.load(lake.settings)
    return Said(decided, policy, rulings.of_files(decided, policy, lake.sources))


def _to_read_again(
    known: Mapping[str, FileState],
    landed: Sequence[Package],
    sources: Mapping[str, SourceContract],
    dates: DateRange,
) -> dict[str, FileState]:
    """Loaded files of these dates that are cut in another way today; of other dates the log says which to run again."""
    there = {(package.name, package.business_date) for package in landed}
    otherwise = [
        s for s in known.values()
        if settling.is_cut_otherwise(s, sources) and (s.package_name, s.business_date) in there
    ]  # fmt: skip
    tell_cut_otherwise([s for s in otherwise if s.business_date not in dates])
    return {s.file_id: s for s in otherwise if s.business_date in dates}


def _examined(
    lake: Lake,
    packages: Sequence[Package],
    known: Mapping[str, FileState],
    ruling: FileRuling,
    again: Collection[str],
) -> tuple[list[Examined], list[Unasked]]:
    """Files of these packages that are to be judged now, and what nobody asks for.

    New ones, held ones of which something has changed, and those that are read `again`.
    """
    work = lake.settings.home / "work" / "unpacked"
    looked = [ledger.examine(package, lake.sources, work, lake.run.known_at) for package in packages]
    anew = {
        s.file_id for s in known.values() if settling.is_outdated(s, lake.sources) or ruling(s) is not None
    } | {*again}
    fresh = [
        e for each in looked for e in each.files if e.state.file_id in anew or e.state.file_id not in known
    ]
    return fresh, [u for each in looked for u in each.unasked]


def _to_open(
    lake: Lake,
    landed: Sequence[Package],
    known: Mapping[str, FileState],
    ruling: FileRuling,
    again: Mapping[str, FileState],
) -> list[Package]:
    """Deliveries that were not looked at before, those of a held file that was released meanwhile, and those of files that are read again."""
    files = [*(s for s in known.values() if ruling(s) is not None), *again.values()]
    asked = {(s.package_name, s.business_date) for s in files}
    new = frozenset(settling.unseen(landed, known.values(), lake.sources))
    return [p for p in landed if p in new or (p.name, p.business_date) in asked]


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
    said: Said,
    files: Mapping[str, FileState],
    sources: Mapping[str, SourceContract],
    loaded: Collection[str],
) -> dict[str, str]:
    """Records in quarantine of which stewards decided; names of what holds now, by file."""
    told = decisions.read(lake.settings.steward_decisions, lake.settings.zone, lake.run.known_at)
    about_records = rulings.RecordRulings(said.decided, told, files, said.policy, lake.sources)
    return replay.run(lake, about_records, files, sources, loaded)


def _counted(state: FileState, quarantined: Mapping[str, int], replayed: Mapping[str, str]) -> FileState:
    return replace(
        state,
        quarantined_cnt=quarantined.get(state.file_id, state.quarantined_cnt),
        replay_hash=replayed.get(state.file_id, state.replay_hash),
    )
