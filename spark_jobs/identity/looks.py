"""Every two record versions that met and stood on the same days, compared once under a frozen model. Plain NumPy, no Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.crowd import standing, steps
from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.levels import unpacked
from spark_jobs.identity.engine.model import Scored, scored
from spark_jobs.identity.engine.resolution import shared_but_contradicted
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.seen import Real, in_classes
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates
from spark_jobs.identity.meetings import Met, met, overlaps
from spark_jobs.identity.versions import Versions

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Looks:
    """Pairs of versions. One row per pair and spell of days [start, end) on which both stood; days since 1970.

    fields, own  the versions as the model reads them, and their valid certificates; rules: names of the blocking rules
    met          pairs of parties; pair: the place there of each row
    left, right  places of the two versions
    pattern, odds  of each row: how its fields compare, and log-odds of one person among as many people as the bank knew on the first day
    doubted      rows that share a certificate which name and birth date contradict
    distinct, place, classes  the different patterns, that of each row, and their shares of one person, household and chance where the model
                 was learned
    """

    fields: Sequence[Field]
    own: Places
    rules: Sequence[str]
    met: Met
    pair: Places
    left: Places
    right: Places
    start: Places
    end: Places
    odds: Real
    doubted: Places
    distinct: Places
    place: npt.NDArray[np.int32]
    classes: Real

    @property
    def pattern(self) -> Places:
        """Pattern of each row."""
        found: Places = self.distinct[self.place]
        return found


def look(versions: Versions, model: Frozen) -> Looks:
    """Who is compared, and as what. Pairs with two different valid certificates are left out: they are two people, however alike."""
    fields = standardised(versions.people, model.form)
    own = certificates(fields, len(versions.people))
    by_rule = rules(fields)
    pairs = met(by_rule, versions, model)
    left, right, start, end, pair = overlaps(pairs.pairs, pairs.since, versions)
    apart = ((own[left] >= 0) & (own[right] >= 0) & (own[left] != own[right])).any(axis=1)
    left, right, start, end, pair = (a[~apart] for a in (left, right, start, end, pair))
    found = Candidates(left.astype(np.int32), right.astype(np.int32), np.zeros(len(left), np.int64), {})
    result = scored(fields, [], found, len(versions.people), model.model)
    doublings = steps(standing(versions, start), model.seen)
    return Looks(
        fields, own, [rule.name for rule in by_rule], pairs, pair, left, right, start, end, _odds(result, model, doublings),
        shared_but_contradicted(fields, found.left, found.right, own), result.patterns, result.place, in_classes(result.posteriors),
    )  # fmt: skip


def _odds(result: Scored, model: Frozen, doublings: Places) -> Real:
    """Log-odds of each row among 2 ** doublings times as many people as the model was learned from."""
    odds = np.empty(len(result.place))
    levels = unpacked(result.patterns, len(model.model.names))
    for step in np.unique(doublings):
        among = model.model.among(2.0**step).log_odds(levels)
        rows = doublings == step
        odds[rows] = among[result.place[rows]]
    return odds
