"""Pairs of parties judged by a frozen model, day by day. Plain functions over NumPy, no Spark.

Under a frozen model the probability that two record versions are of one person follows from the two alone (engine/frozen.py), and which
pairs are compared from the days on which keys came to be had. So what is said of a day never depends on what came later: a range that is
computed at once equals its days one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.coded import MISSING
from spark_jobs.identity.engine.form import Shape
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.levels import unpacked
from spark_jobs.identity.engine.scale import BANDS, LABELS
from spark_jobs.identity.engine.seen import Real
from spark_jobs.identity.looks import Looks, look
from spark_jobs.identity.reading import Flags, Reading
from spark_jobs.identity.timeline import OPEN
from spark_jobs.identity.versions import Versions

Places = npt.NDArray[np.int64]
_EPOCH = date(1970, 1, 1)
# Log-odds of a pair that shares a certificate which name and birth date contradict: for stewards, not for the model.
_DOUBTED = -30.0


@dataclass(frozen=True)
class Spell:
    """Days [since, until) on which two parties look alike enough, and how likely they were one person on the first of them."""

    since: date
    until: date
    probability: float


@dataclass(frozen=True)
class Likeness:
    """Two parties (smaller id first) that the model takes for one person on some days, or does not dare to tell.

    ties     days on which they are taken for one
    grey     day from which a steward should look, up to now; None: no need
    probability, pattern  of the newest versions; pattern: their levels, four bits a field; words: the same in words, without a value
    """

    party_a: str
    party_b: str
    ties: tuple[Spell, ...]
    grey: date | None
    probability: float
    pattern: int
    words: str


@dataclass(frozen=True)
class Thresholds:
    """Probabilities: from `link` on two parties are one person, from `review` on a steward should look; below it a tie ends."""

    link: float = 0.95
    review: float = 0.5


def judged(versions: Versions, model: Frozen, limits: Thresholds) -> list[Likeness]:
    """Pairs that are, or were, one person to the model, or grey now; in the order of their ids.

    A tie begins on the first day on which the versions of the day reach `link`, and ends on the first on which they fall below `review`: what
    changes between the two says too little to part anybody. Pairs with two different valid certificates are left out; some are grey at
    most (`unsafe`): namesakes born on one day are not rare in a country. A party
    without certificate, or without birth date, that comes to fit people of different ones is tied by the model to nobody from that day on.
    """
    if not len(versions.people):
        return []
    seen = look(versions, model)
    return likely(seen, alike_enough(seen, limits), limits)


@dataclass(frozen=True)
class Alike:
    """Rows of `Looks` of pairs that on some day are not certainly two people: by pair, each oldest first. sure: probability of each row."""

    rows: Places
    sure: Real


def alike_enough(seen: Looks, limits: Thresholds) -> Alike:
    """What is to be told of in `likely`. A party's likeness may end that of another: give whole groups of pairs that hang together."""
    sure = dared(seen, limits)
    told = np.flatnonzero(np.isin(seen.pair, seen.pair[sure >= limits.review]))
    order = told[np.lexsort((seen.start[told], seen.pair[told]))]
    return Alike(order, sure[order])


def likely(seen: Looks, rows: Alike, limits: Thresholds) -> list[Likeness]:
    """As `judged`, of versions that were compared already."""
    alike = [_told(seen, rows, at, limits) for at in _groups(seen.pair[rows.rows])]
    parties = {party for each in alike for party in (each.party_a, each.party_b)}
    return sorted(
        (each for each in _left_alone(alike, _marks(seen.reading, parties)) if each.ties or each.grey),
        key=lambda each: (each.party_a, each.party_b),
    )  # fmt: skip


def dared(seen: Looks, limits: Thresholds) -> Real:
    """Probability of one person of each row, as far as likeness may tell: no more than for a steward, or none, where `unsafe` says so."""
    odds = seen.odds.copy()
    odds[seen.doubted] = _DOUBTED
    sure: Real = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    to_steward, two = unsafe(seen.reading.fields, seen.reading.has, seen.left, seen.right, seen.pattern)
    sure[to_steward] = np.minimum(sure[to_steward], (limits.review + limits.link) / 2)
    sure[two] = 0.0
    return sure


def unsafe(
    fields: Sequence[Shape], has_number: Flags, left: Places, right: Places, patterns: Places
) -> tuple[Flags, Flags]:
    """Pairs that no likeness of all else ties: those for a steward, and those who are two people. Never where certificates are nearly one.

    has_number  records × fields of numbers, as `Reading.has`
    For a steward: both have a certificate of some kind and no two are alike; or whole birth dates that differ by more than a slip of the
    pen (a digit; day and month crossed) under one name. Two people: births that differ under two names; fathers and sons share phones and
    sounds.
    """
    levels = unpacked(patterns, len(fields))
    has = has_number[left].any(axis=1) & has_number[right].any(axis=1)
    near = np.zeros(len(left), bool)
    differ, slip, named = (np.zeros(len(left), bool) for _ in range(3))
    for place, field in enumerate(fields):
        level, labels = levels[:, place], LABELS[field.kind]
        if field.kind == "number":
            near |= ((level > 0) & (level < labels.index("two edits"))) | (
                level == labels.index("masked, fits")
            )
        elif field.kind == "date":
            differ = (level > BANDS) & (level != labels.index("a part unknown"))
            slip = np.isin(level, [labels.index("one digit"), labels.index("day and month crossed")])
        elif field.kind == "name":
            named = (level > 0) & (level <= BANDS)
    return ~near & (has | (differ & ~slip)), ~near & differ & ~named


def _groups(of: Places) -> Iterator[slice]:
    """Slices of equal neighbours."""
    bounds = np.flatnonzero(np.r_[True, of[1:] != of[:-1], True][: len(of) + 1]) if len(of) else [0]
    return (slice(a, b) for a, b in pairwise(bounds))


def _told(seen: Looks, rows: Alike, of: slice, limits: Thresholds) -> Likeness:
    """One pair, of which the spells stand at `of`, oldest first."""
    at = rows.rows[of]
    spells = zip(seen.start[at].tolist(), seen.end[at].tolist(), rows.sure[of].tolist(), strict=True)
    told = [(_day(start), _day(end), sure) for start, end, sure in spells]
    ties: list[Spell] = []
    grey: date | None = None
    for n, (day, until, likely) in enumerate(told):
        goes_on = bool(ties) and ties[-1].until == day and likely >= limits.review
        if goes_on:
            ties[-1] = replace(ties[-1], until=until)
        elif likely >= limits.link:
            ties.append(Spell(day, until, round(likely, 6)))
        is_grey = not goes_on and limits.review <= likely < limits.link
        grey = (grey if n and told[n - 1][1] == day and grey else day) if is_grey else None
    if told[-1][1] < OPEN:
        grey = None
    parties = seen.reading.parties
    a, b = divmod(int(seen.met.pairs[seen.pair[at[0]]]), len(parties))
    pattern = int(seen.distinct[seen.place[at[-1]]])
    words = described(seen.reading.fields, pattern)
    return Likeness(parties[a], parties[b], tuple(ties), grey, round(told[-1][2], 6), pattern, words)


def described(fields: Sequence[Shape], pattern: int) -> str:
    """Levels of a pattern in words: `name same reading; birth_date a part unknown; phone else`. No value; what is not known is left out."""
    levels = unpacked(np.array([pattern], np.int64), len(fields))[0]
    said = [(f.name, LABELS[f.kind][level]) for f, level in zip(fields, levels, strict=True) if level]
    return "model " + "; ".join(f"{name} {word}" for name, word in said)


def _day(days: int) -> date:
    return _EPOCH + timedelta(days=days)


def _marks(reading: Reading, parties: Collection[str]) -> dict[str, dict[tuple[str, int], date]]:
    """party → what only one person has, its valid certificates and its birth dates → the day from which it had it."""
    kinds = range(reading.own.shape[1])
    columns = [*(("certificate", reading.own[:, kind]) for kind in kinds), ("birth", reading.born)]
    wanted = np.isin(reading.party, np.flatnonzero([party in parties for party in reading.parties]))
    found: dict[str, dict[tuple[str, int], date]] = {}
    for kind, values in columns:
        for at in np.flatnonzero(wanted & (values != MISSING)):
            of_party = found.setdefault(reading.parties[reading.party[at]], {})
            of_party.setdefault((kind, int(values[at])), _day(int(reading.since[at])))
    return found


def _left_alone(alike: list[Likeness], marks: dict[str, dict[tuple[str, int], date]]) -> Iterator[Likeness]:
    """Ends ties of a party on the day on which it has come to fit two people: two certificates, or two births, where it has none itself."""
    fits: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for each in alike:
        for side, other in ((each.party_a, each.party_b), (each.party_b, each.party_a)):
            lacks = {"certificate", "birth"} - {kind for kind, _ in marks.get(side, {})}
            for (kind, value), day in marks.get(other, {}).items():
                if kind in lacks:
                    days = [max(day, tie.since) for tie in each.ties if day < tie.until]
                    fits.setdefault((side, kind), []).extend((d, value) for d in days)
    doubt: dict[str, date] = {}
    for (party, _), told in fits.items():
        first: dict[int, date] = {}
        for day, value in sorted(told):
            first.setdefault(value, day)
        if len(first) > 1:
            doubt[party] = min(sorted(first.values())[1], doubt.get(party, OPEN))
    for each in alike:
        end = min(doubt.get(each.party_a, OPEN), doubt.get(each.party_b, OPEN))
        kept = tuple(
            Spell(t.since, min(t.until, end), t.probability) for t in each.ties if t.since < min(t.until, end)
        )
        is_cut = any(t.until > end for t in each.ties)
        yield Likeness(
            each.party_a, each.party_b, kept, end if is_cut else each.grey, each.probability, each.pattern, each.words
        )  # fmt: skip
