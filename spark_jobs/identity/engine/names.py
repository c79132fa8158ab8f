"""Names of people as words: one form for Latin and Chinese names, their parts, and the readings under which they meet."""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin, pinyin

from spark_jobs.columns.names import (
    ROMANISED_SURNAMES,
    SURNAME_READINGS,
    fold_name,
    pinyin_keys,
    surname_length,
)
from spark_jobs.identity.engine.text import HANZI, plain

LOOSE = 3
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


# Spellings of one sound in pinyin, Wade–Giles and sloppy romanisation, folded until they meet; longest first.
_LOOSE_STARTS = (
    ("zh", "c"), ("ch", "c"), ("sh", "s"), ("hs", "x"), ("ts", "z"), ("tz", "z"), ("ss", "s"), ("j", "c"), ("q", "c"), ("c", "z"),
    ("b", "p"), ("d", "t"), ("g", "k"), ("r", "j"),
)  # fmt: skip
_LOOSE_ENDS = (("ueh", "ue"), ("ieh", "ie"), ("ien", "ian"), ("yeh", "ye"), ("yen", "yan"), ("ung", "ong"), ("eh", "e"), ("ih", "i"), ("uei", "ui"), ("yu", "u"), ("v", "u"))  # fmt: skip


@lru_cache(maxsize=262144)
def loose(full: str) -> tuple[str, ...]:
    """Romanisations of a folded name so loose that pinyin and Wade–Giles spellings of it meet, at most LOOSE of them.

    Surname and given name, each with its syllables joined, in alphabetic order, so that the order of names does not matter. A surname has
    its readings, right and wrong (查: zha, cha); one in the spelling of Hong Kong or Taiwan those of the surnames that it may stand for.
    """
    if "*" in full or not full:
        return ()
    if has_hanzi(full):
        cut = surname_length(full)
        given = "".join(map(_loose_syllable, _syllables(full[cut:])))
        surnames = _surname_sounds(full[:cut])
    else:
        words = full.split()
        if not 1 < len(words) <= 4:
            return ()
        given = "".join(map(_loose_word, words[1:]))
        known = [s.lower() for s in ROMANISED_SURNAMES.get(words[0].upper(), ())]
        surnames = tuple(dict.fromkeys(map(_loose_word, [words[0], *known])))
    return tuple(" ".join(sorted((surname, given))) for surname in surnames[:LOOSE]) if given else ()


@lru_cache(maxsize=8192)
def _surname_sounds(surname: str) -> tuple[str, ...]:
    right = [s.lower() for s in SURNAME_READINGS.get(surname, ())]
    if len(surname) > 1:
        return tuple(
            dict.fromkeys(["".join(map(_loose_syllable, _syllables(surname))), *map(_loose_word, right)])
        )
    return tuple(
        dict.fromkeys(map(_loose_syllable, [*right, *pinyin(surname, style=Style.NORMAL, heteronym=True)[0]]))
    )


@lru_cache(maxsize=65536)
def _syllables(hanzi: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(hanzi, errors="ignore"))


@lru_cache(maxsize=65536)
def _loose_word(word: str) -> str:
    """The syllables of a word of pinyin, or of Wade–Giles, each folded."""
    return "".join(
        _loose_syllable(s)
        for s in re.findall(r"[^aeiouv]*[aeiouv]+(?:ng(?![aeiouv])|n(?![aeiouv])|r$|h)?", word) or [word]
    )


@lru_cache(maxsize=65536)
def _loose_syllable(syllable: str) -> str:
    start = next(((len(a), b) for a, b in _LOOSE_STARTS if syllable.startswith(a)), (0, ""))
    folded = start[1] + syllable[start[0] :]
    for end, to in _LOOSE_ENDS:
        if folded.endswith(end):
            return folded[: -len(end)] + to
    return folded
