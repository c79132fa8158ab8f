"""A customer on a day: its records and what ties each of them, what happened to its id, what waits for a steward. Plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from spark_jobs.identity.timeline import Edge
from spark_jobs.whois.book import Book, Row
from spark_jobs.whois.island import around
from spark_jobs.whois.keys import Shared, numbers
from spark_jobs.whois.pair import Said, spoken, standing


@dataclass(frozen=True)
class Record:
    """A party of the customer. reason, confidence: of its membership; tie: its strongest evidence to another party, None for one alone."""

    party_id: str
    source: str
    since: date
    reason: str
    confidence: float
    tied_to: str | None
    tie: str | None


@dataclass(frozen=True)
class CustomerTold:
    """Everything about a customer on a day. came_as: the retired id that was asked for; status as of the last day of the lake."""

    day: date
    customer_id: str
    came_as: str | None
    status: str
    created: date
    retired_into: str | None
    records: tuple[Record, ...]
    events: tuple[Row, ...]
    said: tuple[Said, ...]
    reviews: tuple[Row, ...]
    hubs: tuple[Shared, ...]


def explain(book: Book, customer: str, day: date) -> CustomerTold:
    """A customer by id, or the customer of a party or of `source:number`."""
    subject = book.subject(customer, day)
    known = book.customer(subject.customer)
    members = book.parties_of([subject.customer], day)
    parties = [m["party_id"] for m in members]
    words = [w.edge() for w in standing(book, day) if w.is_together]
    edges = [e for e in around(book, parties).edges if e.valid_from <= day < e.valid_to] + words
    asked = [subject.customer, *([subject.came_as] if subject.came_as else [])]
    return CustomerTold(
        day, subject.customer, subject.came_as, known["status_code"], known["created_date"], known["retired_into_customer_id"],
        _records(members, book.sources(parties), edges), tuple(e for e in book.events(asked) if e["business_date"] <= day),
        tuple(spoken(book, parties)), tuple(book.reviews(parties)), _hubs(book, parties),
    )  # fmt: skip


def _records(members: Sequence[Row], sources: dict[str, str], edges: Sequence[Edge]) -> tuple[Record, ...]:
    """The first known comes first."""
    inside = {m["party_id"] for m in members}
    best: dict[str, Edge] = {}
    for edge in sorted((e for e in edges if e.party_a in inside and e.party_b in inside), reverse=True):
        best[edge.party_a] = best[edge.party_b] = edge
    found = []
    for m in sorted(members, key=lambda m: (m["valid_from"], m["party_id"])):
        party = m["party_id"]
        tie = best.get(party)
        other = None if tie is None else tie.party_b if tie.party_a == party else tie.party_a
        found.append(
            Record(
                party, sources.get(party, ""), m["valid_from"], m["link_reason_code"], float(m["confidence_ratio"]), other,
                tie.reason if tie else None,
            )
        )  # fmt: skip
    return tuple(found)


def _hubs(book: Book, parties: Sequence[str]) -> tuple[Shared, ...]:
    """Numbers of the customer that tie nobody any more, or only beside a birth date."""
    told = numbers(book, parties)
    return tuple(
        Shared(kind, token, int(row["party_cnt"]), row["hub_reason_code"])
        for (kind, token), row in sorted(told.registered.items()) if row["hub_reason_code"]
    )  # fmt: skip
