"""Pairs of records as an Arrow batch: the scorer as a function that Spark's executors can run as well as one process. NumPy and Arrow alone.

A row is a pair: `place`, its number, and what the two records say, a column for each role, side and number (`columns_of`). What comes out follows
from the row and the frozen model alone, so that batches may be of any size and in any order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.model import patterns_of
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import shared_but_contradicted
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
SIDES = ("left", "right")
# How fields compare, four bits each, and whether the two share a certificate that name and birth date contradict.
RESULT = pa.schema([("place", pa.int64()), ("pattern", pa.int64()), ("is_doubted", pa.bool_())])


def columns_of(people: People) -> list[tuple[str, str, int]]:
    """(column, role, number) of what a record says."""
    return [(f"{role}_{n}", role, n) for role, several in people.columns.items() for n in range(len(several))]  # fmt: skip


def compared_batch(
    batch: pa.RecordBatch, columns: Sequence[tuple[str, str, int]], region: str, model: Frozen
) -> pa.RecordBatch:
    """`RESULT` of the pairs of a batch. columns: as of `columns_of`, each there with the side before it (`left full_name_0`)."""
    count = batch.num_rows
    said: dict[str, list[pa.Array]] = {}
    for column, role, _ in columns:
        both = [batch.column(f"{side} {column}").cast(pa.string()) for side in SIDES]
        said.setdefault(role, []).append(pa.concat_arrays(both))
    keys = pa.array([str(n) for n in range(2 * count)], pa.string())
    people = People(said, pa.array(["lake"] * (2 * count), pa.string()), keys, region)
    fields = standardised(people, model.form)
    left = np.arange(count, dtype=np.int64)
    patterns, doubted = compared(fields, certificates(fields, 2 * count), left, left + count)
    place = batch.column("place").cast(pa.int64())
    return pa.record_batch([place, pa.array(patterns), pa.array(doubted)], schema=RESULT)


def compared(fields: Sequence[Field], own: Places, left: Places, right: Places) -> tuple[Places, Flags]:
    """Pairs of records that were read: as `RESULT`. own: `strong_keys.certificates`."""
    one, other = left.astype(np.int32), right.astype(np.int32)
    doubted = np.zeros(len(left), bool)
    doubted[shared_but_contradicted(fields, one, other, own)] = True
    return patterns_of(fields, one, other), doubted
