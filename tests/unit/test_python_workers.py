"""Spark's Python workers are forks: what they are forked from has loaded their modules and runs no other thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from spark_jobs.settings import REPOSITORY

TOLD = """
import os, sys
from spark_jobs.python_workers import preload
preload({worker!r})
threads = [open(f"/proc/self/task/{{task}}/comm").read().strip() for task in os.listdir("/proc/self/task")]
# The allocator's own thread is started anew in a fork.
print(sum(name != "jemalloc_bg_thd" for name in threads), *(name in sys.modules for name in ("pandas", "spark_jobs.columns.names")))
"""


@pytest.mark.parametrize(
    ("worker", "loaded"),
    [("pyspark.worker", "True True"), ("pyspark.sql.worker.plan_data_source_read", "False False")],
)
def test_workers_find_their_modules_loaded_and_no_thread_that_a_fork_would_lose(
    worker: str, loaded: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOLD.format(worker=worker)], cwd=REPOSITORY, capture_output=True, text=True, check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip

    assert done.stdout.strip() == f"1 {loaded}"
