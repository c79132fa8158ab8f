"""Who asked to be erased, and what that forbids from the day on. Pure Python.

A request names a record; what goes is the person: all parties of the customer who owned that record on the day. From then on no evidence and
no steward's word ties one of them to a party that does not go with it: a record that its source sends again stays where it is, under the
erased id, and a record that is new founds a customer of its own. The number of the record is kept as a keyed token only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from spark_jobs.identity.outcome import MODEL, Pair
from spark_jobs.identity.timeline import Edge, Timeline, Word, Words

Tie = TypeVar("Tie", Edge, Word)


def covered(line: Timeline, asked: Mapping[str, date]) -> dict[str, date]:
    """Parties that go with those asked for → the day of it.

    asked  party → day of the request. A party that was delivered later goes on its first day; one never delivered takes nobody along
    """
    owners: dict[str, date] = {}
    for m in sorted(line.memberships, key=lambda m: (m.valid_from, m.party_id)):
        day = asked.get(m.party_id)
        if day is not None and m.valid_from <= day < m.valid_to:
            owners[m.customer_id] = min(day, owners.get(m.customer_id, day))
    found = {
        m.party_id: owners[m.customer_id]
        for m in line.memberships
        if m.customer_id in owners and m.valid_from <= owners[m.customer_id] < m.valid_to
    }
    born = {m.party_id: m.valid_from for m in reversed(line.memberships) if m.party_id in asked}
    late = {party: max(asked[party], first) for party, first in born.items() if party not in found}
    return found | late


def part_edges(edges: Iterable[Edge], gone: Mapping[str, date]) -> list[Edge]:
    """Evidence as it may count: between one who is gone and one who is not, up to the day only."""
    return [cut for edge in edges if (cut := _until(edge, gone)) is not None]


def part_words(said: Sequence[tuple[date, Words]], gone: Mapping[str, date]) -> list[tuple[date, Words]]:
    """Stewards' words likewise."""
    return [
        (day, frozenset(cut for word in words if (cut := _until(word, gone)) is not None))
        for day, words in said
    ]


def erased(line: Timeline, gone: Mapping[str, date]) -> frozenset[str]:
    """Customers who own one of these parties on the day or later."""
    return frozenset(
        m.customer_id for m in line.memberships if m.party_id in gone and m.valid_to > gone[m.party_id]
    )


def with_purged(
    remembered: Iterable[Pair], told: Iterable[Pair], by_model: Iterable[Pair]
) -> tuple[list[Pair], list[Pair]]:
    """Evidence of rules and of the model, each with what is remembered of persons who were purged.

    A pair that both know is as it is remembered: what a source sends again says less than what was compared before.
    """
    kept = {_named(pair): pair for pair in remembered}
    ruled = [p for p in told if _named(p) not in kept] + [p for p in kept.values() if p.rule_code != MODEL]
    modelled = [p for p in by_model if _named(p) not in kept] + [
        p for p in kept.values() if p.rule_code == MODEL
    ]
    return ruled, modelled


def _named(pair: Pair) -> tuple[object, ...]:
    """What names a link (outcome.links): the model may tie a pair several times."""
    name = (pair.party_id_a, pair.party_id_b, pair.rule_code)
    return (*name, pair.effective_from) if pair.rule_code == MODEL else name


def _until(tie: Tie, gone: Mapping[str, date]) -> Tie | None:
    days = [gone[party] for party in (tie.party_a, tie.party_b) if party in gone]
    if len(days) != 1 or tie.valid_to <= days[0]:
        return tie
    return replace(tie, valid_to=days[0]) if tie.valid_from < days[0] else None
