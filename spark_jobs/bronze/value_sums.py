"""Declared sums, and times that should follow one another, by the values of records: one at a time, or many clean ones by whole columns. No Spark.

Sums of fixed-width feeds are made by bytes instead (`tally`), unreadable records included; here, records that cannot be read add nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bronze.tally import EXACT, SUM_DECIMALS, amount_units
from spark_jobs.bronze.vectors import Flags, true_of
from spark_jobs.contracts.sources import SourceContract, SourceField, Sum

# So many digits before the decimal sign are read by whole columns; sums of them have room for 10^18 records.
_MOST_WHOLE = 14
_EXACT_UNITS = pa.decimal128(_MOST_WHOLE + SUM_DECIMALS, SUM_DECIMALS)
_ZERO = pa.scalar(Decimal(0), _EXACT_UNITS)


class ValueSums:
    """What the records of a feed add up to, of `wanted` sums by name.

    sums      exact, in units of `SUM_DECIMALS` decimals
    places    of the fields that are looked at, in the contract, sorted
    compared  pairs of neighbours among the times of one record that should follow one another; wrong: those that do not
    """

    def __init__(self, source: SourceContract, wanted: Mapping[str, Sum]) -> None:
        names = source.names()
        self.sums = dict.fromkeys(wanted, 0)
        self.compared = self.wrong = 0
        self._parts = [
            _Part(name, each, names.index(each.of), source.fields[names.index(each.of)], _conditions(each, names))
            for name, each in wanted.items()
        ]  # fmt: skip
        self._times = [names.index(name) for name in source.in_order]
        conditions = {at for part in self._parts for at, _, _ in part.conditions}
        self.places = sorted(conditions | {part.at for part in self._parts} | {*self._times})

    def add(self, values: Sequence[str | None]) -> None:
        """One record: its values in the contract's order, trimmed, None where nothing was delivered."""
        for part in self._parts:
            if all((values[k] in words) == is_meant for k, words, is_meant in part.conditions):
                self.sums[part.name] += part.wanted.counted(amount_units(values[part.at], part.declared) or 0)
        told = [t for at in self._times if (t := values[at]) is not None]
        for earlier, later in pairwise(told):
            self.compared += 1
            self.wrong += earlier > later

    def add_all(self, records: pa.ListArray) -> None:
        """`add` of many records, each with a value or null for every one of `places`, in that order."""
        if not len(records):
            return
        flat = records.flatten()
        width = len(flat) // len(records)

        @cache
        def column(at: int) -> pa.StringArray:
            return flat.take(pa.array(np.arange(self.places.index(at), len(flat), width)))

        @cache
        def among(at: int, words: tuple[str, ...]) -> Flags:
            return true_of(pc.is_in(column(at), value_set=pa.array(words, pa.string())))

        for part in self._parts:
            kept = np.ones(len(records), bool)
            for at, words, is_meant in part.conditions:
                kept &= among(at, words) == is_meant
            self.sums[part.name] += part.total(column(part.at).filter(pa.array(kept)))
        self._compare([column(at) for at in self._times])

    def _compare(self, times: Sequence[pa.StringArray]) -> None:
        """Each time with the last one before it that is told. Text is compared by its UTF-8, which has the order of its code points."""
        for at, this in enumerate(times[1:], 1):
            last = pc.coalesce(*reversed(times[:at]))
            is_later = pc.greater(last, this)
            self.compared += len(is_later) - is_later.null_count
            self.wrong += int(true_of(is_later).sum())


@dataclass(frozen=True)
class _Part:
    """One declared sum. at: place of its amount; conditions: places of fields, words, and whether a record is meant that has one of them."""

    name: str
    wanted: Sum
    at: int
    declared: SourceField
    conditions: tuple[tuple[int, tuple[str, ...], bool], ...]

    def total(self, texts: pa.StringArray) -> int:
        """What these amounts add to the sum; plain ones are read at once."""
        decimals = SUM_DECIMALS - self.declared.implied_decimals
        plain = _plain(self.declared, decimals)
        is_plain = true_of(pc.match_substring_regex(texts, plain)) if plain else np.zeros(len(texts), bool)
        told = pc.replace_substring(texts.filter(pa.array(is_plain)), self.declared.decimal, ".")
        amounts = pc.utf8_ltrim(told, "+").cast(_EXACT_UNITS)
        if self.wanted.only is not None:
            is_counted = (pc.greater if self.wanted.only == "positive" else pc.less)(amounts, _ZERO)
            amounts = amounts.filter(is_counted)
        if self.wanted.without_sign:
            amounts = pc.abs(amounts)
        total = pc.sum(amounts).as_py()
        units = 0 if total is None else int(total.scaleb(decimals, EXACT))
        others = texts.filter(pa.array(~is_plain)).to_pylist()
        return units + sum(self.wanted.counted(amount_units(text, self.declared) or 0) for text in others)


def _plain(declared: SourceField, decimals: int) -> str | None:
    """What amounts look like that are read at once: a sign maybe, digits, and no more decimals than sums have."""
    if declared.is_overpunched or decimals < 0:
        return None
    behind = f"(?:{re.escape(declared.decimal)}[0-9]{{1,{decimals}}})?" if decimals else ""
    return f"^[+-]?[0-9]{{1,{_MOST_WHOLE}}}{behind}$"


def _conditions(wanted: Sum, names: Sequence[str]) -> tuple[tuple[int, tuple[str, ...], bool], ...]:
    return tuple((names.index(name), words, is_meant) for name, words, is_meant in wanted.conditions)
