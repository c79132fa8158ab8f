"""Customers as a fold over dated evidence: components, stable ids, events. Pure Python, no Spark.

The whole timeline is a function of its inputs, so a range computed at once equals the same days one by one. An edge counts from the day
on which its evidence existed; on each day on which something changes, components are closed under the guards (guards.py) and matched
with those of the day before by overlap. Parties that no evidence ties, however remotely, are folded apart: ids never cross that border.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from spark_jobs.identity.guards import Group, Mark, contradict, traits_on

OPEN = date(9999, 12, 31)
Marks = Mapping[str, Sequence[Mark]]


@dataclass(frozen=True, order=True)
class Edge:
    """Evidence that two parties are one person, believed on [valid_from, valid_to). rank: 0 is the strongest."""

    rank: int
    party_a: str
    party_b: str
    reason: str
    valid_from: date
    valid_to: date = OPEN


@dataclass(frozen=True)
class Membership:
    """A party belongs to a customer on [valid_from, valid_to), for the reason of the strongest edge that ties it."""

    party_id: str
    customer_id: str
    reason: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class CustomerEvent:
    """create · absorb (a party joins) · merge (other_customer_id was absorbed) · split (parties left for other_customer_id) · retire."""

    kind: str
    customer_id: str
    other_customer_id: str | None
    moved: tuple[str, ...]
    day: date


@dataclass
class Timeline:
    """Everything the fold gives. `retired` maps a retired id to its survivor in one hop, for good on the last day.

    refused    edges that a guard keeps out on the last day → the first day on which it did
    """

    memberships: list[Membership] = field(default_factory=list)
    events: list[CustomerEvent] = field(default_factory=list)
    created: dict[str, date] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)
    refused: dict[Edge, date] = field(default_factory=dict)


def close(
    parties: Iterable[str],
    edges: Iterable[Edge],
    marks: Marks,
    apart: frozenset[tuple[str, str]],
    day: date = OPEN,
) -> tuple[list[frozenset[str]], list[Edge]]:
    """Components of the parties under the guards as of `day`, and the edges that the guards refused.

    marks      party → what is known of it and since when; a component never holds two parties that contradict each other
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
        if contradict(groups[a], groups[b]) or _kept_apart(groups[a].members, groups[b].members, apart):
            refused.append(edge)
            continue
        if len(groups[a].members) < len(groups[b].members):
            a, b = b, a
        leader[b] = a
        groups[a].take(groups.pop(b))
    return [frozenset(group.members) for group in groups.values()], refused


def _kept_apart(one: set[str], other: set[str], apart: frozenset[tuple[str, str]]) -> bool:
    if not apart:
        return False
    return any((min(p, q), max(p, q)) in apart for p in one for q in other)


def fold(
    first_seen: Mapping[str, date],
    edges: Sequence[Edge],
    marks: Marks,
    new_id: Callable[..., str],
    apart: frozenset[tuple[str, str]] = frozenset(),
    founders: Mapping[str, int] | None = None,
) -> Timeline:
    """The timeline of all customers.

    first_seen  party → business date on which its source first delivered it; edges to other parties are ignored
    marks       party → dated marks for the guards, see `close`
    new_id      content → opaque id: founding party and first business date; for a split also the causing day and old id
    founders    party → rank; of the parties with which a customer begins the one of least rank founds it (ties: smallest id). So a
                record that is delivered late, and holds from a day on which its owner was there, does not rename the customer
    """
    line = Timeline()
    ranks = founders or {}

    def founded(group: frozenset[str], *content: str) -> str:
        return new_id(min(group, key=lambda p: (ranks.get(p, len(ranks)), p)), *content)

    known = [e for e in edges if e.party_a in first_seen and e.party_b in first_seen]
    by_island: dict[str, list[Edge]] = defaultdict(list)
    island = islands(first_seen, known)
    for edge in known:
        by_island[island[edge.party_a]].append(edge)
    pairs_apart: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one, other in apart:
        if one in island and island[one] == island.get(other):
            pairs_apart[island[one]].add((one, other))
    members: dict[str, list[str]] = defaultdict(list)
    for party, of in island.items():
        members[of].append(party)
    for of, parties in members.items():
        seen = {p: first_seen[p] for p in parties}
        _fold_island(line, seen, by_island[of], marks, founded, frozenset(pairs_apart[of]))
    line.memberships.sort(key=lambda m: (m.party_id, m.valid_from))
    line.events.sort(key=lambda e: (e.day, _ORDER[e.kind], e.customer_id, e.other_customer_id or ""))
    alive = {m.customer_id for m in line.memberships if m.valid_to == OPEN}
    line.retired = {old: _last(old, line.retired) for old in sorted(line.retired) if old not in alive}
    return line


_ORDER = {"create": 0, "absorb": 1, "split": 2, "merge": 3, "retire": 4}


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


def _fold_island(
    line: Timeline,
    first_seen: Mapping[str, date],
    edges: Sequence[Edge],
    marks: Marks,
    founded: Callable[..., str],
    apart: frozenset[tuple[str, str]],
) -> None:
    """Adds the timeline of parties that only evidence among themselves ties."""
    days = sorted(
        {
            *first_seen.values(),
            *(e.valid_from for e in edges),
            *(e.valid_to for e in edges if e.valid_to < OPEN),
            *(m.since for p in first_seen for m in marks.get(p, ()) if edges),
        }
    )
    owner: dict[str, str] = {}
    since: dict[str, date] = {}
    why: dict[str, str] = {}
    doubted: dict[Edge, date] = {}
    for day in days:
        present = [p for p, seen in first_seen.items() if seen <= day]
        active = [e for e in edges if e.valid_from <= day < e.valid_to]
        groups, refused = close(present, active, marks, apart, day)
        doubted = {edge: doubted.get(edge, day) for edge in refused}
        reasons = _reasons(set(active) - set(refused))
        following = _assign(groups, owner, day, line, founded)
        _note_events(owner, following, day, line)
        for party, customer in following.items():
            if owner.get(party) != customer:
                if party in owner:
                    line.memberships.append(Membership(party, owner[party], why[party], since[party], day))
                since[party] = day
                why[party] = reasons.get(party, "founder")
        owner = following
    line.refused |= doubted
    line.memberships += [Membership(p, c, why[p], since[p], OPEN) for p, c in owner.items()]


def _reasons(edges: Iterable[Edge]) -> dict[str, str]:
    """Strongest reason of each party."""
    best: dict[str, str] = {}
    for edge in sorted(edges, reverse=True):
        best[edge.party_a] = best[edge.party_b] = edge.reason
    return best


def _assign(
    groups: Iterable[frozenset[str]],
    owner: Mapping[str, str],
    day: date,
    line: Timeline,
    founded: Callable[..., str],
) -> dict[str, str]:
    """Ids by maximum overlap: the survivor is the old id that gives most members, ties to the oldest, then the smallest.

    An old id whose parties part stays with its largest part; the others get an id that hashes the split.
    """
    claims: list[tuple[int, date, str, frozenset[str]]] = []
    for group in groups:
        for old, count in Counter(owner[p] for p in group if p in owner).items():
            claims.append((-count, line.created[old], old, group))
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
            customer = founded(group, str(day), *olds)
            line.created[customer] = day
        following.update(dict.fromkeys(group, customer))
    return following


def _note_events(before: Mapping[str, str], after: Mapping[str, str], day: date, line: Timeline) -> None:
    moved: dict[tuple[str, str], list[str]] = defaultdict(list)
    joined: dict[str, list[str]] = defaultdict(list)
    for party, customer in after.items():
        if party not in before:
            joined[customer].append(party)
        elif before[party] != customer:
            moved[(before[party], customer)].append(party)
    existed, remain = set(before.values()), set(after.values())
    for customer, parties in sorted(joined.items()):
        kind = "absorb" if customer in existed else "create"
        line.events.append(CustomerEvent(kind, customer, None, tuple(sorted(parties)), day))
    for (old, new), parties in sorted(moved.items()):
        if old in remain:
            line.events.append(CustomerEvent("split", old, new, tuple(sorted(parties)), day))
        else:
            line.events.append(CustomerEvent("merge", new, old, tuple(sorted(parties)), day))
            line.events.append(CustomerEvent("retire", old, new, (), day))
            line.retired[old] = new


def _last(old: str, retired: Mapping[str, str]) -> str:
    """Where a retired id leads, in one hop."""
    seen = {old}
    survivor = retired[old]
    while survivor in retired and survivor not in seen:
        seen.add(survivor)
        survivor = retired[survivor]
    return survivor
