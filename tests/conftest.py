"""Fixtures for every test: one Spark server for the whole run, a lake of its own for each test that asks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.tables import Lake

LAST_DAY = date(2026, 9, 30)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "requirement(*ids): requirements of docs/requirements.md that this test proves"
    )
    config.addinivalue_line("markers", "slow: takes more than about ten seconds")


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The session of the one server; `OXPECKER_TEST_CONNECT` reuses one that runs already."""
    from pyspark.sql import SparkSession

    remote = os.environ["OXPECKER_TEST_CONNECT"]
    session = SparkSession.builder.remote(remote).getOrCreate()
    yield session


@pytest.fixture
def make_lake(
    spark: SparkSession, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Lake]]:
    """Makes lakes with a prefix of their own; all their tables are dropped at the end of the test."""
    from spark_jobs.tables import Lake, RunContext, cut_off

    made: list[Lake] = []
    stem = hashlib.sha1(request.node.nodeid.encode(), usedforsecurity=False).hexdigest()[:8]

    def make(last: date = LAST_DAY, first: date | None = None, **changes: object) -> Lake:
        base = settings_module.load(home=tmp_path / "home", landing=tmp_path / "landing")
        settings = base.with_(prefix=f"t_{stem}_{len(made)}_", **changes)
        dates = DateRange(first or last, last)
        run = RunContext(dates, cut_off(settings, last), "rules-test", "run-test")
        lake = Lake(spark, settings, run)
        made.append(lake)
        return lake

    yield make
    for lake in made:
        for schema in spark.catalog.listDatabases(f"{lake.settings.prefix}*"):
            spark.sql(f"DROP DATABASE IF EXISTS `{schema.name}` CASCADE")


@pytest.fixture
def lake(make_lake: Callable[..., Lake]) -> Lake:
    """An empty lake whose run is for 2026-09-30."""
    return make_lake()
