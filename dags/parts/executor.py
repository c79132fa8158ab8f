"""The LocalExecutor with everything imported that stages need.

A task is a fork of the executor's process. What is imported before the fork is there at once; imported after it, it costs each
task several seconds of a small machine, many times a night. Only modules are loaded: no connection is opened and no thread is
started before the fork.
"""

from __future__ import annotations

import importlib
import logging
from importlib.metadata import entry_points

from airflow.executors.local_executor import LocalExecutor

from spark_jobs import pipeline

# What a task imports before it gets to its stage.
BEFORE_A_STAGE = (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.execution_time.task_runner",
    "dags.parts.flow",
    "duckdb",
    "great_expectations",
    "pyspark.sql.connect.session",
    "pyspark.sql.connect.catalog",
    "spark_jobs.runner",
)


def load_stages() -> None:
    """Import the module behind every job of the pipeline."""
    # Great Expectations tells of each of its generated methods.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in BEFORE_A_STAGE:
        importlib.import_module(name)
    brought = {point.name: point for point in entry_points(group="oxpecker.stages")}
    for job in pipeline.JOBS:
        kind, _, name = job.entry.partition(":")
        if kind == "stage":
            brought[name].load()
        else:
            importlib.import_module(kind)


class WarmLocalExecutor(LocalExecutor):
    """Starts its workers only after the stages' modules are loaded."""

    def start(self) -> None:
        load_stages()
        super().start()
