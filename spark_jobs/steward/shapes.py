"""Shapes of records: as long as the original, with its separators and its fault, and none of its values. What decisions keep as cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from spark_jobs.bronze.cells import KEEPS
from spark_jobs.bronze.reread import reread
from spark_jobs.contracts.sources import Layout, SourceContract

# Signs that stand for others of as many bytes, in any of a bank's encodings.
_STAND_INS = "某字", "é", "𠀀"


def case_of(
    raw: bytes,
    reasons: Sequence[str],
    source: SourceContract,
    header: bytes | None,
    mended: bytes | None = None,
) -> dict[str, Any]:
    """The case of a record: its shape where that fares as the record did, else only its reasons.

    A header names columns, which are nobody's values, and stays as it is.
    """
    case: dict[str, Any] = {"reasons": [*reasons], "contract": source.reading}
    if header is not None:
        case["header"] = header.hex()
    shape = shaped(raw, source)
    fares = reread(shape, source, header=header)
    if fares.values is None and sorted(fares.reasons) == sorted(reasons):
        case["shape"] = shape.hex()
    if mended is not None:
        after = shaped(mended, source)
        if reread(after, source, header=header).values is not None:
            case["mended"] = after.hex()
    return case


def shaped(raw: bytes, source: SourceContract) -> bytes:
    """The record with every digit 1, every letter x, every other character of the like length; what makes it unreadable stays."""
    layout = source.layout
    if layout.kind not in ("fixed", "delimited"):
        return _shaped_object(raw, source)
    text = raw.decode(layout.encoding, KEEPS)
    separator = set(layout.separator.encode(layout.encoding)) if layout.kind == "delimited" else set()
    made = bytearray()
    for sign in text:
        made += _stand_in(sign, layout, separator)
    return bytes(_with_marks(made, raw, layout))


def _stand_in(sign: str, layout: Layout, separator: set[int]) -> bytes:
    written = sign.encode(layout.encoding, KEEPS)
    if len(written) == 1:
        if sign.isdecimal():
            return b"1"
        return b"x" if sign.isalpha() and written[0] not in separator else written
    if separator & {*written[1:]}:
        # A half character and the separator it ate: another half does the same.
        return _other_half(written, layout)
    if sign == "\ufffd" or "\ue000" <= sign <= "\uf8ff" or ord(sign) >= 0xF0000:
        return written
    for other in "".join(_STAND_INS):
        try:
            if len(found := other.encode(layout.encoding)) == len(written):
                return found
        except UnicodeEncodeError:
            continue
    return written


def _other_half(written: bytes, layout: Layout) -> bytes:
    other = b"\x81" + written[1:]
    try:
        return other if len(written) == 2 and len(other.decode(layout.encoding)) == 1 else written
    except UnicodeDecodeError:
        return written


def _with_marks(made: bytearray, raw: bytes, layout: Layout) -> bytearray:
    """What says the kind of a record says it still."""
    if layout.kind == "fixed":
        if layout.detail:
            size = len(layout.detail.encode(layout.encoding))
            made[:size] = raw[:size]
        if layout.marks and layout.marks.at:
            where = slice(layout.marks.at[0] - 1, layout.marks.at[1])
            made[where] = raw[where]
    elif layout.marks and layout.marks.column:
        separator = layout.separator.encode(layout.encoding)
        cells, was = bytes(made).split(separator), raw.split(separator)
        if len(cells) == len(was) and layout.marks.column <= len(cells):
            cells[layout.marks.column - 1] = was[layout.marks.column - 1]
            made = bytearray(separator.join(cells))
    return made


def _shaped_object(raw: bytes, source: SourceContract) -> bytes:
    """Members that the contract knows keep their names; everything else is blotted out."""
    encoding = source.layout.encoding if source.layout.kind in ("jsonl", "cdc") else "utf-8"
    try:
        told = json.loads(raw.decode(encoding))
    except (ValueError, RecursionError):
        return bytes(
            b if b in b'{}[]":,\\' or b < 0x20 or b >= 0x80 else 0x31 if 0x30 <= b <= 0x39 else 0x78
            for b in raw
        )
    known = {part for f in source.fields for part in f.source_name.split(".")} | {"op", "before", "after"}
    return json.dumps(_blotted(told, known), ensure_ascii=False, separators=(",", ":")).encode(encoding)


def _blotted(told: Any, known: set[str]) -> Any:
    if isinstance(told, Mapping):
        return {k if k in known else "x" * len(k): _blotted(v, known) for k, v in told.items()}
    if isinstance(told, list):
        return [_blotted(each, known) for each in told]
    if isinstance(told, str):
        return "".join(c if c in "\x00\ufffd" or "\ue000" <= c <= "\uf8ff" else "x" for c in told)
    return 1 if isinstance(told, int | float) and not isinstance(told, bool) else told
