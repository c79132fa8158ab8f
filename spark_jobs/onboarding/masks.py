"""Shapes instead of values: what a person who writes a contract may see of a customer's data."""

from __future__ import annotations

import re
from collections import Counter

from spark_jobs.contracts.model import PrivacyClass

MOST_SIGNS = 24


def shape(text: str) -> str:
    """`99999****` of a value: digits 9, letters a and A, hanzi 字, other signs as they are; long runs are counted (`9{18}`)."""
    signs = "".join(_sign(c) for c in text[:200])
    short = re.sub(r"(.)\1{5,}", lambda run: f"{run[1]}{{{len(run[0])}}}", signs)
    return short if len(short) <= MOST_SIGNS else f"{short[:MOST_SIGNS]}…"


def _sign(character: str) -> str:
    if character.isdecimal():
        return "9"
    if character.isascii():
        return (
            "A"
            if character.isupper()
            else "a"
            if character.islower()
            else character
            if character.isprintable()
            else "?"
        )
    return "字" if ord(character) >= 0x2E80 else "a" if character.isalpha() else "·"


def masked(text: str, privacy: PrivacyClass | str) -> str:
    """The value where its class says nothing of a person, else its shape with the end starred."""
    if str(privacy) == PrivacyClass.C1:
        return text
    kept = shape(text[: max(1, min(5, len(text) // 2))])
    return kept + "*" * min(4, max(1, len(text) - 5)) if len(text) > 1 else "*"


def common_shapes(words: Counter[str], most: int = 2) -> list[str]:
    """The most frequent shapes of a column, most frequent first."""
    shapes: Counter[str] = Counter()
    for word, number in words.items():
        shapes[shape(word)] += number
    return [s for s, _ in sorted(shapes.items(), key=lambda sn: (-sn[1], sn[0]))[:most]]
