"""Reads the records of a file. No Spark: a function of the bytes and the feed's contract.

Every record comes out, readable or not: nothing is lost, and a record that cannot be read keeps its bytes, its place and a reason.
Separators are looked for after decoding, so that a hanzi whose second byte equals a separator is never torn (瑋 = AC 7C); a half character
that swallows a separator shows as a wrong number of columns.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spark_jobs.bronze import columnar, objects
from spark_jobs.bronze.apart import HEADER_AGAIN, NO_RECORD, NoRecords, headers_among
from spark_jobs.bronze.archives import opened
from spark_jobs.bronze.census import TWO_BYTE
from spark_jobs.bronze.lines import Line, cells, lines, quoted
from spark_jobs.bronze.objects import RecordError
from spark_jobs.contracts.sources import Layout, SourceContract, SourceField

_MARK = "\ufeff"
_SPOILED = re.compile("[\x00\ufffd\ue000-\uf8ff\ud800-\udfff\U000f0000-\U0010ffff]")


@dataclass
class Record:
    """One record of a file. `values` is None where it could not be read; `reasons` then says why.

    size  bytes of the record in the file; more than `raw` has where it is longer than what is kept of one
    """

    line_no: int
    offset: int
    raw: bytes
    values: list[str | None] | None = None
    reasons: list[str] = field(default_factory=list)
    rescued: dict[str, str] | None = None
    size: int = 0


class Cut:
    """A file cut into details, header and trailer. `trailer` is known when the details were gone through.

    `columns`: the names of a columnar file, `header` then the row of a sheet that they stand in. A row of one has no place of its own among the bytes: its offset is 0 and its bytes are
    the row as JSON. Raises `RecordError` where the file as such is broken, at once or while its details are gone through.
    """

    def __init__(self, content: bytes | Path, source: SourceContract) -> None:
        self.layout = layout = source.layout
        self.header: bytes | None = None
        self.trailer: bytes | None = None
        self.columns: tuple[str, ...] | None = None
        # An empty line is no record, except where its one field may be empty.
        self._is_json = layout.kind in objects.KINDS
        self._drops_empty = self._is_json or len(source.fields) > 1
        # The line above the details; None where there is none.
        self.above: Line | None = None
        if layout.kind in columnar.KINDS:
            self.columns, self.header, self._found = columnar.opened(content, source)
            return
        found = lines(opened(content), layout)
        for _ in range(layout.skip_lines):
            self.above = next(found, None)
        self._found = self._records(found)
        if layout.header and (first := next(self._found, None)) is not None:
            self.header, self.above = first.raw, first

    def _records(self, found: Iterator[Line]) -> Iterator[Line]:
        found = quoted(found, self.layout) if self.layout.quote else found
        if not self._drops_empty:
            return found
        return (line for line in found if (line.raw.strip() if self._is_json else line.raw))

    def details(self) -> Iterator[Line]:
        """The detail records, once, in order."""
        return self._but_trailer(self._found)

    def details_of(self, found: Iterator[Line], is_last: bool) -> Iterator[Line]:
        """The same of lines of the file that were cut elsewhere; `is_last`: the last of them may be the trailer."""
        records = self._records(found)
        return self._but_trailer(records) if is_last else records

    def _but_trailer(self, found: Iterator[Line]) -> Iterator[Line]:
        mark = self.layout.trailer_mark
        held: Line | None = None
        for line in found:
            if held is not None:
                yield held
            held = line
        if held is not None and mark and held.raw.startswith(mark.encode(self.layout.encoding)):
            self.trailer = held.raw
        elif held is not None:
            yield held


def read(content: bytes | Path, source: SourceContract) -> Iterator[Record]:
    """All detail records of a file, in order. Signs of the bank's private list are put in their place; the bytes stay with the record."""
    made = Cut(content, source)
    return read_lines(made.details(), made.header, source)


def read_lines(found: Iterator[Line], header: bytes | None, source: SourceContract) -> Iterator[Record]:
    """Records of lines, which are details under this header. Those of kinds that belong to other feeds are left out."""
    if source.layout.kind == "fixed":
        records = _read_fixed(found, source)
    elif source.layout.kind == "delimited":
        records = _read_delimited(found, header, source)
    else:
        records = _read_objects(found, header, source)
    none = NoRecords(source)
    for record in records:
        if none and record.values is not None and none.among(record.values):
            record.values, record.rescued, record.reasons = None, None, [NO_RECORD]
        if record.values is not None and not record.raw.isascii():
            _restore(record, source.layout.signs)
        _spoiled(record, source.layout)
        yield record


def _restore(record: Record, signs: Mapping[int, str]) -> None:
    """Private-use code points the list knows; others nobody may guess."""
    assert record.values is not None
    if not signs:
        return
    restored = [value.translate(signs) if value else value for value in record.values]
    if restored != record.values:
        record.values = restored
        record.reasons.append("private_use")


def _spoiled(record: Record, layout: Layout) -> None:
    """Signs that stand for no text: a record with one is kept aside, unless the contract says that it may be kept."""
    if record.values is None or (
        record.raw.isascii() and b"\x00" not in record.raw and b"\\u" not in record.raw
    ):
        return
    texts = [*record.values, *(x for pair in (record.rescued or {}).items() for x in pair)]
    found = {sign for text in texts if text for sign in _SPOILED.findall(text)}
    for sign in sorted(found):
        if sign == "\x00":
            reason, may_stay = "nul_byte", False
        elif "\ud800" <= sign <= "\udfff":
            reason, may_stay = "undecodable", False
        else:
            reason = "replacement_character" if sign == "\ufffd" else "private_use_unknown"
            may_stay = reason in layout.keep_signs
        if not may_stay:
            record.values, record.rescued, record.reasons = None, None, [reason]
            return
        if reason not in record.reasons:
            record.reasons.append(reason)


def _record(line: Line, layout: Layout) -> Record:
    record = Record(line.number, line.offset, line.raw, size=line.size)
    if line.size > layout.longest_record:
        record.reasons.append("record_too_long")
    return record


def _blank(text: str, declared: SourceField) -> str | None:
    stripped = text.strip(" \u3000")
    return None if stripped == "" or stripped in declared.null else stripped


def _read_fixed(found: Iterator[Line], source: SourceContract) -> Iterator[Record]:
    layout = source.layout
    slices = [
        (declared, slice(declared.at[0] - 1, declared.at[1])) for declared in source.fields if declared.at
    ]
    marks = layout.marks
    ours, others = (
        [m.encode(layout.encoding) for m in ms] for ms in ((marks.ours, marks.others) if marks else ((), ()))
    )
    for line in found:
        record, raw = _record(line, layout), line.raw
        mark = raw[marks.at[0] - 1 : marks.at[1]] if marks and marks.at else b""
        if record.reasons:
            pass
        elif marks and mark in others:
            continue
        elif marks and mark not in ours and len(raw) == layout.record_bytes:
            record.reasons.append("record_type")
        elif len(raw) != layout.record_bytes:
            record.reasons.append("record_length")
        elif layout.detail and not raw.startswith(layout.detail.encode(layout.encoding)):
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
            if not _begins_a_character(piece[problem.start :].rstrip(b" "), encoding):
                record.reasons[:] = ["undecodable"]
                return None
            # Cut in the middle of the last character: whole characters are kept, the bytes stay with the record.
            decoded = piece[: problem.start].decode(encoding)
            if "name_truncated" not in record.reasons:
                record.reasons.append("name_truncated")
        values.append(_blank(decoded, declared))
    return values


def _begins_a_character(rest: bytes, encoding: str) -> bool:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(rest) == ""
    except UnicodeDecodeError:
        return False


def _read_delimited(lines_: Iterator[Line], header: bytes | None, source: SourceContract) -> Iterator[Record]:
    layout, marks = source.layout, source.layout.marks
    order = column_names_of(header, source)
    at = {name: i for i, name in enumerate(order)}
    places = [at.get(f.source_name) for f in source.fields]
    declared = {f.source_name for f in source.fields}
    extra = [(name, i) for name, i in at.items() if name not in declared]
    has_half = codecs.lookup(layout.encoding).name in TWO_BYTE
    is_header, none = headers_among(header, source), NoRecords(source)
    for line in lines_:
        record, raw = _record(line, layout), line.raw
        if record.reasons:
            yield record
            continue
        try:
            text = raw.decode(layout.encoding)
        except UnicodeDecodeError:
            record.reasons.append("undecodable")
            yield record
            continue
        if text.startswith(_MARK):
            # Files put one behind the other without a look: the mark of the second would become a part of its first key.
            text = text.removeprefix(_MARK)
            record.reasons.append("byte_order_mark")
        if is_header(raw):
            record.reasons[:] = [HEADER_AGAIN]
            yield record
            continue
        found = cells(text, layout)
        mark = (
            found[marks.column - 1].strip()
            if found and marks and marks.column and len(found) >= marks.column
            else ""
        )
        if found is None:
            record.reasons.append("quote_unbalanced")
        elif marks and mark in marks.others:
            continue
        elif marks and mark not in marks.ours:
            record.reasons.append("record_type")
        elif none and none.among_cells(found, places):
            record.reasons[:] = [NO_RECORD]
        elif len(found) != len(order):
            half = has_half and not raw.isascii() and len(found) < len(order)
            record.reasons.append("half_character" if half else "column_count")
        else:
            record.values = [
                None if i is None else _blank(found[i], f) for i, f in zip(places, source.fields, strict=True)
            ]
            record.rescued = {name: found[i] for name, i in extra} or None
        yield record


def _read_objects(lines_: Iterator[Line], header: bytes | None, source: SourceContract) -> Iterator[Record]:
    is_header = headers_among(header, source)
    encoding = source.layout.encoding if source.layout.kind in objects.KINDS else "utf-8"
    for line in lines_:
        record = _record(line, source.layout)
        if is_header(line.raw):
            record.reasons[:] = [HEADER_AGAIN]
        if not record.reasons:
            try:
                found = objects.parse_json(line.raw, encoding)
                record.values, rescued, misshapen = objects.place_of(found, source)
            except RecordError as problem:
                record.reasons.append(str(problem))
            else:
                record.rescued = rescued or None
                if misshapen:
                    record.reasons.append("schema_type")
        yield record


def column_names_of(header: bytes | None, source: SourceContract) -> list[str]:
    """Names of the columns under this header in file order, those of the contract where there is no header.

    One that comes again has its number behind it, so that its values are not lost.
    """
    if header is None:
        return [f.source_name for f in source.fields]
    try:
        text = header.decode(source.layout.encoding)
    except UnicodeDecodeError as problem:
        raise RecordError("encoding") from problem
    named = cells(text, source.layout)
    if named is None:
        raise RecordError("schema_missing")
    return columnar.numbered([name.strip().strip('"') for name in named])


def column_names(made: Cut, source: SourceContract) -> list[str] | None:
    """The names the file gives its columns, in its order; None where it gives none."""
    if made.columns is not None:
        return list(made.columns)
    return None if made.header is None else column_names_of(made.header, source)


def schema_drift(made: Cut, source: SourceContract) -> str | None:
    """How the columns of a file differ from its contract, where that stops the feed; columns added at the end do not.

    `schema_missing`: a declared column is not there; `schema_twice`: there are two of its name; `schema_added`: one was put between
    others, or at the end where the contract holds for that, too; `schema_swapped`: another order. A supplier who does one of these has
    changed more than a name, so the feed waits for a look at the agreement.
    """
    names = column_names(made, source)
    if names is None:
        return "truncated" if source.layout.header else None
    paths = source.layout.kind in columnar.KINDS
    declared = list(dict.fromkeys(_column_of(f.source_name, names, paths) for f in source.fields))
    if any(name not in names for name in declared):
        return "schema_missing"
    if any(f"{name}#2" in names for name in declared):
        return "schema_twice"
    known = [name for name in names if name in declared]
    if names[: len(known)] != known or (len(names) > len(known) and source.drift.get("added") == "hold"):
        return "schema_added"
    return "schema_swapped" if known != declared else None


def _column_of(path: str, names: Sequence[str], paths: bool) -> str:
    """The column that holds a field: of its very name, or, where columns have parts, the one its path begins with."""
    return path if path in names or not paths else path.split(".")[0]
