"""Walking forward, and the figures that a test of the churn model prints."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from spark_jobs import settings
from spark_jobs.models.evaluation import auc, average_precision, brier, calibration, evaluate, lift
from spark_jobs.models.training import Rows, as_of_grid, may_train, train

RULES = settings.rules(settings.load(), "churn")
SHORT = {**RULES, "training": {**RULES["training"], "bootstraps": 2, "interval_bootstraps": 20}}


def test_a_test_trains_only_on_labels_that_were_complete_by_then():
    days = [date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 2), date(2026, 8, 31)]

    assert may_train(date(2026, 8, 31), days, 30) == [date(2026, 7, 31), date(2026, 8, 1)]


def test_as_of_dates_need_support_before_and_a_horizon_behind_them():
    # 90 business dates: 30 of them are the support of 2026-08-01, and 30 follow 2026-08-31.
    grid = as_of_grid(date(2026, 7, 3), date(2026, 9, 30), RULES)

    assert (grid[0], grid[-1]) == (date(2026, 8, 1), date(2026, 8, 31))
    assert as_of_grid(date(2026, 8, 27), date(2026, 9, 30), RULES) == ()  # 35 dates: no honest score


def test_figures_of_four_customers_are_those_on_paper():
    labels, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.3, 0.1])

    assert auc(labels, scores) == 0.75  # three of four pairs in the right order
    assert average_precision(labels, scores) == pytest.approx((1 + 2 / 3) / 2)
    assert brier(labels, scores) == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    assert lift(labels, scores, 0.25) == 2.0  # the first is lost, half of all are
    assert lift(labels, scores, 0.5) == 1.0


def test_ties_at_the_border_of_the_lift_count_in_part():
    # A tenth of twenty is two places; four customers share them, two of whom left.
    labels = np.array([1, 1, 0, 0] + [0] * 16)
    scores = np.array([0.5] * 4 + [0.1] * 16)

    assert lift(labels, scores) == pytest.approx((2 * 0.5) / 2 / 0.1)
    assert lift(labels[::-1], scores[::-1]) == lift(labels, scores)


def test_calibration_holds_ten_groups_of_rising_score():
    scores = np.arange(100) / 100
    labels = (np.arange(100) >= 90).astype(np.int64)

    tenths = calibration(labels, scores)

    assert [t.customers for t in tenths] == [10] * 10
    assert tenths[0].predicted == pytest.approx(0.045)
    assert [t.observed for t in tenths] == [0.0] * 9 + [1.0]


def test_an_interval_holds_its_figure_and_repeats_itself():
    rng = np.random.default_rng(1)
    labels = (rng.random(500) < 0.2).astype(np.int64)
    scores = np.clip(labels * 0.2 + rng.random(500) * 0.6, 0, 1)

    first, again = (evaluate(labels, scores, 50, 3) for _ in range(2))

    assert first == again
    assert first.auc.low < first.auc.value < first.auc.high


def drawn(days: list[date], strength: float, people: int = 400) -> Rows:
    """Customers whose first feature tells the risk as strongly as asked; the baseline tells nothing."""
    rng = np.random.default_rng(11)
    n = people * len(days)
    values = rng.normal(size=(n, 2))
    labels = (rng.random(n) < 1 / (1 + np.exp(2 - strength * values[:, 0]))).astype(np.int64)
    dates = np.repeat(np.array(days, "datetime64[D]"), people)
    nobody = np.array(["SB"] * n, object)
    return Rows(
        np.array([f"c{k}" for k in range(n)], object),
        dates,
        values,
        labels,
        rng.random(n),
        nobody,
        nobody,
        np.full(n, 40.0),
    )


DAYS = list(as_of_grid(date(2026, 7, 3), date(2026, 9, 30), RULES))


@pytest.mark.requirement("R-MDL-01")
def test_ninety_dates_give_one_test_and_a_model_for_their_last_sunday():
    outcome = train(drawn(DAYS, 2.0), date(2026, 9, 30), ["risk", "noise"], "churn", SHORT)

    assert [(f.test, f.trained) for f in outcome.folds] == [(date(2026, 8, 31), (date(2026, 8, 1),))]
    fold = outcome.folds[0]
    assert (fold.train_rows, fold.model.customers) == (400, 400)
    assert fold.model.auc.value > 0.8 > fold.baseline.auc.value
    assert sum(s.customers for s in fold.slices if s.name == "tier") == 400
    assert [(s.code, s.customers) for s in fold.slices if s.name == "age"] == [("30 to 59", 400)]
    # The last Sunday is 2026-09-27: labels that end later are not known on it.
    assert outcome.model is not None
    assert outcome.model.labels_until == date(2026, 9, 25)
    assert max(outcome.model.as_of_dates) == date(2026, 8, 26)


def test_a_model_that_knows_nothing_is_not_registered():
    outcome = train(drawn(DAYS, 0.0), date(2026, 9, 30), ["risk", "noise"], "churn", SHORT)

    assert outcome.model is None
    assert outcome.why_not is not None and outcome.why_not.startswith("AUC")


def test_without_complete_training_labels_there_is_no_model():
    outcome = train(drawn(DAYS[1:], 2.0), date(2026, 9, 30), ["risk", "noise"], "churn", SHORT)

    assert (outcome.folds, outcome.model) == ((), None)
