"""The complaints of the bureau, from the file to customers, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from examples.run import EXAMPLES, lay_out
from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange
from spark_jobs.runner import RunSummary, run_range
from spark_jobs.settings import Settings
from spark_jobs.versions import rules_version
from tests.examples.test_public_data import needs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.tables import Lake

JOBS = (
    "bronze",
    "gate_bronze",
    "silver",
    "gate_silver",
    "identity",
    "gate_identity",
    "profile_o",
    "profile_b",
    "profile_a",
)


@pytest.fixture(scope="module")
def complaints(
    spark: SparkSession, server_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lake, RunSummary]]:
    """The lake of a bank that has nothing but the complaints of the CFPB file, up to its customers' day."""
    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.tables import Lake

    example = next(e for e in EXAMPLES if e.name == "cfpb_complaints")
    needs(example)
    folder = tmp_path_factory.mktemp("cfpb")
    lay_out(example, folder / "landing")
    settings = settings_module.load(
        overlay=example.conf, home=folder / "home", landing=folder / "landing"
    ).with_(prefix="t_cfpb_", server=server_settings.server)
    day = DateRange.day(example.day)
    lake = Lake(
        spark,
        settings,
        RunContext(day, cut_off(settings, example.day), rules_version(settings), "", "backfill"),
    )
    yield lake, run_range(settings, day, "backfill", JOBS, lake=lake)
    for schema in spark.catalog.listDatabases("t_cfpb_*"):
        spark.sql(f"DROP DATABASE IF EXISTS `{schema.name}` CASCADE")


@pytest.mark.slow
@pytest.mark.requirement("R-ING-12")
def test_complaints_without_a_complainant_are_customers_of_their_own(
    complaints: tuple[Lake, RunSummary],
) -> None:
    """2,690 complaints are still in progress (README of the data); Consumer disputed? says Yes 4,708, No 1,298, nothing 22,150 times."""
    lake, summary = complaints
    assert summary.exit_code == 0, summary.message

    rows = lake.read("silver.complaint")
    states = {r["state_code"]: r["count"] for r in rows.groupBy("state_code").count().collect()}
    appealed = {r["is_appealed"]: r["count"] for r in rows.groupBy("is_appealed").count().collect()}

    assert states == {"assigned": 2_690, "closed": 28_156 - 2_690}
    assert appealed == {True: 4_708, False: 1_298, None: 22_150}
    assert lake.read("identity.customer").count() == 28_156
    assert lake.read("silver.complaint_event").count() == 2 * 28_156
