"""Who gets which defect: chosen once for the whole calendar, so that a person's record is wrong in the same way on every delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast, names
from demo_bank.population import CHILD, HEAD, Ints
from demo_bank.registry import Registry
from demo_bank.streams import stream

Eligible = Callable[[Registry], NDArray[np.bool_]]
TINY = 2_000
LIGHT = 0.25
NONE, LIGHT_LEVEL, FULL = "none", "light", "full"
LEVELS = (NONE, LIGHT_LEVEL, FULL)


def _is_resident(registry: Registry) -> NDArray[np.bool_]:
    return registry.world.cert_kinds == "01"


def _has(product: str) -> Eligible:
    return lambda registry: registry.has[product]


def _any(registry: Registry) -> NDArray[np.bool_]:
    return np.ones(registry.world.people, bool)


def _named(test: Callable[[str], bool]) -> Eligible:
    def eligible(registry: Registry) -> NDArray[np.bool_]:
        return np.array([test(str(name)) for name in registry.world.names])

    return eligible


def _is_rare(name: str) -> bool:
    return any(sign in names.RARE for sign in name)


def _is_plain(name: str) -> bool:
    return not _is_rare(name) and "·" not in name and not name.isascii()


def _with(*tests: Eligible) -> Eligible:
    return lambda registry: np.logical_and.reduce([test(registry) for test in tests])


def _is_second_child(registry: Registry) -> NDArray[np.bool_]:
    """Children who follow another child of the same household."""
    world = registry.world
    before = np.maximum(np.arange(world.people) - 1, 0)
    return (world.roles == CHILD) & (world.roles[before] == CHILD) & (world.heads == world.heads[before])


# group → how many in tiny, and who can have it. Groups are disjoint as far as there are people.
GROUPS: Mapping[str, tuple[int, Eligible]] = {
    "rare core": (8, _named(_is_rare)), "rare ecif": (8, _named(_is_rare)), "dot": (20, _named(lambda name: "·" in name)),
    "cut name": (15, _named(lambda name: len(name.encode("gb18030")) > 20)),
    "hong kong": (15, _with(lambda registry: np.isin(registry.world.cert_kinds, ["06", "07", "08"]), _named(_is_plain))),
    "polyphone": (20, _named(lambda name: name[0] in names.POLYPHONES)),
    "wrong merge": (3, _is_second_child),
    "family phone": (80, lambda registry: registry.world.roles != HEAD),
    "lower x": (40, lambda registry: np.char.endswith(registry.world.certs, "X")),
    "half character": (12, _named(_is_plain)), "full width": (30, _is_resident), "inner spaces": (20, _is_resident),
    "fifteen": (20, _with(_is_resident, lambda registry: registry.world.births < np.datetime64("2000-01-01"))),
    "bad check core": (10, _is_resident), "bad check ecif": (10, _is_resident), "placeholder id": (15, _is_resident),
    "placeholder phone": (20, _any), "placeholder phone ecif": (15, _any), "old script": (30, _named(names.has_old_spelling)),
    "no birth": (10, _any), "impossible birth": (8, _any), "roc birth": (10, _any), "serial birth": (10, _any),
    "recycled phone": (10, _any), "renewed": (10, _with(_is_resident, lambda registry: registry.world.is_adult)), "deleted": (10, _any),
    "card name": (10, _with(_has("card"), _named(_is_plain))), "card pinyin": (20, _with(_has("card"), _named(lambda name: name[0] in names.POLYPHONES))),
    "fifteen loan": (5, _with(_has("loan"), _is_resident, lambda registry: registry.world.births < np.datetime64("2000-01-01"))),
    "bar": (15, _has("loan")),
}  # fmt: skip
# Members of the cast whose story is such a defect.
_STORIES = {"rare core": (12,), "half character": (11,), "wrong merge": (5,)}


@dataclass(frozen=True)
class Plan:
    """Persons by group. Nobody where nothing is planted."""

    registry: Registry
    level: str
    chosen: Mapping[str, Ints] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return self.level == FULL

    @property
    def soils(self) -> bool:
        return self.level != NONE

    def persons(self, group: str) -> Ints:
        return self.chosen.get(group, np.zeros(0, np.int64))

    def scaled(self, in_tiny: float) -> float:
        """How many of something there are in this size at this level."""
        if not self.soils:
            return 0.0
        return in_tiny * self.registry.world.people / TINY * (1.0 if self.is_full else LIGHT)

    def colleagues(self) -> Ints:
        """Those who gave their employer's phone."""
        return cast.colleagues(self.registry.world.people) if self.soils else np.zeros(0, np.int64)

    @property
    def troubles(self) -> Mapping[str, Ints]:
        """Defects that are states of ECIF, by code."""
        told = {"D29": "recycled phone", "D37": "renewed", "D40": "deleted", "D41": "wrong merge"}
        return {code: self.persons(group) for code, group in told.items()}


def plan_of(registry: Registry, level: str) -> Plan:
    """The plan of a world: in tiny as many as the catalogue says, in other sizes in proportion, at least one; a quarter when `light`."""
    if level not in LEVELS:
        raise ValueError(f"no level {level}; known are {', '.join(LEVELS)}")
    empty = Plan(registry, level)
    if level == NONE:
        return empty
    world = registry.world
    free = np.zeros(world.people, bool)
    free[cast.count(world.people) + len(cast.canaries(world.people)) :] = True
    free[cast.colleagues(world.people)] = False
    free[world.is_newcomer] = False
    chosen: dict[str, Ints] = {}
    for group, (in_tiny, eligible) in GROUPS.items():
        wanted = max(1, round(empty.scaled(in_tiny)))
        possible = np.flatnonzero(free & eligible(registry))
        drawn = np.sort(stream(world.seed, "dirt", group).permutation(possible)[:wanted])
        free[drawn] = False
        if group == "wrong merge":
            free[np.maximum(drawn - 1, 0)] = False
        story = [
            cast.person(number) for number in _STORIES.get(group, ()) if cast.person(number) < world.people
        ]
        chosen[group] = np.concatenate([np.array(story, np.int64), drawn])
    return Plan(registry, level, chosen)
