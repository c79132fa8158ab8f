"""What the pairs of a file looked like to a model: how many of each class, by rule and by pattern. Counts, nobody's values."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.classes import HOUSEHOLD, SAME
from spark_jobs.identity.engine.levels import unpacked
from spark_jobs.identity.engine.scale import BANDS, WIDTH

Real = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]
# Of a pair: one person, one household, or two people whom chance (a rule, a common name) or a birth of twins made alike.
CLASSES = ("one_person", "household", "chance")


@dataclass(frozen=True)
class Seen:
    """Expected pairs: each pair counts in every class with the probability of that class.

    records  that have a partner to be compared with
    cells    patterns, sorted, of which all levels of equal values are one: how frequent names are grows with the file
    pairs    cells × classes
    by_rule  rule → classes: pairs that it gave; a pair of several rules counts with each
    """

    records: int
    cells: Cells
    pairs: Real
    by_rule: Mapping[str, Real]

    @property
    def totals(self) -> Real:
        """Pairs of each class."""
        found: Real = self.pairs.sum(axis=0)
        return found


def in_classes(posteriors: Real) -> Real:
    """Patterns × classes of a model → patterns × `CLASSES`."""
    one, home = posteriors[:, SAME], posteriors[:, HOUSEHOLD]
    return np.column_stack([one, home, np.maximum(1.0 - one - home, 0.0)])


def merged(patterns: Cells, width: int) -> Cells:
    """Patterns with one level for equal values, be they rare or common."""
    levels = unpacked(patterns, width).astype(np.int64)
    levels[(levels > 1) & (levels <= BANDS)] = 1
    found: Cells = (levels << (WIDTH * np.arange(width))).sum(axis=1)
    return found


def gathered(cells: Cells, weights: Real) -> tuple[Cells, Real]:
    """Distinct cells, sorted, and the sums of their weights (rows × classes)."""
    distinct, place = np.unique(cells, return_inverse=True)
    return distinct, np.column_stack(
        [np.bincount(place, weights[:, c], len(distinct)) for c in range(weights.shape[1])]
    )


def told(seen: Seen) -> dict[str, Any]:
    """As JSON holds it; pairs to a thousandth."""
    return {
        "records": seen.records,
        "cells": base64.b64encode(seen.cells.astype("<i8").tobytes()).decode(),
        "pairs": base64.b64encode(np.round(seen.pairs, 3).astype("<f4").tobytes()).decode(),
        "by_rule": {rule: np.round(pairs, 3).tolist() for rule, pairs in sorted(seen.by_rule.items())},
    }


def read(said: Mapping[str, Any]) -> Seen:
    """What `told` wrote."""
    cells = np.frombuffer(base64.b64decode(said["cells"]), "<i8").astype(np.int64)
    pairs = np.frombuffer(base64.b64decode(said["pairs"]), "<f4").astype(np.float64)
    by_rule = {rule: np.array(pairs, np.float64) for rule, pairs in said["by_rule"].items()}
    return Seen(int(said["records"]), cells, pairs.reshape(len(cells), len(CLASSES)), by_rule)
