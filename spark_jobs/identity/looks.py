"""Every two record versions that met and stood on the same days, compared once under a frozen model. Plain NumPy, no Spark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spark_jobs.identity.crowd import standing, steps
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.levels import unpacked
from spark_jobs.identity.engine.seen import Real, in_classes
from spark_jobs.identity.meetings import Met, met, overlaps
from spark_jobs.identity.reading import Compare, Flags, Reading, read
from spark_jobs.identity.versions import Versions

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Looks:
    """Pairs of versions. One row per pair and spell of days [start, end) on which both stood; days since 1970.

    reading      the versions, as the model reads them
    met          pairs of parties; pair: the place there of each row
    left, right  places of the two versions
    odds         log-odds of one person of each row, among as many people as the bank knew on its first day
    doubted      whether the two share a certificate which name and birth date contradict
    distinct, place, classes  the different patterns of how fields compare, that of each row, and their shares of one person, household and
                 chance where the model was learned
    """

    reading: Reading
    met: Met
    pair: Places
    left: Places
    right: Places
    start: Places
    end: Places
    odds: Real
    doubted: Flags
    distinct: Places
    place: npt.NDArray[np.int32]
    classes: Real

    @property
    def pattern(self) -> Places:
        """Pattern of each row."""
        found: Places = self.distinct[self.place]
        return found


def look(versions: Versions, model: Frozen) -> Looks:
    """All versions, each pair compared now."""
    return looked(*read(versions, model), model)


def looked(reading: Reading, compare: Compare, model: Frozen) -> Looks:
    """Who is compared, and as what. Pairs with two different valid certificates are left out: they are two people, however alike."""
    pairs = met(reading, model)
    left, right, start, end, pair = overlaps(pairs.pairs, pairs.since, reading)
    own = reading.own
    apart = ((own[left] >= 0) & (own[right] >= 0) & (own[left] != own[right])).any(axis=1)
    left, right, start, end, pair = (a[~apart] for a in (left, right, start, end, pair))
    patterns, doubted = compare(left, right)
    place, distinct = pd.factorize(patterns, sort=True)
    classes = in_classes(model.model.posteriors(unpacked(distinct, len(reading.fields))))
    odds = _odds(distinct, place, model, steps(standing(reading, start), model.seen))
    return Looks(
        reading, pairs, pair, left, right, start, end, odds, doubted, distinct, place.astype(np.int32), classes,
    )  # fmt: skip


def _odds(distinct: Places, place: Places, model: Frozen, doublings: Places) -> Real:
    """Log-odds of each row among 2 ** doublings times as many people as the model was learned from."""
    odds = np.empty(len(place))
    levels = unpacked(distinct, len(model.model.names))
    for step in np.unique(doublings):
        among = model.model.among(2.0**step).log_odds(levels)
        rows = doublings == step
        odds[rows] = among[place[rows]]
    return odds
