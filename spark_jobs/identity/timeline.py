"""What the fold of evidence takes and gives: edges, stewards' words, memberships, events, the timeline. Plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from spark_jobs.identity.guards import Mark

OPEN = date(9999, 12, 31)
Marks = Mapping[str, Sequence[Mark]]
Pairs = frozenset[tuple[str, str]]
Owners = Mapping[str, str]
# What a steward says comes before every rule.
STEWARD, STEWARD_RANK = "steward", -1


@dataclass(frozen=True, order=True)
class Edge:
    """Evidence that two parties are one person, believed on [valid_from, valid_to).

    Edges sort as they are taken: by rank (0 is the strongest), then by doubt, then by ids.
    doubt  inside a rank, the probability that the two are not one person; 0 for named rules, whose rank says it
    """

    rank: int
    doubt: float = field(default=0.0, kw_only=True)
    party_a: str
    party_b: str
    reason: str
    valid_from: date
    valid_to: date = OPEN


@dataclass(frozen=True, order=True)
class Word:
    """What stewards say of two parties (smaller id first) on [valid_from, valid_to): one person, or two."""

    party_a: str
    party_b: str
    is_together: bool
    valid_from: date
    valid_to: date = OPEN

    def edge(self) -> Edge:
        return Edge(STEWARD_RANK, self.party_a, self.party_b, STEWARD, self.valid_from, self.valid_to)


Words = frozenset[Word]


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
    """create · absorb (a party joins) · merge (other_customer_id was absorbed) · split (parties left for other_customer_id) · retire.

    As believed on `day`; an id that a split gives parties to may be one that was retired before.
    """

    kind: str
    customer_id: str
    other_customer_id: str | None
    moved: tuple[str, ...]
    day: date


@dataclass
class Timeline:
    """Everything the fold gives. `retired` maps a retired id to its survivor in one hop, for good on the last day.

    refused    edges that a guard keeps out on the last day → the first day on which it did
    islands    every id → the smallest party of those among whom evidence, of any day, could have made it
    """

    memberships: list[Membership] = field(default_factory=list)
    events: list[CustomerEvent] = field(default_factory=list)
    islands: dict[str, str] = field(default_factory=dict)
    created: dict[str, date] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)
    refused: dict[Edge, date] = field(default_factory=dict)


@dataclass
class Walk:
    """The days of one island under one set of words. states: who owned each party from a day on, oldest first."""

    states: list[tuple[date, Owners]] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    created: dict[str, date] = field(default_factory=dict)
    refused: dict[Edge, date] = field(default_factory=dict)
