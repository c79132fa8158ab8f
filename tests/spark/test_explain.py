"""A value of a real lake back to the bytes: CORE's own packages, read by the real reader and written by Spark."""

from __future__ import annotations

import tarfile
from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.explain import walk
from spark_jobs.exports import release as releases
from spark_jobs.history import current_belief
from spark_jobs.jobs import bronze, customer, profile_o, silver
from spark_jobs.silver.conform import FIRST, Work
from spark_jobs.tables import side_by_side

DAY = date(2026, 9, 21)
TABLES = (
    "silver.party_hist",
    "silver.party_agreement",
    "silver.agreement",
    "silver.deposit_daily",
    "silver.product_hist",
)


@pytest.fixture
def core_bank(make_lake, nano_landing):
    """The first business date of the nano bank's core system, each of its customers a person of their own, published."""
    lake = make_lake(DAY, landing=nano_landing)
    dates = DateRange.day(DAY)
    bronze.run(lake, dates, systems=["CORE"])
    work = Work(lake, silver._feeds(lake, dates), dates)
    side_by_side([silver._publisher(work, table, FIRST[table]) for table in TABLES])
    work.feeds.views.drop()
    members = current_belief(lake.read("silver.party_hist")).select(
        "party_id", F.col("party_id").alias("customer_id"), F.lit("core_number").alias("link_reason_code"),
        F.lit(1.0).alias("confidence_ratio"), "valid_from", "valid_to",
    )  # fmt: skip
    lake.publish("identity.party_customer", members)
    profile_o.run(lake, dates)
    customer.run(lake, dates)
    table = "profile.customer_daily"
    shown = releases.PublishedTable(lake.version(table), str(lake.location(table)), lake.name(table))
    releases.make_visible(
        lake.settings,
        releases.Release("r1", str(DAY), "run", "rules", "code", "2026-10-01T00:00:00Z", {table: shown}),
    )
    return lake


@pytest.mark.slow
def test_every_balance_is_found_again_in_the_bytes_it_came_in(core_bank):
    """Each file is opened and cut here, by the layout of its contract, independently of the walk."""
    layout = {f.name: f.at for f in core_bank.sources["core__acct_bal"].fields}
    rich = (
        core_bank.read("profile.customer_daily")
        .where("deposit_cny > 0")
        .orderBy("customer_id")
        .limit(5)
        .collect()
    )
    assert len(rich) == 5
    for row in rich:
        told = walk.explain(core_bank.settings, row["customer_id"], "deposit_cny", DAY)

        assert (told.value, told.reaches, told.adds_up) == (row["deposit_cny"], "file", True)
        [balances] = [step for step in told.steps if step.table == "silver.deposit_daily"]
        assert balances.rows
        for balance in balances.rows:
            [record] = balance.records
            [package] = core_bank.settings.landing.rglob(record.file.package)
            with tarfile.open(package) as archive:
                content = archive.extractfile(record.file.name).read()
            cut = content[record.byte_offset : record.byte_offset + record.byte_len]
            first, last = layout["bal"]
            assert Decimal(int(cut[first - 1 : last])) / 100 == balance.values["balance_amt"]
            assert content[: record.byte_offset].count(b"\n") + 1 == record.line_no
            assert record.bytes_are == "same"
            assert set(record.file.checks.values()) == {"pass"}
        counted = walk.explain(core_bank.settings, row["customer_id"], "party_cnt", DAY)
        assert (counted.value, counted.reaches) == (1, "file")
