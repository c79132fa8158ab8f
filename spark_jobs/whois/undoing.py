"""What it takes to take a merge back, and what would become of everybody it touches. Nothing is written here.

Where stewards tied the two sides, their decisions are taken back: they never were, and the past is mended. Where rules tied them, every pair of
records between the sides that evidence ties is said to be two people from the day on; the past stays what the evidence of the past said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product

from spark_jobs.bronze.steward_log import Word
from spark_jobs.errors import OxpeckerError
from spark_jobs.identity.fold import close
from spark_jobs.identity.timeline import OPEN, Timeline
from spark_jobs.identity.words import MERGE, SPLIT, TAKE_BACK, Decision, taken_back
from spark_jobs.whois.book import Book, Row
from spark_jobs.whois.island import Island, around
from spark_jobs.whois.pair import standing

Owners = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Change:
    """A word of stewards and what it would do.

    subject  the decision or event that is undone; what: in words
    before, after  records of each customer concerned, on `day`; since: first day on which any record belongs elsewhere, None: nothing changes
    is_exact  whether the fold of this process is that of the lake; else the rules have changed since, and ids may come out otherwise
    """

    subject: str
    what: str
    words: tuple[Word, ...]
    day: date
    before: Owners
    after: Owners
    since: date | None
    sources: Mapping[str, str]
    is_exact: bool

    @property
    def customers(self) -> frozenset[str]:
        """Everybody whose records change."""
        return frozenset(c for c in {*self.before, *self.after} if self.before.get(c) != self.after.get(c))


def undo(book: Book, subject: str, day: date, at: datetime) -> Change:
    """Take back a decision, the merge of an event, or the last merge of a customer; it counts from `day`. at: instant, naive UTC."""
    decided = [
        d for d in book.decisions if d.decision_id == subject or d.decision_id.startswith(f"{subject}.")
    ]
    if decided:
        return _of_decisions(book, subject, decided, day, at)
    event = _event(book, subject)
    return _of_event(book, event, day, at)


def change(
    book: Book,
    subject: str,
    what: str,
    words: Collection[Word],
    parties: Collection[str],
    day: date,
    at: datetime,
) -> Change:
    """What these words would do to the parties and everybody tied to them."""
    island = around(book, parties)
    mine = [Decision(f"{subject}/{n}", w.code, w.parties, w.undoes, day, at) for n, w in enumerate(words)]
    shown = max(day, book.day)
    lines = island.now, island.told([*book.decisions, *mine])
    before, after = (_owners(line, shown) for line in lines)
    concerned = {c for c in {*before, *after} if before.get(c) != after.get(c)}
    concerned |= {c for owners in (before, after) for c, held in owners.items() if held & {*parties}}
    kept = [{c: held for c, held in owners.items() if c in concerned} for owners in (before, after)]
    return Change(
        subject, what, tuple(words), day, kept[0], kept[1], _first_difference(*lines), island.sources, island.is_the_lakes
    )  # fmt: skip


def _of_decisions(book: Book, subject: str, decided: Collection[Decision], day: date, at: datetime) -> Change:
    gone = taken_back(book.decisions)
    if all(d.decision_id in gone for d in decided):
        raise OxpeckerError(f"decision {subject} was taken back before")
    _not_before(day, max(d.day for d in decided), "the decision")
    words = [Word(TAKE_BACK, (), d.decision_id) for d in decided if d.decision_id not in gone]
    parties = {p for d in decided for p in d.parties} | _undone_parties(book, decided)
    codes = ", ".join(sorted({d.code for d in decided}))
    return change(book, subject, f"the decision {subject} ({codes}) never was", words, parties, day, at)


def _undone_parties(book: Book, decided: Iterable[Decision]) -> set[str]:
    """Whom a take_back is about: those of the decision that it took back."""
    named = {d.undoes for d in decided if d.undoes}
    return {p for d in book.decisions if d.decision_id in named for p in d.parties}


def _event(book: Book, subject: str) -> Row:
    """The event of that id, or the last merge of a customer, whether it absorbed or was absorbed."""
    rows = (
        book.ask(f"select * from identity.customer_event where customer_event_id = '{subject}'")
        if subject.isalnum()
        else []
    )
    if not rows:
        customer = book.subject(subject, book.day)
        ids = {customer.customer} if customer.came_as is None else {customer.came_as}
        found = [e for e in book.events(ids) if e["kind_code"] == "merge"]
        if not found:
            raise OxpeckerError(
                f"customer {customer.customer} was never merged with another; `oxpecker identity explain customer {customer.customer}` "
                "shows what happened to it"
            )
        return found[-1]
    event = rows[0]
    if event["kind_code"] == "retire":
        merges = [
            e
            for e in book.events([event["customer_id"]])
            if e["kind_code"] == "merge" and e["business_date"] == event["business_date"]
        ]
        event = next((e for e in merges if e["other_customer_id"] == event["customer_id"]), event)
    if event["kind_code"] not in ("merge", "absorb"):
        raise OxpeckerError(
            f"event {subject} is a {event['kind_code']}: only a merge, or records that were taken in, can be undone"
        )
    return event


def _of_event(book: Book, event: Row, day: date, at: datetime) -> Change:
    _not_before(day, event["business_date"], "the merge")
    moved = {*event["moved_party_ids"]}
    now = {m["party_id"]: m["customer_id"] for m in book.members(moved) if m["valid_to"] == OPEN}
    held = {m["party_id"] for m in book.parties_of(set(now.values()), book.day)}
    stayed = {
        m["party_id"] for m in book.parties_of([event["customer_id"]], event["business_date"] - timedelta(days=1))
    } & held - moved  # fmt: skip
    if not stayed or not {now.get(p) for p in moved} & {
        m["customer_id"] for m in book.members(stayed) if m["valid_to"] == OPEN
    }:
        raise OxpeckerError(
            f"what event {event['customer_event_id']} brought together is together no more; nothing is left to undo"
        )
    island = around(book, held)
    mine, yours = _sides(book, island, moved & held, stayed, held, day)
    words = _between(book, island, mine, yours, day)
    what = f"{event['customer_id']} absorbed {event['other_customer_id'] or 'new records'} on {event['business_date']}: undone"
    told = change(book, event["customer_event_id"], what, words, held, day, at)
    if any(owned & mine and owned & yours for owned in told.after.values()):
        raise OxpeckerError(
            "the two sides cannot be told apart by their records; name the records that are two people, one pair at a time"
        )
    return told


def _sides(
    book: Book, island: Island, moved: set[str], stayed: set[str], held: set[str], day: date
) -> tuple[frozenset[str], frozenset[str]]:
    """Records of one side and of the other; what came later goes with the side that its strongest evidence ties it to."""
    apart = frozenset((min(p, q), max(p, q)) for p, q in product(moved, stayed)) | island.related
    edges = [e for e in island.edges if e.valid_from <= day < e.valid_to]
    edges += [w.edge() for w in standing(book, day) if w.is_together]
    groups, _ = close(held, edges, island.marks, apart, day)
    side = lambda of: frozenset().union(*(g for g in groups if g & of), of)  # noqa: E731
    return side(moved), side(stayed)


def _between(
    book: Book, island: Island, mine: frozenset[str], yours: frozenset[str], day: date
) -> list[Word]:
    """Stewards' merges across the border are taken back; pairs that rules tie across it are said to be two people."""
    gone = taken_back(book.decisions)
    wrong = [
        d.decision_id for d in book.decisions
        if d.code == MERGE and d.decision_id not in gone and mine & {*d.parties} and yours & {*d.parties}
    ]  # fmt: skip
    across = sorted(
        {(e.party_a, e.party_b) for e in island.edges
         if e.valid_from <= day < e.valid_to and len({e.party_a in mine, e.party_b in mine}) == 2 and {e.party_a, e.party_b} <= mine | yours}
    )  # fmt: skip
    return [*(Word(TAKE_BACK, (), d) for d in wrong), *(Word(SPLIT, pair) for pair in across)]


def _not_before(day: date, earliest: date, what: str) -> None:
    if day < earliest:
        raise OxpeckerError(f"{what} is of {earliest}; what undoes it cannot count from {day}")


def _owners(line: Timeline, day: date) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for m in line.memberships:
        if m.valid_from <= day < m.valid_to:
            found.setdefault(m.customer_id, set()).add(m.party_id)
    return {customer: frozenset(parties) for customer, parties in found.items()}


def _first_difference(before: Timeline, after: Timeline) -> date | None:
    """First day on which some record belongs to another customer than before."""
    days = sorted({m.valid_from for line in (before, after) for m in line.memberships})
    return next((day for day in days if _owners(before, day) != _owners(after, day)), None)
