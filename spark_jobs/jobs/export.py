"""Exports: the CRM files of the release that is visible now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.exports import acks, crm, delta, files
from spark_jobs.exports import release as releases
from spark_jobs.exports.release import Release
from spark_jobs.history import explode_days
from spark_jobs.privacy.tokens import tokeniser
from spark_jobs.tables import Lake

FULL = "export.crm__customer_full_v1"
DELTA = "export.crm__customer_delta_v1"
WORKLIST = "export.crm__worklist_v1"
# A consumer further behind than this is offered a full export.
MOST_RELEASES_BEHIND = 10
# What an export needs of a layer, so that a bank without it exports what it has: absent consent is a denial, absent scores are null.
CONSENTS = (
    "customer_id string, purpose_code string, data_class_code string, channel_code string, state_code string"
)
SCORES = "customer_id string, model_code string, as_of_date date, reason_codes array<string>"
PREFERENCES = "customer_id string, preferred_channel_code string"
CONCLUSIONS = {
    "region_code": "string", "tier_code": "string", "tier_state_code": "string", "stage_code": "string", "group_code": "string",
    "segment_codes": "array<string>", "risk_grade_code": "string", "is_risk_expired": "boolean", "churn_band_code": "string",
    "complaint_open_cnt": "bigint", "manager_staff_id": "string",
}  # fmt: skip
IN_DOUBT = ("contradiction", "oversize_cluster")


def run(lake: Lake, dates: DateRange) -> None:
    """Full state of the day, then a full or delta package, then the worklist."""
    release = releases.require_current(lake.settings)
    day = DateRange.day(date.fromisoformat(release.business_date))
    _take_acknowledgements(lake)
    base = _base_release(lake, release)
    rows = _full_rows(lake, release, day, base)
    lake.publish(FULL, rows.withColumn("release_id", F.lit(release.release_id)), day)
    now = lake.read(FULL, day)
    _write_full(lake, release, now, asked_for=base is None or day.last.day == 1)
    if base is not None:
        lake.publish(DELTA, _delta_rows(lake, release, base, now, day), day)
        _write_delta(lake, release, base, lake.read(DELTA, day), now)
    _write_worklist(lake, release, day)


def _take_acknowledgements(lake: Lake) -> None:
    rows = [astuple(ack) for ack in acks.received(lake.settings.exports)]
    if rows:
        lake.publish(
            "export.crm__ack", lake.spark.createDataFrame(rows, schema_of(lake.contracts, "export.crm__ack"))
        )


def _base_release(lake: Lake, release: Release) -> str | None:
    """The newest accepted release whose state is kept and near enough; None means that a full export is due."""
    accepted = (
        lake.read("export.crm__ack").where("ack_state_code = 'accepted'").select("release_id").distinct()
    )
    history = lake.read("ops.release").orderBy(F.desc("published_at")).select("release_id").collect()
    newest_first = [row["release_id"] for row in history if row["release_id"] != release.release_id]
    known = {row["release_id"] for row in accepted.collect()}
    kept = {row["release_id"] for row in lake.read(FULL).select("release_id").distinct().collect()}
    for behind, candidate in enumerate(newest_first):
        if behind >= MOST_RELEASES_BEHIND:
            return None
        if candidate in known and candidate in kept:
            return candidate
    return None


def _full_rows(lake: Lake, release: Release, day: DateRange, base: str | None) -> DataFrame:
    customers = _with_layers(lake.read("profile.customer_daily", day))
    memberships = explode_days(lake.read("identity.party_customer"), day).drop("business_date")
    golden = explode_days(lake.read("identity.golden_hist"), day)
    consents = crm.granted(_layer(lake, "profile.a_consent_hist", CONSENTS, day))
    numbers = crm.numbers_by_customer(lake.read("silver.party"), memberships)
    staff = lake.read("silver.staff").select(
        F.col("staff_id").alias("manager_staff_id"),
        F.col("staff_no_hrorg").alias("manager_staff_no"),
        "team_code",
    )
    churn = _layer(lake, "profile.a_model_score", SCORES).where(
        (F.col("model_code") == "churn") & (F.col("as_of_date") <= day.last)
    )
    newest = churn.groupBy("customer_id").agg(F.max_by("reason_codes", "as_of_date").alias("reason_codes"))
    rows = crm.assemble_rows(
        crm.keep_eligible(customers), golden, consents, numbers, staff, newest,
        _layer(lake, "profile.a_contact_preference", PREFERENCES), tokeniser(lake.settings, "crm"),
    ).withColumn("business_date", F.lit(day.last))  # fmt: skip
    reviews = lake.read("identity.review_item").where(
        F.col("kind_code").isin(*IN_DOUBT) & (F.col("state_code") == "open")
    )
    doubted = reviews.select(F.explode("party_ids").alias("party_id"))
    doubtful = memberships.join(doubted, "party_id", "left_semi").select("customer_id").distinct()
    before = (
        lake.read(FULL)
        .where(F.col("release_id") == (base or ""))
        .withColumn("business_date", F.lit(day.last))
    )
    return crm.keep_last_exported(rows, doubtful, before)


def _layer(lake: Lake, table: str, columns: str, day: DateRange | None = None) -> DataFrame:
    """A table of a layer this lake may not have; empty with these columns where it does not."""
    if table not in lake.contracts.tables:
        return lake.spark.createDataFrame([], columns)
    rows = lake.read(table)
    return rows if day is None else explode_days(rows, day)


def _with_layers(customers: DataFrame) -> DataFrame:
    """More columns: conclusions of layers this lake may not have are null, never invented."""
    for name, type_ in CONCLUSIONS.items():
        if name not in customers.columns:
            customers = customers.withColumn(name, F.lit(None).cast(type_))
    return customers


def _delta_rows(lake: Lake, release: Release, base: str, now: DataFrame, day: DateRange) -> DataFrame:
    tokens = tokeniser(lake.settings, "crm")
    before = lake.read(FULL).where(F.col("release_id") == base)
    since = before.agg(F.max("business_date").alias("day")).first()
    customers = lake.read("identity.customer")
    retired = customers.where("status_code = 'retired'").select(
        tokens.column("customer", F.col("customer_id")).alias("crm_customer_token"),
        tokens.column("customer", F.col("retired_into_customer_id")).alias("to_crm_customer_token"),
    )
    events = lake.read("identity.customer_event").where(
        (F.col("kind_code") == "split")
        & (F.col("business_date") > F.lit(since["day"] if since else day.first))
    )
    ecif = lake.read("silver.party").where("source_code = 'ecif'").select("party_id", "party_no_source")
    moved = (
        events.select("customer_event_id", F.explode_outer("moved_party_ids").alias("party_id"))
        .join(ecif, "party_id", "left")
        .groupBy("customer_event_id")
        .agg(F.array_sort(F.collect_set("party_no_source")).alias("moved_parties"))
    )
    splits = events.join(moved, "customer_event_id").select(
        tokens.column("customer", F.col("customer_id")).alias("crm_customer_token"),
        tokens.column("customer", F.col("other_customer_id")).alias("to_crm_customer_token"),
        "moved_parties",
    )
    today = lake.read("profile.customer_daily", day).select(
        tokens.column("customer", F.col("customer_id")).alias("crm_customer_token"),
        F.when(F.col("product_cnt") == 0, "closed").otherwise("out_of_scope").alias("op_reason_code"),
    )
    erased = customers.where("status_code = 'erased'").select(
        tokens.column("customer", F.col("customer_id")).alias("crm_customer_token"),
        F.lit("erased").alias("op_reason_code"),
    )
    changes = delta.derive_changes(before, now, retired, splits, today.unionByName(erased))
    return (
        changes.withColumn("business_date", F.lit(day.last))
        .withColumn("release_id", F.lit(release.release_id))
        .withColumn("base_release_id", F.lit(base))
    )


def _manifest(release: Release, contract: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "contract": contract, "contract_version": 1, "kind": kind, "release_id": release.release_id,
        "business_date": release.business_date, "rules_version": release.rules_version,
        "produced_at": release.published_at, **more,
    }  # fmt: skip


def _package(lake: Lake, release: Release, manifest: Mapping[str, Any], rows: DataFrame) -> None:
    folder = files.folder_of(
        lake.settings.exports, str(manifest["contract"]), date.fromisoformat(release.business_date)
    )
    present = files.manifest_of(folder)
    if present is None or present["release_id"] != release.release_id:
        files.write_package(folder, rows.toArrow(), manifest)


def _write_full(lake: Lake, release: Release, now: DataFrame, *, asked_for: bool) -> None:
    if not asked_for:
        return
    rows = now.select(*crm.CONTENT, "row_hash").orderBy("crm_customer_token")
    pairs = now.select("crm_customer_token", "row_hash").toArrow()
    total = now.agg(F.sum("aum_exact_cny").alias("sum")).first()
    controls = {
        "rows": pairs.num_rows,
        "sum_aum_exact_cny": str(total["sum"] if total and total["sum"] is not None else 0),
        "key_hash": files.key_hash(pairs["crm_customer_token"].to_pylist(), pairs["row_hash"].to_pylist()),
    }
    _package(lake, release, _manifest(release, "crm__customer_full_v1", "full", controls=controls), rows)


def _write_delta(lake: Lake, release: Release, base: str, changes: DataFrame, now: DataFrame) -> None:
    content = now.select(*crm.CONTENT)
    rows = (
        changes.select(
            "seq_no",
            "op_code",
            "crm_customer_token",
            "to_crm_customer_token",
            "moved_parties",
            "op_reason_code",
            "row_hash",
        )
        .join(content, "crm_customer_token", "left")
        .orderBy("seq_no")
    )
    counted = {row["op_code"]: row["count"] for row in changes.groupBy("op_code").count().collect()}
    pairs = now.select("crm_customer_token", "row_hash").toArrow()
    controls = {
        "rows": sum(counted.values()),
        **{op: counted.get(op, 0) for op in ("upsert", "delete", "merge", "split", "erase")},
        "key_hash": files.key_hash(pairs["crm_customer_token"].to_pylist(), pairs["row_hash"].to_pylist()),
    }
    manifest = _manifest(release, "crm__customer_delta_v1", "delta", base_release_id=base, controls=controls)
    _package(lake, release, manifest, rows)


def _write_worklist(lake: Lake, release: Release, day: DateRange) -> None:
    if WORKLIST not in lake.contracts.tables:
        return
    rows = lake.read(WORKLIST, day)
    manifest = _manifest(release, "crm__worklist_v1", "full", controls={"rows": rows.count()})
    _package(lake, release, manifest, rows.drop("business_date").orderBy("rule_hit_id"))
