"""Which parties are compared at all, from which day on, and which of their record versions stood on the same days. Plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.blocking import places_in_blocks
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.reading import Reading, Standing
from spark_jobs.identity.versions import Spans

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Met:
    """Pairs of parties that some rule lets meet.

    pairs  smaller place × parties + larger, sorted; since: the first day of it
    place, rule, day  one row per pair and rule that lets it meet: place of the pair, number of the rule, first day of it. In small types: of
                      a million records there are sixty million
    """

    pairs: Places
    since: Places
    place: npt.NDArray[np.int32]
    rule: npt.NDArray[np.uint8]
    day: npt.NDArray[np.int32]


def met(reading: Reading, model: Frozen) -> Met:
    """Who meets by which rule, and from which day on.

    A key that more parties came to have than the model's limit allows lets nobody meet from the day on which it passed it, for good.
    """
    count = len(reading.parties)
    pairs, days, rules = [np.empty(0, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.uint8)]
    for k, (rule, standing) in enumerate(zip(reading.rules, reading.standing, strict=True)):
        for code, day in _of_rule(standing, reading, model.largest[rule], count):
            pairs.append(code)
            days.append(day.astype(np.int32))
            rules.append(np.full(len(code), k, np.uint8))
    every, day, of = np.concatenate(pairs), np.concatenate(days), np.concatenate(rules)
    order = np.lexsort((day, of, every))
    every, day, of = every[order], day[order], of[order]
    # Under several keys of one rule two may meet several times; the first counts.
    first = np.r_[True, (every[1:] != every[:-1]) | (of[1:] != of[:-1])][: len(every)]
    every, day, of = every[first], day[first], of[first]
    starts = np.flatnonzero(np.r_[True, every[1:] != every[:-1]][: len(every)])
    place = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(np.r_[starts, len(every)]))
    since = (np.minimum.reduceat(day, starts) if len(starts) else day).astype(np.int64)
    return Met(every[starts], since, place, of, day)


def _of_rule(standing: Standing, versions: Spans, limit: int, count: int) -> Iterator[tuple[Places, Places]]:
    at, key = standing.members.astype(np.int64), standing.keys
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


def overlaps(pairs: Places, since: Places, versions: Spans) -> tuple[Places, Places, Places, Places, Places]:
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
