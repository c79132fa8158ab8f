"""What waits for a steward's word about persons, the most harmful first, and how often stewards and rules have agreed so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise

from spark_jobs.bronze import steward_log
from spark_jobs.identity.timeline import Membership
from spark_jobs.identity.words import MERGE, TAKE_BACK, Decision
from spark_jobs.whois.agreement import Agreement, agreement
from spark_jobs.whois.book import BELIEVED, Book, listed
from spark_jobs.whois.island import EVIDENCE, around

Pair = tuple[str, str]
NO_ITEM, NO_RULE = "no item", "no rule"


@dataclass(frozen=True)
class Waiting:
    """An open review item. aum: CNY, of all customers it touches, on the day; evidence: rules and what agrees; state: open, or decided (proposed, or for the next run)."""

    item_id: str
    kind: str
    parties: tuple[str, ...]
    sources: tuple[str, ...]
    customers: tuple[str, ...]
    aum_cny: Decimal
    priority: Decimal
    opened: date
    age_days: int
    evidence: tuple[str, ...]
    state: str


@dataclass(frozen=True)
class Standing:
    """Agreement of stewards' decisions with what the rules alone would say, by kind of item and rule."""

    kind: str
    rule: str
    told: Agreement


@dataclass(frozen=True)
class Review:
    """The queue and the statistics. second: of second persons with those who proposed; again: of two who decided the same pair apart."""

    day: date
    open_items: int
    waiting: tuple[Waiting, ...]
    standings: tuple[Standing, ...]
    overall: Agreement
    second: Agreement
    again: Agreement


def review(book: Book, limit: int, kind: str | None = None) -> Review:
    """The first `limit` open items and how far judges agree."""
    standings, overall = by_rule(book)
    waiting = queue(book, kind)
    shown = _with_evidence(book, waiting[:limit])
    desk = [d for d in steward_log.read(book.settings.steward_log) if d.kind == steward_log.PERSONS]
    return Review(
        book.day, len(waiting), tuple(shown), tuple(standings), overall, agreement((True, d.state != steward_log.DECLINED) for d in desk if d.second),
        agreement(_again(book)),
    )  # fmt: skip


def queue(book: Book, kind: str | None = None) -> list[Waiting]:
    """Open items, the highest priority first: weight of the kind × assets of the customers touched; ties: the oldest, then by id."""
    rules = book.rules["review"]
    weights, least = rules["weights"], Decimal(rules["least_cny"])
    rows = book.ask(
        "with about as (select review_item_id, kind_code, party_ids, opened_on_date, unnest(party_ids) as party_id from identity.review_item "
        f"where state_code = 'open'), owned as (select party_id, customer_id from identity.party_customer where {BELIEVED} "
        f"and valid_from <= date '{book.day}' and date '{book.day}' < valid_to) "
        "select review_item_id, kind_code, any_value(party_ids) as party_ids, min(opened_on_date) as opened, "
        "list_sort(list(distinct customer_id)) as customers from about left join owned using (party_id) group by 1, 2"
    )
    worth = {
        r["customer_id"]: r["aum_cny"] or Decimal(0)
        for r in book.ask(
            "select customer_id, aum_cny from profile.customer_current where customer_id in "
            f"{listed(c for r in rows for c in r['customers'] if c)}"
        )
    }
    proposed = {
        d.subject for d in steward_log.read(book.settings.steward_log)
        if d.kind == steward_log.PERSONS and d.state in (steward_log.PROPOSED, steward_log.IN_FORCE)
    }  # fmt: skip
    found = []
    for r in rows:
        if kind and r["kind_code"] != kind:
            continue
        customers = tuple(c for c in r["customers"] if c)
        aum = sum((worth.get(c, Decimal(0)) for c in customers), Decimal(0))
        found.append(
            Waiting(
                r["review_item_id"], r["kind_code"], tuple(r["party_ids"]), (), customers, aum,
                Decimal(str(weights.get(r["kind_code"], 1))) * max(aum, least), r["opened"], (book.day - r["opened"]).days, (),
                "decided" if r["review_item_id"] in proposed else "open",
            )
        )  # fmt: skip
    return sorted(found, key=lambda w: (-w.priority, w.opened, w.item_id))


def _with_evidence(book: Book, waiting: Sequence[Waiting]) -> list[Waiting]:
    parties = {p for w in waiting for p in w.parties}
    sources = book.sources(parties)
    texts: dict[Pair, set[str]] = defaultdict(set)
    for row in book.links(parties):
        if row["evidence_text"] and row["actor_code"] in EVIDENCE:
            texts[row["party_id_a"], row["party_id_b"]].add(row["evidence_text"])
    # What only looks alike is no evidence yet, and has its words with its score.
    for row in book.scores(parties):
        texts.setdefault((row["party_id_a"], row["party_id_b"]), {row["evidence_text"]})
    return [
        replace(
            w, sources=tuple(sources.get(p, "") for p in w.parties),
            evidence=tuple(sorted({t for pair in combinations(sorted(w.parties), 2) for t in texts.get(pair, ())})),
        )
        for w in waiting
    ]  # fmt: skip


# --- how far judges agree ------------------------------------------------------------------------------------------


def by_rule(book: Book) -> tuple[list[Standing], Agreement]:
    """Accepted decisions against what the rules alone say of the same two records on the day of the decision.

    A decision that was taken back counts too: it was what a steward said. Decisions about several records count for each pair.
    """
    judged = [d for d in book.decisions if d.code != TAKE_BACK and len(d.parties) > 1]
    parties = {p for d in judged for p in d.parties}
    if not parties:
        return [], agreement(())
    island = around(book, parties)
    alone = island.told(())
    owner = _owners(alone.memberships)
    kinds = {tuple(r["party_ids"]): r["kind_code"] for r in book.reviews(parties)}
    rank = list(book.rules["rules"])
    verdicts: dict[tuple[str, str], list[tuple[bool, bool]]] = defaultdict(list)
    for d in judged:
        for pair in combinations(sorted(d.parties), 2):
            rules = sorted(
                (r.rule for r in island.rulings.get(pair, ())),
                key=lambda code: rank.index(code) if code in rank else len(rank),
            )
            one = (at := owner(pair[0], d.day)) is not None and at == owner(pair[1], d.day)
            verdicts[kinds.get(pair, NO_ITEM), rules[0] if rules else NO_RULE].append((one, d.code == MERGE))
    standings = [Standing(*key, agreement(told)) for key, told in sorted(verdicts.items())]
    return standings, agreement(v for told in verdicts.values() for v in told)


def _owners(memberships: Iterable[Membership]) -> Callable[[str, date], str | None]:
    spells: dict[str, list[Membership]] = defaultdict(list)
    for m in memberships:
        spells[m.party_id].append(m)

    def owner(party: str, day: date) -> str | None:
        return next((m.customer_id for m in spells.get(party, ()) if m.valid_from <= day < m.valid_to), None)

    return owner


def _again(book: Book) -> list[tuple[bool, bool]]:
    """Verdicts of two different people who decided about the same two records one after the other."""
    by = {r["decision_id"]: r["first_staff_id"] for r in book.spoken}
    said: dict[Pair, list[Decision]] = defaultdict(list)
    for d in book.decisions:
        if d.code != TAKE_BACK:
            for pair in combinations(sorted(d.parties), 2):
                said[pair].append(d)
    return [
        (x.code == MERGE, y.code == MERGE)
        for found in said.values()
        for x, y in pairwise(found)
        if not steward_log.same_person(by[x.decision_id], by[y.decision_id])
    ]  # fmt: skip
