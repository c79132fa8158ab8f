"""What is measured. Each section gives its figures as plain data; `page` puts them into words."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from time import monotonic, time
from typing import Any

import psutil
import yaml

from scripts.bench.watch import MARK, Memory, covered, merged, spark_intervals
from spark_jobs import settings as configuration
from spark_jobs.dates import DateRange
from spark_jobs.settings import REPOSITORY, Settings

PORTS = 3
CORE_TABLE = "bronze.core__txn"


class Bench:
    """One lake of its own, with its own server on free ports, watched from outside."""

    def __init__(self, size: str, repeats: int) -> None:
        self.size, self.repeats = size, repeats
        self.home = configuration.load().home / "bench" / size
        self.mark = f"{os.getpid()}"
        self.load_before = os.getloadavg()[0]

    @cached_property
    def environment(self) -> dict[str, str]:
        first = _free_ports(PORTS + 2)
        left = {k: v for k, v in os.environ.items() if not k.startswith("OXPECKER_")}
        return {
            **left, MARK: self.mark, "OXPECKER_HOME": str(self.home), "OXPECKER_CONF": str(self._overlay()),
            "OXPECKER_AIRFLOW_PORT": str(first), "OXPECKER_CONNECT_PORT": str(first + PORTS), "OXPECKER_THRIFT_PORT": str(first + PORTS + 1),
        }  # fmt: skip

    @cached_property
    def settings(self) -> Settings:
        os.environ.update({k: v for k, v in self.environment.items() if k.startswith("OXPECKER_")})
        os.environ.pop("OXPECKER_LANDING", None)
        return configuration.load()

    @property
    def events(self) -> Path:
        return self.home.parent / f"events-{self.size}"

    def _overlay(self) -> Path:
        """A configuration that only lets the server note when it works."""
        folder = self.home.parent / "conf"
        (folder / "profiles").mkdir(parents=True, exist_ok=True)
        self.events.mkdir(parents=True, exist_ok=True)
        noted = {
            "spark.eventLog.enabled": "true", "spark.eventLog.dir": self.events.as_uri(), "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
        }  # fmt: skip
        (folder / "profiles" / "local.yml").write_text(
            yaml.safe_dump({"server": {"extra_conf": noted}}), encoding="utf-8"
        )
        return folder

    def has_lake(self) -> bool:
        return (self.home / "current.json").is_file()

    def oxpecker(self, *arguments: str, check: bool = True) -> tuple[float, str]:
        """Wall seconds of one whole command, start of the interpreter included, and what it said."""
        command = [str(Path(sys.executable).with_name("oxpecker")), *arguments]
        began = monotonic()
        done = subprocess.run(
            command, cwd=REPOSITORY, env=self.environment, capture_output=True, text=True, check=False
        )
        secs = monotonic() - began
        if check and done.returncode != 0:
            print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
            raise SystemExit(f"bench: `oxpecker {' '.join(arguments)}` ended with code {done.returncode}")
        return secs, done.stdout + done.stderr

    def down(self) -> None:
        self.oxpecker("down", check=False)

    def machine(self) -> dict[str, Any]:
        java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
        found = re.search(r'version "([\d.]+)', java)
        return {
            "cores": os.cpu_count(), "memory_gib": round(psutil.virtual_memory().total / 1024**3), "system": platform.system(),
            "python": platform.python_version(), "java": found.group(1) if found else "?", "load_before": round(self.load_before, 1),
            "day": datetime.now(UTC).date(),
        }  # fmt: skip

    def versions(self) -> int:
        """Delta versions of all tables of the lake together."""
        return sum(1 for _ in (self.home / "lake").glob("*/*/_delta_log/[0-9]*.json"))

    def ledger(self, table: str, statement: str) -> list[tuple[Any, ...]]:
        from spark_jobs.exports import published

        return published.ledger(self.settings, table, statement)[1]

    def last_date(self) -> date:
        (rows,) = self.ledger("ops.run", "select max(to_date) from {table}")
        found: date = rows[0]
        return found


def run(bench: Bench) -> dict[str, Any]:
    """The main job on a new home: demo bank, server, backfill and two daily runs through Airflow."""
    bench.down()
    shutil.rmtree(bench.home, ignore_errors=True)
    shutil.rmtree(bench.events, ignore_errors=True)
    bench.events.mkdir(parents=True)
    with Memory(bench.mark) as memory:
        secs, said = bench.oxpecker("demo", "--size", bench.size)
    (bench.home.parent / f"run-{bench.size}.txt").write_text(said, encoding="utf-8")
    # The server finishes its log of events when it stops.
    bench.down()
    busy = spark_intervals(bench.events)
    runs = [
        {"kind": kind, "first": first, "last": last, "secs": end - begin, "spark_secs": covered(busy, begin, end), "stages": _stages(bench, begin, end), "between_secs": _between(bench, begin, end)}
        for kind, first, last, begin, end in bench.ledger(
            "ops.run", "select kind_code, from_date, to_date, epoch(started_at), epoch(ended_at) from {table} order by started_at"
        )
    ]  # fmt: skip
    return {
        "secs": secs, "spark_secs": sum(end - begin for begin, end in busy), "runs": runs, "pss_gib": memory.pss_bytes / 1024**3,
        "rss_gib": memory.rss_bytes / 1024**3, "parts_gib": {name: held / 1024**3 for name, held in memory.parts.items()},
    }  # fmt: skip


def _stages(bench: Bench, begin: float, end: float) -> dict[str, float]:
    """Seconds of each stage that began within a run, in the order in which they began; of several tasks of a stage the sum."""
    rows = bench.ledger(
        "ops.stage_commit",
        "select job_code, sum(stage_secs) from (select distinct job_code, stage_secs, started_at from {table} "
        f"where epoch(started_at) between {begin} and {end}) group by job_code order by min(started_at)",
    )
    return {job: float(secs) for job, secs in rows}


def _between(bench: Bench, begin: float, end: float) -> float:
    """Seconds of a run in which no stage was at work."""
    began = bench.ledger(
        "ops.stage_commit",
        f"select distinct job_code, epoch(started_at), stage_secs from {{table}} where epoch(started_at) between {begin} and {end}",
    )
    at_work = merged((start, start + float(secs)) for _, start, secs in began)
    return end - begin - covered(at_work, begin, end)


def idle(bench: Bench) -> dict[str, Any]:
    """A day without input by command line on a warm server. The first call starts the server and is not counted."""
    day = str(bench.last_date())
    bench.oxpecker("run", "--business-date", day)
    before = bench.versions()
    took = [bench.oxpecker("run", "--business-date", day)[0] for _ in range(bench.repeats)]
    return {"secs": statistics.median(took), "all_secs": took, "new_versions": bench.versions() - before}


def dbt(bench: Bench) -> dict[str, Any]:
    """`dbt build` over the last date against its compiled SQL, run directly on the same server by as many threads.

    Directly: each compiled model as CREATE OR REPLACE TABLE in a schema of its own, each compiled test as a query.
    """
    from concurrent.futures import ThreadPoolExecutor

    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.jobs import marts
    from spark_jobs.session import connect
    from spark_jobs.tables import Lake

    spark = connect(bench.settings)
    dates = DateRange.day(bench.last_date())
    lake = Lake(spark, bench.settings, RunContext(dates, cut_off(bench.settings, dates.last), "", "bench"))
    spark.sql(f"CREATE DATABASE IF NOT EXISTS bench LOCATION '{bench.settings.warehouse / 'bench'}'")
    rules = {"manager_capacity": int(lake.rules("guard")["manager_capacity"])}
    whole, direct = [], []
    statements: list[str] = []
    for _ in range(bench.repeats + 1):
        began = monotonic()
        done = marts.dbt(
            bench.settings, "build", "--exclude-resource-type", "unit_test", dates=dates, rules=rules
        )
        whole.append(monotonic() - began)
        if done.returncode != 0:
            raise SystemExit(f"bench: dbt build ended with code {done.returncode}")
        statements = _compiled(marts.results(bench.settings))
        began = monotonic()
        with ThreadPoolExecutor(marts.THREADS) as pool:
            list(pool.map(lambda statement: spark.sql(statement).collect(), statements))
        direct.append(monotonic() - began)
    spark.sql("DROP DATABASE bench CASCADE")
    # The first round warms both sides and is not counted.
    return {
        "secs": statistics.median(whole[1:]), "direct_secs": statistics.median(direct[1:]), "statements": len(statements),
        "rounds": list(zip(whole[1:], direct[1:], strict=True)),
        "ratio": statistics.median(w / d for w, d in zip(whole[1:], direct[1:], strict=True)),
    }  # fmt: skip


def _compiled(nodes: list[dict[str, Any]]) -> list[str]:
    """Compiled SQL of the models and tests that the last build ran."""
    told = []
    for node in nodes:
        kind, _, name = node["unique_id"].split(".")[:3]
        if node.get("compiled_code") and kind in ("model", "test"):
            table = f"CREATE OR REPLACE TABLE bench.{name} USING DELTA AS " if kind == "model" else ""
            told.append(table + node["compiled_code"])
    return told


def write(bench: Bench) -> dict[str, Any]:
    """A bronze write (contract cast, measured, committed to Delta by date range) against a bare Parquet write of the same frame."""
    from spark_jobs.clock import RunContext, cut_off
    from spark_jobs.session import connect
    from spark_jobs.tables import Lake

    spark = connect(bench.settings)
    (span,) = bench.ledger("ops.run", "select min(from_date), max(to_date) from {table}")
    dates = DateRange(*span)
    aside = bench.settings.with_(prefix="bench_")
    context = RunContext(dates, cut_off(bench.settings, dates.last), "", "bench")
    frame = Lake(spark, bench.settings, context).read(CORE_TABLE, provenance=True).localCheckpoint()
    rows = frame.count()
    lake = Lake(spark, aside, context)
    bare = bench.home / "bench_parquet"
    ours, parquet = [], []
    for _ in range(bench.repeats + 1):
        began = monotonic()
        frame.write.mode("overwrite").parquet(bare.as_uri())
        parquet.append(monotonic() - began)
        began = monotonic()
        lake.publish(CORE_TABLE, frame, dates)
        ours.append(monotonic() - began)
    spark.sql("DROP DATABASE IF EXISTS bench_bronze CASCADE")
    shutil.rmtree(bare, ignore_errors=True)
    # The first of ours creates the table, and both are cold.
    return {
        "secs": statistics.median(ours[1:]), "bare_secs": statistics.median(parquet[1:]), "rows": rows, "table": CORE_TABLE,
        "rounds": list(zip(ours[1:], parquet[1:], strict=True)),
        "ratio": statistics.median(o / p for o, p in zip(ours[1:], parquet[1:], strict=True)),
    }  # fmt: skip


SECTIONS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "run": run,
    "idle": idle,
    "dbt": dbt,
    "write": write,
}


def _free_ports(count: int) -> int:
    """First of so many loopback ports in a row that are free now."""
    for first in range(21_000 + int(time()) % 1000, 32_000, count):
        try:
            probes = []
            for port in range(first, first + count):
                probes.append(socket.socket())
                probes[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise SystemExit("bench: no free ports")
