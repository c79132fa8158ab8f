"""O: wealth positions in CNY, and money on its way between accounts and positions (rules: aum, in_transit)."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.a_person import local_date
from spark_jobs.profile.o_account import CENT, derive_cny, owned

_WORTH = {"market_value_amt": "balance_amt", "market_value_ccy": "balance_ccy"}


def describe_products(products: DataFrame) -> DataFrame:
    """Coarser: kind and risk of each product code and day. products: silver.product_hist by day.

    Where two systems use one code, the product of the first of them by name is meant.
    """
    told = F.struct("product_kind_code", "risk_level_code")
    first = products.groupBy("product_code", "business_date").agg(
        F.min_by(told, "source_code").alias("_told")
    )
    return first.select("product_code", "business_date", "_told.*")


def assemble_positions(
    holdings: DataFrame, rates: DataFrame, products: DataFrame, home: str = "CNY"
) -> DataFrame:
    """More columns, same rows: wealth_holding_daily with `market_value_cny`, kind and risk; an unknown product is wealth.

    products: `describe_products`. Grain: agreement_id, business_date; a position has one owner, party_id.
    """
    priced = derive_cny(holdings.withColumnsRenamed(_WORTH), rates, home)
    return priced.join(products, ["product_code", "business_date"], "left").withColumns({
        "market_value_cny": F.col("gross_balance_cny"),
        "product_kind_code": F.coalesce("product_kind_code", F.lit("wealth")),
    })  # fmt: skip


def assemble_holding_daily(positions: DataFrame, memberships: DataFrame) -> DataFrame:
    """o_holding_daily: positions with their customer of the day, `_unassigned` where there is none."""
    return owned(positions, memberships)


def summarise_in_transit(
    trades: DataFrame, rates: DataFrame, dates: DateRange, zone: str, home: str = "CNY"
) -> DataFrame:
    """Coarser: what is in transit of each party and day. Grain out: party_id, business_date, where anything is.

    trades  silver.wealth_trade with the newest state of each
    A subscription is in transit from the day it was ordered until the day before it was confirmed and stands in the holdings; a redemption
    or maturity from the day it was confirmed until the day before it was settled and stands on the account. A cancelled order is until the day
    before its money came back (settle_date); one that names no such day never took any.
    """
    ordered = F.coalesce(local_date("ordered_at", zone), F.col("business_date"))
    subscribes, redeems = F.col("kind_code") == "subscribe", F.col("kind_code").isin("redeem", "mature")
    since = F.when(subscribes, ordered).when(redeems, F.col("confirmed_date"))
    until = F.when(subscribes, F.coalesce("confirmed_date", "settle_date")).when(
        redeems, F.col("settle_date")
    )
    first, last = F.lit(dates.first), F.lit(dates.last)
    begins, ends = F.greatest(since, first), F.least(F.coalesce(F.date_sub(until, 1), last), last)
    took_money = (F.col("status_code") != "cancelled") | F.col("settle_date").isNotNull()
    open_ = trades.where(took_money & since.isNotNull() & (begins <= ends))
    days = open_.select(
        "party_id", F.explode(F.sequence(begins, ends)).alias("business_date"), F.col("amount_amt").alias("balance_amt"),
        F.col("amount_ccy").alias("balance_ccy"),
    )  # fmt: skip
    summed = derive_cny(days, rates, home).groupBy("party_id", "business_date")
    return summed.agg(F.sum("gross_balance_cny").cast(CENT).alias("in_transit_cny"))
