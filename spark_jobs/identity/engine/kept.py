"""What is kept of a run, so that the next one judges only what changed: keys, ties and clusters of records, and no value of any.

Keys and digests are hashes under the key of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine.blocking import Rule, of_blocks, places_in_blocks
from spark_jobs.identity.engine.coded import MISSING, hashed, joined
from spark_jobs.identity.engine.people import People

Hashes = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Blocks:
    """Under which keys records stand: one entry per record, rule and key column, in the order of keys.

    keys     hash of rule and key; members: place of the record; rules: number of the rule
    """

    keys: Hashes
    members: npt.NDArray[np.int32]
    rules: npt.NDArray[np.uint8]

    def of(self, keys: Hashes) -> tuple[Places, Places]:
        """Place of the first entry under each key, and number of entries."""
        start = np.searchsorted(self.keys, keys, "left")
        return start, np.searchsorted(self.keys, keys, "right") - start

    def entries(self, start: Places, size: Places) -> Places:
        """Places of the entries of blocks, block by block."""
        found: Places = np.repeat(start, size) + places_in_blocks(size)
        return found

    def pairs(self, keys: Hashes, count: int) -> Places:
        """All pairs inside the blocks of these keys, as smaller place × count + larger; each once."""
        start, size = self.of(keys)
        parts = list(of_blocks(self.members[self.entries(start, size)].astype(np.int64), size, count))
        return np.unique(np.concatenate([np.empty(0, np.int64), *parts]))

    def pairs_with(self, keys: Hashes, chosen: Mask, count: int) -> Places:
        """Pairs inside these blocks of which at least one record is chosen; each once."""
        start, size = self.of(keys)
        members = self.members[self.entries(start, size)].astype(np.int64)
        block = np.repeat(np.arange(len(size)), size)
        of = np.flatnonzero(chosen[members])
        wide = size[block[of]]
        one, other = (
            np.repeat(members[of], wide),
            self.members[self.entries(start[block[of]], wide)].astype(np.int64),
        )
        once = (one != other) & (~chosen[other] | (one < other))
        one, other = one[once], other[once]
        return np.unique(np.minimum(one, other) * count + np.maximum(one, other))

    def left_over(self, gone: Mask, place: Places) -> Blocks:
        """Entries of records that are not gone, at their new places."""
        stay = ~gone[self.members]
        return Blocks(self.keys[stay], place[self.members[stay]].astype(np.int32), self.rules[stay])

    def with_others(self, other: Blocks) -> Blocks:
        """Entries of both."""
        at = np.searchsorted(self.keys, other.keys, "right")
        return Blocks(
            np.insert(self.keys, at, other.keys),
            np.insert(self.members, at, other.members),
            np.insert(self.rules, at, other.rules),
        )

    def share_one(self, left: Places, right: Places, largest: Places) -> Mask:
        """Whether two records stand together in a block that its rule compares (largest: rule → records in its largest block)."""
        wanted = np.zeros(int(self.members.max(initial=-1)) + 1, bool)
        wanted[left] = wanted[right] = True
        at = np.flatnonzero(wanted[self.members])
        at = at[self.of(self.keys[at])[1] <= largest[self.rules[at]]]
        member, key = self.members[at].astype(np.int64), np.unique(self.keys[at], return_inverse=True)[1]
        entry = np.unique(member * np.int64(len(at) + 1) + key)
        member, key = entry // (len(at) + 1), entry % (len(at) + 1)
        start = np.searchsorted(member, left)
        size = np.searchsorted(member, left, "right") - start
        pair = np.repeat(np.arange(len(left)), size)
        asked = right[pair] * np.int64(len(at) + 1) + key[self.entries(start, size)]
        met = np.isin(asked, entry)
        return np.bincount(pair[met], minlength=len(left)) > 0


NO_BLOCKS = Blocks(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.uint8))


def blocks_of(rules: Sequence[Rule], places: Places, key: str) -> Blocks:
    """Blocks of records that stand at `places`; the rule behind the last has all records in one block."""
    keys, members, numbers = [], [], []
    for number, (name, columns) in enumerate(
        [*((r.name, r.keys) for r in rules), ("everybody", [np.zeros(len(places), np.int64)])]
    ):
        salt = hashed([f"rule {name}"], key)
        for column in columns:
            at = np.flatnonzero(column != MISSING)
            keys.append(joined(np.repeat(salt, len(at)), column[at]))
            members.append(places[at].astype(np.int32))
            numbers.append(np.full(len(at), number, np.uint8))
    all_keys = np.concatenate(keys)
    order = np.argsort(all_keys, kind="stable")
    return Blocks(all_keys[order], np.concatenate(members)[order], np.concatenate(numbers)[order])


@dataclass(frozen=True)
class Ties:
    """Pairs of records that count for clusters or confidence.

    certificate  hash of the valid certificate that ties them, -1 where the model does
    """

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    log_odds: npt.NDArray[np.float64]
    certificate: Hashes

    def where(self, mask: Mask) -> Ties:
        """Some of them."""
        return Ties(self.left[mask], self.right[mask], self.log_odds[mask], self.certificate[mask])

    def at(self, place: Places) -> Ties:
        """With their records at new places."""
        left, right = (place[side].astype(np.int32) for side in (self.left, self.right))
        return Ties(left, right, self.log_odds, self.certificate)

    def with_others(self, other: Ties) -> Ties:
        """Those of both."""
        both = zip(vars(self).values(), vars(other).values(), strict=True)
        return Ties(*(np.concatenate(pair) for pair in both))

    def pairs(self, count: int) -> Places:
        """Left × count + right."""
        return self.left.astype(np.int64) * count + self.right


# Ties below are kept nowhere: confidence has six digits, and this is less than half of the last.
TOLD_FROM = -14.6
NO_TIES = Ties(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.int64))


@dataclass(frozen=True)
class Kept:
    """A run under one model and threshold.

    sources, keys   name the records, in this order
    digests         of all a record says; certificates: records × kinds, hashes of valid ones
    labels          cluster of each record, 0 …; ids, since: id of each cluster and the run that made it
    retired         id that is no more → the id that has most of its records
    """

    sources: pa.Array
    keys: pa.Array
    digests: npt.NDArray[np.uint64]
    certificates: Hashes
    blocks: Blocks
    ties: Ties
    labels: Places
    confidence: npt.NDArray[np.float64]
    ids: list[str]
    since: list[int]
    retired: dict[str, str] = field(default_factory=dict)
    run: int = 0

    def names(self) -> pa.Array:
        """Source and key of each record as one text."""
        return names(self.sources, self.keys)

    def clusters(self) -> pa.Table:
        """source, record_id, cluster_id, confidence: one row per record, ordered by source and record_id."""
        ids = pa.array(self.ids, pa.string()).take(pa.array(self.labels))
        return pa.table(
            {"source": self.sources, "record_id": self.keys, "cluster_id": ids, "confidence": self.confidence}
        )


def nothing_kept(kinds: int) -> Kept:
    """What is kept before the first run."""
    none, no = pa.array([], pa.string()), np.empty(0, np.int64)
    certificates = np.empty((0, kinds), np.int64)
    return Kept(none, none, no.astype(np.uint64), certificates, NO_BLOCKS, NO_TIES, no, np.empty(0), [], [])


def names(sources: pa.Array, keys: pa.Array) -> pa.Array:
    """Source and key of each record as one text."""
    return pc.binary_join_element_wise(sources, keys, "\x1f")


def digests(people: People, key: str) -> npt.NDArray[np.uint64]:
    """A hash of all that each record says, whatever the order of its columns; a column that is empty throughout counts for nothing."""
    found = np.zeros(len(people), np.uint64)
    for role, columns in people.columns.items():
        for number, column in enumerate(columns):
            coded = pc.cast(column, pa.string()).dictionary_encode()
            values = np.r_[hashed(coded.dictionary.to_pylist(), key), MISSING]
            said = values[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
            said = joined(np.repeat(hashed([f"{role} {number}"], key), len(said)), said)
            found += np.where(said == MISSING, 0, said).astype(np.uint64)
    return found
