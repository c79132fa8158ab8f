"""Values as numbers: every column of people is held once as its distinct values and once as a code per record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]
Text = npt.NDArray[np.object_]
MISSING = -1


@dataclass
class Coded:
    """A role of people: distinct values, and per record their codes in one or several columns (`MISSING` where empty).

    values  distinct standardised values, sorted, so that codes do not depend on the order of records
    codes   records × columns; two columns where a person has, say, two phones: each may meet each
    facts   what is known of each distinct value, as arrays beside `values`
    """

    values: Text
    codes: Codes
    facts: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def first(self) -> Codes:
        """Codes of the first column."""
        return self.codes[:, 0]

    def counts(self) -> npt.NDArray[np.int64]:
        """Records per distinct value, whatever the column."""
        seen = self.codes[self.codes >= 0]
        return np.bincount(seen, minlength=len(self.values)).astype(np.int64)

    def fact(self, name: str, column: int = 0) -> npt.NDArray[Any]:
        """A fact of each record's value; that of a missing value is `MISSING` (facts are codes themselves)."""
        codes = self.codes[:, column]
        if not len(self.values):
            return np.full(len(codes), MISSING, np.int64)
        return np.where(codes >= 0, self.facts[name][np.maximum(codes, 0)], MISSING)


def encoded(columns: Sequence[pa.Array], standard: Callable[[str], Any]) -> Coded:
    """Columns of text as `Coded` under `standard`, which is called once per distinct text and gives None for "nothing"."""
    length = len(columns[0])
    parts, known = [], {}
    for column in columns:
        coded = pc.dictionary_encode(pc.cast(column, pa.string()))
        coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
        texts = [standard(text) or None for text in coded.dictionary.to_pylist()]
        parts.append((coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), texts))
        known.update(dict.fromkeys(text for text in texts if text is not None))
    values = sorted(known)
    place = {value: i for i, value in enumerate(values)}
    codes = np.full((length, len(columns)), MISSING, np.int32)
    for at, (indices, texts) in enumerate(parts):
        lookup = np.array([*(MISSING if t is None else place[t] for t in texts), MISSING], np.int32)
        codes[:, at] = lookup[indices]
    return Coded(text_array(values), codes)


def text_array(values: Sequence[Any]) -> Text:
    """An object array of any values, tuples included."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def numbered(values: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Codes of equal values, in sorted order; empty text and None are `MISSING`."""
    place = {v: i for i, v in enumerate(sorted({v for v in values if v}))}
    return np.array([place.get(v, MISSING) for v in values], np.int64)


def joined(*keys: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """One key of several: equal where all are equal, `MISSING` where any is missing."""
    result = keys[0].astype(np.int64)
    for key in keys[1:]:
        wide = int(key.max(initial=0)) + 1
        both = np.where((result >= 0) & (key >= 0), result * wide + key, MISSING)
        result = np.where(both >= 0, _ranked(both), MISSING)
    return result


def _ranked(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Small codes for large ones, so that the next product cannot overflow."""
    if values.max(initial=0) < 2**40:
        return values
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
