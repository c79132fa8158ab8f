"""Pairs of records as batches: what is said of a pair does not depend on which others stand beside it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity.engine.batch import RESULT, SIDES, columns_of, compared_batch
from spark_jobs.identity.reading import read
from tests.unit.identity.test_modelled import _histories, certificate, model, party, told

__all__ = ["model"]


def batch_of(people, left, right) -> pa.RecordBatch:
    sides = zip(SIDES, (pa.array(left), pa.array(right)), strict=True)
    said = {f"{side} {column}": people.columns[role][n].take(at) for side, at in sides for column, role, n in columns_of(people)}  # fmt: skip
    return pa.record_batch({"place": pa.array(np.arange(len(left)), pa.int64()), **said})


@settings(max_examples=40, deadline=None)
@given(_histories(), st.randoms(use_true_random=False))
def test_batches_of_any_size_say_what_one_process_says(model, rows, dice):
    versions = told(*rows)
    pairs = list(combinations(range(len(versions.people)), 2))
    if not pairs:
        return
    dice.shuffle(pairs)
    left, right = np.array(pairs, np.int64).T
    patterns, doubted = read(versions, model)[1](left, right)

    whole, columns = batch_of(versions.people, left, right), columns_of(versions.people)
    cut = dice.randint(0, len(pairs))
    found = [compared_batch(part, columns, versions.people.region, model) for part in (whole[:cut], whole[cut:]) if part.num_rows]  # fmt: skip

    assert all(part.schema == RESULT for part in found)
    together = pa.Table.from_batches(found)
    assert together["place"].to_pylist() == list(range(len(pairs)))
    assert together["pattern"].to_pylist() == patterns.tolist()
    assert together["is_doubted"].to_pylist() == doubted.tolist()


def test_two_who_share_a_certificate_that_name_and_birth_date_contradict_are_doubted(model):
    number = "339801198003050021"
    rows = [
        party("a.1", "司马若云", "1980-03-05"), certificate("a.1", "01", number),
        party("b.1", "王伟", "1991-07-09"), certificate("b.1", "01", number),
    ]  # fmt: skip
    people = told(*rows).people
    found = compared_batch(batch_of(people, [0], [1]), columns_of(people), people.region, model)
    assert found["is_doubted"].to_pylist() == [True]
