"""Changes between two exported states, in the order a consumer applies them: split, merge, erase, delete, upsert.

Property: applying all deltas since any acknowledged full export gives the present full export.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

OPERATIONS = ("split", "merge", "erase", "delete", "upsert")
_SHAPE = {
    "op_code": "string", "crm_customer_token": "string", "to_crm_customer_token": "string", "moved_parties": "array<string>",
    "op_reason_code": "string", "row_hash": "string",
}  # fmt: skip


def derive_changes(
    base: DataFrame, now: DataFrame, retired: DataFrame, moves: DataFrame, reasons: DataFrame
) -> DataFrame:
    """What CRM must do to come from `base` to `now`.

    base, now  one row per crm_customer_token with row_hash
    retired    crm_customer_token → to_crm_customer_token of customers absorbed by another; one hop
    moves      `keep_moves`: crm_customer_token (left), to_crm_customer_token (has the parties now), moved_parties
    reasons    crm_customer_token → op_reason_code of those who are gone but not absorbed; `erased` makes an erase
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
    is_erased = F.coalesce(F.col("op_reason_code") == "erased", F.lit(False))
    # A survivor that is itself out of scope cannot take over anything: for CRM the row is simply gone.
    is_merged = F.col("_there").isNotNull() & ~is_erased
    is_absorbed = F.col("to_crm_customer_token").isNotNull()
    why = F.coalesce("op_reason_code", F.when(is_absorbed, F.lit("ineligible")), F.lit("out_of_scope"))
    leaving = _shaped(
        gone,
        op_code=F.when(is_erased, "erase").when(is_merged, "merge").otherwise("delete"),
        to_crm_customer_token=F.when(is_merged, F.col("to_crm_customer_token")),
        op_reason_code=F.when(~is_merged & ~is_erased, why),
    )
    changed = present.join(was, "crm_customer_token", "left").where(
        ~F.col("row_hash").eqNullSafe(F.col("_before"))
    )
    upserts = _shaped(changed, op_code=F.lit("upsert"), row_hash=F.col("row_hash"))
    merged = leaving.where("op_code = 'merge'").select("crm_customer_token", "to_crm_customer_token")
    parted = (
        moves.join(was.select("crm_customer_token"), "crm_customer_token", "left_semi")
        .join(survivors, "to_crm_customer_token", "left_semi")
        .join(merged, ["crm_customer_token", "to_crm_customer_token"], "left_anti")
    )
    splits = _shaped(
        parted, op_code=F.lit("split"), to_crm_customer_token=F.col("to_crm_customer_token"),
        moved_parties=F.col("moved_parties"),
    )  # fmt: skip
    rank = F.array_position(F.array(*[F.lit(op) for op in OPERATIONS]), F.col("op_code"))
    in_order = Window.partitionBy(F.lit(1)).orderBy(
        rank, "crm_customer_token", F.coalesce("to_crm_customer_token", F.lit(""))
    )
    every = splits.unionByName(leaving).unionByName(upserts)
    return every.withColumn("seq_no", F.row_number().over(in_order).cast("bigint"))


def _shaped(rows: DataFrame, **given: Column) -> DataFrame:
    columns = [
        given.get(c, F.lit(None)).cast(kind).alias(c)
        for c, kind in _SHAPE.items()
        if c != "crm_customer_token"
    ]
    return rows.select("crm_customer_token", *columns)


def keep_moves(splits: DataFrame, owners: DataFrame) -> DataFrame:
    """Where parties that left a customer since the base are now. Grain out: left customer, present customer.

    splits  customer_id, party_id of parties that left it; owners: party_id, owner_id, party_no_ecif (null for other systems)
    What came back is no move; a party that moved twice moved to where it is. moved_parties are ECIF numbers, sorted.
    """
    moved = splits.distinct().join(owners, "party_id").where("customer_id <> owner_id")
    return moved.groupBy("customer_id", F.col("owner_id").alias("to_customer_id")).agg(
        F.array_sort(F.collect_set("party_no_ecif")).alias("moved_parties")
    )
