"""Files that are no text: Parquet, and workbooks of Excel. No Spark.

A row has no place of its own among the bytes: it is kept and shown as one line of JSON, its number is that of the row. Values that cannot
be written as text stay in that line as an object, so that the rest of the row loads.
"""

from __future__ import annotations

import io
import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.bronze.bounds import most_bytes
from spark_jobs.bronze.lines import Line
from spark_jobs.bronze.notices import DATES, INSTANTS
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.zips import check_inflation
from spark_jobs.contracts.sources import SourceContract

KINDS = ("parquet", "excel")
# How a workbook begins that has a password, or is of Excel before 2007.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ROWS_AT_ONCE = 10_000
# What a workbook may unpack to, and the rows Excel itself has at most.
MOST_WORKBOOK_BYTES = 512 * 1024**2
MOST_SHEET_ROWS = 1_048_576
MOST_SHEET_CELLS = 20_000_000


def opened(
    content: bytes | Path, source: SourceContract
) -> tuple[tuple[str, ...] | None, bytes | None, Iterator[Line]]:
    """Names of the columns and the row that gives them, written as any row (both None where the sheet has no header); and the rows.

    A Parquet file has names and no such row. Raises `RecordError`.
    """
    if source.layout.kind == "excel":
        return _sheet(content, source)
    names, rows = _parquet(content)
    return names, None, rows


def numbered(names: Sequence[str]) -> list[str]:
    """Names of which the second of a kind is called `name#2`, so that its values are not lost."""
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        seen[name] += 1
        made.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return made


def _line(number: int, row: Mapping[str, Any]) -> Line:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain)
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # bytes that are no text: kept as escapes, and found by the reader
        raw = json.dumps(row, separators=(",", ":"), default=_plain).encode()
    return Line(number, 0, raw, len(raw))


# --- Parquet ---------------------------------------------------------------------------------------------------


def _parquet(content: bytes | Path) -> tuple[tuple[str, ...], Iterator[Line]]:
    """Page checksums are verified."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    try:
        file = pq.ParquetFile(
            io.BytesIO(content) if isinstance(content, bytes) else content, page_checksum_verification=True
        )
        groups = [file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)]
        names = numbered(file.schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise RecordError("file_unreadable") from problem
    if max(file.metadata.num_rows, sum(groups)) > most_bytes(size):
        raise RecordError("member_size")
    return tuple(names), _parquet_rows(file, names)


def _parquet_rows(file: pq.ParquetFile, names: Sequence[str]) -> Iterator[Line]:
    number = 0
    try:
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            for row in _rows(batch.rename_columns(list(names))):
                number += 1
                yield _line(number, row)
    except (pa.ArrowException, OSError) as problem:
        raise RecordError("file_unreadable") from problem


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    floats = [
        n
        for n, kind in zip(batch.schema.names, batch.schema.types, strict=True)
        if pa.types.is_floating(kind)
    ]
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError):
        rows = [
            {n: _value(batch.column(i)[k]) for i, n in enumerate(batch.schema.names)}
            for k in range(len(batch))
        ]
    for row in rows:
        for name in floats:
            row[name] = _digits(row[name])
        yield row


def _value(scalar: pa.Scalar) -> Any:
    """One value; text that is none as escaped bytes, a day or instant that Python has not as the number that stands for it."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes().decode("utf-8", "surrogateescape")
    except (ValueError, OverflowError):
        return {str(scalar.type): getattr(scalar, "value", None)}


def _digits(found: Any) -> Any:
    """A float without exponent: 1e+22 is no number to most readers."""
    if isinstance(found, float) and "e" in repr(found):
        return f"{Decimal(repr(found)):f}"
    return found


def _plain(found: Any) -> str:
    """Instants with a zone are written in UTC with a Z, those without as they are; decimals with their digits."""
    if isinstance(found, datetime):
        offset = found.utcoffset()
        if offset is None:
            return found.isoformat(sep=" ")
        return (found.replace(tzinfo=None) - offset).isoformat() + "Z"
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, bytes):
        return found.hex()
    if isinstance(found, Decimal):
        return f"{found:f}"
    return str(found)


# --- Excel -----------------------------------------------------------------------------------------------------


def _sheet(
    content: bytes | Path, source: SourceContract
) -> tuple[tuple[str, ...] | None, bytes | None, Iterator[Line]]:
    raw = content if isinstance(content, bytes) else content.read_bytes()
    books = _safe_books(raw)
    rows = _cells_of(books, source.layout.sheet)
    number = source.layout.skip_lines
    for _ in range(number):
        next(rows, None)
    days = _Days(
        {f.source_name for f in source.fields if f.type in DATES},
        {f.source_name for f in source.fields if f.type in (*DATES, *INSTANTS) and f.format != "excel1904"}
        if books[0].epoch.year == 1904
        else set(),
    )
    declared = [f.source_name for f in source.fields]
    if not source.layout.header:
        return None, None, _sheet_rows(rows, declared, days, number)
    head = next(rows, None)
    if head is None:
        raise RecordError("truncated")
    while head and head[-1] is None:
        head.pop()
    names = numbered(
        [str(_text(cell, False)).strip() if cell is not None else _letters(i) for i, cell in enumerate(head)]
    )
    header = _line(number + 1, {n: days.text(n, c) for n, c in zip(names, head, strict=True)}).raw
    return tuple(names), header, _sheet_rows(rows, names, days, number + 1)


@dataclass(frozen=True)
class _Days:
    """Columns of days, and those of days and instants in which a bare number would be taken for a day of another calendar."""

    dates: set[str]
    doubtful: set[str]

    def text(self, name: str, cell: Any) -> Any:
        """As `_text`; a number of a book that counts days from 1904 is no value where its contract does not say so (four years too early)."""
        if name in self.doubtful and isinstance(cell, int | float) and not isinstance(cell, bool):
            return {"serial_from_1904": str(cell)}
        return _text(cell, name in self.dates)


def _sheet_rows(rows: Iterator[list[Any]], names: Sequence[str], days: _Days, before: int) -> Iterator[Line]:
    for number, cells in enumerate(rows, before + 1):
        if any(cell is not None for cell in cells):
            named = [*names, *(_letters(i) for i in range(len(names), len(cells)))]
            yield _line(number, {n: days.text(n, c) for n, c in zip(named, cells, strict=False)})


def _safe_books(raw: bytes) -> list[Any]:
    """As `_books`, of bytes that are a workbook of today and unpack to no more than one may."""
    if raw.startswith(OLE):
        raise RecordError("workbook_old_or_locked")
    check_inflation(io.BytesIO(raw), len(raw), MOST_WORKBOOK_BYTES)
    return _books(raw)


def _books(raw: bytes) -> list[Any]:
    """The workbook twice, with values and with formulas: a value does not say what it came from. Raises `RecordError`."""
    from openpyxl import load_workbook  # half a second that other feeds need not pay

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [load_workbook(io.BytesIO(raw), read_only=True, data_only=only) for only in (True, False)]
    except Exception as problem:  # openpyxl lets through whatever a broken workbook made it stumble over
        raise RecordError("file_unreadable") from problem


def sheet_names(raw: bytes) -> list[str]:
    """The sheets of a workbook that hold cells, in its order. Raises `RecordError` where it cannot be read."""
    return [sheet.title for sheet in _safe_books(raw)[0].worksheets]


def _cells_of(books: Sequence[Any], sheet: str | None) -> Iterator[list[Any]]:
    """Values by row, an error or a formula without a value as an object."""
    counted = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if sheet is not None and sheet not in books[0].sheetnames:
                raise RecordError("sheet_missing")
            sheets = [book[sheet] if sheet is not None else book.worksheets[0] for book in books]
            for each in sheets:
                each.reset_dimensions()  # what the file says of its size is not believed
            for number, (values, written) in enumerate(
                zip(sheets[0].iter_rows(), sheets[1].iter_rows(), strict=True), 1
            ):
                counted += len(values)
                if number > MOST_SHEET_ROWS or counted > MOST_SHEET_CELLS:
                    raise RecordError("member_size")
                yield [_cell(value, formula) for value, formula in zip(values, written, strict=True)]
    except RecordError:
        raise
    except Exception as problem:  # as above
        raise RecordError("file_unreadable") from problem


def _cell(value: Any, written: Any) -> Any:
    if value.data_type == "e":
        return {"error": str(value.value)}
    if value.value is None and written.data_type == "f":
        return {"formula": str(written.value)}
    return value.value


def _text(cell: Any, is_date: bool) -> Any:
    """As a reader of the sheet sees it: 15 digits of a computed number, a day without its midnight."""
    if isinstance(cell, float):
        return f"{Decimal(format(cell, '.15g')):f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if is_date else cell.isoformat(sep=" ")
    return cell if cell is None or isinstance(cell, bool | dict) else str(cell)


def _letters(index: int) -> str:
    """Column 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
