"""A record read as if a rule about records did not hold: what an exception of stewards comes to. The same reader, the same contract. No Spark.

replacement_character, private_use_unknown   the signs stay in the text
record_too_long   as long as it is, where all its bytes were kept
column_count      fields left out at the end are empty, empty ones too many at the end are dropped
record_length     of fixed width: blanks that fell away at the end, or were added there

Nothing else can be put out of force: of half characters, torn quotes and unknown kinds of record nobody knows what they say.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from spark_jobs.bronze.cut import column_names_of
from spark_jobs.bronze.delimited import cells
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.records import Record
from spark_jobs.bronze.reread import SIGNS, faults, kept_aside, read_again
from spark_jobs.contracts.sources import SourceContract

TOO_LONG, COLUMNS, LENGTH = "record_too_long", "column_count", "record_length"
RULES = (*SIGNS, TOO_LONG, COLUMNS, LENGTH)


def read_without(
    rules: Collection[str],
    raw: bytes,
    source: SourceContract,
    *,
    header: bytes | None = None,
    size: int | None = None,
) -> Record:
    """The record with these rules out of force; `values` is None, with the reasons, where others still keep it aside.

    Where its end was put in order, each field has to be what the contract says (key and needed fields filled, numbers and dates readable):
    a field that is missing in the middle moves all behind it, and that must show.
    size  bytes of the record in its file; those that were not kept cannot be read
    """
    size = len(raw) if size is None else size
    layout = source.layout
    signs = tuple(dict.fromkeys((*layout.keep_signs, *(rule for rule in SIGNS if rule in rules))))
    longest = (
        max(layout.longest_record, size) if TOO_LONG in rules and size == len(raw) else layout.longest_record
    )
    asked = replace(source, layout=replace(layout, keep_signs=signs, longest_record=longest))
    made = read_again(raw, asked, header, size)
    mended = (
        _end_in_order(raw, asked, header)
        if made.values is None and {*made.reasons} <= {*rules} & {COLUMNS, LENGTH}
        else None
    )
    if mended is not None:
        made = read_again(mended, asked, header)
    noticed = [] if made.values is None else Notices(source).of(made.values)
    if mended is not None and made.values is not None:
        wrong = faults(made.values, source, (*source.key, *source.not_null))
        wrong += [code for code in noticed if code == "date_invalid"]
        if wrong:
            return kept_aside(raw, wrong, size)
    made.reasons = [*made.reasons, *noticed]
    return made


def _end_in_order(raw: bytes, source: SourceContract, header: bytes | None) -> bytes | None:
    """The record with the end its contract wants; None where more than its end is wrong."""
    layout = source.layout
    if layout.kind == "fixed":
        rest = raw[layout.record_bytes :]
        return None if rest.strip(b" ") else raw[: layout.record_bytes].ljust(layout.record_bytes, b" ")
    if layout.kind != "delimited":
        return None
    found, wanted = cells(raw.decode(layout.encoding), layout), len(column_names_of(header, source))
    separator = layout.separator.encode(layout.encoding)
    if found is None or any(found[wanted:]):
        return None
    if len(found) < wanted:
        return raw + separator * (wanted - len(found))
    surplus = separator * (len(found) - wanted)
    # Surplus fields that are quoted, though empty, are more than a stray separator.
    return raw.removesuffix(surplus) if raw.endswith(surplus) else None
