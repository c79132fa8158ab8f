"""Measures against truth, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spark_jobs.resolve.truth import measured


def test_measures_of_two_clusters_that_took_one_record_of_another_person() -> None:
    """True: {0,1,2}, {3,4}. Found: {0,1}, {2,3,4}. Accepted pairs: 0-1 (right), 2-3 (wrong), 3-4 (right)."""
    true, found = np.array([0, 0, 0, 1, 1]), np.array([5, 5, 6, 6, 6])
    told = measured(found, true, (np.array([0, 2, 3]), np.array([1, 3, 4])))
    # Pairs of the clusters: 1 + 3, of which 0-1 and 3-4 are right; true pairs: 3 + 1.
    assert (told["closure"].precision, told["closure"].recall) == (pytest.approx(2 / 4), pytest.approx(2 / 4))
    assert (told["pairs"].precision, told["pairs"].recall) == (pytest.approx(2 / 3), pytest.approx(2 / 4))
    # Precision per record 1, 1, 1/3, 2/3, 2/3; recall 2/3, 2/3, 1/3, 1, 1.
    assert told["b-cubed"].precision == pytest.approx(11 / 15)
    assert told["b-cubed"].recall == pytest.approx(11 / 15)
    assert told["clusters"].f1 == 0.0


def test_clusters_that_are_right_have_one_everywhere_and_intervals_of_one() -> None:
    same = np.array([0, 0, 1, 2, 2])
    told = measured(same, same, (np.array([0, 3]), np.array([1, 4])))
    assert {(m.precision, m.recall, m.f1) for m in told.values()} == {(1.0, 1.0, 1.0)}


def test_intervals_are_the_same_at_every_run() -> None:
    true, found = np.arange(60) // 3, np.arange(60) // 4
    nothing = (np.empty(0, np.int64), np.empty(0, np.int64))
    assert measured(found, true, nothing)["b-cubed"] == measured(found, true, nothing)["b-cubed"]
