"""Processes are known by id and start time, and stopped with everything they started."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from spark_jobs import processes

# Starts a child of its own and tells its id, then sleeps.
PARENT = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); time.sleep(60)"


def launch(tmp_path: Path, code: str) -> Path:
    state = tmp_path / "state.json"
    processes.launch(state, [sys.executable, "-c", code], os.environ, tmp_path / "log", answer=42)
    return state


def told(tmp_path: Path) -> int:
    while not (tmp_path / "log").read_text().strip():
        time.sleep(0.02)
    return int((tmp_path / "log").read_text())


def test_a_running_process_is_remembered_with_its_notes(tmp_path: Path) -> None:
    state = launch(tmp_path, "import time; time.sleep(60)")

    running = processes.remembered(state)

    assert running is not None
    assert running.notes["answer"] == 42
    assert processes.stop(state, 5)
    assert processes.remembered(state) is None


def test_what_the_process_started_is_stopped_too(tmp_path: Path) -> None:
    state = launch(tmp_path, PARENT)
    child = told(tmp_path)

    processes.stop(state, 5)

    assert processes.start_time(child) is None


def test_a_process_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    state = launch(tmp_path, deaf)
    told(tmp_path)
    pid = json.loads(state.read_text())["pid"]

    processes.stop(state, 0.3)

    assert processes.start_time(pid) is None


def test_the_same_id_with_another_start_time_is_somebody_else(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"pid": os.getpid(), "started": "1"}))

    assert processes.remembered(state) is None
    assert not processes.stop(state, 1)


def test_a_torn_state_file_is_no_process(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"pid": 12')

    assert processes.remembered(state) is None
