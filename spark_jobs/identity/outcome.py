"""The fold's timeline as rows of the identity tables. Pure Python; ids are hashes of what they stand for."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, NamedTuple

from spark_jobs.identity.timeline import OPEN, STEWARD, Edge, Timeline
from spark_jobs.identity.words import MERGE, Decision, in_order, taken_back

Row = tuple[Any, ...]
# What ties by likeness, behind all named rules.
MODEL = "model"


@dataclass(frozen=True)
class Pair:
    """A pair under one rule, as evidence.py judged it, or one that the model ties.

    probability  of one person, on the day on which the model came to tie the two; 1 for named rules, which have a rank instead
    """

    party_id_a: str
    party_id_b: str
    rule_code: str
    effective_from: date
    effective_to: date
    is_contradiction: bool
    is_ambiguous: bool
    source_a: str
    source_b: str
    evidence_text: str
    probability: float = 1.0

    @property
    def is_link(self) -> bool:
        return self.effective_from < self.effective_to

    def edge(self, rank: int) -> Edge:
        """The pair as evidence of the fold."""
        return Edge(
            rank, self.party_id_a, self.party_id_b, self.rule_code, self.effective_from, self.effective_to, doubt=doubt(self.probability)
        )  # fmt: skip

    @property
    def opened(self) -> date:
        """Day from which the pair is in doubt: its link ended, or never began."""
        return self.effective_to if self.is_link else min(self.effective_from, self.effective_to)


def doubt(probability: float) -> float:
    """How far a probability is from certain, of the six digits that are kept of it."""
    return round(1 - probability, 6)


def short_hash(*parts: object) -> str:
    """Same content, same id."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:26]


def links(told: Iterable[Pair], line: Timeline) -> list[Row]:
    """identity.link_event: a link per pair and rule, an unlink where its evidence ended. Sorted, without repeats.

    What the model ties may end and begin again; each time is a link of its own, with the probability by which the fold takes it.
    """
    refused = {(e.party_a, e.party_b, e.reason) for e in line.refused}
    rows = []
    for p in sorted(told, key=lambda p: (p.party_id_a, p.party_id_b, p.rule_code, p.effective_from)):
        is_model = p.rule_code == MODEL
        pair_and_rule = (p.party_id_a, p.party_id_b, p.rule_code)
        key = (*pair_and_rule, p.effective_from) if is_model else pair_and_rule
        actor = MODEL if is_model else "rule"
        kept_apart = not p.is_link or pair_and_rule in refused
        start = p.effective_from if p.is_link else p.opened
        rows.append(
            (
                short_hash("link", *key),
                "link",
                p.party_id_a,
                p.party_id_b,
                actor,
                p.rule_code,
                start,
                kept_apart,
                p.evidence_text,
                p.probability if is_model else None,
            )
        )
        if p.is_link and p.effective_to < OPEN:
            rows.append(
                (short_hash("unlink", *key), "unlink", p.party_id_a, p.party_id_b, actor, p.rule_code, p.effective_to, False, p.evidence_text, None)
            )  # fmt: skip
    return rows


def stated(decisions: Iterable[Decision], line: Timeline) -> list[Row]:
    """identity.link_event of what stewards said: must_link or cannot_link by pair, unlink where it was taken back.

    Parties that no source has delivered yet are left out until one does. A must_link is refused where a guard keeps the two apart.
    """
    decisions = list(decisions)
    gone = taken_back(decisions)
    refused = {(e.party_a, e.party_b) for e in line.refused if e.reason == STEWARD}
    known = {m.party_id for m in line.memberships}
    rows = []
    for d in in_order(decisions):
        kind = "must_link" if d.code == MERGE else "cannot_link"
        for a, b in combinations(sorted(known & set(d.parties)), 2):
            is_refused = kind == "must_link" and d.decision_id not in gone and (a, b) in refused
            told = (a, b, STEWARD, STEWARD)
            text = f"decision {d.decision_id}"
            rows.append((short_hash(kind, d.decision_id, a, b), kind, *told, d.day, is_refused, text, None))
            if d.decision_id in gone:
                rows.append(
                    (
                        short_hash("unlink", d.decision_id, a, b),
                        "unlink",
                        *told,
                        gone[d.decision_id],
                        False,
                        text,
                        None,
                    )
                )
    return rows


def reviews(
    told: Iterable[Pair],
    line: Timeline,
    foreign_ids: Iterable[tuple[Any, ...]],
    at_most: int,
    decisions: Iterable[Decision] = (),
    grey: Iterable[tuple[str, str, date]] = (),
) -> list[Row]:
    """identity.review_item: what a steward should look at. One item per kind and parties, opened on the first day.

    foreign_ids  (party, source, day) of parties to whom their source gives a second valid id
    at_most      a customer of more parties is looked at
    decisions    an item is closed by a decision that still stands, was made on its day or later and is about all its customers
    grey         pairs that the model does not dare to tell, and since when; those that are one customer by other evidence are left out
    Kinds: suspect_ecif_merge (ECIF has one record where ids are two), contradiction (evidence ties what a guard keeps apart), grey_pair
    (a rule without a valid id fits two people, or the model takes two for one person with too little certainty), oversize_cluster.
    """
    foreign, settled = list(foreign_ids), _settled(decisions, line)
    items = [
        *_two_ids_of_a_party(foreign),
        *_of_pairs(told, line, {party for party, _, _ in foreign}),
        *_too_many_records(line, at_most),
        *(Item("grey_pair", (a, b), day) for a, b, day in grey if settled.owner.get(a) != settled.owner.get(b)),
    ]  # fmt: skip
    found: dict[tuple[str, tuple[str, ...]], date] = {}
    for each in items:
        key = (each.kind, tuple(sorted(each.parties)))
        found[key] = min(each.day, found.get(key, each.day))
    return [
        (short_hash("review", kind, *parties), kind, list(parties), settled.state(parties, day), day)
        for (kind, parties), day in sorted(found.items())
    ]


class Item(NamedTuple):
    """Something about these parties that a steward should look at, and since when."""

    kind: str
    parties: tuple[str, ...]
    day: date


def _two_ids_of_a_party(foreign: Iterable[tuple[Any, ...]]) -> Iterator[Item]:
    """(party, source, day) of parties to whom their source gives a second valid id."""
    for party, source, day in foreign:
        yield Item("suspect_ecif_merge" if source == "ecif" else "contradiction", (party,), day)


def _of_pairs(told: Iterable[Pair], line: Timeline, suspects: Container[str]) -> Iterator[Item]:
    """Pairs that fit two people, that contradict themselves, or that a guard keeps apart although a rule or a steward ties them.

    suspects  parties to whom their source gives two valid ids: of a pair with ECIF one of them may be ECIF's wrong merge
    """
    refused = {(e.party_a, e.party_b, e.reason): day for e, day in line.refused.items()}
    for p in told:
        pair = (p.party_id_a, p.party_id_b)
        day = refused.get((*pair, p.rule_code))
        if p.is_ambiguous:
            yield Item("grey_pair", pair, p.opened)
        elif p.is_contradiction or day:
            by_ecif = "ecif" in (p.source_a, p.source_b) and any(party in suspects for party in pair)
            yield Item("suspect_ecif_merge" if by_ecif else "contradiction", pair, day or p.opened)
    for edge, day in line.refused.items():
        if edge.reason == STEWARD:
            yield Item("contradiction", (edge.party_a, edge.party_b), day)


def _too_many_records(line: Timeline, at_most: int) -> Iterator[Item]:
    """Customers of more than `at_most` parties now, since the last of them came."""
    parties: dict[str, list[str]] = defaultdict(list)
    since: dict[str, date] = {}
    for m in line.memberships:
        if m.valid_to == OPEN:
            parties[m.customer_id].append(m.party_id)
            since[m.customer_id] = max(m.valid_from, since.get(m.customer_id, m.valid_from))
    for customer, several in parties.items():
        if len(several) > at_most:
            yield Item("oversize_cluster", tuple(several), since[customer])


class Settled(NamedTuple):
    """Who owns each party now, and the decisions that stand: their day and the customers they are about."""

    owner: dict[str, str]
    decided: list[tuple[date, set[str]]]

    def state(self, parties: Iterable[str], opened: date) -> str:
        """State of a review item about these parties: closed by a decision of its day or later about all their customers."""
        about = {owner for party in parties if (owner := self.owner.get(party))}
        is_closed = any(opened <= day and about <= owners for day, owners in self.decided)
        return "closed" if is_closed else "open"


def _settled(decisions: Iterable[Decision], line: Timeline) -> Settled:
    decisions = list(decisions)
    gone = taken_back(decisions)
    owner = {m.party_id: m.customer_id for m in line.memberships if m.valid_to == OPEN}
    standing = [d for d in decisions if d.decision_id not in gone and d.parties]
    return Settled(owner, [(d.day, {owner[p] for p in d.parties if p in owner}) for d in standing])


def memberships(
    line: Timeline, confidence: Mapping[str, float], by_model: Mapping[str, float] | None = None
) -> list[Row]:
    """identity.party_customer. A founder is certain of itself; by_model: party → probability of the best tie that the model gives it."""
    likely = by_model or {}

    def sure(party: str, reason: str) -> float:
        return likely.get(party, 1.0) if reason == MODEL else confidence.get(reason, 1.0)

    return [
        (m.party_id, m.customer_id, m.reason, sure(m.party_id, m.reason), m.valid_from, m.valid_to) for m in line.memberships
    ]  # fmt: skip


def customers(line: Timeline, erased: Container[str] = ()) -> list[Row]:
    """identity.customer: every id that ever was; an id that was absorbed before its person was erased stays a retired one."""
    sizes: dict[str, int] = defaultdict(int)
    for m in line.memberships:
        sizes[m.customer_id] += m.valid_to == OPEN
    return [
        (c, created, _status(c, line, erased), line.retired.get(c), sizes[c])
        for c, created in sorted(line.created.items())
    ]


def _status(customer: str, line: Timeline, erased: Container[str]) -> str:
    if customer in line.retired:
        return "retired"
    return "erased" if customer in erased else "active"


def events(line: Timeline) -> list[Row]:
    """identity.customer_event."""
    return [
        (short_hash("event", e.kind, e.customer_id, e.other_customer_id, e.day), e.kind, e.customer_id, e.other_customer_id, list(e.moved),
         e.day) for e in line.events
    ]  # fmt: skip
