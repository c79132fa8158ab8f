"""Which of several people a name may be, where a file has nothing but names, in Chinese characters, in letters and masked.

A name in letters, or one with a star, may be each of several names in characters; nothing else in such a file says which. Of k names that are
there one at most is meant, so each is with a k-th of the probability that the one who is meant is there at all. How often that is, and how
many of the k are there by chance, is learned of the file, from how often names may be none, one, two … others: the right one is there with a share q, and the others
come as chance brings them, about a·e(v). Here e(v) is how many of as many invented names (the surname of one person, the given name of another)
v may be, and a says how much more or less alike the file's people are called than those. Learned apart for three kinds: names that
read alike, names that may be one in another spelling (only where none reads alike), and masked names that fit.

Likewise for two who are called the same: some records of a name are of one person, others are there by chance. Two names neither of which is in full
characters are one person's as far as they may be the same one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import gammaln

from spark_jobs.identity.engine import names, signs
from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.coded import OPEN_KEY, Coded
from spark_jobs.identity.engine.standardise import Field

Real = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
# How a name may be another: it reads alike, it may be another spelling, or its stars fit.
_KINDS = ("reading", "spelling", "mask")
_INVENTED = 60_000
_SEED = 20260930
# Other records of one person under one name, at most.
_MOST_OWN = 8
# Logarithms of: how often one's own is there, how many more there are by chance than expected, and how evenly (the larger, the more like Poisson).
_BOUNDS = ((-14.0, 6.0), (-6.0, 6.0), (-4.0, 6.0))
# Of names that nobody invented: less than one is not seen.
_LEAST = 0.3
# Nobody is certain by a name.
_MOST = 0.999
# Who may be meant with less is not compared for it.
_WORTH = 0.1


@dataclass(frozen=True)
class Meant:
    """Names in characters that each of the other names may be.

    name, full  distinct values: one that is in letters or masked, and one in full characters that it may be; in the order of both
    share       probability that it is this one
    """

    name: Rows
    full: Rows
    share: Real


def applies(fields: Sequence[Field]) -> bool:
    """Whether a file has one name of each person and nothing else. Not where a model of it is kept: under one, a score follows from two records alone."""
    if len(fields) != 1 or fields[0].kind != "name":
        return False
    coded = fields[0].coded
    return coded.codes.shape[1] == 1 and coded.key == OPEN_KEY


def meant(coded: Coded) -> Meant:
    """Of every value that is in letters or masked, who may be meant. Nothing where no name is in characters."""
    full = np.flatnonzero(_is_full(coded)).tolist()
    if not full:
        return _shared([], {})
    under = _under(coded.values[n] for n in full)
    invented = _under(_invented([coded.values[n] for n in full]))
    found: list[tuple[int, int, int]] = []
    expected: dict[tuple[int, int], float] = {}
    for n in np.flatnonzero(~_is_full(coded)).tolist():
        for kind, keys in enumerate(_keys_of(coded.values[n])):
            if not keys:
                continue
            these = sorted({full[at] for key in keys for at in under[kind].get(key, ())})
            chance = sum(len(invented[kind].get(key, ())) for key in keys)
            expected[n, kind] = max(chance, _LEAST) * len(full) / _INVENTED
            found += [(n, kind, each) for each in these]
            if these:
                break
    return _shared(found, expected)


def _is_full(coded: Coded) -> npt.NDArray[np.bool_]:
    return signs.hanzi(coded) & ~signs.masked(coded)


def _keys_of(value: str) -> Sequence[Collection[str]]:
    """Keys under which a name in letters, or a masked one, stands: by its readings, by its spellings, by its stars."""
    return ((), (), [value]) if "*" in value else (names.readings(value), names.loose(value), ())


def _under(values: Iterable[str]) -> Sequence[Mapping[str, list[int]]]:
    """Names in full characters by the keys of each kind."""
    found: list[dict[str, list[int]]] = [defaultdict(list) for _ in _KINDS]
    for n, value in enumerate(values):
        for kind, keys in enumerate((names.readings(value), names.loose(value), _masks(value))):
            for key in set(keys):
                found[kind][key].append(n)
    return found


def _masks(value: str) -> Iterator[str]:
    """A name with stars, as others hide it: all but the first sign, all but the last, and what is between."""
    hidden = len(value) - 1
    yield value[0] + "*" * hidden
    yield "*" * hidden + value[-1]
    yield "*" + value[1:]
    if len(value) > 2:
        yield value[0] + "*" * (hidden - 1) + value[-1]
        yield value[0] + "*" + value[2:]
        yield value[:-1] + "*"


def _invented(full: Sequence[str]) -> Iterator[str]:
    dice = np.random.default_rng(_SEED)
    parts = [names.parts(value) for value in full]
    for given, surname in dice.integers(0, len(full), (_INVENTED, 2)):
        yield parts[surname][1] + parts[given][0]


def _shared(found: Sequence[tuple[int, int, int]], expected: Mapping[tuple[int, int], float]) -> Meant:
    several: dict[tuple[int, int], int] = dict.fromkeys(expected, 0)
    for n, kind, _ in found:
        several[n, kind] += 1
    there: dict[tuple[int, int], float] = {}
    for kind in range(len(_KINDS)):
        asked = [each for each in sorted(expected) if each[1] == kind]
        counts = np.array([several[each] for each in asked], np.float64)
        chances = probabilities(counts, np.array([expected[each] for each in asked]))
        there |= dict(zip(asked, chances.tolist(), strict=True))
    rows = sorted((n, each, there[n, kind] / several[n, kind]) for n, kind, each in found)
    return Meant(
        np.array([n for n, _, _ in rows], np.int64), np.array([each for _, each, _ in rows], np.int64),
        np.array([share for _, _, share in rows], np.float64),
    )  # fmt: skip


def probabilities(counts: Real, expected: Real) -> Real:
    """Of names that may be so many others, where chance alone would let them be `expected`: that the right one is among them. 0 where there is none."""
    return np.minimum(_own(counts, expected, np.ones(len(counts)), most=1), _MOST)


def one_person(coded: Coded) -> Real:
    """Of each distinct value: how likely two who are called so are one person.

    A record has some others of its own person that say the same, and as many of others as chance brings: of names in characters and
    in letters as often as the surname of one and the given name of another make this name, of masked ones as often as what is seen of them
    goes together. Learned for the three apart.
    """
    found = np.ones(len(coded.values))
    counts = coded.counts().astype(np.float64)
    full, masked = _is_full(coded), signs.masked(coded)
    for group in (full, masked, ~full & ~masked):
        at = np.flatnonzero(group)
        if len(at):
            values = [coded.values[n] for n in at]
            chance = _masked_alike(values) if masked[at[0]] else _put_together(values, counts[at])
            found[at] = same_person(counts[at], chance * max(counts[at].sum() - 1, 1))
    return found


def _put_together(values: Sequence[str], counts: Real) -> Real:
    """How often the surname of one and the given name of another make each name.

    How frequent a part is, is told by the other names that have it: whoever bears the name at hand may be one person many times. Of those who have
    another given name the surname is as frequent as of all.
    """
    total = counts.sum()
    having = []
    for part in zip(*(names.parts(value) for value in values), strict=True):
        place = np.unique(np.array(part, object).astype(str), return_inverse=True)[1]
        having.append(np.bincount(place, counts)[place])
    given, surname = having
    found: Real = np.ones(len(values))
    for own, other in ((given, surname), (surname, given)):
        found *= np.maximum(own - counts, 0.5) / np.maximum(total - other, 1)
    return np.minimum(found, 1)


def _masked_alike(values: Sequence[str]) -> Real:
    """How often stars fit the names of a file that has as many masked names as these; each name is as frequent as its signs that are seen."""
    signs_seen = Counter(sign for value in values for sign in enumerate(value) if sign[1] != "*")
    return np.array([
        float(np.prod([signs_seen[sign] / len(values) for sign in enumerate(value) if sign[1] != "*"])) for value in values
    ])  # fmt: skip


def same_person(counts: Real, expected: Real) -> Real:
    """Of names that `counts` records have, where chance alone lets a record have `expected` others of its name: that another is its own person's.

    1 for a name that one record has.
    """
    others = counts - 1
    own = _own(others, expected, counts, most=_MOST_OWN)
    return np.where(others > 0, np.minimum(own / np.maximum(others, 1), _MOST), 1.0)


def _own(counts: Real, expected: Real, weights: Real, most: int) -> Real:
    """Of `counts` others, how many are one's own on average, as is learned of all of them; at most `most`.

    One's own: there or not (most is 1), else Poisson. By chance: negative binomial with a mean in proportion to what is expected, since some names are
    far more frequent than their parts. Three numbers by maximum likelihood, over cells of equal counts and nearly equal expectation.
    """
    if not len(counts):
        return np.empty(0)
    step = np.round(np.log2(np.maximum(expected, 1e-9)) * 2)
    cell, place = np.unique(np.column_stack([counts, step]), axis=0, return_inverse=True)
    weight = np.bincount(place.ravel(), weights)
    mean = np.bincount(place.ravel(), weights * expected) / weight

    def surprise(told: Real) -> float:
        every = _joint(cell[:, 0], mean, told, most).sum(axis=1)
        return -float((weight * np.log(np.maximum(every, 1e-300))).sum() / weight.sum())

    best = minimize(surprise, np.zeros(3), method="Nelder-Mead", bounds=_BOUNDS, options={"maxiter": 400}).x
    joint = _joint(counts, expected, best, most)
    found: Real = (joint * np.arange(joint.shape[1])).sum(axis=1) / np.maximum(joint.sum(axis=1), 1e-300)
    return found


def _joint(counts: Real, expected: Real, told: Real, most: int) -> Real:
    """Names × own ones: probability of as many own ones, and of the rest by chance."""
    own = np.arange(most + 1)
    rate, mean, shape = np.exp(told[0]), np.exp(told[1]) * expected[:, None], np.exp(told[2])
    prior = np.array([1, rate]) / (1 + rate) if most == 1 else np.exp(own * told[0] - rate - gammaln(own + 1))
    rest = counts[:, None] - own
    there = np.maximum(rest, 0)
    by_chance = np.exp(
        gammaln(there + shape) - gammaln(there + 1) - gammaln(shape)
        + shape * np.log(shape / (shape + mean)) + there * np.log(mean / (shape + mean))
    )  # fmt: skip
    return np.where(rest >= 0, prior * by_chance, 0.0)


class OneOf:
    """Pairs of records of a file that has nothing but names, judged by who may be meant."""

    def __init__(self, coded: Coded) -> None:
        self._codes = coded.first.astype(np.int64)
        self._is_full = _is_full(coded)
        self._meant = meant(coded)
        count = len(coded.values)
        self._keys = self._meant.name * count + self._meant.full
        self._known = np.bincount(self._meant.name, self._meant.share, count)
        self._one_person = one_person(coded)
        # Of those who are called so, a record in other words is one of so many.
        people = 1 + np.maximum(coded.counts() - 1, 0) * (1 - self._one_person)
        self._each = 1 / people

    def with_pairs(self, found: Candidates) -> Candidates:
        """Candidate pairs, and those of records with whom they may mean: masked names meet under no key of a rule."""
        count = len(self._codes)
        records = np.argsort(self._codes, kind="stable")
        starts = np.searchsorted(self._codes[records], np.arange(len(self._is_full) + 1))
        worth = self._meant.share >= _WORTH
        pairs = [found.left.astype(np.int64) * count + found.right]
        for name, full in zip(self._meant.name[worth], self._meant.full[worth], strict=True):
            one, other = (records[starts[value] : starts[value + 1]] for value in (name, full))
            a, b = np.repeat(one, len(other)), np.tile(other, len(one))
            pairs.append(np.minimum(a, b) * count + np.maximum(a, b))
        every, first = np.unique(np.concatenate(pairs), return_index=True)
        # No rule gave those that were not found.
        rules = np.zeros(len(every), np.int64)
        was = first < len(found.rules)
        rules[was] = found.rules[first[was]]
        left, right = (side.astype(np.int32) for side in divmod(every, count))
        return Candidates(left, right, rules, found.disarmed)

    def log_odds(self, left: Rows, right: Rows, otherwise: Real) -> Real:
        """Of each pair of records, that they are one person; otherwise: what their two names say of it alone."""
        a, b = self._codes[left], self._codes[right]
        by_names = _probability(otherwise)
        told = by_names.copy()
        named = (a >= 0) & (b >= 0)
        is_full = self._is_full
        neither = named & ~is_full[a] & ~is_full[b]
        mixed = named & (is_full[a] != is_full[b])
        name, full = np.where(is_full[a], b, a)[mixed], np.where(is_full[a], a, b)[mixed]
        equal = named & (a == b) & is_full[a]
        told[equal] = self._one_person[a[equal]]
        share = self._share(name, full)
        told[mixed] = np.where(share > 0, share * self._each[full], (1 - self._known[name]) * by_names[mixed])
        one, other = a[neither], b[neither]
        unknown = (1 - self._known[one]) * (1 - self._known[other])
        alone = np.where(one == other, self._one_person[one], by_names[neither])
        told[neither] = self._same(one, other) + unknown * alone
        told = np.clip(told, 1e-12, 1 - 1e-12)
        changed = np.abs(told - by_names) > 1e-12
        return np.where(changed, np.log(told / (1 - told)), otherwise)

    def _share(self, name: Rows, full: Rows) -> Real:
        wanted = name * len(self._is_full) + full
        at = np.minimum(np.searchsorted(self._keys, wanted), max(len(self._keys) - 1, 0))
        if not len(self._keys):
            return np.zeros(len(wanted))
        return np.where(self._keys[at] == wanted, self._meant.share[at], 0.0)

    def _same(self, one: Rows, other: Rows) -> Real:
        """That two names, neither in full characters, mean the same one, and one person."""
        pair, back = np.unique(one * len(self._is_full) + other, return_inverse=True)
        first, second = pair // len(self._is_full), pair % len(self._is_full)
        count = len(self._is_full)
        shape = (count, count)
        matrix = csr_matrix((self._meant.share, (self._meant.name, self._meant.full)), shape)
        found = np.asarray(matrix[first].multiply(matrix[second]) @ self._each).ravel()
        result: Real = found[back]
        return result


def _probability(log_odds: Real) -> Real:
    found: Real = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    return found
