"""Cuts a file into records and fields. No Spark: a function of the bytes and the feed's layout.

Every record comes out, readable or not: nothing is lost, and a record that cannot be read keeps its bytes, its place and a reason.
Separators are looked for after decoding, so that a hanzi whose second byte equals a separator is never torn (瑋 = AC 7C); a half character
that swallows a separator shows as a wrong number of columns.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from spark_jobs.bronze import objects
from spark_jobs.contracts.sources import Layout, SourceContract, SourceField

GB = ("gb18030", "gbk", "gb2312")
BOM = b"\xef\xbb\xbf"
# The third byte is the method, of which there is one: two bytes alone may well begin a record.
GZIP = b"\x1f\x8b\x08"
_STAND_INS = "\x1f\x1e\x1d\x1c\ufdd0"


@dataclass
class Record:
    """One record of a file. `values` is None where it could not be read; `reasons` then says why."""

    line_no: int
    offset: int
    raw: bytes
    values: list[str | None] | None = None
    reasons: list[str] = field(default_factory=list)
    rescued: dict[str, str] | None = None


@dataclass(frozen=True)
class Cut:
    """A file cut into details and, where the layout has them, its trailer and the names of its columns.

    A row of a columnar file has no place of its own among the bytes: its offset is 0 and its bytes are the row as JSON.
    """

    details: list[tuple[int, int, bytes]]
    trailer: bytes | None
    header: bytes | None
    columns: tuple[str, ...] | None = None


def opened(content: bytes) -> bytes:
    """The bytes a gzip file holds, others as they are. Places of records count in these. Raises `RecordError("file_unreadable")`."""
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, ValueError) as problem:
        raise objects.RecordError("file_unreadable") from problem


def cut(content: bytes, layout: Layout) -> Cut:
    """(line number, offset, bytes) of each detail record, without line ends. Raises `RecordError` where the file as such is broken."""
    if layout.kind == "parquet":
        table = objects.parquet_table(content)
        rows = [(k, 0, line) for k, line in enumerate(objects.parquet_lines(table), 1)]
        return Cut(rows, None, None, tuple(table.column_names))
    content = opened(content)
    if layout.kind == "jsonl":
        return Cut([line for line in _lines(content) if line[2].strip()], None, None)
    lines = list(_quoted_lines(content) if layout.quote else _lines(content))
    lines = lines[layout.skip_lines :]
    header = None
    if layout.header and lines:
        header = lines.pop(0)[2]
    trailer = None
    if layout.trailer_mark and lines and lines[-1][2].startswith(layout.trailer_mark.encode()):
        trailer = lines.pop()[2]
    return Cut(lines, trailer, header)


def _lines(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Lines ended by LF or CRLF; a last line without an end counts, an empty last line does not."""
    at = len(BOM) if content.startswith(BOM) else 0
    number = 0
    while at < len(content):
        end = content.find(b"\n", at)
        stop = len(content) if end < 0 else end
        number += 1
        raw = content[at:stop]
        yield number, at, raw[:-1] if raw.endswith(b"\r") else raw
        at = stop + 1


def _quoted_lines(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Lines of a quoted file: a line break inside quotes belongs to the record."""
    pending: tuple[int, int, bytes] | None = None
    number = 0
    for _, at, raw in _lines(content):
        if pending is None:
            number += 1
            pending = (number, at, raw)
        else:
            pending = (pending[0], pending[1], content[pending[1] : at + len(raw)])
        if pending[2].count(b'"') % 2 == 0:
            yield pending
            pending = None
    if pending is not None:
        yield pending


def read(content: bytes, source: SourceContract) -> Iterator[Record]:
    """All detail records of a file, in order. Signs of the bank's private list are put in their place; the bytes stay with the record."""
    made = cut(content, source.layout)
    reader = {"fixed": _read_fixed, "jsonl": _read_objects, "parquet": _read_objects}.get(
        source.layout.kind, _read_delimited
    )
    for record in reader(made, source):
        if source.layout.signs and not record.raw.isascii():
            _restore(record, source.layout.signs)
        yield record


def _restore(record: Record, signs: Mapping[int, str]) -> None:
    """Private-use code points the list knows; others stay, nobody may guess them."""
    if record.values is None:
        return
    restored = [value.translate(signs) if value else value for value in record.values]
    if restored != record.values:
        record.values = restored
        record.reasons.append("private_use")


def _blank(text: str, declared: SourceField) -> str | None:
    stripped = text.strip(" \u3000")
    return None if stripped == "" or stripped in declared.null else stripped


def _read_fixed(made: Cut, source: SourceContract) -> Iterator[Record]:
    layout = source.layout
    slices = [
        (declared, slice(declared.at[0] - 1, declared.at[1])) for declared in source.fields if declared.at
    ]
    for number, offset, raw in made.details:
        record = Record(number, offset, raw)
        if len(raw) != layout.record_bytes:
            record.reasons.append("record_length")
        elif layout.detail and not raw.startswith(layout.detail.encode()):
            record.reasons.append("record_type")
        elif b"\x00" in raw:
            record.reasons.append("nul_byte")
        else:
            record.values = _fixed_values(record, raw, slices, layout.encoding)
        yield record


def _fixed_values(
    record: Record, raw: bytes, slices: Sequence[tuple[SourceField, slice]], encoding: str
) -> list[str | None] | None:
    if raw.isascii():
        text = raw.decode("ascii")
        return [_blank(text[where], declared) for declared, where in slices]
    values: list[str | None] = []
    for declared, where in slices:
        piece = raw[where]
        try:
            decoded = piece.decode(encoding)
        except UnicodeDecodeError as problem:
            if problem.end < len(piece.rstrip(b" ")) - 1:
                record.reasons.append("undecodable")
                return None
            # Cut in the middle of the last character: whole characters are kept, the bytes stay with the record.
            decoded = piece[: problem.start].decode(encoding)
            record.reasons.append("name_truncated")
        values.append(_blank(decoded, declared))
    return values


def _read_delimited(made: Cut, source: SourceContract) -> Iterator[Record]:
    layout = source.layout
    order, extra = _columns(made.header, source)
    for number, offset, raw in made.details:
        record = Record(number, offset, raw)
        try:
            text = raw.decode(layout.encoding)
        except UnicodeDecodeError:
            record.reasons.append("undecodable")
            yield record
            continue
        cells = _cells(text, layout)
        if len(cells) != len(order):
            half = layout.encoding.lower() in GB and not raw.isascii() and len(cells) < len(order)
            record.reasons.append("half_character" if half else "column_count")
        elif "\x00" in text or "\ufffd" in text:
            record.reasons.append("nul_byte" if "\x00" in text else "replacement_character")
        else:
            placed = {name: cells[i] for i, name in enumerate(order)}
            record.values = [_blank(placed.get(f.source_name, ""), f) for f in source.fields]
            record.rescued = {name: placed[name] for name in extra} or None
        yield record


def _cells(text: str, layout: Layout) -> list[str]:
    if not layout.quote or '"' not in text:
        return text.split(layout.separator)
    # The csv module wants one character: one that the text does not have stands in for a longer separator.
    stand_in = next((c for c in _STAND_INS if c not in text), None)
    if stand_in is None:
        return []
    try:
        cells = next(csv.reader([text.replace(layout.separator, stand_in)], delimiter=stand_in), [])
    except csv.Error:
        return []
    return [cell.replace(stand_in, layout.separator) for cell in cells]


def _read_objects(made: Cut, source: SourceContract) -> Iterator[Record]:
    encoding = "utf-8" if source.layout.kind == "parquet" else source.layout.encoding
    for number, offset, raw in made.details:
        record = Record(number, offset, raw)
        try:
            found = objects.parse_json(raw, encoding)
        except objects.RecordError as problem:
            record.reasons.append(str(problem))
        else:
            record.values, rescued, misshapen = objects.place(found, source.fields)
            record.rescued = rescued or None
            if misshapen:
                record.reasons.append("schema_type")
        yield record


def _columns(header: bytes | None, source: SourceContract) -> tuple[list[str], list[str]]:
    """Names in file order, and those the contract does not know."""
    declared = [f.source_name for f in source.fields]
    if header is None:
        return declared, []
    names = [name.strip().strip('"') for name in _cells(header.decode(source.layout.encoding), source.layout)]
    return names, [name for name in names if name not in declared]


def column_names(made: Cut, source: SourceContract) -> list[str] | None:
    """The names the file gives its columns, in its order; None where it gives none."""
    if made.columns is not None:
        return list(made.columns)
    return None if made.header is None else _columns(made.header, source)[0]


def schema_drift(made: Cut, source: SourceContract) -> str | None:
    """How the columns of a file differ from its contract, where that stops the feed; columns added at the end do not.

    `schema_missing`: a declared column is not there; `schema_added`: one was put between others; `schema_swapped`: another order.
    A supplier who does one of these has changed more than a name, so the feed waits for a look at the agreement.
    """
    names = column_names(made, source)
    if names is None:
        return None
    declared = [f.source_name.split(".")[0] for f in source.fields]
    if any(name not in names for name in declared):
        return "schema_missing"
    known = [name for name in names if name in declared]
    if names[: len(known)] != known:
        return "schema_added"
    return "schema_swapped" if known != declared else None


def sum_of(records: Sequence[Record], source: SourceContract, name: str) -> int:
    """Exact sum of an implied-decimals column, in its smallest unit; unreadable records do not count."""
    index = source.names().index(name)
    return int(
        np.sum([int(r.values[index] or 0) for r in records if r.values is not None], dtype=object) or 0
    )
