"""A part of a store: the records that one run read, and what it changed about those before. Written once, never changed.

Records have slots, numbers that are given once: a record that says something else gets another slot, and its old one is dead. So entries under
keys, and ties, die with the slots they name, and nobody has to look for them.

A part's arrays, beside those of values.py, groups.py ("blocks", "certificates") and ties.py:

source, record_id, digest          of its records, slot by slot; certificate k: hash of the valid certificate of kind k, -1 where none
name hashes, name slots            hash of source and record_id, ascending, and whose it is
gone keys, gone counts             entries under a key that are no more, of slots that died with this run
dead                               slots that died with this run, ascending
lost                               ties, by key, that are no more though both their records are; ascending
moved slots, clusters, confidence, alone  records of which one of these is another than before, ascending by slot
cluster ids, cluster since         of the clusters that this run made; their numbers follow those before
retired, heirs                     ids that are no more since this run, and which one has most of their records
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine.coded import hashed
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.store.groups import Groups, Hashes, Places, grouped, kept
from spark_jobs.identity.store.sealed import Sealed

SEPARATOR = "\x1f"


@dataclass
class Part:
    """first: slot of its first record; clusters_from: number of its first cluster."""

    arrays: Mapping[str, Any]
    first: int
    clusters_from: int
    seals: dict[str, Sealed] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.arrays["digest"])

    @property
    def blocks(self) -> Groups:
        """Its records under the keys of the rules."""
        return kept(self.arrays, "blocks")

    @property
    def holders(self) -> Groups:
        """Its records under their valid certificates."""
        return kept(self.arrays, "certificates")

    @property
    def clusters_to(self) -> int:
        """Number behind its last cluster."""
        return self.clusters_from + len(self.arrays["cluster since"])

    def certificates(self, places: Places, kinds: int) -> Hashes:
        """Records × kinds."""
        found = np.empty((len(places), kinds), np.int64)
        for kind in range(kinds):
            found[:, kind] = self.arrays[f"certificate {kind}"][places]
        return found

    def moved(self, slots: Places) -> tuple[npt.NDArray[np.bool_], Places]:
        """Which of these slots it says something of, and where for those."""
        own = self.arrays["moved slots"]
        at = np.searchsorted(own, slots.astype(np.int32))
        found = np.zeros(len(slots), bool)
        inside = np.flatnonzero(at < len(own))
        found[inside] = own[at[inside]] == slots[inside]
        return found, at[found]


def names(sources: pa.Array, keys: pa.Array) -> pa.Array:
    """Source and id of each record as one text."""
    return pc.binary_join_element_wise(
        pc.cast(sources, pa.string()), pc.cast(keys, pa.string()), SEPARATOR
    )  # fmt: skip


def name_hashes(sources: pa.Array, keys: pa.Array, key: str) -> Hashes:
    """Hash of source and id of each record."""
    return hashed(names(sources, keys).to_pylist(), key)


def of_records(
    people: People, digests: npt.NDArray[np.uint64], numbers: Hashes, first: int, key: str
) -> dict[str, Any]:
    """The arrays that name records; numbers: records × kinds of valid certificates."""
    hashes = name_hashes(people.sources, people.keys, key)
    order = np.argsort(hashes, kind="stable")
    record, kind = np.nonzero(numbers >= 0)
    holders = grouped(numbers[record, kind], (record + first).astype(np.int32))
    certificates = {f"certificate {k}": np.ascontiguousarray(numbers[:, k]) for k in range(numbers.shape[1])}
    return {
        "source": pc.cast(people.sources, pa.large_string()),
        "record_id": pc.cast(people.keys, pa.large_string()),
        "digest": digests,
        **certificates,
        "name hashes": hashes[order],
        "name slots": (order + first).astype(np.int32),
        **holders.arrays("certificates"),
    }


def of_clusters(ids: Sequence[str], since: Sequence[int], retired: Mapping[str, str]) -> dict[str, Any]:
    """The arrays about clusters that a run made, and ids that are no more."""
    return {
        "cluster ids": pa.array(ids, pa.large_string()),
        "cluster since": np.array(since, np.int64),
        "retired": pa.array([*retired], pa.large_string()),
        "heirs": pa.array([*retired.values()], pa.large_string()),
    }
