"""Labelled Chinese people: each once as the identity card has the name, and once more for each way in which somebody else writes it.

`python -m tests.support.chinese_kit OUT.csv [PEOPLE]` writes the kit: id, name, birth_date, rule, person.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from demo_bank import names
from tests.support import passports

PEOPLE = 2_000
SEED = 20260930


class Row(NamedTuple):
    """One record. `rule`: how the name was written; `person`: who it is."""

    id: str
    name: str
    birth_date: str
    rule: str
    person: str


def _changed(rule: Callable[[str], str]) -> Callable[[str], str | None]:
    return lambda name: written if (written := rule(name)) != name else None


def _given_first(name: str) -> str:
    surname, _, given = names.latin(name).partition(" ")
    return f"{given} {surname}".title()


# How others write a name; None where the rule does not touch it.
RULES: dict[str, Callable[[str], str | None]] = {
    "traditional script": _changed(lambda n: names.traditional(n)),
    "surname twin": lambda n: names.old_spelling(n) if n[0] in "肖阎傅戴蓝" else None,
    "pinyin": lambda n: names.latin(n) if not n.isascii() else None,
    "pinyin, given name first": lambda n: _given_first(n) if "·" not in n else None,
    "surname misread": lambda n: names.misread(n) if n[0] in names.POLYPHONES and "·" not in n else None,
    "Hong Kong or Taiwan spelling": lambda n: names.southern(n) if "·" not in n else None,
    "passport of Hong Kong": lambda n: passports.hong_kong(n) if "·" not in n else None,
    "passport of Taiwan": lambda n: passports.taiwan(n) if "·" not in n else None,
    "another middle dot": lambda n: n.replace("·", "•") if "·" in n else None,
    "no middle dot": lambda n: n.replace("·", "") if "·" in n else None,
    "cut at a byte limit": lambda n: n[:8] if len(n) > 8 else None,
    "full width and title": lambda n: f"{n[0]}\u3000{n[1:]}先生" if "·" not in n else None,
    "masked": lambda n: f"{n[0]}*{n[2:]}" if len(n) == 3 else None,
}


def rows(people: int = PEOPLE, seed: int = SEED) -> Iterator[Row]:
    """People of whom no two have names that sound alike, so that the name alone tells them apart; each with the spelling of the card and two others, drawn from those that apply.

    One birth date in twenty-five has a digit that is wrong.
    """
    dice = np.random.default_rng(seed)
    sexes = dice.choice(["1", "2"], people)
    alone = np.arange(people)
    plain = names.drawn(dice, sexes, alone, np.zeros(people, bool))
    dotted = names.minority(dice, people)
    drawn = np.where(dice.random(people) < 0.1, dotted, plain)
    births = np.datetime64("1940-01-01") + dice.integers(0, 25_000, people)
    sounds = [names.latin(str(n)) for n in drawn]
    for person, place in enumerate(np.unique(sounds, return_index=True)[1]):
        name, birth = str(drawn[place]), str(births[place])
        ways = [(rule, written) for rule, write in RULES.items() if (written := write(name))]
        taken = dice.permutation(len(ways))[:2]
        for at, (rule, written) in enumerate([("as on the card", name), *(ways[i] for i in taken)]):
            wrong = dice.random() < 0.04
            digit = 3 + int(dice.integers(0, 7))
            said = birth[:digit] + "1" + birth[digit + 1 :] if wrong and birth[digit] not in "-1" else birth
            yield Row(f"{person}-{at}", written, said, rule, str(person))


def write(path: Path, people: int = PEOPLE) -> None:
    """The kit as a file."""
    keep(path, rows(people))


def keep(path: Path, kept: Iterable[Row]) -> None:
    """Rows as a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(Row._fields)
        out.writerows(kept)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else PEOPLE)
