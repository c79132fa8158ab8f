"""Latent classes over agreement patterns: who is one person, who one household, and what meets by chance. EM on counts of patterns.

A pair of records is of one person, of two people of one household, or of two people who have nothing to do with each other. The last meet by
chance: on all fields as random pairs do, or through a blocking rule whose own fields agree together more often than each alone would
suggest (people of one town have one postcode). Each class says how often each level of each field comes up in it (fields apart given the
class), and how many pairs it has among all pairs of the file. So a pair that blocking found is judged against all pairs, not only against
those that blocking found, and no share is guessed. Fellegi and Sunter (1969), Winkler (1988) for EM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
SAME, HOUSEHOLD, CHANCE = 0, 1, 2
LEVELS = 16
EXACT = slice(1, 7)
ROUNDS = 60
SETTLED = 1e-5
# How many pairs what we expect beforehand weighs. Levels that never came up keep a share, so that no pair is excluded by surprise.
PRIOR_WEIGHT = 20.0
SMOOTHING = 0.5
# So many pairs of strangers, who differ, are thought of beside those of a file: a handful of records says nothing of how people are called.
STRANGERS_KNOWN = 300.0
# Of equal values of random pairs at least this share is chance, however many of them are matches.
LEAST_CHANCE = 0.02
# Fields of one rule agree together by chance at most so many times as often as if they were apart.
MOST_DEPENDENCE = 30.0
# Of two people of one household so many have one surname at least; else the class would become that of neighbours.
LEAST_OF_FAMILY = 0.5
# Twins who are both in the file, per record: few, but all with one birth date, often one address, and names made alike on purpose. Too few
# to be learned from most files, so how many they are is told.
TWINS_PER_RECORD = 0.003
LEAST_TWINS, MOST_TWINS = 0.1, 10.0


@dataclass
class Counted:
    """Distinct patterns as levels (patterns × fields) and how many pairs have each; whether all of them are of strangers for certain."""

    levels: npt.NDArray[np.uint8]
    pairs: Real
    is_of_strangers: bool = False


@dataclass
class FieldPrior:
    """What is known of a field before any pair is seen.

    same       expected levels of one person (sums to 1 over levels 1…); `random` pairs that agree exactly, per level; `pairs` that compare
    last, most_else  level of values that disagree altogether, and how often one person's records may do so at most, levels behind it included
    is_telling whether strangers mostly differ in it, whatever the file (names and numbers do, sex and town do not)
    most       how often one person's records may have each level at most
    is_place   whether it says where somebody lives
    is_shared  whether a household has it in common; free: levels that are more frequent in a household than among random pairs
    twins      levels of the names of twins; is_twins_own: whether twins have it in common as one person's records do (the birth date)
    """

    name: str
    same: Real
    equal_pairs: Real
    pairs: float
    is_shared: bool
    free: tuple[int, ...] = ()
    last: int = 0
    most_else: float = 1.0
    counts: Real | None = None
    bands: npt.NDArray[np.uint8] | None = None
    twins: Real | None = None
    is_twins_own: bool = False
    most: Real | None = None
    is_telling: bool = False
    is_place: bool = False

    def shape(self, partners: float) -> Real | None:
        """Shares of the exact levels among equal pairs of one person, who has `partners` other records on average; None: to be learned.

        A person has a rare name as often as the rare name's bearers are many, while strangers share a value as often as its bearers
        squared. This tells chance from truth even where few other fields could.
        """
        if self.counts is None or self.bands is None:
            return None
        weight = self.counts * np.minimum(self.counts - 1, partners)
        found = np.bincount(self.bands, weight, LEVELS).astype(np.float64)
        total = found.sum()
        return found / total if total > 0 else None


@dataclass
class Model:
    """Frequencies of levels per class (classes × fields × LEVELS, logarithms; level 0 is 0) and pairs per class among `pairs`.

    by_rule  fields of each chance class beyond the first; twins: place of their class, 0 where the file has none
    """

    names: list[str]
    log: Real
    sizes: Real
    by_rule: list[tuple[int, ...]]
    pairs: float
    twins: int = 0
    rounds: int = 0
    drift: list[float] = field(default_factory=list)

    def scores(self, levels: npt.NDArray[np.uint8]) -> Real:
        """Logarithm of expected pairs of each class for each pattern (patterns × classes)."""
        found = np.tile(np.log(np.maximum(self.sizes, 1e-12)), (len(levels), 1))
        base = np.zeros(len(levels))
        for f in range(levels.shape[1]):
            level = levels[:, f]
            chance = self.log[CHANCE, f][level]
            base += chance
            for c in range(len(self.sizes)):
                if c != CHANCE and (c < CHANCE or c == self.twins or f in self.by_rule[c - CHANCE - 1]):
                    found[:, c] += self.log[c, f][level] - chance
        for c, fields in enumerate(self.by_rule, CHANCE + 1):
            found[(levels[:, list(fields)] == 0).any(axis=1), c] = -np.inf
        return found + base[:, None]

    def among(self, times: float) -> Model:
        """The model of so many times as many records of the like: each meets so many times as many strangers, but no more of its own."""
        sizes = self.sizes.copy()
        strangers = [c for c in range(CHANCE, len(sizes)) if not self.twins or c != self.twins]
        sizes[strangers] *= times
        return replace(self, sizes=sizes)

    def posteriors(self, levels: npt.NDArray[np.uint8]) -> Real:
        """Probability of each class for each pattern (patterns × classes)."""
        scores = self.scores(levels)
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        result: Real = shares / shares.sum(axis=1, keepdims=True)
        return result

    def log_odds(self, levels: npt.NDArray[np.uint8]) -> Real:
        """Logarithm of the odds that a pattern is of one person."""
        scores = self.scores(levels)
        others = scores[:, 1:].max(axis=1, keepdims=True)
        result: Real = scores[:, SAME] - others[:, 0] - np.log(np.exp(scores[:, 1:] - others).sum(axis=1))
        return result


def learned(
    found: Counted,
    random: Counted,
    priors: Sequence[FieldPrior],
    by_rule: Sequence[tuple[int, ...]],
    pairs: float,
    records: int,
) -> Model:
    """The model of a file.

    found    candidate pairs; random: random pairs of the same records, from which levels of strangers are learned
    by_rule  fields (places) whose agreement each blocking rule makes; rules of one field need no class: chance there is counted
    pairs    pairs of the whole file
    """
    groups = [g for g in dict.fromkeys(by_rule) if len(g) > 1 and len(priors) - len(g) >= 2]
    has_twins = any(p.is_twins_own for p in priors) and any(p.twins is not None for p in priors)
    classes = CHANCE + 1 + len(groups) + has_twins
    log = np.zeros((classes, len(priors), LEVELS))
    model = Model([p.name for p in priors], log, np.full(classes, 1.0), groups, pairs)
    model.twins = classes - 1 if has_twins else 0
    model.sizes[:3] = 0.2 * records, 0.02 * records, pairs
    _strangers(model, random, np.ones(len(random.pairs)), found, np.zeros((len(found.pairs), 3)), priors)
    for f, prior in enumerate(priors):
        log[SAME, f] = _log(prior.same)
        log[HOUSEHOLD, f] = _household_start(prior, log[CHANCE, f])
        for c in range(CHANCE + 1, CHANCE + 1 + len(groups)):
            if f in groups[c - CHANCE - 1]:
                log[c, f] = _log(_equal_only(np.exp(log[CHANCE, f])))
    if not any(p.is_shared for p in priors):
        model.sizes[HOUSEHOLD] = 0.0
    _twins(model, priors, records)
    for _ in range(ROUNDS):
        before = model.sizes.copy()
        share = model.posteriors(found.levels)
        _learn(model, found, share, random, priors, records)
        model.rounds += 1
        model.drift.append(float(np.abs(model.sizes - before).max() / max(records, 1)))
        if model.drift[-1] < SETTLED:
            break
    return model


def _learn(
    model: Model, found: Counted, share: Real, random: Counted, priors: Sequence[FieldPrior], records: int
) -> None:
    weight = share * found.pairs[:, None]
    totals = weight.sum(axis=0)
    model.sizes[SAME] = totals[SAME] + 1.0
    if model.sizes[HOUSEHOLD]:
        model.sizes[HOUSEHOLD] = totals[HOUSEHOLD] + 1.0
    strangers = np.ones(len(random.pairs))
    if not random.is_of_strangers:
        strangers -= model.posteriors(random.levels)[:, : HOUSEHOLD + 1].sum(axis=1)
    _strangers(model, random, strangers, found, weight, priors)
    for f, prior in enumerate(priors):
        seen = _seen(found, f, weight[:, SAME])
        same = _with_prior(seen, prior.same)
        if prior.most is not None:
            same = _within(same, prior.most)
        same = _apart_at_most(same, prior.last, prior.most_else)
        if (shape := prior.shape(max(1.0, 2 * model.sizes[SAME] / records))) is not None:
            same[EXACT] = same[EXACT].sum() * np.maximum(shape[EXACT], 1e-4)
        model.log[SAME, f] = _log(same)
        if prior.is_shared:
            seen = _seen(found, f, weight[:, HOUSEHOLD])
            model.log[HOUSEHOLD, f] = _household(prior, seen, model.log[CHANCE, f])
        else:
            model.log[HOUSEHOLD, f] = model.log[CHANCE, f]
    _twins(model, priors, records, totals[model.twins])
    for c, fields in enumerate(model.by_rule, CHANCE + 1):
        together = model.pairs
        for f in fields:
            expected = _equal_only(np.exp(model.log[CHANCE, f]))
            together *= expected[1:].sum()
            seen = _seen(found, f, weight[:, c])
            model.log[c, f] = _log(_with_prior(seen, expected / max(expected.sum(), 1e-12)))
        # Streets lie in one town, and towns have one postcode: of these no bound tells chance.
        are_places = all(priors[f].is_place for f in fields)
        model.sizes[c] = totals[c] + 1e-3 if are_places else min(totals[c] + 1e-3, MOST_DEPENDENCE * together)


def _twins(
    model: Model, priors: Sequence[FieldPrior], records: int, learned_pairs: float | None = None
) -> None:
    """Twins share what a household shares, and the birth date as one person's records do; their names are told beforehand, all else is chance."""
    if not model.twins:
        return
    # Each of two people has as many records as people have on average.
    most = TWINS_PER_RECORD * (records + 2 * model.sizes[SAME])
    # A surname and a given name of their own tell a garbled given name from twins': where what one person's records do elsewhere (with an
    # equal certificate, say) explains as many as there are, the file has no twins. A whole Chinese name that differs in a sign tells only that
    # there are more than are expected.
    if learned_pairs is None:
        model.sizes[model.twins] = most
    elif any(p.free for p in priors):
        model.sizes[model.twins] = min(max(most, learned_pairs), MOST_TWINS * most)
    else:
        model.sizes[model.twins] = min(most, learned_pairs + LEAST_TWINS)
    for f, prior in enumerate(priors):
        if prior.is_twins_own:
            model.log[model.twins, f] = model.log[SAME, f]
        elif prior.twins is not None:
            model.log[model.twins, f] = _log(prior.twins)
        else:
            model.log[model.twins, f] = model.log[HOUSEHOLD if prior.is_shared else CHANCE, f]


def _strangers(
    model: Model, random: Counted, share: Real, found: Counted, weight: Real, priors: Sequence[FieldPrior]
) -> None:
    """Levels of random pairs: equal values are counted in the whole file, less those of matches; the rest is learned from a sample."""
    for f, prior in enumerate(priors):
        seen = _seen(random, f, random.pairs * share)
        seen[0] = 0.0
        seen[1 : len(prior.same)] += SMOOTHING * (prior.same[1:] > 0)
        others = STRANGERS_KNOWN if prior.is_telling else 0.0
        seen[prior.last] += others
        known = _seen(found, f, weight[:, SAME] + weight[:, HOUSEHOLD])
        equal = np.zeros(LEVELS)
        equal[EXACT] = np.maximum(
            prior.equal_pairs[EXACT] - known[EXACT], LEAST_CHANCE * prior.equal_pairs[EXACT]
        )
        smoothed = np.maximum(equal[EXACT], SMOOTHING * (prior.same[EXACT] > 0))
        # What smoothing adds counts as pairs too: of a field that two or three records have, it would else leave nothing to disagree.
        equal[EXACT] = smoothed / (
            max(prior.pairs, 1.0) + others + (smoothed - equal[EXACT]).sum() + SMOOTHING
        )
        rest = seen.copy()
        rest[EXACT] = 0.0
        model.log[CHANCE, f] = _log(equal + (1.0 - equal.sum()) * rest / max(rest.sum(), 1e-12))


def _apart_at_most(levels: Real, last: int, most: float) -> Real:
    """Levels of which those from `last` on are at most so much together; what is above goes to the others, each by its share."""
    apart = levels[last:].sum()
    if apart <= most:
        return levels
    kept = levels.copy()
    kept[:last] *= (1.0 - most) / (1.0 - apart)
    kept[last:] *= most / apart
    return kept


def _within(levels: Real, most: Real) -> Real:
    """Levels of which none is above its most; what is goes to the others, each by its share."""
    over = levels > most
    kept = np.where(over, most, levels)
    kept[~over] *= 1.0 + (levels - kept).sum() / max(kept[~over].sum(), 1e-12)
    return kept


def _seen(counted: Counted, f: int, weight: Real) -> Real:
    return np.bincount(counted.levels[:, f], weight, LEVELS).astype(np.float64)


def _with_prior(seen: Real, expected: Real) -> Real:
    seen = seen[:LEVELS].copy()
    seen[0] = 0.0
    result: Real = (seen + PRIOR_WEIGHT * expected) / (seen.sum() + PRIOR_WEIGHT)
    return result


def _equal_only(levels: Real) -> Real:
    """The part of a field's levels in which a rule on it fires: equal values (near ones are few)."""
    only = np.zeros(LEVELS)
    only[EXACT] = levels[EXACT]
    return only


def _household_start(prior: FieldPrior, chance: Real) -> Real:
    return _household(prior, np.zeros(LEVELS), chance) if prior.is_shared else chance


def _household(prior: FieldPrior, seen: Real, chance: Real) -> Real:
    """A household agrees in what it shares; where only some levels are free (a surname inside a whole name), the others are as by chance."""
    if not prior.free:
        levels = _with_prior(seen, prior.same)
        return _log(_apart_at_most(levels, prior.last, 1.0 - LEAST_OF_FAMILY if prior.is_telling else 1.0))
    levels = np.exp(chance)
    levels[0] = 0.0
    free = list(prior.free)
    seen_free, seen_rest = seen[free].sum(), seen[1:].sum() - seen[free].sum()
    share = (seen_free + 0.5 * PRIOR_WEIGHT) / (seen_free + seen_rest + PRIOR_WEIGHT)
    among = levels[free] / max(levels[free].sum(), 1e-12)
    levels *= (1.0 - share) / max(levels.sum() - levels[free].sum(), 1e-12)
    levels[free] = share * among
    return _log(levels)


def _log(levels: Real) -> Real:
    result: Real = np.log(np.maximum(levels, 1e-12))
    result[0] = 0.0
    return result
