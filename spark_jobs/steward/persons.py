"""Decisions about persons at the desk: what `whois/undoing.py` found is proposed here, as any other decision, and waits for a second person."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from spark_jobs.bronze.steward_log import PERSONS, Decision, Word
from spark_jobs.errors import OxpeckerError
from spark_jobs.identity.words import KEEP_APART, MERGE
from spark_jobs.steward import decide
from spark_jobs.steward.queue import Desk
from spark_jobs.whois.book import BELIEVED, Book, listed
from spark_jobs.whois.undoing import Change, change

UNDO = "undo"
# Where a feed would stand; identity belongs to none.
OF_NO_FEED = "identity"


def first_day(desk: Desk, at: datetime, asked: date | None) -> date:
    """Business date from which a decision counts: the local day of `at` (naive UTC), or an earlier one that is named."""
    today = at.replace(tzinfo=UTC).astimezone(ZoneInfo(desk.settings.zone)).date()
    if asked and asked > today:
        raise OxpeckerError(f"today is {today}; a decision cannot count from {asked}")
    return asked or today


def of_item(book: Book, item: str, code: str, day: date, at: datetime) -> Change:
    """What it would do to say of a review item's records that they are one person (merge) or two (keep_apart)."""
    if code not in (MERGE, KEEP_APART):
        raise ValueError(code)
    if not item.isalnum():
        raise OxpeckerError("a review item's id is letters and digits only")
    rows = book.ask(f"select * from identity.review_item where starts_with(review_item_id, '{item}') limit 2")
    if len(rows) != 1:
        raise OxpeckerError(
            f"{'several review items begin' if rows else 'no review item begins'} with `{item}`; `oxpecker identity review` lists them"
        )
    parties = tuple(rows[0]["party_ids"])
    if len(parties) != 2:
        raise OxpeckerError(
            f"item {rows[0]['review_item_id']} is about {len(parties)} record(s); only of two can be said whether they are one person"
        )
    said = "one person" if code == MERGE else "two people"
    return change(
        book, rows[0]["review_item_id"], f"two records are {said}", [Word(code, parties)], parties, day, at
    )


def propose(
    desk: Desk, book: Book, told: Change, code: str, reason: str, actor: str, at: datetime
) -> Decision:
    """Enter the words for the next run, once a second person has agreed."""
    _without_values(book, told, reason)
    words = [{"code": w.code, "parties": [*w.parties], "undoes": w.undoes} for w in told.words]
    return decide.propose(
        desk,
        PERSONS,
        told.subject,
        code,
        OF_NO_FEED,
        reason,
        actor,
        at,
        {"words": words, "from": told.day.isoformat()},
    )


def _without_values(book: Book, told: Change, reason: str) -> None:
    """A reason is read by many: no name and no number of those it is about may stand in it."""
    people = listed({p for owners in (told.before, told.after) for held in owners.values() for p in held})
    for table, columns in {
        "silver.party_hist": ("name", "name_latin", "party_no_source"), "silver.party_identifier": ("id_value", "id_value_norm"),
        "silver.party_contact": ("contact_value", "contact_norm"),
    }.items():  # fmt: skip
        for row in book.ask(
            f"select {', '.join(columns)} from {table} where {BELIEVED} and party_id in {people}"
        ):
            for column, value in row.items():
                if value and len(value) > 1 and value.removeprefix("+86") in reason:
                    raise OxpeckerError(f"the reason repeats `{column}` of a record; say why without it")
