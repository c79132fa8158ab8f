"""Valid certificates: who shares one and does not contradict is one person; who has two different ones never is.

Never on the number alone: clerks type one number for two people. A pair whose name and birth date both contradict stays apart, for review.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.coded import Coded
from spark_jobs.identity.engine.levels import field_levels
from spark_jobs.identity.engine.numbers import FAMILIES
from spark_jobs.identity.engine.scale import LABELS
from spark_jobs.identity.engine.standardise import Field

Rows = npt.NDArray[np.int32]


@dataclass
class StrongPairs:
    """Pairs of records that share a valid certificate: those that nothing contradicts, and those that name and birth date contradict.

    numbers  the certificate that each of the former shares
    """

    left: Rows
    right: Rows
    numbers: npt.NDArray[np.int64]
    contradicted: int


def certificates(fields: Sequence[Field], count: int) -> npt.NDArray[np.int64]:
    """Records × kinds: hash of a record's valid certificate of each kind, -1 where it has none, or several that differ."""
    kinds = []
    for field in fields:
        if field.kind != "number":
            continue
        coded = field.coded
        columns = range(coded.codes.shape[1])
        value = np.stack([_hash(coded, c) for c in columns], axis=1)
        family = np.stack([coded.fact("family", c) for c in columns], axis=1)
        for kind in range(len(FAMILIES)):
            own = np.where(family == kind, value, -1)
            most = own.max(axis=1)
            least = np.where(own >= 0, own, most[:, None]).min(axis=1)
            kinds.append(np.where(least == most, most, -1).astype(np.int64))
    return np.stack(kinds, axis=1) if kinds else np.full((count, 0), -1, np.int64)


def _hash(coded: Coded, column: int) -> npt.NDArray[np.int64]:
    coded.hashes()
    return coded.fact("value", column)


def strong_pairs(fields: Sequence[Field], numbers: npt.NDArray[np.int64]) -> StrongPairs:
    """Each record with the next ones of its certificate, in the order of records, so that one wrong record parts no others."""
    lefts, rights, shared = ([np.empty(0, np.int64)] for _ in range(3))
    for kind in range(numbers.shape[1]):
        has = np.flatnonzero(numbers[:, kind] >= 0)
        order = has[np.argsort(numbers[has, kind], kind="stable")]
        for distance in (1, 2):
            one, other = order[:-distance], order[distance:]
            same = numbers[one, kind] == numbers[other, kind]
            lefts.append(one[same])
            rights.append(other[same])
            shared.append(numbers[one[same], kind])
    left, right = np.concatenate(lefts).astype(np.int32), np.concatenate(rights).astype(np.int32)
    wrong = contradicted(fields, left, right)
    return StrongPairs(left[~wrong], right[~wrong], np.concatenate(shared)[~wrong], int(wrong.sum()))


def contradicted(fields: Sequence[Field], left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
    """Whether neither name nor birth date agrees, not even roughly, though both are known (a name, or a date, that is missing agrees)."""
    named, agrees, dated = False, np.zeros(len(left), bool), False
    for field in fields:
        if field.kind in ("name", "part"):
            level, named = field_levels(field, left, right), True
            agrees |= (level < LABELS[field.kind].index("else")) & ((level > 0) | (field.kind == "name"))
            agrees |= (level == 0) & (field.name == "given")
        elif field.kind == "date":
            level, dated = field_levels(field, left, right), True
            agrees |= level < LABELS["date"].index("same year")
    return ~agrees if named or dated else np.zeros(len(left), bool)
