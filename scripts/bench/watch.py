"""Watching from outside: memory of all processes of a lake, and when Spark was at work."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

# Not OXPECKER_…: the settings refuse names of theirs that they do not know.
MARK = "BENCH_OF_OXPECKER"
# The kernel walks all pages of a process to tell: once a second, that took a tenth of a core from what is measured.
EVERY_SECS = 5.0
_STARTS = {
    "SparkListenerJobStart": "Submission Time",
    "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart": "time",
}
_ENDS = {
    "SparkListenerJobEnd": "Completion Time",
    "org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionEnd": "time",
}


@dataclass
class Memory:
    """Peak of all processes that carry the mark in their environment, the server and Airflow included, whoever their parent is.

    pss counts a page shared by n processes 1/n times; the sum of rss counts it n times.
    """

    mark: str
    pss_bytes: int = 0
    rss_bytes: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    _mine: dict[tuple[int, float], bool] = field(default_factory=dict)
    _ends: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        assert self._thread is not None
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(EVERY_SECS):
            self._look()

    def _look(self) -> None:
        pss, rss, parts = 0, 0, dict[str, int]()
        for process in psutil.process_iter():
            try:
                key = (process.pid, process.create_time())
                if key not in self._mine:
                    self._mine[key] = process.environ().get(MARK) == self.mark
                if self._mine[key]:
                    held = process.memory_full_info()
                    pss, rss = pss + held.pss, rss + held.rss
                    name = _part(process)
                    parts[name] = parts.get(name, 0) + held.pss
            except psutil.Error:
                continue
        if pss > self.pss_bytes:
            self.pss_bytes, self.parts = pss, parts
        self.rss_bytes = max(self.rss_bytes, rss)


def _part(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    for told, name in (
        ("java", "Spark server"),
        ("pyspark", "Spark's Python workers"),
        ("airflow", "Airflow and its tasks"),
        ("dbt", "dbt"),
    ):
        if told in words:
            return name
    return "other"


def spark_intervals(folder: Path) -> list[tuple[float, float]]:
    """When Spark worked on a job or planned a statement, from its event logs: merged intervals in epoch seconds."""
    found: list[tuple[float, float]] = []
    for path in sorted(folder.glob("*")):
        began: dict[tuple[str, int], float] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            kind = event["Event"]
            key = (
                kind.replace("Start", "").replace("End", ""),
                event.get("Job ID", event.get("executionId", -1)),
            )
            if kind in _STARTS:
                began[key] = event[_STARTS[kind]] / 1000
            elif kind in _ENDS and key in began:
                found.append((began.pop(key), event[_ENDS[kind]] / 1000))
    return merged(found)


def merged(intervals: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The union of intervals, in order."""
    union: list[tuple[float, float]] = []
    for begin, end in sorted(intervals):
        if union and begin <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((begin, end))
    return union


def covered(union: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """Seconds of [begin, end] that the intervals cover."""
    return sum(max(0.0, min(e, end) - max(b, begin)) for b, e in union)
