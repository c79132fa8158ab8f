"""Names of people as words: one form for Latin and Chinese names, their parts, and the readings under which they meet."""

from __future__ import annotations

import re
from functools import lru_cache

from spark_jobs.columns.names import fold_name, pinyin_keys, surname_length
from spark_jobs.identity.engine.text import HANZI, plain

_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "sir",
        "madam",
        "mister",
        "rev",
        "hon",
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
    ]
)


def has_hanzi(text: str) -> bool:
    """Whether a text is written, at least partly, in Chinese characters."""
    return HANZI.search(text) is not None


@lru_cache(maxsize=262144)
def whole(text: str) -> str:
    """A full name in one form; empty when nothing is left.

    Chinese: simplified, without dots and spaces, surname twins folded (肖 = 萧). Latin: folded words without titles, given name first
    where the writer says so by a comma ("Smith, Robert" → "robert smith").
    """
    if has_hanzi(text):
        said = plain(text)
        return fold_name(said).lower() if said else ""
    surname, comma, given = text.partition(",")
    words = plain(f"{given} {surname}" if comma else text).split()
    kept = [w for w in words if w not in _TITLES]
    return " ".join(kept or words)


def part(text: str) -> str:
    """A given name or a surname in one form, without titles."""
    return whole(text.replace(",", " "))


def of_parts(given: str, surname: str) -> str:
    """A full name of its parts: Chinese surname first, otherwise given name first."""
    if has_hanzi(given) or has_hanzi(surname):
        return whole(f"{surname}{given}")
    return whole(f"{given} {surname}".strip())


def parts(full: str) -> tuple[str, str]:
    """(given, surname) of a folded full name; a single Latin word is a surname."""
    if has_hanzi(full):
        cut = surname_length(full)
        return full[cut:], full[:cut]
    given, _, surname = full.rpartition(" ")
    return given, surname


@lru_cache(maxsize=262144)
def readings(full: str) -> frozenset[str]:
    """Under which keys a folded name may meet another script: pinyin, surname first, and Hong Kong and Taiwan spellings as pinyin."""
    return frozenset(pinyin_keys(full))


@lru_cache(maxsize=262144)
def bare(full: str) -> str:
    """Letters of a Latin name in any order of words; characters of a Chinese one."""
    return "".join(sorted(full.split())) if not has_hanzi(full) else re.sub(r"\s", "", full)
