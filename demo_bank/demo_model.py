"""`oxpecker demo-bank model`: a bank large and long enough to foretell leaving, run through the pipeline, and the report of how well it goes.

Only the feeds and stages that the model reads are made and run. The lake, its server and its bank lie in a folder of their own; what is
there from before is used again, so that a stage that has not changed costs nothing.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import monotonic

from demo_bank import churn_report
from demo_bank.generate import SYSTEMS
from demo_bank.score.churn import ceiling
from demo_bank.score.hidden import FOLDER
from demo_bank.score.lake import Tables, rows
from demo_bank.sizes import SIZES
from spark_jobs import settings as configuration
from spark_jobs.errors import OxpeckerError

STAGES = ("bronze", "silver", "identity", "profile_o", "profile_b", "profile_s", "profile_x", "profile_a")
# Whose records the model's features, its label and its reasons come from; systems that a generator does not know are left out.
READ = ("CORE", "REF", "MBANK", "CMPL", "CONSENT", "CALL", "APM", "SURVEY", "WEALTH")
PORTS = ("OXPECKER_CONNECT_PORT", "OXPECKER_THRIFT_PORT")


@dataclass(frozen=True)
class Asked:
    """What was asked for."""

    people: int
    first: date
    last: date
    systems: tuple[str, ...]
    home: Path
    report: Path


def default_asked(home: Path) -> Asked:
    size = SIZES["demo"]
    systems = tuple(s for s in READ if s in SYSTEMS)
    return Asked(
        size.people, size.first, size.last, systems, home, configuration.REPOSITORY / "docs" / "churn-demo.md"
    )


def run(asked: Asked) -> None:
    """Generate, run, train, report. An error of a step ends it with the step's own words."""
    environment = {
        **os.environ,
        "OXPECKER_HOME": str(asked.home),
        "OXPECKER_LANDING": str(_bank(asked) / "landing"),
    }
    environment |= {name: str(_free_port()) for name in PORTS}
    secs: dict[str, float] = {}
    if not _is_made(asked):
        began = monotonic()
        days = ["--from", str(asked.first), "--to", str(asked.last), "--systems", ",".join(asked.systems)]
        _oxpecker(
            environment,
            "demo-bank",
            "generate",
            "--size",
            "demo",
            "--people",
            str(asked.people),
            *days,
            "--out",
            str(_bank(asked)),
        )
        secs["demo bank"] = monotonic() - began
        _note(asked, secs["demo bank"])
    try:
        _oxpecker(environment, "backfill", "--from", str(asked.first), "--to", str(asked.last), *_jobs())
        began = monotonic()
        _oxpecker(environment, "model", "train")
        secs["model train"] = monotonic() - began
    finally:
        with suppress(OxpeckerError):
            _oxpecker(environment, "down")
    report(asked, secs["model train"])


def report(asked: Asked, train_secs: float | None = None) -> None:
    """Write the page and its chart from what lies in the folder; how long training took is told where it is known."""
    settings = replace(configuration.load(home=asked.home), landing=_bank(asked) / "landing")
    rules = configuration.rules(settings, "churn")
    tested = settings.home / "models" / "churn" / "backtest"
    figures = json.loads((tested / "figures.json").read_text(encoding="utf-8"))
    lake = Tables(settings)
    training = rules["training"]
    best = ceiling(
        _bank(asked) / FOLDER, lake, tested / "customers.parquet", int(rules["horizon_days"]), int(rules["last_days"]),
        int(training["interval_bootstraps"]), int(training["seed"]),
    )  # fmt: skip
    model = figures["model_version"]
    kept = settings.home / "models" / "churn" / f"{model}.json"
    told = churn_report.Told(
        asked.people, asked.first, asked.last, asked.systems, figures, json.loads(kept.read_text()) if model else None, best,
        {"demo bank": _noted(asked), **_stages(lake), **({} if train_secs is None else {"model train": train_secs})}, _machine(), rules,
    )  # fmt: skip
    chart = asked.report.with_suffix(".svg")
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    chart.write_text(churn_report.chart(figures["folds"][-1]), encoding="utf-8")
    asked.report.write_text(churn_report.page(told, chart.name), encoding="utf-8")
    print(f"{asked.report} and {chart.name} are written")


def _bank(asked: Asked) -> Path:
    return asked.home / "demo_bank"


def _made_of(asked: Asked) -> dict[str, object]:
    return {
        "people": asked.people,
        "first": str(asked.first),
        "last": str(asked.last),
        "systems": list(asked.systems),
    }


def _is_made(asked: Asked) -> bool:
    """Whether the bank that lies there is the one asked for. Another one needs another folder: its lake holds other customers."""
    path = _bank(asked) / "made.json"
    if not path.is_file():
        return False
    there = json.loads(path.read_text())
    if {k: there[k] for k in _made_of(asked)} != _made_of(asked):
        raise OxpeckerError(
            f"{asked.home} holds another demo bank; remove that folder, or name another one with --home"
        )
    return True


def _note(asked: Asked, secs: float) -> None:
    (_bank(asked) / "made.json").write_text(json.dumps({**_made_of(asked), "secs": secs}), encoding="utf-8")


def _noted(asked: Asked) -> float:
    return float(json.loads((_bank(asked) / "made.json").read_text())["secs"])


def _jobs() -> list[str]:
    from spark_jobs import pipeline

    known = {job.name for job in pipeline.JOBS}
    return [part for name in STAGES if name in known for part in ("--job", name)]


def _oxpecker(environment: dict[str, str], *arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("oxpecker")), *arguments]
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != 0:
        raise OxpeckerError(
            f"`oxpecker {' '.join(arguments[:2])}` ended with code {done.returncode}; see above"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stages(lake: Tables) -> dict[str, float]:
    """Seconds of the newest time that each stage wrote something."""
    found = rows(lake.read("ops.stage_commit", ("job_code", "stage_secs", "started_at")))
    newest: dict[str, tuple[str, float]] = {}
    for row in found:
        name, started = str(row["job_code"]), str(row["started_at"])
        if name not in newest or started > newest[name][0]:
            newest[name] = (started, float(str(row["stage_secs"])))
    return {name: secs for name, (_, secs) in sorted(newest.items(), key=lambda each: each[1][0])}


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )
