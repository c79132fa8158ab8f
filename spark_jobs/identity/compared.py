"""What a run compared, for the next run: which record versions there were, how each pair compares. Plain NumPy, no Spark.

Under a frozen model how two record versions compare follows from the two alone. So a run that finds a pair of versions among those it
compared before looks nothing up but that; it reads the values of parties that changed, and of those whom a changed one now meets.
Who meets whom, and since when, is asked of all versions each time, for that may change without a version changing (meetings.py): a key
that one more party came to have lets nobody meet from that day on. It needs no values, only the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.looks import Looks, looked
from spark_jobs.identity.reading import Compare, Flags, Reading, Standing, read
from spark_jobs.identity.versions import Versions, joined

Places = npt.NDArray[np.int64]
# Parties → their record versions as they are now; None: of everybody.
Fetch = Callable[[Collection[str] | None], Versions]
# Versions and what compares them here → what compares them, maybe elsewhere (spread.py).
Elsewhere = Callable[[Versions, Compare], Compare]


@dataclass(frozen=True)
class Prints:
    """Two hashes of all that silver says of a party, and of what other records say for it; parties: their ids, sorted."""

    parties: Sequence[str]
    hashes: npt.NDArray[np.uint64]

    def other_than(self, before: Prints) -> tuple[list[str], list[str]]:
        """Parties of which something else is said than before, new ones among them; and parties of which nothing is said any more."""
        was = dict(zip(before.parties, map(tuple, before.hashes.tolist()), strict=True))
        now = dict(zip(self.parties, map(tuple, self.hashes.tolist()), strict=True))
        changed = [party for party, hashes in now.items() if was.get(party) != hashes]
        return changed, [party for party in was if party not in now]


@dataclass(frozen=True)
class Compared:
    """What is kept: the versions as they were read, and of each two that were compared (`left` × versions + `right`, ascending) the result."""

    prints: Prints
    reading: Reading
    pairs: Places
    patterns: Places
    doubted: Flags

    def differing(self, other: Compared) -> int:
        """Pairs that only one of the two has, or that compare otherwise, of the same versions in the same order."""
        mine, theirs = (
            np.isin(one, another) for one, another in ((self.pairs, other.pairs), (other.pairs, self.pairs))
        )
        same = (self.patterns[mine] == other.patterns[theirs]) & (self.doubted[mine] == other.doubted[theirs])
        return int((~mine).sum() + (~theirs).sum() + (~same).sum())


@dataclass(frozen=True)
class Work:
    """How much was done: parties there are and those that were read, pairs of versions that met and those that were compared."""

    parties: int
    read: int
    pairs: int
    compared: int


def brought_up_to(
    kept: Compared | None, prints: Prints, fetch: Fetch, model: Frozen, elsewhere: Elsewhere = lambda _, here: here
) -> tuple[Looks, Compared, Work]:  # fmt: skip
    """All pairs of versions as `looks.look` gives them, what to keep of it, and what was done.

    kept  of the last run; None: read all; elsewhere: who else may compare
    """
    if kept is None:
        versions = fetch(None)
        reading, here = read(versions, model)
        seen = looked(reading, elsewhere(versions, here), model)
        done = Work(len(prints.parties), len(prints.parties), len(seen.pair), len(seen.pair))
        return seen, _kept(prints, seen), done
    changed, gone = prints.other_than(kept.prints)
    fresh = fetch(changed)
    own, here = read(fresh, model)
    spliced = _spliced(kept.reading, own, {*changed, *gone})
    recall = _Recall(kept, spliced, fresh, elsewhere(fresh, here), fetch, model, elsewhere)
    seen = looked(spliced.reading, recall, model)
    done = Work(len(prints.parties), len(changed) + recall.read, len(seen.pair), recall.compared)
    return seen, _kept(prints, seen), done


def _kept(prints: Prints, seen: Looks) -> Compared:
    """One row per two versions: they are compared once, however often they met."""
    pairs, at = np.unique(seen.left * len(seen.reading.party) + seen.right, return_index=True)
    return Compared(prints, seen.reading, pairs, seen.pattern[at], seen.doubted[at])


@dataclass(frozen=True)
class _Spliced:
    """A reading of which some parties were read anew; was, fresh: place in it of each version of the former and of the new reading, or -1."""

    reading: Reading
    was: Places
    fresh: Places


def _spliced(was: Reading, fresh: Reading, replaced: Collection[str]) -> _Spliced:
    stays = np.array([party not in replaced for party in was.parties], bool)
    parties = sorted([*(p for p, kept in zip(was.parties, stays, strict=True) if kept), *fresh.parties])
    place = {party: n for n, party in enumerate(parties)}
    of_party = [
        np.array([place.get(p, -1) for p in reading.parties], np.int32)[reading.party]
        for reading in (was, fresh)
    ]
    stand = stays[was.party]

    def both(name: str) -> npt.NDArray[np.int64]:
        found: npt.NDArray[np.int64] = np.concatenate([getattr(was, name)[stand], getattr(fresh, name)])
        return found

    party = np.concatenate([of_party[0][stand], of_party[1]])
    since = both("since")
    order = np.lexsort((since, party))
    moved = np.empty(len(order), np.int64)
    moved[order] = np.arange(len(order))
    at_stand = np.full(len(was.party), -1, np.int64)
    at_stand[stand] = moved[: int(stand.sum())]
    at_fresh = moved[int(stand.sum()) :]
    reading = Reading(
        parties, party[order], since[order].astype(np.int32), both("until")[order].astype(np.int32), both("said")[order], fresh.rules,
        [_moved(a, b, at_stand, at_fresh) for a, b in zip(was.standing, fresh.standing, strict=True)],
        both("own")[order], both("has")[order].astype(bool), both("born")[order], fresh.fields,
    )  # fmt: skip
    # A version of a changed party that says what it said is the one that was compared.
    same = {
        (int(of_party[1][n]), int(fresh.since[n]), int(fresh.said[n])): at_fresh[n]
        for n in range(len(at_fresh))
    }
    at_was = at_stand.copy()
    for n in np.flatnonzero(~stand):
        at_was[n] = same.get((int(of_party[0][n]), int(was.since[n]), int(was.said[n])), -1)
    return _Spliced(reading, at_was, at_fresh)


def _moved(was: Standing, fresh: Standing, at_was: Places, at_fresh: Places) -> Standing:
    """Entries of both; at_was: new place of each version that was not read anew, else -1."""
    stand = at_was[was.members] >= 0
    members = np.concatenate([at_was[was.members[stand]], at_fresh[fresh.members]])
    return Standing(np.concatenate([was.keys[stand], fresh.keys]), members.astype(np.int32))


class _Recall:
    """Compares versions by what is kept, and those that are new to each other by their values."""

    def __init__(
        self, kept: Compared, spliced: _Spliced, fresh: Versions, compare: Compare, fetch: Fetch, model: Frozen, elsewhere: Elsewhere
    ) -> None:  # fmt: skip
        self._elsewhere = elsewhere
        self._kept, self._spliced = kept, spliced
        self._fresh, self._compare, self._fetch, self._model = fresh, compare, fetch, model
        self._known, self._at = self._of_kept()
        self.read = self.compared = 0

    def _of_kept(self) -> tuple[Places, Places]:
        """The pairs that are kept, by the places that their versions have now, ascending, and where they are kept."""
        had, has = len(self._kept.reading.party), len(self._spliced.reading.party)
        left, right = (self._spliced.was[side] for side in divmod(self._kept.pairs, max(had, 1)))
        at = np.flatnonzero((left >= 0) & (right >= 0))
        pairs = left[at] * has + right[at]
        order = np.argsort(pairs, kind="stable")
        return pairs[order], at[order]

    def __call__(self, left: Places, right: Places) -> tuple[Places, Flags]:
        wanted = left * len(self._spliced.reading.party) + right
        near = np.minimum(np.searchsorted(self._known, wanted), max(len(self._known) - 1, 0))
        known = self._known[near] == wanted if len(self._known) else np.zeros(len(wanted), bool)
        patterns, doubted = np.empty(len(wanted), np.int64), np.zeros(len(wanted), bool)
        at = self._at[near[known]]
        patterns[known], doubted[known] = self._kept.patterns[at], self._kept.doubted[at]
        new = np.flatnonzero(~known)
        self.compared = len(new)
        if len(new):
            patterns[new], doubted[new] = self._by_values(left[new], right[new])
        return patterns, doubted

    def _by_values(self, left: Places, right: Places) -> tuple[Places, Flags]:
        reading = self._spliced.reading
        wanted = np.unique(np.concatenate([left, right]))
        missing = np.setdiff1d(wanted, self._spliced.fresh)
        place = np.full(len(reading.party), -1, np.int64)
        place[self._spliced.fresh] = np.arange(len(self._spliced.fresh))
        compare = self._compare
        if len(missing):
            parties = [reading.parties[n] for n in np.unique(reading.party[missing])]
            self.read = len(parties)
            others = self._fetch(parties)
            both = joined(self._fresh, others)
            compare = self._elsewhere(both, read(both, self._model)[1])
            first = len(self._spliced.fresh)
            here = {
                (others.parties[party], int(day)): first + n
                for n, (party, day) in enumerate(zip(others.party, others.since, strict=True))
            }
            place[missing] = [here[reading.parties[reading.party[n]], int(reading.since[n])] for n in missing]
        return compare(place[left], place[right])
