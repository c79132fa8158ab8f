"""How the columns of a delivery differ from those of the one before: added, dropped, renamed, swapped, of another type. No Spark.

Names tell the first two. The others are told by value profiles: shares of shapes, lengths and words, ranges, how much is filled and how
much is different. A profile keeps no value: words of columns with few of them as hashes, amounts and days as deciles.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from math import log10
from typing import Any

from spark_jobs.columns.dates import parse_date
from spark_jobs.columns.money import parse_number

# With fewer filled records on either side a profile is chance, and only names are compared.
ENOUGH_ROWS = 30
MOST_ROWS = 20_000
# Distances are 0 (alike) to 1. Neighbouring days of one column of the demo bank are nearly always below ALIKE.
ALIKE = 0.2
# How much better two columns must fit in each other's place than in their own to have changed places.
GAIN = 0.35
# A column is of a kind when so many of its values are.
OF_A_KIND = 0.9
# Words are compared where they are few and come often: session numbers of a small day are few, too, but others tomorrow.
FEW_WORDS, OFTEN = 24, 10
# The cost of leaving a column out when files without a header are laid side by side.
GAP = 0.35
_WEIGHTS = {"filled": 0.1, "distinct": 0.15, "lengths": 0.2, "shapes": 0.25, "range": 0.4, "words": 0.4}
_DAY = re.compile(r"\d{7,8}|\d{2,4}([-/.])\d{1,2}\1\d{1,2}")
_MOMENT = re.compile(r"\d{14}|\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}.*")


@dataclass(frozen=True)
class Profile:
    """What the values of one column of one delivery are like.

    kind     number, day, moment or text; empty where nothing is filled
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
    kind = _kind(words, filled, decimal)
    lengths: Counter[int] = Counter()
    shapes: Counter[str] = Counter()
    for word, number in words.items():
        lengths[len(word)] += number
        shapes[_shape(word)] += number
    few = len(words) <= FEW_WORDS and filled >= OFTEN * len(words)
    return Profile(
        name, kind, len(values), filled / len(values), len(words) / filled, _shares(lengths, filled), _shares(shapes, filled),
        {_hashed(w): n / filled for w, n in sorted(words.items())} if few and kind in ("text", "number") else {},
        _deciles(words, kind, day, decimal),
    )  # fmt: skip


def _shares(counts: Counter[Any], total: int) -> dict[Any, float]:
    return {key: counts[key] / total for key in sorted(counts)}


def _hashed(word: str) -> str:
    return hashlib.sha256(f"drift {word}".encode()).hexdigest()[:12]


def _shape(word: str) -> str:
    """Runs of digits, capitals, small letters and hanzi as one sign each, others as they are."""
    signs = re.sub(r"\d+", "9", word[:40])
    signs = re.sub(r"[A-Z]+", "A", signs)
    signs = re.sub(r"[a-z]+", "a", signs)
    return re.sub(r"[^\x00-\x7f]+", "字", signs)


def _kind(words: Counter[str], filled: int, decimal: str) -> str:
    counts = Counter[str]()
    for word, number in words.items():
        counts[_kind_of(word, decimal)] += number
    kind, number = max(counts.items(), key=lambda kn: (kn[1], kn[0]))
    return kind if number >= OF_A_KIND * filled else "text"


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


def distance(one: Profile, other: Profile) -> float:
    """How unlike the values of two columns are: 0 to 1. Columns of different kinds are as unlike as can be."""
    if one.kind != other.kind:
        return 1.0
    parts = {
        "filled": abs(one.filled - other.filled),
        "distinct": abs(one.distinct - other.distinct),
        "lengths": _apart(one.lengths, other.lengths),
        "shapes": _apart(one.shapes, other.shapes),
    }
    if one.words and other.words:
        parts["words"] = _apart(one.words, other.words)
    elif one.deciles and other.deciles:
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


@dataclass(frozen=True)
class Change:
    """One difference. `columns`: (before, after) of a renamed column, both of swapped ones; `how`: in words, without a value.

    kind  added (between others or at the end), dropped, renamed, swapped, type
    """

    kind: str
    columns: tuple[str, ...]
    confidence: float
    how: str
    is_at_end: bool = False


def diff(before: Sequence[Profile], after: Sequence[Profile], named: bool = True) -> list[Change]:
    """The differences between two deliveries of one feed, by kind and column.

    named  the file names its columns; else profiles lie in file order, and a column put between others is found by laying both side by side
    """
    pairs, gone, new = _by_name(before, after) if named else _side_by_side(before, after)
    found: list[Change] = []
    for old, fresh, how_sure in _renamed(gone, new) if named else ():
        found.append(
            Change("renamed", (old.name, fresh.name), how_sure, f"its values are like those of `{old.name}`")
        )
        gone, new = [p for p in gone if p is not old], [p for p in new if p is not fresh]
    last = [p.name for p in after][-len(new) :] if new else []
    for fresh in new:
        at_end = fresh.name in last
        where = "at the end" if at_end else "between others"
        found.append(
            Change(
                "added",
                (fresh.name,),
                1.0,
                f"{where}: {fresh.kind or 'never filled'}, {fresh.filled:.0%} filled",
                at_end,
            )
        )
    found += [
        Change("dropped", (old.name,), 1.0, f"was {old.kind or 'never filled'}, {old.filled:.0%} filled")
        for old in gone
    ]
    swapped = _swapped(pairs)
    found += swapped
    moved = {name for change in swapped for name in change.columns}
    for old, fresh in pairs:
        if fresh.name not in moved and old.is_told and fresh.is_told and old.kind != fresh.kind:
            found.append(Change("type", (fresh.name,), 1.0, f"was {old.kind}, is {fresh.kind}"))
    order = ("renamed", "swapped", "type", "added", "dropped")
    return sorted(found, key=lambda c: (order.index(c.kind), c.columns))


_Pairs = list[tuple[Profile, Profile]]


def _by_name(
    before: Sequence[Profile], after: Sequence[Profile]
) -> tuple[_Pairs, list[Profile], list[Profile]]:
    fresh = {p.name: p for p in after}
    known = {p.name for p in before}
    pairs = [(p, fresh[p.name]) for p in before if p.name in fresh]
    return pairs, [p for p in before if p.name not in fresh], [p for p in after if p.name not in known]


def _side_by_side(
    before: Sequence[Profile], after: Sequence[Profile]
) -> tuple[_Pairs, list[Profile], list[Profile]]:
    """The cheapest way to lay both beside each other in order, where leaving a column out costs GAP. Of equal ways the one that pairs first."""
    if len(before) == len(after):
        return list(zip(before, after, strict=True)), [], []
    rows, columns = len(before), len(after)
    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows + 1):
        for j in range(columns + 1):
            ways = []
            if i and j:
                ways.append(cost[i - 1][j - 1] + distance(before[i - 1], after[j - 1]))
            if i:
                ways.append(cost[i - 1][j] + GAP)
            if j:
                ways.append(cost[i][j - 1] + GAP)
            cost[i][j] = min(ways, default=0.0)
    pairs: _Pairs = []
    gone: list[Profile] = []
    new: list[Profile] = []
    i, j = rows, columns
    while i or j:
        if i and j and cost[i][j] == cost[i - 1][j - 1] + distance(before[i - 1], after[j - 1]):
            i, j = i - 1, j - 1
            pairs.insert(0, (before[i], after[j]))
        elif i and cost[i][j] == cost[i - 1][j] + GAP:
            i -= 1
            gone.insert(0, before[i])
        else:
            j -= 1
            new.insert(0, after[j])
    return pairs, gone, new


def _renamed(gone: Sequence[Profile], new: Sequence[Profile]) -> list[tuple[Profile, Profile, float]]:
    """Columns that went and came with like values: each the other's nearest, and clearly nearer than the second."""
    found = []
    for old in gone:
        near = sorted(new, key=lambda p: (distance(old, p), p.name))
        if not near or not old.is_told or not near[0].is_told:
            continue
        best = distance(old, near[0])
        back = min(gone, key=lambda p: (distance(p, near[0]), p.name))
        second = distance(old, near[1]) if len(near) > 1 else 1.0
        if best <= ALIKE and back is old and second - best >= 0.1:
            found.append((old, near[0], round(1 - best, 2)))
    return found


def _swapped(pairs: _Pairs) -> list[Change]:
    """Two columns that fit in each other's place and not in their own; the clearest first, each column once."""
    told = [(old, fresh) for old, fresh in pairs if old.is_told and fresh.is_told]
    found = []
    for (old_1, new_1), (old_2, new_2) in combinations(told, 2):
        crossed = distance(old_1, new_2), distance(old_2, new_1)
        if max(crossed) > ALIKE:
            continue
        gain = distance(old_1, new_1) + distance(old_2, new_2) - sum(crossed)
        if gain >= GAIN:
            kinds = f"both {old_1.kind}" if old_1.kind == old_2.kind else f"{old_1.kind} and {old_2.kind}"
            found.append((gain, new_1.name, new_2.name, kinds, max(crossed)))
    changes, used = [], set[str]()
    for _, one, other, kinds, apart in sorted(found, key=lambda f: (-f[0], f[1], f[2])):
        if not used & {one, other}:
            used |= {one, other}
            how = f"{kinds}; each looks like what the other was"
            changes.append(Change("swapped", (one, other), round(1 - apart, 2), how))
    return changes


# What may be done with a change. accept: load as the contract says; rescue: load, the strange in `_rescued`; hold: the feed waits.
ACTIONS = ("accept", "rescue", "hold")
POLICY: Mapping[str, str] = {
    "added": "rescue",
    "dropped": "hold",
    "renamed": "hold",
    "swapped": "hold",
    "type": "hold",
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "added": ACTIONS, "dropped": ("hold",), "renamed": ("hold",), "swapped": ("hold",), "type": ("rescue", "hold"),
}  # fmt: skip


def verdict(changes: Sequence[Change], policy: Mapping[str, str] = POLICY) -> tuple[str, tuple[str, ...]]:
    """(what is done, kinds of change that decide it): the severest action of all changes.

    A column put between others moves all behind it, so it holds whatever the policy says of columns added.
    """
    unknown = [f"{k}: {v}" for k, v in policy.items() if v not in ALLOWED.get(k, ())]
    if unknown:
        raise ValueError(f"no policy of drift: {', '.join(unknown)}")
    full = {**POLICY, **policy}
    done: dict[str, str] = {}
    for change in changes:
        action = "hold" if change.kind == "added" and not change.is_at_end else full[change.kind]
        done[change.kind] = max(action, done.get(change.kind, "accept"), key=ACTIONS.index)
    severest = max(done.values(), key=ACTIONS.index, default="accept")
    return severest, tuple(
        sorted(k for k, action in done.items() if action == severest and severest != "accept")
    )


def told(changes: Sequence[Change]) -> list[str]:
    """The differences as lines for a person."""
    lines = []
    for change in changes:
        columns = {"renamed": " → ", "swapped": " ↔ "}.get(change.kind, ", ").join(change.columns)
        sure = f" ({change.confidence:.2f})" if change.confidence < 1 else ""
        lines.append(f"{change.kind:<8} {columns}: {change.how}{sure}")
    return lines
