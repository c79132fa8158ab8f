"""A run may be killed at any point: what it had committed stays, nothing is visible by half, and the next run ends where it would have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spark_jobs import processes, server
from spark_jobs import settings as settings_module
from spark_jobs.exports import release as releases
from spark_jobs.settings import REPOSITORY, Settings
from tests.conftest import free_port
from tests.journeys.conftest import DATES, Walk, differences, environment
from tests.support.lakes import handed_out, versions

ENDS_WITHIN_SECS = 600
STAGES = "select distinct job_code from {table}"


@pytest.fixture
def own(bank: Path, tmp_path: Path) -> Iterator[Walk]:
    """A lake with a server of its own, which may be killed; started on first use by the command line."""
    base = settings_module.load(home=tmp_path / "home", landing=bank)
    ports = replace(base.server, connect_port=free_port(), thrift_port=free_port())
    settings = base.with_(server=ports)
    yield Walk(settings)
    server.stop(settings)


def start(walk: Walk, *command: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, *command]
    return subprocess.Popen(
        arguments, cwd=REPOSITORY, env=environment(walk.settings), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )  # fmt: skip


def killed_run(walk: Walk, point: str, name: str) -> None:
    process = start(walk, "-m", "tests.support.killed_run", str(DATES.first), str(DATES.last), point, name)
    said, _ = process.communicate(timeout=ENDS_WITHIN_SECS)
    assert process.returncode == -signal.SIGKILL, said[-3000:]


def backfill(walk: Walk) -> subprocess.Popen[str]:
    main = "from spark_jobs.cli import main; main()"
    return start(walk, "-c", main, "backfill", "--from", str(DATES.first), "--to", str(DATES.last))


def kill_server_when_written(settings: Settings, table: str, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + ENDS_WITHIN_SECS
    while table not in versions(settings):
        assert process.poll() is None, "the run ended before the server could be killed"
        assert time.monotonic() < until, f"{table} was not written in time"
        time.sleep(0.1)
    pid = server.status(settings).pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    while processes.start_time(pid) is not None:
        time.sleep(0.05)


def stages(walk: Walk) -> set[object]:
    return {row[0] for row in walk.rows("ops.stage_commit", STAGES)}


@pytest.mark.slow
def test_a_run_that_was_killed_three_times_equals_one_that_nothing_disturbed(
    own: Walk, undisturbed: Walk
) -> None:
    settings = own.settings

    # Between two stages.
    killed_run(own, "after-stage", "silver")
    assert "silver" in stages(own)
    assert "gate_silver" not in stages(own)

    # Inside of one, after the first of its two commits.
    killed_run(own, "after-commit", "profile.o_account_daily")
    assert "gate_identity" in stages(own)
    assert "profile_o" not in stages(own)
    assert "profile.o_customer_daily" not in versions(settings)

    # The server itself, in the middle of a stage.
    process = backfill(own)
    kill_server_when_written(settings, "profile.b_event", process)
    said, _ = process.communicate(timeout=ENDS_WITHIN_SECS)
    assert process.returncode == 1, said[-3000:]
    assert "profile_o" in stages(own)
    assert "profile_b" not in stages(own)

    assert releases.current(settings) is None, "nothing may be visible by half"
    assert handed_out(settings) == {}

    process = backfill(own)
    said, _ = process.communicate(timeout=ENDS_WITHIN_SECS)
    assert process.returncode == 0, said[-3000:]
    looked_at, unlike = differences(undisturbed, own)
    assert looked_at > 100
    assert unlike == []
