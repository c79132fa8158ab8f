"""The main job (`make run`): a demo bank where there is none, the Spark server, and the pipeline through Airflow.

One backfill over all business dates but the last two, then the last two as daily runs, the way a bank would start: history first,
then day by day.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spark_jobs import orchestrator, server, summary, summary_tables
from spark_jobs.airflow_client import Client, TaskState
from spark_jobs.bronze.waiting import business_dates
from spark_jobs.errors import HELD, OxpeckerError
from spark_jobs.settings import Settings

DAILY_RUNS = 2
SIZE = "tiny"
OVER = {"success": "green", "failed": "red", "upstream_failed": "dim", "skipped": "dim"}
TOLD = {**OVER, "up_for_retry": "yellow"}


@dataclass(frozen=True)
class Ended:
    """How one DAG run ended. state: published | unchanged | failed."""

    state: str
    exit_code: int


def run(settings: Settings, out: Console, err: Console, size: str = SIZE) -> int:
    """Do the main job and print its summary; gives the exit code of the runs."""
    began = monotonic()
    server.preflight(settings)
    orchestrator.preflight(settings)
    _ensure_deliveries(settings, err, size)
    dates = business_dates(settings)
    if len(dates) <= DAILY_RUNS:
        raise OxpeckerError(
            f"landing holds {len(dates)} business dates, more than {DAILY_RUNS} are needed; see {settings.landing}"
        )
    tell(err, f"{len(dates)} business dates, {dates[0]} to {dates[-1]}, in {settings.landing}")
    ports = server.start(settings)
    tell(
        err,
        f"Spark server answers on ports {ports.connect_port} (Connect) and {ports.thrift_port} (JDBC)",
    )
    was_up = orchestrator.describe(settings).healthy
    airflow = orchestrator.start(settings, scheduled=None)
    tell(err, f"Airflow answers on {airflow.url}")
    try:
        ended = _runs(Client(airflow), dates, err)
    finally:
        if not was_up:
            orchestrator.stop(settings)
    show(settings, out)
    told, style = _verdict(ended)
    out.print(f"[{style}]{told}[/] in {monotonic() - began:.0f} s", highlight=False, soft_wrap=True)
    return ended[-1].exit_code


def _verdict(ended: Sequence[Ended]) -> tuple[str, str]:
    """What the whole job came to, in one line, and its colour."""
    last = ended[-1]
    if last.exit_code == HELD:
        return "held: a required feed is held or a gate failed; nothing new is published", "bold red"
    if last.exit_code != 0:
        return "failed: see the red task above; nothing is visible by half", "bold red"
    if all(each.state == "unchanged" for each in ended):
        return (
            "nothing changed: every delivery had been worked on before, tables, release and CRM files stay",
            "bold green",
        )
    return "published", "bold green"


def _runs(client: Client, dates: Sequence[date], err: Console) -> list[Ended]:
    """The backfill and the daily runs, one after another, up to the first that does not end well."""
    history, days = dates[:-DAILY_RUNS], dates[-DAILY_RUNS:]
    planned = [("customer360_backfill", {"from_date": str(history[0]), "to_date": str(history[-1])})]
    planned += [("customer360_daily", {"business_date": str(day)}) for day in days]
    ended: list[Ended] = []
    for dag, conf in planned:
        ended.append(follow(client, dag, conf, err))
        if ended[-1].exit_code != 0:
            break
    return ended


def follow(client: Client, dag: str, conf: dict[str, str], err: Console) -> Ended:
    """Start one run, tell each task's fate as it comes, give how the run ended."""
    began = monotonic()
    label = "..".join(conf.values())
    run = client.trigger(dag, conf)
    tell(err, f"[bold]{dag} {label}[/]")
    told: dict[str, str] = {}
    latest: list[TaskState] = []
    # On a terminal a line that moves names what works now; a log gets the ended tasks only.
    with err.status("starting") as working:

        def show_changes(tasks: list[TaskState]) -> None:
            latest[:] = tasks
            done = sum(t.state in OVER for t in tasks)
            running = [t.name for t in tasks if t.state == "running"]
            working.update(f"{done}/{len(tasks)} {', '.join(running)}")
            for task in tasks:
                if told.get(task.name) == task.state:
                    continue
                told[task.name] = task.state
                if task.state in TOLD and task.state != "upstream_failed":
                    secs = f"{task.secs:6.1f} s" if task.secs is not None else ""
                    tell(
                        err,
                        f"[{TOLD[task.state]}]{task.name:<28} {task.state:<12} {secs}[/] [dim]{done}/{len(tasks)}[/]",
                    )

        succeeded = client.follow(dag, run, show_changes) == "success"
    if succeeded:
        ended = Ended(client.state(dag, run), 0)
    else:
        for task in latest:
            if task.state == "failed" and task.task != "close_run":
                err.print(f"[red]{task.name}: {client.message(dag, run, task)}[/]", highlight=False)
        ended = Ended("failed", client.exit_code(dag, run))
    tell(err, f"{dag} {label}: {ended.state} in {monotonic() - began:.0f} s")
    return ended


def tell(err: Console, text: str) -> None:
    """One line of progress with the time of day."""
    err.print(f"{datetime.now().astimezone():%H:%M:%S} {text}", highlight=False, soft_wrap=True)


def _ensure_deliveries(settings: Settings, err: Console, size: str) -> None:
    if business_dates(settings):
        return
    if settings.landing != settings.home / "demo_bank" / "landing":
        raise OxpeckerError(f"no packages in {settings.landing}; check --landing or OXPECKER_LANDING")
    tell(err, f"generating the demo bank, size {size}")
    # By the command line, because the pipeline's package does not know the generator's.
    command = [str(Path(sys.executable).with_name("oxpecker")), "demo-bank", "generate", "--size", size]
    done = subprocess.run([*command, "--out", str(settings.landing.parent)], check=False)
    if done.returncode != 0:
        raise OxpeckerError(f"the demo bank could not be generated (code {done.returncode})")


def show(settings: Settings, out: Console) -> None:
    """The summary a person wants to read after a run, and where to look next."""
    figures = summary.collect(settings)
    summary_tables.show(figures, out)
    customer = figures.example or "ID"
    told = Table.grid(padding=(0, 2))
    for what, where in (
        ("report", str(settings.report / "index.html")),
        ("CRM files", str(settings.exports)),
        ("query", '.venv/bin/oxpecker sql "select * from mart.dim_customer limit 5"'),
        ("explain", f".venv/bin/oxpecker explain --customer {customer} --column aum_cny"),
        ("identity", ".venv/bin/oxpecker score   (against the demo bank's hidden truth)"),
        ("stop", "make down   (the Spark server still runs)"),
    ):
        told.add_row(f"[bold]{what}[/]", escape(where))
    out.print("\n[bold]Where to look next[/]")
    out.print(told, highlight=False, soft_wrap=True)
