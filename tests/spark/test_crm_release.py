"""Two days of a bank of three people at CRM: a full export, then a merge by delta, a task, and nothing new where the day runs again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import functions as F

from examples import crm_reader as reader
from spark_jobs.clock import cut_off
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import ExportHeld
from spark_jobs.exports import release as releases
from spark_jobs.exports.files import folder_of, manifest_of
from spark_jobs.jobs import export
from spark_jobs.privacy.tokens import tokeniser
from tests.support.tables import table

TUESDAY, WEDNESDAY = date(2026, 9, 29), date(2026, 9, 30)
EVER = "9999-12-31"


def fill(lake, name: str, schema: str, text: str, dates: DateRange | None = None) -> None:
    """Publish rows with the drawn columns; all others are null."""
    drawn = table(lake.spark, schema, text)
    given = {"known_from", "known_to"}
    for column in lake.contracts.table(name).stored_columns:
        if column not in drawn.columns and column not in given and not column.startswith("_"):
            drawn = drawn.withColumn(column, F.lit(None))
    lake.publish(name, drawn, dates)


def live(lake, day: date, members: str, customers: str, events: str = "") -> None:
    """What the earlier stages would have written for the day."""
    lake.run = replace(
        lake.run, dates=DateRange.day(day), known_at=cut_off(lake.settings, day), run_id=f"run-{day}"
    )
    fill(
        lake,
        "identity.party_customer",
        "party_id string, customer_id string, valid_from date, valid_to date",
        members,
    )
    fill(
        lake,
        "identity.customer",
        "customer_id string, created_date date, status_code string, retired_into_customer_id string",
        customers,
    )
    fill(
        lake, "identity.customer_event",
        "customer_event_id string, kind_code string, customer_id string, other_customer_id string, business_date date", events,
    )  # fmt: skip
    alive = [line.split("|")[0].strip() for line in customers.strip().splitlines() if "active" in line]
    rows = "\n".join(f"{c} | {day} | 1 | false | false | 1000.00 | 2020-01-01 | 1000.00 | 1" for c in alive)
    fill(
        lake, "profile.customer_daily",
        "customer_id string, business_date date, product_cnt bigint, is_minor boolean, is_deceased boolean, aum_30_avg_cny decimal(18,2), "
        "relationship_date date, aum_cny decimal(18,2), party_cnt bigint",
        rows, DateRange.day(day),
    )  # fmt: skip
    pinned = {
        "profile.customer_daily": releases.PublishedTable(
            lake.version("profile.customer_daily"), str(lake.location("profile.customer_daily")), "x"
        )
    }
    name, at = releases.release_id(day, pinned, "rules"), lake.clock()
    releases.make_visible(
        lake.settings, releases.Release(name, str(day), "run", "rules", "code", releases.utc_text(at), pinned)
    )
    row = (name, day, "run", {}, "rules", "code", at, "published", None)
    lake.publish("ops.release", lake.spark.createDataFrame([row], schema_of(lake.contracts, "ops.release")))


@pytest.mark.slow
def test_two_days_at_crm(make_lake):
    lake = make_lake(WEDNESDAY)
    fill(
        lake,
        "silver.party",
        "party_id string, source_code string, party_no_source string",
        "p1 | crm | R1\np2 | crm | R2\ne2 | ecif | E2\np3 | crm | R3",
    )
    fill(
        lake,
        "silver.staff",
        "staff_id string, staff_no_hrorg string, team_code string, source_code string",
        "m | RM1 | T1 | hrorg",
    )
    fill(
        lake,
        "silver.customer_manager_hist",
        "party_id string, manager_staff_id string, valid_from date, valid_to date",
        f"p1 | m | 2026-01-01 | {EVER}",
    )
    fill(lake, "identity.golden_hist", "customer_id string, name string, mobile_norm string, valid_from date, valid_to date",
         f"a | 王甲 | +8615400000001 | 2026-01-01 | {EVER}\nb | 王乙 | +8615400000002 | 2026-01-01 | {EVER}")  # fmt: skip
    fill(lake, "profile.a_consent_hist", "customer_id string, purpose_code string, data_class_code string, channel_code string, state_code string, valid_from date, valid_to date",
         f"a | care | contact | any | granted | 2026-01-01 | 2026-09-30\na | care | contact | any | withdrawn | 2026-09-30 | {EVER}")  # fmt: skip
    before = f"p1 | a | 2026-01-01 | {EVER}\np2 | b | 2026-01-01 | {EVER}\ne2 | b | 2026-01-01 | {EVER}\np3 | c | 2026-01-01 | {EVER}"
    three = "a | 2026-01-01 | active |\nb | 2026-01-01 | active |\nc | 2026-01-01 | active |"
    live(lake, TUESDAY, before, three)
    fill(
        lake, "profile.a_rule_hit",
        "rule_hit_id string, rule_code string, customer_id string, business_date date, action_date date, subject_ref string, trigger string, purpose_code string, "
        "priority_code string, channel_code string, created_at timestamp, due_at timestamp, outcome_code string, reason_codes array<string>",
        "h1 | A01 | a | 2026-09-29 | 2026-09-30 | outflow | {} | care | 1 | phone | 2026-09-29 22:30:00 | 2026-09-30 03:00:00 | sent | []",
        DateRange.day(TUESDAY),
    )  # fmt: skip

    export.run(lake, DateRange.day(TUESDAY))

    exports, store = lake.settings.exports, reader.Store(lake.settings.home / "store")
    full = folder_of(exports, reader.FULL, TUESDAY)
    assert reader.take(exports, store, full) == "applied"
    crm = tokeniser(lake.settings, "crm")
    a, b, c = (crm.value("customer", each) for each in "abc")
    first = store.load(store.present()[0])
    assert {n: (r["export_name"], r["can_care"], r["aum_exact_cny"]) for n, r in first.rows.items()} == {
        a: ("王甲", True, "1000.00"), b: (None, False, None), c: (None, False, None),
    }  # fmt: skip
    assert first.owners == {"R1": a, "R2": b, "R3": c}
    [tasks] = [reader.read(folder_of(exports, "crm__worklist_v1", TUESDAY))[1]]
    assert [(t["rule_hit_id"], t["crm_customer_token"], t["outcome_code"], t["rank_no"]) for t in tasks] == [
        ("h1", a, "sent", 1)
    ]

    merged = f"p1 | a | 2026-01-01 | {EVER}\np2 | b | 2026-01-01 | 2026-09-30\np2 | a | 2026-09-30 | {EVER}\ne2 | b | 2026-01-01 | 2026-09-30\ne2 | a | 2026-09-30 | {EVER}\np3 | c | 2026-01-01 | {EVER}"
    live(lake, WEDNESDAY, merged, three.replace("b | 2026-01-01 | active |", "b | 2026-01-01 | retired | a"))
    export.run(lake, DateRange.day(WEDNESDAY))

    delta = folder_of(exports, reader.DELTA, WEDNESDAY)
    assert not folder_of(exports, reader.FULL, WEDNESDAY).exists(), (
        "what was acknowledged needs no full package"
    )
    assert [(r["op_code"], r["crm_customer_token"], r["to_crm_customer_token"]) for r in reader.read(delta)[1]] == [
        ("merge", b, a), ("upsert", a, None),
    ]  # fmt: skip
    assert reader.take(exports, store, delta) == "applied"
    second = store.load(store.present()[0])
    assert second.owners == {"R1": a, "R2": a, "R3": c}
    assert (second.rows[a]["export_name"], second.rows[a]["can_care"]) == (None, False), (
        "consent was withdrawn"
    )
    assert second.rows[a]["withheld_codes"] == [
        "care:consent",
        "churn:consent",
        "contact:consent",
        "sell:consent",
    ]
    assert reader.read(folder_of(exports, "crm__worklist_v1", WEDNESDAY))[1] == [], "a task is sent once"
    held = {
        r["crm_customer_token"]: r["row_hash"]
        for r in lake.read(export.FULL, DateRange.day(WEDNESDAY)).collect()
    }
    assert {n: row["row_hash"] for n, row in second.rows.items()} == held

    files = {p: p.stat().st_mtime_ns for p in exports.rglob("*") if p.is_file()}
    versions = {
        t: lake.version(t)
        for t in (export.FULL, export.DELTA, "export.crm__worklist_v1", export.PACKAGE, export.DEADLINE)
    }
    export.run(lake, DateRange.day(WEDNESDAY))
    assert {p: p.stat().st_mtime_ns for p in exports.rglob("*") if p.is_file()} == files
    assert {t: lake.version(t) for t in versions} == versions

    fill(lake, "ops.delivery_file", "file_id string, feed_code string, business_date date, state_code string, is_required boolean",
         "f1 | consent__consent | 2026-09-29 | loaded | false\nf2 | ref__holiday | 2026-09-30 | loaded | true")  # fmt: skip
    with pytest.raises(ExportHeld, match="stale:consent__consent:2026-09-29"):
        export.run(lake, DateRange.day(WEDNESDAY))
    [row] = lake.read(export.DEADLINE, DateRange.day(WEDNESDAY)).collect()
    assert (row["deadline_state_code"], row["reason_codes"], row["left_at"]) == (
        "missed",
        ["stale:consent__consent:2026-09-29"],
        None,
    )
    assert manifest_of(delta) is not None, "what was sent stays"
