"""Who has which record in which system: under which number, name, certificate and phone, before anything went wrong with it.

The systems ask here, and the truth is written from here; so both tell of the same people. Keys are never counted from what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast, names
from demo_bank.population import AREAS, Ints, Strings, World, with_check_digit
from demo_bank.streams import stream

Bools = NDArray[np.bool_]
# Share of adults who have it, weight of wealth, weight of the digital factor; the rest is chance.
_PRODUCTS = {
    "app": (0.74, 0.1, 0.45),
    "card": (0.49, 0.35, 0.35),
    "wealth": (0.24, 0.65, 0.1),
    "loan": (0.20, 0.25, 0.1),
}
OUTSIDERS_SHARE = 0.05
# Stories 13 and 14: the same person's name as each system spells it.
_SPELLED = {
    13: {
        "ecif": "阿卜杜拉•买买提",
        "loan": "阿卜杜拉・买买提",
        "wealth": "阿卜杜拉‧买买提",
        "call": "阿卜杜拉买买提",
    },
    14: {"ecif": "張偉", "wealth": "ZHANG WEI"},
}


@dataclass(frozen=True)
class Records:
    """Party records of one system, one entry each. keys: the source's own number; person: −1 for nobody's."""

    source: str
    keys: Strings
    person: Ints
    names: Strings
    cert_kinds: Strings
    certs: Strings
    mobiles: Strings
    opened: NDArray[np.datetime64]

    def __len__(self) -> int:
        return len(self.keys)

    def key_of(self, persons: Ints) -> Strings:
        """First key of each person; empty for a person without a record."""
        last = int(max(self.person.max(initial=0), np.max(persons, initial=0))) + 1
        place = np.full(last, -1)
        backwards = np.arange(len(self.person))[::-1]
        place[self.person[backwards]] = backwards
        found = place[persons]
        return np.where(found >= 0, self.keys[np.maximum(found, 0)], "")


@dataclass(frozen=True)
class Outsiders:
    """People without a number at the bank: guarantors, callers. person continues after the world's people."""

    person: Ints
    names: Strings
    certs: Strings
    mobiles: Strings


@dataclass(frozen=True)
class Registry:
    """The records of a world. Ask `records("LOAN")`; ask `has["loan"]` for who owns what kind of product."""

    world: World

    @cached_property
    def has(self) -> dict[str, Bools]:
        """app card wealth loan → whether each person has it. One latent wealth and one digital factor bind them together."""
        world, n = self.world, self.world.people
        found = {}
        for product, (share, of_wealth, of_digital) in _PRODUCTS.items():
            rest = np.sqrt(1 - of_wealth**2 - of_digital**2)
            score = of_wealth * world.wealth + of_digital * world.digital
            score = score + rest * stream(world.seed, "products", product, n).normal(0, 1, n)
            # Newcomers begin with an account and at most the mobile bank.
            may = world.is_adult if product == "app" else world.is_adult & ~world.is_newcomer
            if product in ("card", "wealth"):
                may &= ~(world.sleepers.any if product == "card" else world.sleepers.drained)
            has = (score > NormalDist().inv_cdf(1 - share)) & may
            fixed = cast.count(n)
            has[:fixed] = [product in member.products for member in cast.MEMBERS[:fixed]]
            has[cast.canaries(n)] = True
            if product == "loan":
                has[np.flatnonzero(world.sleepers.drained)[::2]] = True
            found[product] = has
        return found

    @cached_property
    def cust_no(self) -> Strings:
        return self.world.cust_numbers()

    @cached_property
    def ecif_no(self) -> Strings:
        """ECIF number of each person."""
        return np.char.add("E", (700_000_000 + np.arange(self.world.people)).astype(str))

    def records(self, system: str) -> Records:
        """Party records of CORE ECIF LOAN WEALTH CARD MBANK CRM, keys as the contracts call them."""
        if system not in self._records:
            raise ValueError(f"no party records of {system}; known are {', '.join(self._records)}")
        return self._records[system]

    @cached_property
    def _records(self) -> dict[str, Records]:
        everyone = np.arange(self.world.people)
        has = {product: np.flatnonzero(owns) for product, owns in self.has.items()}
        seconds = self.world.second_numbers()
        both = np.concatenate([everyone, seconds])
        numbers = np.concatenate([self.cust_no, self.world.second_cust_numbers()])
        return {
            "CORE": self._of("core", numbers, both), "ECIF": self._of("ecif", self.ecif_no, everyone),
            "LOAN": self._of("loan", self.cust_no[has["loan"]], has["loan"]),
            "WEALTH": self._of("wealth", _numbered("W", 600_000_000, has["wealth"]), has["wealth"]),
            "CARD": self._of("card", _numbered("K", 800_000_000, has["card"]), has["card"]),
            "MBANK": self._of("mbank", _numbered("U", 300_000_000, has["app"]), has["app"]),
            "CRM": self._of("crm", _numbered("R", 400_000_000, everyone), everyone),
        }  # fmt: skip

    def _of(self, source: str, keys: Strings, person: Ints) -> Records:
        world = self.world
        named, kinds, certs = (
            world.names[person].copy(),
            world.cert_kinds[person].copy(),
            world.certs[person].copy(),
        )
        for story, spelled in _SPELLED.items():
            if source in spelled:
                named[person == cast.person(story)] = spelled[source]
        if source in ("core", "ecif") and world.people > cast.person(8):
            # The child came with the father's household book: kind 03 and the father's number.
            child = person == cast.person(8)
            kinds[child], certs[child] = "03", world.certs[cast.person(7)]
        if source == "core":
            certs[person == cast.person(14)] = "H1234567802"  # renewed: the last two digits count renewals
        return Records(source, keys, person, named, kinds, certs, world.mobiles[person], world.opened[person])

    def latin(self, persons: Ints) -> list[str]:
        """Names in capitals, as cards emboss and passports print them."""
        told = [names.latin(str(name)) for name in self.world.names[persons]]
        return [
            "CHEUNG WAI" if p == cast.person(14) else name
            for p, name in zip(persons.tolist(), told, strict=True)
        ]

    def heir(self, person: int) -> int:
        """Who got the number that an ordinary person gave up (D29)."""
        n = self.world.people
        start = cast.FIXED + len(cast.canaries(n))
        found = start + (person - start + 97) % (n - start)
        return found if found != person else start + (person - start + 1) % (n - start)

    @cached_property
    def outsiders(self) -> Outsiders:
        """One for every twenty people of the world."""
        world = self.world
        n = max(3, int(world.people * OUTSIDERS_SHARE))
        rng = stream(world.seed, "outsiders", n)
        sexes = np.where(rng.random(n) < 0.5, "1", "2")
        named = names.drawn(rng, sexes, np.arange(n), np.zeros(n, bool))
        born = np.datetime64("1955-01-01") + rng.integers(0, 18_000, n)
        # Running numbers below 070 are nobody else's.
        stems = [
            f"{area}{str(day).replace('-', '')}{(k % 30) * 2 + (sex == '1'):03d}"
            for k, (area, day, sex) in enumerate(zip(rng.choice(AREAS, n), born, sexes, strict=True))
        ]
        mobiles = np.array([f"154{6_000_000_0 + k:08d}" for k in range(n)])
        return Outsiders(world.people + np.arange(n), named, with_check_digit(np.array(stems)), mobiles)


def _numbered(prefix: str, base: int, persons: Ints) -> Strings:
    return np.char.add(prefix, (base + persons).astype(str))
