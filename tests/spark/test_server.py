"""The one Spark server: answers by Connect and Thrift, starts once, survives being killed."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyhive import hive

from spark_jobs import processes, server
from spark_jobs import settings as settings_module
from spark_jobs.errors import ServerError
from spark_jobs.settings import Settings
from tests.conftest import free_port


@pytest.fixture
def given(tmp_path: Path) -> Iterator[Settings]:
    """Settings of a server of this test's own; stopped at the end, whatever happened to it."""
    settings = settings_module.load(home=tmp_path / "home")
    ports = replace(settings.server, connect_port=free_port(), thrift_port=free_port(), driver_memory="1g")
    yield settings.with_(server=ports)
    server.stop(settings)


def ask(settings: Settings, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements over JDBC's door; the rows of the last one."""
    with closing(hive.connect("127.0.0.1", port=settings.server.thrift_port, auth="NONE")) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


@pytest.mark.slow
def test_a_killed_server_comes_back_with_every_table(given: Settings) -> None:
    first = server.start(given)
    assert first.pid is not None
    assert server.start(given).pid == first.pid, "a server that runs is not started again"
    ask(given, "create schema bank", "create table bank.account (no string, balance decimal(18,2)) using delta",
        "insert into bank.account values ('17', 12.50), ('18', 0.00)", "select 1")  # fmt: skip

    os.killpg(first.pid, signal.SIGKILL)
    while processes.start_time(first.pid) is not None:
        time.sleep(0.05)
    assert not server.status(given).answers
    second = server.start(given)

    assert second.pid != first.pid
    assert ask(given, "select no, cast(balance as string) from bank.account order by no") == [
        ("17", "12.50"),
        ("18", "0.00"),
    ]
    assert ask(given, "set spark.sql.session.timeZone")[0][1] == "UTC"
    assert ask(given, "set spark.sql.ansi.enabled")[0][1] == "true"


def test_a_taken_port_is_named_with_the_way_out(given: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", given.server.thrift_port))
        other.listen()

        with pytest.raises(
            ServerError, match=rf"port {given.server.thrift_port} is taken.*OXPECKER_THRIFT_PORT"
        ):
            server.start(given)


def test_a_missing_jdk_is_named_with_the_way_out(given: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")

    with pytest.raises(ServerError, match="install a JDK 17 or newer"):
        server.start(given)


def test_a_full_disk_is_told_before_anything_starts(given: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LEAST_FREE_BYTES", 2**62)

    with pytest.raises(ServerError, match="OXPECKER_HOME"):
        server.start(given)


def test_the_server_starts_anew_when_its_workers_would_run_old_code(
    given: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = server.Status(4711, 1, 2, True, Path("log"), "another hash")
    stopped: list[Settings] = []
    monkeypatch.setattr(server, "status", lambda settings: noted)
    monkeypatch.setattr(server, "stop", stopped.append)
    monkeypatch.setattr(server, "_start", lambda settings: replace(noted, package=server.package_hash()))

    assert server.start(given).package == server.package_hash()
    assert stopped == [given]
