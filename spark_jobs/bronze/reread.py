"""A record in quarantine read once more: as it is, or with the bytes a steward put in its place. The same reader, the same contract. No Spark.

A record by itself is line 1 at byte 0; whoever lands it knows its place in its file.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from spark_jobs.bronze.delimited import unbroken
from spark_jobs.bronze.lines import Line, lines
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import Record, read_lines
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.sources import SourceContract, SourceField

# Signs that stand for no text: a steward who accepts the record as it is accepts these, and nothing else.
SIGNS = ("replacement_character", "private_use_unknown")
BY_STEWARD = "steward_repair"


def reread(
    raw: bytes, source: SourceContract, *, header: bytes | None = None, as_it_is: bool = False
) -> Record:
    """The record these bytes are; `values` is None, with the reasons, where the contract does not take it.

    header    of the record's file, which names the columns; the contract's order where it is not known
    as_it_is  signs that stand for no text may stay
    """
    layout = source.layout
    if as_it_is:
        layout = replace(layout, keep_signs=tuple(dict.fromkeys((*layout.keep_signs, *SIGNS))))
    record = read_again(raw, replace(source, layout=layout), header)
    if record.values is not None and not as_it_is:
        missing = faults(record.values, source, source.not_null)
        if missing:
            return kept_aside(raw, missing)
    if record.values is not None:
        record.reasons = [*record.reasons, *Notices(source).of(record.values)]
    return record


def read_again(
    raw: bytes, source: SourceContract, header: bytes | None = None, size: int | None = None
) -> Record:
    """The record as the reader of a whole file gives it. size: of the record in its file, where not all of its bytes are there."""
    size = len(raw) if size is None else size
    if not _is_one(raw, source):
        return kept_aside(raw, ["line_break"], size)
    try:
        found = list(read_lines(iter([Line(1, 0, raw, size)]), header, source))
    except RecordError as problem:
        return kept_aside(raw, [str(problem)], size)
    return found[0] if found else kept_aside(raw, ["record_type"], size)


def kept_aside(raw: bytes, reasons: list[str], size: int | None = None) -> Record:
    """A record that cannot be read, and why."""
    return Record(1, 0, raw, None, reasons, size=len(raw) if size is None else size)


def _is_one(raw: bytes, source: SourceContract) -> bool:
    """Whether the bytes are one record where they stand in a file: no line end outside of quotes."""
    layout = source.layout
    if layout.kind not in ("fixed", "delimited") or layout.line_end == "none":
        return b"\n" not in raw
    found = lines(io.BytesIO(raw), layout)
    return len(list(unbroken(found, layout))) <= 1


def faults(values: list[str | None], source: SourceContract, needed: Collection[str]) -> list[str]:
    """What a record may not be although it can be cut: a needed value empty, a number none. Codes bear the field's name."""
    found = []
    for value, declared in zip(values, source.fields, strict=True):
        if value is None and declared.name in needed:
            found.append(f"empty:{declared.name}")
        elif value is not None and is_number(declared) and amount_of(value, declared) is None:
            found.append(f"no_number:{declared.name}")
    return found


def is_number(declared: SourceField) -> bool:
    return declared.type == "number" or declared.type.startswith("implied")


def amount_of(text: str, declared: SourceField) -> Decimal | None:
    """The number a field holds as its supplier writes it; None when it is none."""
    return parse_number(text, declared.implied_decimals, declared.decimal, declared.is_overpunched)
