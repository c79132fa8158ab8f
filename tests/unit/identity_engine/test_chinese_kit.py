"""Labelled Chinese people, written as others write them."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.resolve import mapping, reading
from spark_jobs.resolve.running import judged
from spark_jobs.resolve.truth import Measure
from tests.support import chinese_kit


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit")
    chinese_kit.write(folder / "kit.csv")
    return folder


def test_the_kit_has_five_thousand_labelled_pairs_and_every_way_of_writing(kit: Path) -> None:
    rows = list(chinese_kit.rows())
    per_person = Counter(row.person for row in rows)
    assert sum(n * (n - 1) // 2 for n in per_person.values()) >= 5_000
    assert {row.rule for row in rows} == {"as on the card", *chinese_kit.RULES}


def test_with_birth_dates_people_are_told_however_their_names_are_written(kit: Path) -> None:
    (kit / "map.yml").write_text("id: id\nroles: {full_name: name, birth_date: birth_date}\n")
    people = reading.read_people([kit / "kit.csv"], mapping.load(kit / "map.yml"), "person")
    assert judged(people, resolve(people), THRESHOLD)["closure"].f1 >= 0.97


def _by_name_alone(kit: Path, rows: list[chinese_kit.Row]) -> dict[str, Measure]:
    chinese_kit.keep(kit / "some.csv", rows)
    (kit / "map.yml").write_text("id: id\nroles: {full_name: name}\n")
    people = reading.read_people([kit / "some.csv"], mapping.load(kit / "map.yml"), "person")
    return judged(people, resolve(people), THRESHOLD)


def test_by_name_alone_people_are_told_who_are_called_like_nobody_else(kit: Path) -> None:
    measures = _by_name_alone(kit, list(chinese_kit.rows()))
    assert measures["closure"].f1 >= 0.90
    assert measures["closure"].precision >= 0.98


def test_by_name_alone_half_of_whom_nobody_wrote_as_on_the_card_few_are_joined_wrongly(kit: Path) -> None:
    rows = list(chinese_kit.rows())
    dice = random.Random(5)
    gone = {person for person in sorted({row.person for row in rows}) if dice.random() < 0.5}
    left = [row for row in rows if row.rule != "as on the card" or row.person not in gone]
    measures = _by_name_alone(kit, left)
    assert measures["closure"].precision >= 0.95
    assert measures["closure"].f1 >= 0.75


def test_by_name_alone_a_file_in_which_everybody_stands_once_joins_nobody(kit: Path) -> None:
    rows = list(chinese_kit.rows())
    random.Random(5).shuffle(rows)
    once = {row.person: row for row in rows}
    measures = _by_name_alone(kit, list(once.values()))
    assert measures["closure"].precision == measures["closure"].recall == 1.0
