"""Named steps inside a large plan.

Spark Connect sends a plan as one nested message, and protobuf reads no more than a hundred levels: about fifty steps. A temporary view
ends the nesting (the server keeps the analysed plan; nothing is computed) and makes every later look at the columns cheap.
"""

from __future__ import annotations

from itertools import count
from threading import Lock

from pyspark.sql import DataFrame, SparkSession

_NUMBERS = count()


class Views:
    """Temporary views of one run; dropped together."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._names: list[str] = []
        self._lock = Lock()

    def settled(self, frame: DataFrame) -> DataFrame:
        """The same rows behind a name of their own."""
        name = f"_oxpecker_step_{next(_NUMBERS)}"
        frame.createOrReplaceTempView(name)
        with self._lock:
            self._names.append(name)
        return self._spark.table(name)

    def drop(self) -> None:
        """Forget all of them."""
        with self._lock:
            names, self._names = self._names, []
        for name in names:
            self._spark.catalog.dropTempView(name)
