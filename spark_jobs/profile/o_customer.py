"""O: money of each customer and day. Windows are summed per party and rolled up by the membership of the day (docs/adr/0003)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.members import UNASSIGNED
from spark_jobs.profile.o_account import CENT, zero
from spark_jobs.profile.o_party import COMPONENTS, DEBTS, Known, observed_days
from spark_jobs.profile.windows import KEY, of_customers

_MONTHS_BEFORE = ("salary_before_1", "salary_before_2", "salary_before_3")
_SUMS = (
    "aum_30_sum",
    "aum_180_sum",
    "aum_mtd_sum",
    "salary_30_sum",
    "salary_mtd_sum",
    "overdue_fee_180_sum",
    *_MONTHS_BEFORE,
)


def summarise_money(
    windows: DataFrame, memberships: DataFrame, known: Known, rules: Mapping[str, Any]
) -> DataFrame:
    """Coarser: components, averages and salary of each customer and day. Grain out: customer_id, business_date, of all memberships.

    windows: `o_party.derive_windows` of every party and day with the components of `_o_party_daily`. An average divides by the days of its
    window that are known of.
    """
    amounts = [F.coalesce(F.sum(c), F.lit(0)).cast(CENT).alias(c) for c in ("aum_cny", *COMPONENTS, *DEBTS)]
    sums = [F.coalesce(F.sum(c), F.lit(0)).alias(c) for c in _SUMS]
    flags = [F.coalesce(F.max(c), F.lit(False)).alias(c) for c in ("is_nav_stale", "has_carried")]
    rolled = (
        of_customers(windows, memberships)
        .groupBy(*KEY)
        .agg(
            *amounts, *sums, *flags, F.coalesce(F.max("overdue_days"), F.lit(0)).alias("overdue_days"),
            F.max("last_salary_date").alias("last_salary_date"),
        )
    )  # fmt: skip
    day = F.col("business_date")

    def average(column: str, window: Column | int) -> Column:
        return F.round(F.col(column) / observed_days(day, window, known), 2).cast(CENT)

    def months(*columns: str) -> Column:
        return sum((F.when(F.col(c) > 0, 1).otherwise(0) for c in columns), F.lit(0)).cast("bigint")

    recent = months("salary_mtd_sum", *_MONTHS_BEFORE[:2])
    return rolled.withColumns({
        "aum_30_avg_cny": average("aum_30_sum", int(rules["average_days"])),
        "aum_180_avg_cny": average("aum_180_sum", int(rules["long_average_days"])),
        "aum_mtd_avg_cny": average("aum_mtd_sum", F.dayofmonth(day)),
        "salary_30_cny": F.col("salary_30_sum").cast(CENT), "overdue_fee_180_cnt": F.col("overdue_fee_180_sum").cast("bigint"),
        "is_payroll": recent >= int(rules["payroll_months"]), "salary_before_3_cnt": months(*_MONTHS_BEFORE),
    }).drop(*_SUMS)  # fmt: skip


def summarise_holdings(accounts: DataFrame, positions: DataFrame, agreements: DataFrame) -> DataFrame:
    """Coarser: how many agreements of how many kinds, and what matures next. Grain out: customer_id, business_date, where any.

    accounts    o_account_daily; positions: o_holding_daily; agreements: silver.agreement
    Only what counts in AUM matures; all loans are one kind.
    """
    told = agreements.select("agreement_id", "is_auto_roll", "agreement_purpose_code")
    kind = F.when(F.col("agreement_kind_code") == "loan", F.lit("loan")).otherwise(
        F.coalesce("product_kind_code", "agreement_kind_code")
    )
    held = accounts.join(told, "agreement_id", "left").select(
        *KEY, kind.alias("_kind"), F.when(F.col("is_in_aum"), F.col("matures_date")).alias("_matures"),
        F.coalesce("is_auto_roll", F.lit(False)).alias("_rolls"),
        ((F.col("agreement_kind_code") == "loan") & (F.col("agreement_purpose_code") == "car")).alias("_car"),
    )  # fmt: skip
    owned = positions.select(
        *KEY, F.col("product_kind_code").alias("_kind"), F.col("matures_date").alias("_matures"),
        F.coalesce("is_auto_roll", F.lit(False)).alias("_rolls"), F.lit(False).alias("_car"),
    )  # fmt: skip
    later = F.col("_matures") > F.col("business_date")
    return (
        held.unionByName(owned)
        .where(F.col("customer_id") != UNASSIGNED)
        .groupBy(*KEY)
        .agg(
            F.count(F.lit(1)).alias("product_cnt"), F.count_distinct("_kind").alias("product_kind_cnt"),
            F.min(F.when(later, F.col("_matures"))).alias("next_matures_date"),
            F.min(F.when(later & ~F.col("_rolls"), F.col("_matures"))).alias("next_unrolled_matures_date"),
            F.coalesce(F.max("_car"), F.lit(False)).alias("has_car_loan"),
        )
    )  # fmt: skip


def summarise_relations(holders: DataFrame, agreements: DataFrame, memberships: DataFrame) -> DataFrame:
    """Coarser: since when each customer has been one. Grain out: customer_id, business_date, of those who ever held an agreement.

    holders: current belief of silver.party_agreement in roles that hold; what ended counts, what begins later does not yet.
    """
    first = holders.groupBy("agreement_id", "party_id").agg(F.min("valid_from").alias("_since"))
    ever = first.join(agreements.select("agreement_id", "opened_date"), "agreement_id", "left")
    had = memberships.join(ever, "party_id").where(F.col("_since") <= F.col("business_date"))
    return had.groupBy(*KEY).agg(
        F.min("opened_date").alias("relationship_date"), F.lit(True).alias("has_had_agreement")
    )


def assemble_customer_daily(money: DataFrame, *layers: DataFrame) -> DataFrame:
    """o_customer_daily: one row per customer and day of `money`; who has nothing has 0, not null. `has_etc` is a layer's, and null where it is not known."""
    wide = reduce(lambda left, right: left.join(right, KEY, "left"), layers, money)
    absent = {
        "outflow_cny": zero(), "inflow_cny": zero(), "product_cnt": F.lit(0), "product_kind_cnt": F.lit(0), "has_car_loan": F.lit(False),
        "has_had_agreement": F.lit(False),
    }  # fmt: skip
    filled = {column: F.coalesce(column, value) for column, value in absent.items()}
    return wide.withColumns(filled)


def reconcile(
    party_daily: DataFrame, customers: DataFrame, memberships: DataFrame, whole: DataFrame
) -> DataFrame:
    """o_reconciliation_daily: each component over customers, over what belongs to none, and over whole accounts.

    party_daily  `_o_party_daily` of the dates; customers: o_customer_daily of the dates
    whole        business_date, component_code, accounts_cny: sums before anything is shared
    """
    wide = "decimal(24,2)"
    parts = [F.struct(F.lit(c.removesuffix("_cny")).alias("component_code"), F.col(c).alias("_amount")) for c in (*COMPONENTS, *DEBTS)]  # fmt: skip
    each = F.explode(F.array(*parts)).alias("_part")

    def summed(frame: DataFrame, name: str) -> DataFrame:
        rows = frame.select("business_date", each).select("business_date", "_part.*")
        return rows.groupBy("business_date", "component_code").agg(F.sum("_amount").cast(wide).alias(name))

    nobody = party_daily.join(memberships, ["party_id", "business_date"], "left_anti")
    frames = [
        summed(customers, "customers_cny"), summed(nobody, "unassigned_cny"),
        whole.groupBy("business_date", "component_code").agg(F.sum("accounts_cny").cast(wide).alias("accounts_cny")),
    ]  # fmt: skip
    joined = reduce(lambda a, b: a.join(b, ["business_date", "component_code"], "full"), frames)
    return joined.select(
        "business_date", "component_code",
        *[F.coalesce(c, F.lit(0)).cast(wide).alias(c) for c in ("customers_cny", "unassigned_cny", "accounts_cny")],
    )  # fmt: skip
