"""How right clusters are against known truth: pairs, B-cubed, exact clusters, with bootstrap intervals over true persons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
ROUNDS = 200
SEED = 20260930


@dataclass(frozen=True)
class Measure:
    """Precision, recall and F1 with the 2.5 % and 97.5 % bounds of F1."""

    precision: float
    recall: float
    f1: float
    low: float = float("nan")
    high: float = float("nan")


def f1(precision: float, recall: float) -> float:
    """Harmonic mean; 0 when both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def measured(found: Labels, true: Labels, accepted: tuple[Labels, Labels]) -> dict[str, Measure]:
    """`pairs` (accepted pairs before closure), `closure` (all pairs of the clusters), `b-cubed`, `clusters` (exactly right ones).

    found, true  cluster and true person of each record; accepted  places of the two records of each accepted pair
    Intervals: true persons are drawn with replacement, each with the share of right and wrong pairs that it has in the whole.
    """
    persons = np.unique(true, return_inverse=True)[1]
    groups = np.unique(found, return_inverse=True)[1]
    count = int(persons.max(initial=-1)) + 1
    sizes, group_sizes = np.bincount(persons, minlength=count), np.bincount(groups)
    true_pairs = sizes * (sizes - 1) / 2
    cell = np.unique(
        persons * np.int64(len(group_sizes) + 1) + groups, return_inverse=True, return_counts=True
    )
    together = cell[2][cell[1]].astype(float)
    per = lambda weight: np.bincount(persons, weight, count)  # noqa: E731
    # Every pair is told by its two records, each half of it.
    closure = (per((together - 1) / 2), per((group_sizes[groups] - 1) / 2), true_pairs)
    left, right = accepted
    right_pairs = persons[left] == persons[right]
    hits = np.bincount(persons[left], right_pairs, count)
    claims = (
        np.bincount(persons[left], minlength=count) / 2 + np.bincount(persons[right], minlength=count) / 2
    )
    precision_b, recall_b = together / group_sizes[groups], together / sizes[persons]
    exact = (together == group_sizes[groups]) & (together == sizes[persons])
    exact_persons = per(exact / sizes[persons])
    claimed = per(1 / group_sizes[groups])
    return {
        "pairs": _measure(hits, claims, true_pairs),
        "closure": _measure(*closure),
        "b-cubed": _b_cubed(per(precision_b), per(recall_b), sizes.astype(float)),
        "clusters": _measure(exact_persons, claimed, np.ones(count)),
    }


def _measure(hits: npt.NDArray, claims: npt.NDArray, wanted: npt.NDArray) -> Measure:
    def told(weight: npt.NDArray) -> tuple[float, float]:
        hit, claim, want = float(hits @ weight), float(claims @ weight), float(wanted @ weight)
        return (hit / claim if claim else 1.0), (hit / want if want else 1.0)

    return _with_bounds(told, len(hits))


def _b_cubed(precision: npt.NDArray, recall: npt.NDArray, sizes: npt.NDArray) -> Measure:
    def told(weight: npt.NDArray) -> tuple[float, float]:
        records = float(sizes @ weight)
        return float(precision @ weight) / records, float(recall @ weight) / records

    return _with_bounds(told, len(sizes))


def _with_bounds(told: Callable[[npt.NDArray], tuple[float, float]], persons: int) -> Measure:
    precision, recall = told(np.ones(persons))
    dice = np.random.default_rng(SEED)
    drawn = []
    for _ in range(ROUNDS):
        weight = np.bincount(dice.integers(0, persons, persons), minlength=persons).astype(float)
        drawn.append(f1(*told(weight)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Measure(precision, recall, f1(precision, recall), float(low), float(high))
