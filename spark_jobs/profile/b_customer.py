"""B, summaries: a party's day, what customers search for, and how each customer behaved up to each date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.windows import KEY, complete, days_within, explode_windows, of_customers, sum_within

LONGEST = 90
COUNTS = [
    "login_1_cnt", "login_30_cnt", "session_30_cnt", "transfer_fail_7_cnt", "search_repay_7_cnt", "visit_90_cnt", "call_30_cnt",
    "active_days_30_cnt",
]  # fmt: skip


def summarise_party_days(events: DataFrame, dates: DateRange, rules: Mapping[str, Any]) -> DataFrame:
    """Coarser: what each party did on each day. Grain out: party_id, business_date.

    events: b_event of the dates and the day before, so that a session over midnight counts on the day it began.
    """
    known = events.where(F.col("party_id").isNotNull())
    day = ["party_id", "business_date"]
    sessions = (
        known.where(F.col("session_no_mbank").isNotNull())
        .groupBy("party_id", "session_no_mbank")
        .agg(F.min("business_date").alias("business_date"))
        .groupBy(*day)
        .agg(F.count(F.lit(1)).alias("session_1_cnt"))
    )
    kind, channel = F.col("kind_code"), F.coalesce("channel_code", F.lit(""))
    entry = kind == "transaction"
    at_outlet = (kind == "visit") | (entry & (channel == "counter"))
    counted = (
        known.where(F.col("business_date").between(F.lit(dates.first), F.lit(dates.last)))
        .groupBy(*day)
        .agg(
            F.count_if((kind == "login") & (F.coalesce("result_code", F.lit("ok")) == "ok")).alias("login_1_cnt"),
            F.count_if(kind == "transfer_fail").alias("transfer_fail_1_cnt"),
            F.count_if((kind == "search") & (F.col("search_topic_code") == rules["repay_topic"])).alias("search_repay_1_cnt"),
            F.max(F.when(at_outlet, 1).otherwise(0)).alias("visit_1_cnt"),
            F.count_if(kind == "call").alias("call_1_cnt"),
            F.count_if(kind != "contact").alias("action_1_cnt"),
            F.count_if(entry & channel.isin(*rules["digital_channels"])).alias("digital_entry_1_cnt"),
            F.count_if(entry & channel.isin(*rules["served_channels"])).alias("served_entry_1_cnt"),
        )
    )  # fmt: skip
    return counted.join(sessions, day, "left").fillna(0, ["session_1_cnt"])


def summarise_searches(
    events: DataFrame, acts: DataFrame, memberships: DataFrame, dates: DateRange, rules: Mapping[str, Any], zone: str
) -> DataFrame:  # fmt: skip
    """Coarser: searches of a customer on a topic, on days with one. Grain out: customer_id, topic_code, business_date.

    events  b_event since the window's first day · acts: party_id, business_date, topic_code of what was done about a topic
    """
    days = int(rules["search_days"])
    searches = events.where(F.col("kind_code") == "search").select(
        "party_id", "business_date", F.col("search_topic_code").alias("topic_code"), "occurred_at"
    )
    key = ["customer_id", "topic_code", "business_date"]
    windows = of_customers(explode_windows(searches, dates, days), memberships)
    looked = windows.groupBy(*key).agg(
        F.count_if(F.col("_age") == 0).alias("search_cnt"), F.count(F.lit(1)).alias("window_7_cnt"),
        F.min("occurred_at").alias("first_at"), F.max("occurred_at").alias("last_at"),
    ).where((F.col("search_cnt") > 0) & F.col("topic_code").isNotNull())  # fmt: skip
    done = (
        of_customers(explode_windows(acts, dates, days), memberships)
        .groupBy(*key)
        .agg(F.max("seen_date").alias("_acted_date"))
    )
    began = F.to_date(F.from_utc_timestamp("first_at", zone))
    acted = F.when(
        F.col("topic_code").isin(*rules["acts"]), F.coalesce(F.col("_acted_date") >= began, F.lit(False))
    )
    return looked.join(done, key, "left").withColumn("has_acted", acted).drop("_acted_date")


def summarise_behaviour(
    party_days: DataFrame,
    opening: DataFrame,
    memberships: DataFrame,
    dates: DateRange,
    rules: Mapping[str, Any],
) -> DataFrame:
    """One row per active customer and date: counts of the windows, and when the customer was last seen.

    party_days  `_b_party_daily` of the last `last_days` days
    opening     party_id, login_date, active_date: what was known before the first business date
    """
    last_days = int(rules["last_days"])
    active = F.col("action_1_cnt") > 0
    long = explode_windows(party_days.where(active), dates, last_days)
    windows = of_customers(long, memberships)
    digital, served = (
        sum_within(F.col(c), 30).alias(c) for c in ("digital_entry_1_cnt", "served_entry_1_cnt")
    )
    counted = windows.groupBy(*KEY).agg(
        sum_within(F.col("login_1_cnt"), 1).alias("login_1_cnt"),
        sum_within(F.col("login_1_cnt"), 30).alias("login_30_cnt"),
        sum_within(F.col("session_1_cnt"), 30).alias("session_30_cnt"),
        sum_within(F.col("transfer_fail_1_cnt"), 7).alias("transfer_fail_7_cnt"),
        sum_within(F.col("search_repay_1_cnt"), 7).alias("search_repay_7_cnt"),
        days_within(F.col("visit_1_cnt") > 0, LONGEST).alias("visit_90_cnt"),
        sum_within(F.col("call_1_cnt"), 30).alias("call_30_cnt"),
        days_within(active, 30).alias("active_days_30_cnt"), digital, served,
        F.max(F.when(F.col("login_1_cnt") > 0, F.col("seen_date"))).alias("last_login_date"),
        F.max("seen_date").alias("last_active_date"),
    )  # fmt: skip
    before = (
        of_customers(memberships.select("party_id", "business_date").join(opening, "party_id"), memberships)
        .groupBy(*KEY)
        .agg(F.max("login_date").alias("_login"), F.max("active_date").alias("_active"))
    )
    every = complete(memberships.select(*KEY).distinct(), counted, COUNTS).join(before, KEY, "left")
    told = every.withColumns({
        "last_login_date": F.coalesce("last_login_date", "_login"),
        "last_active_date": F.coalesce("last_active_date", F.greatest("_active", "_login")),
        "digital_share_ratio": F.try_divide(
            F.col("digital_entry_1_cnt"), F.col("digital_entry_1_cnt") + F.col("served_entry_1_cnt")
        ),
    })  # fmt: skip
    return told.withColumns({
        "since_login_days": F.datediff("business_date", "last_login_date"),
        "inactive_days": F.datediff("business_date", "last_active_date"),
    })  # fmt: skip
