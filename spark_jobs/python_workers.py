"""What Spark forks its Python workers from: a process that has imported what they need.

A fresh worker spends one to two seconds of a core on importing pandas, pyarrow and our own columns (measured: 1.8 s, of which pandas
1.2 s), and a night needs dozens of them. A fork of a process that has them needs none. Started by Spark as `python -m
spark_jobs.python_workers <worker module>` in place of `pyspark.daemon`, whose loop it runs.
"""

from __future__ import annotations

import importlib
import sys

from pyspark.daemon import manager

# Of workers that run columns of ours; those that plan or read bank files are other programs of Spark's.
COLUMNS = (
    "pandas", "pyarrow", "pyspark.worker", "pyspark.sql.pandas.serializers", "pyspark.sql.pandas.types", "spark_jobs.columns.certificates",
    "spark_jobs.columns.names", "spark_jobs.columns.phones", "spark_jobs.privacy.tokens", "spark_jobs.bronze.source",
)  # fmt: skip
READERS = ("pyarrow", "spark_jobs.bronze.source")


def preload(worker: str) -> None:
    """Import what workers of this kind will ask for. Nothing here may start a thread: it would be missing after a fork."""
    for name in COLUMNS if worker == "pyspark.worker" else (*READERS, worker):
        importlib.import_module(name)


if __name__ == "__main__":
    preload(sys.argv[1] if len(sys.argv) > 1 else "pyspark.worker")
    manager()
