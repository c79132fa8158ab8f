"""What is new, what says something else, and what is gone, by the records that are told and those that a store knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine.coded import MISSING, hashed, joined
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import in_order, taken
from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.part import names
from spark_jobs.identity.store.store import Store


@dataclass(frozen=True)
class Changed:
    """people, digests: records that are new or say something else, in the order of source and id; was: the slot each had, -1 where it is new.

    gone  slots of records that are no more, ascending
    """

    people: People
    digests: npt.NDArray[np.uint64]
    was: Places
    gone: Places

    @property
    def is_nothing(self) -> bool:
        """Whether nothing changed."""
        return not len(self.people) and not len(self.gone)


def told(people: People, gone: tuple[pa.Array, pa.Array], store: Store) -> Changed:
    """Changes by name: `people` say what they say now, `gone` (sources, ids) are no more, all others stay as they are.

    Records that say what they said, and gone ones that are not there, change nothing, so that a day may be told twice.
    Errors: ValueError when a record is told twice, or told and gone.
    """
    people = taken(people, in_order(people))
    if pc.any(pc.is_in(names(*gone), value_set=names(people.sources, people.keys))).as_py():
        raise ValueError("a record is told and gone at once")
    was, said = store.find(people.sources, people.keys), digests(people, store.form.key)
    slots = np.unique(store.find(*gone))
    return _of_fresh(people, said, was, slots[slots >= 0], store)


def compared(people: People, store: Store) -> Changed:
    """Changes between all records there are now, each once, and those of the store."""
    was, said = store.find(people.sources, people.keys), digests(people, store.form.key)
    left = store.alive.copy()
    left[was[was >= 0]] = False
    return _of_fresh(people, said, was, np.flatnonzero(left), store)


def _of_fresh(
    people: People, said: npt.NDArray[np.uint64], was: Places, gone: Places, store: Store
) -> Changed:
    known = np.flatnonzero(was >= 0)
    equal = np.zeros(len(people), bool)
    equal[known] = store.digests(was[known]) == said[known]
    fresh = np.flatnonzero(~equal)
    people, said, was = taken(people, fresh), said[fresh], was[fresh]
    order = in_order(people)
    return Changed(taken(people, order), said[order], was[order], gone)


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
