"""Under which keys records stand: what brings them together, without what they say. Keys are hashes under the key of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.blocking import Rule
from spark_jobs.identity.engine.coded import MISSING, hashed, joined

Hashes = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Entries:
    """One entry per record, rule and key column, in the order of keys.

    keys     hash of rule and key; members: place of the record; rules: number of the rule
    """

    keys: Hashes
    members: npt.NDArray[np.int32]
    rules: npt.NDArray[np.uint8]

    def sizes(self, keys: Hashes) -> Places:
        """Entries under each key."""
        found: Places = np.searchsorted(self.keys, keys, "right") - np.searchsorted(self.keys, keys)
        return found


def entries_of(rules: Sequence[Rule], places: Places, key: str) -> Entries:
    """Entries of records that stand at `places`; under the rule behind the last, all records stand together."""
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
    return Entries(all_keys[order], np.concatenate(members)[order], np.concatenate(numbers)[order])
