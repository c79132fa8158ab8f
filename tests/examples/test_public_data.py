"""Files that nobody here made, onboarded by YAML alone: the contracts of examples/ read them, and one of them goes all the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples.run import EXAMPLES, Example, data_folder, lay_out
from spark_jobs import settings as settings_module
from spark_jobs.bronze.preview import look, nobody_asks_for
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import load_sources
from spark_jobs.dates import DateRange
from spark_jobs.runner import RunSummary, rules_version, run_range
from spark_jobs.settings import Settings
from spark_jobs.silver.mapping import read_maps
from spark_jobs.silver.transforms import TRANSFORMS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.tables import Lake

# Rows as the origin of each file counts them.
ROWS = {"card_default": 30_000, "bank_marketing": 45_211, "cfpb_complaints": 28_156}
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


def needs(example: Example) -> None:
    if not (data_folder() / example.file).is_file():
        pytest.skip(
            f"{example.file} is not in {data_folder()}; set EXAMPLES_DATA to the folder that holds the public files"
        )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_maps_of_an_example_fit_our_entities(example: Example) -> None:
    dirs = settings_module.load(overlay=example.conf).conf_dirs
    sources = load_sources(dirs)

    assert len(sources) == 1
    for source in sources.values():
        assert read_maps(source, load(dirs), lambda name: load_codes(dirs, name), tuple(TRANSFORMS))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_every_row_of_a_public_file_is_read(example: Example, tmp_path: Path) -> None:
    needs(example)
    lay_out(example, tmp_path)
    settings = settings_module.load(overlay=example.conf, landing=tmp_path)
    sources = load_sources(settings.conf_dirs)

    (looked,) = look(settings, sources)

    assert (looked.state, looked.rows, dict(looked.unreadable), looked.empty) == (
        "verified",
        ROWS[example.name],
        {},
        (),
    )
    assert looked.business_date == example.day
    assert nobody_asks_for(settings, sources) == []


def test_a_file_is_laid_out_as_it_is_and_its_arrival_lies_in_the_night_after_its_day(tmp_path: Path) -> None:
    example = EXAMPLES[0]
    needs(example)

    target = lay_out(example, tmp_path)

    assert target.read_bytes() == (data_folder() / example.file).read_bytes()
    assert datetime.fromtimestamp(target.stat().st_mtime).date() > example.day


@pytest.fixture(scope="module")
def complaints(
    spark: SparkSession, server_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lake, RunSummary]]:
    """The lake of a bank that has nothing but the complaints of the CFPB file, up to its customers' day."""
    from spark_jobs.tables import Lake, RunContext, cut_off

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
