"""Lays the pipeline out as tasks: one per job of `spark_jobs.pipeline`, bronze once per source system, edges from what jobs read and write."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, TriggerRule

from dags.parts.operators import CloseRunOperator, SourceSystemsOperator, StageOperator
from spark_jobs import pipeline, settings

# All stages work on one Spark server: more at a time than it has cores would only wait inside of it.
POOL = "spark"
# A stage repeats safely; a second attempt helps against a lost connection, not against bad data.
RETRY_AFTER = timedelta(seconds=20)
PUBLISHED = Asset(name="customer360_release", uri="oxpecker://release")
EXPORTED = Asset(name="customer360_crm_files", uri="oxpecker://export/crm")
OUTLETS = {"publish": [PUBLISHED], "export": [EXPORTED]}
ZONE = settings.load().zone


def business_date(params: Any, dag_run: Any) -> str:
    """The date given with the run; a scheduled run is for the day before it starts, in the bank's time zone."""
    given = params.get("business_date")
    if given:
        return str(given)
    local: date = dag_run.run_after.astimezone(ZoneInfo(ZONE)).date()
    return str(local - timedelta(days=1))


def lay_out(first: str, last: str, kind: str, after: Any = None) -> None:
    """All stages of a run inside the current DAG, behind `after`, and the task that closes the run."""
    dates = {"first": first, "last": last, "kind": kind}
    systems = SourceSystemsOperator(
        task_id="source_systems", doc_md="Reads which systems have feed contracts."
    )
    tasks: dict[str, Any] = {}
    for job in pipeline.JOBS:
        common = {
            "task_id": job.name, "job": job.name, "pool": POOL, "retries": job.retries, "retry_delay": RETRY_AFTER,
            "trigger_rule": TriggerRule.ALL_DONE if job.always else TriggerRule.ALL_SUCCESS,
            "doc_md": job.doc, "outlets": OUTLETS.get(job.name, []), **dates,
        }  # fmt: skip
        if job.per_system:
            tasks[job.name] = StageOperator.partial(**common, map_index_template="{{ task.system }}").expand(
                system=systems.output
            )
        else:
            tasks[job.name] = StageOperator(**common)
    for before, behind in pipeline.edges():
        tasks[before] >> tasks[behind]
    if after is not None:
        after >> systems
    close = CloseRunOperator(
        task_id="close_run", trigger_rule=TriggerRule.ALL_DONE, retries=1, retry_delay=RETRY_AFTER,
        doc_md="Enters the run into ops.run and takes over the colour of what failed.", **dates,
    )  # fmt: skip
    list(tasks.values()) >> close
