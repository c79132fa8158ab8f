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

from spark_jobs.bronze import objects
from spark_jobs.bronze.apart import HEADER_AGAIN, NO_RECORD, NoRecords, headers_among
from spark_jobs.bronze.census import TWO_BYTE
from spark_jobs.bronze.cut import Cut, column_names_of
from spark_jobs.bronze.delimited import cells
from spark_jobs.bronze.lines import Line
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
        decoded, is_whole = _fixed_text(raw[where], encoding)
        if decoded is None:
            record.reasons[:] = ["undecodable"]
            return None
        if not is_whole and "name_truncated" not in record.reasons:
            record.reasons.append("name_truncated")
        values.append(_blank(decoded, declared))
    return values


def _fixed_text(piece: bytes, encoding: str) -> tuple[str | None, bool]:
    """What a field of fixed width says, None where it is no text, and whether its last character is whole."""
    try:
        return piece.decode(encoding), True
    except UnicodeDecodeError as problem:
        if not _begins_a_character(piece[problem.start :].rstrip(b" "), encoding):
            return None, False
        # Cut in the middle of the last character: whole characters are kept, the bytes stay with the record.
        return piece[: problem.start].decode(encoding), False


def fixed_value(piece: bytes, declared: SourceField, layout: Layout) -> str | None:
    """The value of a field of fixed width by its bytes alone, whatever the rest of its record is; None also where they are no text."""
    text, _ = _fixed_text(piece, layout.encoding)
    value = None if text is None else _blank(text, declared)
    return value.translate(layout.signs) if value and layout.signs else value


def _begins_a_character(rest: bytes, encoding: str) -> bool:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(rest) == ""
    except UnicodeDecodeError:
        return False


def _decoded(record: Record, encoding: str) -> str | None:
    """The record's text; None, with the reason, where its bytes are none."""
    try:
        text = record.raw.decode(encoding)
    except UnicodeDecodeError:
        record.reasons.append("undecodable")
        return None
    if text.startswith(_MARK):
        # Files put one behind the other without a look: the mark of the second would become a part of its first key.
        record.reasons.append("byte_order_mark")
        return text.removeprefix(_MARK)
    return text


def _read_delimited(lines_: Iterator[Line], header: bytes | None, source: SourceContract) -> Iterator[Record]:
    layout, marks = source.layout, source.layout.marks
    order = column_names_of(header, source)
    at = {name: i for i, name in enumerate(order)}
    places = [at.get(f.source_name) for f in source.fields]
    declared = {f.source_name for f in source.fields}
    extra = [(name, i) for name, i in at.items() if name not in declared]
    # Half a character eats the first byte of a separator: the bytes have more of them than the text.
    has_half = codecs.lookup(layout.encoding).name in TWO_BYTE
    separator = layout.separator.encode(layout.encoding)
    is_header, none = headers_among(header, source), NoRecords(source)
    for line in lines_:
        record, raw = _record(line, layout), line.raw
        text = None if record.reasons else _decoded(record, layout.encoding)
        if text is not None and is_header(raw):
            record.reasons[:] = [HEADER_AGAIN]
            text = None
        if text is None:
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
            is_eaten = (
                has_half and len(found) < len(order) and raw.count(separator) > text.count(layout.separator)
            )
            record.reasons.append("half_character" if is_eaten else "column_count")
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
