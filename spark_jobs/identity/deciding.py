"""From all that is said of some parties to who is who among them: rows of the identity tables. Pure Python, no Spark.

What becomes of a group of parties (together.py) follows from what is said of its own: whoever decides groups by themselves, or all at once, gets
the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from spark_jobs.identity import erasure, opinion, words
from spark_jobs.identity.fold import fold
from spark_jobs.identity.modelled import Likeness
from spark_jobs.identity.outcome import (
    MODEL,
    Pair,
    Row,
    customers,
    events,
    links,
    memberships,
    reviews,
    stated,
)
from spark_jobs.identity.timeline import Edge, Marks, Pairs, Timeline, Words
from spark_jobs.identity.words import Decision


@dataclass(frozen=True)
class Person:
    """A record of a natural person: whose system it is, and since when it is known. is_identifiable: it may be compared."""

    source: str
    first_seen: date
    is_identifiable: bool = True


@dataclass(frozen=True)
class Purged:
    """What is left of persons who were purged (`oxpecker erase`): party → source and first day, and what tied them."""

    parties: Mapping[str, tuple[str, date]]
    ties: Sequence[Pair]

    def among(self, parties: Collection[str]) -> Purged:
        """What is left of these."""
        kept = {party: what for party, what in self.parties.items() if party in parties}
        return Purged(kept, [p for p in self.ties if p.party_id_a in parties and p.party_id_b in parties])


@dataclass(frozen=True)
class Case:
    """All that is said of some parties.

    told     pairs as the rules judged them; alike: as the model sees them
    marks    party → what the guards judge it by, of those that either compares with another
    foreign  (party, source, day) of parties to whom their source gives a second valid id
    apart    pairs that relations keep apart
    decisions, asked  of stewards and of who asked to be erased: also those about others do no harm
    """

    persons: Mapping[str, Person]
    told: Sequence[Pair]
    alike: Sequence[Likeness]
    marks: Marks
    foreign: Iterable[tuple[str, str, date]] = ()
    apart: Pairs = frozenset()
    decisions: Sequence[Decision] = ()
    asked: Mapping[str, date] | None = None
    purged: Purged = Purged({}, ())


@dataclass(frozen=True)
class Decided:
    """rows: table → its rows, in the order of columns of `Columns`; scores: rows of `opinion.SCORE`; islands: every id → a party of its group."""

    rows: Mapping[str, list[Row]]
    scores: Sequence[opinion.Score]
    islands: Mapping[str, str]


def decided(case: Case, rules: Mapping[str, Any], new_id: Callable[..., str]) -> Decided:
    """Who is who. rules: conf/rules/identity.yml; new_id: content → opaque id, as for `fold`."""
    persons = {party: each.source for party, each in case.persons.items() if each.is_identifiable}
    thought = opinion.opinion(case.alike, case.told, persons, case.marks)
    ruled, tied = erasure.with_purged(case.purged.ties, case.told, thought.ties)
    thought = replace(thought, ties=tuple(tied))
    told = [*ruled, *tied]
    line, erased = _folded(case, told, rules, new_id)
    confidence = {code: float(rule["confidence"]) for code, rule in rules["rules"].items()}
    at_most = int(rules["limits"]["customer_parties"])
    rows = {
        "identity.link_event": links(told, line) + stated(case.decisions, line),
        "identity.review_item": reviews(told, line, case.foreign, at_most, case.decisions, thought.grey),
        "identity.party_customer": memberships(line, confidence, thought.certain),
        "identity.customer": customers(line, erased),
        "identity.customer_event": events(line),
    }
    return Decided(rows, thought.scores, line.islands)


def _folded(
    case: Case, told: Sequence[Pair], rules: Mapping[str, Any], new_id: Callable[..., str]
) -> tuple[Timeline, frozenset[str]]:
    """The timeline of these pairs, and the ids that were erased."""
    rank = {code: int(rule["rank"]) for code, rule in rules["rules"].items()}
    # The weakest of all: where rules have spoken, likeness adds nothing.
    rank[MODEL] = max(rank.values(), default=0) + 1
    edges = [p.edge(rank.get(p.rule_code, len(rank))) for p in told if p.is_link]
    first = {party: (each.source, each.first_seen) for party, each in case.persons.items()}
    # A purged record that its source sends again is as old as it was.
    first |= case.purged.parties
    rank_of = {source: n for n, source in enumerate(rules["founders"])}
    born = {party: day for party, (_, day) in first.items()}
    founders = {party: rank_of.get(source, len(rank_of)) for party, (source, _) in first.items()}

    def folded(edges: Sequence[Edge], said: Sequence[tuple[date, Words]]) -> Timeline:
        return fold(born, edges, case.marks, new_id, case.apart, founders, said)

    said = words.epochs(case.decisions)
    line = folded(edges, said)
    # Who goes with a party that asks is known only after all were tied; what may tie them from then on, only after that.
    gone = erasure.covered(line, case.asked or {})
    if gone:
        line = folded(erasure.part_edges(edges, gone), erasure.part_words(said, gone))
    return line, erasure.erased(line, gone)
