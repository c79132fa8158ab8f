"""A correction comes for a day that readers have seen: the log says what became otherwise, once, and nothing where nothing did."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as F

from spark_jobs.bronze import ledger
from spark_jobs.clock import cut_off
from spark_jobs.dates import DateRange
from spark_jobs.exports import release as releases
from spark_jobs.exports.restated import TABLE, summarise_differences
from spark_jobs.jobs import publish
from tests.support.tables import table
from tests.unit.bronze.test_ledger import file

if TYPE_CHECKING:
    from collections.abc import Callable

    from spark_jobs.tables import Lake

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 9, day) for day in (28, 29, 30))
SCHEMA = "customer_id string, business_date date, aum_cny decimal(18,2), stage_code string"


def test_added_removed_and_changed_rows_are_counted_by_date_with_the_aum_they_move(lake: Lake) -> None:
    before = table(
        lake.spark,
        SCHEMA,
        """
        li   | 2026-09-28 | 100.00 | growth
        wang | 2026-09-28 |  50.00 |
        zhao | 2026-09-28 |   7.00 | growth
        li   | 2026-09-29 | 100.00 | growth
    """,
    )
    after = table(
        lake.spark,
        SCHEMA,
        """
        li   | 2026-09-28 | 130.00 | growth
        wang | 2026-09-28 |  50.00 | growth
        sun  | 2026-09-28 |   1.50 | growth
        li   | 2026-09-29 | 100.00 | growth
    """,
    )

    found = summarise_differences(before, after, ["customer_id", "business_date"], "business_date", "aum_cny")

    # Li has 30 more, Wang a stage, Zhao went with 7.00 and Sun came with 1.50; the 29th is as it was.
    assert [tuple(map(str, row)) for row in found.collect()] == [("2026-09-28", "1", "1", "2", "4", "24.50")]


def on(lake: Lake, day: date) -> None:
    """The run of that day."""
    lake.run = replace(
        lake.run, dates=DateRange.day(day), known_at=cut_off(lake.settings, day), run_id=f"run-{day}"
    )


def live(lake: Lake, dates: DateRange, rows: str) -> None:
    """What the stages before publishing write for these dates."""
    people = table(lake.spark, SCHEMA, rows)
    contract = lake.contracts.table("profile.customer_daily")
    types = {f.name: f.type for f in lake.contracts.stored_fields(contract.table)}
    counts = {
        c: F.lit(0) if types[c] == "bigint" else F.lit(False)
        for c in contract.not_null
        if c not in people.columns
    }
    missing = {
        c: counts.get(c, F.lit(None).cast(types[c]))
        for c in contract.columns if c not in people.columns and not c.endswith("_bucket")
    }  # fmt: skip
    lake.publish(contract.table, people.withColumns(missing).withColumn("tier_code", F.lit("MASS")), dates)


def told(lake: Lake) -> list[tuple[str, ...]]:
    rows = lake.read(TABLE).orderBy("known_at", "table_name", "business_date")
    shown = rows.select(
        "business_date", "table_name", "rows_changed_cnt", "rows_added_cnt", "customers_touched_cnt", "aum_change_cny",
        "restated_by_code", F.concat_ws(" ", "cause_delivery_ids"),
    )  # fmt: skip
    return [tuple(map(str, row)) for row in shown.collect()]


@pytest.mark.requirement("R-OPS-06")
def test_a_corrected_delivery_is_logged_once_and_a_new_day_or_a_second_run_not_at_all(
    make_lake: Callable[[date], Lake],
) -> None:
    lake = make_lake(WEDNESDAY)
    on(lake, MONDAY)
    live(lake, DateRange.day(MONDAY), "li | 2026-09-28 | 100.00 | growth")
    lake.ensure_schema("mart_build")
    lake.spark.sql(f"CREATE TABLE {lake.name('mart_build.dim_org')} USING DELTA AS SELECT '1' AS org_code")
    publish.run(lake, DateRange.day(MONDAY))

    on(lake, TUESDAY)
    live(lake, DateRange.day(TUESDAY), "li | 2026-09-29 | 100.00 | growth")
    publish.run(lake, DateRange.day(TUESDAY))
    assert not lake.exists(TABLE)

    # Monday's balances come again on Wednesday; the run rewrites Monday to Wednesday.
    on(lake, WEDNESDAY)
    resent = file(
        "b", 2, "loaded", business_date=MONDAY, arrived_at=cut_off(lake.settings, TUESDAY) + timedelta(hours=8),
        known_at=lake.run.known_at,
    )  # fmt: skip
    ordinary = file(
        "c",
        1,
        "loaded",
        business_date=WEDNESDAY,
        arrived_at=datetime(2026, 9, 30, 19),
        known_at=lake.run.known_at,
    )
    ledger.write_states(lake, {"b": resent, "c": ordinary})
    dates = DateRange(MONDAY, WEDNESDAY)
    live(
        lake,
        dates,
        """
        li   | 2026-09-28 | 160.00 | growth
        li   | 2026-09-29 | 100.00 | growth
        wang | 2026-09-29 |   5.00 | growth
        li   | 2026-09-30 | 100.00 | growth
    """,
    )
    publish.run(lake, dates)
    version, entered = lake.version(TABLE), lake.read("ops.release").count()
    # As if the run had been killed between the pointer and the ledger.
    newest = releases.current(lake.settings).release_id
    lake.spark.sql(f"DELETE FROM {lake.name('ops.release')} WHERE release_id = '{newest}'")
    publish.run(lake, dates)

    assert told(lake) == [
        ("2026-09-28", "profile.customer_daily", "1", "0", "1", "60.00", "delivery", "d2"),
        ("2026-09-29", "profile.customer_daily", "0", "1", "1", "5.00", "delivery", "d2"),
    ]
    assert lake.version(TABLE) == version
    assert lake.read("ops.release").count() == entered
