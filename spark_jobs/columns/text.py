"""Folding of characters that look alike: full-width forms, spaces and dots in identifiers and names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

# U+FF01…FF5E are the full-width twins of ASCII 0x21…0x7E; U+3000 is the ideographic space.
_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
_FROM = "".join(map(chr, _FULL_WIDTH))
_TO = "".join(map(chr, _FULL_WIDTH.values()))
# Invisible characters that suppliers' screens let in: zero-width spaces, joiners, byte-order mark, no-break space.
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_FOLDED: dict[int, int | None] = {**_FULL_WIDTH, **dict.fromkeys(map(ord, INVISIBLE)), 0xA0: 0x20}
# What text begins or ends with by accident.
SPACES = " \t\n\x0b\f\r\u3000"
# Middle dots of minority and foreign names (D35); the ASCII full stop is one, too, when it stands between hanzi.
DOTS = "·•・‧∙․⋅●"


def folded_width(text: str) -> str:
    """Full-width letters, digits and punctuation as ASCII; invisible characters gone. Hanzi stay as they are."""
    return text if text.isascii() else text.translate(_FOLDED)


# Latin letters that do not come apart into a letter and an accent.
_LETTERS = str.maketrans({
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L",
    "þ": "th", "Þ": "TH", "ı": "i",
})  # fmt: skip
_LATIN_ENDS = 0x0250, 0x1E00, 0x1F00


def folded_accents(text: str) -> str:
    """Latin letters without accents (José → Jose, Straße → Strasse). Other scripts stay as they are."""
    return text if text.isascii() else "".join(map(_plain_letter, text.translate(_LETTERS)))


def _plain_letter(letter: str) -> str:
    basic_end, more_start, more_end = _LATIN_ENDS
    if ord(letter) < basic_end or more_start <= ord(letter) < more_end:
        return "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
    return "" if unicodedata.combining(letter) and ord(letter) < 0x0370 else letter


def bound(value: Column, use: Callable[[Column], Column]) -> Column:
    """`use(value)`, the value computed once.

    A column is a tree: one that is named ten times in an expression is planned ten times, and parsers are built of parsers. Silver
    alone spent most of its time in the optimizer over a date that stood eighty times in its own expression. As the variable of a
    lambda it stands there once.
    """
    return F.get(F.transform(F.array(value), use), F.lit(0))


def trimmed(text: Column) -> Column:
    """Without spaces at both ends (also ideographic ones); empty becomes null."""
    return bound(F.btrim(text, F.lit(SPACES)), lambda c: F.when(c != "", c))


def identifier_text(text: Column) -> Column:
    """Full-width folded, spaces inside removed, upper case: for numbers people type. Null when nothing is left."""
    folded = F.upper(F.regexp_replace(F.translate(text, _FROM, _TO), r"[\s\u3000]+", ""))
    return bound(folded, lambda c: F.when(c != "", c))
