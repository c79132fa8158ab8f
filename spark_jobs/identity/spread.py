"""Many pairs of record versions, compared by Spark's executors: by the function that one process compares few by (engine/batch.py)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.identity.compared import Elsewhere
from spark_jobs.identity.engine.batch import SIDES, columns_of, compared_batch
from spark_jobs.identity.engine.frozen import Frozen, loaded, saved
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.reading import Compare, Flags, Places
from spark_jobs.identity.versions import Versions

_RESULT = "place bigint, pattern bigint, is_doubted boolean"
# Pairs that one task compares: some seconds of work.
_AT_ONCE = 1_000_000


def spread(spark: SparkSession, model: Frozen, least: int) -> Elsewhere:
    """What compares `least` pairs and more by executors, and fewer here. model: a frozen one, under a key of its own."""
    document, key = saved(model), model.form.key

    def elsewhere(versions: Versions, here: Compare) -> Compare:
        def compare(left: Places, right: Places) -> tuple[Places, Flags]:
            if len(left) < least:
                return here(left, right)
            return _by_executors(spark, versions.people, left, right, document, key)

        return compare

    return elsewhere


def _by_executors(
    spark: SparkSession, people: People, left: Places, right: Places, document: str, key: str
) -> tuple[Places, Flags]:
    columns = columns_of(people)
    pairs = pa.table({"place": np.arange(len(left)), "left": left, "right": right})
    every = spark.createDataFrame(pairs, "place bigint, left bigint, right bigint")
    every = every.repartition(max(1, -(-len(left) // _AT_ONCE)), "place")
    said = _said(spark, people, np.unique(np.concatenate([left, right])))
    for side in SIDES:
        named = [F.col(column).alias(f"{side} {column}") for column, _, _ in columns]
        every = every.join(said.select(F.col("record").alias(side), *named), side)

    def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = _model(document, key)
        return map(partial(compared_batch, columns=columns, region=people.region, model=model), batches)

    found = every.drop(*SIDES).mapInArrow(compare, _RESULT).toArrow().sort_by("place")
    return found["pattern"].to_numpy(), found["is_doubted"].to_numpy()


def _said(spark: SparkSession, people: People, records: Places) -> DataFrame:
    """What these records say; record: its place among all."""
    at = pa.array(records)
    values = {column: people.columns[role][n].take(at) for column, role, n in columns_of(people)}
    shape = ", ".join(["record bigint", *(f"{column} string" for column in values)])
    return spark.createDataFrame(pa.table({"record": records, **values}), shape)


@lru_cache(maxsize=1)
def _model(document: str, key: str) -> Frozen:
    """Read once by each worker."""
    return loaded(document, key)
