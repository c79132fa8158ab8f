"""Rows of a sample that add up others (合计, 小计, Subtotal), by the word in their first cell: they are no records of anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from spark_jobs.bronze.apart import plain
from spark_jobs.bronze.lines import cells
from spark_jobs.bronze.records import Record, read
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.onboarding.samples import Sample

WORDS = re.compile(
    r"(?i)[合总總小累共][计計]|本[页頁日月年][合小累][计計]|((sub|grand)[ _-]?)?totals?|sum|(zwischen|gesamt)?summe|gesamt"
)
# More than so many of them are no sums of others.
MOST = 0.25


def sum_rows(samples: Sequence[Sample], source: SourceContract) -> Mapping[str, tuple[str, ...]]:
    """Field → words, as the contract's `set_aside` has them: those of first cells that are nothing but a word for a sum."""
    found: dict[str, dict[str, None]] = {}
    for sample in samples:
        records = list(read(sample.content, source))
        told = [place for record in records if (place := _first(record, source)) is not None]
        told = [(name, word) for name, word in told if WORDS.fullmatch(plain(word))]
        if len(told) <= max(1, MOST * len(records)):
            for name, word in told:
                found.setdefault(name, {})[plain(word)] = None
    return {name: tuple(words) for name, words in found.items()}


def _first(record: Record, source: SourceContract) -> tuple[str, str] | None:
    """The first filled cell of a record and the field that it is; of one with too few columns, too, since sums leave columns out."""
    values: Iterable[str | None] = record.values or ()
    if record.values is None and source.layout.kind == "delimited" and "column_count" in record.reasons:
        values = cells(record.raw.decode(source.layout.encoding), source.layout) or ()
    named = zip(source.names(), values, strict=False)
    return next(((name, value.strip()) for name, value in named if value and value.strip()), None)
