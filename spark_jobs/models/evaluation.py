"""How well probabilities foretell labels: ranking, calibration and lift, with bootstrap intervals. No Spark, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOP_SHARE = 0.10
DECILES = 10


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval over resampled customers."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Decile:
    """A tenth of the customers by score, lowest first."""

    customers: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Evaluation:
    """auc: area under the ROC curve · ap: average precision · brier: mean squared error · lift: loss among the tenth with the
    highest scores against loss among all."""

    customers: int
    positives: int
    auc: Figure
    ap: Figure
    brier: Figure
    lift: Figure
    calibration: tuple[Decile, ...]


def auc(labels: Ints, scores: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def average_precision(labels: Ints, scores: Floats) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, scores))


def brier(labels: Ints, scores: Floats) -> float:
    """Mean squared distance of the probability from what happened; 0 is perfect."""
    return float(np.mean((scores - labels) ** 2))


def lift(labels: Ints, scores: Floats, share: float = TOP_SHARE) -> float:
    """Loss among the share of customers with the highest scores, divided by loss among all.

    Customers who tie at the border count in part, so that the order of rows does not matter.
    """
    wanted = share * len(scores)
    border = np.sort(scores)[::-1][max(int(np.ceil(wanted)) - 1, 0)]
    above, at = scores > border, scores == border
    part = (wanted - above.sum()) / at.sum()
    return float((labels[above].sum() + part * labels[at].sum()) / wanted / labels.mean())


def calibration(labels: Ints, scores: Floats, parts: int = DECILES) -> tuple[Decile, ...]:
    """Mean score and observed share of each tenth; rows of equal score stay in their order."""
    order = np.argsort(scores, kind="stable")
    return tuple(
        Decile(len(part), float(scores[part].mean()), float(labels[part].mean()))
        for part in np.array_split(order, parts)
        if len(part)
    )


def evaluate(labels: Ints, scores: Floats, bootstraps: int, seed: int) -> Evaluation:
    """All figures; both labels must occur. The same rows in the same order give the same intervals."""
    measures: dict[str, Callable[[Ints, Floats], float]] = {
        "auc": auc, "ap": average_precision, "brier": brier, "lift": lift,
    }  # fmt: skip
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(bootstraps):
        places = rng.integers(0, len(labels), len(labels))
        if 0 < labels[places].sum() < len(labels):
            for name, measure in measures.items():
                drawn[name].append(measure(labels[places], scores[places]))
    figures = {
        name: Figure(measure(labels, scores), *_interval(drawn[name])) for name, measure in measures.items()
    }
    return Evaluation(
        len(labels), int(labels.sum()), figures["auc"], figures["ap"], figures["brier"], figures["lift"],
        calibration(labels, scores),
    )  # fmt: skip


def _interval(values: list[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
