"""The golden record: the best known value of each element, by source order, then by newness (rules: identity, survivorship)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

ELEMENTS = ("name", "sex_code", "birth_date", "id_value_norm", "mobile_norm")


def source_rank(order: list[str]) -> Column:
    """Position of the row's source in the survivorship order; unknown sources come last."""
    position = F.array_position(F.array(*[F.lit(s) for s in order]), F.col("source_code"))
    return F.when(position == 0, len(order) + 1).otherwise(position)


def assemble_golden(members: DataFrame, order: list[str]) -> DataFrame:
    """One row per customer from its parties.

    members: customer_id, party_id, source_code, changed_date and the elements; current members only.
    A null never wins over a value. Ties: source order, then the newest change, then the smallest party id.
    """
    # Smaller is better throughout, so that one minimum decides: rank, age of the change, party.
    worth = F.struct(source_rank(order), F.datediff(F.lit("9999-12-31"), "changed_date"), "party_id")
    best = [F.min_by(F.col(e), F.when(F.col(e).isNotNull(), worth)).alias(e) for e in ELEMENTS]
    known = sum((F.when(F.col(e).isNotNull(), 1).otherwise(0) for e in ELEMENTS), F.lit(0))
    return members.groupBy("customer_id").agg(*best).withColumn("completeness_cnt", known.cast("bigint"))
