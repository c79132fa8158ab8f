"""The chain of evidence that makes two parties one person. Pure Python.

The chain is as strong as its weakest tie: of all chains the one whose weakest rule ranks best is taken, of those the shortest, of those the
one of the best ranks, then of the least doubt, then of the smallest ids.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from spark_jobs.identity.timeline import Edge


def strongest(start: str, end: str, edges: Iterable[Edge], inside: Collection[str]) -> list[Edge]:
    """Edges from `start` to `end` in order; empty where nothing leads there. inside: parties a chain may go through."""
    usable = [e for e in edges if e.party_a in inside and e.party_b in inside]
    for bar in sorted({e.rank for e in usable}):
        found = _shortest(start, end, [e for e in usable if e.rank <= bar])
        if found:
            return found
    return []


def _shortest(start: str, end: str, edges: Iterable[Edge]) -> list[Edge]:
    beside: dict[str, list[tuple[int, str, Edge]]] = defaultdict(list)
    for edge in sorted(edges, reverse=True):
        beside[edge.party_a].append((edge.rank, edge.party_b, edge))
        beside[edge.party_b].append((edge.rank, edge.party_a, edge))
    # Of each party reached in as many steps only the best way to it goes on.
    ways: dict[str, tuple[int, list[Edge]]] = {start: (0, [])}
    reached = {start}
    while ways and end not in ways:
        further: dict[str, tuple[int, list[Edge]]] = {}
        for party, (cost, way) in sorted(ways.items()):
            for rank, other, edge in beside[party]:
                if other in reached:
                    continue
                wanted = (cost + rank, [*way, edge])
                if other not in further or wanted < further[other]:
                    further[other] = wanted
        reached |= set(further)
        ways = further
    return ways[end][1] if end in ways else []
