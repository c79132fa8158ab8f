"""`oxpecker release`: what readers see, and what they saw before."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from spark_jobs.console import Json, NearestName, Profile, load_settings, out, print_rows
from spark_jobs.dates import parse_date

app = typer.Typer(cls=NearestName, no_args_is_help=True, help="What readers see, and what they saw before.")


@app.command("list")
def release_list(as_json: Json = False, profile: Profile = None) -> None:
    """Releases that readers could see, newest first, and what CRM was given with each; read without a JVM."""
    from spark_jobs.exports import published

    settings = load_settings(profile)
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


@app.command("restatements")
def release_restatements(
    day: Annotated[
        str | None, typer.Option("--business-date", help="Of this date alone, YYYY-MM-DD.")
    ] = None,
    as_json: Json = False, profile: Profile = None,
) -> None:  # fmt: skip
    """Dates that readers had seen and that a later release showed otherwise: how much, and why; read without a JVM."""
    from spark_jobs.exports import published

    of_day = None if day is None else parse_date(day)
    columns, rows = published.ledger(load_settings(profile), "ops.restatement", _RESTATED)
    rows = [row for row in rows if of_day is None or row[0] == of_day]
    if not rows and not as_json:
        out.print("no date that was published has been restated")
        return
    print_rows(columns, rows, "json" if as_json else "table")


_RESTATED = (
    "select business_date, table_name, release_id, rows_added_cnt as added, rows_removed_cnt as removed, rows_changed_cnt as changed, "
    "customers_touched_cnt as customers, aum_change_cny as aum_change, restated_by_code as restated_by, "
    "array_to_string(list_concat(cause_delivery_ids, cause_decision_ids), ' ') as causes "
    "from {table} order by known_at desc, table_name, business_date"
)
