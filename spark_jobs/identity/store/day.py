"""A day: what changed is read, met, scored and closed; what did not is looked up.

Equal to a run over all records under the same model. A pair's score follows from its two records (engine/frozen.py), which pairs are compared from the
sizes of blocks (meeting.py), clusters from the ties of their component (solving.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.model import scored
from spark_jobs.identity.engine.resolution import CERTAIN, DOUBTED, bar, shared_but_contradicted
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates, strong_pairs
from spark_jobs.identity.store import groups, meeting, solving, sureness, ties, values
from spark_jobs.identity.store.changes import Changed
from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.part import Part, of_clusters, of_records
from spark_jobs.identity.store.store import Store
from spark_jobs.identity.store.ties import Ties

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class Change:
    """What a run had to do: records that are new, changed and gone, pairs scored, components closed anew, clusters that have other records."""

    added: int
    changed: int
    gone: int
    pairs: int
    components: int
    clusters: int


def brought_up_to(store: Store, changed: Changed, model: Frozen, threshold: float) -> tuple[Store, Change]:
    """The store with one part more, which is nowhere but in memory, and what was to be done. Nothing changed: the store as it is."""
    if changed.is_nothing:
        return store, Change(0, 0, 0, 0, 0, 0)
    return _Day(store, changed, model, bar(threshold)).result()


def likeness(found: Ties) -> int:
    """Sum of how likely each tie of the model is one person, in millionths, so that it is the same in whatever order they are counted."""
    odds = np.clip(found.log_odds[found.kinds == 0], -CERTAIN, CERTAIN)
    return int(np.round(1e6 / (1 + np.exp(-odds))).sum())


class _Day:
    """first: the first slot of the day's records; dead: slots of records that are gone or say something else."""

    def __init__(self, before: Store, changed: Changed, model: Frozen, least: float) -> None:
        self.before, self.changed, self.model, self.bar = before, changed, model, least
        self.first, self.count = before.slots, len(changed.people)
        self.fresh = np.arange(self.first, self.first + self.count)
        self.dead = np.sort(np.concatenate([changed.was[changed.was >= 0], changed.gone]))
        self.fields = standardised(changed.people, model.form)
        self.limits = meeting.limits(self.fields, model)
        come = meeting.entries(self.fields, self.fresh, model)
        gone = meeting.entries(before.read(self.dead), self.dead, model)
        self.blocks = meeting.changed(before, come, gone, self.limits)
        self.died = before.ties(self.dead)
        self.numbers = certificates(self.fields, self.count)
        self.arrays: dict[str, Any] = self._of_records(self.fields)
        keys, counts = np.unique(gone.keys, return_counts=True)
        self.arrays |= {"gone keys": keys, "gone counts": counts, "dead": self.dead.astype(np.int32)}
        part = Part(self.arrays, self.first, before.clusters)
        parts, counted = [*before.parts, part], (before.people, before.likeness)
        self.now = Store(parts, model.form, before.kinds, before.run + 1, *counted)

    def _of_records(self, fields: list[Field]) -> dict[str, Any]:
        key = self.model.form.key
        found = of_records(self.changed.people, self.changed.digests, self.numbers, self.first, key)
        found |= values.arrays(fields, self.model.form)
        come = self.blocks.come
        found |= groups.of_sorted(come.keys, come.members).arrays("blocks")
        found |= ties.arrays(ties.NO_TIES) | of_clusters([], [], {}) | {"lost": _NONE}
        return found | {"moved slots": _NONE.astype(np.int32), "moved clusters": _NONE, "moved confidence": np.empty(0), "moved alone": np.empty(0, np.uint8)}  # fmt: skip

    def result(self) -> tuple[Store, Change]:
        one, other = meeting.to_score(self.now, self.blocks, self.first)
        new = self._scored(one, other)
        new = new.where(~meeting.known(self.now, new.left, new.right, self.first))
        lost = meeting.lost(self.now, self.blocks, self.first, self.limits, self.model)
        tied, untied = self._tied()
        come = ties.together(new, tied).ordered()
        gone = ties.together(lost, untied).ordered()
        self.arrays |= ties.arrays(come) | {"lost": gone.keys}
        self.now.likeness += likeness(come) - likeness(gone) - likeness(self.died)
        changed = ties.together(come, gone, self.died)
        joins = solving.accepted(self.now, changed, self.bar)
        marked = groups.distinct(np.concatenate([self.fresh, self._living(changed.where(joins))]))
        found = solving.solved(self.now, marked, self.model, self.bar)
        numbered = solving.numbered(self.before, self.now, found, self._was(found.slots), self.changed.gone)
        self.now.people += numbered.more
        self._keep(found, numbered, come, ties.together(gone, self.died))
        return self.now, self._told(len(one), found.components, numbered.moved)

    def _living(self, found: Ties) -> Places:
        ends = found.ends()
        return ends[self.now.alive[ends]]

    def _was(self, slots: Places) -> Places:
        """The slot that each record had before."""
        found = slots.copy()
        fresh = slots >= self.first
        found[fresh] = self.changed.was[slots[fresh] - self.first]
        return found

    def _scored(self, one: Places, other: Places) -> Ties:
        place = np.zeros(self.now.slots, np.int32)
        place[one] = place[other] = 1
        slots = np.flatnonzero(place)
        place[slots] = np.arange(len(slots))
        left, right = place[one], place[other]
        fields = self.now.read(slots)
        judged = scored(fields, [], Candidates(left, right, _NONE, {}), len(slots), self.model.model)
        log_odds = judged.log_odds[judged.place]
        wrong = shared_but_contradicted(fields, left, right, self.now.certificates(slots))
        log_odds[wrong] = np.minimum(log_odds[wrong], DOUBTED)
        return ties.ties(one, other, 0, log_odds).where(log_odds >= ties.TOLD_FROM)

    def _tied(self) -> tuple[Ties, Ties]:
        """Ties by certificates that a record has now or has no more: those that are new, and those between living records that are no more."""
        every = np.concatenate([self.before.certificates(self.dead).ravel(), self.numbers.ravel()])
        touched = groups.distinct(every[every >= 0])
        slots = self.now.in_order(self.now.holders(touched))
        own = self.now.certificates(slots)
        own = np.where(groups.within(own, touched), own, -1)
        pairs = strong_pairs(self.now.read(slots), own)
        kind = (own[pairs.left] == pairs.numbers[:, None]) & (own[pairs.right] == pairs.numbers[:, None])
        kinds = kind.argmax(axis=1) + 1 if len(kind) else _NONE
        found = ties.ties(slots[pairs.left], slots[pairs.right], kinds, np.full(len(kinds), CERTAIN)).ordered()  # fmt: skip
        old = self.now.ties(np.sort(slots))
        old = old.where(old.kinds > 0)
        by = self.now.certificates(old.left)[np.arange(len(old.keys)), old.kinds - 1]
        old = old.where(groups.within(by, touched))
        is_new, is_gone = ~groups.within(found.keys, old.keys), ~groups.within(old.keys, found.keys)
        return found.where(is_new), old.where(is_gone)

    def _keep(self, found: solving.Solved, numbered: solving.Numbered, come: Ties, gone: Ties) -> None:
        """Into the part: clusters that are new, and records of which cluster or confidence is another; come, gone: ties."""
        order = np.argsort(found.slots)
        slots, clusters = found.slots[order], numbered.clusters[order]
        sure, alone = sureness.of_closed(self.now, slots, clusters)
        near, theirs, how_sure = sureness.of_alone(self.now, slots, come, gone)
        was = self.now.standing(slots)
        moved = (clusters != was[0]) | (sure != was[1]) | (alone != was[2]) | (slots >= self.first)
        rows = np.concatenate([slots[moved], near])
        order = np.argsort(rows)
        self.arrays |= of_clusters(numbered.ids, numbered.since, numbered.retired) | {
            "moved slots": rows[order].astype(np.int32),
            "moved clusters": np.concatenate([clusters[moved], theirs])[order],
            "moved confidence": np.concatenate([sure[moved], how_sure])[order],
            "moved alone": np.r_[alone[moved], np.ones(len(near), bool)][order].astype(np.uint8),
        }

    def _told(self, pairs: int, components: int, clusters: int) -> Change:
        was_there = int(np.count_nonzero(self.changed.was >= 0))
        return Change(self.count - was_there, was_there, len(self.changed.gone), pairs, components, clusters)
