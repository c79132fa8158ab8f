"""Only what changed: records that are new, changed or gone are blocked and scored, and the components they touch are closed anew.

Equal to a full run over the same records under the same model. A pair's score follows from its two records (frozen.py); which pairs are compared
follows from the sizes of blocks, so that a block which passes the limit of its rule, or falls below it, is looked at as well; clusters follow from
the ties of their component.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.closure import apart, clusters
from spark_jobs.identity.engine.cluster_ids import Named, following
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.kept import (
    TOLD_FROM,
    Blocks,
    Kept,
    Mask,
    Places,
    Ties,
    blocks_of,
    digests,
    names,
    nothing_kept,
)
from spark_jobs.identity.engine.model import scored
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import (
    CERTAIN,
    DOUBTED,
    bar,
    confidence,
    evidence,
    ids,
    in_order,
    shared_but_contradicted,
    strangeness,
    taken,
)
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates, strong_pairs


@dataclass(frozen=True)
class Change:
    """What a run had to do: records that are new, changed and gone, pairs scored, components closed anew, clusters that have other records."""

    added: int
    changed: int
    gone: int
    pairs: int
    components: int
    clusters: int


def brought_up_to(people: People, model: Frozen, threshold: float, kept: Kept | None) -> tuple[Kept, Change]:
    """The clusters of `people`, who are all records there are now, by what was kept of the run before (None: there was none).

    Ids: a cluster has the id of the old one that gives most of its records, ties to the oldest, then the smallest; what is left is a new id, which
    hashes run and records. Errors: ValueError when a source has a record id twice.
    """
    people = taken(people, in_order(people))
    step = _Step(people, model, threshold, kept)
    if step.is_idle:
        return step.old, Change(0, 0, 0, 0, 0, 0)
    return step.result()


class _Step:
    """One run. `place`: old place of a record → its place now, -1 where it is gone; `fresh`: records now that are new or changed."""

    def __init__(self, people: People, model: Frozen, threshold: float, kept: Kept | None) -> None:
        self.people, self.model, self.bar = people, model, bar(threshold)
        self.count = len(people)
        fields = self.read(np.empty(0, np.int64))
        self.old = kept or nothing_kept(certificates(fields, 0).shape[1])
        self.is_first = kept is None
        self.limits = np.array([*(model.largest[r.name] for r in rules(fields)), model.whole_up_to], np.int64)
        self.digests = digests(people, model.form.key)
        self.names = names(people.sources, people.keys)
        found = pc.index_in(self.old.names(), value_set=self.names).fill_null(-1)
        self.place = found.to_numpy(zero_copy_only=False).astype(np.int64)
        self.before = np.full(self.count, -1, np.int64)
        alive = np.flatnonzero(self.place >= 0)
        self.before[self.place[alive]] = alive
        equal = np.zeros(self.count, bool)
        equal[self.place[alive]] = self.digests[self.place[alive]] == self.old.digests[alive]
        self.fresh: Mask = ~equal
        # Old entries and ties of a record that is gone or says something else count no more.
        self.stale = np.ones(len(self.place), bool)
        self.stale[alive] = self.fresh[self.place[alive]]

    @property
    def is_idle(self) -> bool:
        """Whether nothing changed."""
        return not self.is_first and not self.stale.any() and not self.fresh.any()

    def read(self, places: Places) -> list[Field]:
        """The records at these places, under the model."""
        return standardised(taken(self.people, places), self.model.form)

    def result(self) -> tuple[Kept, Change]:
        fresh = np.flatnonzero(self.fresh)
        fields = self.read(fresh)
        numbers = self._certificates(certificates(fields, len(fresh)), fresh)
        come = blocks_of(rules(fields), fresh, self.model.form.key)
        blocks = self.old.blocks.left_over(self.stale, self.place).with_others(come)
        pairs, lost = self._to_score(blocks, come)
        new = self._scored(pairs, numbers).with_others(self._tied(numbers, touched := self._touched(numbers)))
        again = np.isin(self._moved().pairs(self.count), pairs) & (self.old.ties.certificate < 0)
        dropped = lost | again | np.isin(self.old.ties.certificate, touched)
        dropped |= self.stale[self.old.ties.left] | self.stale[self.old.ties.right]
        ties = self._moved().where(~dropped).with_others(new)
        marked = self.fresh.copy()
        ends = np.concatenate(
            [self.place[self.old.ties.where(dropped).left], self.place[self.old.ties.where(dropped).right]]
        )
        marked[ends[ends >= 0]] = True
        marked[new.left] = marked[new.right] = True
        return self._closed(ties, numbers, blocks, marked, len(pairs))

    def _moved(self) -> Ties:
        return self.old.ties.at(self.place)

    def _certificates(self, of_fresh: Places, fresh: Places) -> Places:
        numbers = np.full((self.count, of_fresh.shape[1]), -1, np.int64)
        stay = np.flatnonzero(~self.fresh)
        numbers[stay] = self.old.certificates[self.before[stay]]
        numbers[fresh] = of_fresh
        return numbers

    def _to_score(self, blocks: Blocks, come: Blocks) -> tuple[Places, Mask]:
        """Pairs to score, and which of the old ties no block compares any more."""
        old = self.old.blocks
        gone = self.stale[old.members]
        keys, first = np.unique(np.concatenate([old.keys[gone], come.keys]), return_index=True)
        limit = self.limits[np.concatenate([old.rules[gone], come.rules])[first]]
        was, is_now = old.of(keys)[1] <= limit, blocks.of(keys)[1] <= limit
        rule = np.concatenate([old.rules[gone], come.rules])[first]
        parts = [blocks.pairs(keys[~was & is_now], self.count)]
        parts += [
            blocks.pairs_with(keys[is_now & (rule == r)], self.fresh, self.count) for r in np.unique(rule)
        ]
        return np.unique(np.concatenate(parts)), self._lost(blocks, keys[was & ~is_now])

    def _lost(self, blocks: Blocks, closed: Places) -> Mask:
        """Old ties of the model that were compared in a block which its rule compares no more, and in no other now."""
        width, ties = len(self.place), self.old.ties
        lost = np.isin(ties.pairs(width), self.old.blocks.pairs(closed, width)) & (ties.certificate < 0)
        at = np.flatnonzero(lost & ~self.stale[ties.left] & ~self.stale[ties.right])
        if len(at):
            left, right = self.place[ties.left[at]], self.place[ties.right[at]]
            lost[at] = ~blocks.share_one(left, right, self.limits)
        return lost

    def _scored(self, pairs: Places, numbers: Places) -> Ties:
        left, right = pairs // max(self.count, 1), pairs % max(self.count, 1)
        places, both = np.unique(np.concatenate([left, right]), return_inverse=True)
        a, b = both[: len(left)].astype(np.int32), both[len(left) :].astype(np.int32)
        fields = self.read(places)
        found = Candidates(a, b, np.empty(0, np.int64), {})
        judged = scored(fields, [], found, len(places), self.model.model)
        log_odds = judged.log_odds[judged.place]
        wrong = shared_but_contradicted(fields, a, b, numbers[places])
        log_odds[wrong] = np.minimum(log_odds[wrong], DOUBTED)
        told = Ties(left.astype(np.int32), right.astype(np.int32), log_odds, np.full(len(left), -1, np.int64))
        return told.where(log_odds >= TOLD_FROM)

    def _touched(self, numbers: Places) -> Places:
        """Certificates that a record has no more, or has now."""
        every = np.concatenate([self.old.certificates[self.stale].ravel(), numbers[self.fresh].ravel()])
        return np.unique(every[every >= 0])

    def _tied(self, numbers: Places, touched: Places) -> Ties:
        """Ties by these certificates, among all records that have them."""
        own = np.where(np.isin(numbers, touched), numbers, -1)
        places = np.flatnonzero((own >= 0).any(axis=1))
        found = strong_pairs(self.read(places), own[places])
        left, right = (places[side].astype(np.int32) for side in (found.left, found.right))
        return Ties(left, right, np.full(len(left), CERTAIN), found.numbers)

    def _closed(
        self, ties: Ties, numbers: Places, blocks: Blocks, marked: Mask, pairs: int
    ) -> tuple[Kept, Change]:
        components = _components(self.count, ties, numbers, self.bar)
        touched = np.zeros(int(components.max(initial=-1)) + 1, bool)
        touched[components[marked]] = True
        anew = np.flatnonzero(touched[components])
        is_anew = np.zeros(self.count, bool)
        is_anew[anew] = True
        local = np.cumsum(is_anew) - 1
        inside = ties.where(is_anew[ties.left] & is_anew[ties.right])

        def told(a: Places, b: Places) -> npt.NDArray[np.float64]:
            places, both = np.unique(np.concatenate([a, b]), return_inverse=True)
            fields = self.read(anew[places])
            return evidence(fields, self.model.model, numbers[anew[places]], both[: len(a)], both[len(a) :])

        refined = clusters(
            len(anew), local[inside.left], local[inside.right], inside.log_odds, self.bar, told, numbers[anew], strangeness(self.model.model)
        )  # fmt: skip
        labels = np.empty(self.count, np.int64)
        labels[anew] = refined.labels
        rest = np.flatnonzero(~is_anew)
        labels[rest] = self.old.labels[self.before[rest]] + refined.labels.max(initial=-1) + 1
        first, labels = np.unique(labels, return_index=True, return_inverse=True)[1:]
        sure = np.empty(self.count)
        sure[rest] = self.old.confidence[self.before[rest]]
        near = ties.where(is_anew[ties.left] | is_anew[ties.right])
        sure[anew] = confidence(near.left, near.right, near.log_odds, labels)[anew]
        if self.is_first:
            own = ids(self.people, labels).take(pa.array(first)).to_pylist()
            named = Named(own, [1] * len(own), {}, len(own))
        else:
            named = following(self.old, self.names, self.before, labels, is_anew)
        kept = Kept(
            self.people.sources, self.people.keys, self.digests, numbers, blocks, ties, labels, sure, named.ids, named.since, named.retired,
            self.old.run + 1,
        )  # fmt: skip
        was_there = self.before[self.fresh] >= 0
        change = Change(
            int((~was_there).sum()), int(was_there.sum()), int((self.place < 0).sum()), pairs, int(touched.sum()), named.moved
        )  # fmt: skip
        return kept, change


def _components(count: int, ties: Ties, numbers: Places, least: float) -> Places:
    left, right = ties.left.astype(np.int64), ties.right.astype(np.int64)
    accepted = (ties.log_odds >= least) & ~apart(numbers, left, right)
    left, right = left[accepted], right[accepted]
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    found: Places = connected_components(graph, directed=False)[1].astype(np.int64)
    return found
