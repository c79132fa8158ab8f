"""The DAGs at work: real scheduler, executor, triggerer and REST on a bank of fifty people; one start of Airflow for all of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import SparkSession

from spark_jobs import orchestrator, pipeline
from spark_jobs import settings as settings_module
from spark_jobs.airflow_client import ENDED, Client, TaskState
from spark_jobs.bronze.waiting import source_systems
from spark_jobs.exports import published
from spark_jobs.exports import release as releases
from spark_jobs.exports.files import manifest_of
from spark_jobs.settings import Settings
from tests.conftest import free_ports
from tests.support.lakes import handed_out, versions, written_since

ENDS_WITHIN_SECS = 2400
HISTORY = {"from_date": "2026-09-21", "to_date": "2026-09-28"}
DAY = {"business_date": "2026-09-29"}
FULL = "crm__customer_full_v1"


@pytest.fixture(scope="module")
def bank(
    spark: SparkSession,
    server_settings: Settings,
    nano_landing: object,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """A lake of its own on the one server; Airflow's tasks find it by the settings they are started with."""
    given = server_settings.server
    remote = given.remote or f"sc://127.0.0.1:{given.connect_port}"
    base = settings_module.load(home=tmp_path_factory.mktemp("airflow"), landing=str(nano_landing))
    server = replace(given, remote=remote, airflow_port=free_ports(orchestrator.PORTS))
    settings = base.with_(prefix="airflow_", server=server)
    yield settings
    orchestrator.stop(settings)
    for schema in spark.catalog.listDatabases("airflow_*"):
        spark.sql(f"DROP DATABASE IF EXISTS `{schema.name}` CASCADE")


@pytest.fixture(scope="module")
def client(bank: Settings) -> Client:
    return Client(orchestrator.start(bank, scheduled=False))


def follow(client: Client, dag: str, conf: dict[str, str]) -> tuple[str, list[TaskState]]:
    """Start a run and wait for its end; what `close_run` says of it, and its tasks."""
    until = time.monotonic() + ENDS_WITHIN_SECS
    latest: list[TaskState] = []

    def look(tasks: list[TaskState]) -> None:
        latest[:] = tasks
        waiting = sorted(t.name for t in tasks if t.state not in ENDED)
        assert time.monotonic() < until, f"{dag} did not end; unfinished: {', '.join(waiting)}"

    run = client.trigger(dag, conf)
    ended = client.follow(dag, run, look)
    red = {t.name: client.message(dag, run, t) for t in latest if t.state == "failed"}
    assert (ended, red) == ("success", {})
    return client.state(dag, run), latest


def runs(bank: Settings) -> list[tuple[object, ...]]:
    statement = "select kind_code, from_date, to_date, state_code from {table} order by started_at"
    return published.ledger(bank, "ops.run", statement)[1]


def each_job_ran(tasks: list[TaskState], bank: Settings) -> None:
    states = {t.task: t.state for t in tasks}
    assert {job.name: states.get(job.name) for job in pipeline.JOBS} == {
        job.name: "success" for job in pipeline.JOBS
    }
    assert sorted(t.label for t in tasks if t.task == "bronze") == source_systems(bank)


@pytest.mark.slow
def test_history_then_a_day_then_the_same_day_again(client: Client, bank: Settings) -> None:
    """Eight dates at once, the ninth by itself, and the ninth again: published, published, unchanged."""
    state, tasks = follow(client, "customer360_backfill", HISTORY)
    assert state == "published"
    each_job_ran(tasks, bank)
    first = releases.require_current(bank)
    assert first.business_date == "2026-09-28"

    state, tasks = follow(client, "customer360_daily", DAY)
    assert state == "published"
    each_job_ran(tasks, bank)
    assert {t.task: t.state for t in tasks}["wait_for_deliveries"] == "success"

    shown = releases.require_current(bank)
    assert shown.business_date == "2026-09-29"
    assert shown.release_id != first.release_id
    days = published.query(
        bank,
        "select business_date, count(*) = count(distinct customer_id) from profile.customer_daily group by 1 order by 1",
    )[1]
    assert days == [(date(2026, 9, day), True) for day in range(21, 30)]
    for day, release in (("28", first), ("29", shown)):
        manifest = manifest_of(bank.exports / FULL / f"202609{day}")
        assert manifest is not None
        assert manifest["release_id"] == release.release_id
    assert runs(bank) == [
        ("backfill", date(2026, 9, 21), date(2026, 9, 28), "published"),
        ("daily", date(2026, 9, 29), date(2026, 9, 29), "published"),
    ]

    tables, files = versions(bank), handed_out(bank)
    state, _ = follow(client, "customer360_daily", DAY)

    assert state == "unchanged"
    assert written_since(tables, bank) == {}
    assert handed_out(bank) == files
    assert releases.require_current(bank) == shown
