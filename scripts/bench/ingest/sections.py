"""What is measured of reading and loading bank files. Each section gives its figures as plain data; `page` puts them into words.

Whole processes, by CPU seconds, because two cores share everything else; of Spark, all processes of its server between two looks at the clock.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import psutil

from scripts.bench import environments
from scripts.bench.ingest import files as bank
from scripts.bench.ingest.reading import given
from scripts.bench.sections import Bench
from scripts.bench.watch import MARK
from spark_jobs.dates import DateRange
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF


@dataclass
class Ingest:
    """The files, and a lake of its own with its own server."""

    bench: Bench
    files: bank.Files

    def process(self, how: str, path: Path) -> dict[str, Any]:
        """One whole process that reads a file; of several the one with the median CPU time."""
        return _median([self.once(how, path) for _ in range(self.bench.repeats)])

    def once(self, how: str, path: Path) -> dict[str, Any]:
        """One whole process that reads a file."""
        return _told(
            [sys.executable, "-m", "scripts.bench.ingest.reading", how, str(path), str(self.files.conf)]
        )

    def polars(self, path: Path) -> dict[str, Any]:
        """The same by polars, which the product does without, in an environment of its own. Raises `environments.NotInstalled`."""
        columns = json.dumps({name: kind for name, _, kind, _ in bank.COLUMNS})
        script = str(environments.LOCKS / "polars_run.py")
        command = [str(environments.python_of("polars")), script, str(path), columns]
        return _median([_told(command) for _ in range(self.bench.repeats)])

    def spark(self) -> Any:
        """A session on a server whose processes are known by their mark."""
        from spark_jobs.session import connect

        os.environ[MARK] = self.bench.mark
        return connect(self.bench.settings)

    def cpu(self) -> float:
        """CPU seconds of all marked processes and of their children that ended."""
        total = 0.0
        for process in psutil.process_iter():
            try:
                if process.pid == os.getpid() or process.environ().get(MARK) == self.bench.mark:
                    total += sum(process.cpu_times()[:4])
            except psutil.Error:
                continue
        return total

    def in_turn(self, ways: dict[str, Callable[[], object]]) -> dict[str, dict[str, float]]:
        """Medians of each way's CPU and wall seconds, round by round; the first round warms all and is not counted."""
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(self.bench.repeats + 1):
            for name, way in ways.items():
                cpu, began = self.cpu(), monotonic()
                way()
                took[name].append((self.cpu() - cpu, monotonic() - began))
        return {
            name: dict(zip(("cpu", "secs"), map(statistics.median, zip(*each[1:], strict=True)), strict=True))
            for name, each in took.items()
        }


def _told(command: Sequence[str]) -> dict[str, Any]:
    """What a process says of what it cost."""
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _median(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return sorted(told, key=lambda each: each["cpu"])[len(told) // 2]  # type: ignore[no-any-return]


def reader(ingest: Ingest) -> dict[str, Any]:
    """Clean UTF-8: our data source against Spark's own typed CSV on one server; other readers beside them."""
    from spark_jobs.bronze.source import NAME, BankFiles

    spark, path = ingest.spark(), ingest.files.clean
    spark.dataSource.register(BankFiles)
    schema = ", ".join(f"{name} {kind}" for name, _, kind, _ in bank.COLUMNS)

    def ours() -> None:
        asked = spark.read.format(NAME).option("conf_dirs", json.dumps([str(ingest.files.conf)]))
        asked.option("files", json.dumps([given(path)])).load().write.format("noop").mode("overwrite").save()

    def sparks() -> None:
        spark.read.schema(schema).csv(path.as_uri()).write.format("noop").mode("overwrite").save()

    took = ingest.in_turn({"ours": ours, "spark": sparks})
    beside = {how: ingest.process(how, path) for how in ("ours", "pyarrow", "duckdb")}
    try:
        beside["polars"] = ingest.polars(path)
        absent = ""
    except environments.NotInstalled as error:
        absent = str(error)
    return {
        "rows": ingest.files.rows, "bytes": path.stat().st_size, "ours": took["ours"], "spark": took["spark"],
        "ratio": took["ours"]["cpu"] / took["spark"]["cpu"], "beside": beside, "absent": absent,
    }  # fmt: skip


def bad(ingest: Ingest) -> dict[str, Any]:
    """One bad record in a hundred against the clean file; what a process costs that reads a single record is taken off both.

    Round by round and more often than others, because what is looked for is a twentieth of what is measured.
    """
    paths = (ingest.files.single, ingest.files.clean, ingest.files.bad)
    rounds = [[ingest.once("ours", path) for path in paths] for _ in range(3 * ingest.bench.repeats)]
    start, clean, soiled = map(_median, zip(*rounds, strict=True))
    ratio = (soiled["cpu"] - start["cpu"]) / (clean["cpu"] - start["cpu"])
    return {"start": start, "clean": clean, "bad": soiled, "ratio": ratio}


def memory(ingest: Ingest) -> dict[str, Any]:
    """A file of ten times the size: peak memory of reading, and bytes for a CPU second."""
    one, ten = (ingest.process("ours", path) for path in (ingest.files.clean, ingest.files.tenfold))
    size = ingest.files.tenfold.stat().st_size
    return {
        "one": one, "ten": ten, "ratio": ten["peak_bytes"] / one["peak_bytes"], "bytes": size,
        "mb_per_cpu": size / 1e6 / ten["cpu"], "checked": ingest.process("checked", ingest.files.closed(0)),
    }  # fmt: skip


def bronze(ingest: Ingest) -> dict[str, Any]:
    """The whole bronze job (ledger, checks, control totals, quarantine, Delta) against the same frame read and written as bare Parquet.

    A file a day into one lake, as a bank's come; the first, which makes the tables, is not counted.
    """
    from spark_jobs.bronze.source import NAME, BankFiles
    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.jobs import bronze as job
    from spark_jobs.tables import Lake

    spark, bare = ingest.spark(), ingest.bench.home / "bare"
    spark.dataSource.register(BankFiles)
    told = given(ingest.files.closed(0)) | {"feed": bank.CLOSED}
    # A lake that has these files already would have nothing to do.
    warehouse = ingest.bench.settings.warehouse
    prefix = next(p for n in count() if not (warehouse / f"{(p := f'b{n}_')}bronze").exists())
    settings = ingest.bench.settings.with_(
        prefix=prefix, landing=ingest.files.landing, conf_dirs=(SHIPPED_CONF, ingest.files.conf)
    )
    lakes: list[Lake] = []

    def loaded() -> None:
        day = bank.DAY + timedelta(days=len(lakes))
        bank.deliver(ingest.files, len(lakes), cut_off(settings, day))
        lake = Lake(spark, settings, RunContext(DateRange.day(day), cut_off(settings, day), "", "bench"))
        job.run(lake, DateRange.day(day), systems=[bank.CLOSED])
        lakes.append(lake)

    def parquet() -> None:
        asked = spark.read.format(NAME).option("conf_dirs", json.dumps([str(ingest.files.conf)]))
        asked.option("files", json.dumps([told])).load().write.mode("overwrite").parquet(bare.as_uri())

    took = ingest.in_turn({"ours": loaded, "parquet": parquet})
    rows = [lake.read(f"bronze.{bank.CLOSED}", lake.run.dates).count() for lake in lakes]
    assert set(rows) == {ingest.files.rows}, rows
    return {
        "rows": rows[-1], "ours": took["ours"], "parquet": took["parquet"], "ratio": took["ours"]["cpu"] / took["parquet"]["cpu"],
        "wall_ratio": took["ours"]["secs"] / took["parquet"]["secs"],
    }  # fmt: skip


SECTIONS: dict[str, Callable[[Ingest], dict[str, Any]]] = {
    "reader": reader, "bad": bad, "memory": memory, "bronze": bronze,
}  # fmt: skip
