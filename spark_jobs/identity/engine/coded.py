"""Values as numbers: every column of people is held once as its distinct values and once as a code per record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]
Text = npt.NDArray[np.object_]
MISSING = -1
# Under which texts are hashed where nothing of them is kept: SipHash wants 16 bytes.
OPEN_KEY = "0" * 16
ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class Coded:
    """A role of people: distinct values, and per record their codes in one or several columns (`MISSING` where empty).

    values  distinct standardised values, sorted, so that codes do not depend on the order of records
    codes   records × columns; two columns where a person has, say, two phones: each may meet each
    facts   what is known of each distinct value, as arrays beside `values`
    key     under which facts are hashed, so that they are the same in every run under that key
    of_name records × columns: whether the value is made of the record's own name (an e-mail address); None where that is not asked
    """

    values: Text
    codes: Codes
    facts: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    key: str = OPEN_KEY
    of_name: npt.NDArray[np.bool_] | None = None

    @property
    def first(self) -> Codes:
        """Codes of the first column."""
        return self.codes[:, 0]

    def counts(self) -> npt.NDArray[np.int64]:
        """Records per distinct value, whatever the column."""
        seen = self.codes[self.codes >= 0]
        return np.bincount(seen, minlength=len(self.values)).astype(np.int64)

    def note(self, name: str, texts: Sequence[str | None] | Text) -> None:
        """Adds a fact by its text per distinct value; what is empty is `MISSING`."""
        self.facts[name] = hashed(texts, self.key)

    def hashes(self) -> npt.NDArray[np.int64]:
        """The distinct values themselves, hashed."""
        if "value" not in self.facts:
            self.note("value", self.values)
        return self.facts["value"]

    def fact(self, name: str, column: int = 0) -> npt.NDArray[Any]:
        """A fact of each record's value; that of a missing value is `MISSING`."""
        codes = self.codes[:, column]
        if not len(self.values):
            return np.full(len(codes), MISSING, np.int64)
        return np.where(codes >= 0, self.facts[name][np.maximum(codes, 0)], MISSING)


def encoded(columns: Sequence[pa.Array], standard: Callable[[str], Any], key: str = OPEN_KEY) -> Coded:
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
    return Coded(text_array(values), codes, key=key)


def text_array(values: Sequence[Any]) -> Text:
    """An object array of any values, tuples included."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def hashed(texts: Sequence[str | None] | Text, key: str = OPEN_KEY) -> npt.NDArray[np.int64]:
    """Hashes of 63 bits (SipHash under `key`, 16 characters of ASCII); empty text and None are `MISSING`.

    Equal texts are equal, in every run. Among a million texts two have one hash with a probability of one in twenty million.
    """
    if not len(texts):
        return np.empty(0, np.int64)
    array = text_array(list(texts))
    found = pd.util.hash_array(array, hash_key=key, categorize=False) >> np.uint64(1)
    known = np.fromiter((bool(text) for text in array), bool, len(array))
    return np.where(known, found.astype(np.int64), MISSING)


def joined(*keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """One hash of several: equal where all are equal, `MISSING` where any is missing. The order of the keys counts."""
    result = keys[0]
    for key in keys[1:]:
        with np.errstate(over="ignore"):
            both = (mixed(result.astype(np.uint64) * ODD + key.astype(np.uint64)) >> np.uint64(1)).astype(
                np.int64
            )
        result = np.where((result >= 0) & (key >= 0), both, MISSING)
    return result


def mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finisher of SplitMix64."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
