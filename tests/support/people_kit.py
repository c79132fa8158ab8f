"""Labelled records of a bank's people, with households, in five systems that each know less or more of a person.

`python -m tests.support.people_kit OUT.csv [PEOPLE]` writes src, id, name, born, cert, phone, addr, sex, who. About 2.5 records a person.
"""

from __future__ import annotations

import csv
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from demo_bank import names, sizes
from demo_bank.population import World, make_world

PEOPLE, SEED = 4_000, 1
COLUMNS = ("src", "id", "name", "born", "cert", "phone", "addr", "sex", "who")
# System, share of people it has, share of them whose certificate it lacks.
SYSTEMS = (
    ("core", 0.9, 0.01),
    ("card", 0.45, 0.25),
    ("loan", 0.25, 0.05),
    ("wealth", 0.35, 0.02),
    ("mbank", 0.5, 0.6),
)


class Clerk:
    """Writes down what people say, as clerks do: in other scripts, cut, masked, mistyped, or not at all."""

    def __init__(self, world: World, seed: int) -> None:
        self.dice = np.random.default_rng(seed)
        self.names, self.births, self.certs, self.mobiles, self.addresses, self.sexes = (
            [str(v) for v in column]
            for column in (
                world.names,
                world.births,
                world.certs,
                world.mobiles,
                world.addresses,
                world.sexes,
            )
        )
        self.heads = world.heads

    def name(self, i: int) -> str:
        chance, name = self.dice.random(), self.names[i]
        if name.isascii():
            return name if chance < 0.9 else name.title()
        if 0.80 <= chance < 0.86:
            return names.traditional(name)
        if 0.86 <= chance < 0.90:
            return names.latin(name)
        if 0.90 <= chance < 0.92:
            return names.southern(name) if len(name) > 1 and "·" not in name else name
        if 0.92 <= chance < 0.94 and name[0] in names.POLYPHONES:
            return names.misread(name)
        if 0.80 <= chance < 0.95:
            return f"{name[:1]}*{name[2:]}" if len(name) > 2 else name
        if 0.95 <= chance < 0.97 and len(name) > 2:
            return name[:-1]
        if 0.95 <= chance < 0.98:
            return name.replace("·", "•") if "·" in name else f"{name} "
        return name

    def birth(self, i: int) -> str:
        chance, birth = self.dice.random(), self.births[i]
        if chance < 0.86:
            return birth
        if chance < 0.90:
            return birth.replace("-", "/")
        if chance < 0.94:
            return ""
        if chance < 0.96:
            return birth[:5] + birth[8:] + birth[4:7] if int(birth[8:]) <= 12 else birth
        if chance < 0.98:
            return "1900-01-01"
        at = (3, 6, 9)[self.dice.integers(3)]
        return f"{birth[:at]}{self.dice.integers(10)}{birth[at + 1 :]}"

    def certificate(self, i: int, lacking: float) -> str:
        chance, number = self.dice.random() - lacking, self.certs[i]
        if chance < 0:
            return ""
        if chance < 0.02 and len(number) == 18:
            return number[:6] + number[8:17] if number[6:8] == "19" else number
        if chance < 0.04:
            at = self.dice.integers(6, len(number))
            return f"{number[:at]}{self.dice.integers(10)}{number[at + 1 :]}"
        return "123456789012345678" if chance < 0.05 else number

    def phone(self, i: int) -> str:
        """Own, of the head of the household, masked, of the household's land line, a placeholder, or of nobody known."""
        chance, mobile = self.dice.random(), self.mobiles[i]
        if chance < 0.08:
            return ""
        if chance < 0.16:
            return self.mobiles[self.heads[i]]
        if chance < 0.22:
            return f"+86{mobile}"
        if chance < 0.24:
            return f"{mobile[:3]}****{mobile[-4:]}"
        if chance < 0.25:
            return "13800138000"
        if chance < 0.30:
            return f"0571-8{self.heads[i] % 9999999:07d}"
        return f"154{self.dice.integers(10**8):08d}" if chance < 0.33 else mobile

    def address(self, i: int) -> str:
        chance, address = self.dice.random(), self.addresses[i]
        if chance < 0.1:
            return ""
        if chance < 0.2:
            return f"浙江省{address}"
        if chance < 0.3:
            return address.replace("号", "")
        return self.addresses[self.dice.integers(len(self.addresses))] if chance < 0.38 else address

    def sex(self, i: int) -> str:
        return self.sexes[i] if self.dice.random() < 0.9 else ""


def rows(people: int = PEOPLE, seed: int = SEED) -> Iterator[tuple[str, ...]]:
    """Records, in no order of persons. A system has three in a hundred people twice."""
    world = make_world(dataclasses.replace(sizes.SIZES["tiny"], people=people))
    clerk, found = Clerk(world, seed), []
    for system, share, lacking in SYSTEMS:
        for i in range(world.people):
            if clerk.dice.random() >= share:
                continue
            for _ in range(2 if clerk.dice.random() < 0.03 else 1):
                said = (
                    clerk.name(i),
                    clerk.birth(i),
                    clerk.certificate(i, lacking),
                    clerk.phone(i),
                    clerk.address(i),
                    clerk.sex(i),
                )
                found.append((system, f"{system}{len(found)}", *said, str(i)))
    yield from (found[place] for place in clerk.dice.permutation(len(found)))


if __name__ == "__main__":
    with Path(sys.argv[1]).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(rows(int(sys.argv[2]) if len(sys.argv) > 2 else PEOPLE))
