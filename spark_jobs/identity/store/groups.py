"""Who stands under a key: members by key, in the order of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.blocking import places_in_blocks

Hashes = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Groups:
    """keys: distinct, ascending; the members of one lie before its end, behind the end of the one before."""

    keys: Hashes
    ends: Places
    members: Slots

    def find(self, keys: Hashes) -> tuple[Places, Places]:
        """Place of the first member under each key, and number of members."""
        if not len(self.keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        start = np.where(at > 0, self.ends[np.maximum(at, 1) - 1], 0)
        return start, np.where(self.keys[at] == keys, self.ends[at] - start, 0)

    def of(self, keys: Hashes) -> tuple[Places, Slots]:
        """Members under any of these keys: which key each stands under, and the member."""
        start, size = self.find(keys)
        return np.repeat(np.arange(len(keys)), size), self.members[ranges(start, size)]

    def arrays(self, name: str) -> dict[str, Any]:
        """As a part keeps them."""
        return {f"{name} keys": self.keys, f"{name} ends": self.ends, f"{name} members": self.members}

    def entries(self) -> Hashes:
        """The key of each member."""
        return np.repeat(self.keys, np.diff(self.ends, prepend=0))


def kept(arrays: Mapping[str, Any], name: str) -> Groups:
    """What `Groups.arrays` gave."""
    return Groups(arrays[f"{name} keys"], arrays[f"{name} ends"], arrays[f"{name} members"])


def of_sorted(keys: Hashes, members: Slots) -> Groups:
    """Groups of entries that stand in the order of keys."""
    last = np.flatnonzero(np.r_[keys[1:] != keys[:-1], np.ones(min(len(keys), 1), bool)])
    return Groups(keys[last], last + 1, members.astype(np.int32))


def grouped(keys: Hashes, members: Slots) -> Groups:
    """Groups of entries in any order; members of one key stay in theirs."""
    order = np.argsort(keys, kind="stable")
    return of_sorted(keys[order], members[order])


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values in order, each once: np.unique hashes, which takes several times as long as to sort."""
    found = np.sort(values)
    return found[np.r_[True, found[1:] != found[:-1]][: len(found)]]


def within(values: npt.NDArray[Any], known: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each value is one of those known, which are in order."""
    if not len(known):
        return np.zeros(values.shape, bool)
    found: npt.NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, values), len(known) - 1)] == values
    return found


def ranges(start: Places, size: Places) -> Places:
    """start, start + 1, … of each range, one range after the other."""
    found: Places = np.repeat(start, size) + places_in_blocks(size)
    return found
