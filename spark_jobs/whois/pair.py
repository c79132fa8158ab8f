"""Whether two records are one person on a day, since when and by what; and where they are not, why not. Plain values, no customer's value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product
from typing import Any

from spark_jobs.identity.guards import Traits, differ, traits_on
from spark_jobs.identity.outcome import MODEL
from spark_jobs.identity.timeline import OPEN, STEWARD, STEWARD_RANK, Edge, Word
from spark_jobs.identity.words import epochs, taken_back
from spark_jobs.whois.book import Book, Row, Subject
from spark_jobs.whois.chain import strongest
from spark_jobs.whois.island import Island, Ruling, around, contradicts
from spark_jobs.whois.keys import Numbers, Shared, numbers

# Pairs between two customers of which the rules are told; the others are counted.
MOST_PAIRS = 4
# The model as a rule: no key, and silent where it fits two people.
BY_MODEL: Mapping[str, Any] = {"key": MODEL, "needs": MODEL, "unique": True}


@dataclass(frozen=True)
class Tie:
    """One step of the chain: the strongest evidence between two parties."""

    party_a: str
    party_b: str
    reason: str
    since: date
    evidence: str
    model: str | None


@dataclass(frozen=True)
class Verdict:
    """What came of a rule for a pair. state: holds, later, ended, doubted, refused, key_only, hub, no_key."""

    rule: str
    state: str
    since: date | None
    until: date | None
    evidence: str
    shared: tuple[Shared, ...] = ()


@dataclass(frozen=True)
class Compared:
    """A pair and every rule of it."""

    party_a: str
    party_b: str
    verdicts: tuple[Verdict, ...]
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Guard:
    """What keeps two parties apart. kind: certificates, sex, birth_and_name, steward, related."""

    kind: str
    party_a: str
    party_b: str


@dataclass(frozen=True)
class Said:
    """A steward's decision about some of the parties."""

    decision_id: str
    code: str
    day: date
    state: str
    by: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class PairTold:
    """Everything about two subjects on a day. since: of being together, or of being apart where they once were together."""

    day: date
    one: Subject
    other: Subject
    sources: dict[str, str]
    is_one: bool
    since: date | None
    were_one: tuple[tuple[date, date], ...]
    chain: tuple[Tie, ...]
    compared: tuple[Compared, ...]
    left_out: int
    guards: tuple[Guard, ...]
    said: tuple[Said, ...]
    reviews: tuple[Row, ...]
    events: tuple[Row, ...]


def explain(book: Book, one: str, other: str, day: date) -> PairTold:
    """Two of: a party, `source:number`, a customer. A customer stands for all its parties on the day."""
    a, b = book.subject(one, day), book.subject(other, day)
    parties = {*a.parties, *b.parties}
    owners = [a.customer, b.customer]
    inside = {m["party_id"] for m in book.parties_of(owners, day)}
    island = around(book, parties | inside)
    is_one = a.customer == b.customer
    spells = together(book.members(parties), a.parties, b.parties)
    current = next((s for s in spells if s[0] <= day < s[1]), None)
    ended = [s for s in spells if s[1] <= day]
    since = current[0] if current else ended[-1][1] if ended else None
    words = standing(book, day)
    looked, left_out = _looked_at(island, a, b, inside)
    told = numbers(book, {p for pair in looked for p in pair})
    return PairTold(
        day, a, b, book.sources(parties | inside), is_one, since, tuple(spells),
        tuple(chain(book, island, a.parties[0], b.parties[0], day, inside, words)) if is_one and a.parties and b.parties else (),
        tuple(_compared(book, island, told, x, y, day) for x, y in looked), left_out,
        () if is_one else tuple(guards(book, island, a.customer, b.customer, day, words)),
        tuple(spoken(book, parties | inside)), tuple(r for r in book.reviews(parties | inside) if _is_about(r, a, b, inside)),
        tuple(e for e in book.events(owners) if e["business_date"] <= day and _between(e, owners)),
    )  # fmt: skip


def _is_about(review: Row, a: Subject, b: Subject, inside: Iterable[str]) -> bool:
    return set(review["party_ids"]) <= {*a.parties, *b.parties, *inside}


def _between(event: Row, owners: Sequence[str]) -> bool:
    """Of one customer everything; of two what happened between them."""
    return len({*owners}) == 1 or {event["customer_id"], event["other_customer_id"]} == {*owners}


def together(members: Sequence[Row], one: Sequence[str], other: Sequence[str]) -> list[tuple[date, date]]:
    """Spells [from, to) on which some party of one and some of the other had the same customer, oldest first."""
    found = sorted(
        (max(x["valid_from"], y["valid_from"]), min(x["valid_to"], y["valid_to"]))
        for x in members if x["party_id"] in one
        for y in members if y["party_id"] in other and x["customer_id"] == y["customer_id"]
    )  # fmt: skip
    spells: list[tuple[date, date]] = []
    for start, end in found:
        if start >= end:
            continue
        if spells and start <= spells[-1][1]:
            spells[-1] = (spells[-1][0], max(spells[-1][1], end))
        else:
            spells.append((start, end))
    return spells


def standing(book: Book, day: date) -> list[Word]:
    """Stewards' words that hold on a day, as is believed now."""
    held = epochs(book.decisions)
    return [w for w in held[-1][1] if w.valid_from <= day < w.valid_to]


def chain(
    book: Book, island: Island, start: str, end: str, day: date, inside: Iterable[str], words: Sequence[Word]
) -> list[Tie]:
    """The strongest chain between two parties of one customer."""
    edges = [e for e in island.edges if e.valid_from <= day < e.valid_to]
    edges += [w.edge() for w in words if w.is_together]
    way = strongest(start, end, edges, {*inside})
    models = {
        (s["party_id_a"], s["party_id_b"]): s["model_version"]
        for s in book.scores({p for e in way for p in (e.party_a, e.party_b)})
    }
    ties, at = [], start
    for edge in way:
        after = edge.party_b if at == edge.party_a else edge.party_a
        model = models.get((edge.party_a, edge.party_b)) if edge.rank != STEWARD_RANK else None
        ties.append(Tie(at, after, edge.reason, edge.valid_from, _evidence(book, island, edge), model))
        at = after
    return ties


def _evidence(book: Book, island: Island, edge: Edge) -> str:
    if edge.reason == STEWARD:
        gone = taken_back(book.decisions)
        ids = [
            d.decision_id for d in book.decisions
            if {edge.party_a, edge.party_b} <= {*d.parties} and d.day == edge.valid_from and d.decision_id not in gone
        ]  # fmt: skip
        return f"decision {', '.join(ids)}"
    return next((r.evidence for r in island.rulings[edge.party_a, edge.party_b] if r.rule == edge.reason), "")


def _looked_at(island: Island, a: Subject, b: Subject, inside: set[str]) -> tuple[list[tuple[str, str]], int]:
    """Pairs whose rules are told: the two that were named, and those between their customers that any rule judged."""
    named = {_pair(x, y) for x, y in product(a.parties[:1], b.parties[:1]) if x != y}
    if a.customer == b.customer:
        return sorted(named), 0
    mine, yours = {*a.parties}, {*b.parties}
    judged = {
        p for p in island.rulings if (p[0] in mine and p[1] in yours) or (p[0] in yours and p[1] in mine)
    }
    found = sorted(judged | (named if len(mine) == len(yours) == 1 or not judged else set()))
    return found[:MOST_PAIRS], max(0, len(found) - MOST_PAIRS)


def _pair(x: str, y: str) -> tuple[str, str]:
    return (min(x, y), max(x, y))


def _compared(book: Book, island: Island, told: Numbers, a: str, b: str, day: date) -> Compared:
    found = {r.rule: r for r in island.rulings.get((a, b), ())}
    verdicts = [
        _verdict(code, rule, found.get(code), told.under(rule, a, b), day) for code, rule in book.rules["rules"].items()
    ]  # fmt: skip
    verdicts += [_verdict(MODEL, BY_MODEL, found[MODEL], [], day)] if MODEL in found else []
    return Compared(a, b, tuple(verdicts), tuple(told.shared(a, b)))


def _verdict(
    code: str, rule: Mapping[str, Any], found: Ruling | None, shared: list[Shared], day: date
) -> Verdict:
    if found is None:
        hubs = [
            s
            for s in shared
            if s.hub in ("placeholder", "too_many_names")
            or (s.hub and rule.get("limit") == "phone_shared_names")
        ]
        state = "hub" if shared and len(hubs) == len(shared) else "key_only" if shared else "no_key"
        return Verdict(code, state, None, None, "", tuple(hubs if state == "hub" else shared))
    until = None if found.until == OPEN else found.until
    if found.never:
        state = "doubted"
    elif found.since > day:
        state = "later"
    elif found.until <= day:
        state = "ended"
    else:
        state = "refused" if found.is_refused else "holds"
    return Verdict(code, state, found.since, until, found.evidence)


def why_ended(verdict: Verdict, rule: Mapping[str, Any], is_grey: bool) -> str:
    """Why a rule that held, or might have, says nothing: contradiction, ambiguous, hub, another number, or the model's change of mind."""
    if contradicts(verdict.evidence, rule):
        return "contradiction"
    if is_grey and rule["unique"]:
        return "ambiguous"
    return {"reference": "reference", MODEL: "unlike"}.get(rule["key"], "hub")


def guards(book: Book, island: Island, one: str, other: str, day: date, words: Sequence[Word]) -> list[Guard]:
    """What keeps the records of two customers apart on a day, whatever ties them; one of each kind, the smallest pair."""
    owned: dict[str, set[str]] = {one: set(), other: set()}
    for m in book.parties_of([one, other], day):
        owned[m["customer_id"]].add(m["party_id"])
    said = {(w.party_a, w.party_b) for w in words if not w.is_together}
    known = {p: traits_on(island.marks.get(p, ()), day) for p in owned[one] | owned[other]}
    found: dict[str, Guard] = {}
    for x, y in sorted(_pair(x, y) for x, y in product(owned[one], owned[other])):
        kinds = [*_against(known[x], known[y])]
        kinds += ["steward"] if (x, y) in said else []
        kinds += ["related"] if (x, y) in island.related else []
        for kind in kinds:
            found.setdefault(kind, Guard(kind, x, y))
    return list(found.values())


def _against(one: Traits, other: Traits) -> list[str]:
    """What of two parties no two records of one person have: the parts of guards.two_people, by name."""
    kinds = ["certificates"] if differ(one.resident, other.resident) else []
    kinds += ["sex"] if differ(one.sex, other.sex) else []
    if differ(one.birth, other.birth) and differ(one.name, other.name):
        kinds.append("birth_and_name")
    return kinds


def spoken(book: Book, parties: Iterable[str]) -> list[Said]:
    """Decisions about two or more of these parties, and what takes one of them back, oldest first."""
    known, gone = {*parties}, taken_back(book.decisions)
    about = {
        r["decision_id"]
        for r in book.spoken
        if any({x, y} <= known for x, y in combinations(r["party_ids"] or (), 2))
    }
    about |= {r["decision_id"] for r in book.spoken if r["decision_subject"] in about}
    return [
        Said(
            r["decision_id"], r["steward_decision_code"], r["decided_on_date"],
            "refused" if r["decision_state_code"] != "accepted" else "taken back" if r["decision_id"] in gone else "stands",
            tuple(who for who in (r["first_staff_id"], r["second_staff_id"]) if who), r["reason_code"] or r["decision_reason_code"] or "",
        )
        for r in book.spoken if r["decision_id"] in about
    ]  # fmt: skip
