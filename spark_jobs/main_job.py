"""The main job (`make run`): a demo bank where there is none, the Spark server, and the pipeline through Airflow.

One backfill over all business dates but the last two, then the last two as daily runs, the way a bank would start: history first,
then day by day.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from spark_jobs import orchestrator, server, summary
from spark_jobs.bronze.waiting import business_dates
from spark_jobs.errors import OxpeckerError
from spark_jobs.orchestrator import Client, TaskState
from spark_jobs.settings import Settings

DAILY_RUNS = 2
SHOWN_RUNS = 4
SIZE = "tiny"
OVER = {
    "success": "green",
    "failed": "red",
    "upstream_failed": "dim",
    "skipped": "dim",
    "up_for_retry": "yellow",
}


def run(settings: Settings, out: Console, err: Console, size: str = SIZE) -> int:
    """Do the main job and print its summary; gives the exit code of the runs."""
    _ensure_deliveries(settings, err, size)
    dates = business_dates(settings)
    if len(dates) <= DAILY_RUNS:
        raise OxpeckerError(
            f"landing holds {len(dates)} business dates, more than {DAILY_RUNS} are needed; see {settings.landing}"
        )
    err.print(f"{_clock()} {len(dates)} business dates, {dates[0]} to {dates[-1]}, in {settings.landing}")
    ports = server.start(settings)
    err.print(
        f"{_clock()} Spark server answers on ports {ports.connect_port} (Connect) and {ports.thrift_port} (JDBC)"
    )
    was_up = orchestrator.describe(settings).healthy
    airflow = orchestrator.start(settings, scheduled=None)
    err.print(f"{_clock()} Airflow answers on {airflow.url}")
    try:
        code = _runs(Client(airflow), dates, err)
    finally:
        if not was_up:
            orchestrator.stop(settings)
    show(settings, out)
    return code


def _runs(client: Client, dates: Sequence[date], err: Console) -> int:
    history, days = dates[:-DAILY_RUNS], dates[-DAILY_RUNS:]
    planned = [("customer360_backfill", {"from_date": str(history[0]), "to_date": str(history[-1])})]
    planned += [("customer360_daily", {"business_date": str(day)}) for day in days]
    for dag, conf in planned:
        code = follow(client, dag, conf, err)
        if code != 0:
            return code
    return 0


def follow(client: Client, dag: str, conf: dict[str, str], err: Console) -> int:
    """Start one run, tell each task's fate as it comes, give the run's exit code."""
    label = "..".join(conf.values())
    run = client.trigger(dag, conf)
    err.print(f"[bold]{_clock()} {dag} {label}[/]", highlight=False)
    told: dict[str, str] = {}
    latest: list[TaskState] = []

    def show_changes(tasks: list[TaskState]) -> None:
        latest[:] = tasks
        for task in tasks:
            if told.get(task.name) == task.state:
                continue
            told[task.name] = task.state
            if task.state in OVER and task.state != "upstream_failed":
                secs = f"{task.secs:6.1f} s" if task.secs is not None else ""
                done = sum(t.state in orchestrator.ENDED for t in tasks)
                err.print(
                    f"{_clock()} [{OVER[task.state]}]{task.name:<28} {task.state:<12} {secs}[/] [dim]{done}/{len(tasks)}[/]",
                    highlight=False,
                )

    if client.follow(dag, run, show_changes) == "success":
        return 0
    for task in latest:
        if task.state == "failed" and task.task != "close_run":
            err.print(f"[red]{task.name}: {client.message(dag, run, task)}[/]", highlight=False)
    return client.exit_code(dag, run)


def _ensure_deliveries(settings: Settings, err: Console, size: str) -> None:
    if business_dates(settings):
        return
    if settings.landing != settings.home / "demo_bank" / "landing":
        raise OxpeckerError(f"no packages in {settings.landing}; check --landing or OXPECKER_LANDING")
    err.print(f"{_clock()} generating the demo bank, size {size}")
    # By the command line, because the pipeline's package does not know the generator's.
    command = [str(Path(sys.executable).with_name("oxpecker")), "demo-bank", "generate", "--size", size]
    done = subprocess.run([*command, "--out", str(settings.landing.parent)], check=False)
    if done.returncode != 0:
        raise OxpeckerError(f"the demo bank could not be generated (code {done.returncode})")


def show(settings: Settings, out: Console) -> None:
    """The summary a person wants to read after a run, and where to look next."""
    show_figures(summary.collect(settings), out)
    for told in (
        f"report     {settings.report / 'index.html'}",
        f"CRM files  {settings.exports}",
        'query      .venv/bin/oxpecker sql "select * from mart.dim_customer limit 5"',
        "stop       make down   (the Spark server still runs)",
    ):
        out.print(told, highlight=False, soft_wrap=True)


def show_figures(figures: summary.Figures, out: Console) -> None:
    """Tables of what arrived, how long it took and what came of it; a table without rows is left out."""
    for table in (_days(figures), _stages(figures), _gates(figures), _counts("published table", "The release", figures.marts),
                  _counts("package", "CRM files", figures.exports)):  # fmt: skip
        if table.row_count:
            out.print(table)
    out.print(f"identity: {figures.links:,} links")


def _days(figures: summary.Figures) -> Table:
    days = Table("business date", title="What arrived and what came of it", title_justify="left")
    for column in ("feeds", "held", "rows in", "quarantined", "customers"):
        days.add_column(column, justify="right")
    for day in figures.days:
        customers = "" if day.customers is None else f"{day.customers:,}"
        days.add_row(
            str(day.business_date), str(day.feeds_received), str(day.feeds_held), f"{day.rows_in:,}",
            f"{day.quarantined:,}", customers,
        )  # fmt: skip
    return days


def _stages(figures: summary.Figures) -> Table:
    """The newest runs side by side; a stage that had nothing to do has no figure."""
    stages = Table("stage", title="Seconds per stage", title_justify="left")
    newest = list(figures.stages)[-SHOWN_RUNS:]
    for run in newest:
        stages.add_column(run, justify="right")
    for name in dict.fromkeys(stage for run in newest for stage in figures.stages[run]):
        secs = [figures.stages[run].get(name) for run in newest]
        stages.add_row(name, *["" if each is None else f"{each:.1f}" for each in secs])
    return stages


def _gates(figures: summary.Figures) -> Table:
    gates = Table("gate", title="Gates, the newest time each spoke", title_justify="left")
    for column in ("passed", "warned", "failed"):
        gates.add_column(column, justify="right")
    for gate, counts in figures.gates.items():
        gates.add_row(gate, *[str(counts.get(verdict, 0)) for verdict in ("pass", "warn", "fail")])
    return gates


def _counts(what: str, title: str, rows: Mapping[str, int]) -> Table:
    table = Table(what, title=title, title_justify="left")
    table.add_column("rows", justify="right")
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    return table


def _clock() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"
