"""Applications for loans and their steps, planned once for the whole calendar: who applies, when, and what is decided.

Steps fall on working days only. People without a customer number apply, too: each working day brings at least one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar, cast
from demo_bank.population import Ints, Strings
from demo_bank.registry import Registry
from demo_bank.streams import stream

Dates = NDArray[np.datetime64]
STEPS = ("10", "20", "30", "40", "50", "60")
DECIDED, DISBURSED = 3, 5
_AFTER = (0, 1, 2, 3, 5, 7)  # working days from the application to each step
NEVER = np.datetime64("NaT", "D")
NEW_BORROWERS, AGAIN = (
    0.15,
    0.03,
)  # of those with a record at the loan centre: nothing borrowed yet; apply for another loan
WALK_INS = 0.0004  # people without a number at the bank who apply, per customer and working day; one at least
REJECTED, STRANGERS_REJECTED, GIVEN_UP, WITHOUT_NUMBER = 0.25, 0.9, 0.05, 0.15
LEAD_DAYS = 20  # applications that were under way when the calendar began
# Products and their typical amount in yuan, months, yearly rate, and the word that the loan centre writes for the purpose.
PRODUCTS = (
    ("LN00HOUS", 13.4, 300, 0.0345, "购房"), ("LN000CAR", 11.6, 36, 0.0420, "购车"), ("LN00CONS", 10.8, 24, 0.0480, "消费"),
    ("LN000BIZ", 12.2, 12, 0.0435, "经营"),
)  # fmt: skip
HOUSE, CAR, CONSUMPTION, BUSINESS = range(4)
_SHARES = (0.30, 0.22, 0.38, 0.10)
# 15's steps: what the money story needs, on a Saturday at the end.
_HOME_STEPS = ("2026-09-01", "2026-09-02", "2026-09-04", "2026-09-08", "2026-09-10", str(cast.HOME_LOAN_DAY))


@dataclass
class Applications:
    """One entry per application. person beyond the world's people is an outsider; days: step × application, NaT when it is not reached."""

    number: Ints
    person: Ints
    has_number: NDArray[np.bool_]
    product: Ints
    cents: Ints
    outcome: Strings
    days: Dates

    def __len__(self) -> int:
        return len(self.number)

    def some(self, which: NDArray[np.generic]) -> Applications:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return Applications(**{name: column[..., which] for name, column in told.items()})


def plan(registry: Registry) -> tuple[Applications, NDArray[np.bool_]]:
    """(applications of the whole calendar, who has nothing borrowed before one of them is disbursed)."""
    world = registry.world
    rng = stream(world.seed, "LOAN", "applications", world.people)
    owners = registry.records("LOAN").person
    fixed = cast.count(world.people) + len(cast.canaries(world.people))
    newly = (rng.random(len(owners)) < NEW_BORROWERS) & (owners >= fixed)
    applies = newly | ((rng.random(len(owners)) < AGAIN) & (owners >= fixed))
    awake = ~world.sleepers.any[owners]
    newly, applies = newly & awake, applies & awake
    size = world.size
    begin = np.datetime64(size.first) - LEAD_DAYS
    length = (size.last - size.first).days + 1 + LEAD_DAYS
    people = owners[applies]
    strangers, when = _walk_ins(registry, rng, begin, length)
    person = np.concatenate([people, strangers])
    told = calendar.next_workings(begin + rng.integers(0, length, len(people)))
    submitted = np.concatenate([told, when])
    order = np.argsort(submitted, kind="stable")
    person, submitted = person[order], submitted[order]
    n, is_known = len(person), person < world.people
    product = rng.choice(len(PRODUCTS), n, p=_SHARES)
    outcome = np.where(rng.random(n) < np.where(is_known, REJECTED, STRANGERS_REJECTED), "R", "A")
    outcome = np.where((outcome == "A") & (rng.random(n) < GIVEN_UP), "C", outcome)
    # Only people with an account get money.
    outcome = np.where((outcome == "A") & ~is_known, "C", outcome)
    days = np.stack([_working_days_after(submitted, after) for after in _AFTER])
    days[DECIDED + 1 :, outcome == "R"] = NEVER
    days[DISBURSED, outcome == "C"] = NEVER
    has_number = is_known & (rng.random(n) >= WITHOUT_NUMBER)
    made = Applications(
        np.arange(1, n + 1), person, has_number, product, drawn_cents(rng, product), outcome, days
    )
    nothing_yet = np.zeros(world.people, bool)
    nothing_yet[owners[newly]] = True
    if world.people > cast.person(15):
        nothing_yet[cast.person(15)] = True
        made = _with_home(made)
    return made, nothing_yet


def _with_home(made: Applications) -> Applications:
    days = np.array([_HOME_STEPS], "datetime64[D]").T
    home = Applications(
        np.array([len(made) + 1]), np.array([cast.person(15)]), np.array([True]), np.array([HOUSE]), np.array([cast.HOME_LOAN_CENTS]),
        np.array(["A"]), days,
    )  # fmt: skip
    return Applications(
        *(np.concatenate([getattr(made, f.name), getattr(home, f.name)], axis=-1) for f in fields(made))
    )


def _walk_ins(
    registry: Registry, rng: np.random.Generator, begin: np.datetime64, length: int
) -> tuple[Ints, Dates]:
    """People of no number, and the working day on which each applies."""
    days = begin + np.arange(length)
    days = days[calendar.next_workings(days) == days]
    many = np.maximum(1, rng.poisson(WALK_INS * registry.world.people, len(days)))
    when = np.repeat(days, many)
    outsiders = registry.outsiders.person
    return outsiders[np.arange(len(when)) % len(outsiders)], when


def _working_days_after(days: Dates, count: int) -> Dates:
    for _ in range(count):
        days = calendar.next_workings(days + 1)
    return days


def drawn_cents(rng: np.random.Generator, product: Ints) -> Ints:
    """Amounts in whole thousands of yuan."""
    typical = np.array([each[1] for each in PRODUCTS])[product]
    return np.asarray(np.exp(typical + rng.normal(0, 0.45, len(product))).astype(np.int64) // 1000 * 100_000)


def months_of(product: Ints) -> Ints:
    return np.array([each[2] for each in PRODUCTS])[product]
