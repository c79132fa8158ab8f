"""What changed alone, day after day, against a run over all records under the same model, on random histories."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.frozen import Frozen, hash_key, loaded, saved
from spark_jobs.identity.engine.increment import brought_up_to
from spark_jobs.identity.engine.kept import Kept
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import Resolution, resolve
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


# Many records at first, so that blocks are full; then days on which some come, change and go.
histories = st.tuples(_said(15), st.lists(_said(3, None), min_size=1, max_size=4)).map(
    lambda days: [days[0], *days[1]]
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


@settings(max_examples=100)
@given(
    histories,
    st.dictionaries(
        st.sampled_from(["phone", "name reading", "birth_date order"]), st.integers(2, 5), min_size=1
    ),
    st.sampled_from([0, 0, 20]),
)
def test_a_history_of_changes_gives_what_a_run_over_all_records_gives(
    history: list[dict[int, int | None]], rules: dict[str, int], whole_up_to: int
) -> None:
    judge = limited(rules, whole_up_to)
    now: dict[int, int] = {}
    kept: Kept | None = None
    for day in history:
        now = {number: text for number, text in {**now, **day}.items() if text is not None}
        # The source belongs to the name of a record, so it must not change with its text.
        rows = [("s", *texts()[text][1:]) for text in now.values()]
        people = _people(rows, [f"{number:02}" for number in now])
        kept, change = brought_up_to(people, judge, THRESHOLD, kept)
        full = resolve(people, THRESHOLD, judge)
        assert _ties(kept) == _told(full)
        assert (kept.ties.certificate >= 0).sum() == full.strong
        assert _parts(kept.labels) == _parts(full.labels)
        assert np.array_equal(kept.confidence, full.clusters["confidence"].to_numpy())
        assert len(set(kept.ids)) == len(kept.ids)
        assert change.added + change.changed + change.gone <= len(day)
        assert brought_up_to(people, judge, THRESHOLD, kept)[0] is kept


def _ties(kept: Kept) -> dict[tuple[int, int], float]:
    """Ties of the model that confidence can tell."""
    of_model = kept.ties.where(kept.ties.certificate < 0)
    told = zip(of_model.left.tolist(), of_model.right.tolist(), of_model.log_odds.tolist(), strict=True)
    return {(a, b): odds for a, b, odds in told if odds > FAINT}


def _told(full: Resolution) -> dict[tuple[int, int], float]:
    found = zip(full.found.left.tolist(), full.found.right.tolist(), full.log_odds.tolist(), strict=True)
    return {(a, b): odds for a, b, odds in found if odds > FAINT}
