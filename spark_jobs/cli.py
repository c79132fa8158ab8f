"""`oxpecker`: the command line, thin over the modules that do the work. Sub-commands of other packages are found by entry point."""

from __future__ import annotations

import faulthandler
import signal
import sys
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from rich.markup import escape
from typer.main import get_group

from spark_jobs.commands import erase, feeds, identity, machine, model, quarantine, reading, release, running
from spark_jobs.console import (
    NearestName,
    err,
)
from spark_jobs.errors import OxpeckerError
from spark_jobs.resolve.commands import command as resolve


class Root(NearestName):
    """Also the commands that others bring by entry point. One is imported when it is named: each costs a second that no other need wait."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *sorted(_brought())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = super().get_command(ctx, cmd_name)
        point = _brought().get(cmd_name)
        if found is not None or point is None:
            return found
        try:
            group = get_group(point.load())
        except ModuleNotFoundError as problem:
            if problem.name and not problem.name.startswith(("demo_bank", "expectations")):
                raise
            return None
        group.name = cmd_name
        return group


@cache
def _brought() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="oxpecker.commands")}


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One customer view from siloed bank extracts.",
)
app.add_typer(release.app, name="release")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(model.app, name="model")
app.add_typer(identity.app, name="identity")
app.add_typer(erase.app, name="erase")
app.command("resolve")(resolve)
app.add_typer(feeds.app, name="contract")
for _named in (
    machine.up, machine.down, machine.demo, machine.status, running.run, running.backfill, feeds.onboard,
    reading.sql, reading.timeline, reading.explain, reading.compare,
):  # fmt: skip
    app.command()(_named)


# What a person can mend: no space, no right to write, a disk that is read only.
_OF_THE_MACHINE = {ENOSPC, EDQUOT, EACCES, EPERM, EROFS}


def main() -> None:
    """Entry point: a known error is one line and its exit code; anything else is a bug and shows itself."""
    # `kill -USR1 <pid>` tells where a command that seems to hang is.
    faulthandler.register(signal.SIGUSR1, file=sys.__stderr__ or 2)
    try:
        app()
    except OxpeckerError as problem:
        err.print(f"[red]oxpecker: {escape(str(problem))}[/]", highlight=False, soft_wrap=True)
        sys.exit(problem.exit_code)
    except OSError as problem:
        if problem.errno not in _OF_THE_MACHINE:
            raise
        way_out = "free some space" if problem.errno in (ENOSPC, EDQUOT) else "allow it"
        told = f"{problem.filename or 'a file'}: {(problem.strerror or '').lower()}; {way_out}, or set OXPECKER_HOME to another place"
        err.print(f"[red]oxpecker: {escape(told)}[/]", highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
