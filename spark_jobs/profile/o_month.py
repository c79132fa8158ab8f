"""O: months of a customer, closed ones from the opening package included (rules: aum, mavg; tier)."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.o_account import CENT
from spark_jobs.profile.o_party import Known

_TIER_RANKS = ("MASS", "POT", "AFF", "HNW")
_MONTH = ["party_id", "month_date"]


def assemble_opening_months(deposits: DataFrame, holdings: DataFrame) -> DataFrame:
    """One row per party and month of the opening package: average AUM, salary, inflow, overdue.

    deposits  opening_customer_month; holdings: opening_holding_month. A party is in one of them or both; averages add up.
    Grain out: party_id, month_date; aum_cny is the month's average, of the running month over its day_cnt elapsed days.
    """
    money = deposits.select(
        *_MONTH, F.col("mavg_deposit_cny").alias("aum_cny"), F.col("salary_amt").alias("salary_cny"),
        F.col("inflow_amt").alias("inflow_cny"), "max_overdue_days", "day_cnt",
    )  # fmt: skip
    wealth = holdings.select(*_MONTH, F.col("mavg_value_cny").alias("aum_cny"), "day_cnt")
    return (
        money.unionByName(wealth, allowMissingColumns=True)
        .groupBy(*_MONTH)
        .agg(
            *[F.coalesce(F.sum(c), F.lit(0)).cast(CENT).alias(c) for c in ("aum_cny", "salary_cny", "inflow_cny")],
            F.coalesce(F.max("max_overdue_days"), F.lit(0)).alias("max_overdue_days"), F.max("day_cnt").alias("day_cnt"),
        )
    )  # fmt: skip


def summarise_months(party_daily: DataFrame) -> DataFrame:
    """Coarser: the days the lake has seen of each party and month. Grain out: party_id, month_date."""
    month = F.trunc("business_date", "MM").alias("month_date")
    return party_daily.groupBy("party_id", month).agg(
        F.sum("aum_cny").alias("aum_sum"), F.sum("salary_cny").alias("salary_cny"), F.sum("outside_in_cny").alias("inflow_cny"),
        F.max("overdue_days").alias("max_overdue_days"), F.max(F.struct("business_date", "aum_cny")).alias("_end"),
    )  # fmt: skip


def assemble_customer_months(
    seen: DataFrame,
    opening: DataFrame,
    tiers: DataFrame,
    links: DataFrame,
    since: DataFrame,
    known: Known,
    last: date,
) -> DataFrame:
    """o_customer_monthly: months of each customer from the parties that count for it in the month.

    seen     `summarise_months`; opening: `assemble_opening_months`; tiers: opening_tier_month: party_id, month_date, tier_code
    links    `members.link_months`; since: customer_id, _since (first day of the id)
    A month before the id's first day is there only where the opening package says something of it. The divisor is the calendar days
    of the month that are known of: days before an account was opened count 0, days before anything was known do not count.
    """
    before = F.least(F.col("day_cnt").cast("int"), F.datediff(F.lit(known.first), "month_date"))
    taken_over = opening.where(F.col("month_date") < F.lit(known.first)).select(
        *_MONTH, (F.col("aum_cny") * before).alias("aum_sum"), "salary_cny", "inflow_cny", "max_overdue_days",
        F.lit(True).alias("_opening"),
    )  # fmt: skip
    rank = sum(
        (F.when(F.col("tier_code") == code, n).otherwise(0) for n, code in enumerate(_TIER_RANKS, 1)),
        F.lit(0),
    )
    declared = tiers.select(*_MONTH, rank.alias("_tier"), F.lit(True).alias("_opening"))
    every = seen.unionByName(taken_over, allowMissingColumns=True).unionByName(
        declared, allowMissingColumns=True
    )
    end = F.least(F.last_day("month_date"), F.lit(last))
    monthly = links.join(every, _MONTH, "left").groupBy("customer_id", "month_date").agg(
        F.sum("aum_sum").alias("_sum"), F.sum("salary_cny").alias("salary_cny"), F.sum("inflow_cny").alias("inflow_cny"),
        F.max("max_overdue_days").alias("max_overdue_days"), F.max("_opening").alias("_opening"), F.max("_tier").alias("_tier"),
        F.sum(F.when(F.col("_end.business_date") == end, F.col("_end.aum_cny"))).alias("aum_end_cny"),
    )  # fmt: skip
    start = F.greatest("month_date", F.lit(known.since))
    tier = F.get(F.array(*[F.lit(c) for c in _TIER_RANKS]), F.col("_tier") - 1)
    counted = monthly.join(since, "customer_id").where(
        F.col("_opening") | (F.last_day("month_date") >= F.col("_since"))
    )
    shaped = counted.withColumn("day_cnt", F.datediff(end, start) + 1).where("day_cnt > 0")
    return shaped.select(
        "customer_id", "month_date", F.coalesce(F.round(F.col("_sum") / F.col("day_cnt"), 2), F.lit(0)).cast(CENT).alias("aum_mavg_cny"),
        "day_cnt",
        F.when(end >= F.lit(known.first), F.coalesce("aum_end_cny", F.lit(0))).cast(CENT).alias("aum_end_cny"),
        *[F.coalesce(c, F.lit(0)).cast(CENT).alias(c) for c in ("inflow_cny", "salary_cny")],
        F.coalesce("max_overdue_days", F.lit(0)).alias("max_overdue_days"),
        F.when(F.col("_tier") > 0, tier).alias("tier_code"),
        (F.col("day_cnt") == F.dayofmonth(F.last_day("month_date"))).alias("is_complete_month"),
        (F.col("month_date") < F.lit(known.first)).alias("is_from_opening"),
    )  # fmt: skip
