"""Ledgers of a run: deadlines, schemas of feeds, and what was made of what."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

from spark_jobs import stage_ledger
from spark_jobs.bronze import ledger
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.jobs import ledgers
from tests.conftest import LAST_DAY
from tests.unit.bronze.test_ledger import file

if TYPE_CHECKING:
    from spark_jobs.tables import Lake

NOW = datetime(2026, 10, 1)


def test_a_late_feed_and_a_missing_one_are_told_and_a_second_run_adds_no_schema(lake: Lake) -> None:
    # 02:30 in Shanghai on 1 October is 18:30 UTC on 30 September; the file came an hour later.
    late = file("a", state="loaded", business_date=LAST_DAY, arrived_at=datetime(2026, 9, 30, 19, 30))
    ledger.write_states(lake, {"a": late})

    ledgers.run(lake, DateRange.day(LAST_DAY))
    version = lake.version("ops.schema_version")
    ledgers.run(lake, DateRange.day(LAST_DAY))

    told = {row["subject_code"]: row for row in lake.read("ops.deadline").collect()}
    assert (told["core__txn"]["state_code"], told["core__txn"]["late_minutes"]) == ("late", 60)
    assert told["core__txn"]["due_at"] == datetime(2026, 9, 30, 18, 30)
    assert (
        told["core__cif"]["state_code"] == "missed"
    )  # The bank cannot do without it, whether or not it ever came.
    assert "loan__repay" not in told
    (schema,) = lake.read("ops.schema_version").collect()
    assert (schema["feed_code"], schema["schema_first_date"], schema["diff_json"]) == (
        "core__txn",
        LAST_DAY,
        None,
    )
    assert list(json.loads(schema["columns_json"])) == lake.sources["core__txn"].names()
    assert lake.version("ops.schema_version") == version


def test_lineage_ties_each_version_written_to_each_version_read(lake: Lake) -> None:
    day = date(2026, 9, 30)
    reads = {"profile.o_customer_daily": 3, "ops.delivery_file": 1}
    wrote = (
        "run-test",
        "customer",
        "profile.customer_daily",
        day,
        day,
        "r",
        1,
        reads,
        5,
        10,
        {},
        1.0,
        NOW,
        NOW,
    )
    judged = (
        "run-test",
        "gate_profile",
        "gate_profile",
        day,
        day,
        "r",
        1,
        {"profile.customer_daily": 5},
        None,
        0,
        {},
        1.0,
        NOW,
        NOW,
    )
    frame = lake.spark.createDataFrame([wrote, judged], schema_of(lake.contracts, stage_ledger.STAGE_LEDGER))
    lake.publish(stage_ledger.STAGE_LEDGER, frame)

    stage_ledger.enter_lineage(lake)

    assert [tuple(row) for row in lake.read(stage_ledger.LINEAGE).collect()] == [
        ("run-test", "customer", "profile.o_customer_daily", "profile.customer_daily", 3, 5)
    ]
