"""O: accounts in CNY and their holders' shares, to the cent (rules: aum)."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.profile.members import UNASSIGNED

CENT = "decimal(18,2)"


def zero() -> Column:
    """0.00 CNY."""
    return F.lit(0).cast(CENT)


def derive_cny(balances: DataFrame, rates: DataFrame, home: str = "CNY") -> DataFrame:
    """More columns, same rows: `gross_balance_cny`, in the bank's home currency (rules: aum, home_currency).

    balances  agreement_id, business_date, balance_amt, balance_ccy
    rates     currency_code, rate_date, mid_rate to `home`
    The mid rate of the newest rate date at or before the business date; rounded half up to cents per account, before anything is
    summed. A currency without any rate stays null and is counted by the table's own check.
    """
    foreign = balances.where(F.col("balance_ccy") != home).select("business_date", "balance_ccy").distinct()
    known = foreign.join(
        rates,
        (F.col("currency_code") == F.col("balance_ccy")) & (F.col("rate_date") <= F.col("business_date")),
    )
    newest = known.groupBy("business_date", "balance_ccy").agg(
        F.max_by("mid_rate", "rate_date").alias("_rate")
    )
    joined = balances.join(F.broadcast(newest), ["business_date", "balance_ccy"], "left")
    rate = F.when(F.col("balance_ccy") == home, F.lit(1).cast("decimal(18,8)")).otherwise(F.col("_rate"))
    return joined.withColumn("gross_balance_cny", F.round(F.col("balance_amt") * rate, 2).cast(CENT)).drop(
        "_rate"
    )


def explode_holders(
    accounts: DataFrame, holders: DataFrame, per: Sequence[str] = ("agreement_id", "business_date")
) -> DataFrame:
    """Finer: one row per account, party and day with the party's share, `balance_cny`.

    accounts  agreement_id, business_date, gross_balance_cny and whatever describes the account
    holders   agreement_id, business_date, party_id, holder_rank, share_ratio (null: equal shares)
    per       key of what is shared, where that is not the account of a day but, say, each entry on it
    Cents by largest remainder, ties to the first-named holder, so that the shares of an account sum to it. An account without a
    known holder keeps its balance under a null party.
    """
    per_account = Window.partitionBy(*per)
    shared = accounts.join(holders, ["agreement_id", "business_date"], "left")
    cents = (F.col("gross_balance_cny") * 100).cast("decimal(20,0)")
    holders_cnt = F.count(F.lit(1)).over(per_account)
    exact = F.when(F.col("share_ratio").isNull(), cents / holders_cnt).otherwise(cents * F.col("share_ratio"))
    shared = shared.withColumn("_exact", exact.cast("decimal(28,8)"))
    shared = shared.withColumn("_whole", F.floor("_exact").cast("decimal(20,0)"))
    left = (cents - F.sum("_whole").over(per_account)).cast("int")
    by_remainder = per_account.orderBy((F.col("_exact") - F.col("_whole")).desc(), "holder_rank", "party_id")
    extra = F.when(F.row_number().over(by_remainder) <= left, 1).otherwise(0)
    share = ((F.col("_whole") + extra) / 100).cast(CENT)
    return shared.withColumn("balance_cny", share).drop("_exact", "_whole", "holder_rank", "share_ratio")


def owned(shares: DataFrame, memberships: DataFrame) -> DataFrame:
    """More columns, same rows: `customer_id` by the membership of the day; `_unassigned` where no customer holds the share."""
    joined = shares.join(memberships, ["party_id", "business_date"], "left")
    return joined.withColumn("customer_id", F.coalesce("customer_id", F.lit(UNASSIGNED)))


def assemble_account_daily(shares: DataFrame, memberships: DataFrame) -> DataFrame:
    """Coarser: one row per account, customer and day.

    shares       `explode_holders` with agreement_kind_code; memberships: party_id, business_date, customer_id
    Parties of one customer on one account are added up; what no resolved person holds goes to `_unassigned`.
    """
    key = ("agreement_id", "customer_id", "business_date")
    described = [c for c in shares.columns if c not in (*key, "party_id", "balance_cny")]
    summed = (
        owned(shares, memberships)
        .groupBy(*key)
        .agg(F.sum("balance_cny").cast(CENT).alias("balance_cny"), *[F.max(c).alias(c) for c in described])
    )
    is_deposit = F.col("agreement_kind_code") == "deposit"
    return summed.withColumn("is_in_aum", is_deposit & (F.col("balance_cny") > 0))
