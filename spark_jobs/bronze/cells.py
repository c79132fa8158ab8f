"""A record that could not be read, cut into fields as well as it goes, each with its place among the bytes. Pure.

The cut never decides anything: it shows a person where a value is to be mended, and puts mended values back among the bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spark_jobs.bronze import escapes, objects
from spark_jobs.bronze.cut import Cut, column_names
from spark_jobs.bronze.reread import is_number
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Layout, SourceContract, SourceField
from spark_jobs.errors import OxpeckerError

KEEPS = "surrogateescape"


@dataclass(frozen=True)
class Cell:
    """One field of a record. first and last count bytes of the record from 0; last is exclusive. text is None where no text comes of it.

    declared  None for a piece that no column of the contract claims
    """

    name: str
    first: int
    last: int
    raw: bytes
    text: str | None
    declared: SourceField | None
    has_place: bool = True

    @property
    def privacy(self) -> PrivacyClass:
        """Of a piece nobody declared, nobody knows what is in it."""
        return self.declared.privacy if self.declared else PrivacyClass.IDENTIFYING


def cut(raw: bytes, source: SourceContract, header: bytes | None = None) -> list[Cell]:
    """The fields of a record, in the order of its file. Fields of JSON and the like have no place of their own;
    where the record is no such thing it is one cell `record`.
    """
    layout = source.layout
    if layout.kind == "fixed":
        return [
            _cell(f.name, f.at[0] - 1, raw[f.at[0] - 1 : f.at[1]], f, layout) for f in source.fields if f.at
        ]
    if layout.kind != "delimited":
        return _members(raw, source)
    names = _names(source, header)
    declared = {f.source_name: f for f in source.fields}
    made, at = [], 0
    end = len(layout.separator.encode(layout.encoding))
    for number, piece in enumerate(_pieces(raw, layout, len(names))):
        name = names[number] if number < len(names) else f"column {number + 1}"
        field = declared.get(name)
        made.append(_cell(field.name if field else name, at, piece, field, layout))
        at += len(piece) + end
    return made


def put_back(
    raw: bytes, source: SourceContract, values: Mapping[str, str], header: bytes | None = None
) -> bytes:
    """The record with these values in place of its own. Raises `OxpeckerError` that names the field, never its value."""
    layout = source.layout
    if layout.kind not in ("fixed", "delimited"):
        return _put_into_object(raw, source, values)
    cells = cut(raw, source, header)
    places = {cell.name: at for at, cell in enumerate(cells)}
    order = [f.name for f in source.fields]
    if layout.kind == "delimited":
        by_source = {f.source_name: f.name for f in source.fields}
        order = [by_source.get(name, name) for name in _names(source, header)]
    for name in values:
        if name not in order and name not in places:
            raise OxpeckerError(f"`{name}` is no field of {source.feed}; known are {', '.join(order)}")
    if layout.kind == "fixed":
        return _put_into_bytes(raw, source, values)
    whole = [
        _written(values[name], layout, name)
        if name in values
        else (cells[places[name]].raw if name in places else b"")
        for name in order
    ]
    return layout.separator.encode(layout.encoding).join(whole)


def _names(source: SourceContract, header: bytes | None) -> list[str]:
    if header is None:
        return [f.source_name for f in source.fields]
    made = Cut(header + b"\n", source)
    return column_names(made, source) or [f.source_name for f in source.fields]


def _cell(name: str, first: int, piece: bytes, declared: SourceField | None, layout: Layout) -> Cell:
    try:
        text: str | None = piece.decode(layout.encoding)
    except UnicodeDecodeError:
        text = None
    return Cell(name, first, first + len(piece), piece, text, declared)


def _members(raw: bytes, source: SourceContract) -> list[Cell]:
    try:
        found = objects.parse_json(
            raw, source.layout.encoding if source.layout.kind in objects.KINDS else "utf-8"
        )
        values, _, _ = objects.place_of(found, source)
    except objects.RecordError:
        return [_cell("record", 0, raw, None, source.layout)]
    return [
        Cell(f.name, 0, 0, (value or "").encode("utf-8", "surrogatepass"), value or "", f, has_place=False)
        for f, value in zip(source.fields, values, strict=True)
    ]


def _pieces(raw: bytes, layout: Layout, wanted: int) -> list[bytes]:
    """Cut after decoding, as the reader does; by the separator's bytes where only that gives the right number of fields."""
    separator = layout.separator.encode(layout.encoding)
    by_bytes = raw.split(separator)
    text = raw.decode(layout.encoding, KEEPS)
    apart = escapes.pieces(text, layout.separator) if layout.escape else _outside_quotes(text, layout)
    by_text = [piece.encode(layout.encoding, KEEPS) for piece in apart]
    if separator.join(by_text) != raw or (len(by_text) != wanted and len(by_bytes) == wanted):
        return by_bytes
    return by_text


def _outside_quotes(text: str, layout: Layout) -> list[str]:
    if not layout.quote or text.count('"') % 2:
        return text.split(layout.separator)
    made, held = [], ""
    for piece in text.split(layout.separator):
        held = f"{held}{layout.separator}{piece}" if held else piece
        if held.count('"') % 2 == 0:
            made.append(held)
            held = ""
    return [*made, held] if held else made


def _written(value: str, layout: Layout, name: str) -> bytes:
    if layout.quote and any(sign in value for sign in (layout.separator, '"', "\n", "\r")):
        value = '"' + value.replace('"', '""') + '"'
    elif layout.escape:
        value = escapes.written(value, layout.separator)
    elif layout.separator in value or "\n" in value or "\r" in value:
        raise OxpeckerError(f"the value for `{name}` has a separator or a line break in it")
    return _encoded(value, layout, name)


def _encoded(value: str, layout: Layout, name: str) -> bytes:
    try:
        return value.encode(layout.encoding)
    except UnicodeEncodeError:
        raise OxpeckerError(
            f"the value for `{name}` has a sign that {layout.encoding} cannot write"
        ) from None


def _put_into_bytes(raw: bytes, source: SourceContract, values: Mapping[str, str]) -> bytes:
    """Fixed width: text is filled up with blanks; numbers must come at their full width, signs and zeros included."""
    layout = source.layout
    whole = bytearray(raw[: layout.record_bytes].ljust(layout.record_bytes))
    for field in source.fields:
        if field.at is None or field.name not in values:
            continue
        width = field.at[1] - field.at[0] + 1
        written = _encoded(values[field.name], layout, field.name)
        if len(written) > width or (is_number(field) and len(written) != width):
            raise OxpeckerError(f"`{field.name}` has {width} bytes, the value for it {len(written)}")
        whole[field.at[0] - 1 : field.at[1]] = written.ljust(width)
    return bytes(whole)


def _put_into_object(raw: bytes, source: SourceContract, values: Mapping[str, str]) -> bytes:
    """JSON: values of named members; a record that is no JSON can only be given whole."""
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise OxpeckerError("the record is no JSON object; give it whole, with --record-file")
    names = {f.name: f.source_name for f in source.fields}
    for name, value in values.items():
        if name not in names:
            raise OxpeckerError(f"`{name}` is no field of {source.feed}; known are {', '.join(names)}")
        _set(told, names[name].split("."), value)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(
        source.layout.encoding if source.layout.kind in ("jsonl", "cdc") else "utf-8"
    )


def _set(told: dict[str, object], path: Sequence[str], value: str) -> None:
    for name in path[:-1]:
        inner = told.setdefault(name, {})
        if not isinstance(inner, dict):
            raise OxpeckerError(f"`{name}` holds no object in this record; give it whole, with --record-file")
        told = inner
    told[path[-1]] = value


def faults(raw: bytes, source: SourceContract, reasons: Sequence[str]) -> list[tuple[int, int]]:
    """Where it went wrong: byte ranges of the record, the first one first; empty where the reason is about the record as a whole."""
    return list(_faults(raw, source, {*reasons}))


def _faults(raw: bytes, source: SourceContract, reasons: set[str]) -> Iterator[tuple[int, int]]:
    encoding = source.layout.encoding
    if "nul_byte" in reasons and (at := raw.find(b"\x00")) >= 0:
        yield at, at + 1
    if "undecodable" in reasons:
        try:
            raw.decode(encoding)
        except UnicodeDecodeError as problem:
            yield problem.start, max(problem.end, problem.start + 1)
    if reasons & {"half_character", "column_count"} and source.layout.kind == "delimited":
        yield from _swallowed(raw, source.layout)
    if reasons & {"replacement_character", "private_use_unknown"}:
        yield from _signs(raw, encoding)
    if "quote_unbalanced" in reasons and (at := raw.rfind(source.layout.keeps_breaks or b'"')) >= 0:
        yield at, at + 1
    if "record_length" in reasons and source.layout.record_bytes:
        short = min(len(raw), source.layout.record_bytes)
        yield short, max(len(raw), short + 1)


def _swallowed(raw: bytes, layout: Layout) -> Iterator[tuple[int, int]]:
    """Characters of several bytes that end in a separator's byte: a half character and what it has eaten."""
    separator = layout.separator.encode(layout.encoding)
    at = 0
    for sign in raw.decode(layout.encoding, KEEPS):
        size = len(sign.encode(layout.encoding, KEEPS))
        if size > 1 and raw[at : at + size].endswith(separator[:1]):
            yield at, at + size
        at += size


def _signs(raw: bytes, encoding: str) -> Iterator[tuple[int, int]]:
    at = 0
    for sign in raw.decode(encoding, KEEPS):
        size = len(sign.encode(encoding, KEEPS))
        if sign == "\ufffd" or "\ue000" <= sign <= "\uf8ff" or ord(sign) >= 0xF0000:
            yield at, at + size
        at += size
