"""S: what service level each person met, contact by contact: the request's own time, the window it fell into, failures around it.

Everything is counted per party first (docs/adr/0003): customers are merged and split, parties stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile.windows import KEY, complete, explode_windows, of_customers, sum_within

# One contact of a person with the bank, whatever the channel.
CONTACT = (
    "contact_key", "party_id", "business_date", "touchpoint_code", "channel_code", "page_code", "org_code", "occurred_at",
    "latency_ms", "is_request", "is_error", "wait_secs", "is_abandoned",
)  # fmt: skip
_TYPES = {
    "latency_ms": "bigint",
    "is_request": "boolean",
    "is_error": "boolean",
    "wait_secs": "bigint",
    "is_abandoned": "boolean",
}
PARTY_DAY = ["party_id", "touchpoint_code", "business_date"]
COUNTS = ["incident_30_cnt", "sla_breach_30_cnt", "abandoned_call_30_cnt"]
LONGEST = 30


def derive_requests(events: DataFrame, windows: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Requests of the mobile bank as contacts. events: silver.digital_event; windows: silver.service_window.

    The time a request took is its own where the app tells it, else the 95 % value of the window of its page that it fell into. Events of
    other kinds (a transfer that failed) are told by the request that led to them and are no contact of their own.
    """
    minutes = int(rules["window_minutes"])
    measured = windows.select(
        "channel_code",
        "page_code",
        F.col("window_start_at").alias("_start"),
        F.col("latency_p95_ms").alias("_p95"),
    )
    start = F.timestamp_seconds(F.floor(F.unix_timestamp("occurred_at") / (60 * minutes)) * (60 * minutes))
    asked = events.where(F.col("kind_code").isin(*rules["request_kinds"])).withColumn("_start", start)
    met = asked.join(measured, ["channel_code", "page_code", "_start"], "left")
    failed = F.col("error_code").isNotNull() | (F.col("result_code") == "fail")
    return met.select(
        F.col("event_id").alias("contact_key"), "party_id", "business_date", "touchpoint_code", "channel_code", "page_code", "occurred_at",
        F.coalesce("latency_ms", "_p95").alias("latency_ms"), F.lit(True).alias("is_request"),
        F.coalesce(failed, F.lit(False)).alias("is_error"),
    )  # fmt: skip


def derive_calls(calls: DataFrame) -> DataFrame:
    """Calls as contacts. calls: silver.call."""
    return calls.select(
        F.col("call_id").alias("contact_key"), "party_id", "business_date", F.lit("call_centre").alias("touchpoint_code"),
        F.lit("phone").alias("channel_code"), F.col("started_at").alias("occurred_at"),
        F.col("queue_secs").cast("bigint").alias("wait_secs"), F.coalesce("is_abandoned", F.lit(False)).alias("is_abandoned"),
    )  # fmt: skip


def derive_visits(events: DataFrame) -> DataFrame:
    """Visits and entries at the counter as contacts. events: b_event. How long people waited there no source tells."""
    return events.where(
        (F.col("channel_code") == "counter") & F.col("kind_code").isin("visit", "transaction")
    ).select(
        F.col("event_id").alias("contact_key"), "party_id", "business_date", "touchpoint_code", "channel_code", "org_code", "occurred_at"
    )  # fmt: skip


def assemble_contacts(frames: list[DataFrame], unknown: str) -> DataFrame:
    """All contacts of people who are known. Grain: contact_key. `unknown` stands for a touchpoint nobody named."""
    shaped = [
        frame.select(
            *[
                F.col(c) if c in frame.columns else F.lit(None).cast(_TYPES.get(c, "string")).alias(c)
                for c in CONTACT
            ]
        )
        for frame in frames
    ]
    every = reduce(DataFrame.unionByName, shaped).where(F.col("party_id").isNotNull())
    return every.withColumn("touchpoint_code", F.coalesce("touchpoint_code", F.lit(unknown)))


def link_incidents(contacts: DataFrame, incidents: DataFrame) -> DataFrame:
    """More columns, same rows: `incident_nos`, the failures that each contact met, sorted; empty where none.

    incidents: silver.incident. A failure without a page is one of the whole channel, one without an end goes on; one of an outlet is met
    only there.
    """
    down = incidents.select(
        "incident_no_apm", F.col("channel_code").alias("_channel"), F.nullif("page_code", F.lit("")).alias("_page"),
        F.col("touchpoint_code").alias("_touchpoint"), F.nullif("org_code", F.lit("")).alias("_org"), "started_at", "ended_at",
    )  # fmt: skip
    same = (
        (F.col("channel_code") == F.col("_channel"))
        & (F.col("_page").isNull() | (F.col("page_code") == F.col("_page")))
        & (F.col("_touchpoint").isNull() | (F.col("touchpoint_code") == F.col("_touchpoint")))
        & (F.col("_org").isNull() | (F.col("org_code") == F.col("_org")))
        & (F.col("occurred_at") >= F.col("started_at"))
        & (F.col("ended_at").isNull() | (F.col("occurred_at") < F.col("ended_at")))
    )
    met = (
        contacts.join(F.broadcast(down), same)
        .groupBy("contact_key")
        .agg(F.sort_array(F.collect_set("incident_no_apm")).alias("incident_nos"))
    )
    none = F.array().cast("array<string>")
    return contacts.join(met, "contact_key", "left").withColumn(
        "incident_nos", F.coalesce("incident_nos", none)
    )


def is_breach(rules: Mapping[str, Any]) -> Column:
    """A contact beyond the service level: too slow, too long in the queue, given up, or failed while something was down."""
    level = rules["service_level"]
    failed = F.col("is_error") & (F.size("incident_nos") > 0)
    slow = F.col("latency_ms") > int(level["latency_ms"])
    waited = F.col("wait_secs") > int(level["queue_secs"])
    return reduce(
        lambda a, b: a | b,
        [F.coalesce(each, F.lit(False)) for each in (failed, slow, waited, F.col("is_abandoned"))],
    )


def summarise_party_service(contacts: DataFrame, missed: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Coarser: the service each party met. Grain out: party_id, touchpoint_code, business_date.

    contacts  `link_incidents`; missed: party_id, business_date of complaint clocks that ran out, a breach of the complaint desk each
    """
    served = contacts.groupBy(*PARTY_DAY).agg(
        F.count(F.lit(1)).alias("contact_cnt"), F.max("wait_secs").alias("wait_max_secs"), F.sum("wait_secs").alias("wait_sum_secs"),
        F.array_sort(F.collect_list(F.when(F.col("is_request"), F.col("latency_ms")))).alias("latencies_ms"),
        F.count_if(F.col("is_request")).alias("request_cnt"), F.count_if(F.col("is_request") & F.col("is_error")).alias("error_cnt"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("incident_nos")))).alias("incident_nos"),
        F.count_if(is_breach(rules)).alias("sla_breach_cnt"), F.count_if("is_abandoned").alias("abandoned_call_cnt"),
    )  # fmt: skip
    late = (
        missed.where(F.col("party_id").isNotNull())
        .groupBy("party_id", F.lit("complaint_desk").alias("touchpoint_code"), "business_date")
        .agg(F.count(F.lit(1)).alias("sla_breach_cnt"))
    )
    return served.unionByName(late, allowMissingColumns=True).fillna(
        0, ["contact_cnt", "request_cnt", "error_cnt", "abandoned_call_cnt"]
    )


def nearest_rank(latencies: Column, share: float) -> Column:
    """The value of a sorted array below or at which so large a share lies; null for an empty one."""
    rank = F.ceil(F.size(latencies) * F.lit(share)).cast("int")
    return F.when(F.size(latencies) > 0, F.element_at(latencies, F.greatest(rank, F.lit(1))))


def summarise_exposure(party_service: DataFrame, memberships: DataFrame) -> DataFrame:
    """s_exposure. Grain out: customer_id, touchpoint_code, business_date, where there was any contact or breach."""
    grouped = of_customers(party_service, memberships).groupBy(
        "customer_id", "touchpoint_code", "business_date"
    )
    return grouped.agg(
        *[F.sum(c).alias(c) for c in ("contact_cnt", "request_cnt", "error_cnt", "sla_breach_cnt", "wait_sum_secs")],
        F.max("wait_max_secs").alias("wait_max_secs"),
        F.array_sort(F.flatten(F.collect_list("latencies_ms"))).alias("_latencies"),
        F.size(F.array_distinct(F.flatten(F.collect_list("incident_nos")))).cast("bigint").alias("incident_cnt"),
    ).withColumn("latency_p95_ms", nearest_rank(F.col("_latencies"), 0.95)).drop("_latencies")  # fmt: skip


def summarise_service(party_service: DataFrame, memberships: DataFrame, dates: DateRange, rules: Mapping[str, Any]) -> DataFrame:  # fmt: skip
    """s_customer_daily: one row per active customer and date. party_service: of the dates and the 29 days before."""
    short, long = int(rules["latency_days"]), int(rules["exposure_days"])
    # Touchpoints are added up before the days are multiplied by the length of the window.
    days = party_service.groupBy("party_id", "business_date").agg(
        *[F.sum(c).alias(c) for c in ("error_cnt", "request_cnt", "sla_breach_cnt", "abandoned_call_cnt")],
        F.max("wait_max_secs").alias("wait_max_secs"),
        *[F.flatten(F.collect_list(c)).alias(c) for c in ("latencies_ms", "incident_nos")],
    )  # fmt: skip
    recent = F.col("_age") < short
    windows = of_customers(explode_windows(days, dates, long), memberships)
    counted = windows.groupBy(*KEY).agg(
        F.max("wait_max_secs").alias("wait_max_30_secs"),
        sum_within(F.col("error_cnt"), short).alias("_errors"), sum_within(F.col("request_cnt"), short).alias("_requests"),
        F.array_sort(F.flatten(F.collect_list(F.when(recent, F.col("latencies_ms"))))).alias("_latencies"),
        F.size(F.array_distinct(F.flatten(F.collect_list("incident_nos")))).cast("bigint").alias("incident_30_cnt"),
        sum_within(F.col("sla_breach_cnt"), long).alias("sla_breach_30_cnt"),
        sum_within(F.col("abandoned_call_cnt"), long).alias("abandoned_call_30_cnt"),
    )  # fmt: skip
    told = counted.withColumns({
        "error_7_ratio": F.try_divide("_errors", "_requests"), "latency_p95_7_ms": nearest_rank(F.col("_latencies"), 0.95),
    }).drop("_errors", "_requests", "_latencies")  # fmt: skip
    return complete(memberships.select(*KEY).distinct(), told, COUNTS)


def derive_call_service(calls: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """More columns, same rows: s_call_service, whether each call met the service level. calls: silver.call."""
    given_up = F.coalesce("is_abandoned", F.lit(False))
    in_time = F.col("queue_secs") <= int(rules["service_level"]["queue_secs"])
    return calls.withColumns({
        "is_abandoned": given_up,
        "is_sla_hit": F.when(given_up, F.lit(False)).otherwise(in_time),
    })  # fmt: skip
