"""`oxpecker sql|timeline|explain|compare`: what is published, where it comes from, and whether two lakes hold the same."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Annotated

import typer

from spark_jobs.console import Conf, Json, Landing, Profile, err, load_settings, out, print_rows, rows_out
from spark_jobs.dates import parse_date
from spark_jobs.errors import OxpeckerError


def sql(
    query: Annotated[
        str | None, typer.Argument(help="A query on what is published; without one, a prompt.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    profile: Profile = None,
) -> None:
    """Query the published release: the marts, profile.customer_daily and profile.customer_current."""
    from spark_jobs.exports import published

    settings = load_settings(profile)
    if form not in ("table", "csv", "json"):
        raise typer.BadParameter(f"no format `{form}`; known are table, csv, json")
    if query is not None:
        print_rows(*published.query(settings, query), form)
        if form == "table":
            err.print(published.describe(settings).age, style="dim")
        return
    release = published.describe(settings)
    err.print(f"{release.age}; {', '.join(sorted(release.tables))}; Ctrl-D leaves")
    with suppress(ModuleNotFoundError):
        import readline  # noqa: F401  arrow keys and earlier lines in the prompt
    while True:
        try:
            line = input("oxpecker> " if sys.stdin.isatty() else "").strip().rstrip(";")
        except EOFError:
            return
        if line:
            try:
                print_rows(*published.query(settings, line), form)
            except OxpeckerError as problem:
                err.print(f"[red]{problem}[/]")


def timeline(
    customer: Annotated[str, typer.Option("--customer", help="A customer id, as `oxpecker sql` shows it.")],
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only these: contact, complaint, rule, stage, …")] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    profile: Profile = None,
) -> None:  # fmt: skip
    """What happened between the bank and one customer, in order, from the published marts: contacts, complaints, rules, stages, scores."""
    from spark_jobs.exports import timeline as of

    if form not in ("table", "csv", "json"):
        raise typer.BadParameter(f"no format `{form}`; known are table, csv, json")
    print_rows(of.COLUMNS, of.of_customer(load_settings(profile), customer, tuple(kinds or ())), form)


def explain(
    customer: Annotated[str, typer.Option("--customer", help="A customer id, as `oxpecker sql` shows it.")],
    column: Annotated[str, typer.Option("--column", help="A column of profile.customer_daily or of a layer, for example aum_cny.")],
    business_date: Annotated[
        str | None, typer.Option("--business-date", help="YYYY-MM-DD; without it the release's date.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Open the packages in landing and compare the bytes.")
    ] = True,
    as_json: Json = False, profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """Where a value comes from: the rule, the rows of each layer, and the bytes of the suppliers' files. Shows no personal value."""
    from spark_jobs.explain import show, walk

    day = parse_date(business_date) if business_date else None
    told = walk.explain(load_settings(profile, conf, landing), customer, column, day, check=check)
    if as_json:
        print(json.dumps(show.as_json(told), indent=1, ensure_ascii=False))
    else:
        rows_out.print(show.tree(told), highlight=False)


def compare(
    ref: Annotated[str, typer.Argument(help="A lake: its home, home:prefix, or :prefix in the present home.")],
    got: Annotated[str, typer.Argument(help="The lake to hold against it.")],
    exact: Annotated[
        bool, typer.Option("--exact", help="Superseded rows and provenance count, too.")
    ] = False,
    profile: Profile = None, conf: Conf = None,
) -> None:  # fmt: skip
    """Whether two lakes hold the same; exit code 1 and the differing tables where they do not."""
    from spark_jobs import compare as comparing
    from spark_jobs.contracts import load

    settings = load_settings(profile, conf)
    sides = [comparing.Side.parse(text, settings) for text in (ref, got)]
    looked_at, differences = comparing.compare(sides[0], sides[1], load(settings.conf_dirs), exact=exact)
    for d in differences:
        columns = ", ".join(f"{c} {n:,}" for c, n in d.columns.items())
        counts = f"only REF {d.only_ref:,}, only GOT {d.only_got:,}, changed {d.changed:,}"
        out.print(f"[red]{d.table}[/]: {d.what}; {counts}; {columns}", highlight=False, soft_wrap=True)
        for key in d.keys:
            out.print(f"    {key}", highlight=False, soft_wrap=True)
    out.print(f"{looked_at} tables, {len(differences)} differ")
    raise typer.Exit(1 if differences or not looked_at else 0)
