"""The parts of a store laid over each other: what is so now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine.form import Form
from spark_jobs.identity.engine.standardise import Field
from spark_jobs.identity.store import part as parts_of
from spark_jobs.identity.store import ties as ties_of
from spark_jobs.identity.store import values
from spark_jobs.identity.store.groups import Groups, Hashes, Places, distinct, within
from spark_jobs.identity.store.part import Part
from spark_jobs.identity.store.ties import Ties

Mask = npt.NDArray[np.bool_]
Real = npt.NDArray[np.float64]


@dataclass
class Store:
    """parts: the oldest first; form: how records are read; kinds: of valid certificates.

    run, people  number of the last run, and of clusters
    likeness  sum, over the ties of the model, of how likely each is one person, in millionths
    alive     slots whose record still says what it said
    """

    parts: list[Part]
    form: Form
    kinds: int
    run: int
    people: int
    likeness: int
    alive: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.alive = np.ones(self.slots, bool)
        for part in self.parts:
            self.alive[part.arrays["dead"]] = False

    @property
    def slots(self) -> int:
        """Number behind the last slot."""
        return self.parts[-1].first + len(self.parts[-1]) if self.parts else 0

    @property
    def clusters(self) -> int:
        """Number behind the last cluster."""
        return self.parts[-1].clusters_to if self.parts else 0

    def __len__(self) -> int:
        """Records there are."""
        return int(np.count_nonzero(self.alive))

    def _owners(self, slots: Places) -> Iterator[tuple[Part, Places, Places]]:
        """Each part with some of these slots: which, and their places in it."""
        owner = np.searchsorted([p.first for p in self.parts], slots, "right") - 1
        for number, part in enumerate(self.parts):
            rows = np.flatnonzero(owner == number)
            if len(rows):
                yield part, rows, slots[rows] - part.first

    def pieces(self, slots: Places) -> list[values.Piece]:
        """Where these records are."""
        found = [values.Piece(p.arrays, p.seals, rows, places) for p, rows, places in self._owners(slots)]
        none = np.empty(0, np.int64)
        return found or [values.Piece(p.arrays, p.seals, none, none) for p in self.parts[:1]]

    def read(self, slots: Places) -> list[Field]:
        """The fields of these records."""
        return values.read(self.pieces(slots), len(slots), self.form)

    def named(self, slots: Places) -> tuple[pa.Array, pa.Array]:
        """Source and id of each of these records."""
        found = [
            (rows, part.arrays["source"].take(pa.array(places)), part.arrays["record_id"].take(pa.array(places)))
            for part, rows, places in self._owners(slots)
        ]  # fmt: skip
        if not found:
            return pa.array([], pa.large_string()), pa.array([], pa.large_string())
        back = pa.array(np.argsort(np.concatenate([rows for rows, _, _ in found])))
        sources, keys = (pa.concat_arrays(list(column)).take(back) for column in list(zip(*found, strict=True))[1:])  # fmt: skip
        return sources, keys

    def in_order(self, slots: Places) -> Places:
        """The slots in the order of source and id of their records."""
        sources, keys = self.named(slots)
        names = pa.table({"source": sources, "key": keys})
        order = pc.sort_indices(names, sort_keys=[("source", "ascending"), ("key", "ascending")])
        found: Places = slots[order.to_numpy()]
        return found

    def certificates(self, slots: Places) -> Hashes:
        """Records × kinds: hashes of valid certificates, -1 where there is none."""
        found = np.empty((len(slots), self.kinds), np.int64)
        for part, rows, places in self._owners(slots):
            found[rows] = part.certificates(places, self.kinds)
        return found

    def digests(self, slots: Places) -> npt.NDArray[np.uint64]:
        """What these records said, hashed."""
        found = np.empty(len(slots), np.uint64)
        for part, rows, places in self._owners(slots):
            found[rows] = part.arrays["digest"][places]
        return found

    def find(self, sources: pa.Array, keys: pa.Array) -> Places:
        """Slot of each named record, -1 where there is none."""
        hashes = parts_of.name_hashes(sources, keys, self.form.key)
        found = np.full(len(hashes), -1, np.int64)
        for part in self.parts:
            known, slots = part.arrays["name hashes"], part.arrays["name slots"]
            at = np.searchsorted(known, hashes)
            rows = np.flatnonzero(at < len(known))
            rows = rows[known[at[rows]] == hashes[rows]]
            rows = rows[self.alive[slots[at[rows]]]]
            found[rows] = slots[at[rows]]
        there = np.flatnonzero(found >= 0)
        asked = parts_of.names(sources, keys).take(pa.array(there))
        if not parts_of.names(*self.named(found[there])).equals(asked):
            raise ValueError(
                "two records of this store have names of one hash; begin another under another secret"
            )
        return found

    def sizes(self, keys: Hashes) -> Places:
        """Entries under each key of the rules."""
        found = np.zeros(len(keys), np.int64)
        for part in self.parts:
            found += part.blocks.find(keys)[1]
            gone = part.arrays["gone keys"]
            if len(gone):
                at = np.minimum(np.searchsorted(gone, keys), len(gone) - 1)
                found -= np.where(gone[at] == keys, part.arrays["gone counts"][at], 0)
        return found

    def members(self, keys: Hashes) -> tuple[Places, Places]:
        """Living records under keys of the rules: the place of each one's key, ascending, and its slot."""
        return self._of([part.blocks for part in self.parts], keys)

    def holders(self, certificates: Hashes) -> Places:
        """Living records that have one of these valid certificates, each once."""
        return distinct(self._of([part.holders for part in self.parts], certificates)[1])

    def _of(self, groups: Sequence[Groups], keys: Hashes) -> tuple[Places, Places]:
        found = [each.of(keys) for each in groups]
        which = np.concatenate([np.empty(0, np.int64), *(w for w, _ in found)])
        slots = np.concatenate([np.empty(0, np.int64), *(m.astype(np.int64) for _, m in found)])
        living = np.flatnonzero(self.alive[slots])
        order = living[np.argsort(which[living], kind="stable")]
        return which[order], slots[order]

    def ties(self, slots: Places) -> Ties:
        """Ties between living records of which either is one of these slots (ascending), in the order of keys."""
        found: list[Ties] = []
        for part in self.parts:
            lost = part.arrays["lost"]
            found = [each.where(~within(each.keys, lost)) for each in found] if len(lost) else found
            found.append(ties_of.touching(part.arrays, slots))
        every = ties_of.together(*found)
        every = every.where(self.alive[every.left] & self.alive[every.right])
        return every.ordered() if len(self.parts) > 1 else every

    def clusters_of(self, slots: Places) -> tuple[Places, Real]:
        """Number of the cluster of each record, and its confidence."""
        clusters, confidence, _ = self.standing(slots)
        return clusters, confidence

    def standing(self, slots: Places) -> tuple[Places, Real, Mask]:
        """As `clusters_of`, and whether the record is alone in its cluster."""
        clusters, confidence = np.full(len(slots), -1, np.int64), np.zeros(len(slots))
        alone, open_ = np.zeros(len(slots), bool), np.arange(len(slots))
        for part in reversed(self.parts):
            told, at = part.moved(slots[open_])
            clusters[open_[told]] = part.arrays["moved clusters"][at]
            confidence[open_[told]] = part.arrays["moved confidence"][at]
            alone[open_[told]] = part.arrays["moved alone"][at]
            open_ = open_[~told]
        return clusters, confidence, alone

    def cluster_ids(self, numbers: Places) -> tuple[list[str], list[int]]:
        """Id of each of these clusters, and the run that made it."""
        ids, since = [""] * len(numbers), [0] * len(numbers)
        owner = np.searchsorted([p.clusters_from for p in self.parts], numbers, "right") - 1
        # Parts without a cluster of their own begin where the next one does.
        for number, part in enumerate(self.parts):
            rows = np.flatnonzero(owner == number)
            places = numbers[rows] - part.clusters_from
            own = part.arrays["cluster ids"].take(pa.array(places)).to_pylist()
            for row, each, run in zip(
                rows.tolist(), own, part.arrays["cluster since"][places].tolist(), strict=True
            ):
                ids[row], since[row] = each, run
        return ids, since

    def retired(self) -> dict[str, str]:
        """Id that is no more → the one that has most of its records now, or that it led to when that one's last record went."""
        found: dict[str, str] = {}
        for part in self.parts:
            gone = dict(
                zip(part.arrays["retired"].to_pylist(), part.arrays["heirs"].to_pylist(), strict=True)
            )
            found = {**{old: gone.get(heir, heir) for old, heir in found.items()}, **gone}
        return found
