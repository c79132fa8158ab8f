"""The whole engine: stated targets on public sets, order of rows, certificates."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.errors import DeliveryError
from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.blocking import candidates
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import standardised
from spark_jobs.resolve import mapping, reading
from spark_jobs.resolve.running import judged
from tests.unit.identity_engine.kit import people

SETS = Path(__file__).parents[4] / "shared" / "data" / "er"
SETS = SETS if SETS.is_dir() else Path(__file__).parents[5] / "shared" / "data" / "er"
FEBRL = """
id: rec_id
region: AU
roles:
  given_name: given_name
  surname: surname
  birth_date: date_of_birth
  national_id: soc_sec_id
  address: [street_number, address_1, address_2]
  city: suburb
  postcode: postcode
  other: state
"""
FAKE = "id: unique_id\nregion: GB\nroles: {given_name: first_name, surname: surname, birth_date: dob, city: city, email: email}\n"


@pytest.mark.parametrize(
    ("files", "roles", "truth", "target"),
    [
        (["febrl/febrl3.csv.gz"], FEBRL, "true_id", 0.9995),
        (["febrl/febrl4a.csv.gz", "febrl/febrl4b.csv.gz"], FEBRL, "true_id", 0.999),
        (["fake_1000.csv.gz"], FAKE, "cluster", 0.85),
    ],
)
def test_public_sets_reach_the_stated_targets_with_one_configuration(
    files: list[str], roles: str, truth: str, target: float, tmp_path: Path
) -> None:
    if not SETS.is_dir():
        pytest.skip("the public sets (shared/data/er beside the checkout) are not here")
    (tmp_path / "map.yml").write_text(roles)
    read = reading.read_people([SETS / f for f in files], mapping.load(tmp_path / "map.yml"), truth)
    measures = judged(read, resolve(read), THRESHOLD)
    assert measures["closure"].f1 >= target


def _shuffled(them: People, seed: int) -> People:
    order = list(range(len(them)))
    random.Random(seed).shuffle(order)
    at = pa.array(order)
    columns = {role: [c.take(at) for c in cs] for role, cs in them.columns.items()}
    return People(columns, them.sources.take(at), them.keys.take(at), them.region)


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [
        f"{i} | 王{'伟强敏静'[i % 4]}{'国家'[i % 2]} | 19{50 + i % 7}-0{1 + i % 9}-11 | 1540000{i % 40:04}"
        for i in range(120)
    ]
    them = people("id | full_name | birth_date | phone", "\n".join(rows))
    assert resolve(them).clusters.equals(resolve(_shuffled(them, 7)).clusters)


RESIDENT, ANOTHER = "339801198001010015", "339801198001010031"


def _valid(first_17: str) -> str:
    from spark_jobs.columns.certificates import check_digit

    return first_17 + check_digit(first_17)


def test_two_valid_certificates_are_two_people_however_alike_the_rest() -> None:
    one, other = _valid(RESIDENT[:17]), _valid(ANOTHER[:17])
    rows = "\n".join(f"{i} | 王小明 | 1980-01-01 | {one if i % 2 else other} | 15400001234" for i in range(6))
    clusters = resolve(people("id | full_name | birth_date | national_id | phone", rows)).clusters
    ids = clusters["cluster_id"].to_pylist()
    assert [ids[i] == ids[0] for i in range(6)] == [i % 2 == 0 for i in range(6)]


def test_a_shared_certificate_with_another_name_and_birth_date_is_for_review_not_for_joining() -> None:
    one = _valid(RESIDENT[:17])
    result = resolve(
        people(
            "id | full_name | birth_date | national_id",
            f"1 | 王小明 | 1980-01-01 | {one}\n2 | 李国强 | 1955-11-30 | {one}",
        )
    )
    assert result.contradicted == 1
    assert len(set(result.clusters["cluster_id"].to_pylist())) == 2


def test_a_shared_certificate_joins_records_of_which_one_has_another_birth_date() -> None:
    one = _valid(RESIDENT[:17])
    result = resolve(
        people(
            "id | full_name | birth_date | national_id",
            f"1 | 王小明 | 1980-01-01 | {one}\n2 | 王小明 | 1955-11-30 | {one}",
        )
    )
    assert len(set(result.clusters["cluster_id"].to_pylist())) == 1


@pytest.mark.parametrize("rows", ["1 | 王小明", ""])
def test_a_file_of_one_person_or_none_resolves(rows: str) -> None:
    them = people("id | full_name", rows) if rows else people("id | full_name", "1 | ")
    assert resolve(them).clusters.num_rows == 1


def test_a_record_id_that_comes_twice_is_an_error_that_shows_no_value(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("no,name\n17,王小明\n17,李红\n")
    (tmp_path / "map.yml").write_text("id: no\nroles: {full_name: name}\n")
    with pytest.raises(DeliveryError) as told:
        reading.read_people([tmp_path / "a.csv"], mapping.load(tmp_path / "map.yml"))
    assert "1 records have a source and id" in str(told.value)
    assert "王小明" not in str(told.value)


def test_nothing_but_the_roles_tells_who_is_who() -> None:
    rows = "\n".join(f"{i} | Ann | Lee{i} | 1970-01-0{1 + i % 9}" for i in range(40))
    them = people("id | given_name | surname | birth_date", rows)
    renamed = People(
        them.columns, them.sources, pa.array([f"z{99 - int(k.as_py())}" for k in them.keys]), "GB"
    )
    assert np.unique(resolve(them).labels).size == np.unique(resolve(renamed).labels).size


def test_a_handful_of_records_is_enough_to_tell_one_person_from_a_family() -> None:
    rows = """
        crm  | 1 | 王小明 | 1980-01-02 | 15400001234
        crm  | 2 | 王小红 | 1982-11-30 | 15400001234
        crm  | 3 | 李强 | 1975-05-06 | 15400005678
        card | 4 | WANG XIAOMING | 1980-01 | 154****1234
        card | 5 | 赵敏 | 1990-09-09 | 15400009999
    """
    ids = resolve(people("source | id | full_name | birth_date | phone", rows)).clusters.sort_by("record_id")
    one, sister, *others, card, _ = ids["cluster_id"].to_pylist()
    assert card == one
    assert len({one, sister, *others, ids["cluster_id"].to_pylist()[4]}) == 4


def test_a_misread_name_and_street_meet_by_house_number_and_town() -> None:
    """No other key of the two is whole, and files of more than a handful are not compared pair by pair."""
    fields = standardised(
        people(
            "given_name | surname | address | city",
            "Ann | Miller | 12 Mill Lane | Cork\n | Mipler | 12 Nill Lame | Cork",
        )
    )
    found = candidates(rules(fields), 2, whole_up_to=0)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(0, 1)]
