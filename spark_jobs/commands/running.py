"""`oxpecker run|backfill`: the pipeline for a date or a range of dates, from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from spark_jobs.console import Conf, Landing, Profile, err, load_settings
from spark_jobs.dates import DateRange, parse_date
from spark_jobs.settings import Settings

# Exit code of a command that a person stopped with Ctrl-C, as shells count it.
INTERRUPTED = 130
Jobs = Annotated[list[str] | None, typer.Option("--job", help="Only this job; may be repeated.")]


def _show(result: Any) -> None:
    colours = {"started": "dim", "skipped": "dim", "done": "green", "failed": "red"}
    rows = sum(n for table, n in result.rows.items() if not table.startswith("ops."))
    told = {
        "started": f"… {result.dates}",
        "skipped": "unchanged",
        "done": f"{result.seconds:.1f} s · {rows:,} rows in {len(result.rows)} tables",
        "failed": result.message,
    }[result.state]
    err.print(
        f"[{colours[result.state]}]{datetime.now().astimezone():%H:%M:%S} {result.stage:<14} {told}[/]",
        highlight=False,
    )


def _stop_work() -> None:
    """What this process had asked of the Spark server would go on without it, and write when nobody waits any more."""
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.interruptAll()


def _run(settings: Settings, dates: DateRange, kind: str, jobs: Sequence[str] | None) -> None:
    from spark_jobs import runner

    try:
        summary = runner.run_range(settings, dates, kind, jobs or None, _show)
    except KeyboardInterrupt:
        _stop_work()
        err.print(
            "stopped; readers see what they saw before, and the same command goes on from the stage that was stopped"
        )
        raise typer.Exit(INTERRUPTED) from None
    seconds = sum(s.seconds for s in summary.stages)
    colour = "green" if summary.exit_code == 0 else "red"
    err.print(f"[{colour}]{dates}: {summary.state} in {seconds:.0f} s[/] {summary.message}", highlight=False)
    raise typer.Exit(summary.exit_code)


def run(
    business_date: Annotated[str, typer.Option("--business-date", help="YYYY-MM-DD, the day of the bank's books.")],
    job: Jobs = None, conf: Conf = None, landing: Landing = None, profile: Profile = None,
) -> None:  # fmt: skip
    """Run the pipeline for one business date. Twice is harmless: the second time nothing changes."""
    _run(load_settings(profile, conf, landing), DateRange.day(parse_date(business_date)), "daily", job)


def backfill(
    first: Annotated[str, typer.Option("--from", help="First business date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last business date, YYYY-MM-DD.")],
    job: Jobs = None, conf: Conf = None, landing: Landing = None, profile: Profile = None,
) -> None:  # fmt: skip
    """Run the pipeline for a range of business dates at once, with one release for its last date."""
    _run(load_settings(profile, conf, landing), DateRange.parse(first, last), "backfill", job)
