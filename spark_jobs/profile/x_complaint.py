"""X: complaints as experience: whose, of what, open or not, and which failure of the bank came before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.a_person import local_date


def assemble_complaints(
    complaints: DataFrame, steps: DataFrame, owners: DataFrame, causes: DataFrame
) -> DataFrame:
    """x_complaint. Grain out: complaint_no_cmpl.

    complaints  silver.complaint with the newest state; steps: silver.complaint_event
    owners      party_id, customer_id of the newest date; causes: `link_causes`
    What the customer said of it does not count while an appeal is undecided.
    """

    def newest(kind: str) -> DataFrame:
        found = steps.where(F.col("kind_code") == kind).groupBy("complaint_no_cmpl")
        return found.agg(F.max("occurred_at").alias(f"_{kind}_at"))

    wide = complaints.join(owners, "party_id", "left").join(causes, "complaint_no_cmpl", "left")
    for kind in ("resolved", "appealed"):
        wide = wide.join(newest(kind), "complaint_no_cmpl", "left")
    undecided = F.col("_appealed_at").isNotNull() & (
        F.col("_resolved_at").isNull() | (F.col("_resolved_at") < F.col("_appealed_at"))
    )
    return wide.withColumns({
        "resolved_at": F.when(~undecided, F.col("_resolved_at")),
        "is_complaint_open": F.coalesce(F.col("state_code") != "closed", F.lit(True)),
        "is_csat_counted": F.col("csat_value").isNotNull() & ~undecided,
    })  # fmt: skip


def link_causes(
    complaints: DataFrame, exposures: DataFrame, owners: DataFrame, incidents: DataFrame, rules: Mapping[str, Any], zone: str
) -> DataFrame:  # fmt: skip
    """`caused_by_incident_no_apm`: the failure that the complaining customer met last before. Grain: complaint_no_cmpl, where there is one.

    exposures  party_id, business_date, incident_nos: who met which failure on which day, by any party of the customer
    owners     party_id, customer_id of the newest date; incidents: silver.incident
    Looked for on the day of receipt and so many days before it; the gravest counts, then the newest, then the larger number. That one came
    after the other proves no cause; it is the likeliest.
    """
    who = owners.select("party_id", "customer_id")
    said = complaints.join(who, "party_id").select(
        "complaint_no_cmpl", "customer_id", "received_at", local_date("received_at", zone).alias("_day")
    )
    met = exposures.join(who, "party_id").select(
        "customer_id", F.col("business_date").alias("_met"), F.explode("incident_nos").alias("incident_no_apm")
    ).distinct()  # fmt: skip
    down = incidents.select("incident_no_apm", "severity_code", "started_at")
    before = (F.col("_met") <= F.col("_day")) & (
        F.col("_met") >= F.date_sub("_day", int(rules["incident_days"]))
    )
    order = F.struct("severity_code", "started_at", "incident_no_apm")
    return (
        said.join(met, "customer_id")
        .where(before)
        .join(down, "incident_no_apm")
        .where(F.col("started_at") <= F.col("received_at"))
        .groupBy("complaint_no_cmpl")
        .agg(F.max_by("incident_no_apm", order).alias("caused_by_incident_no_apm"))
    )
