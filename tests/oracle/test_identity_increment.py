"""What changed alone, day after day, against a run over all records under the same model, on random histories."""

from __future__ import annotations

import dataclasses
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.frozen import Frozen, hash_key, loaded, saved
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import Resolution, resolve
from spark_jobs.identity.store import folder
from spark_jobs.identity.store.changes import compared, told
from spark_jobs.identity.store.day import brought_up_to, likeness
from spark_jobs.identity.store.first import begun
from spark_jobs.identity.store.store import Store
from tests.support import people_kit

KEY = hash_key(b"0123456789abcdef")
ROLES = {"full_name": 2, "birth_date": 3, "national_id": 4, "phone": 5, "address": 6, "sex": 7}
NUMBERS, TEXTS = 24, 19
# Odds of one in a million.
FAINT = -13.8


def _said(least: int, *no: None) -> st.SearchStrategy[dict[int, int | None]]:
    """Number of a record → which text it has from a day on; None: it is deleted."""
    texts = st.integers(0, TEXTS - 1)
    return st.dictionaries(
        st.integers(0, NUMBERS - 1),
        st.sampled_from([None]) | texts if no else texts,
        min_size=least,
        max_size=20,
    )


def _undone(days: list[dict[int, int | None]]) -> list[dict[int, int | None]]:
    """With a last day that takes the one before back."""
    before: dict[int, int | None] = {}
    for day in days[:-1]:
        before |= day
    return [*days, {number: before.get(number) for number in days[-1]}]


# Many records at first, so that blocks are full; then days on which some come, change and go, and one that is taken back.
histories = st.tuples(_said(15), st.lists(_said(3, None), min_size=1, max_size=4)).map(
    lambda days: _undone([days[0], *days[1]])
)


def _people(rows: list[tuple[str, ...]], keys: list[str]) -> People:
    columns = {role: [pa.array([r[i] or None for r in rows], pa.string())] for role, i in ROLES.items()}
    return People(columns, pa.array([r[0] for r in rows], pa.string()), pa.array(keys, pa.string()))


@cache
def texts() -> list[tuple[str, ...]]:
    """Records of few people, so that any two are often of one person or household."""
    return list(people_kit.rows(8, seed=5))[:TEXTS]


@cache
def model() -> Frozen:
    rows = list(people_kit.rows(900))
    learned = resolve(_people(rows, [r[1] for r in rows]), key=KEY)
    return loaded(saved(learned.frozen()), KEY)


def limited(rules: dict[str, int], whole_up_to: int) -> Frozen:
    """The model with few rules and blocks so small that records of one day close or open them."""
    largest = dict.fromkeys(model().largest, 0) | rules
    return dataclasses.replace(model(), largest=largest, whole_up_to=whole_up_to)


def _parts(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@settings(max_examples=100, deadline=None)
@given(
    histories,
    st.dictionaries(
        st.sampled_from(["phone", "name reading", "birth_date order"]), st.integers(2, 5), min_size=1
    ),
    st.sampled_from([0, 0, 20]),
    st.sampled_from([0.0, 0.7, 9.0]),
)
def test_a_history_of_changes_gives_what_a_run_over_all_records_gives(
    history: list[dict[int, int | None]], rules: dict[str, int], whole_up_to: int, fold_from: float
) -> None:
    judge = limited(rules, whole_up_to)
    now: dict[int, int] = {}
    store: Store | None = None
    with tempfile.TemporaryDirectory() as place:
        for day in history:
            before, now = now, {n: text for n, text in {**now, **day}.items() if text is not None}
            people = _records(now)
            if store is None:
                store, _ = begun(people, resolve(people, THRESHOLD, judge), judge)
            else:
                store = _gone_on(store, judge, before, now, day)
            store = folder.write(Path(place), store, {}, fold_from)
            listed = folder.listed(Path(place))
            assert listed is not None
            store = folder.opened(Path(place), listed, judge.form)
            _check(store, people, resolve(people, THRESHOLD, judge))
            assert compared(people, store).is_nothing


def _records(now: dict[int, int]) -> People:
    # The source belongs to the name of a record, so it must not change with its text.
    rows = [("s", *texts()[text][1:]) for text in now.values()]
    return _people(rows, [f"{number:02}" for number in now])


def _gone_on(
    store: Store, judge: Frozen, before: dict[int, int], now: dict[int, int], day: dict[int, int | None]
) -> Store:
    """As all records there are give it; as the day's records alone give it; the two are one."""
    gone = pa.array([f"{n:02}" for n, text in day.items() if text is None], pa.string())
    sources = pa.array(["s"] * len(gone), pa.string())
    by_all = compared(_records(now), store)
    by_day = told(_records({n: now[n] for n in day if n in now}), (sources, gone), store)
    one, change = brought_up_to(store, by_all, judge, THRESHOLD)
    other, again = brought_up_to(store, by_day, judge, THRESHOLD)
    assert change == again
    assert _all_ties(one) == _all_ties(other)
    assert change.added == len(now.keys() - before.keys())
    assert change.gone == len(before.keys() - now.keys())
    assert change.changed <= len(now.keys() & before.keys())
    return other


def _check(store: Store, people: People, full: Resolution) -> None:
    slots = store.in_order(np.flatnonzero(store.alive))
    clusters, confidence = store.clusters_of(slots)
    assert store.named(slots)[1].to_pylist() == full.clusters["record_id"].to_pylist()
    place = {slot: at for at, slot in enumerate(slots.tolist())}
    ties = _all_ties(store)
    found = {
        tuple(sorted((place[a], place[b]))): odds for a, b, kind, odds in ties if not kind and odds > FAINT
    }
    assert found == _told(full)
    assert sum(kind > 0 for _, _, kind, _ in ties) == full.strong
    assert _parts(clusters) == _parts(full.labels)
    assert np.array_equal(confidence, full.clusters["confidence"].to_numpy())
    numbers = np.unique(clusters)
    assert len(set(store.cluster_ids(numbers)[0])) == len(numbers)
    assert store.likeness == likeness(store.ties(np.sort(slots)))


def _all_ties(store: Store) -> set[tuple[int, int, int, float]]:
    found = store.ties(np.flatnonzero(store.alive))
    columns = (found.left, found.right, found.kinds, found.log_odds)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def _told(full: Resolution) -> dict[tuple[int, ...], float]:
    """Ties of the model that confidence can tell."""
    found = zip(full.found.left.tolist(), full.found.right.tolist(), full.log_odds.tolist(), strict=True)
    return {(a, b): odds for a, b, odds in found if odds > FAINT}
