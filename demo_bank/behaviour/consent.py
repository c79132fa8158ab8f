"""Consents: what everybody granted at the start, and who changes what on which day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour import numbers
from demo_bank.behaviour.quota import Quota, chosen
from demo_bank.streams import stream

Ints = NDArray[np.int64]
# purpose, data class, group of those granted together
PAIRS = (
    *(("care", of, "care") for of in ("identity", "contact", "transaction", "card_spend", "behaviour", "survey")),
    *(("recommendation", of, "recommendation") for of in ("identity", "contact", "transaction", "card_spend", "behaviour", "survey")),
    ("recommendation", "location", "location"),
    *(("research", of, "research") for of in ("contact", "transaction", "card_spend", "behaviour", "survey")),
    ("credit_decision", "card_spend", "credit_decision"), ("service", "location", "location"), ("service", "survey", "research"),
    ("third_party", "contact", "third_party"),
)  # fmt: skip
GROUPS = tuple(numbers.GRANTED)
_GROUP_OF = np.array([GROUPS.index(pair[2]) for pair in PAIRS])
CARE_CONTACT = next(k for k, p in enumerate(PAIRS) if p[:2] == ("care", "contact"))
RECOMMEND_CARD = next(k for k, p in enumerate(PAIRS) if p[:2] == ("recommendation", "card_spend"))


@dataclass(frozen=True)
class Changes:
    """Changes of a day in the order in which they happened. `by_ecif` names the person by the other key: their parties disagree."""

    person: Ints
    pair: Ints
    granted: NDArray[np.bool_]
    second: Ints
    version: Ints
    by_ecif: NDArray[np.bool_]


@dataclass
class Register:
    """Who granted what (person × pair), and how often each was changed."""

    seed: int
    granted: NDArray[np.bool_]
    version: NDArray[np.int8]
    disagrees: NDArray[np.bool_]
    quota: Quota = field(default_factory=Quota)

    @classmethod
    def open(cls, seed: int, people: int) -> Register:
        rng = stream(seed, "CONSENT", "start", people)
        groups = rng.random((people, len(GROUPS))) < np.array([numbers.GRANTED[g] for g in GROUPS])
        granted = groups[:, _GROUP_OF]
        return cls(
            seed, granted, np.ones(granted.shape, np.int8), rng.random(people) < numbers.PARTIES_DISAGREE
        )

    def change(
        self, day: date, possible: NDArray[np.bool_], story: list[tuple[int, int, bool, int]]
    ) -> Changes:
        """Changes of the day. story: (person, pair, granted, second) of the cast."""
        rng = stream(self.seed, "CONSENT", "changes", day)
        due = self.quota.due(numbers.CONSENT_CHANGES_MONTHLY / 30 * len(possible))
        who = chosen(rng, np.arange(len(possible)), possible.astype(float), due)
        group = rng.integers(0, len(GROUPS), len(who))
        rows = [
            (
                int(second),
                int(person),
                int(pair),
                not bool(self.granted[person, np.flatnonzero(g == _GROUP_OF)[0]]),
            )
            for person, g, second in zip(who, group, rng.integers(7 * 3600, 23 * 3600, len(who)), strict=True)
            for pair in np.flatnonzero(g == _GROUP_OF)
        ]
        rows += [(second, person, pair, state) for person, pair, state, second in story]
        rows.sort()
        versions = []
        for _, person, pair, state in rows:
            self.granted[person, pair] = state
            self.version[person, pair] += 1
            versions.append(int(self.version[person, pair]))
        columns = np.array(rows, np.int64).reshape(-1, 4)
        return Changes(
            columns[:, 1], columns[:, 2], columns[:, 3].astype(bool), columns[:, 0], np.array(versions, np.int64),
            np.zeros(len(rows), bool),
        )  # fmt: skip
