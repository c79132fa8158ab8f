"""Comparison: how far two records agree in a field, as a small number. Distinct pairs of values are compared once.

Every kind of field has its levels, strongest first. Level 0 is "not comparable" (a value is missing) and speaks for nothing. Levels 1 to
BANDS are equal values, from rare to common ones: that two people are both called 李伟 says little, and how little is learned like any other level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from spark_jobs.identity.engine import measures, signs
from spark_jobs.identity.engine.coded import MISSING, Coded
from spark_jobs.identity.engine.name_measure import name
from spark_jobs.identity.engine.scale import NEAR, WIDTH, Levels, Rows, bands
from spark_jobs.identity.engine.standardise import Field

_CROSSED = NEAR + 3
# Of two values of which one is masked, when they fit.
_MASKED = {"name": NEAR + 5, "phone": NEAR, "number": NEAR + 2}


def compared(fields: Sequence[Field], left: Rows, right: Rows) -> npt.NDArray[np.int64]:
    """Pattern of each pair of records: the level of field i in bits 4i to 4i+3."""
    pattern = np.zeros(len(left), np.int64)
    for at, field in enumerate(fields):
        level = field_levels(field, left, right)
        pattern |= level.astype(np.int64) << (WIDTH * at)
    return pattern


def unpacked(patterns: npt.NDArray[np.int64], width: int) -> Levels:
    """Patterns × fields of packed patterns."""
    return ((patterns[:, None] >> (WIDTH * np.arange(width))) & 15).astype(np.uint8)


def field_levels(field: Field, left: Rows, right: Rows) -> Levels:
    """Level of each pair of records in one field; of several columns the best."""
    coded, measure = field.coded, _MEASURES[field.kind]
    equal = _equal_levels(field)
    if field.kind == "part":
        own = int(field.name == "surname")
        return _part_levels(coded, equal, left, right, own)
    best, masked = np.zeros(len(left), np.uint8), np.zeros(len(left), np.uint8)
    for i in range(coded.codes.shape[1]):
        for j in range(coded.codes.shape[1]):
            a, b = coded.codes[left, i], coded.codes[right, j]
            level = _levels_of(coded, equal, a, b, measure)
            if coded.of_name is not None:
                level[(level == NEAR) & coded.of_name[left, i] & coded.of_name[right, j]] = 0
            if field.kind == "name" and coded.codes.shape[1] > 1:
                # Who is known by a clear name, too, is not told by a masked one: most people's fit many others'.
                hidden = (level > 0) & (signs.masked(coded)[a] | signs.masked(coded)[b])
                masked = np.where(hidden & ((masked == 0) | (level < masked)), level, masked)
                level[hidden] = 0
            # Two valid numbers that differ speak louder than others that differ; any better level speaks louder than both.
            best = np.where((best == 0) | ((level > 0) & (level < best)), level, best)
    return np.where(best == 0, masked, best)


def _equal_levels(field: Field) -> Levels:
    """Level of two equal values, per distinct value."""
    coded = field.coded
    if "equal" not in coded.facts:
        equal = bands(coded)
        # 李*明 is 李*明 says that the masks fit, not that the names are equal; so do masked numbers, and dates of which a part is not known.
        if field.kind in _MASKED:
            equal[signs.masked(coded)] = _MASKED[field.kind]
        if field.kind == "name":
            equal[signs.masked(coded) & signs.shown(coded)] = NEAR + 4
        if field.kind == "date":
            equal[[v.endswith("00") for v in coded.values]] = NEAR + 3
        coded.facts["equal"] = equal
    return coded.facts["equal"]


def _part_levels(coded: Coded, equal: Levels, left: Rows, right: Rows, own: int) -> Levels:
    """A given name or a surname. Names in each other's column, or one of them, count as crossed for the surname only."""
    straight = [
        _levels_of(coded, equal, coded.codes[left, c], coded.codes[right, c], measure)
        for c, measure in enumerate((measures.given, measures.part))
    ]
    given_a, surname_a = coded.codes[left, 0], coded.codes[left, 1]
    given_b, surname_b = coded.codes[right, 0], coded.codes[right, 1]
    one = (given_a == surname_b) & (given_a >= 0)
    other = (surname_a == given_b) & (surname_a >= 0)
    far = ((straight[0] == 0) | (straight[0] > _CROSSED)) & ((straight[1] == 0) | (straight[1] > _CROSSED))
    level = straight[own]
    # Where several surnames stand before several given names, nobody sees where they part: the same words in another order count as crossed.
    both = far & ((one & other) | _same_words(coded, left, right, far))
    # How common the names are counts in either column: the given name's band, and the crossing itself for the surname.
    level[both] = _CROSSED if own else np.maximum(equal[given_a[both]], equal[surname_a[both]])
    level[far & ~both & (one ^ other)] = _CROSSED if own else 0
    return level


def words_of(coded: Coded, rows: Rows) -> npt.NDArray[np.int64]:
    """What a name of two words or more is made of, whatever their order, as a number per record; MISSING where a part is missing."""
    given, surname = coded.codes[rows, 0], coded.codes[rows, 1]
    if not len(coded.values):
        return np.full(len(rows), MISSING, np.int64)
    words, many = coded.facts["words"], coded.facts["many"]
    with np.errstate(over="ignore"):
        total = (words[given] + words[surname]) & np.int64(2**63 - 1)
    return np.where((given >= 0) & (surname >= 0) & (many[given] + many[surname] > 1), total, MISSING)


def _same_words(coded: Coded, left: Rows, right: Rows, among: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    found, at = np.zeros(len(left), bool), np.flatnonzero(among)
    one = words_of(coded, left[at])
    found[at] = (one == words_of(coded, right[at])) & (one != MISSING)
    return found


def _levels_of(
    coded: Coded, equal: Levels, a: Rows, b: Rows, measure: Callable[[Coded, Rows, Rows], Levels]
) -> Levels:
    level = np.zeros(len(a), np.uint8)
    both = (a != MISSING) & (b != MISSING)
    same = both & (a == b)
    level[same] = equal[a[same]]
    differ = np.flatnonzero(both & ~same)
    if len(differ):
        low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
        pairs = low.astype(np.int64) * len(coded.values) + high
        back, distinct = pd.factorize(pairs)
        first = (distinct // len(coded.values)).astype(np.int32)
        second = (distinct % len(coded.values)).astype(np.int32)
        level[differ] = measure(coded, first, second)[back]
    return level


_MEASURES: dict[str, Callable[[Coded, Rows, Rows], Levels]] = {
    "part": measures.part, "name": name, "date": measures.date, "number": measures.number, "phone": measures.phone, "email": measures.email, "text": measures.text, "code": measures.code
}  # fmt: skip
