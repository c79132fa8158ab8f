"""What the steward's commands share: their options, the desk they work at, and where they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spark_jobs.console import Conf, Json, Landing, Profile, load_settings
from spark_jobs.console import rows_out as out
from spark_jobs.steward.queue import Desk

__all__ = [
    "Actor",
    "Conf",
    "DecisionId",
    "ItemId",
    "Json",
    "Landing",
    "Profile",
    "Reason",
    "Second",
    "desk",
    "out",
]
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
    return Desk(load_settings(profile, conf, landing))
