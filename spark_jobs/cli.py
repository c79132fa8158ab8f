"""`oxpecker`: the command line, thin over the modules that do the work. Sub-commands of other packages are found by entry point."""

from __future__ import annotations

import faulthandler
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.main import get_group

from spark_jobs.commands import erase, identity, model, quarantine, release
from spark_jobs.console import (
    Conf,
    Json,
    Landing,
    NearestName,
    Profile,
    err,
    load_settings,
    out,
    print_rows,
    rows_out,
)
from spark_jobs.dates import DateRange, parse_date
from spark_jobs.errors import OxpeckerError
from spark_jobs.resolve.commands import command as resolve
from spark_jobs.settings import Settings

# Exit code of a command that a person stopped with Ctrl-C, as shells count it.
INTERRUPTED = 130


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
contract_app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Contracts of suppliers' feeds.")
app.add_typer(contract_app, name="contract")

Jobs = Annotated[list[str] | None, typer.Option("--job", help="Only this job; may be repeated.")]


@app.command()
def up(
    profile: Profile = None,
    server_only: Annotated[
        bool, typer.Option("--server-only", help="The Spark server without Airflow.")
    ] = False,
) -> None:
    """Start the Spark server (Connect for jobs, Thrift for dbt and BI tools) and Airflow with its schedule on."""
    from spark_jobs import orchestrator, server

    settings = load_settings(profile)
    now = server.start(settings)
    out.print(
        f"Spark server  sc://127.0.0.1:{now.connect_port} · jdbc:hive2://127.0.0.1:{now.thrift_port}",
        soft_wrap=True,
    )
    if not server_only:
        airflow = orchestrator.start(settings, scheduled=True)
        out.print(
            f"Airflow       {airflow.url}, user {airflow.user}, password in {airflow.password_file}",
            soft_wrap=True,
        )


@app.command()
def down(profile: Profile = None) -> None:
    """Stop Airflow and the Spark server."""
    from spark_jobs import orchestrator, server

    settings = load_settings(profile)
    out.print("Airflow stopped" if orchestrator.stop(settings) else "Airflow was not running")
    out.print("Spark server stopped" if server.stop(settings) else "no Spark server was running")


@app.command()
def demo(size: Annotated[str, typer.Option("--size", help="Of the demo bank, where there is none yet.")] = "tiny",
         profile: Profile = None, landing: Landing = None) -> None:  # fmt: skip
    """The main job: demo bank, Spark server, pipeline through Airflow, summary."""
    from spark_jobs import main_job

    raise typer.Exit(main_job.run(load_settings(profile, landing=landing), out, err, size))


@app.command()
def status(as_json: Json = False, profile: Profile = None) -> None:
    """Server, Airflow, release, and what came of each business date; read without a JVM."""
    from spark_jobs import orchestrator, server, summary, summary_tables
    from spark_jobs.exports import release as releases

    settings = load_settings(profile)
    now, airflow, shown = server.status(settings), orchestrator.describe(settings), releases.current(settings)
    figures = summary.collect(settings)
    if as_json:
        content = {
            "version": version("oxpecker"),
            "home": str(settings.home),
            "landing": str(settings.landing),
            "server": {"answers": now.answers, "pid": now.pid, "connect_port": now.connect_port, "thrift_port": now.thrift_port},
            "airflow": {"healthy": airflow.healthy, "pid": airflow.pid, "url": airflow.url},
            "release": None if shown is None else {
                "release_id": shown.release_id, "business_date": shown.business_date,
                "published_at": shown.published_at, "tables": {n: t.version for n, t in shown.tables.items()},
            },
            **summary.as_json(figures),
        }  # fmt: skip
        print(json.dumps(content, indent=1, ensure_ascii=False))
        return
    out.print(f"home     {settings.home}", highlight=False, soft_wrap=True)
    out.print(f"server   {'answers' if now.answers else 'is down; `oxpecker up` starts it'}")
    out.print(f"Airflow  {airflow.url if airflow.healthy else 'is down; `oxpecker up` starts it'}")
    if shown is None:
        out.print("release  none yet; `make run` makes one")
    else:
        out.print(f"release  {shown.release_id} of {shown.business_date}, {len(shown.tables)} tables")
    summary_tables.show(figures, out)


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


@app.command()
def run(
    business_date: Annotated[str, typer.Option("--business-date", help="YYYY-MM-DD, the day of the bank's books.")],
    job: Jobs = None, conf: Conf = None, landing: Landing = None, profile: Profile = None,
) -> None:  # fmt: skip
    """Run the pipeline for one business date. Twice is harmless: the second time nothing changes."""
    _run(load_settings(profile, conf, landing), DateRange.day(parse_date(business_date)), "daily", job)


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="First business date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last business date, YYYY-MM-DD.")],
    job: Jobs = None, conf: Conf = None, landing: Landing = None, profile: Profile = None,
) -> None:  # fmt: skip
    """Run the pipeline for a range of business dates at once, with one release for its last date."""
    _run(load_settings(profile, conf, landing), DateRange.parse(first, last), "backfill", job)


@app.command()
def onboard(
    files: Annotated[list[Path], typer.Argument(help="Samples of one feed or of several: files, or packages as they come.", exists=True, dir_okay=False)],
    system: Annotated[str | None, typer.Option("--system", help="The sender's short name; the feeds are called <system>__<file>.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write a folder for --conf there; without it the drafts are printed.")] = None,
    conf: Conf = None,
) -> None:  # fmt: skip
    """Draft contracts from sample files: layout, types, key, classes, maps with confidence, and what to ask the supplier. Needs no JVM."""
    from spark_jobs.onboarding import commands

    raise typer.Exit(commands.onboard(files, system, to, load_settings(conf=conf), out))


@contract_app.command("check")
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


@contract_app.command("terms")
def contract_terms(conf: Conf = None, as_json: Json = False, profile: Profile = None) -> None:
    """Data from outside the bank: whose they are, who answers for them, what for, on what ground, until when. Needs no JVM."""
    from spark_jobs.contracts.terms import register

    rows = [
        (feed, t.origin, t.owner, ", ".join(t.purposes), t.ground, t.until, "on" if is_on else "off")
        for feed, t, is_on in register(load_settings(profile, conf).conf_dirs)
    ]
    columns = ["feed", "from", "owner", "purposes", "ground", "until", "feed is"]
    print_rows(columns, rows, "json" if as_json else "table")


@contract_app.command("unused")
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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
