"""Delimited text, once its separator is known: lines above the header, the header, quotes, a line of units, the last line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from spark_jobs.bronze.delimited import cells
from spark_jobs.contracts.sources import Layout
from spark_jobs.onboarding.edges import (
    are_labels,
    are_units,
    begins_a_file,
    find_header,
    find_trailer,
    trailer_mark_of,
)
from spark_jobs.onboarding.guess import TWO_LINES, Guess
from spark_jobs.onboarding.kinds import asked_about, kinds_of
from spark_jobs.onboarding.masks import shape
from spark_jobs.onboarding.separators import ENOUGH_LINES, LAST_RESORTS, MOST_ABOVE, continued, joined

# A single line with more fields than this may be a whole file without line ends.
_MANY_COLUMNS = 100
# Signs of logs, links and quotes.
_SELDOM = set("=[](){}<>?&'")


class Parted(NamedTuple):
    """What parts the columns of a text: on which share of its lines `separator` stands so that they have `columns` fields."""

    share: float
    columns: int
    separator: str
    is_quoted: bool
    is_escaped: bool = False


@dataclass
class _Sample:
    """Lines that may be records. What is none is taken off from above; `skip` of it is left out of every file without being read."""

    lines: list[str]
    rows: list[list[str]]
    columns: int
    skip: int = 0
    doubts: list[str] = field(default_factory=list)

    def take_off(self, count: int, *, skipped: bool = True) -> None:
        self.lines, self.rows = self.lines[count:], self.rows[count:]
        self.skip += count if skipped else 0

    @property
    def whole(self) -> list[list[str]]:
        return [row for row in self.rows if len(row) == self.columns]


def guess_delimited(text: list[str], encoding: str, parted: Parted, left_out: int) -> Guess:
    """left_out  lines between the last of `text` and the one before it, of a file that was too long to be looked at whole"""
    layout = Layout(
        "delimited", encoding, separator=parted.separator, quote=parted.is_quoted, escape=parted.is_escaped
    )
    lines = joined(text) if parted.is_quoted else continued(text) if parted.is_escaped else list(text)
    sample = _Sample(lines, [cells(line, layout) or [line] for line in lines], parted.columns)
    _take_off_titles(sample)
    header = _header_of(sample)
    sample.doubts += _about_separator(parted)
    if header is not None:
        header, layout = _named(sample, header, layout)
    elif sample.skip:
        sample.doubts += [] if sample.doubts else [_left_out(sample.skip)]
    elif begins_a_file(sample.rows):
        sample.take_off(1)
        sample.doubts.append(
            "the first line is no record but tells of the file; what it declares is not compared: ask for a last line or a file beside it that does"
        )
    sample.doubts += _about_quotes_and_ends(sample.rows, parted.columns, parted.is_quoted)
    if kinds := kinds_of(sample.whole):
        sample.doubts.append(asked_about(kinds, "column: 1"))
    trailer, layout = _ended(sample, layout, left_out)
    return Guess(
        replace(layout, skip_lines=sample.skip),
        header,
        parted.columns,
        trailer,
        tuple(sample.doubts),
        parted.share,
    )


def _take_off_titles(sample: _Sample) -> None:
    """Lines above the header: cut otherwise than the records, or titles that a spreadsheet filled up with separators."""
    rows, columns = sample.rows, sample.columns
    skip = 0
    while skip < min(MOST_ABOVE, len(rows) - 1) and len(rows[skip]) != columns:
        skip += 1
    skip = 0 if skip == MOST_ABOVE else skip
    while skip and _begins_like_records(rows[skip - 1][0], rows, columns):
        skip -= 1
    skip = _below_titles(rows, columns, skip)
    sample.doubts += [
        f"line {n} has {len(row)} fields and the records have {columns}; it is left out: is it the header?"
        for n, row in enumerate(rows[:skip], 1)
        if 1 < len(row) != columns and sum(bool(c.strip()) for c in row) > columns / 2
    ]
    sample.take_off(skip)


def _header_of(sample: _Sample) -> tuple[str, ...] | None:
    """The first line where it gives names; of two lines, names and then labels, the second."""
    header = find_header(sample.rows, sample.columns)
    if header is None or not _has_second(sample) or not are_labels(sample.rows[1], sample.rows[2:]):
        return header
    sample.doubts.append(TWO_LINES)
    sample.take_off(1)
    return tuple(sample.rows[0])


def _has_second(sample: _Sample) -> bool:
    return len(sample.rows) > 1 and len(sample.rows[1]) == sample.columns


def _named(sample: _Sample, header: Sequence[str], layout: Layout) -> tuple[tuple[str, ...], Layout]:
    """Takes the header off, with a line of units below it. The reader finds columns by the header's names where it can.

    Two names alike, an empty one, or one with a full stop cannot be found: then columns are taken by their place.
    """
    has_units = _has_second(sample) and are_units(sample.rows[1], sample.rows[2:])
    sample.take_off(1 + has_units, skipped=has_units)
    names = [name.strip().strip('"') for name in header]
    if has_units:
        sample.doubts.append(
            "below the names stands a line of units, so columns are taken by their place; where it says 万元 or the like, map by {unit: [column, wan]}"
        )
        return tuple(names), layout
    named = _without_empty_ends(names, sample.whole)
    if len(set(named)) == len(named) and all(named) and not any("." in name for name in named):
        return tuple(named), replace(layout, header=True)
    sample.skip += 1
    sample.doubts.append(
        "the header has a name twice, empty or with a full stop in it; columns are taken by their place"
    )
    return tuple(names), replace(layout, header=False)


def _ended(sample: _Sample, layout: Layout, left_out: int) -> tuple[str | None, Layout]:
    """The last line where it counts the records or says that the file ends, and how it is told apart."""
    trailer = find_trailer(sample.rows, sample.lines, sample.columns, left_out)
    mark = "" if trailer is None else trailer_mark_of(trailer, layout.separator)
    if trailer is None or "\ufffd" in mark:
        return None, layout
    if any(line.startswith(mark) for line in sample.lines[:-1]):
        sample.doubts.append(
            f"the last line looks like no record, but others begin with `{mark}`, too: ask how it is told apart"
        )
        return None, layout
    return trailer, replace(layout, trailer_mark=mark)


def _about_separator(parted: Parted) -> list[str]:
    asked = []
    if parted.separator in LAST_RESORTS or set(parted.separator) <= _SELDOM:
        asked.append(
            f"`{parted.separator}` parts the columns only because nothing else does: is it the separator?"
        )
    if parted.columns == 1:
        asked.append("nothing parts the lines, so each is one value: is it a list of one column?")
    return asked


def _without_empty_ends(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The names without empty ones at the end that have no values: separators at the end of each line are no columns."""
    kept = list(names)
    while kept and not kept[-1] and not any(row[len(kept) - 1].strip() for row in rows):
        kept.pop()
    return kept


def _begins_like_records(cell: str, rows: Sequence[Sequence[str]], columns: int) -> bool:
    """Whether the first cell of a line looks like those of nearly all records and has a figure: then it is a broken record, no title."""
    shapes = Counter(shape(row[0]) for row in rows[:500] if len(row) == columns)
    return any(c.isdigit() for c in cell) and shapes[shape(cell)] >= ENOUGH_LINES * sum(shapes.values())


def _left_out(lines: int) -> str:
    return f"the first {'line is' if lines == 1 else f'{lines} lines are'} left out in every file, as cut otherwise than the records: is none of them a record, or the header?"


def _about_quotes_and_ends(rows: Sequence[Sequence[str]], columns: int, is_quoted: bool) -> list[str]:
    """What to ask where quotes are no quotes of ours, or where nothing shows what ends a record."""
    asked = []
    inside = sum(any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in row) for row in rows)
    if not is_quoted and inside > 0.05 * len(rows):
        asked.append(
            "quotes stand around values and others inside of them are not doubled, so they are read as text; ask for doubled ones"
        )
    whole = [row for row in rows if len(row) == columns]
    if len(whole) > 2 and all(row[0][:1] + row[-1][-1:] in ("{}", "[]", "()", "<>") for row in whole):
        asked.append(
            f"each record stands between {whole[0][0][0]} and {whole[0][-1][-1]}, which are a part of its first and its last value: ask for records without"
        )
    if len(rows) == 1 and columns > _MANY_COLUMNS:
        asked.append(
            f"the whole file is one line of {columns} fields: is it a sign other than the end of a line that ends a record?"
        )
    return asked


def _below_titles(rows: Sequence[Sequence[str]], columns: int, skip: int) -> int:
    """Where the header stands when the lines above it are titles that a spreadsheet filled up with separators; else `skip`."""
    for at in range(skip, min(skip + MOST_ABOVE, len(rows) - 1)):
        filled = sum(bool(cell.strip()) for cell in rows[at])
        if len(rows[at]) == columns == filled and find_header(rows[at:], columns):
            return at
        if len(rows[at]) == columns and filled > columns / 2:
            return skip
    return skip
