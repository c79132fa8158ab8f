"""Which records meet because of a day: pairs to score, and ties that no block compares any more.

A block is compared as long as it is no larger than its rule allows. So a day brings together whom its records meet in such a block, and all
records of a block that came under its limit; and it takes away the ties of a block that passed it, unless the two meet elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spark_jobs.identity.engine.blocking import of_blocks
from spark_jobs.identity.engine.entries import Entries, entries_of
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field
from spark_jobs.identity.store.groups import Hashes, Places, distinct, ranges, within
from spark_jobs.identity.store.store import Mask, Store
from spark_jobs.identity.store.ties import NO_TIES, Ties, ties


def entries(fields: list[Field], slots: Places, model: Frozen) -> Entries:
    """Entries of records under the keys of the model's rules."""
    return entries_of(rules(fields), slots, model.form.key)


def limits(fields: list[Field], model: Frozen) -> Places:
    """Records in the largest block that each rule compares; the last is the rule under which all stand together."""
    return np.array([*(model.largest[r.name] for r in rules(fields)), model.whole_up_to], np.int64)


@dataclass(frozen=True)
class Blocks:
    """Blocks that a day changes.

    keys    in order; limit: records that its rule compares in each, at most
    was, left, now  entries before, those of them that stayed, and all there are now
    come    entries of the day's records
    """

    keys: Hashes
    limit: Places
    was: Places
    left: Places
    now: Places
    come: Entries

    @property
    def compared(self) -> Mask:
        """Whether a block is compared now."""
        return self.now <= self.limit

    @property
    def opened(self) -> Mask:
        """Whether it is compared now and was not before."""
        return (self.was > self.limit) & (self.now <= self.limit)

    @property
    def closed(self) -> Mask:
        """Whether it was compared before and is not now, and two of its records stayed."""
        return (self.was <= self.limit) & (self.now > self.limit) & (self.left > 1)


def changed(before: Store, come: Entries, gone: Entries, limit_of: Places) -> Blocks:
    """Blocks in which records come or go."""
    keys, first = np.unique(np.concatenate([gone.keys, come.keys]), return_index=True)
    limit = limit_of[np.concatenate([gone.rules, come.rules])[first]]
    was = before.sizes(keys)
    left = was - gone.sizes(keys)
    return Blocks(keys, limit, was, left, left + come.sizes(keys), come)


def to_score(store: Store, blocks: Blocks, first: int) -> tuple[Places, Places]:
    """Pairs of slots to score, the smaller on the left, each once; first: the day's first slot; store: as it is now."""
    parts = [*_of_fresh(store, blocks, first), *_of_opened(store, blocks)]
    pairs = distinct(np.concatenate([np.empty(0, np.int64), *parts]))
    count = max(store.slots, 1)
    return pairs // count, pairs % count


def _of_fresh(store: Store, blocks: Blocks, first: int) -> list[Places]:
    """Pairs of a record of the day with any in its blocks."""
    at = np.searchsorted(blocks.keys, blocks.come.keys)
    keys = distinct(at[blocks.compared[at] & (blocks.now[at] > 1)])
    which, slots = store.members(blocks.keys[keys])
    start = np.searchsorted(which, np.arange(len(keys)))
    size = np.searchsorted(which, np.arange(len(keys)), "right") - start
    fresh = np.flatnonzero(slots >= first)
    wide = size[which[fresh]]
    one = np.repeat(slots[fresh], wide)
    other = slots[ranges(start[which[fresh]], wide)]
    # Two records of the day meet once, from the smaller one.
    once = (other < first) | (one < other)
    one, other = one[once], other[once]
    return [np.minimum(one, other) * store.slots + np.maximum(one, other)]


def _of_opened(store: Store, blocks: Blocks) -> list[Places]:
    which, slots = store.members(blocks.keys[blocks.opened])
    sizes = np.bincount(which, minlength=int(blocks.opened.sum()))
    return list(of_blocks(slots, sizes.astype(np.int64), store.slots))


def lost(store: Store, blocks: Blocks, first: int, limit_of: Places, model: Frozen) -> Ties:
    """Ties of the model between older records that no block compares any more."""
    which, slots = store.members(blocks.keys[blocks.closed])
    which, slots = which[slots < first], slots[slots < first]
    found = store.ties(distinct(slots))
    found = found.where(found.kinds == 0)
    found = found.where(_meet(found, slots, which))
    if not len(found.keys):
        return NO_TIES
    slots = found.ends()
    own = entries(store.read(slots), slots, model)
    compared = store.sizes(own.keys) <= limit_of[own.rules]
    key = pd.factorize(own.keys[compared])[0]
    return found.where(~_meet(found, own.members[compared].astype(np.int64), key))


def _meet(found: Ties, slots: Places, groups: Places) -> Mask:
    """Whether the two ends of each tie stand together: `slots` stand in `groups`."""
    width = int(groups.max(initial=0)) + 1
    stands = distinct(slots * width + groups)
    left, right = found.left, found.right
    start = np.searchsorted(stands, left * width)
    size = np.searchsorted(stands, (left + 1) * width) - start
    tie = np.repeat(np.arange(len(left)), size)
    met = within(right[tie] * width + stands[ranges(start, size)] % width, stands)
    together: Mask = np.bincount(tie[met], minlength=len(left)) > 0
    return together


def known(store: Store, one: Places, other: Places, first: int) -> Mask:
    """Whether the model ties two older records already."""
    both = np.flatnonzero((one < first) & (other < first))
    found = np.zeros(len(one), bool)
    if len(both):
        there = store.ties(distinct(one[both])).keys
        asked = ties(one[both], other[both], 0, np.zeros(len(both))).keys
        found[both] = within(asked, there)
    return found
