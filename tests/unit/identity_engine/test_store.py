"""What a run leaves to the next: sealed texts, ids that lead on, and an audit that finds what was kept wrongly."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.frozen import Frozen, hash_key, loaded, saved
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import resolve
from spark_jobs.identity.store import fold
from spark_jobs.identity.store.audit import audited
from spark_jobs.identity.store.changes import told
from spark_jobs.identity.store.day import brought_up_to
from spark_jobs.identity.store.first import begun
from spark_jobs.identity.store.sealed import Sealed, sealed
from spark_jobs.identity.store.store import Store

KEY = hash_key(b"0123456789abcdef")
BANK = {
    "1": ("王小明", "1980-01-02", "15400001234"),
    "2": ("王小明", "1980-01-02", "15400001234"),
    "3": ("李红", "1975-03-04", "15400009999"),
    "4": ("李红", "1975-03-04", "15400009999"),
    "5": ("赵六", "1960-06-06", "15400007777"),
}
NOBODY = (pa.array([], pa.string()), pa.array([], pa.string()))


def people(records: dict[str, tuple[str, str, str]]) -> People:
    columns = {
        role: [pa.array([row[at] for row in records.values()], pa.string())]
        for at, role in enumerate(("full_name", "birth_date", "phone"))
    }
    return People(columns, pa.array(["core"] * len(records), pa.string()), pa.array([*records], pa.string()))


@pytest.fixture(scope="module")
def model() -> Frozen:
    return loaded(saved(resolve(people(BANK), key=KEY).frozen()), KEY)


@pytest.fixture
def store(model: Frozen) -> Store:
    return begun(people(BANK), resolve(people(BANK), THRESHOLD, model), model)[0]


def day(store: Store, model: Frozen, **says: tuple[str, str, str]) -> Store:
    records = {name.removeprefix("r"): row for name, row in says.items()}
    return brought_up_to(store, told(people(records), NOBODY, store), model, THRESHOLD)[0]


def test_sealed_texts_open_at_any_place_and_only_under_their_key() -> None:
    texts = pa.array([f"幸福路{at}号" * (at % 40) for at in range(9_000)], pa.large_string())
    ends = np.frombuffer(texts.buffers()[1], np.int64)[1:]
    start, content = sealed(texts.buffers()[2], KEY)
    places = np.array([8_999, 0, 4_321, 1])
    assert Sealed(start, content, ends, KEY).take(places).equals(texts.take(pa.array(places)))
    assert "幸福".encode() not in content.tobytes()
    other = Sealed(start, content, ends, hash_key(b"fedcba9876543210"))
    assert other.take(np.array([39])).cast(pa.large_binary())[0].as_py() != texts[39].as_py().encode()


def test_an_audit_finds_a_record_that_is_kept_with_others_than_its_own(store: Store, model: Frozen) -> None:
    assert audited(store, model, THRESHOLD).is_equal
    arrays = dict(store.parts[0].arrays)
    arrays["moved clusters"] = arrays["moved clusters"].copy()
    arrays["moved clusters"][4] = arrays["moved clusters"][0]
    store.parts[0].arrays = arrays

    found = audited(store, model, THRESHOLD)

    assert (found.records, found.elsewhere) == (5, 3), "both of the one customer, and the stranger among them"


def test_who_says_something_else_takes_the_id_of_those_he_comes_to_and_his_own_leads_there(
    store: Store, model: Frozen
) -> None:
    ids = dict(zip("12345", store.cluster_ids(store.clusters_of(np.arange(5))[0])[0], strict=True))
    assert ids["1"] == ids["2"] and ids["3"] == ids["4"] and len({*ids.values()}) == 3

    joined = day(store, model, r5=BANK["1"])
    moved_on = day(joined, model, r1=BANK["3"], r2=BANK["3"], r5=BANK["3"])

    assert joined.retired() == {ids["5"]: ids["1"]}
    stays, goes = sorted([ids["1"], ids["3"]], key=lambda each: (each != ids["1"], each))
    assert moved_on.people == 1
    assert moved_on.retired() == {ids["5"]: stays, goes: stays}, (
        "three records outweigh two, and every old id leads on in one step"
    )
    assert fold.folded(moved_on).retired() == moved_on.retired()
    assert audited(fold.folded(moved_on), model, THRESHOLD).is_equal


def test_folding_forgets_what_records_that_are_no_more_had_said(store: Store, model: Frozen) -> None:
    after = day(store, model, r5=("钱七", "1990-09-09", "15400005555"))
    held = sum(len(part.arrays["ends name"]) for part in after.parts)
    whole = fold.folded(after)
    assert (held, len(whole.parts[0].arrays["ends name"])) == (4, 3)
    assert len(whole) == 5 and whole.slots == 5


LETTERS = {
    "1": ("Anna Maria", "Lee", "1980-01-02", "anna.lee@example.org"),
    "2": ("Lee", "Anna Maria", "1980-01-02", "anna.lee@example.com"),
    "3": ("Juan Carlos", "de la Cruz", "1975-03-04", "jc@example.org"),
    "4": ("Juan C", "Cruz", "1975-03-04", ""),
    "5": ("Tom & Mary", "Hill", "", "hill@example.org"),
}


def in_letters(records: dict[str, tuple[str, ...]]) -> People:
    columns = {
        role: [pa.array([row[at] or None for row in records.values()], pa.string())]
        for at, role in enumerate(("given_name", "surname", "birth_date", "email"))
    }
    return People(columns, pa.array(["crm"] * len(records), pa.string()), pa.array([*records], pa.string()))


def test_names_in_letters_and_mailboxes_made_of_them_are_read_from_a_store_as_from_a_file() -> None:
    model = loaded(saved(resolve(in_letters(LETTERS), key=KEY).frozen()), KEY)
    store = begun(in_letters(LETTERS), resolve(in_letters(LETTERS), THRESHOLD, model), model)[0]
    says = {
        "4": ("Juan Carlos", "Cruz de la", "1975-03-04", "juancarlos.cruz@example.net"),
        "6": ("Anna", "Lee", "1980-02-01", "annalee@example.org"),
        "7": ("Mary & Tom", "Hill", "", ""),
    }

    after = brought_up_to(store, told(in_letters(says), NOBODY, store), model, THRESHOLD)[0]

    for each in (after, fold.folded(after)):
        assert audited(each, model, THRESHOLD).is_equal
    full = resolve(in_letters(LETTERS | says), THRESHOLD, model)
    slots = after.in_order(np.flatnonzero(after.alive))
    assert np.array_equal(after.clusters_of(slots)[1], full.clusters["confidence"].to_numpy())
