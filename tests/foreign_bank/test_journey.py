"""Nordhain end to end: from the files of two days to marts, a CRM file and a page for the steward, with YAML alone.

Sums are worked out by hand from the table in files.py. 1 October, euro: 1…30 have n thousand and n cents, 465.004,65 together, but 5 is in the red
instead of having 5.000,05, which leaves 460.004,60; the joint account brings 1.000,01, the dollars 1.000 × 0,92165899 (1 ÷ 1,0850) = 921,66, the francs
2.000 × 1,05263158 (1 ÷ 0,95) = 2.105,26: 464.031,53. On 2 October customer 1 pays in 100,00, and 1.000 dollars are worth 1.000 × 0,90909091 = 909,09:
464.118,96. That day nobody quotes the franc, so its last rate holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange
from spark_jobs.exports import published
from spark_jobs.exports import release as releases
from spark_jobs.runner import RunSummary, run_range
from spark_jobs.settings import Settings
from spark_jobs.versions import rules_version
from tests.foreign_bank import files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.tables import Lake

CONF = Path(__file__).parent / "conf"
THURSDAY, FRIDAY = files.DAYS
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nordhain(
    spark: SparkSession, server_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lake, RunSummary]]:
    """The bank's lake after one run over both days, in schemas of its own on the server of all tests."""
    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.tables import Lake

    folder = tmp_path_factory.mktemp("nordhain")
    files.deliver(folder / "landing")
    settings = settings_module.load(overlay=CONF, home=folder / "home", landing=folder / "landing").with_(
        prefix="t_nordhain_", server=server_settings.server
    )
    dates = DateRange(THURSDAY, FRIDAY)
    lake = Lake(
        spark, settings, RunContext(dates, cut_off(settings, FRIDAY), rules_version(settings), "", "backfill")
    )
    yield lake, run_range(settings, dates, "backfill", lake=lake)
    for schema in spark.catalog.listDatabases("t_nordhain_*"):
        spark.sql(f"DROP DATABASE IF EXISTS `{schema.name}` CASCADE")


def sql(lake: Lake, query: str) -> list[tuple[object, ...]]:
    return published.query(lake.settings, query)[1]


@pytest.mark.requirement("R-ING-02", "R-ING-23")
def test_two_days_are_published_though_the_card_centre_is_held(nordhain: tuple[Lake, RunSummary]) -> None:
    lake, summary = nordhain

    assert (summary.state, summary.exit_code) == ("published", 0), summary.message
    held = published.ledger(
        lake.settings,
        "ops.delivery_file",
        "select business_date, feed_code, reason_code from {table} where state_code = 'held'",
    )[1]
    assert held == [(FRIDAY, "karte__konten", "row_count_control")]


@pytest.mark.requirement("R-OPS-01")
def test_what_readers_see_says_as_of_when_it_is_and_how_new_its_newest_source(
    nordhain: tuple[Lake, RunSummary],
) -> None:
    lake, _ = nordhain
    arrivals = published.ledger(
        lake.settings, "ops.delivery_file", "select max(arrived_at) from {table} where state_code = 'loaded'"
    )[1]
    newest = releases.utc_text(arrivals[0][0].astimezone(UTC).replace(tzinfo=None))

    release = published.describe(lake.settings)

    assert (release.business_date, release.newest_source_at) == (str(FRIDAY), newest)
    assert newest in (lake.settings.home / "duckdb_views.sql").read_text(encoding="utf-8").splitlines()[0]
    manifests = [
        json.loads(p.read_text(encoding="utf-8"))
        for p in lake.settings.exports.glob("*/20261002/manifest.json")
    ]
    assert {(m["business_date"], m["newest_source_at"]) for m in manifests} == {(str(FRIDAY), newest)}
    told = published.ledger(
        lake.settings, "ops.release", "select business_date, newest_source_at from {table}"
    )[1]
    assert (FRIDAY, arrivals[0][0]) in told


def test_the_line_that_was_cut_short_lies_in_quarantine(nordhain: tuple[Lake, RunSummary]) -> None:
    kept = published.ledger(
        nordhain[0].settings,
        "ops.quarantine",
        "select feed_code, business_date, line_no, reason_codes from {table}",
    )[1]

    assert kept == [("haus__kunden", THURSDAY, 31, ["record_length"])]


@pytest.mark.parametrize(("day", "people"), [(THURSDAY, 33), (FRIDAY, 34)])
def test_everybody_is_one_customer_and_the_twins_are_two(
    nordhain: tuple[Lake, RunSummary], day: date, people: int
) -> None:
    """30 of the core (31 on Friday, when the line is whole), and the three with nothing but a card; eleven card holders are found again."""
    counted = sql(
        nordhain[0], f"select count(*) from profile.customer_daily where business_date = date '{day}'"
    )

    assert counted == [(people,)]


@pytest.mark.parametrize(("day", "total"), [(THURSDAY, "464031.53"), (FRIDAY, "464118.96")])
def test_money_adds_up_to_the_cent_in_euro(nordhain: tuple[Lake, RunSummary], day: date, total: str) -> None:
    summed = sql(
        nordhain[0], f"select sum(aum_cny) from profile.customer_daily where business_date = date '{day}'"
    )

    assert summed == [(Decimal(total),)]


def test_single_customers_have_what_is_theirs(nordhain: tuple[Lake, RunSummary]) -> None:
    """Of the joint account's 1.000,01 the first holder has the odd cent; what 5 owes is no money of theirs."""
    lake, _ = nordhain
    parties = {
        row["party_no_source"].lstrip("0"): row["customer_id"]
        for row in lake.read("silver.party").join(lake.read("identity.party_customer"), "party_id").where(
            "source_code = 'haus' and known_to = timestamp'9999-12-31'"
        ).select("party_no_source", "customer_id").collect()
    }  # fmt: skip
    aum = dict(
        sql(
            lake,
            f"select customer_id, aum_cny from profile.customer_daily where business_date = date '{FRIDAY}'",
        )
    )

    assert len(set(parties.values())) == 31
    assert {number: aum[parties[number]] for number in ("1", "2", "3", "4", "5", "7", "8", "30")} == {
        "1": Decimal("1100.01"), "2": Decimal("2000.02"), "3": Decimal("3500.04"), "4": Decimal("4500.04"), "5": Decimal("0.00"),
        "7": Decimal("7909.16"), "8": Decimal("10105.34"), "30": Decimal("30000.30"),
    }  # fmt: skip


def test_marts_answer_in_one_release(nordhain: tuple[Lake, RunSummary]) -> None:
    lake, _ = nordhain

    assert sql(lake, "select count(*), sum(aum_cny) from mart.dim_customer") == [(34, Decimal("464118.96"))]
    assert sql(
        lake,
        "select count(*) from mart.dim_date where is_working_day and calendar_date between '2026-10-01' and '2026-10-04'",
    ) == [(2,)]


def test_crm_gets_its_file_without_a_name_because_nobody_consented(nordhain: tuple[Lake, RunSummary]) -> None:
    """34 customers but 31, who has no account yet, and the twins 1 and 2: until a steward has looked at them CRM waits."""
    (folder,) = nordhain[0].settings.exports.glob("*customer_full*/20261002")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    rows = pq.read_table(folder / manifest["files"][0]["name"]).to_pylist()

    assert len(rows) == manifest["files"][0]["rows"] == 34 - 1 - 2
    assert {(row["export_name"], row["export_mobile"]) for row in rows} == {(None, None)}


def test_the_steward_sees_what_was_held_and_no_customer(nordhain: tuple[Lake, RunSummary]) -> None:
    page = next(nordhain[0].settings.report.rglob(f"*{FRIDAY}*.html")).read_text(encoding="utf-8")

    assert "karte__konten" in page
    assert "row_count_control" in page
    assert "Nordhain-" not in page
