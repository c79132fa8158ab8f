"""Groups of parties that anything said of them brings together, and a digest of all that is said of each. Plain NumPy, no Spark.

What becomes of a group (who is one customer, ids, events, cases for stewards) follows from what is said of its own parties and pairs. So a
group of which the same is said as in the run before has the rows it had, and only the others are judged anew. Groups are as wide as
anything of any day makes them: pairs that a rule or the model compares and does not tie, relations, stewards' words, and requests to be
erased count, since each may change what becomes of a third party.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Places = npt.NDArray[np.int64]
Digests = npt.NDArray[np.uint64]
# Two hashes of 64 bits under fixed keys: they name what is said, they hide nothing.
KEYS = ("0" * 16, "1" * 16)


@dataclass(frozen=True)
class Said:
    """Things that are said, a text each: of one party, or of two. ends: places of the parties, a row per text."""

    ends: Places
    texts: pa.Array

    @staticmethod
    def of(place: Mapping[str, int], names: Sequence[Sequence[str]], columns: Sequence[pa.Array]) -> Said:
        """names: one or two columns of party ids; columns: what makes up the text, of any type; what concerns an unknown party is left out."""
        ends = np.array([[place.get(name, -1) for name in column] for column in names], np.int64).T
        ends = ends.reshape(-1, len(names))
        known: npt.NDArray[np.bool_] = np.all(ends >= 0, axis=1)
        texts = [pc.fill_null(pc.cast(column, pa.string()), "\x1e") for column in columns]
        whole = pc.binary_join_element_wise(*texts, "\x1f") if len(known) else pa.array([], pa.string())
        whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
        return Said(ends[known], whole.filter(pa.array(known)))


@dataclass(frozen=True)
class Groups:
    """parties: their ids; group: number of each one's group; digests: groups × 2, of all that is said of a group."""

    parties: Sequence[str]
    group: Places
    digests: Digests


def groups(parties: Sequence[str], said: Sequence[Said]) -> Groups:
    """The groups of what is said. Each party's own id is part of what is said of it, so that other parties are another group."""
    count = len(parties)
    pairs = np.concatenate([np.empty((0, 2), np.int64), *(s.ends for s in said if s.ends.shape[1] == 2)])
    graph = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (count, count))
    number, group = connected_components(graph, directed=False)
    digests = np.zeros((number, len(KEYS)), np.uint64)
    names = Said(np.arange(count).reshape(-1, 1), pa.array(list(parties), pa.string()))
    for each in (names, *said):
        texts = np.array(each.texts.to_pylist(), object)
        for n, key in enumerate(KEYS):
            # Sums, so that the order in which things are said does not count.
            hashes = pd.util.hash_array(texts, hash_key=key, categorize=False)
            np.add.at(digests[:, n], group[each.ends[:, 0]], hashes)
    return Groups(parties, group.astype(np.int64), digests)


def as_before(now: Groups, before: Groups) -> npt.NDArray[np.bool_]:
    """Whether of each party's group the same is said as before, of the same parties."""
    known = set(map(tuple, before.digests.tolist()))
    same = np.array([tuple(digest) in known for digest in now.digests.tolist()], bool)
    found: npt.NDArray[np.bool_] = same[now.group]
    return found
