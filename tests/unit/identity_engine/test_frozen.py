"""A model that is kept scores as it did, tells no value, and judges a pair by its two records alone."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine import measures, names, probe
from spark_jobs.identity.engine.coded import OPEN_KEY
from spark_jobs.identity.engine.frozen import Frozen, frozen, hash_key, loaded, saved
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import Resolution, resolve, taken
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.store.first import begun
from tests.support import people_kit

KEY, OTHER = hash_key(b"0123456789abcdef"), hash_key(b"fedcba9876543210")
ROLES = {"full_name": 2, "birth_date": 3, "national_id": 4, "phone": 5, "address": 6, "sex": 7}


def _bank(people: int) -> People:
    rows = list(people_kit.rows(people))
    columns = {role: [pa.array([r[i] or None for r in rows], pa.string())] for role, i in ROLES.items()}
    return People(columns, pa.array([r[0] for r in rows]), pa.array([r[1] for r in rows]))


@pytest.fixture(scope="module")
def bank() -> People:
    return _bank(900)


@pytest.fixture(scope="module")
def learned(bank: People) -> Resolution:
    return resolve(bank, key=KEY)


@pytest.fixture(scope="module")
def kept(learned: Resolution) -> Frozen:
    return loaded(saved(learned.frozen()), KEY)


def test_the_file_it_was_learned_from_gets_the_same_pairs_the_same_log_odds_and_the_same_clusters(
    bank: People, learned: Resolution, kept: Frozen
) -> None:
    again = resolve(bank, model=kept)
    assert len(bank) > kept.whole_up_to
    assert np.array_equal(again.found.left, learned.found.left)
    assert np.array_equal(again.found.right, learned.found.right)
    assert np.array_equal(again.log_odds, learned.log_odds)
    assert again.clusters.equals(learned.clusters)


def test_what_is_kept_of_the_run_that_learned_is_what_is_kept_of_a_run_under_the_model(
    bank: People, learned: Resolution, kept: Frozen
) -> None:
    one = begun(bank, learned, learned.frozen())[0]
    other = begun(bank, resolve(bank, model=kept), kept)[0]
    mine, its = one.parts[0].arrays, other.parts[0].arrays
    assert list(mine) == list(its)
    for name in mine:
        assert np.array_equal(mine[name], its[name]), name


def _odds(result: Resolution) -> dict[tuple[str, str], float]:
    names = result.clusters["record_id"].to_pylist()
    pairs = zip(
        result.found.left.tolist(), result.found.right.tolist(), result.log_odds.tolist(), strict=True
    )
    return {(names[a], names[b]): odds for a, b, odds in pairs}


def test_a_pair_is_scored_by_its_two_records_whatever_others_there_are(
    bank: People, learned: Resolution, kept: Frozen
) -> None:
    few = taken(bank, np.arange(0, len(bank), 8))
    of_few, of_all = _odds(resolve(few, model=kept)), _odds(learned)
    both = of_few.keys() & of_all.keys()
    assert len(both) > 20
    assert {pair: of_few[pair] for pair in both} == {pair: of_all[pair] for pair in both}


def test_the_document_has_no_value_of_a_person(bank: People, kept: Frozen) -> None:
    text = saved(kept)
    for columns in bank.columns.values():
        for column in columns:
            for value in {v for v in column.to_pylist() if v and len(v) > 1}:
                assert value not in text
    assert loaded(text, KEY).largest == kept.largest


def test_frequent_values_are_told_apart_by_another_secret_only_as_many(
    learned: Resolution, bank: People
) -> None:
    one = json.loads(saved(learned.frozen()))["fields"][0]["frequent"]
    other = json.loads(saved(resolve(bank, key=OTHER).frozen()))["fields"][0]["frequent"]
    assert {band: len(packed) for band, packed in one.items()} == {b: len(p) for b, p in other.items()}
    assert one != other


def test_a_role_that_a_later_file_lacks_is_empty_there(bank: People, kept: Frozen) -> None:
    few = taken(bank, np.arange(50))
    less = People({"full_name": few.columns["full_name"]}, few.sources, few.keys)
    assert [f.name for f in resolve(less, model=kept).fields] == kept.model.names


def test_a_secret_that_is_another_or_short_and_a_document_that_is_none_say_so(
    learned: Resolution, kept: Frozen
) -> None:
    text = saved(kept)
    with pytest.raises(SettingsError, match="made with another secret"):
        loaded(text, OTHER)
    with pytest.raises(SettingsError, match="bank.json, line 1: no JSON"):
        loaded("no model", KEY, "bank.json")
    with pytest.raises(SettingsError, match="no identity model"):
        loaded("{}", KEY)
    with pytest.raises(SettingsError, match="a model of version 0, this reads version 2"):
        loaded(text.replace('"version": 2', '"version": 0'), KEY)
    with pytest.raises(SettingsError, match="at least 16 random bytes"):
        hash_key(b"short")
    open_form = dataclasses.replace(learned.form, key=OPEN_KEY)
    with pytest.raises(SettingsError, match="learned without one"):
        saved(frozen(open_form, learned.fields, learned.found, learned.scored.model))


@pytest.mark.parametrize("changed", ["levels", "keys", "rules"])
def test_an_engine_that_reads_records_otherwise_refuses_the_model(
    kept: Frozen, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = saved(kept)
    if changed == "levels":
        monkeypatch.setattr(measures, "NEAR", measures.NEAR + 1)
    elif changed == "keys":
        monkeypatch.setattr(names, "loose", lambda name: ())
    else:
        monkeypatch.setattr(probe, "rules", lambda fields: rules(fields)[1:])
    with pytest.raises(SettingsError, match="reads, keys or compares records otherwise"):
        loaded(text, KEY)
