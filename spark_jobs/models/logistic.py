"""A logistic regression as data: trained by scikit-learn, kept as JSON, applied and explained with numpy alone.

A model file can be read by people and holds no code. Its version is the hash of its content: the same training gives the same version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DIGITS = 8


@dataclass(frozen=True)
class Logistic:
    """What scoring needs. Features are standardised by `means` and `scales`; `refits` are coefficients of the bootstraps.

    labels_until  the last date that any training label looked at: an as-of date before it must not be scored by this model
    """

    model_code: str
    horizon_days: int
    as_of_dates: tuple[date, ...]
    labels_until: date
    rows: int
    positives: int
    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float
    refits: tuple[tuple[float, ...], ...] = field(repr=False, default=())

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1, default=str)

    @classmethod
    def from_json(cls, text: str) -> Logistic:
        given = json.loads(text)
        given["as_of_dates"] = tuple(date.fromisoformat(day) for day in given["as_of_dates"])
        given["labels_until"] = date.fromisoformat(given["labels_until"])
        for name in ("features", "means", "scales", "coefficients"):
            given[name] = tuple(given[name])
        given["refits"] = tuple(tuple(refit) for refit in given["refits"])
        return cls(**given)

    @property
    def version(self) -> str:
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def standardised(self, values: Floats) -> Floats:
        """Distances from the training mean; an unknown value lies at the mean."""
        return np.nan_to_num((values - np.array(self.means)) / np.array(self.scales))

    def score(self, values: Floats) -> Floats:
        """Probabilities of rows of features in the order of `features`."""
        linear = self.standardised(values) @ np.array(self.coefficients) + self.intercept
        return np.asarray(np.round(1 / (1 + np.exp(-linear)), 6))


def fit(
    values: Floats,
    labels: Ints,
    as_of_dates: Sequence[date],
    labels_until: date,
    features: Sequence[str],
    model_code: str,
    rules: Mapping[str, Any],
) -> Logistic:
    """Train on rows of features and labels of 0 and 1; both must occur. Rows in a fixed order give a fixed model."""
    training = rules["training"]
    # Rounded, so that machines whose last digits differ make the same model.
    known = np.where(np.isnan(values).all(axis=0), 0.0, values)
    means = np.round(np.nanmean(known, axis=0).reshape(-1), DIGITS)
    spread = np.round(np.nanstd(known, axis=0).reshape(-1), DIGITS)
    scales = np.where(spread > 0, spread, 1.0)
    standardised = np.nan_to_num((known - means) / scales)
    coefficients, intercept = _solve(standardised, labels, float(training["strength"]))
    rng = np.random.default_rng(int(training["seed"]))
    refits = []
    for _ in range(int(training["bootstraps"])):
        drawn = _drawn(rng, labels)
        refits.append(_solve(standardised[drawn], labels[drawn], float(training["strength"]))[0])
    return Logistic(
        model_code, int(rules["horizon_days"]), tuple(as_of_dates), labels_until, len(labels), int(labels.sum()), tuple(features),
        tuple(means.tolist()), tuple(scales.tolist()), coefficients, intercept, tuple(refits),
    )  # fmt: skip


def _solve(values: Floats, labels: Ints, strength: float) -> tuple[tuple[float, ...], float]:
    from sklearn.linear_model import LogisticRegression

    # No class weights: they would spoil the calibration, and bands are probabilities.
    solved = LogisticRegression(C=strength, max_iter=1000, tol=1e-8).fit(values, labels)
    return tuple(np.round(solved.coef_[0], DIGITS).tolist()), round(float(solved.intercept_[0]), DIGITS)


def _drawn(rng: np.random.Generator, labels: Ints) -> Ints:
    """Places of a bootstrap in which both labels occur."""
    while True:
        drawn = rng.integers(0, len(labels), len(labels))
        if 0 < labels[drawn].sum() < len(labels):
            return drawn


def explain(model: Logistic, values: Floats, rules: Mapping[str, Any]) -> list[list[str]]:
    """Reasons of each row, most important first: what raises its risk above that of the average customer.

    Features with the same reason count together. A feature speaks only where its value lies on the side the rules call bad and the
    model agrees that this side is bad. A reason stays when it is among the most important ones in enough of the refits (rules: churn).
    Ties are settled by the reason's name.
    """
    told, most = rules["features"], int(rules["reasons"]["most"])
    names = sorted({told[f]["reason"] for f in model.features if "reason" in told.get(f, {})})
    sides = np.array([{"low": -1, "high": 1}.get(told.get(f, {}).get("bad", ""), 0) for f in model.features])
    of_reason = np.array([[told.get(f, {}).get("reason") == name for name in names] for f in model.features])
    distances = model.standardised(values)
    bad = np.where(distances * sides > 0, distances, 0.0)

    def top(coefficients: Sequence[float]) -> NDArray[np.bool_]:
        """Which reasons are among the most important, by row."""
        parts = _parts(coefficients)
        order = np.argsort(-parts, axis=1, kind="stable")[:, :most]
        kept = np.zeros(parts.shape, bool)
        np.put_along_axis(kept, order, True, axis=1)
        return kept & (parts > 0)

    def _parts(coefficients: Sequence[float]) -> Floats:
        agreed = np.where(np.array(coefficients) * sides > 0, coefficients, 0.0)
        return np.asarray((bad * agreed) @ of_reason.astype(float))

    if not names or not len(values):
        return [[] for _ in range(len(values))]
    parts = _parts(model.coefficients)
    held = np.mean([top(refit) for refit in model.refits], axis=0) if model.refits else np.zeros(parts.shape)
    stable = top(model.coefficients) & (held >= float(rules["reasons"]["stable_share"]))
    order = np.argsort(-parts, axis=1, kind="stable")
    return [
        [names[k] for k in ranked if kept[k]]
        for ranked, kept in zip(order.tolist(), stable.tolist(), strict=True)
    ]


def band(score: float, bands: Mapping[str, float]) -> str:
    """A to E of a probability: the first band whose bound it reaches, E below them all."""
    for code, least in sorted(bands.items(), key=lambda each: -each[1]):
        if score >= least:
            return code
    return "E"
