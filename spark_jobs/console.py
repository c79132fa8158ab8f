"""What all commands share: where they print, the options they have in common, and the hint that a wrong word gets."""

from __future__ import annotations

import csv
import difflib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from spark_jobs import settings as settings_module
from spark_jobs.settings import Settings

# Into a file or a pipe: readable tables, but rows of data and places in files as whole lines, so that they can be searched.
IN_A_LOG, IN_A_FILE = 120, 400
out = Console(width=None if sys.stdout.isatty() else IN_A_LOG)
rows_out = Console(width=None if sys.stdout.isatty() else IN_A_FILE)
err = Console(stderr=True)

Conf = Annotated[
    Path | None,
    typer.Option("--conf", help="The bank's own configuration folder, laid over the shipped one."),
]
Landing = Annotated[Path | None, typer.Option("--landing", help="Where suppliers put their files.")]
Profile = Annotated[
    str | None, typer.Option("--profile", help="Name of a profile: local, cluster or the bank's own.")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


class NearestName(TyperGroup):
    """An unknown command names the nearest right one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"did you mean `{near[0]}`?" if near else "see `oxpecker --help`"
            raise typer.BadParameter(f"no command `{name}`; {hint}")
        return super().resolve_command(ctx, args)


def load_settings(
    profile: str | None = None, conf: Path | None = None, landing: Path | None = None
) -> Settings:
    """Of the profile, with the bank's own configuration and landing where they are given."""
    return settings_module.load(profile, overlay=conf, landing=landing)


def print_rows(columns: list[str], rows: list[tuple[Any, ...]], form: str) -> None:
    """Rows of a query as `table`, `csv` or `json`."""
    if form == "json":
        print(
            json.dumps(
                [dict(zip(columns, row, strict=True)) for row in rows],
                default=str,
                ensure_ascii=False,
                indent=1,
            )
        )
    elif form == "csv":
        # Ends of lines as the shell's own tools have them, not as RFC 4180 does.
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        table = Table(*columns)
        for row in rows:
            table.add_row(*["" if value is None else str(value) for value in row])
        rows_out.print(table)
