"""Which days' metrics came out otherwise when they were computed again, and which deliveries had come late or corrected."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.clock import cut_off
from spark_jobs.history import instant
from spark_jobs.tables import Lake

CELL = ["business_date", "metric_code", "slice_code"]
SHOWN = ["metric_value", "sample_cnt", "is_withheld"]
ACCEPTED = ("loaded", "superseded")


def summarise_changes(before: DataFrame, after: DataFrame) -> DataFrame:
    """Days on which values differ, came or went. Grain in: one row per `CELL`; out: business_date, with rows_changed_cnt, metric_codes.

    A day that had no value at all before is new, not restated.
    """
    days = before.select("business_date").distinct()
    told = F.struct(*SHOWN)
    was = before.select(*CELL, told.alias("_was"))
    now = after.join(days, "business_date", "left_semi").select(*CELL, told.alias("_now"))
    differs = was.join(now, CELL, "full").where(~F.col("_was").eqNullSafe(F.col("_now")))
    return differs.groupBy("business_date").agg(
        F.count(F.lit(1)).alias("rows_changed_cnt"),
        F.sort_array(F.collect_set("metric_code")).alias("metric_codes"),
    )


def causes(lake: Lake, since: datetime | None = None) -> list[tuple[str, str]]:
    """(business date, delivery) of what became known after `since` (not given: by this run's cut-off first), and that came after its own
    day's cut-off or as a correction."""
    files = lake.read("ops.delivery_file").where(F.col("state_code").isin(*ACCEPTED))
    at = F.col("known_at")
    is_fresh = (
        at == instant(lake.run.known_at)
        if since is None
        else (at > instant(since)) & (at <= instant(lake.run.known_at))
    )
    known = files.where(is_fresh).select("delivery_id", "business_date", "sequence_no", "arrived_at")
    return sorted(
        {
            (str(row["business_date"]), row["delivery_id"])
            for row in known.collect()
            if row["sequence_no"] > 1
            or (row["arrived_at"] is not None and row["arrived_at"] > cut_off(lake.settings, row["business_date"]))
        }
    )  # fmt: skip
