"""Lays down all packages of a size, day by day: one day in memory, files closed before the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from demo_bank import steward
from demo_bank.behaviour.deliver import MORE as MORE_BEHAVIOUR
from demo_bank.behaviour.deliver import SYSTEMS as BEHAVIOUR_SYSTEMS
from demo_bank.behaviour.deliver import Behaviour
from demo_bank.coverage import Cell, coverage
from demo_bank.dirt.landing import DirtyLanding
from demo_bank.dirt.ledger import Ledger
from demo_bank.dirt.plan import NONE, plan_of
from demo_bank.hidden import Diary
from demo_bank.lines import Lines
from demo_bank.money import Money
from demo_bank.packages import Inner, Landing
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import Size
from demo_bank.systems import agency, card, core, core_opening, ecif, hrorg, loan, queue, ref, wealth
from demo_bank.systems.core_customers import Customers
from demo_bank.systems.ecif import Ecif
from demo_bank.truth import Truth
from demo_bank.witness import Witness

SYSTEMS = (
    core.SYSTEM,
    ref.SYSTEM,
    ecif.SYSTEM,
    loan.SYSTEM,
    wealth.SYSTEM,
    card.SYSTEM,
    hrorg.SYSTEM,
    *BEHAVIOUR_SYSTEMS,
)
# Made in the large sizes, or where somebody asks for them.
MORE = (*MORE_BEHAVIOUR, queue.SYSTEM, agency.SYSTEM)
ALL = (*SYSTEMS, *MORE)
LARGE = ("demo", "full")


def usual(size: Size) -> tuple[str, ...]:
    """The systems of a size where nobody says which."""
    return ALL if size.name in LARGE else SYSTEMS


@dataclass(frozen=True)
class Made:
    """What was made: how many packages, and what is in them of what was promised."""

    packages: int
    cells: list[Cell]


class Writers:
    """Lays down the packages of the systems that live on the bank's money beside CORE."""

    def __init__(self, money: Money, landing: Landing, systems: Sequence[str]) -> None:
        self.money, self.landing, self.systems = money, landing, systems

    def opening(self, day: date) -> None:
        """Sequence 00 of each."""
        told = {
            loan.SYSTEM: (_inner(loan.opening_package(self.money.loans, day)), loan.arrival),
            wealth.SYSTEM: (_inner(wealth.opening_package(self.money.portfolio, day)), wealth.arrival),
            card.SYSTEM: (card.opening_package(self.money.cards, day), card.arrival),
        }
        self._deliver(told, 0, day)

    def daily(self, day: date) -> None:
        """What each sends of one date."""
        told = {
            loan.SYSTEM: (_inner(loan.package(self.money.loans)), loan.arrival),
            wealth.SYSTEM: (_inner(wealth.package(self.money.portfolio)), wealth.arrival),
            card.SYSTEM: (card.package(self.money.cards), card.arrival),
        }
        self._deliver(told, 1, day)

    def _deliver(
        self, told: Mapping[str, tuple[Sequence[Inner], Callable[[date], datetime]]], sequence: int, day: date
    ) -> None:
        for system, (files, arrival) in told.items():
            if system in self.systems:
                self.landing.deliver(system, sequence, day, files, arrival(day))


def _inner(files: Sequence[Lines]) -> list[Inner]:
    return [each.inner() for each in files]


def generate(size: Size, out: Path, seed: int, systems: Sequence[str] = SYSTEMS, dirt: str = NONE) -> Made:
    """Write landing, its hidden sibling and the stewards' decisions below `out`."""
    world = make_world(size, seed)
    registry = Registry(world)
    money = Money.open(registry)
    books = money.books
    plan, ledger = plan_of(registry, dirt), Ledger()
    customers, file = Customers.open(registry), Ecif.open(registry, plan.troubles)
    landing, hidden = DirtyLanding(out / "landing", plan, ledger), Truth(out)
    behaviour = Behaviour(registry, landing, systems)
    conduct, diary = behaviour.conduct, Diary(hidden.folder)
    witness = Witness(money, conduct)
    bound = np.flatnonzero(conduct.people.bound <= np.datetime64(size.last))
    carded = money.cards.person[money.cards.is_open(size.last)]
    within = {"CRM": np.flatnonzero(conduct.managed), "MBANK": bound, "CARD": carded}
    hidden.people(registry, systems, within)
    behaviour.opening()
    months, cents = core_opening.deposits_of_people(registry, books)
    behaviour.tiers(months, cents + wealth.values_by_month(money.portfolio)[1][:, :-1])
    if core.SYSTEM in systems:
        day, files = core.opening_package(registry, books, customers)
        landing.deliver(core.SYSTEM, 0, day, files, core.arrival(day))
    writers = Writers(money, landing, systems)
    writers.opening(world.size.first - timedelta(days=1))
    if ecif.SYSTEM in systems:
        day = world.size.first - timedelta(days=1)
        landing.deliver(ecif.SYSTEM, 0, day, file.package(day, everything=True), ecif.arrival(day))
    if ref.SYSTEM in systems:
        # Balances of the day before the first business date need that day's rates.
        day = world.size.first - timedelta(days=1)
        landing.deliver(ref.SYSTEM, 1, day, ref.package(seed, size.first, day), ref.arrival(day))
    for day in size.dates:
        lived = behaviour.live(day)
        hidden.lived(registry, lived, systems)
        diary.day(conduct, lived)
        made = money.advance(day, conduct.leaving, lived.spells)
        if core.SYSTEM in systems:
            landing.deliver(
                core.SYSTEM, 1, day, core.daily_package(books, customers, made, day), core.arrival(day)
            )
        if queue.SYSTEM in systems and queue.is_due(day):
            tickets = queue.package(conduct.people, day, queue.at_counter(books, made))
            landing.deliver(queue.SYSTEM, 1, day, _inner(tickets), queue.arrival(day))
        if ref.SYSTEM in systems:
            landing.deliver(ref.SYSTEM, 1, day, ref.package(seed, size.first, day), ref.arrival(day))
        writers.daily(day)
        file.advance(day)
        if ecif.SYSTEM in systems:
            landing.deliver(ecif.SYSTEM, 1, day, file.package(day), ecif.arrival(day))
        if hrorg.SYSTEM in systems and hrorg.is_due(world, day):
            landing.deliver(
                hrorg.SYSTEM, 1, day, hrorg.package(world, day, reused=plan.soils), hrorg.arrival(day)
            )
        if agency.SYSTEM in systems and agency.is_due(day):
            landing.deliver(agency.SYSTEM, 1, day, agency.package(registry, books, day), agency.arrival(day))
        parts = money.parts(day, systems)
        witness.day(lived, made, parts)
        hidden.balances(day, parts)
    landing.close()
    if loan.SYSTEM in systems:
        hidden.link("loan", *loan.links(money.loans))
    if agency.SYSTEM in systems and any(agency.is_due(day) for day in size.dates):
        hidden.link("agency", *agency.accounts(books))
    ledger.write(hidden.folder)
    hidden.close()
    diary.close(registry, conduct, books, plan)
    steward.write(out, registry, ledger)
    return Made(len(landing.arrivals), coverage(size, systems, plan, ledger, witness.close()))
