"""How far the pairs of a day are from those the model was learned from, and from those of the day before. Plain NumPy, no Spark.

Two measures, each for pairs of one person, of one household and of chance (`engine/seen.py`), under the one frozen model:

share    pairs of the class per record. What moved is the logarithm to base 2 of observed over expected: 1 is twice, or half, as many.
         Strangers meet in proportion to the square of the records: of them as many are expected as a file of the day's size would have.
pattern  Jensen–Shannon divergence in bits (Lin 1991, IEEE Trans. Inf. Theory 37, 145) of the patterns of the class: 0 equal, 1 without
         anything in common. Whether a class has more or fewer pairs says nothing here.

Both are taken less what chance alone brings, so that a small day cannot alarm. Of a logarithm of counts x and y that is three standard
deviations, √(1/x + 1/y) each. The divergence of two samples of one distribution is biased upwards: 8 ln 2 · D / (1/x + 1/y) is near chi-squared with one
degree less than there are patterns (Grosse et al. 2002, Phys. Rev. E 65, 041905); mean and three standard deviations of that are taken off. Pairs of
one record hang together, so a sample counts as no more than its records. A class with fewer than `least` pairs on either side says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from spark_jobs.identity.crowd import standing
from spark_jobs.identity.engine.form import Shape
from spark_jobs.identity.engine.levels import unpacked
from spark_jobs.identity.engine.scale import LABELS
from spark_jobs.identity.engine.seen import CLASSES, Cells, Real, Seen, gathered, merged
from spark_jobs.identity.looks import Looks

EPOCH = date(1970, 1, 1)
MODEL, DAY_BEFORE = "model", "day_before"
SHARE, PATTERN = "share", "pattern"
# Standard deviations that are taken for chance.
_CHANCE = 3.0
# Patterns of which the reference has fewer than one in a thousand, or none, are one.
_RARE = 0.001
# Of how many more or fewer records strangers can be foretold: in larger files blocks are closed, in smaller ones few meet.
_FORETOLD = (0.5, 1.5)
_EQUAL, _WORDS = "equal", {"missing": "not known of both", "else": "altogether different"}
_NAMES = {
    "one_person": "pairs of one person",
    "household": "pairs of one household",
    "chance": "pairs of chance",
}


@dataclass(frozen=True)
class Watched:
    """A row of identity.model_watch: how far one class of a day's pairs has moved from a reference.

    observed, reference  share: pairs per record; pattern: divergence, and how much of it chance explains
    moved                what is beyond chance; 0 where too few pairs tell
    cause                what moved most: a blocking rule, or a level of a field. Words and shares, no value
    """

    business_date: date
    compared_with_code: str
    measure_code: str
    pair_class_code: str
    record_cnt: int
    pair_cnt: int
    observed_ratio: float
    reference_ratio: float
    moved_ratio: float
    cause_text: str


def watched(looks: Looks, days: Sequence[date], learned: Seen | None, least: float) -> list[Watched]:
    """Each day against what the model was learned from (`learned`; None: an older model that does not say) and against the day before.

    A step away from the day before that is a step towards the model has not moved: the model knows such a bank, for it was learned of it.
    Days on which nothing stood, before a lake's first, are no reference. In the order of days.
    """
    rows: list[Watched] = []
    seen: dict[date, Seen] = {}

    def stood(day: date) -> Seen:
        if day not in seen:
            seen[day] = seen_on(looks, (day - EPOCH).days)
        return seen[day]

    for day in days:
        now, before = stood(day), stood(day - timedelta(days=1))
        known = _compared(day, MODEL, now, learned, looks.reading.fields, least) if learned else []
        rows += known
        if before.records:
            was = _compared(day, MODEL, before, learned, looks.reading.fields, least) if learned else []
            rows += _away(_compared(day, DAY_BEFORE, now, before, looks.reading.fields, least), known, was)
    return rows


def seen_on(looks: Looks, day: int) -> Seen:
    """What stood on a day (days since 1970)."""
    stands = np.flatnonzero((looks.start <= day) & (day < looks.end))
    place = looks.place[stands]
    count = np.bincount(place, minlength=len(looks.distinct)).astype(np.float64)
    here = np.flatnonzero(count)
    of_patterns = merged(looks.distinct[here], len(looks.reading.fields))
    cells, pairs = gathered(of_patterns, looks.classes[here] * count[here, None])
    of_pair = np.zeros((len(looks.met.pairs), len(CLASSES)))
    of_pair[looks.pair[stands]] = looks.classes[place]
    known = looks.met.day <= day
    rule, weight = looks.met.rule[known], of_pair[looks.met.place[known]]
    sums = np.column_stack(
        [np.bincount(rule, weight[:, c], len(looks.reading.rules)) for c in range(len(CLASSES))]
    )
    records = int(standing(looks.reading, np.array([day]))[0])
    return Seen(records, cells, pairs, dict(zip(looks.reading.rules, sums, strict=True)))


def _compared(
    day: date, reference: str, now: Seen, then: Seen, fields: Sequence[Shape], least: float
) -> list[Watched]:
    """Every class and measure that both sides can tell."""
    return [
        *_shares(day, reference, now, then, least),
        *_patterns(day, reference, now, then, fields, least),
    ]


def _away(moved: Sequence[Watched], known: Sequence[Watched], was: Sequence[Watched]) -> Iterator[Watched]:
    """Steps since the day before, without those that lead towards the model."""
    far, near = ({(w.measure_code, w.pair_class_code): _distance(w) for w in rows} for rows in (known, was))
    for each in moved:
        key = (each.measure_code, each.pair_class_code)
        is_towards = key in far and key in near and far[key] <= near[key]
        yield replace(each, moved_ratio=0.0) if is_towards else each


def _distance(told: Watched) -> float:
    """How far from the reference, chance included."""
    if told.measure_code == PATTERN:
        return told.observed_ratio
    return abs(math.log2(max(told.observed_ratio, 1e-9) / max(told.reference_ratio, 1e-9)))


def _shares(day: date, reference: str, now: Seen, then: Seen, least: float) -> Iterator[Watched]:
    growth = now.records / max(then.records, 1)
    for c, code in enumerate(CLASSES):
        if code == "chance" and not _FORETOLD[0] <= growth <= _FORETOLD[1]:
            continue
        scale = growth**2 if code == "chance" else growth
        x, y = float(now.totals[c]), float(then.totals[c])
        moved = share_moved((x, now.records), (y, then.records), scale, least)
        per, expected = x / max(now.records, 1), y * scale / max(now.records, 1)
        yield Watched(
            day, reference, SHARE, code, now.records, round(x), round(per, 6), round(expected, 6), round(moved, 6),
            _cause_of_share(c, now, then, scale),
        )  # fmt: skip


def share_moved(now: tuple[float, int], then: tuple[float, int], scale: float, least: float) -> float:
    """Logarithm to base 2 of how many times as many, or as few, pairs there are as expected, beyond chance; 0 where too few tell.

    now, then  pairs and records; scale: by what the pairs of `then` are to be multiplied for a file of the records of `now`
    """
    (x, records), (y, known) = now, then
    if max(x, y * scale) < least or y < least:
        return 0.0
    chance = math.sqrt(1 / max(min(x, records), 1.0) + 1 / min(y, known)) / math.log(2)
    return max(0.0, abs(math.log2(max(x, 1.0) / (y * scale))) - _CHANCE * chance)


def _cause_of_share(c: int, now: Seen, then: Seen, scale: float) -> str:
    """The class, and the blocking rule through which most of the change came, in pairs per thousand records."""
    per = 1000 / max(now.records, 1)
    told = [
        (now.by_rule[rule][c] * per, then.by_rule[rule][c] * scale * per, rule)
        for rule in sorted(set(now.by_rule) & set(then.by_rule))
    ]
    words = f"{_NAMES[CLASSES[c]]} per 1,000 records: {now.totals[c] * per:.1f} where {then.totals[c] * scale * per:.1f} were expected"
    if not told:
        return words
    x, y, rule = max(told, key=lambda each: round(abs(each[0] - each[1]), 9))
    return f"{words}; most by the rule `{rule}`: {x:.1f} for {y:.1f}"


def _patterns(
    day: date, reference: str, now: Seen, then: Seen, fields: Sequence[Shape], least: float
) -> Iterator[Watched]:
    for c, code in enumerate(CLASSES):
        x, y = float(now.totals[c]), float(then.totals[c])
        if min(x, y) < least:
            continue
        p, q = _distributions(now, then, c)
        found, noise = divergence(p, q), expected_by_chance(p, q, min(x, now.records), min(y, then.records))
        yield Watched(
            day, reference, PATTERN, code, now.records, round(x), round(found, 6), round(min(noise, 1.0), 6),
            round(max(0.0, found - noise), 6), _cause_of_pattern(c, now, then, fields),
        )  # fmt: skip


def _distributions(now: Seen, then: Seen, c: int) -> tuple[Real, Real]:
    """Shares of the reference's frequent patterns in both, and of all others in the last place."""
    q = then.pairs[:, c] / then.totals[c]
    frequent = q >= _RARE
    cells = then.cells[frequent]
    at = np.searchsorted(cells, now.cells)
    at[at == len(cells)] = 0
    is_known = cells[at] == now.cells if len(cells) else np.zeros(len(now.cells), bool)
    share = now.pairs[:, c] / now.totals[c]
    p = np.bincount(at[is_known], share[is_known], len(cells)).astype(np.float64)
    return np.r_[p, max(0.0, 1 - p.sum())], np.r_[q[frequent], max(0.0, 1 - q[frequent].sum())]


def divergence(p: Real, q: Real) -> float:
    """Jensen–Shannon divergence of two distributions over the same places, in bits."""
    middle = (p + q) / 2
    return float((_bits(p, middle) + _bits(q, middle)) / 2)


def _bits(p: Real, middle: Real) -> float:
    held = p > 0
    return float((p[held] * np.log2(p[held] / middle[held])).sum())


def expected_by_chance(p: Real, q: Real, x: float, y: float) -> float:
    """Divergence that samples of x and y from one distribution reach in all but one of some hundred cases."""
    free = max(int(((p > 0) | (q > 0)).sum()) - 1, 1)
    return (free + _CHANCE * math.sqrt(2 * free)) * (1 / x + 1 / y) / (8 * math.log(2))


def _cause_of_pattern(c: int, now: Seen, then: Seen, fields: Sequence[Shape]) -> str:
    """The level of a field whose share among the pairs of the class changed most."""
    found: list[tuple[float, float, str]] = []
    for f, field in enumerate(fields):
        x, y = (_levels(seen.cells, seen.pairs[:, c], len(fields), f) for seen in (now, then))
        for level, label in enumerate(LABELS[field.kind]):
            found.append(
                (
                    float(x[level]),
                    float(y[level]),
                    f"{field.name} {_EQUAL if level == 1 else _WORDS.get(label, label)}",
                )
            )
    # Of equal changes the first field and level: rounded, so that no last digit decides.
    share, expected, words = max(found, key=lambda each: round(abs(each[0] - each[1]), 9))
    return f"{_NAMES[CLASSES[c]]}: {words} in {share:.1%} where {expected:.1%} were expected"


def _levels(cells: Cells, pairs: Real, width: int, field: int) -> Real:
    level = unpacked(cells, width)[:, field]
    found: Real = np.bincount(level, pairs, 16) / max(float(pairs.sum()), 1e-12)
    return found
