"""# Customer 360, a range of business dates

One run for the whole range and one release for its last date. Started by hand with `from_date` and `to_date`; has no schedule.
Everything a later date needs is restated with it, so the order in which ranges are run does not matter.

What a red task means and what to do: see `customer360_daily`; the stages are the same.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param
from pendulum import datetime

from dags.parts.flow import ZONE, lay_out

with DAG(
    dag_id="customer360_backfill",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2026, 1, 1, tz=ZONE),
    catchup=False,
    max_active_runs=1,
    params={
        "from_date": Param(type="string", format="date", description="First business date, YYYY-MM-DD."),
        "to_date": Param(type="string", format="date", description="Last business date, YYYY-MM-DD."),
    },
    tags=["customer360"],
):
    lay_out(first="{{ params.from_date }}", last="{{ params.to_date }}", kind="backfill")
