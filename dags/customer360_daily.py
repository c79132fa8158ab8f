"""# Customer 360, one business date

Runs at 06:30 Asia/Shanghai for the day before, or for `business_date` when triggered by hand. Dates run one after another.
A task that is red has published nothing: readers still see the last release.

| red task | what it means | what to do |
|---|---|---|
| `wait_for_deliveries` | the wait itself broke; missing files do not make it red | look at its log, clear the task |
| `bronze` | a source system's files could not be checked; a feed that is only *held* does not make it red, unless the bank cannot do without it | `oxpecker status`, then the steward's report of the day; ask the supplier for `_02`, clear the task |
| `decisions` | the stewards' file has a line that cannot be read, or a decision was entered before with other content; the message names it | mend the line, clear the task |
| `silver`, `ledgers`, `identity`, `profile_*`, `rules`, `customer`, `metrics` | a stage broke; it is safe to repeat | read the last line of its log; clear the task and what follows |
| `gate_*` | a critical check failed: a decision, not an accident, so it is not retried | the steward's report names check, table and counts; correct the cause, clear the gate's stage |
| `marts` | dbt could not build, or a test of a mart failed | the log names model and test; clear the task |
| `export`, "held" in its log | consent, calendar or identity are not of this date, or the customer view failed its checks: nothing was sent, the release stays | `ops.export_deadline` says what is missing; bring it, clear the task |
| `publish`, `export` | the release or the CRM files were not made visible | free disk or repair the target, clear the task: nothing is visible by half |
| `report` | the steward's page could not be drawn; it is drawn after red tasks, too, and what is published stays published | look at its log, clear the task |
| `close_run` | takes over the colour of what failed | nothing by itself |
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import datetime

from dags.parts.flow import ZONE, business_date, lay_out
from dags.parts.operators import DeliveriesSensor

DAY = "{{ business_date(params, dag_run) }}"

with DAG(
    dag_id="customer360_daily",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 6 * * *", timezone=ZONE),
    start_date=datetime(2026, 1, 1, tz=ZONE),
    catchup=False,
    max_active_runs=1,
    params={
        "business_date": Param(
            None, type=["null", "string"], format="date", description="YYYY-MM-DD; empty: the day before."
        )
    },
    user_defined_macros={"business_date": business_date},
    tags=["customer360"],
):
    wait = DeliveriesSensor(
        task_id="wait_for_deliveries", day=DAY, poke_interval=60, timeout=26 * 3600,
        doc_md="Waits for the feeds the bank cannot do without, at the longest to the cut-off.",
    )  # fmt: skip
    lay_out(first=DAY, last=DAY, kind="daily", after=wait)
