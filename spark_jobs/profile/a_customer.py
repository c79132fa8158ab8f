"""A: folding customers over their days, scores, and one row per customer and day."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.a_score import CHURN
from spark_jobs.profile.conclude import CONCLUSIONS, RuleBook, folding
from spark_jobs.profile.windows import KEY

# What the fold reads of a day, with Spark's words for it; what no layer knows yet is null.
DAY = (
    ("aum_30_avg_cny", "decimal(18,2)"), ("aum_180_avg_cny", "decimal(18,2)"), ("relationship_date", "date"),
    ("inactive_days", "bigint"), ("product_kind_cnt", "bigint"), ("product_cnt", "bigint"), ("has_had_agreement", "boolean"),
    ("is_deceased", "boolean"), ("age_years", "int"), ("birth_date", "date"), ("is_payroll", "boolean"),
    ("salary_before_3_cnt", "bigint"), ("last_salary_date", "date"), ("has_car_loan", "boolean"), ("has_etc", "boolean"),
    ("is_sticky", "boolean"), ("next_unrolled_matures_date", "date"), ("sla_breach_30_cnt", "bigint"),
    ("complaint_open_cnt", "bigint"), ("nps_last_score", "decimal(9,4)"), ("may_recommend", "boolean"), ("may_use_answers", "boolean"),
)  # fmt: skip
MONTH = (
    "customer_id", "month_date", "aum_mavg_cny", "salary_cny", "max_overdue_days", "tier_code", "is_from_opening", "is_complete_month",
)  # fmt: skip
_ARROW = {
    "string": pa.string(), "date": pa.date32(), "int": pa.int32(), "decimal(18,2)": pa.decimal128(18, 2),
}  # fmt: skip


def assemble_days(customers: DataFrame, *layers: DataFrame) -> DataFrame:
    """One row per active customer and day with what the fold reads.

    customers  keys; layers: frames of grain customer_id, business_date that bring any of the columns of `DAY`. The first layer that
    has a column gives it. A column of no layer is null throughout: nothing is concluded from it.
    """
    wide, have = customers.select(*KEY), set[str]()
    for layer in layers:
        brings = [name for name, _ in DAY if name in layer.columns and name not in have]
        wide, have = wide.join(layer.select(*KEY, *brings), KEY, "left"), have | set(brings)
    columns = [(F.col(c) if c in have else F.lit(None)).cast(kind).alias(c) for c, kind in DAY]
    return wide.select(*KEY, *columns)


def fold(days: DataFrame, months: DataFrame, book: RuleBook, buckets: int = 16) -> DataFrame:
    """Tiers, lifecycle and segments of all customers: `conclude.CONCLUSIONS`, one row per customer, kind and interval.

    days    `assemble_days` of every date there is, so that the machines start where the customer does
    months  o_customer_monthly
    """
    fields = [part.split(maxsplit=1) for part in CONCLUSIONS.split(", ")]
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in fields])
    bucket = F.pmod(F.xxhash64("customer_id"), F.lit(buckets)).cast("int").alias("_bucket")
    by_bucket = (
        days.withColumn("_bucket", bucket).groupBy("_bucket"),
        months.select(*MONTH, bucket).groupBy("_bucket"),
    )
    return by_bucket[0].cogroup(by_bucket[1]).applyInArrow(folding(book, schema), CONCLUSIONS)


def tiers_of(concluded: DataFrame) -> DataFrame:
    """Belief of a_tier_hist."""
    return concluded.where("kind = 'tier'").select(
        "customer_id", "tier_code", "tier_state_code", "watch_month_no", "below_month_cnt", "protected_until_date",
        "whitelisted_until_date", "reason_code", "basis_cny", "valid_from", "valid_to",
    )  # fmt: skip


def stages_of(concluded: DataFrame) -> DataFrame:
    """Belief of a_lifecycle_hist."""
    return concluded.where("kind = 'lifecycle'").select(
        "customer_id", "stage_code", "group_code", "base_cny", "cause_code", "reason_code", "previous_stage_code", "entered_date",
        "valid_from", "valid_to",
    )  # fmt: skip


def segments_of(concluded: DataFrame) -> DataFrame:
    """Belief of a_segment_member_hist."""
    return concluded.where("kind = 'segment'").select(
        "customer_id", "segment_code", "why", "valid_from", "valid_to"
    )


def assemble_customer_daily(
    people: DataFrame,
    tiers: DataFrame,
    stages: DataFrame,
    segments: DataFrame,
    scores: DataFrame,
    risk: DataFrame,
    consents: DataFrame,
    complaints: DataFrame,
    contacts: DataFrame,
) -> DataFrame:
    """a_customer_daily. Grain out: customer_id, business_date of `people`, which decides who there is.

    tiers, stages, segments  the histories by day; risk: `derive_risk`; consents: `summarise_consents`
    scores      a_model_score, all dates up to the range's end: the newest at or before each day counts
    complaints  `summarise_complaints`; contacts: `count_contacts`
    No consent on record is a denial. Nobody dead is sold to, cared for or asked; no minor is sold to or asked; nobody with an open
    complaint is sold to.
    """
    members = segments.groupBy(*KEY).agg(F.sort_array(F.collect_set("segment_code")).alias("segment_codes"))
    newest = _newest_scores(people, scores)
    wide = people.select(*KEY, "is_minor", "is_deceased")
    for layer in (tiers, stages, members, newest, risk.drop("party_id"), consents, complaints, contacts):
        wide = wide.join(layer, KEY, "left")
    alive, adult = ~F.col("is_deceased"), ~F.col("is_minor")
    quiet = F.coalesce("complaint_open_cnt", F.lit(0)) == 0

    def may(column: str) -> Column:
        return F.coalesce(column, F.lit(False))

    return wide.select(
        *KEY, "tier_code", "tier_state_code", "stage_code", "group_code",
        F.coalesce("segment_codes", F.array().cast("array<string>")).alias("segment_codes"), "churn_ratio", "churn_band_code",
        "risk_grade_code", "is_risk_expired", (may("may_sell") & alive & adult & quiet).alias("can_sell"),
        (may("may_care") & alive).alias("can_care"), (may("may_research") & alive & adult).alias("can_research"),
        *[F.coalesce(c, F.lit(0)).alias(c) for c in ("sale_7_cnt", "sale_30_cnt", "care_90_cnt")],
    )  # fmt: skip


def _newest_scores(people: DataFrame, scores: DataFrame) -> DataFrame:
    past = scores.where(F.col("model_code") == CHURN).select(
        "customer_id", "as_of_date", "score_ratio", "band_code"
    )
    known = people.select(*KEY).join(past, "customer_id").where(F.col("as_of_date") <= F.col("business_date"))
    return known.groupBy(*KEY).agg(
        F.max_by("score_ratio", "as_of_date").alias("churn_ratio"),
        F.max_by("band_code", "as_of_date").alias("churn_band_code"),
    )
