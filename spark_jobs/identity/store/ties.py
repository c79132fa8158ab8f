"""Pairs of records that count for clusters or confidence, found from either end.

A tie is one number: left slot, right slot, and by what it ties (0: the model; k + 1: the valid certificate of kind k).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.store.groups import Places, Slots, distinct, ranges

_KIND_BITS, _SLOT_BITS = 4, 29
_LEFT = _KIND_BITS + _SLOT_BITS
MOST_SLOTS, MOST_KINDS = 1 << _SLOT_BITS, (1 << _KIND_BITS) - 1
# Ties below are kept nowhere: confidence has six digits, and this is less than half of the last.
TOLD_FROM = -14.6


@dataclass(frozen=True)
class Ties:
    """keys: see above; log_odds: of one person."""

    keys: Places
    log_odds: npt.NDArray[np.float64]

    @property
    def left(self) -> Places:
        """The smaller slot of each."""
        return self.keys >> _LEFT

    @property
    def right(self) -> Places:
        """The larger slot of each."""
        return (self.keys >> _KIND_BITS) & (MOST_SLOTS - 1)

    @property
    def kinds(self) -> Places:
        """0 where the model ties, k + 1 where the certificate of kind k does."""
        return self.keys & MOST_KINDS

    def where(self, chosen: npt.NDArray[Any]) -> Ties:
        """Some of them, by a mask or by places."""
        return Ties(self.keys[chosen], self.log_odds[chosen])

    def ordered(self) -> Ties:
        """In the order of keys, each once."""
        order = np.argsort(self.keys, kind="stable")
        keys = self.keys[order]
        once = np.r_[True, keys[1:] != keys[:-1]][: len(keys)]
        return Ties(keys[once], self.log_odds[order[once]])

    def ends(self) -> Places:
        """Slots at either end, ascending, each once."""
        return distinct(np.concatenate([self.left, self.right]))


def ties(one: npt.NDArray[Any], other: npt.NDArray[Any], kind: Any, log_odds: npt.NDArray[np.float64]) -> Ties:  # fmt: skip
    """Ties of slots, given in any order. Errors: ValueError for slots and kinds beyond what a key holds (half a billion, fifteen)."""
    one, other = np.asarray(one, np.int64), np.asarray(other, np.int64)
    low, high = np.minimum(one, other), np.maximum(one, other)
    if high.max(initial=0) >= MOST_SLOTS or np.max(kind, initial=0) > MOST_KINDS:
        raise ValueError(f"a store has at most {MOST_SLOTS:,} slots and {MOST_KINDS} kinds of certificates")
    return Ties((low << _LEFT) | (high << _KIND_BITS) | kind, log_odds)


def together(*parts: Ties) -> Ties:
    """Those of all."""
    keys = np.concatenate([np.empty(0, np.int64), *(p.keys for p in parts)])
    return Ties(keys, np.concatenate([np.empty(0), *(p.log_odds for p in parts)]))


NO_TIES = together()


def arrays(found: Ties) -> dict[str, Any]:
    """As a part keeps them; `found` stand in the order of keys."""
    right = found.right.astype(np.int32)
    order = np.argsort(right, kind="stable").astype(np.int32)
    return {"tie keys": found.keys, "tie odds": found.log_odds, "tie rights": right[order], "tie places": order}  # fmt: skip


def touching(kept: Mapping[str, Any], slots: Slots | Places) -> Ties:
    """Ties of a part of which either end is one of these slots (ascending), each once, in the order of keys."""
    keys, rights = kept["tie keys"], kept["tie rights"]
    slots = slots.astype(np.int64)
    start = np.searchsorted(keys, slots << _LEFT)
    by_left = ranges(start, np.searchsorted(keys, (slots + 1) << _LEFT) - start)
    narrow = slots.astype(np.int32)
    start = np.searchsorted(rights, narrow)
    by_right = kept["tie places"][ranges(start, np.searchsorted(rights, narrow, "right") - start)]
    places = distinct(np.concatenate([by_left, by_right.astype(np.int64)]))
    return Ties(keys[places], kept["tie odds"][places])
