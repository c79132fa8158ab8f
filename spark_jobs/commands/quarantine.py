"""`oxpecker quarantine`: records that could not be read, by place and reason; never their content."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from spark_jobs.console import Json, NearestName, Profile, load_settings, out, print_rows
from spark_jobs.errors import OxpeckerError, nearest

QUARANTINE = "ops.quarantine"
app = typer.Typer(cls=NearestName, no_args_is_help=True, help="Records that could not be read.")


@app.command("list")
def quarantine_list(
    feed: Annotated[
        str | None, typer.Option("--feed", help="Records of this feed, one by one, with their ids.")
    ] = None,
    as_json: Json = False, profile: Profile = None,
) -> None:  # fmt: skip
    """Records in quarantine, counted by feed and reason, or of one feed one by one; no record's content."""
    from spark_jobs.exports import published

    columns, rows = published.ledger(
        load_settings(profile), QUARANTINE, _COUNTED if feed is None else _LISTED
    )
    if feed is not None:
        feeds = sorted({row[1] for row in rows})
        rows = [row for row in rows if row[1] == feed]
        if feeds and not rows:
            raise OxpeckerError(f"no record of feed `{feed}` lies in quarantine; {nearest(feed, feeds)}")
    if not rows and not as_json:
        out.print("nothing lies in quarantine")
        return
    print_rows(columns, rows, "json" if as_json else "table")
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


@app.command("show")
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
    settings = load_settings(profile)
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
