"""Lays down all packages of a size, day by day: one day in memory, files closed before the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from demo_bank.money import Money
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import Size
from demo_bank.systems import agency, card, core, core_opening, ecif, hrorg, loan, queue, ref, wealth
from demo_bank.systems.core_customers import Customers
from demo_bank.systems.ecif import Ecif
from demo_bank.truth import Truth
from demo_bank.witness import Witness
from demo_bank.writers import Writers

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


def generate(size: Size, out: Path, seed: int, systems: Sequence[str] = SYSTEMS, dirt: str = NONE) -> Made:
    """Write landing, its hidden sibling and the stewards' decisions below `out`."""
    world = make_world(size, seed)
    registry = Registry(world)
    money = Money.open(registry)
    books = money.books
    plan, ledger = plan_of(registry, dirt), Ledger()
    customers, index = Customers.open(registry), Ecif.open(registry, plan.troubles)
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
    writers = Writers(registry, money, conduct, customers, index, seed, plan.soils)
    writers.opening(landing, systems)
    for day in size.dates:
        lived = behaviour.live(day)
        hidden.lived(registry, lived, systems)
        diary.day(conduct, lived)
        made = money.advance(day, conduct.leaving, lived.spells)
        writers.daily(day, made, landing, systems)
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
