"""How far two values of a kind of field agree that are not equal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel

from spark_jobs.identity.engine import likeness, names, signs
from spark_jobs.identity.engine.coded import Coded
from spark_jobs.identity.engine.scale import NEAR, Levels, Rows, bands

# Of a phone number with its country; longer ones are compared sign by sign.
_MOST_DIGITS = 16


def given(coded: Coded, a: Rows, b: Rows) -> Levels:
    """As other parts of a name, but what stands behind the first given name is often left out, or a letter: elliot m is elliot and elliot mark."""
    level = part(coded, a, b)
    first, several = coded.facts["first"], coded.facts["initials"] != coded.facts["head"]
    common = np.maximum(bands(coded)[a], bands(coded)[b])
    for at in np.flatnonzero((first[a] == first[b]) & (several[a] | several[b])):
        one, other = coded.values[a[at]].split(" "), coded.values[b[at]].split(" ")
        level[at] = (
            max((_second(x, y) for x, y in zip(one[1:], other[1:], strict=False)), default=0) or common[at]
        )
    # Two people who hold an account together are neither of them, and a firm is nobody.
    joint, firm = coded.facts["joint"], coded.facts["firm"]
    for at in np.flatnonzero(joint[a] & joint[b]):
        one, other = (set(coded.values[x[at]].split(names.JOINT)) - {""} for x in (a, b))
        level[at] = NEAR + 2 if one & other else NEAR + 6
    level[(joint[a] != joint[b]) | (firm[a] != firm[b])] = NEAR + 6
    return level


def _second(one: str, other: str) -> int:
    """Level of two names behind one first name; 0 where they are equal, or one is a letter of the other. Another one is another person's, mostly."""
    if one.startswith(other) or other.startswith(one):
        return 0
    return NEAR if OSA.distance(one, other, score_cutoff=1) <= 1 < min(len(one), len(other)) else NEAR + 7


def part(coded: Coded, a: Rows, b: Rows) -> Levels:
    """A given name, its first one at least, or a surname."""
    left, right = coded.values[a], coded.values[b]
    shorter = np.minimum(signs.lengths(coded)[a], signs.lengths(coded)[b])
    edits, alike = likeness.edits(left, right), likeness.alike(left, right)
    begins = np.zeros(len(a), bool)
    near = np.flatnonzero((shorter == 1) | (alike >= 0.7))
    begins[near] = [x.startswith(y) or y.startswith(x) for x, y in zip(left[near], right[near], strict=True)]
    nicknamed = coded.facts["nickname"]
    called = (nicknamed[a] == nicknamed[b]) & (nicknamed[a] >= 0)
    # What is mistyped is rare: two names that others bear, too, are more often two people's, such as twins', than one that was garbled.
    in_use = np.minimum(bands(coded)[a], bands(coded)[b]) > 1
    return np.select(
        [(edits <= 1) & (shorter > 2), begins, (alike >= 0.88) | called, alike >= 0.75],
        [NEAR, NEAR + 1, NEAR + 2, NEAR + 4],
        np.where(in_use, NEAR + 6, NEAR + 5),
    ).astype(np.uint8)


def text(coded: Coded, a: Rows, b: Rows) -> Levels:
    """An address, or anything else in words."""
    left, right = coded.values[a], coded.values[b]
    edits = likeness.edits(left, right)
    alike = np.maximum(
        likeness.alike(left, right),
        process.cpdist(left, right, scorer=Indel.normalized_similarity, dtype=np.float32),
    )
    shorter = np.minimum(signs.lengths(coded)[a], signs.lengths(coded)[b])
    inside = np.array([x in y or y in x for x, y in zip(left, right, strict=True)], bool)
    # Another number is another house, however alike the words around it; a number alone may have been mistyped. An address that stands
    # whole in a longer one (street alone, street with town and postcode) has its own number there, too.
    number = coded.facts["number"]
    elsewhere = (number[a] != number[b]) & (number[a] >= 0) & (number[b] >= 0)
    at = np.flatnonzero(elsewhere & inside)
    elsewhere[at] = [
        f" {x} " not in f" {y} " and f" {y} " not in f" {x} "
        for x, y in zip(left[at], right[at], strict=True)
    ]
    return np.select(
        [
            ~elsewhere & (edits <= 1),
            ~elsewhere & ((alike >= 0.88) | (inside & (shorter > 5))),
            inside | (alike >= 0.75),
        ],
        [NEAR, NEAR + 1, NEAR + 2],
        NEAR + 3,
    ).astype(np.uint8)


def code(coded: Coded, a: Rows, b: Rows) -> Levels:
    """A postcode, a sex, a generation."""
    return np.where(likeness.edits(coded.values[a], coded.values[b], 1) <= 1, NEAR, NEAR + 1).astype(np.uint8)


def email(coded: Coded, a: Rows, b: Rows) -> Levels:
    """Two addresses."""
    left, right, local = coded.values[a], coded.values[b], coded.facts["local"]
    edits, alike = likeness.edits(left, right), likeness.alike(left, right)
    # Addresses are made of names, and namesakes told apart by numbers: another number is another address.
    number = coded.facts["number"]
    fits = number[a] == number[b]
    return np.select(
        [local[a] == local[b], fits & (edits <= 1), fits & (alike >= 0.92)],
        [NEAR, NEAR + 1, NEAR + 2],
        NEAR + 3,
    ).astype(np.uint8)


def number(coded: Coded, a: Rows, b: Rows) -> Levels:
    """Two certificates."""
    family = coded.facts["family"]
    two = (family[a] >= 0) & (family[a] == family[b])
    # What is said of two valid numbers does not depend on how much they differ.
    edits, others = np.zeros(len(a), np.int32), np.flatnonzero(~two)
    edits[others] = likeness.edits(coded.values[a[others]], coded.values[b[others]])
    level = np.select([two, edits <= 1, edits <= 2], [NEAR + 4, NEAR, NEAR + 1], NEAR + 3).astype(np.uint8)
    for at in np.flatnonzero(signs.masked(coded)[a] | signs.masked(coded)[b]):
        level[at] = NEAR + 2 if _ends_fit(coded.values[a[at]], coded.values[b[at]]) else NEAR + 3
    return level


def _ends_fit(one: str, other: str) -> bool:
    """Whether two numbers, one or both masked, may be one: what both show before and behind the stars agrees, and is four signs at least."""
    pairs = [
        (one.partition("*")[0], other.partition("*")[0]),
        (one.rpartition("*")[2][::-1], other.rpartition("*")[2][::-1]),
    ]
    shared = [min(len(x), len(y)) for x, y in pairs]
    return sum(shared) >= 4 and all(x[:n] == y[:n] for (x, y), n in zip(pairs, shared, strict=True))


def phone(coded: Coded, a: Rows, b: Rows) -> Levels:
    """Two numbers, one of them masked or not."""
    left, right, end = coded.values[a], coded.values[b], coded.facts["end"]
    fits, masked = np.zeros(len(a), bool), signs.masked(coded)[a] | signs.masked(coded)[b]
    for at in np.flatnonzero((end[a] == end[b]) & masked):
        fits[at] = _fits(left[at], right[at])
    one_digit = ~masked & _is_one_edit(coded, a, b)
    return np.select([fits, one_digit], [NEAR, NEAR + 1], NEAR + 2).astype(np.uint8)


def _is_one_edit(coded: Coded, a: Rows, b: Rows) -> npt.NDArray[np.bool_]:
    """Whether one edit makes one number of the other: of numbers of one length, one digit, or two neighbours that changed places."""
    length, found = signs.lengths(coded), np.zeros(len(a), bool)
    alike = (length[a] == length[b]) & (length[a] <= _MOST_DIGITS)
    at = np.flatnonzero(alike)
    one, other = signs.first_signs(coded, _MOST_DIGITS)[a[at]], signs.first_signs(coded, _MOST_DIGITS)[b[at]]
    wrong = (one != other).sum(axis=1)
    found[at] = (wrong == 1) | ((wrong == 2) & _turned(one, other))
    at = np.flatnonzero(~alike & (np.abs(length[a] - length[b]) <= 1))
    found[at] = likeness.edits(coded.values[a[at]], coded.values[b[at]], 1) <= 1
    return found


def _turned(one: Rows, other: Rows) -> npt.NDArray[np.bool_]:
    """Whether two neighbouring signs that differ changed places, in one of the rows each."""
    crossed = (one[:, :-1] == other[:, 1:]) & (one[:, 1:] == other[:, :-1]) & (one[:, :-1] != other[:, :-1])
    found: npt.NDArray[np.bool_] = crossed.any(axis=1)
    return found


def _fits(one: str, other: str) -> bool:
    """Whether two numbers, one of them masked, may be one: what stands before and behind the stars agrees."""
    one, other = one.removeprefix("+86"), other.removeprefix("+86")
    before = min(len(one.split("*")[0]), len(other.split("*")[0]))
    return one[:before] == other[:before] and one[-4:] == other[-4:]


def date(coded: Coded, a: Rows, b: Rows) -> Levels:
    """Two days, as eight digits."""
    if "digits" not in coded.facts:
        coded.facts["digits"] = np.array([[ord(c) for c in v] for v in coded.values], np.uint8)
    one, other = coded.facts["digits"][a], coded.facts["digits"][b]
    differ = one != other
    wrong = differ.sum(axis=1)
    # Two neighbouring digits that changed places count as one that is wrong.
    turned = _turned(one, other) & (wrong == 2)
    crossed = (one[:, 4:6] == other[:, 6:8]).all(axis=1) & (one[:, 6:8] == other[:, 4:6]).all(axis=1)
    year, month, day = (~differ[:, p].any(axis=1) for p in (slice(0, 4), slice(4, 6), slice(6, 8)))
    unknown = (one[:, 6:] == ord("0")).all(axis=1) | (other[:, 6:] == ord("0")).all(axis=1)
    # 1979-04 fits 1979-04-12, not 1979-09-27; 1979 fits both.
    no_month = (one[:, 4:6] == ord("0")).all(axis=1) | (other[:, 4:6] == ord("0")).all(axis=1)
    two = ~unknown & ((year.astype(int) + month + day) == 2)
    return np.select(
        [unknown & year & (month | no_month), crossed & year, (wrong == 1) | turned, two, year],
        [NEAR + 3, NEAR, NEAR + 1, NEAR + 2, NEAR + 4],
        NEAR + 5,
    ).astype(np.uint8)
