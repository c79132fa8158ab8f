"""What `oxpecker onboard` and `oxpecker contract check` print. Counts, shapes and masks only."""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from spark_jobs.bronze import apart, preview
from spark_jobs.bronze.columnar import KINDS as COLUMNAR_KINDS
from spark_jobs.bronze.drift import told
from spark_jobs.bronze.touched import marts_of, touched
from spark_jobs.contracts import Contracts, load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.onboarding.check import Column, Filled, drifted, fill, lay_out
from spark_jobs.onboarding.evaluate import Evaluator, Token
from spark_jobs.onboarding.masks import masked
from spark_jobs.onboarding.onboard import Drafted, write
from spark_jobs.onboarding.onboard import onboard as drafts_of
from spark_jobs.settings import REPOSITORY, Settings
from spark_jobs.silver.mapping import EntityMap, read_maps
from spark_jobs.silver.transforms import TRANSFORMS

# More words that no code list knows than these are not listed.
MOST_WORDS = 8
# Nor more places of lines that are no records.
MOST_PLACES = 5


def onboard(
    files: Sequence[Path], system: str | None, to: Path | None, settings: Settings, out: Console
) -> int:
    """Draft, show and write; the exit code is 1 where a file was refused."""
    drafts, refused = drafts_of(files, settings.conf_dirs, system)
    if to is None:
        for drafted in drafts:
            out.print(drafted.text, highlight=False, soft_wrap=True, markup=False)
    else:
        written = write(drafts, to)
        if drafts:
            out.print(_table(drafts))
        for path in written:
            out.print(f"wrote {path}", highlight=False, soft_wrap=True)
        if drafts:
            out.print(
                f"Read what stands at their tops, then: oxpecker contract check --conf {to} FILE…",
                highlight=False,
                soft_wrap=True,
            )
    for line in refused:
        out.print(f"refused: {line}", highlight=False, soft_wrap=True, markup=False)
    return 1 if refused else 0


def _table(drafts: Sequence[Drafted]) -> Table:
    has_none = any(reason in apart.REASONS for drafted in drafts for reason in drafted.unreadable)
    aside = ["set aside"] if has_none else []
    table = Table("feed", "records", "unreadable", *aside, "layout", "key", "maps", "to ask")
    for drafted in drafts:
        found = drafted.draft
        layout = found.guess.layout
        cut = {"delimited": repr(layout.separator), "fixed": f"{layout.record_bytes} bytes"}.get(
            layout.kind, ""
        )
        counted = [(reason in apart.REASONS, f"{n} {reason}") for reason, n in drafted.unreadable.items()]
        unreadable, none = (
            ", ".join(told for is_none, told in counted if is_none == of) for of in (False, True)
        )
        maps = ", ".join(dict.fromkeys(entity for entity, _ in found.proposal.maps))
        table.add_row(
            found.name, f"{found.rows:,}", unreadable, *([none] if has_none else []), " ".join(filter(None, (layout.kind, layout.encoding if layout.kind not in COLUMNAR_KINDS else "", cut))),
            ", ".join(found.key_names), maps, str(len(drafted.questions)),
        )  # fmt: skip
    return table


def check(
    settings: Settings, files: Sequence[Path], day: date | None, rows: int, show_values: bool, out: Console
) -> int:
    """Contracts, deliveries and first rows. The exit code is 1 where a file is held or nobody asks for one.

    files  these instead of the landing folder of the settings
    """
    dirs = settings.conf_dirs
    sources, contracts = load_sources(dirs), load(dirs)
    maps = {
        name: read_maps(source, contracts, lambda code: load_codes(dirs, code), tuple(TRANSFORMS))
        for name, source in sources.items()
    }
    out.print(_feeds(sources, maps))
    with tempfile.TemporaryDirectory() as folder:
        unknown: list[str] = []
        if files:
            unknown = lay_out(files, sources, Path(folder), day)
            settings = settings.with_(landing=Path(folder))
        looked = list(preview.look(settings, sources))
        unasked = [
            "/".join(filter(None, (u.package_name, u.file_name)))
            for u in preview.nobody_asks_for(settings, sources)
        ]
    out.print(_deliveries(looked))
    for name in (*unknown, *unasked):
        out.print(f"no contract asks for {_visible(name)}", highlight=False, soft_wrap=True, markup=False)
    if files and unknown and day is None:
        out.print("where a contract takes the day from a folder, give --business-date", soft_wrap=True)
    _tell_drift(sources, maps, looked, contracts, out)
    for source in sources.values():
        newest = [each for each in looked if each.feed == source.feed and each.first]
        if newest and rows:
            evaluator = Evaluator(source, lambda code: load_codes(dirs, code), settings.zone)
            for filled in fill(source, maps[source.feed], newest[-1], evaluator, contracts, rows):
                gone = f", {filled.gone} of them deletions" if filled.gone else ""
                out.print(
                    f"\n{filled.table} from {filled.feed}: {filled.rows:,} rows of {filled.file}{gone}",
                    highlight=False, soft_wrap=True, markup=False,
                )  # fmt: skip
                out.print(_rows(filled, rows, show_values))
    return 1 if unknown or unasked or any(each.state != "verified" for each in looked) else 0


def _visible(name: str) -> str:
    """The name of a file without signs that would make a terminal show another one."""
    return "".join(ascii(c)[1:-1] if unicodedata.category(c) in ("Cc", "Cf") else c for c in name)


def _tell_drift(
    sources: Mapping[str, SourceContract], maps: Mapping[str, Sequence[EntityMap]], looked: Sequence[preview.Looked],
    contracts: Contracts, out: Console,
) -> None:  # fmt: skip
    """Differences between neighbouring deliveries of each feed, and the tables that they would touch."""
    marts = marts_of(REPOSITORY / "dbt_project" / "models")
    for name, source in sources.items():
        mine = sorted(
            (each for each in looked if each.feed == name and each.first), key=lambda each: each.business_date
        )
        for before, after in pairwise(mine):
            changes = drifted(source, before, after)
            if changes:
                reach = touched({m.table for m in maps[name]}, contracts.tables, marts)
                lines = [
                    f"\n{name}: columns of {after.business_date} against {before.business_date}",
                    *(f"  {line}" for line in told(changes)),
                ]
                out.print(
                    "\n".join([*lines, f"  touches  {reach.told()}"]),
                    highlight=False,
                    soft_wrap=True,
                    markup=False,
                )


def _feeds(sources: Mapping[str, SourceContract], maps: Mapping[str, Sequence[EntityMap]]) -> Table:
    table = Table("feed", "fills")
    for name in sources:
        entities = sorted({m.entity for m in maps[name]})
        table.add_row(name, ", ".join(entities) or "nothing: it has no maps")
    return table


def _deliveries(looked: Sequence[preview.Looked]) -> Table:
    table = Table("business date", "feed", "file")
    # On a narrow screen a file's name may break, a state and its reason must be readable in one piece.
    table.add_column("state", no_wrap=True)
    has_none = any(each.set_aside for each in looked)
    for column in ("rows", "unreadable", *(["set aside"] if has_none else []), "never filled"):
        table.add_column(column)
    for each in looked:
        unreadable = ", ".join(f"{n} {reason}" for reason, n in sorted(each.unreadable.items()))
        state = each.state if each.reason is None else f"{each.state}: {each.reason}"
        rows = "" if each.rows is None else str(each.rows)
        none = [_places(reason, lines) for reason, lines in sorted(each.set_aside.items())]
        table.add_row(
            str(each.business_date), each.feed, each.file, state, rows, unreadable,
            *(["; ".join(none)] if has_none else []), ", ".join(each.empty),
        )  # fmt: skip
    return table


def _places(reason: str, lines: Sequence[int]) -> str:
    """How many lines are no records for one reason, and where the first of them are."""
    shown = ", ".join(map(str, lines[:MOST_PLACES])) + (", …" if len(lines) > MOST_PLACES else "")
    return f"{len(lines)} {reason} (line{'s' if len(lines) > 1 else ''} {shown})"


def _rows(filled: Filled, rows: int, show_values: bool) -> Table:
    table = Table()
    table.add_column("column")
    for number in range(1, min(rows, filled.rows) + 1):
        table.add_column(f"row {number}")
    table.add_column("note")
    for column in filled.columns.values():
        shown = [_shown(value, column, show_values) for value in column.first]
        shown += [""] * (min(rows, filled.rows) - len(shown))
        table.add_row(column.name, *shown, _note(column, filled.rows))
    return table


def _shown(value: Any, column: Column, show_values: bool) -> str:
    if value is None or isinstance(value, bool | Token):
        return "" if value is None else str(value).lower() if isinstance(value, bool) else f"<{value}>"
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ") + "Z"
    else:
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if show_values else masked(text, column.privacy)


def _note(column: Column, rows: int) -> str:
    notes = []
    if column.lost:
        notes.append(f"{column.lost} given but not readable as its type")
    if column.empty > column.lost:
        notes.append(f"{column.empty - column.lost} of {rows} empty")
    if column.empty and column.must:
        notes.append("must not be empty")
    if column.unmapped_cnt:
        words = ", ".join(
            f"{w} ({n})"
            for w, n in sorted(column.unmapped.items(), key=lambda wn: (-wn[1], wn[0]))[:MOST_WORDS]
        )
        notes.append(f"{column.unmapped_cnt} not in the code list" + (f": {words}" if words else ""))
    return "; ".join(notes)
