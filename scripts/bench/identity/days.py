"""A bank's file as it is day after day: of a hundred records one is new, gone, or says something else, a third each."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.bench.identity.sets import SEED, Set

SHARE = 0.01
NAMES = ("id", "src")
Rows = dict[str, list[str]]


@dataclass(frozen=True)
class Day:
    """Files of a day: all records there are, those that are new or say something else, and the names of those that are no more."""

    whole: Path
    changed: Path
    gone: Path
    records: int
    told: int


def days(of: Set, folder: Path, count: int) -> Iterator[Day]:
    """The first day, on which nothing has changed yet, and `count` days behind it."""
    head, rows = _read(of.files[0])
    dice = np.random.default_rng(SEED)
    each = max(round(len(rows) * SHARE / 3), 1)
    order = [head.index("id")]
    ids = [row[order[0]] for row in rows]
    shuffled = [ids[at] for at in dice.permutation(len(ids))]
    by_id = dict(zip(ids, rows, strict=True))
    waiting, there = shuffled[: each * count], shuffled[each * count :]
    now = {name: by_id[name] for name in sorted(there)}
    yield _written(folder / "day-0", head, now, {}, [])
    for number in range(1, count + 1):
        new = {name: by_id[name] for name in waiting[(number - 1) * each : number * each]}
        known = sorted(now)
        picked = [known[at] for at in dice.choice(len(known), 2 * each, replace=False)]
        gone = [now.pop(name) for name in picked[:each]]
        said = {name: _moved(head, now[name], rows[dice.integers(len(rows))], dice) for name in picked[each:]}
        now = {**now, **said, **new}
        yield _written(folder / f"day-{number}", head, now, {**said, **new}, gone)


def _moved(head: list[str], row: list[str], other: list[str], dice: np.random.Generator) -> list[str]:
    """Somebody who moves to where another lives and has another phone."""
    told = dict(zip(head, row, strict=True))
    told |= {"addr": other[head.index("addr")], "phone": f"154{dice.integers(10**8):08d}"}
    return [told[column] for column in head]


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def _written(folder: Path, head: list[str], now: Rows, told: Rows, gone: list[list[str]]) -> Day:
    named = [[row[head.index(column)] for column in NAMES] for row in gone]
    paths = []
    for name, columns, rows in (
        ("whole", head, now.values()), ("changed", head, told.values()), ("gone", list(NAMES), named),
    ):  # fmt: skip
        paths.append(folder / name / "people.csv")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(columns)
            out.writerows(rows)
    return Day(paths[0], paths[1], paths[2], len(now), len(told) + len(gone))
