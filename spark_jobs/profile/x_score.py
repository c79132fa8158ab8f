"""X: what customers said in surveys, and which answers count (rules: survey, experience)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

METRICS = ("NPS", "CSAT", "CES")


def assemble_scores(
    answers: DataFrame, responses: DataFrame, invitations: DataFrame, touchpoints: DataFrame, rules: Mapping[str, Any]
) -> DataFrame:  # fmt: skip
    """x_score before customers are known. Grain out: response_id, metric_code.

    answers      silver.survey_answer; of several questions for one metric the first by code is the answer
    responses    silver.survey_response; invitations: silver.survey_invitation: tells whose an answer is and when it ran out
    touchpoints  silver.touchpoint
    An answer that does not count is kept with the first of these reasons: duplicate, late, scale (not a scale of the metric, or a value
    outside of it).
    """
    first = Window.partitionBy("response_id", "metric_code").orderBy("question_code")
    asked = (
        answers.where(F.col("metric_code").isin(*METRICS))
        .withColumn("_rank", F.row_number().over(first))
        .where("_rank = 1")
        .select(
            "response_id", "metric_code", "business_date", "source_code", "value_raw", "value_score", "is_rescaled"
        )
    )  # fmt: skip
    given = responses.select(
        "response_id", "invitation_id", F.col("party_id").alias("_own"), "submitted_at", "touchpoint_code", "is_duplicate", "is_late",
    )  # fmt: skip
    sent = invitations.select("invitation_id", F.col("party_id").alias("_invited"), "sent_at", "expires_at")
    journeys = touchpoints.select("touchpoint_code", "journey_code")
    wide = (
        asked.join(given, "response_id")
        .join(sent, "invitation_id", "left")
        .join(F.broadcast(journeys), "touchpoint_code", "left")
    )
    ends = F.coalesce(
        "expires_at", F.timestamp_seconds(F.unix_timestamp("sent_at") + int(rules["expires_days"]) * 86_400)
    )
    late = F.coalesce("is_late", F.col("submitted_at") > ends, F.lit(False))
    reason = (
        F.when(F.coalesce("is_duplicate", F.lit(False)), F.lit("duplicate"))
        .when(late, F.lit("late"))
        .when(F.col("value_score").isNull(), F.lit("scale"))
    )
    return wide.withColumns({
        "party_id": F.coalesce("_own", "_invited"), "exclude_reason_code": reason, "is_counted": reason.isNull(),
    })  # fmt: skip
