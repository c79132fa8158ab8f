"""A few parties and everything that ties them, folded again in this process by the identity job's own fold: what is, and what would be.

Evidence is read back from identity.link_event, so that nothing is judged anew. Whether the fold gives the memberships that the lake holds is
always checked; where it does not, the lake was made by other rules than those in force, and nobody is told what would become of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from spark_jobs.identity import erasure
from spark_jobs.identity.fold import fold
from spark_jobs.identity.outcome import MODEL, doubt
from spark_jobs.identity.timeline import OPEN, Edge, Marks, Pairs, Timeline
from spark_jobs.identity.words import Decision, epochs
from spark_jobs.whois.book import BELIEVED, Book, Row, listed
from spark_jobs.whois.traits import marks

Pair = tuple[str, str]
LINK, UNLINK, RULE = "link", "unlink", "rule"
EVIDENCE = (RULE, MODEL)


@dataclass(frozen=True)
class Ruling:
    """What became of one rule for one pair: believed on [since, until); `never` where it was in doubt from its first day on.

    is_refused  a guard keeps the pair apart; evidence as identity.link_event words it; probability of one person, 1 where no model says it
    """

    rule: str
    since: date
    until: date
    is_refused: bool
    evidence: str
    never: bool
    probability: float = 1.0


@dataclass(frozen=True)
class Island:
    """Parties that any evidence of any day ties, however remotely, and what the fold takes of them."""

    book: Book
    parties: frozenset[str]
    rulings: Mapping[Pair, Sequence[Ruling]]
    marks: Marks
    related: Pairs
    born: Mapping[str, date]
    sources: Mapping[str, str]
    grey: frozenset[Pair]

    @cached_property
    def edges(self) -> list[Edge]:
        rank = {code: int(rule["rank"]) for code, rule in self.book.rules["rules"].items()}
        return [
            Edge(rank.get(r.rule, len(rank)), a, b, r.rule, r.since, r.until, doubt=doubt(r.probability))
            for (a, b), found in self.rulings.items()
            for r in found
            if not r.never
        ]

    def told(self, decisions: Iterable[Decision]) -> Timeline:
        """The timeline under these decisions, with who asked to be erased."""
        said = epochs([d for d in decisions if not d.parties or self.parties & set(d.parties)])
        founders = {source: n for n, source in enumerate(self.book.rules["founders"])}
        ranks = {p: founders.get(s, len(founders)) for p, s in self.sources.items()}

        def folded(edges: Sequence[Edge], words: Any) -> Timeline:
            new_id = lambda *content: self.book.tokens.value("customer", *content)  # noqa: E731
            return fold(self.born, edges, self.marks, new_id, self.related, ranks, words)

        line = folded(self.edges, said)
        gone = erasure.covered(line, self._asked)
        return folded(erasure.part_edges(self.edges, gone), erasure.part_words(said, gone)) if gone else line

    @cached_property
    def now(self) -> Timeline:
        """The timeline under everything that was decided up to the book's day."""
        return self.told(self.book.decisions)

    @cached_property
    def is_the_lakes(self) -> bool:
        """Whether the fold gives what the lake holds, to the day."""
        told = {(m.party_id, m.customer_id, m.valid_from, m.valid_to) for m in self.now.memberships}
        held = {
            (m["party_id"], m["customer_id"], m["valid_from"], m["valid_to"]) for m in self.book.members(self.parties)
        }  # fmt: skip
        return told == held

    @cached_property
    def _asked(self) -> dict[str, date]:
        zone = self.book.settings.zone
        rows = self.book.ask(
            f"select party_no_token as p, cast(erased_at at time zone '{zone}' as date) as day from ops.erasure_tombstone "
            f"where party_no_token in {listed(self.parties)}"
        )
        return {row["p"]: row["day"] for row in rows if row["day"] <= self.book.day}


def around(book: Book, parties: Collection[str]) -> Island:
    """The island, or islands, of these parties."""
    links, known = [], frozenset(parties)
    while True:
        links = book.links(known, both=False)
        wider = known | {row[side] for row in links for side in ("party_id_a", "party_id_b")}
        if wider == known:
            break
        known = frozenset(wider)
    # An undone word is no evidence, but others may have been decided of the same records.
    seen = book.ask(
        f"select party_id, first_seen_date from identity.record where party_id in {listed(known)}"
    )
    first = {m["party_id"]: m["valid_from"] for m in reversed(book.members(known))}
    born = first | {row["party_id"]: row["first_seen_date"] for row in seen}
    relations = book.ask(
        "select distinct least(party_id_from, party_id_to) as a, greatest(party_id_from, party_id_to) as b from silver.party_relation "
        f"where {BELIEVED} and valid_from <= date '{book.day}' and relation_code in {listed(book.rules['apart_relations'])} "
        f"and party_id_from in {listed(known)} and party_id_to in {listed(known)}"
    )
    grey = frozenset(
        (row["party_ids"][0], row["party_ids"][1]) for row in book.reviews(known) if row["kind_code"] == "grey_pair"
    )  # fmt: skip
    return Island(
        book, known, rulings(links, grey, book.rules["rules"]), marks(book, known), frozenset((r["a"], r["b"]) for r in relations),
        born, book.sources(known), grey,
    )  # fmt: skip


def rulings(
    links: Iterable[Row], grey: Collection[Pair], rules: Mapping[str, Any]
) -> dict[Pair, list[Ruling]]:
    """Rows of identity.link_event as rulings, by pair.

    A link that is refused and has no end was either kept out by a guard or in doubt from its first day on: name and birth date (or, where a
    rule lives by the name, the birth date) spoke against it, or a rule that must fit one person fitted two.
    """
    begun: dict[Pair, list[Row]] = defaultdict(list)
    ended: dict[tuple[str, str, str], list[date]] = defaultdict(list)
    for row in links:
        pair = (row["party_id_a"], row["party_id_b"])
        if row["actor_code"] not in EVIDENCE:
            continue
        if row["link_kind_code"] == UNLINK:
            ended[(*pair, row["link_reason_code"])].append(row["effective_from"])
        else:
            begun[pair].append(row)
    found: dict[Pair, list[Ruling]] = {}
    for pair, rows in begun.items():
        found[pair] = []
        for row in rows:
            rule = row["link_reason_code"]
            # What the model ties may end and begin again.
            until = min((day for day in ended[(*pair, rule)] if day > row["effective_from"]), default=OPEN)
            declared = rules.get(rule, {})
            doubted = contradicts(row["evidence_text"], declared) or (
                pair in grey and declared.get("unique", False)
            )
            never = bool(row["is_refused"]) and until == OPEN and doubted
            found[pair].append(
                Ruling(
                    rule,
                    row["effective_from"],
                    until,
                    bool(row["is_refused"]),
                    row["evidence_text"] or "",
                    never,
                    1.0 if row["probability_ratio"] is None else float(row["probability_ratio"]),
                )
            )
    return found


def contradicts(evidence: str | None, rule: Mapping[str, Any]) -> bool:
    """Whether what a pair differs in speaks against the rule for good."""
    words = set((evidence or "").split())
    return "birth-" in words and ("name-" in words or rule.get("needs") == "name")
