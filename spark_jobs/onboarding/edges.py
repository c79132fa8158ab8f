"""The first and the last line of a file: whether they are names of columns, and what counts the records."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W\d][^\r\n]{0,59}")
_BEGIN_WORDS = re.compile(r"(?i)(H|HD|HDR|HEAD|HEADER|BEG|BEGIN|BOF|START|文件头|文件頭)")
_FIGURES = re.compile(r"[\d.,\-+/: ]*\d[\d.,\-+/: ]*")
# What a last line that is no record begins with, where nothing else says it.
END_WORDS = re.compile(r"(?i)(END|ENDE|EOF|TRL|TRAILER|TAIL|TOTAL|SUM|SUMME|COUNT|合计|合計|总计|結束|结束)")


def is_word(text: str) -> bool:
    """Whether a cell may be the name of a column; sheets break long ones into two lines."""
    return bool(_WORD.fullmatch(re.sub(r"\s*[\r\n]+\s*", " ", text.strip())))


def find_header(rows: Sequence[Sequence[str]], columns: int) -> tuple[str, ...] | None:
    """The first line, where it is names: words, each once, unlike the values below."""
    if not rows or len(rows[0]) != columns:
        return None
    first = [c.strip().strip('"') for c in rows[0]]
    # Files put one behind the other bring the header again, maybe with a byte order mark before it.
    below = [
        row
        for row in rows[1:200]
        if len(row) == columns
        and [c.strip().strip('"') for c in [row[0].lstrip("\ufeff"), *row[1:]]] != first
    ]
    words = [is_word(c) and not looks_like_a_value(c) for c in first if c]
    # A column without a name counts where it has values: separators too many at the end of all lines name nothing.
    nameless = sum(not c and any(row[at].strip() for row in below) for at, c in enumerate(first))
    if not words or sum(words) < max(1, 0.8 * len(words)) or nameless > max(len(words) > 1, 0.2 * columns):
        return None
    if not below:
        return tuple(first)
    votes = 0
    for at, name in enumerate(first):
        values = [row[at].strip().strip('"') for row in below if row[at].strip()]
        if name in values:
            votes -= 2
        elif values:
            typed = sum(not is_word(v) or looks_like_a_value(v) for v in values) > len(values) / 2
            # Names of columns are seldom as long as each other, values of one column often are; their signs differ, too.
            is_unlike = _letters(name) != _letters(values[0])
            votes += 2 if typed else 1 if is_unlike else 0
    return tuple(first) if votes > 0 else None


def are_labels(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line below the header gives the columns names once more, in another language: words where all that follows are figures."""
    records = [other for other in below[:200] if len(other) == len(row)]
    if len(records) < 2 or not all(is_word(c) for c in row):
        return False
    figures = [
        at for at in range(len(row))
        if all(_FIGURES.fullmatch(told) for other in records if (told := other[at].strip()))
        and any(other[at].strip() for other in records)
    ]  # fmt: skip
    return bool(figures)


def are_units(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line below the header gives units to some columns and leaves the others empty: 万元, %, where all that follows are figures."""
    records = [other for other in below[:200] if len(other) == len(row)]
    given = [at for at, cell in enumerate(row) if cell.strip()]
    return (
        len(records) >= 2
        and 0 < len(given) < len(row)
        and all(not any(c.isdigit() for c in row[at]) for at in given)
        and all(
            other[at].strip() and _FIGURES.fullmatch(other[at].strip()) for other in records for at in given
        )
        and any(other[at].strip() for other in records for at in range(len(row)) if at not in given)
    )


def looks_like_a_value(text: str) -> bool:
    return bool(re.search(r"\d{4,}|^[\d.,\-+/: ]+$|@", text))


def _letters(text: str) -> tuple[bool, bool, bool, bool]:
    return (
        any("a" <= c <= "z" for c in text), any("A" <= c <= "Z" for c in text), any(ord(c) > 0x2FFF for c in text), "_" in text,
    )  # fmt: skip


def begins_a_file(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line is a record of its own kind that tells of the file: a word for it, and no other line begins so."""
    return (
        len(rows) > 2
        and bool(_BEGIN_WORDS.fullmatch(rows[0][0].strip()))
        and all(row[0].strip() != rows[0][0].strip() for row in rows[1:] if row)
    )


def find_trailer(
    rows: Sequence[Sequence[str]], lines: Sequence[str], columns: int, left_out: int
) -> str | None:
    """The last line, where it has other columns than a record and begins with a word, or counts the lines above it."""
    if len(rows) < 2:
        return None
    last, others = rows[-1], rows[:-1]
    begins = last[0].strip()
    word = (re.match(r"[^\W\d_]+", begins) or [""])[0]
    is_told = any(counts(c, len(others) + left_out) for c in last[1:] or last)
    if len(last) != columns:
        return lines[-1] if begins and (is_told or END_WORDS.fullmatch(word)) else None
    whole = [row for row in others if len(row) == columns]
    # A sum has no name, no day and no number of anybody.
    is_sum = any(not last[at].strip() and all(row[at].strip() for row in whole) for at in range(1, columns))
    if END_WORDS.fullmatch(word) and whole and is_sum:
        return lines[-1]
    is_word = bool(word) and not any(row[0].strip().startswith(word) for row in others if row)
    return lines[-1] if is_word and is_told else None


def counts(text: str, rows: int) -> bool:
    """Whether a number in the text is so many rows; zeros before it count nothing, and neither does a date right before it."""
    return bool(re.search(rf"(?<![1-9])0*{rows}(?!\d)|\d{{8}}0+{rows}(?!\d)", text.strip()))


def trailer_mark_of(trailer: str, separator: str) -> str:
    """What the last line begins with: its first cell with the separator, or its first word."""
    head, found, _ = trailer.partition(separator)
    if found and head.strip() and not re.search(r"\d{2,}", head):
        return head + separator
    word = re.match(r"[^\W\d]+|\W+", trailer)
    return word[0] if word else trailer[:3]
