"""Households: customers who live together as far as the bank was told, with the days on which they did. Pure Python, no Spark.

A household is a component of relations that say so (`household_relations` of the identity rules) on a day. It keeps its id while most of its
members stay, as a customer does, so the fold of identity folds it: customers stand for parties, relations for evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise

from spark_jobs.identity.fold import fold
from spark_jobs.identity.timeline import Edge, Membership

Related = tuple[str, str, date, date]
Member = tuple[str, str, date, date]


def members(relations: Iterable[Related], new_id: Callable[..., str], at_most: int) -> list[Member]:
    """identity.household_member: customer_id, household_id, valid_from, valid_to; sorted.

    relations  two customers and the days [valid_from, valid_to) of a relation that makes a household, whichever way it points
    new_id     content → opaque id: a founding customer and the household's first day
    at_most    a component of more customers is no household on those days (a book's number that was typed for many), and one alone is none
    A customer is in one household on a day. The largest part keeps the id when one leaves; ties as for customers: the oldest id.
    """
    edges = [
        Edge(0, min(a, b), max(a, b), "household", since, until) for a, b, since, until in relations if a != b
    ]
    born: dict[str, date] = {}
    for edge in edges:
        for customer in (edge.party_a, edge.party_b):
            born[customer] = min(edge.valid_from, born.get(customer, edge.valid_from))
    held: dict[str, list[Membership]] = defaultdict(list)
    for m in fold(born, edges, {}, new_id).memberships:
        held[m.customer_id].append(m)
    return sorted(
        row for household, spells in held.items() for row in _lived_together(household, spells, at_most)
    )


def _lived_together(household: str, spells: list[Membership], at_most: int) -> Iterable[Member]:
    """Spells cut to the days on which the household has two members or more; pieces that touch become one."""
    days = sorted({day for s in spells for day in (s.valid_from, s.valid_to)})
    found: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for start, end in pairwise(days):
        there = [s.party_id for s in spells if s.valid_from <= start < s.valid_to]
        if not 2 <= len(there) <= at_most:
            continue
        for customer in there:
            known = found[customer]
            if known and known[-1][1] == start:
                known[-1] = (known[-1][0], end)
            else:
                known.append((start, end))
    return [(customer, household, start, end) for customer, pieces in found.items() for start, end in pieces]
