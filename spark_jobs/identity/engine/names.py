"""Names of people as words: one form for Latin and Chinese names, their parts, and the readings under which they meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from pypinyin import Style, lazy_pinyin, pinyin

from spark_jobs.columns.names import (
    ROMANISED_SURNAMES,
    SURNAME_READINGS,
    fold_name,
    pinyin_keys,
    surname_length,
)
from spark_jobs.identity.engine import romanised
from spark_jobs.identity.engine.text import HANZI, plain

LOOSE = 8
# Words that belong to the surname behind them.
_PARTICLES = frozenset(
    [
        "al",
        "bin",
        "ibn",
        "ben",
        "da",
        "das",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "la",
        "las",
        "le",
        "los",
        "mac",
        "mc",
        "san",
        "santa",
        "st",
        "ten",
        "ter",
        "van",
        "von",
        "zu",
    ]
)
_GENERATIONS = {
    "jr": "junior",
    "junior": "junior",
    "ii": "junior",
    "sr": "senior",
    "senior": "senior",
    "iii": "third",
    "iv": "fourth",
}
# What stands for a sign that is hidden, or was lost on its way through an encoding.
_LOST = re.compile("[?？□■○●\ufffd×某]|(?<=[\u4e00-\u9fff])[xX]{1,2}(?![a-zA-Z])")
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
        "jr",
        "sr",
        "ii",
        "iii",
        "iv",
        "phd",
        "md",
    ]
)


# Between the given names of two people who hold something together. Not "y" and "et", which stand inside one person's surnames.
_JOINT = re.compile(r"\s*[&+]\s*|\s+(?:and|und)\s+", re.IGNORECASE)
# Legal forms, and what only a firm is called.
_FIRMS = frozenset(
    [
        "ltd",
        "limited",
        "llc",
        "llp",
        "inc",
        "incorporated",
        "plc",
        "gmbh",
        "pty",
        "corp",
        "corporation",
        "company",
        "sarl",
        "srl",
        "holdings",
        "enterprises",
        "group",
        "partners",
        "sons",
        "consulting",
        "trading",
        "logistics",
    ]
)
# Stands for the given name of a firm, so that it differs from every person's.
FIRM = "(firm)"
JOINT = " & "


def has_hanzi(text: str) -> bool:
    """Whether a text is written, at least partly, in Chinese characters."""
    return HANZI.search(text) is not None


@lru_cache(maxsize=262144)
def whole(text: str) -> str:
    """A full name in one form; empty when nothing is left.

    Chinese: simplified, without dots and spaces, surname twins folded (肖 = 萧), lost signs as stars (张?洋 → 张*洋). Latin: folded words without titles, given name first
    where the writer says so by a comma ("Smith, Robert" → "robert smith").
    """
    if has_hanzi(text):
        said = plain(text[:1] + _LOST.sub("*", text[1:]))
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
    """(given, surname) of a folded full name; a single Latin word is a surname. Particles go with the surname (oliver | van dyke)."""
    if has_hanzi(full):
        cut = surname_length(full)
        return full[cut:], full[:cut]
    words = full.split(" ")
    first = len(words) - 1
    while first > 1 and words[first - 1] in _PARTICLES:
        first -= 1
    return " ".join(words[:first]), " ".join(words[first:])


def spelt_parts(full: str) -> tuple[str, str]:
    """(given, surname) of a folded full name in letters, syllable by syllable where it is Chinese."""
    given, surname = parts(full)
    return (
        (" ".join(_syllables(given)), "".join(_syllables(surname))) if has_hanzi(full) else (given, surname)
    )


@lru_cache(maxsize=262144)
def said_parts(full: str) -> tuple[str, str]:
    """(given, surname) of a full name as it is written: a comma says where the surname ends (Smith Jones, Robert)."""
    if not has_hanzi(full):
        if any(word in _FIRMS for word in plain(full).split()[1:]):
            return FIRM, " ".join(w for w in plain(full).split() if w not in _FIRMS)
        if _JOINT.search(full):
            return _of_two(full)
    surname, comma, given = full.partition(",")
    if comma and surname.strip() and given.strip() and not has_hanzi(full) and _is_name(given):
        return part(given), part(surname)
    return parts(whole(full))


def _of_two(full: str) -> tuple[str, str]:
    """(given names of both, surname) of a name of two people: John & Mary Smith, Smith, John and Mary, Mr & Mrs John Smith."""
    surname, comma, given = full.partition(",")
    if comma and given.strip():
        return given_of_two(given), part(surname)
    *others, last = (words for said in _JOINT.split(full) if (words := whole(said)))
    given, surname = parts(last)
    # Of two whole names (John Smith and Mary Jones) the first words count; of titles alone (Mr & Mrs) nothing is left.
    firsts = [given, *(name.split(" ")[0] for name in others if _is_name(name))]
    return _both(firsts), surname


def given_of_two(text: str) -> str:
    """A given name in one form; of two people's both, in order of the alphabet, with JOINT between."""
    if has_hanzi(text) or not _JOINT.search(text.strip()):
        return part(text)
    return _both([part(said) for said in _JOINT.split(text) if _is_name(said)])


def _both(given: list[str]) -> str:
    names = sorted(name for name in given if name)
    return JOINT.join(names) if len(names) > 1 else f"{''.join(names)}{JOINT}"


def _is_name(text: str) -> bool:
    return any(word not in _TITLES for word in plain(text).split())


def generation(text: str) -> str:
    """Which of several of one name in a family (Jr, Sr, III) a name in letters says; empty where it says nothing."""
    words = plain(text).split() if text.isascii() else []
    found = [_GENERATIONS[w] for w in words[1:] if w in _GENERATIONS]
    return found[0] if found else ""


@lru_cache(maxsize=262144)
def readings(full: str) -> frozenset[str]:
    """Under which keys a folded name may meet another script: pinyin, surname first, and Hong Kong and Taiwan spellings as pinyin."""
    return frozenset(pinyin_keys(full))


def unmasks_spelt(masked: str, spelt: str) -> bool:
    """Whether a Chinese name with stars may be one in letters: surname, and the last sign where it is seen, by their readings."""
    surname, last = masked[: surname_length(masked)], masked[-1]
    return any(
        _begins(first, surname, is_glued) and (last == "*" or given.endswith(_sounds(last)))
        for first, given, is_glued in _orders(spelt)
    )


def abbreviates(one: str, other: str) -> bool:
    """Whether one of two names, in letters, is the surname and the initials of the other, which is Chinese: zhu mk, 朱明凯."""
    short, full = (one, other) if one.isascii() else (other, one)
    given, surname = parts(full)
    initials = "".join(s[0] for s in _syllables(given))
    words = short.split(" ")
    return any(i == initials and _begins(s, surname, False) for s, i in (words, words[::-1]))


@lru_cache(maxsize=65536)
def _orders(spelt: str) -> tuple[tuple[str, str, bool], ...]:
    """(what begins with the surname, what ends with the given name, whether both are one word) of a name in letters, in either order."""
    words = spelt.split()
    if len(words) < 2:
        return ((spelt, spelt, True),)
    return (words[0], "".join(words[1:]), False), (words[-1], "".join(words[:-1]), False)


@lru_cache(maxsize=262144)
def _begins(word: str, surname: str, is_glued: bool) -> bool:
    if "*" in surname:
        return True
    sounds = {s.lower() for s in readings(surname)}
    if is_glued:
        return bool(sounds) and word.startswith(tuple(sounds))
    return not sounds.isdisjoint({word, *(s.lower() for s in ROMANISED_SURNAMES.get(word.upper(), ()))})


@lru_cache(maxsize=8192)
def _sounds(sign: str) -> tuple[str, ...]:
    return tuple(s.lower() for s in pinyin(sign, style=Style.NORMAL, heteronym=True)[0])


@lru_cache(maxsize=262144)
def bare(full: str) -> str:
    """Letters of a Latin name in any order of words; characters of a Chinese one."""
    return "".join(sorted(full.split())) if not has_hanzi(full) else re.sub(r"\s", "", full)


@lru_cache(maxsize=262144)
def loose(full: str) -> tuple[str, ...]:
    """Romanisations of a folded name so loose that its spellings in pinyin, Wade–Giles and Cantonese meet, at most LOOSE of them.

    Surname and given name, each with its syllables joined, in alphabetic order, so that the order of names does not matter. A surname has
    its readings, right and wrong (查: zha, cha); one in the spelling of Hong Kong or Taiwan those of the surnames that it may stand for.
    """
    if "*" in full or not full:
        return ()
    if has_hanzi(full):
        cut = surname_length(full)
        given = "".join(map(romanised.key_of, _syllables(full[cut:])))
        found = [(surname, given) for surname in _surname_sounds(full[:cut])]
    else:
        found = [
            pair
            for words in _spelt(tuple(full.split()))
            for order in ([words] if len(words) == 2 else [words, (words[-1], *words[:-1])])
            for pair in romanised.keys(
                order, tuple(s.lower() for s in ROMANISED_SURNAMES.get(order[0].upper(), ()))
            )
        ]
    pairs = dict.fromkeys(" ".join(sorted(pair)) for pair in found if pair[1])
    return tuple(pairs)[:LOOSE]


def _spelt(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Words that may spell a Chinese name: all, and those beside a Western name before or behind them (Winnie TSUI Kit Tin)."""
    ends = ((words[1:], words[0]), (words[:-1], words[-1])) if len(words) > 2 else ()
    for rest in (words, *(rest for rest, word in ends if not romanised.is_syllable(word))):
        if 1 < len(rest) <= 4:
            yield rest


@lru_cache(maxsize=8192)
def _surname_sounds(surname: str) -> tuple[str, ...]:
    right = [s.lower() for s in SURNAME_READINGS.get(surname, ())]
    if len(surname) > 1:
        read = "".join(map(romanised.key_of, _syllables(surname)))
        return tuple(dict.fromkeys([*(key for s in right for key in romanised.parsed(s)[:1]), read]))
    other = pinyin(surname, style=Style.NORMAL, heteronym=True)[0]
    return tuple(dict.fromkeys(map(romanised.key_of, [*right, *other])))


@lru_cache(maxsize=65536)
def _syllables(hanzi: str) -> tuple[str, ...]:
    return tuple(s for s in lazy_pinyin(hanzi, errors="ignore") if s.isascii())
