"""The files that are resolved: the same for all, without anything that gives the answer away.

Each set is a folder with its CSV files (column `id`: a fresh number, rows in a seeded order), `map.yml` and `truth.csv` (id, person), which
no engine is shown.
"""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.bench.identity import feeds
from tests.support import chinese_kit, people_kit

MAPS = Path(__file__).parent / "maps"
SEED = 20260930
# Of the kit of bank people: each person is in two or three systems.
RECORDS_A_PERSON = 2.516
CHINESE_PEOPLE = 4_000
TRUTH, MAP = "truth.csv", "map.yml"
Row = Sequence[str]


@dataclass(frozen=True)
class Set:
    """One set on disk. model: what the yardsticks are told it is (None: only the product resolves it); cert: column with certificates."""

    name: str
    title: str
    folder: Path
    files: tuple[Path, ...]
    records: int
    model: str | None
    cert: str | None = None

    @property
    def map(self) -> Path:
        return self.folder / MAP

    def truth(self) -> Mapping[str, str]:
        """True person by record id."""
        with (self.folder / TRUTH).open(encoding="utf-8", newline="") as file:
            return {row["id"]: row["person"] for row in csv.DictReader(file)}

    def certificates(self) -> Mapping[str, list[str]]:
        """Certificates as written, by record id; nothing for a set without."""
        if self.cert is None:
            return {}
        found: dict[str, list[str]] = {}
        for path in self.files:
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    found[row["id"]] = [v for c, v in row.items() if c.startswith(self.cert) and v]
        return found


def febrl3(folder: Path, data: Path) -> Set:
    return _public(
        folder,
        [data / "er/febrl/febrl3.csv.gz"],
        "febrl",
        "FEBRL3",
        "febrl3",
        "true_id",
        {"rec_id", "true_id"},
    )


def febrl4(folder: Path, data: Path) -> Set:
    both = [data / f"er/febrl/febrl4{side}.csv.gz" for side in "ab"]
    return _public(folder, both, "febrl", "FEBRL4", "febrl4", "true_id", {"rec_id", "true_id"})


def fake_1000(folder: Path, data: Path) -> Set:
    return _public(
        folder,
        [data / "er/fake_1000.csv.gz"],
        "fake_1000",
        "fake_1000",
        "fake_1000",
        "cluster",
        {"unique_id", "cluster"},
    )


def chinese(folder: Path, data: Path) -> Set:
    """Names in all ways of writing, with birth dates; 4,000 people drawn."""
    rows = [(r.person, [r.name, r.birth_date]) for r in chinese_kit.rows(CHINESE_PEOPLE)]
    return _written(
        folder,
        "chinese",
        "Chinese kit, name and birth date",
        {"people": (["name", "birth_date"], rows)},
        "chinese",
    )


def bank(folder: Path, records: int) -> Set:
    """People of the demo bank's population with households, as clerks of five systems write them down; about so many records."""
    people = round(records / RECORDS_A_PERSON)
    columns = list(people_kit.COLUMNS)
    kept = [columns.index(c) for c in ("src", "name", "born", "cert", "phone", "addr", "sex")]
    who = columns.index("who")
    rows = [(row[who], [row[i] for i in kept]) for row in people_kit.rows(people)]
    title = f"bank people, {people:,}"
    return _written(
        folder, "bank", title, {"people": ([columns[i] for i in kept], rows)}, "bank", cert="cert"
    )


def demo_feeds(folder: Path, people: int) -> Set:
    """The party feeds of the demo bank, dirt and all, as its systems send them."""
    return _written(
        folder,
        "feeds",
        f"demo bank's party feeds, {people:,} people",
        feeds.tables(folder, people),
        None,
        cert="cert_",
    )


def _public(
    folder: Path, paths: Sequence[Path], map_: str, title: str, model: str, truth: str, leaks: set[str]
) -> Set:
    tables: dict[str, tuple[list[str], list[tuple[str, list[str]]]]] = {}
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = [c for c in rows[0] if c not in leaks]
        tables[path.name.split(".")[0]] = (columns, [(row[truth], [row[c] for c in columns]) for row in rows])
    return _written(folder, map_, title, tables, model)


def _written(
    folder: Path, map_: str, title: str, tables: Mapping[str, tuple[list[str], Iterable[tuple[str, list[str]]]]], model: str | None,
    cert: str | None = None,
) -> Set:  # fmt: skip
    """Rows (person, values) of each file, in a seeded order and under fresh ids; a person that is empty is not known."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(MAPS / f"{map_}.yml", folder / MAP)
    dice = np.random.default_rng(SEED)
    files, at = [], 0
    with (folder / TRUTH).open("w", encoding="utf-8", newline="") as file:
        known = csv.writer(file, lineterminator="\n")
        known.writerow(["id", "person"])
        for name, (columns, rows) in tables.items():
            rows = list(rows)
            path = folder / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as told:
                out = csv.writer(told, lineterminator="\n")
                out.writerow(["id", *columns])
                for place in dice.permutation(len(rows)):
                    at += 1
                    person, values = rows[place]
                    known.writerow([f"r{at:07d}", person])
                    out.writerow([f"r{at:07d}", *values])
            files.append(path)
    return Set(folder.name, title, folder, tuple(files), at, model, cert)


PUBLIC: Mapping[str, Callable[[Path, Path], Set]] = {
    "febrl3": febrl3,
    "febrl4": febrl4,
    "fake_1000": fake_1000,
    "chinese": chinese,
}
