"""Changes between two exported states, in the order a consumer applies them: split, merge, erase, delete, upsert.

Property: applying all deltas since any acknowledged full export gives the present full export.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

_RANK = ("split", "merge", "erase", "delete", "upsert")


def derive_changes(
    base: DataFrame, now: DataFrame, retired: DataFrame, splits: DataFrame, reasons: DataFrame
) -> DataFrame:
    """What CRM must do to come from `base` to `now`.

    base, now  one row per crm_customer_token with row_hash
    retired    crm_customer_token → to_crm_customer_token of customers absorbed by another; one hop
    splits     crm_customer_token (left), to_crm_customer_token (received the parties), moved_parties
    reasons    crm_customer_token → op_reason_code of those who are gone but neither retired nor unknown; `erased` makes an erase
    Grain out: one row per operation; seq_no from 1. Ties within an operation are settled by the tokens.
    """
    was = base.select("crm_customer_token", F.col("row_hash").alias("_before"))
    present = now.select("crm_customer_token", "row_hash")
    survivors = present.select(
        F.col("crm_customer_token").alias("to_crm_customer_token"), F.lit(True).alias("_there")
    )
    gone = (
        was.join(present, "crm_customer_token", "left_anti")
        .join(retired.select("crm_customer_token", "to_crm_customer_token"), "crm_customer_token", "left")
        .join(survivors, "to_crm_customer_token", "left")
        .join(reasons.select("crm_customer_token", "op_reason_code"), "crm_customer_token", "left")
    )
    is_erased = F.col("op_reason_code") == "erased"
    # A survivor that is itself out of scope cannot take over anything: for CRM the row is simply gone.
    is_merged = F.col("_there").isNotNull() & ~F.coalesce(is_erased, F.lit(False))
    leaving = gone.select(
        F.when(is_erased, "erase").when(is_merged, "merge").otherwise("delete").alias("op_code"),
        "crm_customer_token",
        F.when(is_merged, F.col("to_crm_customer_token")).alias("to_crm_customer_token"),
        F.lit(None).cast("array<string>").alias("moved_parties"),
        F.when(~is_merged & ~F.coalesce(is_erased, F.lit(False)),
               F.coalesce(F.col("op_reason_code"), F.lit("out_of_scope"))).alias("op_reason_code"),
        F.lit(None).cast("string").alias("row_hash"),
    )  # fmt: skip
    changed = present.join(was, "crm_customer_token", "left").where(
        ~F.col("row_hash").eqNullSafe(F.col("_before"))
    )
    upserts = changed.select(
        F.lit("upsert").alias("op_code"), "crm_customer_token",
        F.lit(None).cast("string").alias("to_crm_customer_token"), F.lit(None).cast("array<string>").alias("moved_parties"),
        F.lit(None).cast("string").alias("op_reason_code"), "row_hash",
    )  # fmt: skip
    parted = (
        splits.join(was.select("crm_customer_token"), "crm_customer_token", "left_semi")
        .join(survivors, "to_crm_customer_token", "left_semi")
        .select(
            F.lit("split").alias("op_code"), "crm_customer_token", "to_crm_customer_token", "moved_parties",
            F.lit(None).cast("string").alias("op_reason_code"), F.lit(None).cast("string").alias("row_hash"),
        )
    )  # fmt: skip
    rank = F.array_position(F.array(*[F.lit(op) for op in _RANK]), F.col("op_code"))
    in_order = Window.orderBy(rank, "crm_customer_token", F.coalesce("to_crm_customer_token", F.lit("")))
    every = parted.unionByName(leaving).unionByName(upserts)
    return every.withColumn("seq_no", F.row_number().over(in_order).cast("bigint"))
