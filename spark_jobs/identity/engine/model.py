"""A model of a file of people: candidate pairs, their patterns, and the classes learned from both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spark_jobs.identity.engine import namesakes
from spark_jobs.identity.engine.blocking import ALL_PAIRS_UP_TO, Candidates, Rule
from spark_jobs.identity.engine.classes import EXACT, LEVELS, Counted, FieldPrior, Model, learned
from spark_jobs.identity.engine.coded import Coded
from spark_jobs.identity.engine.levels import compared, unpacked
from spark_jobs.identity.engine.scale import LABELS, bands
from spark_jobs.identity.engine.standardise import Field

# As many as there are records, and so many at least: in a larger file rarer levels decide, and must be seen.
RANDOM_PAIRS = 200_000
# What one person's two records agree in, before anything is learned: mostly equal, sometimes near, seldom something else.
_EQUAL, _NEAR, _ELSE, _CONTRADICTION = 0.80, 0.15, 0.05, 1e-5
# What stays the same through life, one person's two records have altogether different at most so often; addresses and phones change freely.
# Where few fields are left, people of one name could else be taken for one person whose birth date is always another.
_MOST_ELSE = {"date": 0.1, "name": 0.1, "part": 0.1, "number": 0.1}
# How often one person is called by two names that others bear, too (by a second given name, by the name of a husband), and by Chinese names of
# which one sign is another that does not sound alike. Brothers, sisters and twins are, more often than not.
_MOST_OF = {
    "given": {"two names in use": 0.02, "another second name": 0.01},
    # Nobody is Jr and Sr; what nothing but the household agrees with would else be learned as one person.
    "generation": {"else": 0.005, "one edit": 0.005},
    "surname": {"two names in use": 0.05},
    "name": {"a word or two characters": 0.01, "same surname": 0.01},
}
# How alike the names of twins are: a Chinese family often has one sign in common beside the surname.
_TWINS = {
    "name": {
        "a word or two characters": 0.5,
        "same surname": 0.45,
        "one edit": 0.01,
        "same reading": 0.01,
        "else": 0.03,
    },
}
# How alike twins' given names are in letters: as strangers' are, except that nobody gives both the same.
_TWINS_GIVEN = {"else": 0.05, "two names in use": 0.9, "a little alike": 0.04, "alike": 0.01}
_AT_ONCE = 1_000_000
_SEED = 20260930


@dataclass
class Scored:
    """Distinct patterns of the candidate pairs, the place of each pair's pattern, and log-odds of one person per pattern."""

    patterns: npt.NDArray[np.int64]
    place: npt.NDArray[np.int32]
    log_odds: npt.NDArray[np.float64]
    posteriors: npt.NDArray[np.float64]
    model: Model


def scored(
    fields: Sequence[Field], rules: Sequence[Rule], found: Candidates, count: int, model: Model | None = None
) -> Scored:
    """Candidate pairs scored by a model; None: by one that is learned from them and from random pairs of the same records."""
    packed = patterns_of(fields, found.left, found.right)
    place, patterns = pd.factorize(packed, sort=True)
    pairs = np.bincount(place, minlength=len(patterns))
    observed = Counted(unpacked(patterns, len(fields)), pairs.astype(np.float64))
    model = model or _learned(fields, rules, observed, count)
    return Scored(
        patterns,
        place.astype(np.int32),
        model.log_odds(observed.levels),
        model.posteriors(observed.levels),
        model,
    )


def _learned(fields: Sequence[Field], rules: Sequence[Rule], observed: Counted, count: int) -> Model:
    random = observed if count <= ALL_PAIRS_UP_TO else _random(fields, count)
    at = {f.name: i for i, f in enumerate(fields)}
    by_rule = [tuple(sorted(at[name] for name in rule.fields)) for rule in rules]
    priors = [prior(field) for field in fields]
    if len(priors) == 1 and fields[0].kind == "name":
        coded = fields[0].coded
        priors[0].equal_pairs = np.minimum(priors[0].equal_pairs, namesakes.equal_pairs(coded, count))
        random = namesakes.strangers(coded, _SEED)
    return learned(observed, random, priors, by_rule, count * (count - 1) / 2, count)


def patterns_of(
    fields: Sequence[Field], left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """How the fields of each pair compare (levels.py): four bits a field, the first in the lowest."""
    return np.concatenate([*_in_parts(fields, left, right), np.empty(0, np.int64)])


def _in_parts(
    fields: Sequence[Field], left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> Iterator[npt.NDArray[np.int64]]:
    for start in range(0, len(left), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        yield compared(fields, left[part], right[part])


def _random(fields: Sequence[Field], count: int) -> Counted:
    dice = np.random.default_rng(_SEED)
    left, right = dice.integers(0, count, (2, max(RANDOM_PAIRS, count))).astype(np.int32)
    other = left != right
    patterns, pairs = np.unique(compared(fields, left[other], right[other]), return_counts=True)
    return Counted(unpacked(patterns, len(fields)), pairs.astype(np.float64))


def prior(field: Field) -> FieldPrior:
    """What a field's values alone say: how often one person's records are expected to agree, and how many pairs agree exactly."""
    labels, coded = LABELS[field.kind], field.coded
    band = bands(coded)
    own = {"given": [0], "surname": [1]}.get(field.name, list(range(coded.codes.shape[1])))
    seen = _counts(coded, own)
    by_band = np.bincount(band, seen, LEVELS)[:LEVELS]
    equal_pairs = np.bincount(band, seen * (seen - 1) / 2, LEVELS).astype(np.float64)
    if field.name == "given":
        equal_pairs += _of_first_alone(coded, band, seen)
    same = np.zeros(LEVELS)
    same[EXACT] = _EQUAL * (by_band[EXACT] + 1) / (by_band[EXACT] + 1).sum()
    others = list(range(EXACT.stop, len(labels)))
    last = labels.index("else")
    near = [i for i in others if i < last]
    for level in near:
        same[level] = _NEAR / len(near)
    same[last] = _ELSE if near else _NEAR + _ELSE
    same[last + 1 : len(labels)] = _CONTRADICTION
    filled = int((coded.codes[:, own] >= 0).any(axis=1).sum())
    # Whoever shares a surname is alike in these levels so much more often than strangers are; two of one name, or of one sound, no family has.
    free = tuple(range(labels.index("one edit"), last)) if field.kind == "name" else ()
    has_shape = field.kind in ("name", "part", "text", "code")
    return FieldPrior(
        field.name,
        same / same.sum(),
        equal_pairs,
        filled * (filled - 1) / 2,
        field.is_shared or bool(free),
        free,
        last,
        _MOST_ELSE.get(field.kind, 1.0),
        seen if has_shape else None,
        band if has_shape else None,
        twins=_of_twins(field),
        is_twins_own=field.kind == "date",
        most=_most_of(field),
        is_telling=field.kind in ("name", "part", "date", "number", "phone", "email"),
        is_place=field.is_shared and field.kind in ("text", "code") and field.name != "generation",
    )


def _of_first_alone(
    coded: Coded, band: npt.NDArray[np.uint8], seen: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Pairs, per band, of a given name and the same with another behind it, which count as equal, too (levels.py)."""
    place = {value: at for at, value in enumerate(coded.values)}
    found = np.zeros(LEVELS)
    for at, value in enumerate(coded.values):
        first, space, _ = value.partition(" ")
        if space and len(first) > 1 and (alone := place.get(first)) is not None:
            found[max(band[at], band[alone])] += seen[at] * seen[alone]
    return found


def _most_of(field: Field) -> npt.NDArray[np.float64] | None:
    if field.name not in _MOST_OF:
        return None
    most = np.ones(LEVELS)
    for label, share in _MOST_OF[field.name].items():
        most[LABELS[field.kind].index(label)] = share
    return most


def _of_twins(field: Field) -> npt.NDArray[np.float64] | None:
    """Levels of the names of twins (sums to 1), None for what is no name of their own."""
    told = _TWINS_GIVEN if field.name == "given" else _TWINS.get(field.kind)
    if told is None:
        return None
    levels = np.full(LEVELS, 1e-6)
    for label, share in told.items():
        levels[LABELS[field.kind].index(label)] = share
    return levels / levels.sum()


def _counts(coded: Coded, columns: Sequence[int]) -> npt.NDArray[np.float64]:
    codes = coded.codes[:, list(columns)]
    return np.bincount(codes[codes >= 0], minlength=len(coded.values)).astype(np.float64)
