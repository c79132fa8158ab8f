"""A record in quarantine read once more: as it is, or with the bytes a steward put in its place. The same reader, the same contract. No Spark."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

from spark_jobs.bronze.lines import Line, lines, quoted
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import Record, read_lines
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.sources import SourceContract, SourceField

# Signs that stand for no text: a steward who accepts the record as it is accepts these, and nothing else.
SIGNS = ("replacement_character", "private_use_unknown")
BY_STEWARD = "steward_repair"


def reread(
    raw: bytes,
    source: SourceContract,
    *,
    header: bytes | None = None,
    line_no: int = 1,
    offset: int = 0,
    as_it_is: bool = False,
) -> Record:
    """The record these bytes are; `values` is None, with the reasons, where the contract does not take it.

    header    of the record's file, which names the columns; the contract's order where it is not known
    as_it_is  signs that stand for no text may stay
    """
    layout = source.layout
    if as_it_is:
        layout = replace(layout, keep_signs=tuple(dict.fromkeys((*layout.keep_signs, *SIGNS))))
    asked = replace(source, layout=layout)
    line = Line(line_no, offset, raw, len(raw))
    if not _is_one(raw, asked):
        return Record(line_no, offset, raw, None, ["line_break"], size=len(raw))
    try:
        found = list(read_lines(iter([line]), header, asked))
    except RecordError as problem:
        return Record(line_no, offset, raw, None, [str(problem)], size=len(raw))
    if not found:
        return Record(line_no, offset, raw, None, ["record_type"], size=len(raw))
    record = found[0]
    if record.values is not None and not as_it_is:
        missing = _faults(record.values, source)
        if missing:
            return Record(line_no, offset, raw, None, missing, size=len(raw))
    if record.values is not None:
        record.reasons = [*record.reasons, *Notices(source).of(record.values)]
    return record


def _is_one(raw: bytes, source: SourceContract) -> bool:
    """Whether the bytes are one record where they stand in a file: no line end outside of quotes."""
    layout = source.layout
    if layout.kind not in ("fixed", "delimited") or layout.line_end == "none":
        return b"\n" not in raw
    found = lines(io.BytesIO(raw), layout)
    return len(list(quoted(found, layout) if layout.quote else found)) <= 1


def _faults(values: list[str | None], source: SourceContract) -> list[str]:
    """What a corrected record may not be although it can be cut: a needed value empty, a number none. Codes bear the field's name."""
    found = []
    for value, declared in zip(values, source.fields, strict=True):
        if value is None and declared.name in source.not_null:
            found.append(f"empty:{declared.name}")
        elif value is not None and is_number(declared) and amount_of(value, declared) is None:
            found.append(f"no_number:{declared.name}")
    return found


def is_number(declared: SourceField) -> bool:
    return declared.type == "number" or declared.type.startswith("implied")


def amount_of(text: str, declared: SourceField) -> Decimal | None:
    """The number a field holds as its supplier writes it; None when it is none."""
    implied = int(declared.type.removeprefix("implied")) if declared.type.startswith("implied") else 0
    return parse_number(text, implied, declared.decimal, declared.is_overpunched)
