"""Comparison: how far two records agree in a field, as a small number. Distinct pairs of values are compared once.

Every kind of field has its levels, strongest first. Level 0 is "not comparable" (a value is missing) and speaks for nothing. Levels 1 to
BANDS are equal values, from rare to common ones: that two people are both called 李伟 says little, and how little is learned like any other level.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA, Indel, JaroWinkler

from spark_jobs.identity.engine import names
from spark_jobs.identity.engine.coded import MISSING, Coded, Text
from spark_jobs.identity.engine.standardise import READINGS, Field

Levels = npt.NDArray[np.uint8]
Rows = npt.NDArray[Any]
# Equal values by how many records have them: bands of equal width on the logarithm. Near levels start behind them.
BANDS = 6
NEAR = BANDS + 1
_EQUAL = tuple(f"equal, {band} of {BANDS} from rare to common" for band in range(1, BANDS + 1))
LABELS: dict[str, tuple[str, ...]] = {
    "part": ("missing", *_EQUAL, "one edit", "one begins the other", "alike", "given name and surname crossed", "a little alike", "else", "two names in use", "another second name"),
    "name": ("missing", *_EQUAL, "same reading", "same loose reading", "one edit", "cut or alike", "masked in part", "masked", "a word or two characters", "same surname", "else"),
    "date": ("missing", *_EQUAL, "day and month crossed", "one digit", "two of three parts", "a part unknown", "same year", "else"),
    "number": ("missing", *_EQUAL, "one edit", "two edits", "masked, fits", "else", "both valid, not one"),
    "phone": ("missing", *_EQUAL, "masked, fits", "one digit", "else"),
    "email": ("missing", *_EQUAL, "name equal", "one edit", "alike", "else"),
    "text": ("missing", *_EQUAL, "one edit", "alike", "a little alike or one in the other", "else"),
    "code": ("missing", *_EQUAL, "one edit", "else"),
}  # fmt: skip
WIDTH = 4
_CROSSED = NEAR + 3
# Of two values of which one is masked, when they fit.
_MASKED = {"name": NEAR + 5, "phone": NEAR, "number": NEAR + 2}
# A Chinese name that is longer is written with a dot between its parts; masked, it is often cut to three signs.
_MOST_HAN_SIGNS = 4
# A word of one letter, or of no vowel, beside another.
_INITIALS = re.compile("[a-z]{2,} ([a-z]|[^aeiouv ]{2,3})|([a-z]|[^aeiouv ]{2,3}) [a-z]{2,}", re.ASCII)
# Of a phone number with its country; longer ones are compared sign by sign.
_MOST_DIGITS = 16


def bands(coded: Coded) -> npt.NDArray[np.uint8]:
    """Level of two equal values, per distinct value: 1 rare … BANDS common, by equal steps of the logarithm of how many records have it.

    Where values were told how frequent they are (form.py), that; not how many records have them here.
    """
    if "band" in coded.facts:
        return coded.facts["band"].copy()
    counts = np.maximum(coded.counts(), 2)
    low, high = np.log(2.0), np.log(max(int(counts.max(initial=2)), 2))
    steps = np.zeros(len(counts)) if high - low < 1 else (np.log(counts) - low) / (high - low) * BANDS
    return (1 + np.clip(steps.astype(np.int64), 0, BANDS - 1)).astype(np.uint8)


def compared(fields: Sequence[Field], left: Rows, right: Rows) -> npt.NDArray[np.int64]:
    """Pattern of each pair of records: the level of field i in bits 4i to 4i+3."""
    pattern = np.zeros(len(left), np.int64)
    for at, field in enumerate(fields):
        level = field_levels(field, left, right)
        pattern |= level.astype(np.int64) << (WIDTH * at)
    return pattern


def unpacked(patterns: npt.NDArray[np.int64], width: int) -> Levels:
    """Patterns × fields of packed patterns."""
    return ((patterns[:, None] >> (WIDTH * np.arange(width))) & 15).astype(np.uint8)


def field_levels(field: Field, left: Rows, right: Rows) -> Levels:
    """Level of each pair of records in one field; of several columns the best."""
    coded, measure = field.coded, _MEASURES[field.kind]
    equal = _equal_levels(field)
    if field.kind == "part":
        own = int(field.name == "surname")
        return _part_levels(coded, equal, left, right, own)
    best, masked = np.zeros(len(left), np.uint8), np.zeros(len(left), np.uint8)
    for i in range(coded.codes.shape[1]):
        for j in range(coded.codes.shape[1]):
            a, b = coded.codes[left, i], coded.codes[right, j]
            level = _levels_of(coded, equal, a, b, measure)
            if coded.of_name is not None:
                level[(level == NEAR) & coded.of_name[left, i] & coded.of_name[right, j]] = 0
            if field.kind == "name" and coded.codes.shape[1] > 1:
                # Who is known by a clear name, too, is not told by a masked one: most people's fit many others'.
                hidden = (level > 0) & (_masked(coded)[a] | _masked(coded)[b])
                masked = np.where(hidden & ((masked == 0) | (level < masked)), level, masked)
                level[hidden] = 0
            # Two valid numbers that differ speak louder than others that differ; any better level speaks louder than both.
            best = np.where((best == 0) | ((level > 0) & (level < best)), level, best)
    return np.where(best == 0, masked, best)


def _equal_levels(field: Field) -> Levels:
    """Level of two equal values, per distinct value."""
    coded = field.coded
    if "equal" not in coded.facts:
        equal = bands(coded)
        # 李*明 is 李*明 says that the masks fit, not that the names are equal; so do masked numbers, and dates of which a part is not known.
        if field.kind in _MASKED:
            equal[_masked(coded)] = _MASKED[field.kind]
        if field.kind == "name":
            equal[_masked(coded) & _shown(coded)] = NEAR + 4
        if field.kind == "date":
            equal[[v.endswith("00") for v in coded.values]] = NEAR + 3
        coded.facts["equal"] = equal
    return coded.facts["equal"]


def _part_levels(coded: Coded, equal: Levels, left: Rows, right: Rows, own: int) -> Levels:
    """A given name or a surname. Names in each other's column, or one of them, count as crossed for the surname only."""
    straight = [
        _levels_of(coded, equal, coded.codes[left, c], coded.codes[right, c], measure)
        for c, measure in enumerate((_given, _part))
    ]
    given_a, surname_a = coded.codes[left, 0], coded.codes[left, 1]
    given_b, surname_b = coded.codes[right, 0], coded.codes[right, 1]
    one = (given_a == surname_b) & (given_a >= 0)
    other = (surname_a == given_b) & (surname_a >= 0)
    far = ((straight[0] == 0) | (straight[0] > _CROSSED)) & ((straight[1] == 0) | (straight[1] > _CROSSED))
    level = straight[own]
    # Where several surnames stand before several given names, nobody sees where they part: the same words in another order count as crossed.
    both = far & ((one & other) | _same_words(coded, left, right, far))
    # How common the names are counts in either column: the given name's band, and the crossing itself for the surname.
    level[both] = _CROSSED if own else np.maximum(equal[given_a[both]], equal[surname_a[both]])
    level[far & ~both & (one ^ other)] = _CROSSED if own else 0
    return level


def words_of(coded: Coded, rows: Rows) -> npt.NDArray[np.int64]:
    """What a name of two words or more is made of, whatever their order, as a number per record; MISSING where a part is missing."""
    given, surname = coded.codes[rows, 0], coded.codes[rows, 1]
    if not len(coded.values):
        return np.full(len(rows), MISSING, np.int64)
    words, many = coded.facts["words"], coded.facts["many"]
    with np.errstate(over="ignore"):
        total = (words[given] + words[surname]) & np.int64(2**63 - 1)
    return np.where((given >= 0) & (surname >= 0) & (many[given] + many[surname] > 1), total, MISSING)


def _same_words(coded: Coded, left: Rows, right: Rows, among: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    found, at = np.zeros(len(left), bool), np.flatnonzero(among)
    one = words_of(coded, left[at])
    found[at] = (one == words_of(coded, right[at])) & (one != MISSING)
    return found


def _levels_of(
    coded: Coded, equal: Levels, a: Rows, b: Rows, measure: Callable[[Coded, Rows, Rows], Levels]
) -> Levels:
    level = np.zeros(len(a), np.uint8)
    both = (a != MISSING) & (b != MISSING)
    same = both & (a == b)
    level[same] = equal[a[same]]
    differ = np.flatnonzero(both & ~same)
    if len(differ):
        low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
        pairs = low.astype(np.int64) * len(coded.values) + high
        back, distinct = pd.factorize(pairs)
        first = (distinct // len(coded.values)).astype(np.int32)
        second = (distinct % len(coded.values)).astype(np.int32)
        level[differ] = measure(coded, first, second)[back]
    return level


def _edits(a: Text, b: Text, most: int = 2) -> npt.NDArray[np.int32]:
    found: npt.NDArray[np.int32] = process.cpdist(
        a, b, scorer=OSA.distance, score_cutoff=most, dtype=np.int32
    )
    return found


def _alike(a: Text, b: Text) -> npt.NDArray[np.float32]:
    found: npt.NDArray[np.float32] = process.cpdist(a, b, scorer=JaroWinkler.similarity, dtype=np.float32)
    return found


def _lengths(coded: Coded) -> npt.NDArray[np.int64]:
    if "length" not in coded.facts:
        coded.facts["length"] = np.array([len(v) for v in coded.values], np.int64)
    return coded.facts["length"]


def _masked(coded: Coded) -> npt.NDArray[np.bool_]:
    if "masked" not in coded.facts:
        coded.facts["masked"] = np.array(["*" in v for v in coded.values], bool)
    return coded.facts["masked"]


def _abbreviated(coded: Coded) -> npt.NDArray[np.bool_]:
    """Names in letters that may be a surname and the initials of a given name: wang nx."""
    if "abbreviated" not in coded.facts:
        found = [_INITIALS.fullmatch(v) is not None for v in coded.values]
        coded.facts["abbreviated"] = np.array(found, bool)
    return coded.facts["abbreviated"]


def _shown(coded: Coded) -> npt.NDArray[np.bool_]:
    """Whether two signs of a name are seen, at least: of 王*明, not of 王**."""
    if "shown" not in coded.facts:
        coded.facts["shown"] = np.array([len(v) - v.count("*") > 1 for v in coded.values], bool)
    return coded.facts["shown"]


def _signs(coded: Coded, most: int) -> npt.NDArray[np.uint32]:
    """Values × most: the signs of each value, 0 behind its end."""
    name = f"signs_{most}"
    if name not in coded.facts:
        texts = np.array([v[:most] for v in coded.values], f"U{most}")
        coded.facts[name] = texts.view(np.uint32).reshape(len(texts), most)
    return coded.facts[name]


def _hanzi(coded: Coded) -> npt.NDArray[np.bool_]:
    if "hanzi" not in coded.facts:
        coded.facts["hanzi"] = np.array([names.has_hanzi(v) for v in coded.values], bool)
    return coded.facts["hanzi"]


def _several(coded: Coded) -> npt.NDArray[np.bool_]:
    """Whether a name has more readings than blocking uses."""
    if "several" not in coded.facts:
        found = [len(names.readings(v)) > READINGS for v in coded.values]
        coded.facts["several"] = np.array(found, bool)
    return coded.facts["several"]


def note_signs(field: Field) -> None:
    """Notes what comparison asks of each value's signs, so that it can be kept beside them."""
    asked = {"name": (_masked, _abbreviated, _shown, _hanzi, _is_short_han, _several), "phone": (_masked,), "number": (_masked,)}  # fmt: skip
    for note in asked.get(field.kind, ()):
        note(field.coded)


def _given(coded: Coded, a: Rows, b: Rows) -> Levels:
    """As other parts of a name, but what stands behind the first given name is often left out, or a letter: elliot m is elliot and elliot mark."""
    level = _part(coded, a, b)
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


def _part(coded: Coded, a: Rows, b: Rows) -> Levels:
    left, right = coded.values[a], coded.values[b]
    shorter = np.minimum(_lengths(coded)[a], _lengths(coded)[b])
    edits, alike = _edits(left, right), _alike(left, right)
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


def _text(coded: Coded, a: Rows, b: Rows) -> Levels:
    left, right = coded.values[a], coded.values[b]
    edits = _edits(left, right)
    alike = np.maximum(
        _alike(left, right), process.cpdist(left, right, scorer=Indel.normalized_similarity, dtype=np.float32)
    )
    shorter = np.minimum(_lengths(coded)[a], _lengths(coded)[b])
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


def _code(coded: Coded, a: Rows, b: Rows) -> Levels:
    return np.where(_edits(coded.values[a], coded.values[b], 1) <= 1, NEAR, NEAR + 1).astype(np.uint8)


def _email(coded: Coded, a: Rows, b: Rows) -> Levels:
    left, right, local = coded.values[a], coded.values[b], coded.facts["local"]
    edits, alike = _edits(left, right), _alike(left, right)
    # Addresses are made of names, and namesakes told apart by numbers: another number is another address.
    number = coded.facts["number"]
    fits = number[a] == number[b]
    return np.select(
        [local[a] == local[b], fits & (edits <= 1), fits & (alike >= 0.92)],
        [NEAR, NEAR + 1, NEAR + 2],
        NEAR + 3,
    ).astype(np.uint8)


def _number(coded: Coded, a: Rows, b: Rows) -> Levels:
    family = coded.facts["family"]
    two = (family[a] >= 0) & (family[a] == family[b])
    # What is said of two valid numbers does not depend on how much they differ.
    edits, others = np.zeros(len(a), np.int32), np.flatnonzero(~two)
    edits[others] = _edits(coded.values[a[others]], coded.values[b[others]])
    level = np.select([two, edits <= 1, edits <= 2], [NEAR + 4, NEAR, NEAR + 1], NEAR + 3).astype(np.uint8)
    for at in np.flatnonzero(_masked(coded)[a] | _masked(coded)[b]):
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


def _phone(coded: Coded, a: Rows, b: Rows) -> Levels:
    left, right, end = coded.values[a], coded.values[b], coded.facts["end"]
    fits, masked = np.zeros(len(a), bool), _masked(coded)[a] | _masked(coded)[b]
    for at in np.flatnonzero((end[a] == end[b]) & masked):
        fits[at] = _fits(left[at], right[at])
    one_digit = ~masked & _is_one_edit(coded, a, b)
    return np.select([fits, one_digit], [NEAR, NEAR + 1], NEAR + 2).astype(np.uint8)


def _is_one_edit(coded: Coded, a: Rows, b: Rows) -> npt.NDArray[np.bool_]:
    """Whether one edit makes one number of the other: of numbers of one length, one digit, or two neighbours that changed places."""
    length, found = _lengths(coded), np.zeros(len(a), bool)
    alike = (length[a] == length[b]) & (length[a] <= _MOST_DIGITS)
    at = np.flatnonzero(alike)
    one, other = _signs(coded, _MOST_DIGITS)[a[at]], _signs(coded, _MOST_DIGITS)[b[at]]
    wrong = (one != other).sum(axis=1)
    found[at] = (wrong == 1) | ((wrong == 2) & _turned(one, other))
    at = np.flatnonzero(~alike & (np.abs(length[a] - length[b]) <= 1))
    found[at] = _edits(coded.values[a[at]], coded.values[b[at]], 1) <= 1
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


def _date(coded: Coded, a: Rows, b: Rows) -> Levels:
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


def _name(coded: Coded, a: Rows, b: Rows) -> Levels:
    left, right, bare = coded.values[a], coded.values[b], coded.facts["bare"]
    shorter = np.minimum(_lengths(coded)[a], _lengths(coded)[b])
    alike, masked = _alike(left, right), _masked(coded)
    level = np.full(len(a), NEAR + 8, np.uint8)
    same = _meet(coded, "reading", READINGS, a, b)
    several = _several(coded)
    for at in np.flatnonzero(~same & (several[a] | several[b])):
        same[at] = bool(names.readings(left[at]) & names.readings(right[at]))
    head = coded.facts["head"]
    surname = (head[a] == head[b]) & (head[a] >= 0)
    level[surname] = NEAR + 7
    level[_share_a_word(coded, a, b, alike)] = NEAR + 6
    level[(alike >= 0.88) | _cut(coded, a, b, alike)] = NEAR + 3
    # Of a Chinese name of up to four characters one edit is another given name.
    long = np.flatnonzero(shorter > np.where(_hanzi(coded)[a], _MOST_HAN_SIGNS, 2))
    level[long[_edits(left[long], right[long], 1) <= 1]] = NEAR + 2
    # Two names in characters meet by their own readings; the looser ones are for those of which one is spelt in letters.
    spelt = np.flatnonzero(~(_hanzi(coded)[a] & _hanzi(coded)[b]))
    level[spelt[_meet(coded, "loose", names.LOOSE, a[spelt], b[spelt])]] = NEAR + 1
    # The same words in another order are the same name, too.
    level[same | (bare[a] == bare[b])] = NEAR
    short, full = _abbreviated(coded), _hanzi(coded) & ~masked
    for at in np.flatnonzero((short[a] & full[b]) | (full[a] & short[b])):
        if names.abbreviates(left[at], right[at]):
            level[at] = NEAR + 4
    shown, first = _shown(coded), _signs(coded, _MOST_HAN_SIGNS)[:, 0]
    hidden = masked[a] | masked[b]
    level[hidden] = NEAR + 8
    # Most of them do not even begin alike; in letters, that is not seen at once.
    alike_first = (first[a] == first[b]) | (first[a] == ord("*")) | (first[b] == ord("*"))
    for at in np.flatnonzero(hidden & (alike_first | ~_hanzi(coded)[a] | ~_hanzi(coded)[b])):
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
    shared, short = np.zeros(len(a), bool), _is_short_han(coded)
    near = alike > 0.4
    at = np.flatnonzero(near & short[a] & short[b])
    shared[at] = (
        _common_signs(_signs(coded, _MOST_HAN_SIGNS)[a[at]], _signs(coded, _MOST_HAN_SIGNS)[b[at]]) > 1
    )
    for place in np.flatnonzero(near & ~(short[a] & short[b])):
        x, y = coded.values[a[place]], coded.values[b[place]]
        if " " in x or " " in y:
            shared[place] = bool(set(x.split()) & set(y.split()))
        else:
            shared[place] = len(set(x) & set(y)) > 1 and not x.isascii()
    return shared


def _is_short_han(coded: Coded) -> npt.NDArray[np.bool_]:
    """Names of at most four signs, one of them no ASCII, without spaces: most Chinese names."""
    if "short_han" not in coded.facts:
        found = [len(v) <= _MOST_HAN_SIGNS and not v.isascii() and " " not in v for v in coded.values]
        coded.facts["short_han"] = np.array(found, bool)
    return coded.facts["short_han"]


def _common_signs(one: Rows, other: Rows) -> npt.NDArray[np.int64]:
    """How many different signs two short texts have in common."""
    found = np.zeros(len(one), np.int64)
    for i in range(one.shape[1]):
        sign = one[:, i : i + 1]
        found += (sign[:, 0] > 0) & (sign == other).any(axis=1) & ~(sign == one[:, :i]).any(axis=1)
    return found


def _cut(coded: Coded, a: Rows, b: Rows, alike: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    cut, length = np.zeros(len(a), bool), _lengths(coded)
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
    is_long = len(clear) > _MOST_HAN_SIGNS and "*" not in behind and len(masked) < len(clear)
    return is_long and bool(star) and clear.startswith(before) and clear.endswith(behind)


_MEASURES: dict[str, Callable[[Coded, Rows, Rows], Levels]] = {
    "part": _part, "name": _name, "date": _date, "number": _number, "phone": _phone, "email": _email, "text": _text, "code": _code
}  # fmt: skip
