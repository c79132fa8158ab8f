"""Whether the pairs of a day are still those the model was learned from: small counts of pairs, and a few drawn people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs import settings as settings_module
from spark_jobs.identity import bank_model, watch
from spark_jobs.identity.engine import frozen, seen
from spark_jobs.identity.engine.form import Shape
from spark_jobs.identity.engine.scale import LABELS, WIDTH
from spark_jobs.identity.engine.seen import CLASSES, Seen
from spark_jobs.identity.looks import look
from spark_jobs.identity.watch import MODEL, PATTERN, SHARE, Watched
from tests.unit.identity.test_modelled import (
    DAY,
    _histories,
    _known_on,
    certificate,
    on,
    party,
    phone,
    told,
)

FIELDS = (Shape("name", "name"), Shape("birth_date", "date"), Shape("phone", "phone"))
EQUAL = {"name": "equal", "birth_date": "equal", "phone": "equal"}
LEAST = 200.0


def cell(**levels: str) -> int:
    """A pattern by its words; what is not named is not known of both."""
    code = 0
    for at, field in enumerate(FIELDS):
        word = levels.get(field.name, "missing")
        code |= (1 if word == "equal" else LABELS[field.kind].index(word)) << (WIDTH * at)
    return code


def counted(
    records: int, one_person: Mapping[int, float], chance: Mapping[int, float] | None = None, **rules: float
) -> Seen:
    """Pairs of one person, and of chance, by pattern; rules: pairs of one person by rule."""
    cells = sorted({*one_person, *(chance or {})})
    pairs = np.array([[one_person.get(c, 0.0), 0.0, (chance or {}).get(c, 0.0)] for c in cells])
    by_rule = {rule: np.array([count, 0.0, 0.0]) for rule, count in rules.items()}
    return Seen(records, np.array(cells, np.int64), pairs.reshape(-1, len(CLASSES)), by_rule)


def moved(now: Seen, then: Seen, reference: str = MODEL) -> dict[tuple[str, str], Watched]:
    rows = watch._compared(date(2026, 9, 30), reference, now, then, FIELDS, LEAST)
    return {(row.measure_code, row.pair_class_code): row for row in rows}


ALL, NO_PHONE, CHANCE = (
    cell(**EQUAL),
    cell(name="equal", birth_date="equal"),
    cell(name="same surname", phone="else"),
)
LEARNED = counted(10_000, {ALL: 9_000, NO_PHONE: 1_000}, {CHANCE: 40_000}, phone=9_000, birth=10_000)


def test_the_divergence_is_that_of_lin():
    """One against half and half: (log2(4/3) + ½·log2(2/3) + ½·log2(2)) / 2 = 0.311278."""
    half = np.array([0.5, 0.5])
    assert watch.divergence(half, half) == 0.0
    assert watch.divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1.0)
    assert watch.divergence(np.array([1.0, 0.0]), half) == pytest.approx(0.311278, abs=1e-6)


def test_a_bank_like_the_one_that_was_learned_has_not_moved_whatever_its_size():
    for records in (1_000, 10_000, 15_000):
        part = records / 10_000
        now = counted(
            records,
            {ALL: 9_000 * part, NO_PHONE: 1_000 * part},
            {CHANCE: 40_000 * part**2},
            phone=9_000 * part,
        )
        assert {row.moved_ratio for row in moved(now, LEARNED).values()} == {0.0}


def test_a_quiet_day_of_twelve_strange_pairs_alarms_nobody():
    strange = counted(30, {cell(name="one edit", phone="one digit"): 12.0}, {cell(phone="equal"): 12.0})
    assert {row.moved_ratio for row in moved(strange, LEARNED).values()} <= {0.0}
    assert {row.moved_ratio for row in moved(counted(0, {}), LEARNED).values()} <= {0.0}
    only = counted(30, {ALL: 12.0})
    assert {row.moved_ratio for row in moved(strange, only).values()} <= {0.0}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(200, 2_000))
def test_small_samples_of_one_bank_differ_and_yet_have_not_moved(seed, pairs):
    """The plain divergence of a sample is never 0: what is taken off for chance must cover it."""
    share = np.array([0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.05, 0.03, 0.02])
    cells = [
        cell(name=LABELS["name"][n] if n > 6 else "equal", phone="equal" if n % 2 else "else")
        for n in range(6, 15)
    ]
    cells = [c + (n << 8) for n, c in enumerate(cells)]
    drawn = np.random.default_rng(seed).multinomial(pairs, share)
    then = counted(60_000, dict(zip(cells, share * 60_000, strict=True)))
    now = counted(pairs, {c: float(n) for c, n in zip(cells, drawn, strict=True) if n})
    found = moved(now, then)[PATTERN, "one_person"]
    assert found.observed_ratio > 0.0
    assert found.moved_ratio == 0.0


def test_phones_that_no_longer_arrive_move_the_pattern_and_are_named_as_the_cause():
    now = counted(10_000, {ALL: 2_000, NO_PHONE: 8_000}, {CHANCE: 40_000}, phone=2_000, birth=10_000)
    found = moved(now, LEARNED)
    row = found[PATTERN, "one_person"]
    # p = (.2, .8), q = (.9, .1): by hand 0.3973 bits.
    assert row.observed_ratio == pytest.approx(0.3973, abs=1e-4)
    assert 0.39 < row.moved_ratio < row.observed_ratio
    assert row.cause_text == "pairs of one person: phone not known of both in 80.0% where 10.0% were expected"
    assert found[PATTERN, "chance"].moved_ratio == 0.0
    assert found[SHARE, "one_person"].moved_ratio == 0.0


def test_half_as_many_pairs_of_one_person_move_the_share_and_the_rule_is_named():
    now = counted(10_000, {ALL: 4_500, NO_PHONE: 500}, {CHANCE: 40_000}, phone=4_500, birth=9_900)
    row = moved(now, LEARNED)[SHARE, "one_person"]
    assert (row.observed_ratio, row.reference_ratio) == (0.5, 1.0)
    assert 0.9 < row.moved_ratio < 1.0
    assert row.cause_text == (
        "pairs of one person per 1,000 records: 500.0 where 1000.0 were expected; most by the rule `phone`: 450.0 for 900.0"
    )


def test_strangers_are_expected_by_the_square_of_the_records_and_not_foretold_for_a_bank_of_another_size():
    now = counted(12_000, {ALL: 12_000}, {CHANCE: 57_600})
    assert moved(now, LEARNED)[SHARE, "chance"].reference_ratio == pytest.approx(57_600 / 12_000)
    assert moved(now, LEARNED)[SHARE, "chance"].moved_ratio == 0.0
    assert (SHARE, "chance") not in moved(counted(30_000, {ALL: 30_000}, {CHANCE: 99_000}), LEARNED)
    twice = counted(10_000, {ALL: 10_000}, {CHANCE: 80_000})
    assert 0.9 < moved(twice, LEARNED)[SHARE, "chance"].moved_ratio <= 1.0


def test_a_step_towards_what_the_model_knows_has_not_moved_and_a_step_away_has():
    """A feed that was missing comes back; and the day on which it went missing."""
    without = counted(10_000, {ALL: 2_000, NO_PHONE: 8_000}, {CHANCE: 40_000})

    def steps(now: Seen, before: Seen) -> float:
        known, was, between = (
            list(moved(a, b).values()) for a, b in ((now, LEARNED), (before, LEARNED), (now, before))
        )
        return max(row.moved_ratio for row in watch._away(between, known, was))

    assert steps(LEARNED, without) == 0.0
    assert steps(without, LEARNED) > 0.3


# --- counted from people -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    lake = settings_module.load("local").with_(home=tmp_path_factory.mktemp("lake"))
    return bank_model.opened(lake).frozen


PEOPLE = (
    party("card.1", "司马若云", "1980-03-05", "F"), phone("card.1", "+8615480000077"),
    party("loan.1", "司马若云", "1980-03-05", "F", since=on(5)), phone("loan.1", "+8615480000077", on(5)),
    party("loan.2", "欧阳静宜", "1991-07-09", "F", since=on(5)), certificate("loan.2", "01", "339801199107090022", on(5)),
)  # fmt: skip


def test_a_pair_counts_from_its_first_day_in_its_classes_and_with_every_rule_it_meets_by(model):
    said = told(*PEOPLE)
    looks = look(said, model)
    before, after = (watch.seen_on(looks, (day - watch.EPOCH).days) for day in (on(4), on(5)))

    assert (before.records, before.totals.sum()) == (1, 0.0)
    assert (after.records, after.totals.sum()) == (3, pytest.approx(1.0))
    assert after.totals[0] > 0.99
    met = {rule for rule, pairs in after.by_rule.items() if pairs.sum() > 0.5}
    assert {"phone", "name reading"} <= met
    assert "national_id" not in met


def test_equal_values_are_one_level_be_they_rare_or_common(model):
    rare, common = ({**dict.fromkeys(range(3), 0), 0: level} for level in (1, 6))
    codes = [sum(level << (WIDTH * at) for at, level in each.items()) for each in (rare, common)]
    assert len(set(seen.merged(np.array(codes, np.int64), 3).tolist())) == 1


@settings(max_examples=40, deadline=None)
@given(_histories(), st.integers(1, 29), st.sampled_from([2, 50]))
def test_what_is_counted_of_a_day_does_not_depend_on_what_came_later(model, rows, day, limit):
    narrow = replace(model, largest=dict.fromkeys(model.largest, limit))
    counts = []
    for each in (told(*rows), told(*_known_on(rows, on(day)))):
        if not len(each.people):
            return
        counts.append(watch.seen_on(look(each, narrow), (on(day) - watch.EPOCH).days))
    whole, then = counts
    assert whole.records == then.records
    assert whole.totals == pytest.approx(then.totals)
    assert {r: p.round(9).tolist() for r, p in whole.by_rule.items()} == {
        r: p.round(9).tolist() for r, p in then.by_rule.items()
    }


def test_a_day_is_watched_against_the_model_and_from_the_second_on_against_the_day_before(model):
    said = told(*PEOPLE)
    learned = counted(10, {0: 10.0})
    rows = watch.watched(look(said, model), [DAY, on(5)], learned, LEAST)
    assert {(row.business_date, row.compared_with_code) for row in rows} == {
        (DAY, "model"),
        (on(5), "model"),
        (on(5), "day_before"),
    }
    assert {row.compared_with_code for row in watch.watched(look(said, model), [on(5)], None, LEAST)} == {
        "day_before"
    }


def test_a_feed_that_loses_its_phones_is_told_on_the_day_it_happens_and_by_its_field(model):
    """Four hundred people in two systems; on the twelfth the second system's phones are gone."""
    names = [s + g for s in "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗" for g in ("敏", "建国", "秀英", "志强", "丽华", "海燕", "思远", "若云", "静宜", "一鸣",
             "子涵", "雨桐", "国强", "晓东", "文博", "佳怡", "嘉诚", "美玲", "振华", "春梅")]  # fmt: skip
    rows = [
        row
        for n, name in enumerate(names)
        for born in [f"{1950 + n % 50}-{1 + n % 12:02d}-{1 + n % 28:02d}"]
        for row in (
            party(f"core.{n:03}", name, born, "MF"[n % 2]), phone(f"core.{n:03}", f"+86154{n:08d}"),
            party(f"loan.{n:03}", name, born, "MF"[n % 2]), phone(f"loan.{n:03}", f"+86154{n:08d}", DAY, on(12)),
        )
    ]  # fmt: skip
    said = told(*rows)
    looks = look(said, model)
    learned = watch.seen_on(looks, (DAY - watch.EPOCH).days)

    found = {
        (row.business_date.day, row.compared_with_code): row
        for row in watch.watched(looks, [on(11), on(12), on(13)], learned, LEAST)
        if (row.measure_code, row.pair_class_code) == (PATTERN, "one_person")
    }

    far = {key: row.moved_ratio > 0.5 for key, row in found.items()}
    assert far == {
        (11, "model"): False,
        (11, "day_before"): False,
        (12, "model"): True,
        (12, "day_before"): True,
        (13, "model"): True,
        (13, "day_before"): False,
    }
    assert found[12, "day_before"].cause_text.startswith(
        "pairs of one person: phone not known of both in 100.0%"
    )
    assert not any(name in row.cause_text for row in found.values() for name in names)


# --- kept in the model ---------------------------------------------------------------------------------------------


def test_what_was_seen_is_kept_in_the_model_and_a_model_without_it_opens_too(model):
    with_it = replace(model, seen=LEARNED)
    text = frozen.saved(with_it)
    back = frozen.loaded(text, model.form.key).seen
    assert back is not None
    assert (back.records, back.cells.tolist(), back.pairs.tolist()) == (
        10_000,
        LEARNED.cells.tolist(),
        LEARNED.pairs.tolist(),
    )
    assert {rule: pairs.tolist() for rule, pairs in back.by_rule.items()} == {
        "phone": [9_000, 0, 0],
        "birth": [10_000, 0, 0],
    }
    assert frozen.loaded(frozen.saved(replace(model, seen=None)), model.form.key).seen is None


def test_counts_that_another_model_or_engine_made_are_refused(model):
    """Levels had moved under a model that was learned anew while its counts stayed: each day would have been held for nothing."""
    said = json.loads(frozen.saved(replace(model, seen=LEARNED)))
    said["classes"]["sizes"][0] += 1
    with pytest.raises(frozen.OutdatedModel, match="counted under another model"):
        frozen.loaded(json.dumps(said), model.form.key)


def test_the_shipped_model_has_seen_pairs_of_each_class(model):
    assert model.seen is not None
    assert model.seen.records > 50_000
    assert dict(zip(CLASSES, model.seen.totals > 0, strict=True)) == dict.fromkeys(CLASSES, True)
