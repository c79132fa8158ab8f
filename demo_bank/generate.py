"""Lays down all packages of a size, day by day: one day in memory, files closed before the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from demo_bank.behaviour.deliver import SYSTEMS as BEHAVIOUR_SYSTEMS
from demo_bank.behaviour.deliver import Behaviour
from demo_bank.books import advance, open_books
from demo_bank.packages import Landing
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import Size
from demo_bank.systems import core, ref
from demo_bank.truth import Truth

SYSTEMS = (core.SYSTEM, ref.SYSTEM, *BEHAVIOUR_SYSTEMS)


def generate(size: Size, out: Path, seed: int, systems: Sequence[str] = SYSTEMS) -> int:
    """Number of packages written below `out`: landing, and its hidden sibling."""
    world = make_world(size, seed)
    registry = Registry(world)
    books = open_books(world)
    landing, hidden = Landing(out / "landing"), Truth(out)
    hidden.people(registry)
    behaviour = Behaviour(registry, landing, systems)
    behaviour.opening()
    if core.SYSTEM in systems:
        day, files = core.opening_package(books)
        landing.deliver(core.SYSTEM, 0, day, files, core.arrival(day))
    if ref.SYSTEM in systems:
        # Balances of the day before the first business date need that day's rates.
        day = world.size.first - timedelta(days=1)
        landing.deliver(ref.SYSTEM, 1, day, ref.package(seed, size.first, day), ref.arrival(day))
    for day in size.dates:
        behaviour.live(day)
        made = advance(books)
        if core.SYSTEM in systems:
            landing.deliver(core.SYSTEM, 1, day, core.daily_package(books, made, day), core.arrival(day))
        if ref.SYSTEM in systems:
            landing.deliver(ref.SYSTEM, 1, day, ref.package(seed, size.first, day), ref.arrival(day))
        hidden.balances(books, day)
    landing.close()
    hidden.close()
    return len(landing.arrivals)
