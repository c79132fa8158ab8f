"""What came of the runs, as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from spark_jobs.summary import Figures

SHOWN_RUNS = 4
SHOWN_FILES = 3
SHOWN_DAYS = 14


def show(figures: Figures, out: Console) -> None:
    """Tables of what arrived, how long it took and what came of it; a table without rows is left out."""
    days = _days(figures)
    if days.row_count:
        out.print(days)
    beside = [_stages(figures), _gates(figures), _counts("published table", "The release", figures.marts),
              _counts("package", "CRM files", figures.exports)]  # fmt: skip
    out.print(Columns([table for table in beside if table.row_count], padding=(1, 3)))
    out.print(f"identity: {figures.links:,} links")
    if figures.unasked:
        more = f" and {len(figures.unasked) - SHOWN_FILES} more" if len(figures.unasked) > SHOWN_FILES else ""
        out.print(
            f"[yellow]{len(figures.unasked)} files that no contract asks for:[/] "
            f"{', '.join(figures.unasked[:SHOWN_FILES])}{more}; see ops.unasked_file",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def _table(first: str, title: str, *numbers: str) -> Table:
    table = Table(
        first, title=title, title_justify="left", title_style="bold", header_style="dim", box=box.SIMPLE_HEAD
    )
    for column in numbers:
        table.add_column(column, justify="right")
    return table


def _days(figures: Figures) -> Table:
    """One line a business date; what wants a look is coloured. The oldest of many dates are added up in one line."""
    days = _table(
        "business date", "What arrived and what came of it", "feeds", "held", "rows in", "quarantined", "customers", "new links",
        "checks", "CRM rows",
    )  # fmt: skip
    older, newest = figures.days[:-SHOWN_DAYS], figures.days[-SHOWN_DAYS:]
    if older:
        days.add_row(
            f"{older[0].business_date} … {older[-1].business_date}", f"{sum(d.feeds_received for d in older):,}",
            _marked(sum(d.feeds_held for d in older), "red"), f"{sum(d.rows_in for d in older):,}",
            _marked(sum(d.quarantined for d in older), "yellow"), "", f"{sum(d.links for d in older):,}", "", "", style="dim",
        )  # fmt: skip
    for day in newest:
        failed = f" [red]{day.checks_failed} failed[/]" if day.checks_failed else ""
        warned = f" [yellow]{day.checks_warned} warned[/]" if day.checks_warned else ""
        passed = f"[green]{day.checks_passed}[/]" if day.checks_passed else ""
        days.add_row(
            str(day.business_date), str(day.feeds_received), _marked(day.feeds_held, "red"), f"{day.rows_in:,}",
            _marked(day.quarantined, "yellow"), "" if day.customers is None else f"{day.customers:,}", f"{day.links:,}",
            f"{passed}{warned}{failed}", "" if day.export_rows is None else f"{day.export_rows:,}",
        )  # fmt: skip
    return days


def _marked(count: int, colour: str) -> str:
    return f"[{colour}]{count:,}[/]" if count else "[dim]0[/]"


def _stages(figures: Figures) -> Table:
    """The newest runs side by side; a stage that had nothing to do has no figure."""
    newest = list(figures.stages)[-SHOWN_RUNS:]
    stages = _table("stage", "Seconds per stage", *newest)
    for name in dict.fromkeys(stage for run in newest for stage in figures.stages[run]):
        secs = [figures.stages[run].get(name) for run in newest]
        stages.add_row(name, *["" if each is None else f"{each:.1f}" for each in secs])
    if newest:
        stages.add_section()
        stages.add_row(
            "[bold]all[/]", *[f"[bold]{sum(figures.stages[run].values()):,.1f}[/]" for run in newest]
        )
    return stages


def _gates(figures: Figures) -> Table:
    gates = _table("gate", "Gates, the newest time each spoke", "passed", "warned", "failed")
    for gate, counts in figures.gates.items():
        passed, warned, failed = (counts.get(verdict, 0) for verdict in ("pass", "warn", "fail"))
        gates.add_row(gate, f"{passed:,}", _marked(warned, "yellow"), _marked(failed, "red"))
    return gates


def _counts(what: str, title: str, rows: Mapping[str, int]) -> Table:
    table = _table(what, title, "rows")
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    return table
