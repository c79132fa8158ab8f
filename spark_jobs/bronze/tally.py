"""Declared sums of fixed-width feeds by the bytes of their records, exact: one record at a time, or a piece of a file at once. No Spark.

A record counts with the amount that stands at its place, also where it cannot be read as a whole: its supplier has counted it, too. Records
of other feeds and lines that the contract sets aside are in no sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa

from spark_jobs.bronze.apart import NoRecords
from spark_jobs.bronze.records import fixed_value
from spark_jobs.bronze.reread import amount_of
from spark_jobs.bronze.vectors import Bytes, Flags, Ints, rectangle
from spark_jobs.contracts.sources import SourceContract, SourceField, Sum

# Amounts are summed as whole numbers of this many decimals: exact, whatever the order.
SUM_DECIMALS = 6
EXACT = Context(prec=200)
# So many digits fit a machine's whole number, also when many are summed.
_GROUP = 9
# More digits are no amount (`money.parse_number`).
_MOST_DIGITS = 22
# Words of one field whose verdict is remembered: kinds and currencies are few, numbers of customers are not.
_REMEMBERED = 4096


def amount_units(text: str | None, declared: SourceField) -> int | None:
    """The number a field holds, in units of `SUM_DECIMALS` decimals; None where it holds none."""
    parsed = None if text is None else amount_of(text, declared)
    return None if parsed is None else int(parsed.scaleb(SUM_DECIMALS, EXACT))


class Tallies:
    """The declared sums of a fixed-width feed. `sums`: by name, in units of `SUM_DECIMALS` decimals."""

    def __init__(self, source: SourceContract) -> None:
        self.sums = dict.fromkeys(source.sums, 0)
        self._width = source.layout.record_bytes
        self._fields = {f.name: f for f in source.fields}
        self._source = source
        self._conditions: dict[tuple[object, ...], _Condition] = {}
        self._always = self._not_apart()
        amounts = {name: _Amount(self._fields[name], source) for name in {s.of for s in source.sums.values()}}
        self._parts = [
            _Part(name, each, amounts[each.of], self._of(each)) for name, each in source.sums.items()
        ]

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, raw: bytes) -> None:
        """One record."""
        if not all(c.holds(raw[c.where]) for c in self._always):
            return
        for part in self._parts:
            units = part.wanted.counted(part.amount.of(raw))
            if units and all(c.holds(raw[c.where]) for c in part.conditions):
                self.sums[part.name] += units

    def add_all(self, data: Bytes, starts: Ints, ends: Ints) -> None:
        """`add` of all lines of a piece. Records of another length, and amounts that are not plain digits, are added one by one."""
        has_cr = (ends > starts) & (data[np.maximum(ends - 1, 0)] == 13)
        whole = ends - starts - has_cr == self._width
        at = np.flatnonzero(whole)
        table = rectangle(data, starts, ends, at, self._width)
        plain: Flags = np.ones(len(at), bool)
        read = {}
        for amount in {part.amount for part in self._parts}:
            read[amount] = amount.of_all(table)
            plain &= read[amount].is_plain
        among = {c: c.among(table) for part in self._parts for c in (*self._always, *part.conditions)}
        for part in self._parts:
            kept = plain.copy()
            for condition in (*self._always, *part.conditions):
                kept &= among[condition]
            self.sums[part.name] += read[part.amount].total(part.wanted, kept) * part.amount.unit
        for k in [*at[~plain].tolist(), *np.flatnonzero(~whole).tolist()]:
            self.add(data[starts[k] : ends[k] - has_cr[k]].tobytes())

    def _of(self, wanted: Sum) -> tuple[_Condition, ...]:
        return tuple(self._condition(*each) for each in wanted.conditions)

    def _condition(self, name: str, words: tuple[str, ...], is_meant: bool) -> _Condition:
        """Sums that ask the same are answered at once."""
        asked = (name, words, is_meant)
        if asked not in self._conditions:
            self._conditions[asked] = self._reads(name, partial(_is_among, words, is_meant))
        return self._conditions[asked]

    def _reads(self, name: str, fits: Callable[[str | None], bool]) -> _Condition:
        declared, layout = self._fields[name], self._source.layout
        return _Condition(place_of(declared), lambda piece: fits(fixed_value(piece, declared, layout)))

    def _not_apart(self) -> list[_Condition]:
        """What holds for each record that is one of this feed."""
        marks, encoding = self._source.layout.marks, self._source.layout.encoding
        found = [
            self._reads(name, partial(_is_not, is_none))
            for name, is_none in NoRecords(self._source).by_field().items()
        ]
        if marks and marks.at and marks.others:
            others = {m.encode(encoding) for m in marks.others}
            found.append(_Condition(slice(marks.at[0] - 1, marks.at[1]), lambda piece: piece not in others))
        return found


def _is_among(words: tuple[str, ...], is_meant: bool, text: str | None) -> bool:
    return (text in words) == is_meant


def _is_not(is_none: Callable[[str | None], bool], text: str | None) -> bool:
    return not is_none(text)


def place_of(declared: SourceField) -> slice:
    """Where a field of a fixed-width record stands among its bytes."""
    assert declared.at is not None
    return slice(declared.at[0] - 1, declared.at[1])


class _Condition:
    """What the bytes of a field must say, asked once of equal bytes."""

    def __init__(self, where: slice, fits: Callable[[bytes], bool]) -> None:
        self.where = where
        self.holds = lru_cache(_REMEMBERED)(fits)

    def among(self, table: Bytes) -> Flags:
        column = np.ascontiguousarray(table[:, self.where])
        kind = pa.binary(column.shape[1])
        found = pa.Array.from_buffers(kind, len(column), [None, pa.py_buffer(column)]).dictionary_encode()
        holds: Flags = np.array([self.holds(piece) for piece in found.dictionary.to_pylist()], bool)
        return holds[found.indices.to_numpy()]


@dataclass(frozen=True)
class _Read:
    """Amounts of many records: whether each is plain digits, and what it is then, in groups of digits from the last one on, all with its sign."""

    is_plain: Flags
    groups: list[Ints]

    def total(self, wanted: Sum, kept: Flags) -> int:
        groups = [group[kept] for group in self.groups]
        if wanted.only is not None:
            sign = 1 if wanted.only == "positive" else -1
            groups = [np.where(group * sign > 0, group, 0) for group in groups]
        if wanted.without_sign:
            groups = [np.abs(group) for group in groups]
        return sum(int(group.sum()) * 10 ** (_GROUP * k) for k, group in enumerate(groups))


class _Amount:
    """The amount of a record, by its bytes. unit: what its last digit is worth, in units of `SUM_DECIMALS` decimals."""

    def __init__(self, declared: SourceField, source: SourceContract) -> None:
        self._declared, self._layout = declared, source.layout
        self._where = place_of(declared)
        self.unit = 10 ** (SUM_DECIMALS - declared.implied_decimals)
        # A word that means unknown adds nothing; where it is a number, it has to be looked at.
        words_are_zero = all(not word.strip("+-0") for word in declared.null)
        width = self._where.stop - self._where.start
        self._is_by_bytes = not declared.is_overpunched and words_are_zero and width <= _MOST_DIGITS

    def of(self, raw: bytes) -> int:
        """In units of `SUM_DECIMALS` decimals; 0 where there is none."""
        value = fixed_value(raw[self._where], self._declared, self._layout)
        return amount_units(value, self._declared) or 0

    def of_all(self, table: Bytes) -> _Read:
        """Plain are digits behind blanks and a sign, or nothing but blanks."""
        if not self._is_by_bytes:
            return _Read(np.zeros(len(table), bool), [np.zeros(len(table), np.int64)])
        signs = np.ascontiguousarray(table[:, self._where].T)
        width, rows = signs.shape
        digits = signs - np.uint8(48)
        is_digit = digits < 10
        blank = np.logical_and.accumulate(signs == 32, axis=0)
        first = np.minimum(blank.sum(axis=0), width - 1)
        sign = signs[first, np.arange(rows)]
        fits = is_digit | blank
        fits[first, np.arange(rows)] |= (sign == 43) | (sign == 45)
        plain: Flags = fits.all(axis=0) & (is_digit[-1] | blank[-1])
        digits[~is_digit] = 0
        factor = np.where(sign == 45, -1, 1)
        groups = []
        for stop in range(width, 0, -_GROUP):
            group = np.zeros(rows, np.int64)
            for column in digits[max(0, stop - _GROUP) : stop]:
                group = group * 10 + column
            groups.append(group * factor)
        return _Read(plain, groups)


@dataclass(frozen=True)
class _Part:
    name: str
    wanted: Sum
    amount: _Amount
    conditions: tuple[_Condition, ...]
