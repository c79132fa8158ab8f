"""Agreements, their holders, balances and positions by day, products, prices."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.silver.folds import keep_newest

# rules: AUM, nav: stale after so many working days.
NAV_STALE_WORKING_DAYS = 3


def conform_agreements(rows: DataFrame) -> DataFrame:
    """silver.agreement: newest version per agreement. One that a full delivery leaves out is closed on that day."""
    newest = keep_newest(rows, ["agreement_id"])
    gone = F.col("_gone_date").isNotNull()
    return newest.withColumns({
        "status_code": F.when(gone, F.lit("closed")).otherwise(F.coalesce("status_code", F.lit("active"))),
        "closed_date": F.coalesce("closed_date", F.col("_gone_date")),
        "is_joint": F.coalesce("is_joint", F.lit(False)),
    })  # fmt: skip


def derive_overdraft(deposits: DataFrame) -> DataFrame:
    """`overdraft_amt`: the negative part of the balance as a positive number."""
    return deposits.withColumn(
        "overdraft_amt", F.greatest(-F.col("balance_amt"), F.lit(0)).cast("decimal(18,2)")
    )


def derive_nav_date(
    holdings: DataFrame, navs: DataFrame, products: DataFrame, calendar: DataFrame, home: str = "CNY"
) -> DataFrame:
    """Currency from the product, newest value date by the business date, and whether that is stale.

    navs       product_code, nav_date; products: product_code, currency_code of any time; calendar: silver.calendar
    Stale: more than three working days lie after nav_date up to the business date. Products without any value are not stale:
    nothing was promised. Ties: none, dates are maxima.
    """
    counted = calendar.withColumn(
        "_n", F.sum(F.col("is_working_day").cast("int")).over(Window.orderBy("calendar_date"))
    ).select("calendar_date", "_n")
    pairs = holdings.select("product_code", "business_date").distinct()
    latest = (
        pairs.join(navs.select("product_code", F.col("nav_date").alias("_nav_date")), "product_code")
        .where(F.col("_nav_date") <= F.col("business_date"))
        .groupBy("product_code", "business_date")
        .agg(F.max("_nav_date").alias("_nav_date"))
    )
    day, valued = (
        counted.select(F.col("calendar_date").alias(name), F.col("_n").alias(f"_n_{name}"))
        for name in ("business_date", "_nav_date")
    )
    dated = latest.join(day, "business_date", "left").join(valued, "_nav_date", "left")
    stale = (F.col("_n_business_date") - F.col("_n__nav_date")) > F.lit(NAV_STALE_WORKING_DAYS)
    dated = dated.select("product_code", "business_date", "_nav_date", stale.alias("_stale"))
    currency = products.groupBy("product_code").agg(F.max("currency_code").alias("_currency"))
    return (
        holdings.join(F.broadcast(dated), ["product_code", "business_date"], "left")
        .join(F.broadcast(currency), "product_code", "left")
        .withColumns({
            "nav_date": F.coalesce("nav_date", "_nav_date"),
            "is_nav_stale": F.coalesce("_stale", F.lit(False)),
            "market_value_ccy": F.coalesce("market_value_ccy", "_currency", F.lit(home)),
        })
    )  # fmt: skip


def fold_navs(rows: DataFrame) -> DataFrame:
    """silver.product_nav_daily: the newest delivery per product and value date."""
    newest = keep_newest(rows.where(F.col("nav").isNotNull()), ["product_code", "nav_date"])
    first = rows.groupBy("product_code", "nav_date").agg(F.min("_day").alias("_first"))
    return newest.join(first, ["product_code", "nav_date"]).withColumn("published_date", F.col("_first"))


def fold_rates(rows: DataFrame, home: str = "CNY") -> DataFrame:
    """silver.fx_rate_daily: the newest delivery per currency and day; the home currency is 1 on each day that has rates."""
    rates = keep_newest(rows.where(F.col("mid_rate").isNotNull()), ["currency_code", "rate_date"]).select(
        "currency_code", "rate_date", "mid_rate", "_origin"
    )
    own = rates.groupBy("rate_date").agg(F.min("_origin").alias("_origin")).select(
        F.lit(home).alias("currency_code"), "rate_date", F.lit(1).cast("decimal(18,8)").alias("mid_rate"), "_origin"
    )  # fmt: skip
    return rates.where(F.col("currency_code") != home).unionByName(own)
