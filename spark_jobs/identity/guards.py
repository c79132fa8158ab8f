"""What keeps parties apart although evidence ties them: two valid ids, two sexes, two births under two names. Pure Python.

A mark is something known of a party since a day. Marks are only ever added, so that a day judged later is judged the same. Two parties
contradict each other where both sides know something and nothing of it is the same; not knowing contradicts nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

# Kinds of which two different values are two people, whatever else agrees.
EXCLUSIVE = ("resident", "sex")


class Mark(NamedTuple):
    """kind: resident (its own valid certificate), sex, birth (of good quality) or name (each key under which the name meets others)."""

    kind: str
    value: str
    since: date = date.min


class Traits(NamedTuple):
    """What is known of a party on a day."""

    resident: frozenset[str] = frozenset()
    sex: frozenset[str] = frozenset()
    birth: frozenset[str] = frozenset()
    name: frozenset[str] = frozenset()


@dataclass
class Group:
    """Parties taken for one person, with their distinct traits."""

    members: set[str]
    traits: set[Traits]

    def take(self, other: Group) -> None:
        self.members |= other.members
        self.traits |= other.traits


def traits_on(marks: Iterable[Mark], day: date) -> Traits:
    """Marks that are known on `day`; kinds that no guard judges are left out."""
    known: dict[str, set[str]] = {kind: set() for kind in Traits._fields}
    for mark in marks:
        if mark.since <= day and mark.kind in known:
            known[mark.kind].add(mark.value)
    return Traits(**{kind: frozenset(values) for kind, values in known.items()})


def differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Both sides know, and nothing agrees."""
    return bool(one) and bool(other) and not one & other


def two_people(one: Traits, other: Traits) -> bool:
    """Two valid ids, two sexes, or two births under two names.

    A birth date alone is mistyped, a name alone changes by marriage: only both together are two people.
    """
    if any(differ(getattr(one, kind), getattr(other, kind)) for kind in EXCLUSIVE):
        return True
    return differ(one.birth, other.birth) and differ(one.name, other.name)


def contradict(one: Group, other: Group) -> bool:
    """Whether some party of one group and some party of the other are two people."""
    return any(two_people(a, b) for a in one.traits for b in other.traits)


def two_ids(one: Group, other: Group) -> bool:
    """Whether some party of one group and some party of the other have different valid ids: what no steward overrules."""
    return any(differ(a.resident, b.resident) for a in one.traits for b in other.traits)
