"""The people of the demo bank, as columns: fixed people first (`cast`), then ordinary ones in households."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast, names
from demo_bank.sizes import DEFAULT_SEED, Size
from demo_bank.sleepers import Sleepers, sleepers_of
from demo_bank.streams import stream

Strings = NDArray[np.str_]
Ints = NDArray[np.int64]
STREETS = ("滨江大道", "望潮路", "晴川街", "云栖路", "临港中路", "听涛巷")
COMPANIES = 40
AREAS = ("339801", "339802", "339803", "339821")
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CHECKS = np.array(list("10X98765432"))
SECOND_NUMBER_EVERY = 25  # 4 % have two customer numbers (D48)
# Sizes 1 to 5 of households: 52 % of people live in one of two and more.
HOUSEHOLD_SIZES = (0.72, 0.12, 0.10, 0.04, 0.02)
HEAD, SPOUSE, CHILD, PARENT = range(4)
_ROLES = np.array([HEAD, SPOUSE, CHILD, CHILD, PARENT])
NEWCOMERS_PER_DAY = 0.0004
FOREIGN_SHARE, MINORITY_SHARE = 0.03, 0.02
_FOREIGN_KINDS = ("06", "07", "05", "08", "10")
_FOREIGN_NATIONS = {"06": "HKG", "07": "TWN", "05": "USA", "08": "HKG", "10": "GBR"}


def with_check_digit(stems: Strings) -> Strings:
    """GB 11643: the eighteenth digit of each seventeen-digit stem."""
    digits = np.array([list(stem) for stem in stems]).astype(int)
    return np.char.add(stems, _CHECKS[(digits @ _WEIGHTS) % 11])


@dataclass(frozen=True)
class World:
    """Everyone and everything that stays the same from day to day. All arrays have one entry per person.

    cert_kinds  codes of docs/demo-bank.md, "Certificates"
    nations     as CORE writes them
    heads       person who is head of the household; oneself when alone
    roles       HEAD SPOUSE CHILD PARENT, seen from the head
    died        NaT: alive
    """

    size: Size
    seed: int
    names: Strings
    sexes: Strings
    births: NDArray[np.datetime64]
    cert_kinds: Strings
    certs: Strings
    nations: Strings
    mobiles: Strings
    addresses: Strings
    opened: NDArray[np.datetime64]
    died: NDArray[np.datetime64]
    outlets: Strings
    employers: Ints
    salaries: Ints
    wealth: NDArray[np.float64]
    digital: NDArray[np.float64]
    heads: Ints
    roles: Ints

    @property
    def people(self) -> int:
        return len(self.names)

    def cust_numbers(self) -> Strings:
        """First customer number of each person: C and nine digits, C9000000nn for the cast."""
        told = 100_000_000 + np.arange(self.people)
        told[: cast.CAST] = 900_000_001 + np.arange(min(cast.CAST, self.people))
        return np.char.add("C", told.astype(str))

    def second_numbers(self) -> Ints:
        """People who have a second customer number, opened at another outlet long ago: member 01 and every twenty-fifth ordinary person."""
        ordinary = np.arange(SECOND_NUMBER_EVERY - 1, self.people, SECOND_NUMBER_EVERY)
        first = np.arange(min(1, self.people))
        ordinary = ordinary[(ordinary >= cast.CAST) & ~self.is_newcomer[ordinary]]
        return np.concatenate([first, ordinary])

    def second_cust_numbers(self) -> Strings:
        """Second customer number of each of `second_numbers`."""
        return np.char.add("C", (500_000_000 + self.second_numbers()).astype(str))

    @cached_property
    def sleepers(self) -> Sleepers:
        return sleepers_of(self)

    def age_days(self, day: date) -> Ints:
        return (np.datetime64(day) - self.births).astype("timedelta64[D]").astype(np.int64)

    @property
    def is_newcomer(self) -> NDArray[np.bool_]:
        """Becomes a customer inside the calendar."""
        return np.asarray(self.opened >= np.datetime64(self.size.first))

    @property
    def is_adult(self) -> NDArray[np.bool_]:
        """Of age on the first date."""
        return np.asarray(self.age_days(self.size.first) >= 18 * 365.25)


def make_world(size: Size, seed: int = DEFAULT_SEED) -> World:
    """The world of one size and seed."""
    n = size.people
    rng = stream(seed, "population", n)
    heads, roles = _households(n, rng)
    sexes = np.where(rng.random(n) < 0.5, "1", "2")
    sexes = np.where(roles == SPOUSE, np.where(sexes[heads] == "1", "2", "1"), sexes)
    ages = _ages(n, heads, roles, rng)
    # The day within the year is drawn apart: whoever was put to the lowest or highest age is not born on one day.
    within = rng.integers(0, 365, n)
    births = (np.datetime64(size.last) - (ages * 365.25).astype(int) - within).astype("datetime64[D]")
    named = names.drawn(rng, sexes, heads, roles == SPOUSE)
    streets, numbers = rng.choice(STREETS, n), rng.integers(1, 400, n).astype(str)
    addresses = np.char.add(np.char.add(np.char.add("滨江市", streets), numbers), "号")[heads]
    wealth = rng.normal(0, 1, n)
    works = (ages >= 22) & (ages <= 60) & (rng.random(n) < 0.55)
    salaries = (4000 + np.exp(rng.normal(8.6, 0.5, n))).round(-2).astype(int)
    tenure = rng.integers(30, 5000, n)
    opened = np.maximum((np.datetime64(size.first) - tenure).astype("datetime64[D]"), births + 1)
    opened = _with_newcomers(size, opened, heads, ages, rng)
    certs = _resident_ids(rng.choice(AREAS, n), births, sexes)
    world = World(
        size, seed, named, sexes, births, np.full(n, "01"), certs, np.full(n, "156"),
        np.array([f"154{8_000_000_0 + k:08d}" for k in range(n)]), addresses, opened,
        np.full(n, np.datetime64("NaT"), "datetime64[D]"),
        np.array([f"33{100 + k % size.outlets:04d}" for k in rng.integers(0, size.outlets, n)]),
        np.where(works, rng.integers(0, COMPANIES, n), -1), np.where(works, salaries, 0), wealth, rng.normal(0, 1, n), heads, roles,
    )  # fmt: skip
    return _with_cast(_with_canaries(_with_foreigners(world, rng)))


def _with_newcomers(
    size: Size,
    opened: NDArray[np.datetime64],
    heads: Ints,
    ages: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.datetime64]:
    """Some adults who live alone become customers inside the calendar."""
    n, days = size.people, len(size.dates)
    alone = np.bincount(heads, minlength=n)[heads] == 1
    colleagues = cast.colleagues(n)
    possible = alone & (ages >= 19) & (np.arange(n) >= cast.count(n) + len(cast.canaries(n)))
    possible[colleagues] = False
    found = np.flatnonzero(possible)
    drawn = np.sort(rng.permutation(found)[: round(NEWCOMERS_PER_DAY * n * days)])
    told = opened.copy()
    told[drawn] = np.datetime64(size.first) + rng.integers(0, days, len(drawn))
    return told


def _households(n: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(head, role) of everybody; fixed people, canaries and colleagues live alone unless the cast says otherwise."""
    fixed = cast.count(n) + len(cast.canaries(n))
    rest = n - fixed
    drawn = rng.choice(np.arange(1, 6), rest, p=HOUSEHOLD_SIZES)
    ends = np.cumsum(drawn)
    drawn = drawn[: np.searchsorted(ends, rest) + 1]
    first = np.repeat(np.cumsum(drawn) - drawn, drawn)[:rest]
    heads = np.concatenate([np.arange(fixed), fixed + first]).astype(np.int64)
    for told in cast.HOUSEHOLDS:
        heads[[p for p in told if p < n]] = told[0]
    roles = _ROLES[np.clip(np.arange(n) - heads, 0, 4)]
    roles[:fixed] = HEAD
    return heads, roles.astype(np.int64)


def _ages(n: int, heads: Ints, roles: Ints, rng: np.random.Generator) -> NDArray[np.float64]:
    """Years: three bumps for heads, the others follow from their head."""
    own = np.clip(rng.choice([24, 38, 62], n, p=[0.3, 0.42, 0.28]) + rng.normal(0, 7, n), 3, 92)
    together = np.bincount(heads, minlength=n)[heads] > 1
    own = np.where(together & (roles == HEAD), np.clip(own, 24, 88), own)
    between = rng.normal(0, 1, n)
    of_head = own[heads]
    # A head of 24 has no grown children: at least one year, and 22 to 32 years younger than the head.
    child = np.clip(of_head - 27 + 2.5 * between, 1, 70)
    told = np.select(
        [roles == SPOUSE, roles == CHILD, roles == PARENT],
        [np.clip(of_head + 2.5 * between, 22, 92), child, np.clip(of_head + 27 + 2 * between, 45, 96)], own,
    )  # fmt: skip
    adult = cast.colleagues(n)
    told[adult] = np.clip(told[adult], 25, 58)
    return np.asarray(told)


def _resident_ids(areas: Strings, births: NDArray[np.datetime64], sexes: Strings) -> Strings:
    """Ids nobody shares: the running number counts within area, birth date and sex; its parity tells the sex."""
    dates = np.char.replace(births.astype(str), "-", "")
    cells = np.char.add(np.char.add(areas, dates), sexes)
    order = np.argsort(cells, kind="stable")
    _, start, count = np.unique(cells[order], return_index=True, return_counts=True)
    place = np.empty(len(cells), np.int64)
    place[order] = np.arange(len(cells)) - np.repeat(start, count)
    if len(cells) and place.max() >= 430:
        raise ValueError("more people share a birth date than there are running numbers")
    running = 70 + place * 2 + (sexes == "1")
    return with_check_digit(np.char.add(np.char.add(areas, dates), np.char.zfill(running.astype(str), 3)))


def _with_foreigners(world: World, rng: np.random.Generator) -> World:
    """3 % have other documents, 2 % names with a dot. Names of foreigners are Latin, of Taiwan and Hong Kong people Chinese."""
    n = world.people
    drawn = rng.random(n)
    drawn[: cast.count(n)] = 1.0
    foreign = np.flatnonzero((drawn < FOREIGN_SHARE) & (world.roles == HEAD) | (drawn < FOREIGN_SHARE / 3))
    minority = np.flatnonzero((drawn >= FOREIGN_SHARE) & (drawn < FOREIGN_SHARE + MINORITY_SHARE))
    kinds = rng.choice(_FOREIGN_KINDS, len(foreign), p=[0.35, 0.25, 0.2, 0.12, 0.08])
    named = world.names.astype("U24")
    named[minority] = names.minority(rng, len(minority))
    is_latin = np.isin(kinds, ["05", "10"])
    named[foreign[is_latin]] = names.foreign(rng, int(is_latin.sum()))
    certs = world.certs.copy()
    certs[foreign] = _foreign_certs(kinds, foreign, world)
    cert_kinds, nations = world.cert_kinds.copy(), world.nations.copy()
    cert_kinds[foreign] = kinds
    nations[foreign] = [_FOREIGN_NATIONS[str(kind)] for kind in kinds]
    return _replaced(world, names=named, certs=certs, cert_kinds=cert_kinds, nations=nations)


def _foreign_certs(kinds: Strings, persons: Ints, world: World) -> Strings:
    """Numbers of the shape each kind has, told apart by the person's place."""
    told = []
    for kind, person in zip(kinds.tolist(), persons.tolist(), strict=True):
        born = str(world.births[person]).replace("-", "")
        # 810000 and 18 digits as a resident id; the running number from the person's place keeps them apart.
        stem = f"810000{born}{(person * 2 + (world.sexes[person] == '1')) % 1000:03d}"
        told.append({
            "06": f"H{20_000_000 + person:08d}01", "07": f"{30_000_000 + person:08d}", "05": f"P{5_000_000 + person:08d}",
            "08": str(with_check_digit(np.array([stem]))[0]), "10": f"GBR{310000:06d}{person % 1_000_000:06d}",
        }[kind])  # fmt: skip
    return np.array(told, dtype="U18") if told else np.zeros(0, "U18")


def _with_canaries(world: World) -> World:
    """Unmistakable values; nothing else in the bank looks like them."""
    who = cast.canaries(world.people)
    place = np.arange(len(who))
    changed = {
        key: getattr(world, key).copy() for key in ("mobiles", "births", "sexes", "certs", "cert_kinds", "nations")
    }  # fmt: skip
    named, addresses = world.names.astype("U24"), world.addresses.astype("U40")
    named[who] = [cast.canary_name(int(k)) for k in place]
    addresses[who] = [f"滨江市金雀巷{9000 + k}号" for k in place]
    changed["mobiles"][who] = [f"1549999{k:04d}" for k in place]
    changed["births"][who] = np.datetime64("1970-01-01") + place * 37
    # One who complains has a birthday meanwhile.
    changed["births"][who[4:5]] = np.datetime64("1970-09-27")
    changed["sexes"][who] = np.where(place % 2 == 1, "1", "2")
    stems = [
        f"{cast.CANARY_AREA}{str(changed['births'][p]).replace('-', '')}{900 + k % 100:03d}"
        for k, p in enumerate(who)
    ]
    if len(who):
        changed["certs"][who] = with_check_digit(np.array(stems))
    changed["cert_kinds"][who], changed["nations"][who] = "01", "156"
    return _replaced(world, names=named, addresses=addresses, **changed)


def _with_cast(world: World) -> World:
    """The fixed people, and the colleagues of member 10."""
    n = cast.count(world.people)
    told = cast.MEMBERS[:n]
    sexes, births, certs = world.sexes.copy(), world.births.copy(), world.certs.copy()
    sexes[:n], births[:n] = [m.sex for m in told], np.array([m.birth for m in told], "datetime64[D]")
    stems = np.array([f"{m.area}{m.birth:%Y%m%d}{m.sequence:03d}" for m in told])
    certs[:n] = [m.cert or str(c) for m, c in zip(told, with_check_digit(stems), strict=True)] if n else []
    named, kinds, nations = world.names.astype("U24"), world.cert_kinds.copy(), world.nations.copy()
    named[:n], kinds[:n], nations[:n] = (
        [m.name for m in told],
        [m.cert_kind for m in told],
        [m.nation for m in told],
    )
    addresses, mobiles = world.addresses.astype("U40"), world.mobiles.astype("U15")
    addresses[:n] = [f"滨江市云栖路{500 + int(world.heads[p])}号" for p in range(n)]
    mobiles[:n] = [cast.mobile(p) for p in range(n)]
    employers, salaries = world.employers.copy(), world.salaries.copy()
    salaries[:n] = [m.salary for m in told]
    employers[:n] = [p % COMPANIES if m.salary else -1 for p, m in enumerate(told)]
    employers[cast.colleagues(world.people)] = 0
    salaries[cast.colleagues(world.people)] = np.maximum(salaries[cast.colleagues(world.people)], 6_000)
    died, opened = world.died.copy(), world.opened.copy()
    for person, day in cast.DIED.items():
        died[person : person + 1] = np.datetime64(day)
    # Old enough for every story; a child's account is younger than the child.
    opened[:n] = np.maximum(np.datetime64("2016-05-03"), births[:n] + 400)
    wealth, digital = world.wealth.copy(), world.digital.copy()
    wealth[:n], digital[:n] = 0.5, 0.5
    return _replaced(
        world, sexes=sexes, births=births, certs=certs, names=named, cert_kinds=kinds, nations=nations, addresses=addresses,
        mobiles=mobiles, employers=employers, salaries=salaries, died=died, opened=opened, wealth=wealth, digital=digital,
    )  # fmt: skip


def _replaced(world: World, **changed: NDArray[np.generic]) -> World:
    return World(**{**{name: getattr(world, name) for name in World.__dataclass_fields__}, **changed})


def day_before(day: date) -> date:
    return day - timedelta(days=1)
