"""How people of the demo bank behave, in the numbers and stories that were promised."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from demo_bank.behaviour import cast, numbers
from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.behaviour.people import people_of
from demo_bank.behaviour.quota import Quota, chosen
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import SIZES
from demo_bank.streams import stream

LEGAL_AFTER = {
    "received": {"assigned"}, "assigned": {"responded"}, "responded": {"extended", "resolved"}, "extended": {"resolved"},
    "resolved": {"called_back", "appealed"}, "appealed": {"assigned"}, "called_back": {"closed"}, "closed": set(),
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> tuple[Conduct, list[Day]]:
    world = make_world(SIZES["tiny"])
    conduct = Conduct.open(people_of(Registry(world)))
    return conduct, [conduct.advance(day) for day in world.size.dates]


def test_fractions_of_rare_things_are_carried_and_never_lost():
    quota = Quota()
    assert sum(quota.due(0.3) for _ in range(100)) == 30


def test_nobody_is_chosen_twice_and_nobody_without_weight():
    picked = chosen(stream(1, "test"), np.arange(10), np.array([1.0, 0, 1, 0, 1, 0, 1, 0, 1, 0]), 9)
    assert picked.tolist() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("calls", numbers.CALLS), ("complaints", numbers.COMPLAINTS), ("invitations", numbers.INVITATIONS),
        ("messages", numbers.MESSAGES), ("contacts", numbers.CONTACTS), ("digital", 3.5),
    ],
)  # fmt: skip
def test_volumes_per_person_and_day_are_within_a_tenth(
    tiny: tuple[Conduct, list[Day]], what: str, wanted: float
):
    conduct, days = tiny
    people_days = len(conduct.people) * len(days)
    counts = {
        "calls": sum(len(d.calls.caller) for d in days), "complaints": sum(len(d.complaints) for d in days),
        "invitations": sum(len(d.invitations.person) for d in days), "messages": sum(len(d.messages.person) for d in days),
        "contacts": sum(len(d.contacts.person) for d in days),
        "digital": sum(
            len(d.digital.session_user) + len(d.digital.page) + len(d.digital.search_text) + len(d.digital.fail_user) for d in days
        ),
    }  # fmt: skip
    assert counts[what] / people_days == pytest.approx(wanted, rel=0.1)


def test_steps_of_complaints_follow_the_legal_order(tiny: tuple[Conduct, list[Day]]):
    for complaint in {c.number: c for day in tiny[1] for c in day.moving}.values():
        kinds = [kind for kind, _ in complaint.steps]
        moments = [moment for _, moment in complaint.steps]
        assert kinds[0] == "received"
        assert kinds[-1] == "closed"
        assert all(after in LEGAL_AFTER[before] for before, after in pairwise(kinds))
        assert moments == sorted(moments)


def test_most_complaints_have_a_failure_behind_them_and_their_person_met_it(tiny: tuple[Conduct, list[Day]]):
    met = {
        (int(person), day.incidents[int(place)].number)
        for day in tiny[1]
        for person, place in zip(day.digital.exposed_person, day.digital.exposed_incident, strict=True)
    }
    caused = [c for day in tiny[1] for c in day.complaints if c.incident]
    everything = [c for day in tiny[1] for c in day.complaints]
    assert all((c.person, c.incident) in met for c in caused)
    assert 0.5 < len(caused) / len(everything) < 0.85


def test_nobody_is_younger_than_eighteen_when_asked(tiny: tuple[Conduct, list[Day]]):
    conduct, days = tiny
    assert not any(conduct.people.is_minor(day.day)[day.invitations.person].any() for day in days)


def test_days_are_the_same_on_every_run():
    size = SIZES["nano"]
    runs = []
    for _ in range(2):
        conduct = Conduct.open(people_of(Registry(make_world(size))))
        runs.append([conduct.advance(day) for day in size.dates])
    for one, other in zip(*runs, strict=True):
        assert np.array_equal(one.digital.page_second, other.digital.page_second)
        assert np.array_equal(one.calls.caller, other.calls.caller)
        assert [c.number for c in one.moving] == [c.number for c in other.moving]


def test_the_three_searches_of_the_story_lie_within_seven_days():
    first, *_, last = cast.SEARCH_DAYS
    assert len(cast.SEARCH_DAYS) == 3
    assert (last - first).days < 7


def test_the_silent_person_has_thirty_days_without_a_login_on_the_last_date():
    assert (date(2026, 9, 30) - cast.LAST_LOGIN).days == 30
