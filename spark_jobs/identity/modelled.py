"""Pairs of parties judged by a frozen model, day by day. Plain functions over NumPy, no Spark.

Under a frozen model the probability that two record versions are of one person follows from the two alone (engine/frozen.py), and which
pairs are compared from the days on which keys came to be had. So what is said of a day never depends on what came later: a range that is
computed at once equals its days one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.blocking import Candidates, Keys, Rule, places_in_blocks
from spark_jobs.identity.engine.coded import MISSING
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.levels import LABELS, unpacked
from spark_jobs.identity.engine.model import scored
from spark_jobs.identity.engine.resolution import shared_but_contradicted
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates
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
    changes between the two says too little to part anybody. Pairs with two different valid certificates are left out; two who both show
    certificates, of which none is nearly one of the other's, are grey at most: namesakes born on one day are not rare in a country. A party
    without a certificate that comes to fit two people who have different ones is tied by the model to nobody from that day on.
    """
    if not len(versions.people):
        return []
    fields = standardised(versions.people, model.form)
    own = certificates(fields, len(versions.people))
    pairs, since = _met(rules(fields), versions, model)
    left, right, start, end, pair = _overlaps(pairs, since, versions)
    apart = ((own[left] >= 0) & (own[right] >= 0) & (own[left] != own[right])).any(axis=1)
    left, right, start, end, pair = (a[~apart] for a in (left, right, start, end, pair))
    found = Candidates(left.astype(np.int32), right.astype(np.int32), np.zeros(len(left), np.int64), {})
    result = scored(fields, [], found, len(versions.people), model.model)
    odds = result.log_odds[result.place]
    wrong = shared_but_contradicted(fields, found.left, found.right, own)
    odds[wrong] = _DOUBTED
    sure = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    strange = _other_certificates(fields, left, right, result.patterns[result.place])
    sure[strange] = np.minimum(sure[strange], (limits.review + limits.link) / 2)
    told = np.flatnonzero(np.isin(pair, pair[sure >= limits.review]))
    order = told[np.lexsort((start[told], pair[told]))]
    alike = [
        _told(versions, int(pairs[pair[at[0]]]), at, (start, end, sure, result.patterns[result.place]), fields, limits)
        for at in _groups(pair[order], order)
    ]  # fmt: skip
    return sorted(
        (each for each in _left_alone(alike, _holders(versions, own)) if each.ties or each.grey),
        key=lambda each: (each.party_a, each.party_b),
    )


def _other_certificates(
    fields: Sequence[Field], left: Places, right: Places, patterns: Places
) -> npt.NDArray[np.bool_]:
    """Whether both sides have a certificate of some kind and no two are alike."""
    levels = unpacked(patterns, len(fields))
    has, near = np.zeros((2, len(left)), bool), np.zeros(len(left), bool)
    for place, field in enumerate(fields):
        if field.kind == "number":
            for side, at in enumerate((left, right)):
                has[side] |= (field.coded.codes[at] != MISSING).any(axis=1)
            near |= (levels[:, place] > 0) & (levels[:, place] < LABELS["number"].index("else"))
    strange: npt.NDArray[np.bool_] = has.all(axis=0) & ~near
    return strange


def _met(by_rule: Sequence[Rule], versions: Versions, model: Frozen) -> tuple[Places, Places]:
    """Pairs of parties that some rule lets meet (smaller place × parties + larger), and the first day of it.

    A key that more parties came to have than the model's limit allows lets nobody meet from the day on which it passed it, for good.
    """
    count = len(versions.parties)
    pairs, days = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for rule in by_rule:
        for code, day in _of_rule(rule.keys, versions, model.largest[rule.name], count):
            pairs.append(code)
            days.append(day)
    every, day = np.concatenate(pairs), np.concatenate(days)
    order = np.lexsort((day, every))
    every, day = every[order], day[order]
    first = np.r_[True, every[1:] != every[:-1]][: len(every)]
    return every[first], day[first]


def _of_rule(
    keys: Sequence[Keys], versions: Versions, limit: int, count: int
) -> Iterator[tuple[Places, Places]]:
    at = np.concatenate([np.flatnonzero(k != MISSING) for k in keys])
    key = np.concatenate([k[k != MISSING] for k in keys])
    party, since = versions.party[at].astype(np.int64), versions.since[at].astype(np.int64)
    order = np.lexsort((since, party, key))
    key, party, since = key[order], party[order], since[order]
    first = np.r_[True, (key[1:] != key[:-1]) | (party[1:] != party[:-1])][: len(key)]
    key, party, since = key[first], party[first], since[first]
    order = np.lexsort((party, since, key))
    key, party, since = key[order], party[order], since[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    sizes = np.diff(np.r_[starts, len(key)])
    closed = np.full(len(sizes), np.iinfo(np.int64).max)
    over = sizes > limit
    closed[over] = since[starts[over] + limit]
    open_then = since < np.repeat(closed, sizes)
    key, party, since = key[open_then], party[open_then], since[open_then]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]][: len(key)])
    sizes = np.diff(np.r_[starts, len(key)])
    behind = np.repeat(sizes, sizes) - 1 - places_in_blocks(sizes)
    at = np.arange(len(key))
    for distance in range(1, int(sizes.max(initial=0))):
        at = at[behind[at] >= distance]
        one, other = party[at], party[at + distance]
        # Later ones stand behind: the day of the pair is that of the second.
        yield np.minimum(one, other) * count + np.maximum(one, other), since[at + distance]


def _overlaps(
    pairs: Places, since: Places, versions: Versions
) -> tuple[Places, Places, Places, Places, Places]:
    """Versions of both sides that stood on the same days from `since` on: their places, first and last day, place of the pair."""
    count = len(versions.parties)
    starts = np.searchsorted(versions.party, np.arange(count + 1))
    many = np.diff(starts)
    a, b = pairs // max(count, 1), pairs % max(count, 1)
    wide = many[a] * many[b]
    pair = np.repeat(np.arange(len(pairs)), wide)
    nth = places_in_blocks(wide)
    left = starts[a[pair]] + nth // np.maximum(many[b[pair]], 1)
    right = starts[b[pair]] + nth % np.maximum(many[b[pair]], 1)
    start = np.maximum(np.maximum(versions.since[left], versions.since[right]), since[pair])
    end = np.minimum(versions.until[left], versions.until[right]).astype(np.int64)
    both = start < end
    return left[both], right[both], start[both], end[both], pair[both]


def _groups(of: Places, at: Places) -> Iterator[Places]:
    bounds = np.flatnonzero(np.r_[True, of[1:] != of[:-1], True][: len(of) + 1]) if len(of) else [0]
    return (at[a:b] for a, b in pairwise(bounds))


def _told(
    versions: Versions, code: int, at: Places, spans: tuple[npt.NDArray[Any], ...], fields: Sequence[Field], limits: Thresholds
) -> Likeness:  # fmt: skip
    """One pair of which the overlaps stand at `at`, oldest first."""
    start, end, sure, patterns = spans
    told = [(_day(int(start[n])), _day(int(end[n])), float(sure[n])) for n in at]
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
    count, newest = len(versions.parties), int(at[-1])
    a, b = versions.parties[code // count], versions.parties[code % count]
    pattern = int(patterns[newest])
    return Likeness(a, b, tuple(ties), grey, round(told[-1][2], 6), pattern, described(fields, pattern))


def described(fields: Sequence[Field], pattern: int) -> str:
    """Levels of a pattern in words: `name same reading; birth_date a part unknown; phone else`. No value; what is not known is left out."""
    levels = unpacked(np.array([pattern], np.int64), len(fields))[0]
    said = [(f.name, LABELS[f.kind][level]) for f, level in zip(fields, levels, strict=True) if level]
    return "model " + "; ".join(f"{name} {word}" for name, word in said)


def _day(days: int) -> date:
    return _EPOCH + timedelta(days=days)


def _holders(versions: Versions, own: Places) -> dict[str, list[tuple[date, int]]]:
    """party → its valid certificates and the days from which it had them."""
    found: dict[str, dict[int, date]] = {}
    for at in np.flatnonzero((own >= 0).any(axis=1)):
        by_number = found.setdefault(versions.parties[versions.party[at]], {})
        for number in own[at][own[at] >= 0]:
            by_number.setdefault(int(number), _day(int(versions.since[at])))
    return {party: [(day, number) for number, day in known.items()] for party, known in found.items()}


def _left_alone(alike: list[Likeness], holders: dict[str, list[tuple[date, int]]]) -> Iterator[Likeness]:
    """Ends ties of a party without a certificate on the day on which it has come to fit two people with different ones."""
    fits: dict[str, list[tuple[date, int]]] = {}
    for each in alike:
        for side, other in ((each.party_a, each.party_b), (each.party_b, each.party_a)):
            if side not in holders:
                for day, number in holders.get(other, []):
                    fits.setdefault(side, []).extend(
                        (max(day, tie.since), number) for tie in each.ties if day < tie.until
                    )
    doubt: dict[str, date] = {}
    for party, told in fits.items():
        first: dict[int, date] = {}
        for day, number in sorted(told):
            first.setdefault(number, day)
        if len(first) > 1:
            doubt[party] = sorted(first.values())[1]
    for each in alike:
        end = min(doubt.get(each.party_a, OPEN), doubt.get(each.party_b, OPEN))
        kept = tuple(
            Spell(t.since, min(t.until, end), t.probability) for t in each.ties if t.since < min(t.until, end)
        )
        is_cut = any(t.until > end for t in each.ties)
        yield Likeness(
            each.party_a, each.party_b, kept, end if is_cut else each.grey, each.probability, each.pattern, each.words
        )  # fmt: skip
