"""Lays down all packages of a size, day by day: one day in memory, files closed before the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from demo_bank import steward
from demo_bank.behaviour.deliver import SYSTEMS as BEHAVIOUR_SYSTEMS
from demo_bank.behaviour.deliver import Behaviour
from demo_bank.books import advance, open_books
from demo_bank.coverage import Cell, coverage
from demo_bank.dirt.landing import DirtyLanding
from demo_bank.dirt.ledger import Ledger
from demo_bank.dirt.plan import NONE, plan_of
from demo_bank.hidden import Diary
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import Size
from demo_bank.systems import core, core_opening, ecif, hrorg, ref
from demo_bank.systems.core_customers import Customers
from demo_bank.systems.ecif import Ecif
from demo_bank.truth import Truth

SYSTEMS = (core.SYSTEM, ref.SYSTEM, ecif.SYSTEM, hrorg.SYSTEM, *BEHAVIOUR_SYSTEMS)


@dataclass(frozen=True)
class Made:
    """What was made: how many packages, and what is in them of what was promised."""

    packages: int
    cells: list[Cell]


def generate(size: Size, out: Path, seed: int, systems: Sequence[str] = SYSTEMS, dirt: str = NONE) -> Made:
    """Write landing, its hidden sibling and the stewards' decisions below `out`."""
    world = make_world(size, seed)
    registry = Registry(world)
    books = open_books(world)
    plan, ledger = plan_of(registry, dirt), Ledger()
    customers, file = Customers.open(registry), Ecif.open(registry, plan.troubles)
    landing, hidden = DirtyLanding(out / "landing", plan, ledger), Truth(out)
    behaviour = Behaviour(registry, landing, systems)
    conduct, diary = behaviour.conduct, Diary(hidden.folder)
    bound = np.flatnonzero(conduct.people.bound <= np.datetime64(size.last))
    hidden.people(registry, systems, {"CRM": np.flatnonzero(conduct.managed), "MBANK": bound})
    behaviour.opening()
    months, cents = core_opening.deposits_of_people(registry, books)
    behaviour.tiers(months, cents)
    if core.SYSTEM in systems:
        day, files = core.opening_package(registry, books, customers)
        landing.deliver(core.SYSTEM, 0, day, files, core.arrival(day))
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
        made = advance(books, conduct.leaving)
        if core.SYSTEM in systems:
            landing.deliver(
                core.SYSTEM, 1, day, core.daily_package(books, customers, made, day), core.arrival(day)
            )
        if ref.SYSTEM in systems:
            landing.deliver(ref.SYSTEM, 1, day, ref.package(seed, size.first, day), ref.arrival(day))
        file.advance(day)
        if ecif.SYSTEM in systems:
            landing.deliver(ecif.SYSTEM, 1, day, file.package(day), ecif.arrival(day))
        if hrorg.SYSTEM in systems and hrorg.is_due(world, day):
            landing.deliver(
                hrorg.SYSTEM, 1, day, hrorg.package(world, day, reused=plan.soils), hrorg.arrival(day)
            )
        hidden.balances(books, day)
    landing.close()
    ledger.write(hidden.folder)
    hidden.close()
    diary.close(registry, conduct, books, plan)
    steward.write(out, registry, ledger)
    return Made(len(landing.arrivals), coverage(size, systems, plan, ledger))
