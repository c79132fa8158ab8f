"""`oxpecker demo-bank`: makes the extracts of a bank that does not exist."""

from __future__ import annotations

import difflib
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from demo_bank.coverage import missing
from demo_bank.dirt.plan import FULL, LEVELS
from demo_bank.generate import ALL, usual
from demo_bank.generate import generate as generate_bank
from demo_bank.sizes import DEFAULT_SEED, SIZES
from demo_bank.witness import LATER

app = typer.Typer(no_args_is_help=True, help="Extracts of a fictional bank, with hidden truth.")


@app.callback()
def _group() -> None:
    """Extracts of a fictional bank, with hidden truth."""


@app.command()
def generate(
    out: Annotated[Path, typer.Option("--out", help="Folder that gets landing/ and its hidden sibling.")],
    size: Annotated[str, typer.Option("--size", help="nano, tiny, demo or full.")] = "tiny",
    people: Annotated[int | None, typer.Option("--people", help="Another number of people.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Another first business date.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Another last business date.")] = None,
    systems: Annotated[
        str | None, typer.Option("--systems", help="Only these, for example CORE,REF.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed")] = DEFAULT_SEED,
    dirt: Annotated[str, typer.Option("--dirt", help="none, light or full: how much goes wrong.")] = FULL,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Print what is in it of what it promises.")
    ] = False,
) -> None:
    """Write every package of the bank; what lay in the folder's landing before is removed."""
    chosen = SIZES.get(size)
    if chosen is None:
        near = difflib.get_close_matches(size, SIZES, n=1)
        raise typer.BadParameter(
            f"no size `{size}`; " + (f"did you mean `{near[0]}`?" if near else ", ".join(SIZES))
        )
    wanted = tuple(systems.split(",")) if systems else usual(chosen)
    unknown = sorted(set(wanted) - set(ALL))
    if unknown:
        raise typer.BadParameter(f"no system {', '.join(unknown)}; known are {', '.join(ALL)}")
    if dirt not in LEVELS:
        raise typer.BadParameter(f"no level {dirt}; known are {', '.join(LEVELS)}")
    changed = replace(
        chosen,
        people=people or chosen.people,
        first=date.fromisoformat(first) if first else chosen.first,
        last=date.fromisoformat(last) if last else chosen.last,
    )
    for folder in ("landing", "truth", "steward"):
        shutil.rmtree(out / folder, ignore_errors=True)
    began = monotonic()
    made = generate_bank(changed, out, seed, wanted, dirt)
    typer.echo(
        f"{size}: {changed.people:,} people, {len(changed.dates)} dates, {made.packages} packages in {monotonic() - began:.1f} s"
    )
    if coverage:
        for cell in made.cells:
            typer.echo(f"{cell.name:<28} {cell.count:>7}{'' if cell.is_due else '  (not due)'}")
        for name in LATER:
            typer.echo(f"{name:<28}   later")
    empty = missing(made.cells)
    if empty:
        typer.echo(f"nothing of: {', '.join(empty)}", err=True)
        raise typer.Exit(1)


@app.command()
def model(
    people: Annotated[int | None, typer.Option("--people", help="Another number of people than the size `demo` has.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Another first business date.")] = None,
    systems: Annotated[str | None, typer.Option("--systems", help="Other systems than the model reads.")] = None,
    home: Annotated[Path | None, typer.Option("--home", help="Folder of the bank and its lake; used again where it is there.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Where the page goes.")] = None,
    only_report: Annotated[bool, typer.Option("--only-report", help="Write the page again from what lies in the folder.")] = False,
) -> None:  # fmt: skip
    """Train the churn model on a demo bank and test it walking forward; writes docs/churn-demo.md."""
    # The pipeline's settings are needed here alone: whoever only makes a bank loads none of them.
    from demo_bank import demo_model
    from spark_jobs import settings as configuration

    asked = demo_model.default_asked(home or configuration.load().home / "churn_demo")
    asked = replace(
        asked,
        people=people or asked.people,
        first=date.fromisoformat(first) if first else asked.first,
        systems=tuple(systems.split(",")) if systems else asked.systems,
        home=asked.home.expanduser().absolute(),
        report=report or asked.report,
    )
    demo_model.report(asked) if only_report else demo_model.run(asked)
