"""A look at what has arrived, before anything is loaded: contracts and maps checked, every file cut and judged. Starts no JVM.

For whoever writes a contract: seconds instead of a run. `oxpecker contract check` shows it, values by their class.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from spark_jobs.bronze import apart, drifting, ledger, plausible, settling
from spark_jobs.bronze.discovery import Unasked, arrived, unasked
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import Record, read
from spark_jobs.bronze.working_days import WorkingDays
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.settings import Settings

EVER = datetime(9999, 12, 31)
# So many records of a file are kept for a look at what maps make of them.
MOST_FIRST = 2000


@dataclass(frozen=True)
class Looked:
    """What would become of one file: `state` is verified, held, missing or rejected; `unreadable` counts records by reason.

    set_aside  numbers of lines that are no records (`apart`), by reason
    empty  fields that have no value in any record
    first  the first readable records, at most MOST_FIRST
    """

    feed: str
    business_date: date
    file: str
    state: str
    reason: str | None
    rows: int | None
    unreadable: Mapping[str, int]
    set_aside: Mapping[str, tuple[int, ...]]
    empty: tuple[str, ...]
    first: tuple[Record, ...] = ()


def look(settings: Settings, sources: Mapping[str, SourceContract]) -> Iterator[Looked]:
    """Every delivery in landing, oldest first, whatever the cut-off."""
    with tempfile.TemporaryDirectory() as folder:
        landed = arrived(settings, EVER, sources)
        days, seen = WorkingDays(settings, sources, landed), list[ledger.FileState]()
        columns = drifting.Columns([], sources, settling.parts_of(sources), lambda feed: ())
        for package in landed:
            files = ledger.examine(package, sources, Path(folder), EVER).files
            for examined in plausible.judge(files, seen, sources, days.is_working, columns.judged):
                state = examined.state
                seen.append(state)
                source = sources[state.feed_code]
                told = _read_through(examined.path, source)
                empty = tuple(n for n in source.names() if n not in told.filled) if state.rows_found else ()
                yield Looked(
                    state.feed_code, state.business_date, state.file_name or state.package_name, state.state_code, state.reason_code,
                    state.rows_found, dict(told.unreadable),
                    {reason: tuple(lines) for reason, lines in told.set_aside.items()}, empty, tuple(told.first),
                )  # fmt: skip


@dataclass
class _Through:
    """What a file holds: records that cannot be read, by reason, lines that are none, the fields that any record fills, and the first records."""

    unreadable: Counter[str] = field(default_factory=Counter)
    set_aside: dict[str, list[int]] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    first: list[Record] = field(default_factory=list)


def _read_through(path: Path | None, source: SourceContract) -> _Through:
    """As far as a broken file goes."""
    told = _Through()
    if path is None:
        return told
    names = source.names()
    with suppress(RecordError):  # the file is held for it
        for record in read(path, source):
            if record.values is not None:
                if len(told.first) < MOST_FIRST:
                    told.first.append(record)
                told.filled.update(n for n, v in zip(names, record.values, strict=True) if v is not None)
            elif record.reasons[0] in apart.REASONS:
                told.set_aside.setdefault(record.reasons[0], []).append(record.line_no)
            else:
                told.unreadable.update(record.reasons)
    return told


def nobody_asks_for(settings: Settings, sources: Mapping[str, SourceContract]) -> list[Unasked]:
    """Files in landing whose name fits no contract."""
    return unasked(settings, EVER, sources)
