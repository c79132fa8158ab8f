"""What the steward's commands share: their options, the desk they work at, and where they print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spark_jobs import settings as settings_module
from spark_jobs.steward.queue import Desk

# Into a pipe: whole lines.
IN_A_FILE = 400
out = Console(width=None if sys.stdout.isatty() else IN_A_FILE)

Conf = Annotated[
    Path | None,
    typer.Option("--conf", help="The bank's own configuration folder, laid over the shipped one."),
]
Profile = Annotated[str | None, typer.Option("--profile", help="Name of a profile.")]
Landing = Annotated[Path | None, typer.Option("--landing", help="Where suppliers put their files.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
ItemId = Annotated[
    str, typer.Argument(help="From `oxpecker steward list --items`; its first letters are enough.")
]
DecisionId = Annotated[str, typer.Argument(help="From `oxpecker steward log`; its first letters are enough.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in the bank's words; no customer's value.")]
Actor = Annotated[str, typer.Option("--actor", help="Who decides: a staff number or an account of the desk.")]
Second = Annotated[
    str | None,
    typer.Option(
        "--second", help="Another person who agrees now; without one the decision waits for `approve`."
    ),
]


def desk(profile: str | None = None, conf: Path | None = None, landing: Path | None = None) -> Desk:
    """Everything as it is on the disk now."""
    return Desk(settings_module.load(profile, overlay=conf, landing=landing))
