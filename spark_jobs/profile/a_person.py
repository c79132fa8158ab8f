"""A: what conclusions, guards and permissions need to know of a customer on a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.customer import ADULT_YEARS, full_years
from spark_jobs.profile.windows import KEY, explode_windows, of_customers, sum_within

LONGEST = 90


def local_date(instant: str, zone: str) -> Column:
    """Day of an instant (UTC) where the bank is."""
    return F.to_date(F.from_utc_timestamp(F.col(instant), zone))


def complete_columns(frame: DataFrame, wanted: Mapping[str, str]) -> DataFrame:
    """More columns, same rows: null where the layer that knows them is not built yet. wanted: column → Spark's word for its type."""
    missing = {c: F.lit(None).cast(kind) for c, kind in wanted.items() if c not in frame.columns}
    return frame.withColumns(missing) if missing else frame


def describe_people(memberships: DataFrame, parties: DataFrame, golden: DataFrame) -> DataFrame:
    """One row per active customer and day: birth date, age, whether minor or dead.

    memberships  party_id, business_date, customer_id
    parties      silver.party_hist by day: party_id, business_date, status_code, deceased_date
    golden       identity.golden_hist by day: customer_id, business_date, birth_date, deceased_date
    Dead is whom any party or the golden record says so. Without a birth date nobody is taken for a minor.
    """
    day = F.col("business_date")
    status = F.coalesce(F.col("status_code") == "deceased", F.lit(False))
    told = (
        of_customers(parties, memberships)
        .groupBy(*KEY)
        .agg(F.max(status | F.coalesce(F.col("deceased_date") <= day, F.lit(False))).alias("_dead"))
    )
    best = golden.select(*KEY, "birth_date", F.col("deceased_date").alias("_died"))
    wide = memberships.select(*KEY).distinct().join(told, KEY, "left").join(best, KEY, "left")
    age = full_years(F.col("birth_date"), day)
    return wide.select(
        *KEY, "birth_date", age.alias("age_years"), F.coalesce(age < ADULT_YEARS, F.lit(False)).alias("is_minor"),
        (F.coalesce("_dead", F.lit(False)) | F.coalesce(F.col("_died") <= day, F.lit(False))).alias("is_deceased"),
    )  # fmt: skip


def derive_risk(assessments: DataFrame, memberships: DataFrame) -> DataFrame:
    """The risk grade of each customer and day: the newest assessment of its parties, of one day the more careful grade.

    assessments: silver.party_risk_assessment. A grade holds through its expire_date. Customers who were never assessed have no row.
    Grain out: customer_id, business_date. Ties of day and grade: the earlier expiry, then the party's id.
    """
    known = of_customers(memberships.select("party_id", "business_date").join(
        assessments.select("party_id", "assessed_date", "risk_grade_code", "expire_date"), "party_id"
    ).where(F.col("assessed_date") <= F.col("business_date")), memberships)  # fmt: skip
    newest = Window.partitionBy(*KEY).orderBy(
        F.desc("assessed_date"), F.asc("risk_grade_code"), F.asc_nulls_last("expire_date"), F.asc("party_id")
    )
    return known.withColumn("_rank", F.row_number().over(newest)).where("_rank = 1").select(
        *KEY, "party_id", "risk_grade_code", "assessed_date", "expire_date",
        (F.col("expire_date") < F.col("business_date")).alias("is_risk_expired"),
    )  # fmt: skip


def summarise_complaints(
    complaints: DataFrame,
    steps: DataFrame,
    memberships: DataFrame,
    dates: DateRange,
    quiet_days: int,
    zone: str,
) -> DataFrame:
    """Coarser: open complaints of each customer and day. Grain out: customer_id, business_date, on days with any to respect.

    complaints  silver.complaint with the newest state; steps: silver.complaint_event
    A complaint is open from its receipt until the day before its last closing; one that was appealed is open again. It is respected
    (`has_complaint`) until quiet_days after the closing.
    """
    closings = (
        steps.where(F.col("kind_code") == "closed")
        .groupBy("complaint_no_cmpl")
        .agg(F.max(local_date("occurred_at", zone)).alias("_closed"))
    )
    closed = F.when(F.col("state_code") == "closed", F.coalesce("_closed", F.col("business_date")))
    spans = complaints.join(closings, "complaint_no_cmpl", "left").select(
        "party_id", local_date("received_at", zone).alias("_since"), closed.alias("_closed_date")
    )
    first, last = F.lit(dates.first), F.lit(dates.last)
    until = F.least(F.coalesce(F.date_add("_closed_date", quiet_days), last), last)
    begins = F.greatest(F.col("_since"), first)
    days = spans.where(until >= begins).withColumn("business_date", F.explode(F.sequence(begins, until)))
    is_open = F.col("_closed_date").isNull() | (F.col("business_date") < F.col("_closed_date"))
    return (
        of_customers(days, memberships)
        .groupBy(*KEY)
        .agg(F.count_if(is_open).alias("complaint_open_cnt"), F.lit(True).alias("has_complaint"))
    )


def count_contacts(contacts: DataFrame, memberships: DataFrame, dates: DateRange) -> DataFrame:
    """Coarser: outbound contacts of each customer in the windows of the caps. Grain out: customer_id, business_date, where any.

    contacts: b_contact of the dates and the 89 days before. A merge brings the contacts of both sides.
    """
    purpose, channel = F.col("purpose_code"), F.col("channel_code")
    outbound = contacts.where(
        (F.coalesce("direction_code", F.lit("outbound")) == "outbound") & F.col("party_id").isNotNull()
    ).select("party_id", "business_date", "purpose_code", "channel_code")
    windows = of_customers(explode_windows(outbound, dates, LONGEST), memberships)

    def within(condition: Column, days: int) -> Column:
        return sum_within(F.when(condition, 1).otherwise(0), days)

    sale, care = purpose == "sale", purpose == "care"
    return windows.groupBy(*KEY).agg(
        within(sale, 7).alias("sale_7_cnt"), within(sale, 30).alias("sale_30_cnt"), within(sale, 90).alias("sale_90_cnt"),
        within(care, 90).alias("care_90_cnt"), within((care | sale) & channel.isin("sms", "push"), 7).alias("sms_push_7_cnt"),
        within(purpose == "survey", 90).alias("survey_90_cnt"),
        within(purpose.isin("care", "sale", "survey"), 30).alias("any_nonservice_30_cnt"),
    )  # fmt: skip


def list_opt_outs(opt_outs: DataFrame, numbers: DataFrame, memberships: DataFrame, zone: str) -> DataFrame:
    """Channels that each customer opted out of, by day. Grain out: customer_id, business_date, where any; opted_out_codes sorted.

    opt_outs  silver.contact_opt_out; numbers: silver.party_contact by day: party_id, business_date, contact_token
    An opt-out silences the number: it holds for whoever has the number on the day.
    """
    silenced = opt_outs.select(
        "contact_token", "channel_code", local_date("opted_out_at", zone).alias("_since")
    )
    return (
        of_customers(numbers.select("party_id", "business_date", "contact_token"), memberships)
        .join(silenced, "contact_token")
        .where(F.col("_since") <= F.col("business_date"))
        .groupBy(*KEY)
        .agg(F.sort_array(F.collect_set("channel_code")).alias("opted_out_codes"))
    )


def derive_stickiness(
    money: DataFrame, behaviour: DataFrame, holders: DataFrame, rules: Mapping[str, Any]
) -> DataFrame:
    """Whether the customer held more than an empty account when last seen. Grain out: customer_id, business_date.

    money      o_customer_daily, all dates; behaviour: customer_id, business_date, last_active_date
    holders    customer_id, business_date of those with a position or a time deposit
    Whoever was last seen before the first day the lake knows is judged by that first day: older holdings are not known.
    """
    known = complete_columns(money, {"product_kind_cnt": "bigint", "salary_before_3_cnt": "bigint"})
    kept = known.join(holders.select(*KEY).distinct().withColumn("_holds", F.lit(True)), KEY, "left")
    sticky = (
        (F.coalesce("product_kind_cnt", F.lit(0)) >= int(rules["sticky_kinds"]))
        | (F.coalesce("loan_cny", F.lit(0)) > 0)
        | (F.coalesce("salary_before_3_cnt", F.lit(0)) > 0)
        | F.coalesce("_holds", F.lit(False))
    )
    then = kept.select("customer_id", F.col("business_date").alias("_then"), sticky.alias("is_sticky"))
    first = money.groupBy("customer_id").agg(F.min("business_date").alias("_first"))
    last_seen = behaviour.select(*KEY, "last_active_date").join(first, "customer_id")
    return last_seen.withColumn(
        "_then", F.greatest(F.coalesce("last_active_date", "_first"), F.col("_first"))
    ).join(then, ["customer_id", "_then"]).select(*KEY, "is_sticky")  # fmt: skip
