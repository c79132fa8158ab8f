"""What the stages did, as the lake itself tells it: `ops.stage_commit`, and per run `ops.run` and `ops.lineage_edge`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version

from pyspark.sql import functions as F

from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.pipeline import Job
from spark_jobs.tables import Lake

STAGE_LEDGER = "ops.stage_commit"
RUNS = "ops.run"
LINEAGE = "ops.lineage_edge"
# What stages add to whenever they work.
GROWING = (STAGE_LEDGER, "ops.control_check")


@dataclass(frozen=True)
class LastTime:
    """The newest ledger rows of one stage, with the dates all its times together have covered."""

    from_date: date
    to_date: date
    read_versions: Mapping[str, int]
    rules_version: str
    logic_version: int

    def covers(self, dates: DateRange) -> bool:
        """Whether all of these dates were ever processed."""
        return self.from_date <= dates.first and dates.last <= self.to_date


@dataclass(frozen=True)
class Doing:
    """One time that a stage worked: on which dates, reading which versions, from when to when (naive UTC)."""

    stage: Job
    dates: DateRange
    read_versions: dict[str, int]
    started: datetime
    ended: datetime
    seconds: float


def last_times(lake: Lake) -> dict[str, LastTime]:
    """The last time of each stage that ever ran, by name."""
    if not lake.exists(STAGE_LEDGER):
        return {}
    rows = lake.read(STAGE_LEDGER).collect()
    last: dict[str, LastTime] = {}
    for row in sorted(rows, key=lambda r: r["started_at"]):
        newest = LastTime(
            row["from_date"], row["to_date"], dict(row["read_versions"] or {}), row["rules_version"], row["logic_version"],
        )  # fmt: skip
        last[row["job_code"]] = _after(last.get(row["job_code"]), newest)
    return last


def _after(before: LastTime | None, newest: LastTime) -> LastTime:
    if before is None:
        return newest
    return LastTime(
        min(before.from_date, newest.from_date), max(before.to_date, newest.to_date),
        newest.read_versions, newest.rules_version, newest.logic_version,
    )  # fmt: skip


def enter_stage(lake: Lake, doing: Doing, before: LastTime | None) -> LastTime:
    """Enter what a stage wrote into the lake since `lake.written` was cleared; gives its last time from now on.

    One row per table it committed, or one in its own name where it committed none. Nothing is entered where a stage that looks at
    landing found nothing new for dates that were looked at before.
    """
    stage, dates = doing.stage, doing.dates
    committed = [w for w in lake.written if w.committed and not w.table.startswith("ops.")]
    if not committed and "landing" in stage.reads and before is not None and before.covers(dates):
        return before
    run = lake.run
    rows = [
        (run.run_id, stage.name, table, dates.first, dates.last, run.rules_version, stage.logic_version, doing.read_versions,
         lake.version(table) if table != stage.name else None, count, measures, doing.seconds, doing.started, doing.ended)
        for table, count, measures in (
            [(w.table, w.rows, w.measures) for w in committed] or [(stage.name, 0, {})]
        )
    ]  # fmt: skip
    frame = lake.spark.createDataFrame(rows, schema_of(lake.contracts, STAGE_LEDGER))
    kept = list(lake.written)
    lake.publish(STAGE_LEDGER, frame, is_new=True)
    lake.written[:] = kept
    for ledger in GROWING:
        lake.gather(ledger)
    newest = LastTime(dates.first, dates.last, doing.read_versions, run.rules_version, stage.logic_version)
    return _after(before, newest)


def enter_run(lake: Lake, dates: DateRange, kind: str, state: str, started: datetime) -> None:
    """Enter a run of the whole pipeline, with the release that stands after it, and what it read to write what."""
    pointer = lake.settings.current_release
    release = json.loads(pointer.read_text())["release_id"] if pointer.is_file() else None
    row = (lake.run.run_id, kind, dates.first, dates.last, version("oxpecker"),
           lake.run.rules_version, started, lake.clock(), state, release)  # fmt: skip
    lake.publish(RUNS, lake.spark.createDataFrame([row], schema_of(lake.contracts, RUNS)), is_new=True)
    enter_lineage(lake)


def enter_lineage(lake: Lake) -> None:
    """Which version of which table this run read to write which: what its rows of the stage ledger say, edge by edge."""
    wrote = lake.read(STAGE_LEDGER).where(
        (F.col("run_id") == lake.run.run_id) & F.col("delta_version_after").isNotNull()
    )
    edges = wrote.select(
        "run_id", "job_code", F.col("table_name").alias("to_ref"), F.col("delta_version_after").alias("to_version"),
        F.explode("read_versions").alias("from_ref", "from_version"),
    )  # fmt: skip
    lake.publish(LINEAGE, edges.where("from_ref NOT LIKE 'ops.%'").distinct())
