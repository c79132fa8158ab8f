"""`oxpecker identity`: who is one person and why, who is not and why not. Needs no JVM."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from spark_jobs.console import Conf, Json, Landing, NearestName, Profile, err, load_settings, rows_out
from spark_jobs.dates import parse_date
from spark_jobs.errors import OxpeckerError, nearest

app = typer.Typer(
    cls=NearestName,
    no_args_is_help=True,
    help="Who is one person and why, who is not and why not, and undoing it.",
)
CUSTOMER = "customer"
Reason = Annotated[str, typer.Option("--reason", help="Why, in the bank's words; no customer's value.")]
Actor = Annotated[str, typer.Option("--actor", help="Who decides: a staff number or an account of the desk.")]
Second = Annotated[
    str | None,
    typer.Option(
        "--second",
        help="Another person who agrees now; without one `oxpecker steward approve` is waited for.",
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", help="Business date from which it counts, YYYY-MM-DD; without it today."),
]
Look = Annotated[bool, typer.Option("--look", help="Only say what would change.")]
Item = Annotated[str, typer.Argument(help="From `oxpecker identity review`; its first letters are enough.")]
Day = Annotated[
    str | None, typer.Option("--business-date", help="YYYY-MM-DD; without it the release's date.")
]


@app.command("explain")
def explain(
    one: Annotated[str, typer.Argument(metavar="A", help="A party, source:number or a customer; or the word `customer`.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another one; after `customer` the customer.")],
    business_date: Day = None,
    weights: Annotated[bool, typer.Option("--weights", help="Also what the bank's model says, field by field; of a customer, of each record's strongest tie.")] = False,
    picture: Annotated[Path | None, typer.Option("--picture", help="SVG file for the weights as a waterfall; shows no value.")] = None,
    case: Annotated[str | None, typer.Option("--case", help="Of A and B: show values instead of shapes, for this case number; it is logged.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who looks; needed with --case.")] = None,
    as_json: Json = False, profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """Why A and B are one person, or why not; `explain customer ID` tells a customer. Values are masked."""
    from spark_jobs.whois import pair, person, show
    from spark_jobs.whois.book import Book

    if case is not None and not actor:
        raise OxpeckerError("values are shown to a person with a case number: give --actor, too")
    settings = load_settings(profile, conf, landing)
    with Book(settings) as book:
        day = _day(business_date, book.day)
        if one == CUSTOMER:
            if picture or case:
                raise OxpeckerError("a picture, and values for a case, are of two records: `explain A B`")
            _customer(book, person.explain(book, other, day), day, weights, as_json)
            return
        told = pair.explain(book, one, other, day)
        weighed = None
        if weights or picture or case:
            weighed = _weighed(settings, book, told, day, case, actor)
    if as_json:
        print(
            json.dumps(
                show.plain(told) | ({"weights": show.plain(weighed)} if weighed else {}),
                indent=1,
                ensure_ascii=False,
            )
        )
    else:
        rows_out.print(show.pair(told, book.rules["rules"]), highlight=False)
    if weighed:
        _show_weights(weighed, told.sources, picture, as_json)


def _customer(book: Any, told: Any, day: date, weights: bool, as_json: bool) -> None:
    """A customer, and with weights what the model says of the strongest tie of each record."""
    from spark_jobs.whois import show, waterfall, weighed

    ties = weighed.ties(book, told, day) if weights else []
    if as_json:
        found = {"weights": [show.plain(each) | {"rule": rule} for rule, each in ties]} if weights else {}
        print(json.dumps(show.plain(told) | found, indent=1, ensure_ascii=False))
        return
    rows_out.print(show.customer(told), highlight=False)
    if ties:
        rows_out.print(waterfall.ties(ties), highlight=False)
        rows_out.print(f"weighed by {waterfall.model(ties[0][1])}", highlight=False, soft_wrap=True)
    elif weights:
        rows_out.print("no two of its records say enough to be weighed", highlight=False)


def _weighed(settings: Any, book: Any, told: Any, day: date, case: str | None, actor: str | None) -> Any:
    """The model's opinion. Values come out only for a case, and the look is logged before."""
    from spark_jobs.whois import weighed

    if case is not None:
        from spark_jobs.clock import utc_now
        from spark_jobs.steward import decide
        from spark_jobs.steward.queue import Desk

        for party in sorted({*told.one.parties, *told.other.parties}):
            decide.actions(Desk(settings)).enter(actor or "", "revealed", party, utc_now(), case=case)
    return weighed.weigh(book, told.one.parties, told.other.parties, day, case is not None)


def _show_weights(weighed: Any, sources: dict[str, str], picture: Path | None, as_json: bool) -> None:
    from spark_jobs.whois import waterfall

    if not as_json:
        rows_out.print(waterfall.table(weighed), highlight=False)
        for line in waterfall.lines(weighed):
            rows_out.print(line, highlight=False, soft_wrap=True)
    if picture:
        err.print(f"picture {waterfall.write(weighed, picture, sources)}", highlight=False, soft_wrap=True)


@app.command("train")
def train(
    out: Annotated[Path | None, typer.Option("--out", help="Where to; without it models/identity.json of the bank's own configuration folder.")] = None,
    profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """Learn the model of who is who from the people in silver. Once, and again when the bank has grown by half."""
    from spark_jobs import settings as settings_module
    from spark_jobs.identity import bank_model

    settings = load_settings(profile, conf, landing)
    if out is None and len(settings.conf_dirs) < 2:
        raise OxpeckerError(
            "say where to with --out, or name the bank's own configuration folder (--conf): the shipped one is not written to"
        )
    place = out or settings.conf_dirs[-1] / settings_module.IDENTITY_MODEL
    model, records = bank_model.learned(settings, settings_module.rules(settings, "identity"))
    size = bank_model.write(place, model)
    classes = model.model
    fields = ", ".join(shape.name for shape in model.form.shapes or [])
    err.print(
        f"{records:,} records compared by {fields}: {classes.sizes[0]:,.0f} pairs of one person, {classes.sizes[1]:,.0f} of one household, "
        f"learned in {classes.rounds} rounds", highlight=False, soft_wrap=True,
    )  # fmt: skip
    rows_out.print(f"{place} ({size / 1024:,.0f} KB)", highlight=False, soft_wrap=True)


@app.command("review")
def review(
    limit: Annotated[int, typer.Option("--limit", help="So many items at most.", min=1)] = 20,
    kind: Annotated[str | None, typer.Option("--kind", help="grey_pair, contradiction, suspect_ecif_merge or oversize_cluster.")] = None,
    as_json: Json = False, profile: Profile = None, conf: Conf = None,
) -> None:  # fmt: skip
    """What waits for a word about persons, the most harmful first, and how far stewards and rules have agreed."""
    from spark_jobs.whois import review as reviews
    from spark_jobs.whois import show
    from spark_jobs.whois.book import Book

    settings = load_settings(profile, conf)
    with Book(settings) as book:
        weights = book.rules["review"]["weights"]
        if kind and kind not in weights:
            raise OxpeckerError(f"no kind `{kind}`; {nearest(kind, weights)}")
        told = reviews.review(book, limit, kind)
    if as_json:
        print(json.dumps(show.plain(told), indent=1, ensure_ascii=False))
        return
    if told.waiting:
        rows_out.print(show.queue(told))
        rows_out.print(
            f"{len(told.waiting)} of {told.open_items} open; `oxpecker identity explain A B` tells why, `merge` or `keep-apart ITEM` decides",
            highlight=False,
        )
    else:
        rows_out.print("nothing about persons waits for a steward")
    table = show.standings(told)
    if table.row_count:
        rows_out.print(table)


@app.command("undo")
def undo(
    subject: Annotated[str, typer.Argument(help="A merge's event, a decision, or a customer whose last merge was wrong.")],
    reason: Reason, actor: Actor, second: Second = None, counts_from: From = None, look: Look = False, as_json: Json = False,
    profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """Take a merge, or any decision about persons, back; says first what will change. Two people always."""
    from spark_jobs.steward import persons
    from spark_jobs.whois import undoing

    asked = _Asked(reason, actor, second, counts_from, look, as_json)
    _decide(
        lambda book, day, at: undoing.undo(book, subject, day, at),
        persons.UNDO,
        asked,
        load_settings(profile, conf, landing),
    )


@app.command("merge")
def merge(
    item: Item, reason: Reason, actor: Actor, second: Second = None, counts_from: From = None, look: Look = False, as_json: Json = False,
    profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """Say of the two records of a review item that they are one person. Two people always."""
    _of_item(
        item,
        "merge",
        _Asked(reason, actor, second, counts_from, look, as_json),
        load_settings(profile, conf, landing),
    )


@app.command("keep-apart")
def keep_apart(
    item: Item, reason: Reason, actor: Actor, second: Second = None, counts_from: From = None, look: Look = False, as_json: Json = False,
    profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """Say of the two records of a review item that they are two people. Two people always."""
    _of_item(
        item,
        "keep_apart",
        _Asked(reason, actor, second, counts_from, look, as_json),
        load_settings(profile, conf, landing),
    )


@dataclass(frozen=True)
class _Asked:
    """What is said with each word about persons, whatever the word is."""

    reason: str
    actor: str
    second: str | None
    counts_from: str | None
    look: bool
    as_json: bool


def _of_item(item: str, code: str, asked: _Asked, settings: Any) -> None:
    from spark_jobs.steward import persons

    _decide(lambda book, day, at: persons.of_item(book, item, code, day, at), code, asked, settings)


def _decide(found: Callable[[Any, date, Any], Any], code: str, asked: _Asked, settings: Any) -> None:
    """Say what would change, then enter it."""
    from spark_jobs.clock import utc_now
    from spark_jobs.steward import deciding, persons
    from spark_jobs.steward.queue import Desk
    from spark_jobs.whois import show
    from spark_jobs.whois.book import Book

    at, desk = utc_now(), Desk(settings)
    with Book(settings) as book:
        day = persons.first_day(desk, at, parse_date(asked.counts_from) if asked.counts_from else None)
        told = found(book, day, at)
        if not asked.as_json:
            rows_out.print(show.change(told), highlight=False)
        if day > book.day:
            err.print(
                f"it counts from {day}, after the last business date {book.day}; `--from` names an earlier day",
                highlight=False,
            )
        made = None
        if not asked.look:
            made = deciding.seconded(
                desk, persons.propose(desk, book, told, code, asked.reason, asked.actor, at), asked.second
            )
    if asked.as_json:
        entered = {"decision_id": made.decision_id, "state": made.state} if made else None
        print(json.dumps(show.plain(told) | {"decision": entered}, indent=1, ensure_ascii=False))
    elif made:
        deciding.tell(made)


def _day(asked: str | None, last: date) -> date:
    day = parse_date(asked) if asked else last
    if day > last:
        raise OxpeckerError(f"the release knows nothing after {last}")
    return day
