"""Labelled Chinese people, written as others write them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.resolve import mapping, reading
from spark_jobs.resolve.running import judged
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


def test_by_name_alone_few_are_joined_but_rightly(kit: Path) -> None:
    """The names of the kit are so alike that what is only read the same stays below the threshold."""
    (kit / "map.yml").write_text("id: id\nroles: {full_name: name}\n")
    people = reading.read_people([kit / "kit.csv"], mapping.load(kit / "map.yml"), "person")
    measures = judged(people, resolve(people), THRESHOLD)
    assert measures["closure"].precision >= 0.97
    assert measures["closure"].recall > 0
