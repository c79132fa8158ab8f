"""Who is meant, where a file has nothing but names: small pictures, and what is learned of banks that dice made."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.identity.engine import names
from spark_jobs.identity.engine.form import Form
from spark_jobs.identity.engine.frozen import hash_key
from spark_jobs.identity.engine.one_of import applies, meant, one_person, probabilities, same_person
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.identity.engine.standardise import standardised, whole_names
from tests.unit.identity_engine.kit import people


def shares(*written: str) -> dict[tuple[str, str], float]:
    """(name, whom it may mean) → how likely that is, among these."""
    coded = whole_names([pa.array([names.whole(name) for name in written], pa.string())])
    found = meant(coded)
    return {
        (coded.values[name], coded.values[full]): share
        for name, full, share in zip(found.name, found.full, found.share, strict=True)
    }


FILE = ["欧阳静宜", "司马若云", "诸葛明远", "上官婉清", "OUYANG JINGYI", "SIMA RUOYUN", "ZHUGE MINGYUAN", "SHANGGUAN WANQING"]  # fmt: skip


def test_a_name_in_letters_that_only_one_person_can_be_is_that_persons():
    found = shares(*FILE)
    assert len(found) == 4
    assert min(found.values()) > 0.9


def test_of_two_who_are_read_the_same_each_is_meant_with_half():
    found = shares(*FILE, "王伟", "汪玮", "WANG WEI")
    both = [found["wang wei", "王伟"], found["wang wei", "汪玮"]]
    assert both[0] == both[1]
    assert 0.4 < both[0] <= 0.5
    assert found["sima ruoyun", "司马若云"] > 0.9


def test_a_masked_name_means_whom_its_stars_fit():
    found = shares(*FILE, "李小明", "李大明", "李小红", "李*明", "*若云", "欧***", "诸葛**")
    assert {full for name, full in found if name == "李*明"} == {"李小明", "李大明"}
    assert {full for name, full in found if name == "欧***"} == {"欧阳静宜"}
    assert not [name for name, _ in found if name == "*若云"], "of four signs three are shown, and one is hidden"  # fmt: skip


def test_who_reads_alike_is_asked_before_another_spelling():
    """CHANG reads chang, and is zhang in the spelling of Taiwan."""
    found = shares(*FILE, "李常", "李章", "LI CHANG")
    assert {full for name, full in found if name == "li chang"} == {"李常"}
    other = shares(*FILE, "李章", "LI CHANG")
    assert {full for name, full in other if name == "li chang"} == {"李章"}


def test_names_none_of_which_is_in_characters_mean_nobody():
    assert shares("JOHN SMITH", "MARY SMITH", "J SMITH") == {}


def test_how_often_the_right_one_is_there_is_learned_of_how_many_there_are():
    """Of a bank that dice made: with .7 the right one is there, and others as chance brings them, half as many as expected."""
    dice = np.random.default_rng(7)
    expected = dice.uniform(0.05, 3, 20_000)
    there = dice.random(20_000) < 0.7
    counts = there + dice.poisson(0.5 * expected)
    told = probabilities(counts.astype(float), expected)
    for least, most in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.0)):
        some = (told >= least) & (told < most)
        assert some.sum() > 50
        assert told[some].mean() == pytest.approx(there[some].mean(), abs=0.03)
    assert (told[counts == 0] == 0).all()


def test_a_bank_in_which_only_chance_brings_names_together_means_nobody():
    dice = np.random.default_rng(7)
    expected = dice.uniform(0.05, 3, 20_000)
    told = probabilities(dice.poisson(0.5 * expected).astype(float), expected)
    assert told.mean() < 0.05


def test_how_often_two_of_one_name_are_one_person_is_learned_likewise():
    """Each person of 5,000 stands .4 times more under the same name; of 200 names some are a hundred times as frequent as others."""
    dice = np.random.default_rng(7)
    weight = 1 / np.arange(1, 201)
    name = dice.choice(200, 5_000, p=weight / weight.sum())
    records = 1 + dice.poisson(0.4, 5_000)
    counts = np.bincount(name, records, 200)
    own = np.bincount(name, records * (records - 1), 200)
    present = counts > 1
    told = same_person(counts[present], (weight / weight.sum() * records.sum())[present])
    right = own[present] / (counts * (counts - 1))[present]
    pairs = (counts * (counts - 1))[present]
    assert np.average(told, weights=pairs) == pytest.approx(np.average(right, weights=pairs), abs=0.02)
    assert told[0] < 0.01 < told[-1], "a rare name says more"


def test_a_frequent_name_says_less_than_a_rare_one_and_as_little_as_is_true():
    """Surnames and given names of which some are frequent; one person in three stands twice."""
    dice = np.random.default_rng(7)
    parts = [1 / np.arange(1, 31), 1 / np.arange(1, 61)]
    surname, given = (dice.choice(len(p), 3_000, p=p / p.sum()) for p in parts)
    written = [names.whole(chr(0x4E00 + 97 * s) + chr(0x5E00 + 89 * g)) for s, g in zip(surname, given, strict=True)]  # fmt: skip
    twice = written[::3]
    coded = whole_names([pa.array(written + twice, pa.string())])
    told, counts = one_person(coded), coded.counts()
    place = {value: n for n, value in enumerate(coded.values)}
    own = np.bincount([place[name] for name in twice], minlength=len(counts))
    pairs = counts * (counts - 1) / 2
    assert told[counts.argmax()] < 0.02
    for some in (counts > 30, (counts > 4) & (counts <= 30), (counts > 1) & (counts <= 4)):
        right = own[some].sum() / pairs[some].sum()
        assert np.average(told[some], weights=pairs[some]) == pytest.approx(right, abs=0.1)


NAMES = "id | full_name"
ROWS = "\n".join(f"{n} | {name}" for n, name in enumerate([*FILE, "王伟", "汪玮", "WANG WEI"]))


def test_people_are_joined_by_who_is_meant_and_whom_two_may_be_stays_alone():
    found = resolve(people(NAMES, ROWS))
    of = dict(zip(found.clusters["record_id"].to_pylist(), found.clusters["cluster_id"].to_pylist(), strict=True))  # fmt: skip
    assert [of[str(n)] == of[str(n + 4)] for n in range(4)] == [True] * 4
    assert of["10"] not in (of["8"], of["9"])


@pytest.mark.parametrize(
    ("header", "row", "key", "is_so"),
    [
        ("full_name", "王伟", None, True),
        ("full_name | birth_date", "王伟 | 1990-01-02", None, False),
        ("full_name1 | full_name2", "王伟 | WANG WEI", None, False),
        ("full_name", "王伟", hash_key(b"0123456789abcdef"), False),
    ],
    ids=["names alone", "names and birth dates", "two names each", "a model that is kept"],
)
def test_it_is_asked_where_nothing_else_is_known_and_no_model_is_kept(header, row, key, is_so):
    assert applies(standardised(people(header, row), Form(key) if key else None)) is is_so
