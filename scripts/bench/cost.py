"""What a whole process costs, with all its descendants: CPU, memory, wall."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

EVERY_SECS = 0.25
KEPT_LETTERS = 1500


@dataclass(frozen=True)
class Cost:
    """One process from its start to its end.

    cpu_secs  user and system time of the process and all its descendants, also of those that it did not wait for (as last seen)
    peak_mib  most memory that all of them were seen to hold at once, or one of them ever held; a page that they share counts in each
    code      its exit code; None where it was stopped at the time limit
    tail      end of what it wrote to the error channel
    """

    secs: float
    cpu_secs: float
    peak_mib: float
    code: int | None
    tail: str


def run(command: Sequence[str], limit_secs: float, cwd: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command to its end, or to the limit; then it and its descendants are killed."""
    began = monotonic()
    with subprocess.Popen(
        command, cwd=cwd, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:  # fmt: skip
        watch = _Watch(process.pid)
        reader = _Tail(process)
        late = threading.Timer(limit_secs, _kill, (process.pid,))
        late.start()
        try:
            # The process's own account: exact, and it covers the children that it waited for.
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            is_late = not late.is_alive()
            late.cancel()
        secs = monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.end()
        _kill(process.pid)
        tail = reader.end()
    # Not ru_maxrss: it begins with what this process held when it called.
    cpu = max(usage.ru_utime + usage.ru_stime, watch.cpu_secs)
    code = None if is_late else process.returncode
    return Cost(secs, cpu, watch.peak_bytes / 1024**2, code, tail)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class _Tail(threading.Thread):
    """Empties the error channel, so that nobody waits for it, and keeps its end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream, self._kept = process.stderr, b""
        self.start()

    def run(self) -> None:
        assert self._stream is not None
        while chunk := self._stream.read1(65536):
            self._kept = (self._kept + chunk)[-8192:]

    def end(self) -> str:
        self.join(5)
        return self._kept.decode("utf-8", errors="replace").strip()[-KEPT_LETTERS:]


def _peak(pid: int) -> int:
    """Most memory that a process has held since it became what it is, in bytes; 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class _Watch(threading.Thread):
    """Looks at a process and its descendants now and then."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = pid
        self._ends = threading.Event()
        self._seen: dict[tuple[int, float], float] = {}
        self.peak_bytes = 0
        self.start()

    def run(self) -> None:
        while not self._ends.wait(EVERY_SECS):
            with suppress(psutil.Error):
                root = psutil.Process(self._root)
                self._look([root, *root.children(recursive=True)])

    def _look(self, processes: Sequence[psutil.Process]) -> None:
        held, most = 0, 0
        for process in processes:
            with suppress(psutil.Error):
                times = process.cpu_times()
                self._seen[process.pid, process.create_time()] = times.user + times.system
                held += process.memory_info().rss
                most = max(most, _peak(process.pid))
        self.peak_bytes = max(self.peak_bytes, held, most)

    @property
    def cpu_secs(self) -> float:
        return sum(self._seen.values())

    def end(self) -> None:
        self._ends.set()
        self.join()
