"""`oxpecker up|down|demo|status`: the server, Airflow, and what came of the runs."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Annotated

import typer

from spark_jobs.console import Json, Landing, Profile, err, load_settings, out


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


def down(profile: Profile = None) -> None:
    """Stop Airflow and the Spark server."""
    from spark_jobs import orchestrator, server

    settings = load_settings(profile)
    out.print("Airflow stopped" if orchestrator.stop(settings) else "Airflow was not running")
    out.print("Spark server stopped" if server.stop(settings) else "no Spark server was running")


def demo(size: Annotated[str, typer.Option("--size", help="Of the demo bank, where there is none yet.")] = "tiny",
         profile: Profile = None, landing: Landing = None) -> None:  # fmt: skip
    """The main job: demo bank, Spark server, pipeline through Airflow, summary."""
    from spark_jobs import main_job

    raise typer.Exit(main_job.run(load_settings(profile, landing=landing), out, err, size))


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
