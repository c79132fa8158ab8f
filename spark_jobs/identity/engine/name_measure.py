"""How far two whole names agree that are not equal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine import likeness, names, signs
from spark_jobs.identity.engine.coded import Coded
from spark_jobs.identity.engine.scale import NEAR, Levels, Rows
from spark_jobs.identity.engine.standardise import READINGS


def name(coded: Coded, a: Rows, b: Rows) -> Levels:
    """Two whole names, in characters or letters, cut, masked or clear."""
    left, right, bare = coded.values[a], coded.values[b], coded.facts["bare"]
    shorter = np.minimum(signs.lengths(coded)[a], signs.lengths(coded)[b])
    alike, masked = likeness.alike(left, right), signs.masked(coded)
    level = np.full(len(a), NEAR + 8, np.uint8)
    same = _meet(coded, "reading", READINGS, a, b)
    several = signs.several(coded)
    for at in np.flatnonzero(~same & (several[a] | several[b])):
        same[at] = bool(names.readings(left[at]) & names.readings(right[at]))
    head = coded.facts["head"]
    surname = (head[a] == head[b]) & (head[a] >= 0)
    level[surname] = NEAR + 7
    shared = _share_a_word(coded, a, b, alike)
    level[shared] = NEAR + 6
    level[(alike >= 0.88) | _cut(coded, a, b, alike) | _contain(coded, a, b, shared)] = NEAR + 3
    # Of a Chinese name of up to four characters one edit is another given name.
    long = np.flatnonzero(shorter > np.where(signs.hanzi(coded)[a], signs.MOST_HAN_SIGNS, 2))
    level[long[likeness.edits(left[long], right[long], 1) <= 1]] = NEAR + 2
    # Two names in characters meet by their own readings; the looser ones are for those of which one is spelt in letters.
    spelt = np.flatnonzero(~(signs.hanzi(coded)[a] & signs.hanzi(coded)[b]))
    level[spelt[_meet(coded, "loose", names.LOOSE, a[spelt], b[spelt])]] = NEAR + 1
    # The same words in another order are the same name, too.
    level[same | (bare[a] == bare[b])] = NEAR
    short, full = signs.abbreviated(coded), signs.hanzi(coded) & ~masked
    for at in np.flatnonzero((short[a] & full[b]) | (full[a] & short[b])):
        if names.abbreviates(left[at], right[at]):
            level[at] = NEAR + 4
    shown, first = signs.shown(coded), signs.first_signs(coded, signs.MOST_HAN_SIGNS)[:, 0]
    hidden = masked[a] | masked[b]
    level[hidden] = NEAR + 8
    # Most of them do not even begin alike; in letters, that is not seen at once.
    alike_first = (first[a] == first[b]) | (first[a] == ord("*")) | (first[b] == ord("*"))
    for at in np.flatnonzero(hidden & (alike_first | ~signs.hanzi(coded)[a] | ~signs.hanzi(coded)[b])):
        if _unmasks(left[at], right[at]):
            level[at] = NEAR + 4 if shown[a[at]] and shown[b[at]] else NEAR + 5
    return level


def _meet(coded: Coded, fact: str, count: int, a: Rows, b: Rows) -> npt.NDArray[np.bool_]:
    """Whether any of the numbered facts of one value is one of the other's."""
    met = np.zeros(len(a), bool)
    for i in range(count):
        one = coded.facts[f"{fact}_{i}"][a]
        for j in range(count):
            met |= (one == coded.facts[f"{fact}_{j}"][b]) & (one >= 0)
    return met


def _share_a_word(coded: Coded, a: Rows, b: Rows, alike: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    shared, short = np.zeros(len(a), bool), signs.is_short_han(coded)
    near = alike > 0.4
    at = np.flatnonzero(near & short[a] & short[b])
    shared[at] = (
        _common_signs(
            signs.first_signs(coded, signs.MOST_HAN_SIGNS)[a[at]],
            signs.first_signs(coded, signs.MOST_HAN_SIGNS)[b[at]],
        )
        > 1
    )
    for place in np.flatnonzero(near & ~(short[a] & short[b])):
        x, y = coded.values[a[place]], coded.values[b[place]]
        if " " in x or " " in y:
            shared[place] = bool(set(x.split()) & set(y.split()))
        else:
            shared[place] = len(set(x) & set(y)) > 1 and not x.isascii()
    return shared


def _contain(coded: Coded, a: Rows, b: Rows, shared: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether all words of one name, two at least, are among the other's: Alan Tong Ho Wai and Tong Ho Wai. shared: pairs that share a word."""
    contain, short = np.zeros(len(a), bool), signs.is_short_han(coded)
    for place in np.flatnonzero(shared & ~(short[a] & short[b])):
        one, other = set(coded.values[a[place]].split()), set(coded.values[b[place]].split())
        contain[place] = min(len(one), len(other)) > 1 and (one <= other or other <= one)
    return contain


def _common_signs(one: Rows, other: Rows) -> npt.NDArray[np.int64]:
    """How many different signs two short texts have in common."""
    found = np.zeros(len(one), np.int64)
    for i in range(one.shape[1]):
        sign = one[:, i : i + 1]
        found += (sign[:, 0] > 0) & (sign == other).any(axis=1) & ~(sign == one[:, :i]).any(axis=1)
    return found


def _cut(coded: Coded, a: Rows, b: Rows, alike: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    cut, length = np.zeros(len(a), bool), signs.lengths(coded)
    for at in np.flatnonzero((alike >= 0.7) & (length[a] != length[b])):
        x, y = sorted((coded.values[a[at]], coded.values[b[at]]), key=len)
        cut[at] = len(x) > (2 if x.isascii() else 1) and y.startswith(x)
    return cut


def _unmasks(one: str, other: str) -> bool:
    """Whether a masked name may be another: sign by sign; of a long name one star may hide all that is between; by reading where that is in letters."""
    masked, clear = (one, other) if "*" in one else (other, one)
    if clear.isascii() and "*" not in clear and not masked.isascii():
        return names.unmasks_spelt(masked, clear)
    if len(masked) == len(clear):
        return all(m == c or "*" in (m, c) for m, c in zip(masked, clear, strict=True))
    before, star, behind = masked.partition("*")
    is_long = len(clear) > signs.MOST_HAN_SIGNS and "*" not in behind and len(masked) < len(clear)
    return is_long and bool(star) and clear.startswith(before) and clear.endswith(behind)
