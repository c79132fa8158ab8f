"""Several kinds of record in one file, told apart by their first signs: customers and accounts of one extract, each cut in its own way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# Kinds are few, and each comes more than once; fewer records tell nothing.
MOST_KINDS, LEAST_RECORDS = 6, 10
# So many of the other columns (or bytes) must look different from kind to kind.
ENOUGH_UNLIKE = 0.3
_LOOKED_AT = 500


def kinds_of(records: Sequence[Sequence[str]]) -> list[str]:
    """The marks of the kinds, sorted; empty where all records are of one. records: the mark first, then columns or single signs."""
    seen = [record for record in records[:_LOOKED_AT] if len(record) == len(records[0])] if records else []
    by_mark: dict[str, list[Sequence[str]]] = {}
    for record in seen:
        by_mark.setdefault(record[0].strip(), []).append(record[1:])
    is_few = 1 < len(by_mark) <= MOST_KINDS and min(map(len, by_mark.values())) >= 3
    if len(seen) < LEAST_RECORDS or not is_few:
        return []
    places = range(len(seen[0]) - 1)
    unlike = sum(_is_unlike([[record[at] for record in kind] for kind in by_mark.values()]) for at in places)
    return sorted(by_mark) if unlike >= ENOUGH_UNLIKE * len(places) else []


def _is_unlike(columns: Sequence[Sequence[str]]) -> bool:
    """Whether a column is made of other signs in one kind than in another: figures here, words or nothing there."""
    usual = [Counter(map(_signs, column)).most_common(1)[0] for column in columns]
    is_sure = all(count >= 0.8 * len(column) for (_, count), column in zip(usual, columns, strict=True))
    return is_sure and len({signs for signs, _ in usual}) > 1


def _signs(text: str) -> str:
    plain = text.strip()
    if not plain:
        return "empty"
    if any(c.isalpha() for c in plain):
        return "words"
    return "figures" if any(c.isdigit() for c in plain) else "signs"


def asked_about(kinds: Sequence[str], place: str) -> str:
    """What to ask where records of several kinds stand in one file."""
    marks = " and ".join(kinds)
    return f"several kinds of record ({marks}), each cut in its own way? Then one contract for each, with `record_type: {{{place}, detail: [its marks], others: [the other ones]}}`"
