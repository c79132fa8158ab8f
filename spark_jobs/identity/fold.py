"""Customers as a fold over dated evidence: components, stable ids, events. Pure Python, no Spark.

The whole timeline is a function of its inputs, so a range computed at once equals the same days one by one. An edge counts from the day
on which its evidence existed; on each day on which something changes, components are closed under the guards (guards.py) and matched
with those of the day before by overlap. Parties that no evidence ties, however remotely, are folded apart: ids never cross that border.

What a steward says enters as dated evidence. What is taken back was never so: memberships are those of a bank in which it was never said.
Events tell what was believed on each day, so that a merge and its undoing both stand there and whoever followed the one can follow the
other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from spark_jobs.identity.events import ORDER, last_heir, tell
from spark_jobs.identity.guards import Group, contradict, traits_on, two_ids
from spark_jobs.identity.timeline import (
    OPEN,
    STEWARD_RANK,
    Edge,
    Marks,
    Membership,
    Owners,
    Pairs,
    Timeline,
    Walk,
    Word,
    Words,
)

Moment = TypeVar("Moment", date, int)


def close(
    parties: Iterable[str],
    edges: Iterable[Edge],
    marks: Marks,
    apart: Pairs,
    day: date = OPEN,
) -> tuple[list[frozenset[str]], list[Edge]]:
    """Components of the parties under the guards as of `day`, and the edges that the guards refused.

    marks      party → what is known of it and since when; a component never holds two parties that contradict each other, unless a
               steward tied them; two valid ids stop also a steward
    apart      pairs that must not be together, smaller id first; honoured through closure
    Edges are taken strongest first, ties by ids: the result does not depend on the order of the input.
    """
    leader = {p: p for p in parties}
    groups = {p: Group({p}, {traits_on(marks.get(p, ()), day)}) for p in leader}

    def top(party: str) -> str:
        while leader[party] != party:
            leader[party] = leader[leader[party]]
            party = leader[party]
        return party

    refused = []
    for edge in sorted(edges):
        if edge.party_a not in leader or edge.party_b not in leader:
            continue
        a, b = top(edge.party_a), top(edge.party_b)
        if a == b:
            continue
        stops = two_ids if edge.rank == STEWARD_RANK else contradict
        if stops(groups[a], groups[b]) or _kept_apart(groups[a].members, groups[b].members, apart):
            refused.append(edge)
            continue
        if len(groups[a].members) < len(groups[b].members):
            a, b = b, a
        leader[b] = a
        groups[a].take(groups.pop(b))
    return [frozenset(group.members) for group in groups.values()], refused


def _kept_apart(one: set[str], other: set[str], apart: Pairs) -> bool:
    if not apart:
        return False
    return any((min(p, q), max(p, q)) in apart for p in one for q in other)


def fold(
    first_seen: Mapping[str, date],
    edges: Sequence[Edge],
    marks: Marks,
    new_id: Callable[..., str],
    apart: Pairs = frozenset(),
    founders: Mapping[str, int] | None = None,
    said: Sequence[tuple[date, Words]] = (),
) -> Timeline:
    """The timeline of all customers.

    first_seen  party → business date on which its source first delivered it; edges to other parties are ignored
    marks       party → dated marks for the guards, see `close`
    new_id      content → opaque id: founding party and first business date; for a split also the causing day and old id
    founders    party → rank; of the parties with which a customer begins the one of least rank founds it (ties: smallest id). So a
                record that is delivered late, and holds from a day on which its owner was there, does not rename the customer
    said        stewards' words as they were believed from a day on, oldest first (`words.epochs`); the last is what is believed now
    """
    line = Timeline()
    ranks = founders or {}

    def founded(group: frozenset[str], *content: str) -> str:
        return new_id(min(group, key=lambda p: (ranks.get(p, len(ranks)), p)), *content)

    epochs = [(day, frozenset(_of_known(words, first_seen))) for day, words in said] or [
        (date.min, frozenset())
    ]
    known = [e for e in edges if e.party_a in first_seen and e.party_b in first_seen]
    island = islands(first_seen, [*known, *(w.edge() for _, words in epochs for w in words if w.is_together)])
    by_island: dict[str, list[Edge]] = defaultdict(list)
    for edge in known:
        by_island[island[edge.party_a]].append(edge)
    pairs_apart: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one, other in apart:
        if one in island and island[one] == island.get(other):
            pairs_apart[island[one]].add((one, other))
    spoken = [(day, _by_island(words, island)) for day, words in epochs]
    members: dict[str, list[str]] = defaultdict(list)
    for party, of in island.items():
        members[of].append(party)
    for of, parties in members.items():
        seen = {p: first_seen[p] for p in parties}
        walks: list[tuple[date, Words, Walk]] = []
        for day, words in spoken:
            here = words.get(of, frozenset())
            if not walks or walks[-1][1] != here:
                walk = _walk(seen, by_island[of], marks, founded, frozenset(pairs_apart[of]), here)
                walks.append((day, here, walk))
        tell(line, of, [(day, walk) for day, _, walk in walks])
    line.memberships.sort(key=lambda m: (m.party_id, m.valid_from))
    line.events.sort(key=lambda e: (e.day, ORDER[e.kind], e.customer_id, e.other_customer_id or ""))
    alive = {m.customer_id for m in line.memberships if m.valid_to == OPEN}
    line.retired = {old: last_heir(old, line.retired) for old in sorted(line.retired) if old not in alive}
    return line


def _of_known(words: Words, parties: Mapping[str, date]) -> Iterator[Word]:
    return (w for w in words if w.party_a in parties and w.party_b in parties)


def _by_island(words: Words, island: Mapping[str, str]) -> dict[str, Words]:
    """Words about parties of one island; to keep apart what nothing ties needs no word."""
    found: dict[str, set[Word]] = defaultdict(set)
    for word in words:
        if island[word.party_a] == island[word.party_b]:
            found[island[word.party_a]].add(word)
    return {of: frozenset(here) for of, here in found.items()}


def islands(parties: Iterable[str], edges: Iterable[Edge]) -> dict[str, str]:
    """party → smallest party that any evidence of any day ties it to, guards or not."""
    root = {p: p for p in parties}

    def top(party: str) -> str:
        while root[party] != party:
            root[party] = root[root[party]]
            party = root[party]
        return party

    for edge in edges:
        a, b = top(edge.party_a), top(edge.party_b)
        root[max(a, b)] = min(a, b)
    return {p: top(p) for p in root}


def _walk(
    first_seen: Mapping[str, date],
    evidence: Sequence[Edge],
    marks: Marks,
    founded: Callable[..., str],
    related: Pairs,
    words: Words,
) -> Walk:
    """The timeline of parties that only evidence among themselves ties."""
    edges = [*evidence, *(w.edge() for w in words if w.is_together)]
    days = sorted(
        {
            *first_seen.values(),
            *(e.valid_from for e in edges),
            *(e.valid_to for e in edges if e.valid_to < OPEN),
            *(w.valid_from for w in words),
            *(w.valid_to for w in words if w.valid_to < OPEN),
            *(m.since for p in first_seen for m in marks.get(p, ()) if edges),
        }
    )
    walk = Walk()
    owner: dict[str, str] = {}
    since: dict[str, date] = {}
    why: dict[str, str] = {}
    for day in days:
        present = [p for p, seen in first_seen.items() if seen <= day]
        active = [e for e in edges if e.valid_from <= day < e.valid_to]
        two = {
            (w.party_a, w.party_b) for w in words if not w.is_together and w.valid_from <= day < w.valid_to
        }
        groups, refused = close(present, active, marks, related | two, day)
        walk.refused = {edge: walk.refused.get(edge, day) for edge in refused}
        reasons = _reasons(set(active) - set(refused))
        following = assigned(groups, owner, day, walk.created, founded)
        for party, customer in following.items():
            if owner.get(party) != customer:
                if party in owner:
                    walk.memberships.append(Membership(party, owner[party], why[party], since[party], day))
                since[party] = day
                why[party] = reasons.get(party, "founder")
        if following != owner:
            walk.states.append((day, following))
        owner = following
    walk.memberships += [Membership(p, c, why[p], since[p], OPEN) for p, c in owner.items()]
    return walk


def _reasons(edges: Iterable[Edge]) -> dict[str, str]:
    """Strongest reason of each party."""
    best: dict[str, str] = {}
    for edge in sorted(edges, reverse=True):
        best[edge.party_a] = best[edge.party_b] = edge.reason
    return best


def assigned(
    groups: Iterable[frozenset[str]],
    owner: Owners,
    now: Moment,
    created: dict[str, Moment],
    founded: Callable[..., str],
) -> dict[str, str]:
    """Ids by maximum overlap: the survivor is the old id that gives most members, ties to the oldest, then the smallest.

    now, created  when: a day, or the number of a run; ids that are made are added to `created`
    An old id whose parties part stays with its largest part; the others get an id that hashes the split.
    """
    claims: list[tuple[int, Moment, str, frozenset[str]]] = []
    for group in groups:
        for old, count in Counter(owner[p] for p in group if p in owner).items():
            claims.append((-count, created[old], old, group))
    taken: dict[frozenset[str], str] = {}
    used: set[str] = set()
    for _, _, old, group in sorted(claims, key=lambda c: (c[0], c[1], c[2], min(c[3]))):
        if group not in taken and old not in used:
            taken[group] = old
            used.add(old)
    following: dict[str, str] = {}
    for group in sorted(groups, key=min):
        customer = taken.get(group)
        if customer is None:
            olds = sorted({owner[p] for p in group if p in owner})
            customer = founded(group, str(now), *olds)
            created[customer] = now
        following.update(dict.fromkeys(group, customer))
    return following
