"""O: how money moves. Entries shared among holders, what is salary, what stays between a customer's own accounts (rules: alerts, outflow)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.members import UNASSIGNED
from spark_jobs.profile.o_account import CENT, owned, zero


def keep_counted(entries: DataFrame) -> DataFrame:
    """Fewer rows: neither a reversal nor the entry it takes back counts, on either day."""
    return entries.where(~F.col("is_reversal") & ~F.col("is_reversed"))


def is_salary() -> Column:
    """An entry is salary by its kind or, credited, by its text (代发工资)."""
    by_text = (F.col("summary_code") == "salary") & (F.col("direction_code") == "credit")
    return F.coalesce(F.col("kind_code") == "salary", F.lit(False)) | F.coalesce(by_text, F.lit(False))


def summarise_party_flows(shares: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Coarser: salary, money from outside the bank and overdue fees of each party and day.

    shares: one row per entry and party with share_cny, kind_code, summary_code, direction_code. Whose accounts they move between does
    not matter here, so the figures hold for a party whatever customer it belongs to. Grain out: party_id, business_date.
    """
    outside = F.col("kind_code").isin(*rules["outside_in"]) | is_salary()

    def of(condition: Column) -> Column:
        return F.sum(F.when(condition, F.col("share_cny")).otherwise(zero())).cast(CENT)

    fee = F.col("kind_code") == "overdue_fee"
    return shares.groupBy("party_id", "business_date").agg(
        of(is_salary()).alias("salary_cny"), of(outside).alias("outside_in_cny"),
        F.sum(F.when(fee, 1).otherwise(0)).cast("bigint").alias("overdue_fee_cnt"),
    )  # fmt: skip


def derive_flow(shares: DataFrame, held: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """More columns: `flow_code` and `_amount`, signed only for interest_fee; entries that are no flow are dropped.

    shares  one row per entry and customer: customer_id, business_date, kind_code, summary_code, direction_code, counterparty_agreement_id,
            share_cny
    held    agreement_id, customer_id, business_date: every account that a customer holds or shares on the day
    A transfer inside the bank between two accounts of the customer is own_transfer, and only its debit is kept, so that the amount counts
    once. An entry of unknown kind is no flow; silver reports it.
    """
    own = held.select(
        F.col("agreement_id").alias("counterparty_agreement_id"), "customer_id", "business_date", F.lit(True).alias("_own")
    ).distinct()  # fmt: skip
    joined = shares.join(own, ["counterparty_agreement_id", "customer_id", "business_date"], "left")
    names = F.create_map(*[F.lit(x) for x in chain.from_iterable(rules["flow_of"].items())])
    between = F.col("kind_code").isin(*rules["inside_bank"]) & F.coalesce("_own", F.lit(False))
    flow = F.when(is_salary(), "salary").when(between, "own_transfer").otherwise(names[F.col("kind_code")])
    is_credit = F.col("direction_code") == "credit"
    signed = F.when((F.col("flow_code") == "interest_fee") & ~is_credit, -F.col("share_cny")).otherwise(
        F.col("share_cny")
    )
    return (
        joined.withColumn("flow_code", flow)
        .where(F.col("flow_code").isNotNull() & ~((F.col("flow_code") == "own_transfer") & is_credit))
        .withColumn("_amount", signed)
        .drop("_own")
    )


def summarise_flows(flows: DataFrame) -> DataFrame:
    """Coarser: o_cashflow_daily. Grain out: customer_id, business_date, flow_code."""
    return flows.groupBy("customer_id", "business_date", "flow_code").agg(
        F.sum("_amount").cast(CENT).alias("amount_cny"), F.count_distinct("transaction_id").alias("txn_cnt")
    )


def assemble_cashflow_daily(
    shares: DataFrame, holders: DataFrame, memberships: DataFrame, rules: Mapping[str, Any]
) -> DataFrame:
    """o_cashflow_daily from entries shared among parties; what belongs to no customer is left out.

    shares: entry × party; holders: agreement_id, business_date, party_id; memberships: party_id, business_date, customer_id.
    """
    mine = owned(shares, memberships).where(F.col("customer_id") != UNASSIGNED)
    held = holders.join(memberships, ["party_id", "business_date"]).select(
        "agreement_id", "customer_id", "business_date"
    )
    return summarise_flows(derive_flow(mine, held, rules))


def summarise_directions(cashflow: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Coarser: outflow_cny and inflow_cny of each customer and day. Grain out: customer_id, business_date."""

    def of(flows: list[str]) -> Column:
        return F.sum(F.when(F.col("flow_code").isin(*flows), F.col("amount_cny")).otherwise(zero())).cast(
            CENT
        )

    return cashflow.groupBy("customer_id", "business_date").agg(
        of(rules["outflow"]).alias("outflow_cny"), of(rules["inflow"]).alias("inflow_cny")
    )
