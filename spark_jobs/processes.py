"""Long-lived child processes that outlive the command which started them: the Spark server and Airflow.

A process is remembered by its id *and* the kernel's start time, because an id alone may have been given to another process since.
Each runs in a process group of its own, so that stopping it stops what it started, too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

KILLED_WITHIN_SECS = 10


@dataclass(frozen=True)
class Remembered:
    """A process that runs now, with what was noted when it was started."""

    pid: int
    notes: Mapping[str, Any]


def start_time(pid: int) -> str | None:
    """Start time of a process as the kernel counts it; None when there is no such process, or it only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def listens(port: int) -> bool:
    """Whether anything answers on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def launch(
    state: Path, command: Sequence[str], environment: Mapping[str, str], log: Path, **notes: Any
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own and remember it in `state`."""
    state.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(command), stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, cwd=state.parent,
            env=dict(environment), start_new_session=True,
        )  # fmt: skip
    noted = {"pid": process.pid, "started": start_time(process.pid), **notes}
    state.write_text(json.dumps(noted), encoding="utf-8")
    return process


def remembered(state: Path) -> Remembered | None:
    """The process of this state file, where it still runs."""
    if not state.is_file():
        return None
    try:
        noted = json.loads(state.read_text(encoding="utf-8"))
    except ValueError:
        return None  # Killed while it was written: the process is found by its taken port instead.
    started = start_time(noted["pid"])
    return Remembered(noted["pid"], noted) if started is not None and started == noted["started"] else None


def stop(state: Path, within_secs: float) -> bool:
    """Ask the whole group to stop, kill what does not in time; False where nothing ran."""
    running = remembered(state)
    state.unlink(missing_ok=True)
    if running is None:
        return False
    group = running.pid
    _signal(group, signal.SIGTERM)
    if not _gone(group, within_secs):
        _signal(group, signal.SIGKILL)
        _gone(group, KILLED_WITHIN_SECS)
    return True


def _gone(group: int, within_secs: float) -> bool:
    """Wait until no process of the group runs."""
    waited_until = time.monotonic() + within_secs
    while _group_lives(group):
        if time.monotonic() > waited_until:
            return False
        _reap(group)
        time.sleep(0.1)
    _reap(group)
    return True


def _signal(group: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, what)


def _group_lives(group: int) -> bool:
    """Whether any process of the group still runs; the leader may be gone while what it started is not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[2] == str(group) and fields[0] != "Z":
            return True
    return False


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Whoever does the same thing, in whatever process or thread, waits for the other.

    The kernel frees the lock when its holder dies, so nothing is ever left locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        flock(lock, LOCK_EX)
        yield
