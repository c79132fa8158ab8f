"""Text of strangers' files → one form: case, width, accents, script, punctuation, and words that mean "nothing"."""

from __future__ import annotations

import re
import unicodedata

from spark_jobs.columns.names import simplified
from spark_jobs.columns.text import folded_width

NOTHING = frozenset(
    ["", "null", "none", "nan", "na", "n/a", "nil", "unknown", "not known", "-", "--", ".", "?", "xxx", "无", "未知", "不详", "\\n", "#n/a"]
)  # fmt: skip
HANZI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
# Letters that do not come apart into a letter and an accent.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})  # fmt: skip
_SOUND = {c: d for d, group in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1) for c in group}


def is_nothing(text: str) -> bool:
    """Whether a text stands for no value at all."""
    return text.strip().lower() in NOTHING


def plain(text: str) -> str:
    """Folded text: words parted by one space; empty where it stands for nothing.

    Accents, case, width and script go; punctuation parts words, except that an apostrophe inside a word goes (o'brien → obrien).
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = folded_width(text).lower().translate(_LETTERS)
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
        folded = simplified(folded) if HANZI.search(folded) else folded
    if folded.strip() in NOTHING:
        return ""
    words = re.sub(r"[^\w*]+|_", " ", re.sub(r"['’`´]", "", folded))
    return " ".join(words.split())


def soundex(word: str) -> str:
    """American Soundex of a folded Latin word without cutting to a fixed number of digits; other scripts as they are."""
    letters = word.replace(" ", "")
    if not letters or not letters.isascii():
        return letters
    code, last = letters[0], _SOUND.get(letters[0])
    for letter in letters[1:]:
        digit = _SOUND.get(letter)
        if digit and digit != last:
            code += str(digit)
        if letter not in "hw":
            last = digit
    return code[:4]


def e_mail(text: str) -> str | None:
    """An address in lower case, without a tag behind `+`; None where there is no `@`."""
    folded = folded_width(text).strip().lower()
    if folded in NOTHING or folded.count("@") != 1:
        return None
    name, _, domain = folded.partition("@")
    name = name.split("+")[0]
    return f"{name}@{domain}" if name and domain else None
