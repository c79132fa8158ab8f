"""`oxpecker report`: write the steward's pages and open them."""

from __future__ import annotations

import webbrowser

import typer

from expectations.report import data, render
from spark_jobs import settings as settings_module
from spark_jobs.errors import OxpeckerError

app = typer.Typer(no_args_is_help=True, help="The steward's report, one page per business date.")


@app.callback()
def _group() -> None:
    """The steward's report, one page per business date."""


@app.command()
def build(profile: str | None = None) -> None:
    """Write the pages from the ledgers as they are now."""
    settings = settings_module.load(profile)
    written = render.write(settings.report, data.read_days(settings), data.read_defects(settings))
    typer.echo(f"{len(written)} pages written; open {settings.report / 'index.html'}")


@app.command("open")
def open_report(profile: str | None = None) -> None:
    """Open the newest report in a browser; where there is none, say where the page lies."""
    index = settings_module.load(profile).report / "index.html"
    if not index.is_file():
        raise OxpeckerError(
            "there is no report yet; run `oxpecker run --business-date D` first, or `oxpecker report build`"
        )
    if not webbrowser.open(index.as_uri()):
        typer.echo(f"no browser here; the page is {index}")
