"""Calendar, organisation, regions, service windows, and what comes from configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.columns.calendar import WORKING_KINDS
from spark_jobs.columns.dates import ZONE
from spark_jobs.silver.folds import fold_records, keep_newest, resolve_overlaps
from spark_jobs.silver.journeys import Codes, check_journeys

WINDOW_MINUTES = 5


def fill_calendar(rows: DataFrame, first: date, last: date) -> DataFrame:
    """silver.calendar: every day of the years the source speaks of. Days it does not name are workdays or weekend by weekday.

    A bank without such a source has the years from its first business date to the last one.
    """
    named = keep_newest(rows, ["calendar_date"]).select(
        "calendar_date", "day_kind_code", "holiday_name", "is_market_day", "_origin"
    )
    span = named.agg(
        F.coalesce(F.min("calendar_date"), F.lit(first)).alias("a"),
        F.coalesce(F.max("calendar_date"), F.lit(last)).alias("b"),
    )
    days = span.select(
        F.explode(
            F.sequence(F.trunc("a", "year"), F.date_sub(F.add_months(F.trunc("b", "year"), 12), 1))
        ).alias("calendar_date")
    )
    by_weekday = F.when(F.weekday("calendar_date") >= 5, "weekend").otherwise("workday")
    full = days.join(named, "calendar_date", "left").withColumn(
        "day_kind_code", F.coalesce("day_kind_code", by_weekday)
    )
    return full.withColumn("is_working_day", F.col("day_kind_code").isin(*WORKING_KINDS))


def fold_managers(rows: DataFrame) -> DataFrame:
    """silver.customer_manager_hist: one manager at a time; of several the one with the best priority, then the latest start (D45)."""
    payload = ["manager_staff_id"]
    versions = fold_records(
        rows.drop("valid_from", "valid_to").dropna(subset=["party_id", "manager_staff_id"])
    )
    ranked = versions.withColumn(
        "_rank",
        F.struct(-F.coalesce("priority_no", F.lit(99)), F.col("valid_from"), F.col("manager_staff_id")),
    ).select("party_id", *payload, "valid_from", "valid_to", "_rank", "_origin")
    resolved = resolve_overlaps(ranked, ["party_id"], payload)
    return resolved.withColumn("is_overlap_resolved", F.col("_claims_cnt") > 1)


def fill_windows(windows: DataFrame, zone: str = ZONE) -> DataFrame:
    """silver.service_window: measured windows, and gaps for the windows of a day in which a page was measured at other times.

    windows: one row per channel, page, window and business date. A day has its windows from 00:00 to 24:00 local time.
    """
    pages = windows.select("business_date", "channel_code", "page_code").distinct()
    midnight = F.to_utc_timestamp(F.col("business_date").cast("timestamp"), zone)
    step = F.make_dt_interval(F.lit(0), F.lit(0), F.lit(WINDOW_MINUTES), F.lit(0))
    last = midnight + F.make_dt_interval(F.lit(0), F.lit(23), F.lit(60 - WINDOW_MINUTES), F.lit(0))
    every = pages.withColumn("window_start_at", F.explode(F.sequence(midnight, last, step)))
    key = ["business_date", "channel_code", "page_code", "window_start_at"]
    measured = windows.withColumn("_measured", F.lit(True))
    return every.join(measured, key, "full").withColumn("is_gap", F.col("_measured").isNull())


def touchpoints(spark: SparkSession, codes: Codes, journeys: Codes) -> DataFrame:
    """silver.touchpoint from conf/codes/touchpoint.csv, with whose journey it belongs to (conf/codes/journey.csv)."""
    check_journeys(codes, journeys)
    none = dict.fromkeys(("zh", "owner", "entry", "exit"))
    rows = [
        (
            code, row["zh"], row["en"], row["channel_code"], row["journey_code"], int(row["stage_no"] or 0),
            [p for p in row["page_codes"].split(";") if p], journey["zh"], journey["owner"], journey["entry"] == code, journey["exit"] == code,
        )
        for code, row in codes.items()
        for journey in [journeys.get(row["journey_code"], none)]
    ]  # fmt: skip
    return spark.createDataFrame(
        rows,
        "touchpoint_code string, touchpoint_name string, touchpoint_name_en string, channel_code string, "
        "journey_code string, stage_no int, page_codes array<string>, journey_name string, owner_name string, is_journey_entry boolean, "
        "is_journey_exit boolean",
    )


def event_kinds(spark: SparkSession, codes: Mapping[str, Mapping[str, str]]) -> DataFrame:
    """silver.event_kind from conf/codes/event_kind.csv."""
    rows = [
        (
            code, row["zh"], row["definition_en"], row["owner"], row["sources"].split(", "), row["channel_code"],
            row["is_customer_initiated"] == "true", row["data_class_code"],
        )
        for code, row in codes.items()
    ]  # fmt: skip
    return spark.createDataFrame(
        rows,
        "event_kind_code string, event_kind_name string, event_kind_description string, owner_name string, event_sources array<string>, "
        "channel_code string, is_customer_initiated boolean, data_class_code string",
    )


def own_cities(rows: DataFrame) -> DataFrame:
    """What the bank's list of divisions calls cities: one row with a map `_cities`, name → code. A name that several cities had is left out.

    rows: entity `region`. The map is empty for a bank without such a list; cities of the standard need none (columns/divisions.py).
    """
    cities = rows.where((F.col("level_code") == "city") & ~F.col("_gone") & F.col("region_name").isNotNull())
    known = cities.groupBy("region_name").agg(
        F.min("region_code").alias("region_code"), F.max("region_code").alias("_other")
    )
    plain = known.where(F.col("region_code") == F.col("_other"))
    pairs = F.array_sort(F.collect_list(F.struct("region_name", "region_code")))
    return plain.agg(F.map_from_entries(pairs).alias("_cities"))


def fold_regions(rows: DataFrame) -> DataFrame:
    """silver.region: the newest statement of each division and beginning; what the source no longer lists is left out."""
    newest = keep_newest(
        rows.withColumn("valid_from", F.coalesce("_valid_from", F.lit("1949-10-01").cast("date"))),
        ["region_code", "valid_from"],
    )
    return newest.where(F.col("_gone_date").isNull()).withColumn(
        "valid_to", F.coalesce("_valid_to", F.lit("9999-12-31").cast("date"))
    )
