"""`oxpecker identity`: who is one person and why, who is not and why not. Needs no JVM."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer

from spark_jobs.console import Conf, Json, NearestName, Profile, load_settings, rows_out
from spark_jobs.dates import parse_date
from spark_jobs.errors import OxpeckerError

app = typer.Typer(
    cls=NearestName,
    no_args_is_help=True,
    help="Who is one person and why, who is not and why not, and undoing it.",
)
CUSTOMER = "customer"
Day = Annotated[
    str | None, typer.Option("--business-date", help="YYYY-MM-DD; without it the release's date.")
]


@app.command("explain")
def explain(
    one: Annotated[str, typer.Argument(metavar="A", help="A party, source:number or a customer; or the word `customer`.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another one; after `customer` the customer.")],
    business_date: Day = None, as_json: Json = False, profile: Profile = None, conf: Conf = None,
) -> None:  # fmt: skip
    """Why A and B are one person, or why not; `explain customer ID` tells a customer. No customer's value is shown."""
    from spark_jobs.whois import pair, person, show
    from spark_jobs.whois.book import Book

    with Book(load_settings(profile, conf)) as book:
        day = _day(business_date, book.day)
        if one == CUSTOMER:
            customer = person.explain(book, other, day)
            _print(customer, show.customer(customer), as_json)
        else:
            told = pair.explain(book, one, other, day)
            _print(told, show.pair(told, book.rules["rules"]), as_json)


def _day(asked: str | None, last: date) -> date:
    day = parse_date(asked) if asked else last
    if day > last:
        raise OxpeckerError(f"the release knows nothing after {last}")
    return day


def _print(told: Any, tree: Any, as_json: bool) -> None:
    from spark_jobs.whois import show

    if as_json:
        print(json.dumps(show.plain(told), indent=1, ensure_ascii=False))
    else:
        rows_out.print(tree, highlight=False)
