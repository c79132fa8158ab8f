"""`oxpecker onboard` and `oxpecker contract …`: contracts of suppliers' feeds, without a JVM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spark_jobs.console import Conf, Json, Landing, NearestName, Profile, load_settings, out, print_rows
from spark_jobs.dates import parse_date

app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Contracts of suppliers' feeds.")


def onboard(
    files: Annotated[list[Path], typer.Argument(help="Samples of one feed or of several: files, or packages as they come.", exists=True, dir_okay=False)],
    system: Annotated[str | None, typer.Option("--system", help="The sender's short name; the feeds are called <system>__<file>.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write a folder for --conf there; without it the drafts are printed.")] = None,
    conf: Conf = None,
) -> None:  # fmt: skip
    """Draft contracts from sample files: layout, types, key, classes, maps with confidence, and what to ask the supplier. Needs no JVM."""
    from spark_jobs.onboarding import commands

    raise typer.Exit(commands.onboard(files, system, to, load_settings(conf=conf), out))


@app.command("check")
def contract_check(
    files: Annotated[list[Path] | None, typer.Argument(help="These files instead of the landing folder.", exists=True, dir_okay=False)] = None,
    conf: Conf = None,
    landing: Landing = None,
    day: Annotated[str | None, typer.Option("--business-date", help="Of FILEs whose contract takes the day from a folder.")] = None,
    rows: Annotated[int, typer.Option("--rows", help="First rows shown of each entity; 0 for none.", min=0, max=20)] = 3,
    show_values: Annotated[bool, typer.Option("--show-values", help="Show what names a person instead of masks.")] = False,
    profile: Profile = None,
) -> None:  # fmt: skip
    """Check contracts, judge what has arrived for them, and show the first rows of every silver entity; loads nothing, needs no JVM."""
    from spark_jobs.onboarding import commands

    settings = load_settings(profile, conf, landing)
    raise typer.Exit(
        commands.check(settings, files or [], parse_date(day) if day else None, rows, show_values, out)
    )


@app.command("terms")
def contract_terms(conf: Conf = None, as_json: Json = False, profile: Profile = None) -> None:
    """Data from outside the bank: whose they are, who answers for them, what for, on what ground, until when. Needs no JVM."""
    from spark_jobs.contracts.terms import register

    rows = [
        (feed, t.origin, t.owner, ", ".join(t.purposes), t.ground, t.until, "on" if is_on else "off")
        for feed, t, is_on in register(load_settings(profile, conf).conf_dirs)
    ]
    columns = ["feed", "from", "owner", "purposes", "ground", "until", "feed is"]
    print_rows(columns, rows, "json" if as_json else "table")


@app.command("unused")
def contract_unused(conf: Conf = None, as_json: Json = False, profile: Profile = None) -> None:
    """What is collected and used by nothing, what identifies people first: leave it out, or say what it is needed for. Needs no JVM."""
    from spark_jobs.contracts import load, unused
    from spark_jobs.contracts.sources import load_sources

    dirs = load_settings(profile, conf).conf_dirs
    found = [
        *unused.unused_fields(load_sources(dirs), unused.gates_of(dirs)),
        *unused.unread_columns(load(dirs), unused.readers_of(dirs)),
    ]
    rows = [(each.place, each.name, str(each.privacy)) for each in found]
    print_rows(["feed or table", "field", "class"], rows, "json" if as_json else "table")
