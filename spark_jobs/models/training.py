"""Training and the walk-forward test: what is tested as of a date was trained on labels that were complete by then. No Spark.

Each fold holds the model beside a baseline of one line, mean AUM of 30 days over that of 180, and beside gradient boosting, which is
never used: it tells what a less readable model would gain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spark_jobs.models.evaluation import Evaluation, auc, evaluate
from spark_jobs.models.logistic import Floats, Ints, Logistic, fit

LEAST_POSITIVES = 10
# Feature that holds the money of the day against the mean of the reference days, as a logarithm.
LEVEL = "aum_now_to_30"
AGES = ["under 30", "30 to 59", "60 and older"]


@dataclass(frozen=True)
class Rows:
    """Labelled customers, sorted by as-of date and customer. baseline: mean AUM of 30 days over that of 180, NaN where not known."""

    customer_id: NDArray[np.object_]
    as_of_date: NDArray[np.datetime64]
    values: Floats
    label: Ints
    baseline: Floats
    tier_code: NDArray[np.object_]
    group_code: NDArray[np.object_]
    age_years: Floats

    def at(self, days: Sequence[date]) -> Rows:
        """Fewer rows: those of these as-of dates."""
        kept = np.isin(self.as_of_date, np.array(days, "datetime64[D]"))
        return Rows(*[getattr(self, name)[kept] for name in self.__dataclass_fields__])

    @property
    def days(self) -> list[date]:
        return [day.item() for day in np.unique(self.as_of_date)]


@dataclass(frozen=True)
class Slice:
    """How the model treats a part of the customers: said is the mean score, positives those who left; no AUC where too few did.

    Age is not read by the model; the parts by age show whether it is hard on anybody all the same.
    """

    name: str
    code: str
    customers: int
    positives: int
    said: float
    auc: float | None


@dataclass(frozen=True)
class Fold:
    """One test as-of date: what it was trained on, and how the model and those beside it did."""

    test: date
    trained: tuple[date, ...]
    train_rows: int
    train_positives: int
    model: Evaluation
    baseline: Evaluation
    boosting: Evaluation
    slices: tuple[Slice, ...]
    rows: Rows
    scores: Floats


@dataclass(frozen=True)
class Outcome:
    """What training came to. why_not: the reason for which no model is registered, None where it was accepted."""

    folds: tuple[Fold, ...]
    model: Logistic | None
    why_not: str | None


def as_of_grid(first: date, last: date, rules: Mapping[str, Any]) -> tuple[date, ...]:
    """As-of dates that have their support before and their whole horizon behind them, oldest first.

    first, last: business dates of the lake. Counted back from the newest date whose horizon ends by `last`.
    """
    every, support = int(rules["training"]["every_days"]), int(rules["min_support_days"])
    day, oldest = last - timedelta(days=int(rules["horizon_days"])), first + timedelta(days=support - 1)
    found = []
    while day >= oldest:
        found.append(day)
        day -= timedelta(days=every)
    return tuple(reversed(found))


def may_train(test: date, days: Sequence[date], horizon: int) -> list[date]:
    """As-of dates whose labels were complete on the test's as-of date: as-of ≤ test − horizon."""
    return [day for day in days if day <= test - timedelta(days=horizon)]


def train(
    rows: Rows, last: date, features: Sequence[str], model_code: str, rules: Mapping[str, Any]
) -> Outcome:
    """Walk forward, then train on everything that may be known on the lake's last refresh day.

    last: newest business date. A model whose newest test ranks too badly, or no better than the baseline, is not accepted.
    """
    horizon = int(rules["horizon_days"])
    folds = []
    for test in rows.days:
        past = rows.at(may_train(test, rows.days, horizon))
        tested = rows.at([test])
        if _has_both(past.label) and _has_both(tested.label):
            folds.append(_fold(test, past, tested, features, model_code, rules))
    refresh = last - timedelta(days=(last.weekday() - int(rules["refresh_weekday"])) % 7)
    known = rows.at(may_train(refresh, rows.days, horizon))
    if not folds:
        why = "no as-of date has both its whole horizon behind it and training labels that were complete by then"
        return Outcome((), None, why)
    if not _has_both(known.label):
        return Outcome(tuple(folds), None, "nobody, or everybody, left among the customers to train on")
    newest, least = folds[-1], float(rules["training"]["auc_min"])
    if newest.model.auc.value < least or newest.model.auc.value <= newest.baseline.auc.value:
        why = f"AUC {newest.model.auc.value:.3f} is below {least} or no better than the baseline's {newest.baseline.auc.value:.3f}"
        return Outcome(tuple(folds), None, why)
    until = max(known.days) + timedelta(days=horizon)
    model = fit(known.values, known.label, known.days, until, features, model_code, rules)
    return Outcome(tuple(folds), model, None)


def _has_both(labels: Ints) -> bool:
    return bool(0 < labels.sum() < len(labels))


def _fold(
    test: date, past: Rows, tested: Rows, features: Sequence[str], model_code: str, rules: Mapping[str, Any]
) -> Fold:
    from sklearn.ensemble import HistGradientBoostingClassifier

    seed, bootstraps = int(rules["training"]["seed"]), int(rules["training"]["interval_bootstraps"])
    once = {**rules, "training": {**rules["training"], "bootstraps": 0}}

    def trained(given: Floats, names: Sequence[str]) -> Logistic:
        return fit(given, past.label, past.days, test, names, model_code, once)

    scores = trained(past.values, features).score(tested.values)
    one_line = trained(past.baseline[:, None], ["avg30_to_avg180"]).score(tested.baseline[:, None])
    trees = HistGradientBoostingClassifier(max_depth=3, max_iter=150, learning_rate=0.05, random_state=seed)
    boosted = trees.fit(past.values, past.label).predict_proba(tested.values)[:, 1]
    judged = [evaluate(tested.label, each, bootstraps, seed) for each in (scores, one_line, boosted)]
    return Fold(
        test, tuple(past.days), len(past.label), int(past.label.sum()), judged[0], judged[1], judged[2],
        tuple(_slices(tested, scores, list(features), float(rules["loss_share"]))), tested, scores,
    )  # fmt: skip


def _slices(tested: Rows, scores: Floats, features: list[str], loss_share: float) -> list[Slice]:
    """By tier, group, age, and by whether most of the money had gone before the day asked about: foretelling that is no art."""
    found = []
    level = tested.values[:, features.index(LEVEL)] if LEVEL in features else np.zeros(len(scores))
    money = np.where(level <= np.log(loss_share), "mostly gone before", "still here")
    ages = np.select(
        [tested.age_years < 30, tested.age_years < 60, tested.age_years >= 60], AGES, "not known"
    )
    for name, codes in (
        ("tier", tested.tier_code),
        ("group", tested.group_code),
        ("age", ages),
        ("money", money),
    ):
        texts = np.array([str(code) for code in codes])
        for code in np.unique(texts):
            mine = texts == code
            labels = tested.label[mine]
            enough = LEAST_POSITIVES <= labels.sum() < len(labels)
            value = auc(labels, scores[mine]) if enough else None
            found.append(
                Slice(name, str(code), len(labels), int(labels.sum()), float(scores[mine].mean()), value)
            )
    return found
