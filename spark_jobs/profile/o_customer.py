"""O: money of each customer and day. Windows are computed per party and rolled up by the membership of the day (docs/adr/0003)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.o_account import CENT, UNASSIGNED, zero


def summarise_average(shares: DataFrame, dates: DateRange, days: int) -> DataFrame:
    """Mean AUM of each party over the last `days` calendar days, for each business date of `dates`.

    shares: party_id, business_date, balance_cny, of all dates the windows need. The divisor is the number of business dates that the
    shares have in the window, so that a lake younger than the window is not averaged with days it never saw.
    Grain out: party_id, business_date.
    """
    daily = (
        shares.where("party_id is not null")
        .groupBy("party_id", "business_date")
        .agg(F.sum(F.greatest(F.col("balance_cny"), zero())).alias("_aum"))
    )
    seen = shares.select(F.col("business_date").alias("_seen")).distinct()
    wanted = daily.sparkSession.sql(
        f"select explode(sequence(date'{dates.first}', date'{dates.last}')) as business_date"
    )
    in_window = F.col("_seen").between(F.date_sub("business_date", days - 1), F.col("business_date"))
    divisors = (
        wanted.join(F.broadcast(seen), in_window)
        .groupBy("business_date")
        .agg(F.count(F.lit(1)).alias("_days"))
    )
    past = daily.withColumnRenamed("business_date", "_seen")
    summed = (
        past.join(F.broadcast(wanted), in_window)
        .groupBy("party_id", "business_date")
        .agg(F.sum("_aum").alias("_sum"))
    )
    return summed.join(F.broadcast(divisors), "business_date").select(
        "party_id", "business_date", (F.col("_sum") / F.col("_days")).cast("decimal(24,8)").alias("_avg")
    )


def summarise_flows(entries: DataFrame, rates: Mapping[str, Any]) -> DataFrame:
    """In, out and salary of each account and day in CNY.

    entries  agreement_id, business_date, kind_code, amount_cny; reversed entries and reversals are left out by the caller
    rates    the flows of the rules: outflow, inflow, salary → kinds of entries
    Grain out: agreement_id, business_date.
    """

    def of(flow: str) -> Column:
        return F.sum(
            F.when(F.col("kind_code").isin(*rates[flow]), F.col("amount_cny")).otherwise(zero())
        ).cast(CENT)

    return entries.groupBy("agreement_id", "business_date").agg(
        of("outflow").alias("outflow_cny"), of("inflow").alias("inflow_cny"), of("salary").alias("salary_cny")
    )


def summarise_salary(flows: DataFrame, dates: DateRange, days: int) -> DataFrame:
    """Salary of each account within the last `days` days, and the last day on which any came.

    flows: `summarise_flows` of all dates up to the end, agreement_id, business_date, salary_cny.
    Grain out: agreement_id, business_date of `dates`.
    """
    paid = flows.where("salary_cny > 0").select(
        "agreement_id", F.col("business_date").alias("_paid"), "salary_cny"
    )
    wanted = flows.sparkSession.sql(
        f"select explode(sequence(date'{dates.first}', date'{dates.last}')) as business_date"
    )
    recent = F.col("_paid") > F.date_sub("business_date", days)
    return (
        paid.join(F.broadcast(wanted), F.col("_paid") <= F.col("business_date"))
        .groupBy("agreement_id", "business_date")
        .agg(
            F.sum(F.when(recent, F.col("salary_cny")).otherwise(zero())).cast(CENT).alias("salary_30_cny"),
            F.max("_paid").alias("last_salary_date"),
        )
    )


def roll_up(parties: DataFrame, memberships: DataFrame, *aggregates: Column) -> DataFrame:
    """Coarser: from party and day to customer and day, by the membership that is valid on the day."""
    return (
        parties.join(memberships, ["party_id", "business_date"])
        .groupBy("customer_id", "business_date")
        .agg(*aggregates)
    )


def summarise_accounts(accounts: DataFrame) -> DataFrame:
    """Coarser: o_account_daily to customer and day. Accounts of nobody (`_unassigned`) stay aside.

    A negative balance counts 0 in AUM and its amount in loan_cny.
    """
    share = F.col("balance_cny")
    return (
        accounts.where(F.col("customer_id") != UNASSIGNED)
        .groupBy("customer_id", "business_date")
        .agg(
            F.sum(F.greatest(share, zero())).cast(CENT).alias("deposit_cny"),
            F.sum(F.greatest(-share, zero())).cast(CENT).alias("loan_cny"),
            F.count(F.lit(1)).alias("product_cnt"),
            F.min(F.when(F.col("matures_date") > F.col("business_date"), F.col("matures_date"))).alias(
                "next_matures_date"
            ),
            F.min("opened_date").alias("relationship_date"),
        )
        .withColumn("aum_cny", F.col("deposit_cny"))
    )


def keep_newest(frame: DataFrame, key: str, newest: str) -> DataFrame:
    """Fewer rows: of each key the row whose `newest` is largest."""
    ranked = Window.partitionBy(key).orderBy(F.desc(newest))
    return frame.withColumn("_rank", F.row_number().over(ranked)).where("_rank = 1").drop("_rank")
