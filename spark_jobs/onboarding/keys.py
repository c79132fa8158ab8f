"""What names a record: the smallest set of columns that is never empty and never twice in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from spark_jobs.onboarding.meanings import Meaning
from spark_jobs.onboarding.types import Typed

# Sets of more columns than this are no keys, they are chance.
MOST_COLUMNS = 3
MOST_CANDIDATES = 12
MOST_ROWS = 20_000
_CHANCE, _LAST = 3, 9
# A number of the line is another record's tomorrow.
OF_THE_LINE = re.compile(r"(?i)(序号|序號|行号|行號|row_?(no|num|id)|line_?(no|num)|lfd_?nr)")
Rows = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Key:
    """Places of the columns, from 0. `why` says on how many records it holds."""

    columns: tuple[int, ...]
    confidence: float
    why: str
    others: tuple[tuple[int, ...], ...] = ()


def guess_key(
    files: Sequence[Rows], typed: Sequence[Typed], meanings: Sequence[Meaning | None], names: Sequence[str]
) -> Key | None:
    """The key, smallest first, then the one of the likelier and earlier columns. None where chance would do as well, or nothing fits.

    files  the records of each sample: a key names a record of one file, the next file may bring it again
    names  the supplier's, of the columns
    """
    samples = [rows[:MOST_ROWS] for rows in files if len(rows) > 1]
    rows_looked_at = sum(map(len, samples))
    if rows_looked_at < 3:
        return None
    filled = [p for p in range(len(typed)) if all(row[p] is not None for rows in samples for row in rows)]
    told_apart = [p for p in filled if len({row[p] for rows in samples for row in rows}) > 1]
    unlikely = [_unlikely(*told) for told in zip(typed, meanings, names, strict=True)]
    # Moments, amounts and names are seldom twice in a small file by chance: they are taken where nothing else is left.
    for worst in (_CHANCE, _LAST):
        candidates = [p for p in told_apart if unlikely[p] < worst]
        for size in range(1, MOST_COLUMNS + 1):
            found = _keys_of(size, candidates, samples, unlikely)
            if found:
                sure = (
                    (1 - 1 / rows_looked_at**0.5)
                    * (1 if len(found) == 1 else 0.85)
                    * (1.05 - 0.1 * size)
                    * (1 if worst == _CHANCE else 0.5)
                )
                why = f"never empty and never twice in {rows_looked_at} records of {len(samples)} file{'s'[: len(samples) > 1]}"
                return Key(found[0], round(min(0.99, sure), 2), why, tuple(found[1:4]))
    return None


def _keys_of(
    size: int,
    candidates: Sequence[int],
    samples: Sequence[Rows],
    unlikely: Sequence[int],
) -> list[tuple[int, ...]]:
    """Sets of so many columns that name each record, the likelier and earlier ones first."""
    ranked = sorted(candidates, key=lambda p: (unlikely[p], p))
    sets = combinations(sorted(ranked[:MOST_CANDIDATES] if size > 1 else ranked), size)
    found = [columns for columns in sets if all(_names_each(rows, columns) for rows in samples)]
    return sorted(found, key=lambda columns: (sum(unlikely[p] for p in columns), columns))


def _names_each(rows: Rows, columns: tuple[int, ...]) -> bool:
    seen = set()
    for row in rows:
        named = tuple(row[p] for p in columns)
        if named in seen:
            return False
        seen.add(named)
    return True


def _unlikely(typed: Typed, meaning: Meaning | None, name: str) -> int:
    """How unlikely a column is part of a key; 9 never is."""
    kind = meaning.kind if meaning else None
    if OF_THE_LINE.fullmatch(name):
        return 4
    if kind in ("balance", "amount", "money", "address", "secret", "email", "birth"):
        return _LAST
    if typed.type == "number":
        # Whole numbers of which it is open whether they count or name something.
        return 2 if typed.doubts else 5
    if typed.type.startswith("timestamp"):
        return 4
    if kind in ("name", "phone", "masked_id"):
        return 4
    if typed.type in ("date", "date8"):
        return 2
    return 1 if kind in ("national_id", "changed") else 0


def overlap(files: Sequence[Rows], key: tuple[int, ...]) -> float | None:
    """Share of one file's keys that the next file has again, over all neighbours; None with fewer than two files."""
    sets = [{tuple(row[p] for p in key) for row in rows} for rows in files if rows]
    pairs = [(len(one & other), len(one)) for one, other in pairwise(sets)]
    return sum(both for both, _ in pairs) / sum(all_ for _, all_ in pairs) if pairs else None
