"""What comparison asks of the signs of a value, noted once for each distinct value."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine import names
from spark_jobs.identity.engine.coded import Coded
from spark_jobs.identity.engine.standardise import READINGS, Field

# A Chinese name that is longer is written with a dot between its parts; masked, it is often cut to three signs.
MOST_HAN_SIGNS = 4
# A word of one letter, or of no vowel, beside another.
_INITIALS = re.compile("[a-z]{2,} ([a-z]|[^aeiouv ]{2,3})|([a-z]|[^aeiouv ]{2,3}) [a-z]{2,}", re.ASCII)


def lengths(coded: Coded) -> npt.NDArray[np.int64]:
    """Signs of each value."""
    if "length" not in coded.facts:
        coded.facts["length"] = np.array([len(v) for v in coded.values], np.int64)
    return coded.facts["length"]


def masked(coded: Coded) -> npt.NDArray[np.bool_]:
    """Whether a star hides a part of it."""
    if "masked" not in coded.facts:
        coded.facts["masked"] = np.array(["*" in v for v in coded.values], bool)
    return coded.facts["masked"]


def abbreviated(coded: Coded) -> npt.NDArray[np.bool_]:
    """Names in letters that may be a surname and the initials of a given name: wang nx."""
    if "abbreviated" not in coded.facts:
        found = [_INITIALS.fullmatch(v) is not None for v in coded.values]
        coded.facts["abbreviated"] = np.array(found, bool)
    return coded.facts["abbreviated"]


def shown(coded: Coded) -> npt.NDArray[np.bool_]:
    """Whether two signs of a name are seen, at least: of 王*明, not of 王**."""
    if "shown" not in coded.facts:
        coded.facts["shown"] = np.array([len(v) - v.count("*") > 1 for v in coded.values], bool)
    return coded.facts["shown"]


def first_signs(coded: Coded, most: int) -> npt.NDArray[np.uint32]:
    """Values × most: the signs of each value, 0 behind its end."""
    name = f"signs_{most}"
    if name not in coded.facts:
        texts = np.array([v[:most] for v in coded.values], f"U{most}")
        coded.facts[name] = texts.view(np.uint32).reshape(len(texts), most)
    return coded.facts[name]


def hanzi(coded: Coded) -> npt.NDArray[np.bool_]:
    """Whether it has a Chinese character."""
    if "hanzi" not in coded.facts:
        coded.facts["hanzi"] = np.array([names.has_hanzi(v) for v in coded.values], bool)
    return coded.facts["hanzi"]


def is_short_han(coded: Coded) -> npt.NDArray[np.bool_]:
    """Names of at most four signs, one of them no ASCII, without spaces: most Chinese names."""
    if "short_han" not in coded.facts:
        found = [len(v) <= MOST_HAN_SIGNS and not v.isascii() and " " not in v for v in coded.values]
        coded.facts["short_han"] = np.array(found, bool)
    return coded.facts["short_han"]


def several(coded: Coded) -> npt.NDArray[np.bool_]:
    """Whether a name has more readings than blocking uses."""
    if "several" not in coded.facts:
        found = [len(names.readings(v)) > READINGS for v in coded.values]
        coded.facts["several"] = np.array(found, bool)
    return coded.facts["several"]


def note_signs(field: Field) -> None:
    """Notes what comparison asks of each value's signs, so that it can be kept beside them."""
    asked = {"name": (masked, abbreviated, shown, hanzi, is_short_han, several), "phone": (masked,), "number": (masked,)}  # fmt: skip
    for note in asked.get(field.kind, ()):
        note(field.coded)
