"""A, scores: who can honestly be asked about, and one row per customer and Sunday with the score or the reasons for none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.windows import KEY, of_customers

CHURN = "churn"


def count_support(days: DataFrame, memberships: DataFrame, history: DataFrame, first: date) -> DataFrame:
    """Business dates of each customer that the lake has seen, up to each of the days. Grain out: customer_id, business_date.

    days     party_id, business_date to be told about; memberships: the same with customer_id
    history  identity.party_customer; first: oldest business date of the lake
    Counted over the customer's parties, the longest one deciding: an id that was born of a merge has seen what they have.
    """
    believed = history.where(F.col("known_to") >= F.lit("9999-12-31").cast("timestamp"))
    since = believed.groupBy("party_id").agg(F.min("valid_from").alias("_since"))
    seen = F.datediff("business_date", F.greatest("_since", F.lit(first))) + 1
    rows = of_customers(days.select("party_id", "business_date").join(since, "party_id"), memberships)
    return rows.groupBy(*KEY).agg(F.max(seen).cast("bigint").alias("support_days"))


def list_exclusions(
    customers: DataFrame, support: DataFrame, stages: DataFrame, rules: Mapping[str, Any]
) -> DataFrame:
    """Why a customer is not asked about on a day: customer_id, business_date, support_days, exclusion_codes (rules: churn).

    customers  customer_id, business_date, aum_30_avg_cny, relationship_date, is_deceased, of the days in question
    support    customer_id, business_date, support_days; stages: customer_id, business_date, stage_code, group_code
    In order: deceased, ended, new_relation, dormant, actual_loss, small_reference, short_history. Empty: asked about. The model is
    trained and tested on the same customers whom it may score.
    """
    wide = customers.join(support, KEY, "left").join(stages, KEY, "left")
    tenure = F.datediff("business_date", "relationship_date")
    days = F.coalesce("support_days", F.lit(0))

    def reason(condition: Column, code: str) -> Column:
        return F.when(F.coalesce(condition, F.lit(False)), F.lit(code))

    found = F.array(
        reason(F.col("is_deceased"), "deceased"), reason(F.col("stage_code") == "ended", "ended"),
        reason(tenure < int(rules["min_tenure_days"]), "new_relation"), reason(F.col("stage_code") == "dormancy", "dormant"),
        reason(F.col("group_code") == "G08", "actual_loss"),
        reason(F.coalesce("aum_30_avg_cny", F.lit(0)) < int(rules["reference_min"]), "small_reference"),
        reason(days < int(rules["min_support_days"]), "short_history"),
    )  # fmt: skip
    return wide.select(*KEY, days.alias("support_days"), F.array_compact(found).alias("exclusion_codes"))


def assemble_scores(exclusions: DataFrame, scored: DataFrame) -> DataFrame:
    """a_model_score of the days in `exclusions`: one row per customer and day.

    exclusions  `list_exclusions`, of refresh days only
    scored      customer_id, business_date, score_ratio, band_code, reason_codes, model_version, of the days on which a model was in force
    Whoever is excluded, or has no score, gets band N with the reasons, at last no_model. No number stands in for a score.
    """
    wide = exclusions.join(scored, KEY, "left")
    is_scored = (F.size("exclusion_codes") == 0) & F.col("score_ratio").isNotNull()
    no_model = F.when(F.col("score_ratio").isNull(), F.lit("no_model"))
    why = F.array_compact(F.concat("exclusion_codes", F.array(no_model)))
    return wide.select(
        "customer_id", F.lit(CHURN).alias("model_code"), F.col("business_date").alias("as_of_date"), "business_date",
        F.when(is_scored, F.col("score_ratio")).alias("score_ratio"), F.when(is_scored, F.col("band_code")).otherwise("N").alias("band_code"),
        F.when(is_scored, F.col("reason_codes")).otherwise(why).alias("reason_codes"),
        F.when(is_scored, F.col("model_version")).alias("model_version"), "support_days", is_scored.alias("is_scored"),
    )  # fmt: skip
