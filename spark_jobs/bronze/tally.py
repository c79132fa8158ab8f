"""Sums of an amount by bytes of fixed-width records, exact, one record at a time or a piece of a file at once. No Spark."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spark_jobs.bronze.vectors import Bytes, Flags, Ints, rectangle

# Two halves of so many digits each fit a machine's whole number, also when many are summed.
_HALF = 9


@dataclass
class Tally:
    """Sums of an amount where a field belongs and where it does not, in the smallest unit, by bytes of fixed-width records."""

    amount: slice
    by: slice
    belongs: Callable[[bytes], bool]
    sums: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, raw: bytes) -> None:
        text = raw[self.amount].strip()
        if re.fullmatch(rb"[+-]?\d+", text):
            self.sums[0 if self.belongs(raw[self.by]) else 1] += int(text)

    def add_all(self, data: Bytes, starts: Ints, ends: Ints, width: int) -> None:
        """`add` of all lines of a piece. Records of another width, and amounts that are not plain digits, are added one by one."""
        whole = (ends - starts == width) | ((ends - starts == width + 1) & (data[ends - 1] == 13))
        at = np.flatnonzero(whole)
        table = rectangle(data, starts, ends, at, width)
        amounts = table[:, self.amount]
        digits = amounts.astype(np.int64) - 48
        signs = np.where(amounts[:, 0] == 45, -1, 1)
        digits[np.isin(amounts[:, 0], (43, 45)), 0] = 0
        plain: Flags = np.asarray(((digits >= 0) & (digits <= 9)).all(axis=1))
        if digits.shape[1] > 2 * _HALF or digits.shape[1] < 2:
            plain[:] = False
        kept = np.flatnonzero(plain)
        keys, which = np.unique(table[kept][:, self.by], axis=0, return_inverse=True)
        mine = (
            np.array([self.belongs(bytes(key)) for key in keys], bool)[which.reshape(-1)]
            if len(keys)
            else np.zeros(0, bool)
        )
        for place, rows in ((0, kept[mine]), (1, kept[~mine])):
            signed = digits[rows] * signs[rows][:, None]
            high, low = signed[:, :-_HALF], signed[:, -_HALF:]
            self.sums[place] += _sum_of(high) * 10**_HALF + _sum_of(low)
        for k in [*at[~plain].tolist(), *np.flatnonzero(~whole).tolist()]:
            self.add(data[starts[k] : ends[k]].tobytes().removesuffix(b"\r"))


def _sum_of(digits: Ints) -> int:
    powers = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    return int((digits @ powers).sum()) if digits.size else 0
