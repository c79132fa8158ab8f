"""Churn: what happened within the horizon after an as-of date. Read for training and tests only, never by a feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.models.known import AS_OF


def summarise_outcomes(
    money: DataFrame, stages: DataFrame, people: DataFrame, as_ofs: DataFrame, rules: Mapping[str, Any]
) -> DataFrame:
    """Grain out: customer_id, as_of_date of customers with money on the as-of date, with what the label needs.

    money   o_customer_daily: customer_id, business_date, aum_cny, to the end of the last horizon
    stages  a_lifecycle_hist by day: customer_id, business_date, stage_code, reason_code
    people  customer_id, business_date, is_deceased
    as_ofs  as_of_date
    reference_cny is the mean of the days up to the as-of date, last_cny that of the last days of the horizon. Both are null where the
    lake has no row of the customer: an id that a merge retired within the horizon has no outcome of its own.
    """
    horizon, last_days = int(rules["horizon_days"]), int(rules["last_days"])
    back = int(rules["reference_days"])

    def within(rows: DataFrame, first: int) -> DataFrame:
        near = F.col("business_date").between(
            F.date_add("as_of_date", first), F.date_add("as_of_date", horizon)
        )
        seen = rows.join(F.broadcast(as_ofs.select("as_of_date")), near)
        return seen.withColumn("_after", F.datediff("business_date", "as_of_date"))

    after = F.col("_after")
    sums = within(money, 1 - back).groupBy(*AS_OF).agg(
        F.avg(F.when(after <= 0, F.col("aum_cny"))).alias("reference_cny"),
        F.avg(F.when(after > horizon - last_days, F.col("aum_cny"))).alias("last_cny"),
        F.max(F.when(after == 0, True)).alias("_there"),
    )  # fmt: skip
    closed = within(stages.where("stage_code = 'ended' and reason_code = 'closed'"), 1).groupBy(*AS_OF).agg(
        F.min("business_date").alias("closed_date")
    )  # fmt: skip
    died = within(people.where("is_deceased"), 1).groupBy(*AS_OF).agg(
        F.min("business_date").alias("deceased_date")
    )  # fmt: skip
    return (
        sums.where("_there").drop("_there").join(closed, AS_OF, "left").join(died, AS_OF, "left")
    )  # fmt: skip


def label(rules: Mapping[str, Any]) -> Column:
    """1 lost, 0 kept, null where the question is not asked, from `summarise_outcomes` (rules: churn).

    Lost: the last days' mean is at or below the share of the reference, or all agreements were closed within the horizon.
    Not asked: died within the horizon, a reference below the minimum, no outcome of its own. Ends of windows belong to them.
    """
    horizon = int(rules["horizon_days"])

    def inside(day: str) -> Column:
        days = F.datediff(F.col(day), F.col("as_of_date"))
        return F.coalesce(days.between(1, horizon), F.lit(False))

    share = F.lit(str(rules["loss_share"])).cast("decimal(9,6)")
    fell = F.col("last_cny") <= share * F.col("reference_cny")
    lost = inside("closed_date") | F.coalesce(fell, F.lit(False))
    asked = (
        ~inside("deceased_date")
        & (F.coalesce(F.col("reference_cny"), F.lit(0)) >= F.lit(int(rules["reference_min"])))
        & (inside("closed_date") | F.col("last_cny").isNotNull())
    )
    return F.when(asked, lost.cast("int"))
