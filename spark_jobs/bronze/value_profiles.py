"""What the values of a column are like, so that two deliveries can be compared without keeping either. No Spark.

A profile keeps no value: shapes, lengths and shares; words of columns with few of them as hashes; amounts and days as rounded deciles.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log10
from typing import Any

from spark_jobs.columns.dates import parse_date
from spark_jobs.columns.money import parse_number

# With fewer filled records on either side a profile is chance, and only names are compared.
ENOUGH_ROWS = 30
MOST_ROWS = 20_000
# A column is of a kind when so many of its values are; it has become another's when so many are of other kinds than before. Nearly all
# certificates are numbers and some end in a letter: of thirty a day now more than a tenth, now fewer, and nothing has changed.
OF_A_KIND = 0.9
OTHER_KINDS = 0.5
# Words are compared where they are few and come often: session numbers of a small day are few, too, but others tomorrow.
FEW_WORDS, OFTEN = 24, 10
_WEIGHTS = {"filled": 0.1, "distinct": 0.15, "lengths": 0.2, "shapes": 0.25, "range": 0.4, "words": 0.4}
_DAY = re.compile(r"\d{7,8}|\d{2,4}([-/.])\d{1,2}\1\d{1,2}")
_RUNS = re.compile(r"(\d+)|([A-Z]+)|([a-z]+)|([^\x00-\x7f]+)")
_MOMENT = re.compile(r"\d{14}|\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}.*")


@dataclass(frozen=True)
class Profile:
    """What the values of one column of one delivery are like.

    kind     number, day, moment or text; empty where nothing is filled; kinds: the share of each
    filled   share of records with a value; distinct: different values by filled records
    lengths, shapes, words    share by length, by shape (9 Aa 字), by hashed word; words only where they are few
    deciles  of days, in days from the business date; of amounts, as the sign and the logarithm of 1 + amount
    """

    name: str
    kind: str
    rows: int
    filled: float
    distinct: float
    lengths: Mapping[int, float] = field(default_factory=dict)
    shapes: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    deciles: tuple[float, ...] = ()
    kinds: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_told(self) -> bool:
        return self.rows * self.filled >= ENOUGH_ROWS


def profiles(
    names: Sequence[str], rows: Sequence[Sequence[str | None]], day: date, decimal: str = "."
) -> list[Profile]:
    """A profile per column. rows: values in the order of the names, None where empty; day: business date of the delivery."""
    seen = rows[:MOST_ROWS]
    return [_profile(name, [row[at] for row in seen], day, decimal) for at, name in enumerate(names)]


def _profile(name: str, values: Sequence[str | None], day: date, decimal: str) -> Profile:
    words = Counter(v for v in values if v)
    filled = sum(words.values())
    if not filled:
        return Profile(name, "", len(values), 0.0, 0.0)
    kinds = _kinds(words, decimal)
    kind, most = max(kinds.items(), key=lambda kn: (kn[1], kn[0]))
    kind = kind if most >= OF_A_KIND * filled else "text"
    lengths: Counter[int] = Counter()
    shapes: Counter[str] = Counter()
    for word, number in words.items():
        lengths[len(word)] += number
        shapes[_shape(word)] += number
    few = len(words) <= FEW_WORDS and filled >= OFTEN * len(words)
    return Profile(
        name, kind, len(values), filled / len(values), len(words) / filled, _shares(lengths, filled), _shares(shapes, filled),
        {_hashed(w): n / filled for w, n in sorted(words.items())} if few and kind in ("text", "number") else {},
        _deciles(words, kind, day, decimal), _shares(kinds, filled),
    )  # fmt: skip


def _shares(counts: Counter[Any], total: int) -> dict[Any, float]:
    return {key: counts[key] / total for key in sorted(counts)}


def _hashed(word: str) -> str:
    return hashlib.sha256(f"drift {word}".encode()).hexdigest()[:12]


def _shape(word: str) -> str:
    """Runs of digits, capitals, small letters and hanzi as one sign each, others as they are."""
    word = word[:40]
    if word.isascii() and word.isdigit():
        return "9"
    return _RUNS.sub(_sign, word)


def _sign(run: re.Match[str]) -> str:
    return ("9", "A", "a", "字")[(run.lastindex or 1) - 1]


def _kinds(words: Counter[str], decimal: str) -> Counter[str]:
    counts = Counter[str]()
    for word, number in words.items():
        counts[_kind_of(word, decimal)] += number
    return counts


def _kind_of(word: str, decimal: str) -> str:
    if _MOMENT.fullmatch(word):
        return "moment"
    # Not by the number of a spreadsheet: 46295.00 is an amount more often than a day.
    day = parse_date(word)[0] if _DAY.fullmatch(word) else None
    if day is not None and (1850 <= day.year <= 2100 or day.year == 9999):
        return "day"
    return "number" if parse_number(word, 0, decimal) is not None else "text"


def _deciles(words: Counter[str], kind: str, day: date, decimal: str) -> tuple[float, ...]:
    points: list[tuple[float, int]] = []
    for word, number in words.items():
        if kind == "number" and (amount := parse_number(word, 0, decimal)) is not None:
            points.append(((1 if amount >= 0 else -1) * log10(1 + float(abs(amount))), number))
        elif (kind == "day" and (found := parse_date(word)[0]) is not None) or (
            kind == "moment"
            and (found := parse_date(word[:10] if word[4:5] in "-/" else word[:8])[0]) is not None
        ):
            points.append((float((found - day).days), number))
    points.sort()
    total, seen, at = sum(n for _, n in points), 0, 0
    made = []
    for tenth in range(1, 10):
        while at < len(points) and seen + points[at][1] < tenth * total / 10:
            seen, at = seen + points[at][1], at + 1
        if at < len(points):
            # Two decimals of a logarithm are two per cent of an amount: no amount can be read back.
            made.append(round(points[at][0], 2))
    return tuple(made)


def are_of_other_kinds(one: Profile, other: Profile) -> bool:
    """Whether what the one holds mostly is not what the other holds."""
    if one.kind == other.kind:
        return False
    # Profiles that were kept before there were shares say the kind alone.
    shares = [each.kinds or {each.kind: 1.0} for each in (one, other)]
    return _apart(*shares) >= OTHER_KINDS


def distance(one: Profile, other: Profile) -> float:
    """How unlike the values of two columns are: 0 to 1. Columns of different kinds are as unlike as can be."""
    if are_of_other_kinds(one, other):
        return 1.0
    parts = {
        "filled": abs(one.filled - other.filled),
        "distinct": abs(one.distinct - other.distinct),
        "lengths": _apart(one.lengths, other.lengths),
        "shapes": _apart(one.shapes, other.shapes),
    }
    if one.words and other.words:
        parts["words"] = _apart(one.words, other.words)
    elif one.kind == other.kind and one.deciles and other.deciles:
        parts["range"] = _range_apart(one, other)
    weights = sum(_WEIGHTS[p] for p in parts)
    # What differs most decides: two columns may be alike in all but their range.
    mean = sum(_WEIGHTS[p] * d for p, d in parts.items()) / weights
    return max(
        mean, 0.8 * max(parts.get(p, 0.0) for p in ("shapes", "words", "range")), 0.6 * parts["distinct"]
    )


def _apart(one: Mapping[Any, float], other: Mapping[Any, float]) -> float:
    """Half the sum of the differences of shares: 0 for the same distribution, 1 for nothing in common."""
    return sum(abs(one.get(k, 0.0) - other.get(k, 0.0)) for k in {*one, *other}) / 2


def _range_apart(one: Profile, other: Profile) -> float:
    """Mean distance of the deciles, measured by how far they spread; a day and a tenth of an order of magnitude are no spread."""
    floor = 0.1 if one.kind == "number" else 1.0
    spread = max(one.deciles[-1] - one.deciles[0], other.deciles[-1] - other.deciles[0], floor)
    apart = sum(abs(a - b) for a, b in zip(one.deciles, other.deciles, strict=False)) / len(one.deciles)
    return min(1.0, apart / spread)
