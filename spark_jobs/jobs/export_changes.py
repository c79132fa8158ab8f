"""What became of CRM's customers since the state it acknowledged: the delta of a release."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.exports import delta
from spark_jobs.exports.release import Release
from spark_jobs.jobs.export_inputs import FULL, Inputs
from spark_jobs.tables import Lake


def changes_since(lake: Lake, release: Release, base: str, state: DataFrame, inputs: Inputs) -> DataFrame:
    """The delta from release `base` to `state`. Grain out: one row per operation (`delta.derive_changes`), stamped with both releases."""
    before = lake.read(FULL).where(F.col("release_id") == base)
    ids = lake.read("identity.customer")
    changes = delta.derive_changes(
        before, state, _retired(ids, inputs), _moves(lake, before, inputs), _reasons(ids, inputs)
    )
    return (
        changes.withColumn("business_date", F.lit(inputs.day.last))
        .withColumn("release_id", F.lit(release.release_id))
        .withColumn("base_release_id", F.lit(base))
    )


def _token(inputs: Inputs, column: str, alias: str) -> Column:
    """CRM's own name of the customer in this column."""
    return inputs.tokens.column("customer", F.col(column)).alias(alias)


def _retired(ids: DataFrame, inputs: Inputs) -> DataFrame:
    """Customers that another absorbed, and into which."""
    return ids.where("status_code = 'retired'").select(
        _token(inputs, "customer_id", "crm_customer_token"),
        _token(inputs, "retired_into_customer_id", "to_crm_customer_token"),
    )


def _moves(lake: Lake, before: DataFrame, inputs: Inputs) -> DataFrame:
    """Which parties left which customer for which since the state before."""
    since: date | None = before.agg(
        F.max_by("business_date", F.col("business_date").cast("string")).alias("day")
    ).collect()[0]["day"]
    # A split on the base's own day counts where the base did not know it yet.
    parted = lake.read("identity.customer_event").where("kind_code = 'split'")
    known = before.select(F.col("customer_id").alias("other_customer_id"))
    left = parted.where(F.col("business_date") > F.lit(since)).unionByName(
        parted.where(F.col("business_date") == F.lit(since)).join(known, "other_customer_id", "left_anti")
    )
    ecif = lake.read("silver.party").where("source_code = 'ecif'")
    owners = inputs.memberships.withColumnRenamed("customer_id", "owner_id").join(
        ecif.select("party_id", F.col("party_no_source").alias("party_no_ecif")), "party_id", "left"
    )
    moves = delta.keep_moves(
        left.select("customer_id", F.explode("moved_party_ids").alias("party_id")), owners
    )
    return moves.select(
        _token(inputs, "customer_id", "crm_customer_token"),
        _token(inputs, "to_customer_id", "to_crm_customer_token"),
        "moved_parties",
    )


def _reasons(ids: DataFrame, inputs: Inputs) -> DataFrame:
    """Why customers are gone who were not absorbed."""
    gone = inputs.customers().where("eligibility_code not in ('eligible', 'in_doubt')")
    erased = ids.where("status_code = 'erased'").select(
        "customer_id", F.lit("erased").alias("eligibility_code")
    )
    why = (
        gone.where("eligibility_code <> 'erased'")
        .select("customer_id", "eligibility_code")
        .unionByName(erased)
    )
    return why.where("eligibility_code <> 'retired'").select(
        _token(inputs, "customer_id", "crm_customer_token"), F.col("eligibility_code").alias("op_reason_code")
    )
