"""Fixtures for every test: one Spark server for the whole run, a lake of its own for each test that asks."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange
from spark_jobs.processes import listens
from spark_jobs.settings import ServerSettings, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.tables import Lake

LAST_DAY = date(2026, 9, 30)

hypothesis.settings.register_profile("build", derandomize=True, deadline=None)
hypothesis.settings.register_profile("home", deadline=None)
# The same examples for everybody; `HYPOTHESIS_PROFILE=home` looks for new ones.
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "build"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "requirement(*ids): requirements of docs/requirements.md that this test proves"
    )
    config.addinivalue_line("markers", "slow: takes more than about ten seconds")


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_ports(count: int) -> int:
    """The first of so many loopback ports in a row that are free now."""
    while True:
        first = free_port()
        if not any(listens(first + n) for n in range(1, count)):
            return first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What hangs is ended: a picture after a quarter of an hour, a walk, which a busy machine may stretch, after three."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(2700))


@pytest.fixture(scope="session")
def nano_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Landing of a fresh demo bank of 50 people; to be read only."""
    folder = tmp_path_factory.mktemp("nano")
    command = [sys.executable, "-c", "from spark_jobs.cli import main; main()"]
    arguments = ["demo-bank", "generate", "--size", "nano", "--out", str(folder)]
    subprocess.run([*command, *arguments], cwd=settings_module.REPOSITORY, check=True, capture_output=True)
    return folder / "landing"


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of the one Spark server of the whole run, which is started on first use and stopped at the end.

    `OXPECKER_TEST_CONNECT` (and `OXPECKER_TEST_THRIFT_PORT`) name one that runs already.
    """
    remote = os.environ.get("OXPECKER_TEST_CONNECT")
    if remote:
        thrift = int(os.environ.get("OXPECKER_TEST_THRIFT_PORT", "15991"))
        yield settings_module.load().with_(server=ServerSettings(remote=remote, thrift_port=thrift))
        return
    from spark_jobs import server

    home = tmp_path_factory.mktemp("server")
    given = settings_module.load(home=home)
    settings = given.with_(
        server=replace(given.server, connect_port=free_port(), thrift_port=free_port(), driver_memory="4g")
    )
    server.start(settings)
    yield settings
    server.stop(settings)


@pytest.fixture(scope="session")
def spark(server_settings: Settings) -> Iterator[SparkSession]:
    """The one session of this process."""
    from spark_jobs.session import connect

    session = connect(server_settings)
    yield session
    session.stop()


@pytest.fixture
def make_lake(
    spark: SparkSession, server_settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Lake]]:
    """Makes lakes with a prefix of their own; all their tables are dropped at the end of the test."""
    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.tables import Lake

    made: list[Lake] = []
    stem = hashlib.sha1(request.node.nodeid.encode(), usedforsecurity=False).hexdigest()[:8]

    def make(last: date = LAST_DAY, first: date | None = None, **changes: object) -> Lake:
        base = settings_module.load(home=tmp_path / "home", landing=tmp_path / "landing")
        settings = base.with_(prefix=f"t_{stem}_{len(made)}_", server=server_settings.server, **changes)
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
