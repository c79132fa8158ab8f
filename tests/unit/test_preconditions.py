"""What may be missing on a person's machine is told in one line that names the way out, before anything is written."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from spark_jobs import main_job, orchestrator, server
from spark_jobs import settings as settings_module
from spark_jobs.errors import OxpeckerError, ServerError
from spark_jobs.settings import REPOSITORY, Settings
from spark_jobs.trouble import trouble_told
from tests.conftest import free_port, free_ports

TOOLS = ("bash", "dirname", "sed", "head", "cat", "sha256sum", "cut", "df", "awk")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout without an environment, on a machine with a shell and its tools only; `bin` is its PATH."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup.sh", "scripts/bootstrap.lock", "requirements.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


def program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def set_up(machine: Path) -> str:
    """What setting up says; it must fail and leave nothing behind."""
    done = subprocess.run(
        [shutil.which("bash") or "bash", "scripts/setup.sh"], cwd=machine, env={"PATH": str(machine / "bin")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert not (machine / ".venv").exists() and not (machine / ".bootstrap").exists()
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr


def test_an_unsupported_python_is_told_with_the_way_out(machine: Path) -> None:
    program(machine, "python3", "exit 1")  # how an interpreter of another version answers the question

    assert "Python 3.11, 3.12 or 3.13 is needed" in set_up(machine)


def test_a_missing_jdk_is_told_with_the_way_out(machine: Path) -> None:
    program(machine, "python3", "exit 0")

    assert "no JDK found; install a JDK 17" in set_up(machine)


def test_an_old_jdk_is_told_with_its_version(machine: Path) -> None:
    program(machine, "python3", "exit 0")
    program(machine, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")

    assert "JDK 11 found, 17 or newer is needed" in set_up(machine)


def test_too_small_a_disk_is_told_before_anything_is_fetched(machine: Path) -> None:
    program(machine, "python3", "exit 0")
    program(machine, "java", "echo 'openjdk version \"17.0.2\" 2022-01-15' >&2")
    program(machine, "df", "printf 'Filesystem 1024-blocks Used Available\\nx 9 9 102400\\n'")

    assert "only 100 MB are free here" in set_up(machine)


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    settings = settings_module.load(
        home=tmp_path / "home", landing=tmp_path / "home" / "demo_bank" / "landing"
    )
    ports = replace(
        settings.server,
        remote=None,
        connect_port=free_port(),
        thrift_port=free_port(),
        airflow_port=free_ports(orchestrator.PORTS),
    )
    return settings.with_(server=ports)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def refused(settings: Settings) -> str:
    """How the main job refuses to start; it must not have begun."""
    with pytest.raises(ServerError) as said:
        main_job.run(settings, Console(quiet=True), Console(quiet=True))
    assert not settings.landing.exists()
    return str(said.value)


@pytest.mark.parametrize("name", ["connect_port", "thrift_port", "airflow_port"])
def test_a_taken_port_stops_the_main_job_before_it_begins(given: Settings, taken: int, name: str) -> None:
    ports = replace(given.server, **{name: taken})

    told = refused(given.with_(server=ports))

    assert told.startswith(
        f"port {taken} is taken by another program; stop it, or set OXPECKER_{name.upper()} or"
    )


def test_a_jdk_that_has_gone_stops_the_main_job_before_it_begins(
    given: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))

    assert refused(given).startswith("no JDK found; install a JDK 17 or newer")


def test_a_disk_that_fills_while_a_stage_works_is_told_in_one_line(given: Settings) -> None:
    with (
        pytest.raises(ServerError, match="is full; free some space or set OXPECKER_HOME"),
        trouble_told(given),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(given: Settings) -> None:
    with pytest.raises(FileNotFoundError), trouble_told(given):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_a_server_that_somebody_else_runs_needs_no_jdk_here(
    given: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(OxpeckerError, match="JAVA_HOME"):
        server.preflight(given)

    server.preflight(given.with_(server=replace(given.server, remote="sc://cluster:15002")))
    orchestrator.preflight(given)


def test_a_landing_of_the_banks_own_that_is_empty_is_named(given: Settings, tmp_path: Path) -> None:
    with pytest.raises(OxpeckerError, match="no packages in .*; check --landing or OXPECKER_LANDING"):
        main_job.run(given.with_(landing=tmp_path / "own"), Console(quiet=True), Console(quiet=True))
