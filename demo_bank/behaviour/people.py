"""What the behaviour model needs to know of everybody, taken from the world once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast as fixed
from demo_bank.population import World
from demo_bank.registry import Registry
from demo_bank.streams import stream

Dates = NDArray[np.datetime64]
ADULT_DAYS = 18 * 365.25


@dataclass(frozen=True)
class People:
    """Columns with one entry per person; NaT means never. cast: story number → person."""

    world: World
    cust_no: NDArray[np.str_]
    ecif_no: NDArray[np.str_]
    names: NDArray[np.str_]
    mobiles: NDArray[np.str_]
    certs: NDArray[np.str_]
    births: Dates
    opened: Dates
    died: Dates
    outlet: NDArray[np.int64]
    outlet_codes: NDArray[np.str_]
    wealth: NDArray[np.float64]
    digital: NDArray[np.float64]
    has_app: NDArray[np.bool_]
    has_loan: NDArray[np.bool_]
    products: NDArray[np.int64]
    salary_moved: NDArray[np.bool_]
    canaries: NDArray[np.int64]
    cast: dict[int, int]

    def __len__(self) -> int:
        return len(self.cust_no)

    @property
    def seed(self) -> int:
        return self.world.seed

    @cached_property
    def temper(self) -> NDArray[np.float64]:
        """Factor on the chance to complain; mean 1."""
        return np.exp(stream(self.seed, "temper", len(self)).normal(-0.125, 0.5, len(self)))

    @cached_property
    def bound(self) -> Dates:
        """Day the mobile bank was bound; NaT without one. A few bind inside the calendar."""
        rng = stream(self.seed, "MBANK", "bind", len(self))
        n = len(self)
        early = self.opened + rng.integers(0, 400, n)
        first, last = np.datetime64(self.world.size.first), np.datetime64(self.world.size.last)
        early = np.minimum(early, first - rng.integers(1, 200, n))
        slept = self.world.sleepers.last
        early = np.where(np.isnat(slept), early, np.minimum(early, slept - 30))
        late = first + rng.integers(0, max((last - first).astype(int), 1), n)
        new = (rng.random(n) < 0.03) & ~self.world.sleepers.any | (self.opened >= first)
        day = np.where(new, np.maximum(late, self.opened), np.maximum(early, self.opened))
        story = np.array(sorted(self.cast.values()), np.int64)
        day[story] = np.minimum(day[story], first - 30)
        return np.where(self.has_app, day, np.datetime64("NaT"))

    def age_days(self, day: date) -> NDArray[np.int64]:
        return (np.datetime64(day) - self.births).astype("timedelta64[D]").astype(np.int64)

    def is_minor(self, day: date) -> NDArray[np.bool_]:
        return np.asarray(self.age_days(day) < ADULT_DAYS)

    def is_alive(self, day: date) -> NDArray[np.bool_]:
        return np.asarray(np.isnat(self.died) | (self.died > np.datetime64(day)))

    def is_customer(self, day: date) -> NDArray[np.bool_]:
        """Opened by then and alive."""
        return np.asarray(self.opened <= np.datetime64(day)) & self.is_alive(day)

    def story(self, *numbers: int) -> list[int]:
        """Persons of the cast that exist in this world."""
        return [self.cast[n] for n in numbers if n in self.cast]


def people_of(registry: Registry) -> People:
    """The registry's people as the behaviour model sees them."""
    world, has = registry.world, registry.has
    n = world.people
    codes, outlet = np.unique(world.outlets, return_inverse=True)
    owned = 1 + sum(has[product].astype(int) for product in ("app", "card", "wealth", "loan"))
    story = {number: fixed.person(number) for number in range(1, fixed.CAST + 1) if fixed.person(number) < n}
    moved = np.zeros(n, bool)
    moved[[story[17]] if 17 in story else []] = True
    return People(
        world, registry.cust_no, registry.ecif_no, world.names, world.mobiles, world.certs, world.births, world.opened, world.died,
        outlet, codes, world.wealth, world.digital, has["app"], has["loan"], np.asarray(owned), moved, fixed.canaries(n), story,
    )  # fmt: skip
