"""Records that went to nobody, asked once more: who fits them, held against how often somebody fits by chance those whose own person was found.

A pair is judged by what two records say of each other. That leaves out what the rest of the file says: a card whose phone is another one fits a
customer no better than it fits some namesake of his, but where nearly every card has its customer, and this one has none yet, he is the one who
is missed. How often somebody else fits by chance is seen at the records that have their person: whoever else fits them, as well as that, is a
stranger. So of the records of a source that went to nobody, and whom somebody fits about so well, as many are expected to be fitted by a stranger
as of those that went to somebody; the others have found their own. It is the count of decoys by which searches in other fields tell their false
discoveries (Elias and Gygi 2007), with found records for decoys.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Ends = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
# Who fits with less (log-odds) is a stranger oftener than not, whatever is counted.
_LEAST, _MOST = -4.0, 6.0
# Of what is expected never, so many come in one case of twenty (the rule of three).
_FEW = 3.0
# Nobody is certain by elimination.
_SUREST = 0.999


@dataclass(frozen=True)
class _Fits:
    """Who fits a record of another cluster best in that cluster: pair (its place), log-odds, and the cluster; by record and cluster."""

    record: Rows
    pair: Rows
    odds: Real


def worth_asking(labels: Rows, left: Ends, right: Ends, log_odds: Real) -> Rows:
    """Places of pairs of two clusters that say anything; a few of all that are compared."""
    near = np.flatnonzero(log_odds >= _LEAST)
    found: Rows = near[labels[left[near]] != labels[right[near]]]
    return found


def asked_again(
    labels: Rows, sources: Rows, left: Ends, right: Ends, log_odds: Real, not_of_kin: Real
) -> Real:
    """Log-odds of the pairs, higher where a record went to nobody and chance does not explain whom it fits. Never lower.

    labels   cluster of each record; sources: a number for the source of each
    left, right, log_odds  pairs that were compared, each once
    not_of_kin  how likely each is of one person, if it is of one or of two of a family: whom family fits, chance does not explain. 0: of two for certain

    Of S records that are alone and have their best fit within one unit of log-odds, E are expected to have it by chance, and seldom more than
    E + 2√E + 3 (of a Poisson count; 3 where none is expected). So one of them is right with 1 − (E + 2√E + 3) / S: fifteen records at least tell
    anything. Where several fit, each with its share of the odds. Of two that are alone the one is asked whose source says more, and both for their share.
    """
    alone = np.bincount(labels)[labels] == 1
    near = worth_asking(labels, left, right, log_odds)
    asked = near[not_of_kin[near] > 0]
    if not len(asked) or not alone.any():
        return log_odds
    found = _best_of_each(labels, left[asked], right[asked], log_odds[asked])
    best, total = np.full(len(labels), -np.inf), np.zeros(len(labels))
    np.maximum.at(best, found.record, found.odds)
    np.add.at(total, found.record, np.exp(np.minimum(found.odds, _MOST)))
    own = _own(sources, alone, best)
    # Per end of a pair: how likely its best fit is its own person (0: not asked), and which share of those who fit it this one has.
    told, shares = np.zeros((2, len(asked))), np.ones((2, len(asked)))
    for n, end in enumerate((left[asked], right[asked])):
        at = np.flatnonzero(alone[end])
        shares[n, at] = 0.0
        told[n, at] = own[end[at]]
    of_alone = np.flatnonzero(alone[found.record])
    record, pair = found.record[of_alone], found.pair[of_alone]
    side = (record == right[asked][pair]).astype(np.int64)
    shares[side, pair] = np.exp(np.minimum(found.odds[of_alone], _MOST)) / total[record]
    probability = np.clip(told.max(axis=0) * shares.prod(axis=0) * not_of_kin[asked], 1e-9, _SUREST)
    raised = log_odds.copy()
    raised[asked] = np.maximum(log_odds[asked], np.log(probability / (1 - probability)))
    return raised


def _best_of_each(labels: Rows, left: Ends, right: Ends, odds: Real) -> _Fits:
    """Of each record and each other cluster the pair that fits best; ties: the first."""
    record, other = np.concatenate([left, right]).astype(np.int64), np.concatenate([right, left])
    pair, both = np.tile(np.arange(len(left)), 2), np.tile(odds, 2)
    order = np.lexsort((pair, -both, labels[other], record))
    record, cluster = record[order], labels[other][order]
    first = np.r_[True, (record[1:] != record[:-1]) | (cluster[1:] != cluster[:-1])]
    return _Fits(record[first], pair[order][first], both[order][first])


def _own(sources: Rows, alone: npt.NDArray[np.bool_], best: Real) -> Real:
    """Of each record that is alone: that whoever fits it best is its own person, as the counts of its source have it; 0 where nobody fits."""
    steps = int(_MOST - _LEAST) + 1
    fitted = np.flatnonzero(best >= _LEAST)
    step = np.minimum(np.floor(best[fitted] - _LEAST), steps - 1).astype(np.int64)
    cell = sources[fitted] * steps + step
    shape = (int(sources.max()) + 1, steps)
    counts = [
        np.bincount(cell[alone[fitted] == is_alone], minlength=shape[0] * steps).reshape(shape)
        for is_alone in (False, True)
    ]
    records = [np.bincount(sources[alone == is_alone], minlength=shape[0]) for is_alone in (False, True)]
    by_chance = counts[0] * (records[1] / np.maximum(records[0], 1))[:, None]
    # Where a source has nobody whose person was found, nothing says what chance does.
    by_chance[records[0] == 0] = np.inf
    right = 1 - (by_chance + 2 * np.sqrt(by_chance) + _FEW) / np.maximum(counts[1], 1)
    found = np.zeros(len(best))
    found[fitted] = np.clip(right, 0, 1).ravel()[cell]
    return found
