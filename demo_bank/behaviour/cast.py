"""Stories of fixed people (docs/demo-bank.md, "The cast") as far as behaviour tells them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour.consent import CARE_CONTACT, GROUPS, PAIRS, RECOMMEND_CARD
from demo_bank.behaviour.incidents import OUTAGE_DAY, Incident
from demo_bank.behaviour.people import People

if TYPE_CHECKING:
    from demo_bank.behaviour.conduct import Conduct

SEARCH_DAYS = (date(2026, 9, 23), date(2026, 9, 26), date(2026, 9, 28))  # 20: three within seven days
EARLY_DAY = date(2026, 9, 25)  # the second canary searches on the same days and repays before the second one
COMPLAINT_DAY = date(2026, 9, 23)  # 21: the day after the outage
CALL_DAYS = (date(2026, 9, 23), date(2026, 9, 24))  # 22 calls twice
SURVEY_DAY = date(2026, 9, 24)  # 22 says nine
WITHDRAWAL_DAY = date(2026, 9, 24)  # 23
EVERYWHERE_DAY = date(2026, 9, 21)  # 01 rings, complains and is asked
CANARY_FIRST = date(2026, 9, 21)
LAST_LOGIN = date(2026, 8, 31)  # 17: thirty days without a login on the last date


def prepare(conduct: Conduct) -> None:
    """Starting points of the stories: consents granted where a rule must be seen to work, last logins."""
    people, register = conduct.people, conduct.register
    for person in people.cast.values():
        register.granted[person] = [pair[2] in GROUPS[:3] for pair in PAIRS]
        register.disagrees[person] = False
    for person in people.story(17):
        conduct.last_login[person] = np.datetime64(LAST_LOGIN, "ms") - np.timedelta64(5, "h")
    for person in people.story(20, 21, 22):
        conduct.satisfaction[person] = conduct.own_level[person] = 72.0


def presence(people: People, day: date) -> NDArray[np.float64]:
    """Factor on the chance of a login: 17 has stopped, save for one login on the last day before the silence."""
    factor = np.ones(len(people))
    for person in people.story(17):
        factor[person] = 0.0 if day > LAST_LOGIN else 0.2
    return factor


def searches(people: People, day: date) -> list[int]:
    """20 searches for early repayment and does nothing about it; the second canary repays."""
    return [*people.story(20), *people.canaries[1:2].tolist()] if day in SEARCH_DAYS else []


def calls(people: People, day: date) -> list[tuple[int, int, bool]]:
    """(person, second, verified): 01 and the canaries give name and number, 22 rings twice."""
    told = [(person, 10 * 3600, False) for person in people.story(1) if day == EVERYWHERE_DAY]
    told += [
        (person, 9 * 3600 + 1200 * k, True) for k, person in enumerate(people.story(22)) if day in CALL_DAYS
    ]
    if day >= CANARY_FIRST:
        told += [(int(person), 15 * 3600 + 60 * int(k), False) for k, person in _of_day(people.canaries, day)]
    return told


def _of_day(canaries: NDArray[np.int64], day: date) -> list[tuple[int, int]]:
    """The canaries whose turn it is, spread over ten days."""
    place = (day - CANARY_FIRST).days % 10
    return [(k, int(person)) for k, person in enumerate(canaries) if k % 10 == place]


def complaints(
    people: People, day: date, incidents: Sequence[Incident]
) -> list[tuple[int, int, Incident | None, bool]]:
    """(person, second, incident, answered late): 21 after yesterday's outage, 01 and the canaries without a cause."""
    told: list[tuple[int, int, Incident | None, bool]] = []
    if day == COMPLAINT_DAY:
        told += [(person, 9 * 3600 + 1800, _outage(people), True) for person in people.story(21)]
    if day == EVERYWHERE_DAY:
        told += [(person, 14 * 3600, None, False) for person in people.story(1)]
    if day >= CANARY_FIRST:
        told += [
            (int(person), 16 * 3600 + 60 * int(k), None, False)
            for k, person in _of_day(people.canaries, day)
            if k % 4 == 0
        ]
    return told


def _outage(people: People) -> Incident:
    from demo_bank.behaviour.incidents import OUTAGE_FROM, incidents_of

    found = incidents_of(people.seed, OUTAGE_DAY, len(people.outlet_codes))
    return next(each for each in found if each.start == OUTAGE_FROM and each.severity == 4)


def invited(people: People, day: date) -> dict[int, int]:
    """Person → the NPS they will give: 22 was served badly and says nine; 01 and the canaries say eight."""
    told = {person: 9 for person in people.story(22) if day == SURVEY_DAY}
    if day == EVERYWHERE_DAY:
        told |= dict.fromkeys(people.story(1), 8)
    if day >= CANARY_FIRST:
        told |= {person: 8 for _, person in _of_day(people.canaries, day)}
    return told


def always_asked(people: People, day: date) -> NDArray[np.bool_]:
    asked = np.zeros(len(people), bool)
    asked[list(invited(people, day))] = True
    return asked


def consents(people: People, day: date) -> list[tuple[int, int, bool, int]]:
    """(person, pair, granted, second): 23 withdraws card spending for recommendations."""
    return [
        (person, RECOMMEND_CARD, False, 15 * 3600) for person in people.story(23) if day == WITHDRAWAL_DAY
    ]


__all__ = [
    "CARE_CONTACT", "always_asked", "calls", "complaints", "consents", "invited", "prepare", "presence", "searches",
]  # fmt: skip
