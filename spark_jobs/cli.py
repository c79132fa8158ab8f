"""`oxpecker`: the command line, thin over the modules that do the work. Sub-commands of other packages are found by entry point."""

from __future__ import annotations

import csv
import difflib
import faulthandler
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange, parse_date
from spark_jobs.errors import OxpeckerError, nearest
from spark_jobs.settings import Settings

# Into a file or a pipe: readable tables, but rows of data and places in files as whole lines, so that they can be searched.
IN_A_LOG, IN_A_FILE = 120, 400
# Exit code of a command that a person stopped with Ctrl-C, as shells count it.
INTERRUPTED = 130
out = Console(width=None if sys.stdout.isatty() else IN_A_LOG)
rows_out = Console(width=None if sys.stdout.isatty() else IN_A_FILE)
err = Console(stderr=True)
QUARANTINE = "ops.quarantine"


class NearestName(TyperGroup):
    """An unknown command names the nearest right one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"did you mean `{near[0]}`?" if near else "see `oxpecker --help`"
            raise typer.BadParameter(f"no command `{name}`; {hint}")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=NearestName,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One customer view from siloed bank extracts.",
)
release_app = typer.Typer(
    cls=NearestName, no_args_is_help=True, help="What readers see, and what they saw before."
)
quarantine_app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Records that could not be read.")
app.add_typer(release_app, name="release")
app.add_typer(quarantine_app, name="quarantine")
model_app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Models that score customers.")
app.add_typer(model_app, name="model")

contract_app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Contracts of suppliers' feeds.")
app.add_typer(contract_app, name="contract")

Conf = Annotated[
    Path | None,
    typer.Option("--conf", help="The bank's own configuration folder, laid over the shipped one."),
]
Landing = Annotated[Path | None, typer.Option("--landing", help="Where suppliers put their files.")]
Profile = Annotated[
    str | None, typer.Option("--profile", help="Name of a profile: local, cluster or the bank's own.")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Jobs = Annotated[list[str] | None, typer.Option("--job", help="Only this job; may be repeated.")]


def _settings(profile: str | None = None, conf: Path | None = None, landing: Path | None = None) -> Settings:
    return settings_module.load(profile, overlay=conf, landing=landing)


@app.command()
def up(
    profile: Profile = None,
    server_only: Annotated[
        bool, typer.Option("--server-only", help="The Spark server without Airflow.")
    ] = False,
) -> None:
    """Start the Spark server (Connect for jobs, Thrift for dbt and BI tools) and Airflow with its schedule on."""
    from spark_jobs import orchestrator, server

    settings = _settings(profile)
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

    settings = _settings(profile)
    out.print("Airflow stopped" if orchestrator.stop(settings) else "Airflow was not running")
    out.print("Spark server stopped" if server.stop(settings) else "no Spark server was running")


@app.command()
def demo(size: Annotated[str, typer.Option("--size", help="Of the demo bank, where there is none yet.")] = "tiny",
         profile: Profile = None, landing: Landing = None) -> None:  # fmt: skip
    """The main job: demo bank, Spark server, pipeline through Airflow, summary."""
    from spark_jobs import main_job

    raise typer.Exit(main_job.run(_settings(profile, landing=landing), out, err, size))


@app.command()
def status(as_json: Json = False, profile: Profile = None) -> None:
    """Server, Airflow, release, and what came of each business date; read without a JVM."""
    from spark_jobs import main_job, orchestrator, server, summary
    from spark_jobs.exports import release as releases

    settings = _settings(profile)
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
    main_job.show_figures(figures, out)


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
    _run(_settings(profile, conf, landing), DateRange.day(parse_date(business_date)), "daily", job)


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="First business date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last business date, YYYY-MM-DD.")],
    job: Jobs = None, conf: Conf = None, landing: Landing = None, profile: Profile = None,
) -> None:  # fmt: skip
    """Run the pipeline for a range of business dates at once, with one release for its last date."""
    _run(_settings(profile, conf, landing), DateRange.parse(first, last), "backfill", job)


@app.command()
def onboard(
    files: Annotated[list[Path], typer.Argument(help="Samples of one feed or of several: files, or packages as they come.", exists=True, dir_okay=False)],
    system: Annotated[str | None, typer.Option("--system", help="The sender's short name; the feeds are called <system>__<file>.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Write a folder for --conf there; without it the drafts are printed.")] = None,
    conf: Conf = None,
) -> None:  # fmt: skip
    """Draft contracts from sample files: layout, types, key, classes, maps with confidence, and what to ask the supplier. Needs no JVM."""
    from spark_jobs.onboarding import commands

    raise typer.Exit(commands.onboard(files, system, to, _settings(conf=conf), out))


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

    settings = _settings(profile, conf, landing)
    raise typer.Exit(
        commands.check(settings, files or [], parse_date(day) if day else None, rows, show_values, out)
    )


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

    settings = _settings(profile)
    if form not in ("table", "csv", "json"):
        raise typer.BadParameter(f"no format `{form}`; known are table, csv, json")
    if query is not None:
        _print_rows(*published.query(settings, query), form)
        return
    release = published.describe(settings)
    err.print(
        f"release {release.release_id} of {release.business_date}; {', '.join(sorted(release.tables))}; Ctrl-D leaves"
    )
    with suppress(ModuleNotFoundError):
        import readline  # noqa: F401  arrow keys and earlier lines in the prompt
    while True:
        try:
            line = input("oxpecker> " if sys.stdin.isatty() else "").strip().rstrip(";")
        except EOFError:
            return
        if line:
            try:
                _print_rows(*published.query(settings, line), form)
            except OxpeckerError as problem:
                err.print(f"[red]{problem}[/]")


def _print_rows(columns: list[str], rows: list[tuple[Any, ...]], form: str) -> None:
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
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        table = Table(*columns)
        for row in rows:
            table.add_row(*["" if value is None else str(value) for value in row])
        rows_out.print(table)


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
    told = walk.explain(_settings(profile, conf, landing), customer, column, day, check=check)
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

    settings = _settings(profile, conf)
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


@release_app.command("list")
def release_list(as_json: Json = False, profile: Profile = None) -> None:
    """Releases that readers could see, newest first, and what CRM was given with each; read without a JVM."""
    from spark_jobs.exports import published

    settings = _settings(profile)
    sent = published.sent_to_crm(settings)
    shown = settings.current_release
    current = json.loads(shown.read_text())["release_id"] if shown.is_file() else None
    found = [json.loads(path.read_text()) for path in (settings.home / "releases").glob("*.json")]
    found.sort(key=lambda r: (r["published_at"], r["release_id"]), reverse=True)
    if as_json:
        told = [
            {**each, "is_current": each["release_id"] == current, "crm": sent.get(each["release_id"])} for each in found
        ]  # fmt: skip
        print(json.dumps(told, indent=1))
        return
    if not found:
        out.print("no release yet; `oxpecker run --business-date D` or `make run` makes one")
        return
    table = Table("release", "business date", "published at", "tables", "CRM", "")
    for each in found:
        mark = "current" if each["release_id"] == current else ""
        table.add_row(
            each["release_id"], each["business_date"], each["published_at"], str(len(each["tables"])),
            sent.get(each["release_id"], ""), mark,
        )  # fmt: skip
    out.print(table)


@release_app.command("restatements")
def release_restatements(
    day: Annotated[
        str | None, typer.Option("--business-date", help="Of this date alone, YYYY-MM-DD.")
    ] = None,
    as_json: Json = False, profile: Profile = None,
) -> None:  # fmt: skip
    """Dates that readers had seen and that a later release showed otherwise: how much, and why; read without a JVM."""
    from spark_jobs.exports import published

    of_day = None if day is None else parse_date(day)
    columns, rows = published.ledger(_settings(profile), "ops.restatement", _RESTATED)
    rows = [row for row in rows if of_day is None or row[0] == of_day]
    if not rows and not as_json:
        out.print("no date that was published has been restated")
        return
    _print_rows(columns, rows, "json" if as_json else "table")


_RESTATED = (
    "select business_date, table_name, release_id, rows_added_cnt as added, rows_removed_cnt as removed, rows_changed_cnt as changed, "
    "customers_touched_cnt as customers, aum_change_cny as aum_change, restated_by_code as restated_by, "
    "array_to_string(list_concat(cause_delivery_ids, cause_decision_ids), ' ') as causes "
    "from {table} order by known_at desc, table_name, business_date"
)


@quarantine_app.command("list")
def quarantine_list(
    feed: Annotated[
        str | None, typer.Option("--feed", help="Records of this feed, one by one, with their ids.")
    ] = None,
    as_json: Json = False, profile: Profile = None,
) -> None:  # fmt: skip
    """Records in quarantine, counted by feed and reason, or of one feed one by one; no record's content."""
    from spark_jobs.exports import published

    columns, rows = published.ledger(_settings(profile), QUARANTINE, _COUNTED if feed is None else _LISTED)
    if feed is not None:
        feeds = sorted({row[1] for row in rows})
        rows = [row for row in rows if row[1] == feed]
        if feeds and not rows:
            raise OxpeckerError(f"no record of feed `{feed}` lies in quarantine; {nearest(feed, feeds)}")
    if not rows and not as_json:
        out.print("nothing lies in quarantine")
        return
    _print_rows(columns, rows, "json" if as_json else "table")
    if feed is None and not as_json:
        out.print(
            "`oxpecker quarantine list --feed FEED` gives the ids, `oxpecker quarantine show ID` place and reasons"
        )


_COUNTED = (
    "select feed_code, array_to_string(reason_codes, ' ') as reasons, state_code, count(*) as records, "
    "min(business_date) as oldest, min(quarantine_id) as for_example "
    "from {table} group by feed_code, reasons, state_code order by records desc, feed_code, reasons"
)
_LISTED = (
    "select quarantine_id, feed_code, business_date, line_no, array_to_string(reason_codes, ' ') as reasons, state_code "
    "from {table} order by business_date, file_id, line_no"
)


@quarantine_app.command("show")
def quarantine_show(
    quarantine_id: Annotated[
        str, typer.Argument(help="From `oxpecker quarantine list`; its first letters are enough.")
    ],
    as_json: Json = False, profile: Profile = None,
) -> None:  # fmt: skip
    """Where one record lies (package, file, line, bytes) and why; its content stays sealed."""
    from spark_jobs.exports import published

    if not quarantine_id.isalnum():
        raise typer.BadParameter("a quarantine id is letters and digits only")
    settings = _settings(profile)
    columns, rows = published.ledger(
        settings,
        QUARANTINE,
        f"select * exclude (record) from {{table}} where starts_with(quarantine_id, '{quarantine_id}') limit 2",
    )
    if not rows:
        raise OxpeckerError(
            f"no record `{quarantine_id}` in quarantine; `oxpecker quarantine list` shows what there is"
        )
    if len(rows) > 1:
        raise OxpeckerError(f"several records begin with `{quarantine_id}`; give more of the id")
    told = dict(zip(columns, rows[0], strict=True))
    names, files = published.ledger(
        settings,
        "ops.delivery_file",
        f"select package_name, file_name, sequence_no from {{table}} where file_id = '{told['file_id']}'",
    )
    told |= dict(zip(names, files[0], strict=True)) if files else {}
    if as_json:
        print(json.dumps(told, default=str, ensure_ascii=False, indent=1))
        return
    for name, value in told.items():
        shown = " ".join(value) if isinstance(value, list) else value
        out.print(f"{name:<16} {shown}", highlight=False, soft_wrap=True)


@model_app.command("train")
def model_train(conf: Conf = None, profile: Profile = None) -> None:
    """Train the churn model on the dates of the lake, test it walking forward, register it where it is good enough."""
    from spark_jobs.jobs import churn_training

    outcome = churn_training.train_settings(_settings(profile, conf))
    table = Table(
        "tested as of", "", "customers", "left", "AUC", "average precision", "Brier", "lift at 10 %"
    )
    for fold in outcome.folds:
        for name in ("model", "baseline", "boosting"):
            got = getattr(fold, name)
            figures = [
                f"{f.value:.3f} ({f.low:.3f}–{f.high:.3f})" for f in (got.auc, got.ap, got.brier, got.lift)
            ]
            table.add_row(str(fold.test), name, f"{got.customers:,}", f"{got.positives:,}", *figures)
    out.print(table)
    if outcome.model is None:
        raise OxpeckerError(f"no model is registered: {outcome.why_not}; every band stays N")
    model = outcome.model
    out.print(
        f"model {model.version}: {model.rows:,} rows, {model.positives:,} of them left; scores Sundays from {model.labels_until} on"
    )


@model_app.command("list")
def model_list(profile: Profile = None) -> None:
    """Registered models, the newest last; read without a JVM."""
    from spark_jobs.models import registry

    settings = _settings(profile)
    table = Table("model", "version", "trained as of", "labels until", "rows", "left")
    for code in registry.counts(settings):
        for model in registry.registered(settings, code.removeprefix("model.")):
            days = f"{min(model.as_of_dates)}..{max(model.as_of_dates)}"
            table.add_row(
                model.model_code,
                model.version,
                days,
                str(model.labels_until),
                f"{model.rows:,}",
                f"{model.positives:,}",
            )
    out.print(table)


def _add_resolve() -> None:
    from spark_jobs.resolve.commands import command

    app.command("resolve")(command)


def _add_plugins() -> None:
    from spark_jobs.steward.commands import app as steward_app

    app.add_typer(steward_app, name="steward")
    _add_resolve()
    for point in sorted(entry_points(group="oxpecker.commands"), key=lambda e: e.name):
        try:
            app.add_typer(point.load(), name=point.name)
        except ModuleNotFoundError as problem:
            if problem.name and not problem.name.startswith(("demo_bank", "expectations")):
                raise


# What a person can mend: no space, no right to write, a disk that is read only.
_OF_THE_MACHINE = {ENOSPC, EDQUOT, EACCES, EPERM, EROFS}


def main() -> None:
    """Entry point: a known error is one line and its exit code; anything else is a bug and shows itself."""
    # `kill -USR1 <pid>` tells where a command that seems to hang is.
    faulthandler.register(signal.SIGUSR1, file=sys.__stderr__ or 2)
    _add_plugins()
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
