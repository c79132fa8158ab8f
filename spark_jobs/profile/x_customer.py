"""X, summary: what each customer said and complained of, up to each date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.a_person import local_date
from spark_jobs.profile.windows import KEY, complete, explode_windows, of_customers, sum_within
from spark_jobs.profile.x_score import METRICS

COUNTS = ["response_365_cnt", "invite_90_cnt", "complaint_open_cnt", "complaint_365_cnt", "low_score_30_cnt"]
YEAR, QUARTER = 365, 90


def summarise_answers(
    scores: DataFrame, memberships: DataFrame, dates: DateRange, rules: Mapping[str, Any]
) -> DataFrame:
    """Coarser: newest counted score of each metric, answers and low scores. Grain out: customer_id, business_date, where any.

    scores: x_score with party_id, of the dates and the days before that the windows reach. Ties of the instant: the larger response id.
    """
    days = int(rules["answers_days"])
    counted = scores.where(F.col("is_counted") & F.col("party_id").isNotNull()).select(
        "party_id", "business_date", "response_id", "metric_code", "value_score", "submitted_at"
    )
    windows = of_customers(explode_windows(counted, dates, days), memberships)
    order = F.struct("submitted_at", "response_id")

    def newest(metric: str) -> Column:
        mine = F.col("metric_code") == metric
        # max_by passes over rows whose order is null.
        return F.max_by("value_score", F.when(mine, order)).alias(f"{metric.lower()}_last_score")

    low = (F.col("value_score") < int(rules["low_score_max"])) & (
        F.col("_age") < int(rules["low_score_days"])
    )
    return windows.groupBy(*KEY).agg(
        *[newest(metric) for metric in METRICS], F.max("seen_date").alias("last_response_date"),
        F.count_distinct("response_id").alias("response_365_cnt"),
        F.count_distinct(F.when(low, F.col("response_id"))).alias("low_score_30_cnt"),
    )  # fmt: skip


def count_invitations(
    invitations: DataFrame, memberships: DataFrame, dates: DateRange, zone: str
) -> DataFrame:
    """Coarser: invitations sent to each customer in 90 days. Grain out: customer_id, business_date, where any."""
    sent = invitations.where(F.col("party_id").isNotNull() & F.col("sent_at").isNotNull()).select(
        "party_id", local_date("sent_at", zone).alias("business_date"), F.lit(1).alias("_sent")
    )
    windows = of_customers(explode_windows(sent, dates, QUARTER), memberships)
    return windows.groupBy(*KEY).agg(sum_within(F.col("_sent"), QUARTER).alias("invite_90_cnt"))


def count_complaints(complaints: DataFrame, memberships: DataFrame, dates: DateRange, zone: str) -> DataFrame:
    """Coarser: complaints received in a year and the newest. Grain out: customer_id, business_date, where any.

    complaints: silver.complaint. One that was withdrawn counts.
    """
    received = complaints.where(F.col("party_id").isNotNull()).select(
        "party_id", local_date("received_at", zone).alias("business_date"), F.lit(1).alias("_received")
    )
    windows = of_customers(explode_windows(received, dates, YEAR), memberships)
    return windows.groupBy(*KEY).agg(
        sum_within(F.col("_received"), YEAR).alias("complaint_365_cnt"), F.max("seen_date").alias("last_complaint_date")
    )  # fmt: skip


def assemble_customer_daily(memberships: DataFrame, *layers: DataFrame) -> DataFrame:
    """x_customer_daily: one row per active customer and date; 0 where nothing was asked, said or complained of."""
    every = memberships.select(*KEY).distinct()
    wide = every
    for layer in layers:
        wide = wide.join(layer, KEY, "left")
    return complete(every, wide, COUNTS).withColumn(
        "has_complaint", F.coalesce("has_complaint", F.lit(False))
    )
