"""How samples are cut that say so themselves: Parquet and workbooks."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import islice

from spark_jobs.bronze.columnar import sheet_names
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.objects import RecordError
from spark_jobs.contracts.sources import Layout
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.edges import (
    are_labels,
    is_word,
    looks_like_a_value,
)
from spark_jobs.onboarding.guess import ENOUGH_OF_HEADER, TWO_LINES, Guess, bare
from spark_jobs.onboarding.separators import MOST_ABOVE


def parquet(content: bytes) -> Guess:
    """The columns of a Parquet file."""
    try:
        columns = Cut(content, bare(Layout("parquet", "utf-8"))).columns or ()
    except RecordError:
        raise DeliveryError(
            "a Parquet file that is broken or cut off; ask the supplier to send it again"
        ) from None
    return Guess(Layout("parquet", "utf-8"), columns, len(columns))


def workbook(content: bytes) -> Guess:
    """The first sheet that has a table. Titles above the header have fewer cells than it; a second line of names is the header."""
    try:
        names = sheet_names(content)
        sheet = next((name for name in names if _width(content, name) > 1), names[0])
        skip = _titles(content, sheet)
        columns = _named(content, sheet, skip)
    except RecordError as problem:
        raise DeliveryError(
            f"a workbook that cannot be read ({problem}); save the sheet as CSV in UTF-8, or ask the supplier for a text file"
        ) from None
    words = sum(is_word(c) and not looks_like_a_value(c) for c in columns)
    if not columns or words < 0.8 * len(columns):
        raise DeliveryError("the sheet has no header; ask the supplier for one, or for a text file")
    doubts = []
    if len(names) > 1:
        told = "only the first is read" if sheet == names[0] else "only the first that has a table is read"
        doubts.append(
            f"the workbook has {len(names)} sheets: {told}, `sheet` names another; each is a feed of its own"
        )
    rows = _first_rows(content, sheet, skip)
    if rows and are_labels(rows[0], rows[1:]):
        doubts.append(TWO_LINES)
        skip, columns = skip + 1, _named(content, sheet, skip + 1)
    is_named = not any(re.search(r"#\d+$", name) for name in columns)
    if not is_named:
        doubts.append("the header has a name twice; columns are taken by their place")
        skip += 1
    layout = _of_sheet(is_named, skip, None if sheet == names[0] else sheet)
    return Guess(layout, columns, len(columns), doubts=tuple(doubts))


def _of_sheet(header: bool, skip: int, sheet: str | None) -> Layout:
    return Layout("excel", "utf-8", header=header, skip_lines=skip, sheet=sheet)


def _named(content: bytes, sheet: str, skip: int) -> tuple[str, ...]:
    return Cut(content, bare(_of_sheet(True, skip, sheet))).columns or ()


def _rows_of(content: bytes, sheet: str, most: int) -> list[tuple[int, list[str]]]:
    """Number and filled cells of the first rows of a sheet that are not empty."""
    found = []
    for line in islice(Cut(content, bare(_of_sheet(False, 0, sheet))).details(), most):
        cells_ = [str(cell) for cell in json.loads(line.raw).values() if cell is not None]
        found.append((line.number, cells_))
    return found


def _width(content: bytes, sheet: str) -> int:
    """Cells of the widest of a sheet's first rows."""
    return max((len(row) for _, row in _rows_of(content, sheet, MOST_ABOVE)), default=0)


def _titles(content: bytes, sheet: str) -> int:
    """Rows above the header: the first row of words that has nearly as many cells as any."""
    rows = _rows_of(content, sheet, MOST_ABOVE)
    widest = max((len(row) for _, row in rows), default=0)
    for number, row in rows:
        words = sum(is_word(c) and not looks_like_a_value(c) for c in row)
        if len(row) >= ENOUGH_OF_HEADER * widest and words >= 0.8 * len(row):
            return number - 1
    return rows[0][0] - 1 if rows else 0


def _first_rows(content: bytes, sheet: str, skip: int) -> list[list[str]]:
    """Cells below the header, as text; as far as a broken sheet goes."""
    rows = []
    with suppress(RecordError):
        details = Cut(content, bare(_of_sheet(True, skip, sheet))).details()
        for line in islice(details, 200):
            found = json.loads(line.raw)
            rows.append(["" if cell is None else str(cell) for cell in found.values()])
    return rows
