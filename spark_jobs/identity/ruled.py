"""Pairs that rules tie or contradict: of those whom a change reaches (reach.py) made anew, of all others as the run before left them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity import evidence
from spark_jobs.identity.known import Features, Known
from spark_jobs.identity.reach import HELD, Ruled, reached, touching

_ORDER = [(name, "ascending") for name in ("party_id_a", "party_id_b", "rule_code", "effective_from", "effective_to")]  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """What rules say of all pairs, and what it took.

    ruled     to be kept; features: what was made for it, None where nothing was
    parties   whose features those are, None: everybody's; compared: pairs that were judged in this run
    changed   parties of which something else is said than before, or nothing any more; where all is judged nobody counts
    """

    ruled: Ruled
    features: Features | None
    parties: frozenset[str] | None
    compared: int
    changed: frozenset[str] = frozenset()

    def covers(self, parties: frozenset[str] | None) -> bool:
        """Whether the features are of all these parties; None: of everybody."""
        return self.parties is None or (parties is not None and parties <= self.parties)


def looked(known: Known, before: Ruled | None) -> Looked:
    """What rules say of all pairs up to now. before: what the last run left, where it counts; None: all is judged.

    Equal to judging all: a property test draws banks and changes (tests/oracle/test_identity_reach.py), and every few days the job judges all
    (identity.memory_audit).
    """
    silver = known.silver
    keys, used = silver.keys()
    now = Ruled(silver.prints(), keys, used, silver.begin, HELD.empty_table())
    if before is None or before.begin != now.begin:
        return whole(known, now)
    changed, gone = now.prints.other_than(before.prints)
    if not (changed or gone):
        return Looked(replace(now, held=before.held), None, frozenset(), 0)
    reach = reached(keys, before.keys, changed, gone)
    features = known.features(reach.needed)
    found = judged(features, known.rules)
    anew = found.filter(touching(found, reach.parties))
    as_before = before.held.filter(pc.invert(touching(before.held, reach.parties)))
    held = _sorted(pa.concat_tables([as_before, anew]))
    return Looked(
        replace(now, held=held), features, reach.needed, anew.num_rows, frozenset([*changed, *gone])
    )


def whole(known: Known, now: Ruled) -> Looked:
    """What rules say of all pairs, all judged; now: what silver says."""
    features = known.features()
    held = _sorted(judged(features, known.rules))
    return Looked(replace(now, held=held), features, None, held.num_rows)


def _sorted(held: pa.Table) -> pa.Table:
    return held.sort_by(_ORDER)


def judged(features: Features, rules: Mapping[str, Any]) -> pa.Table:
    """Pairs of these parties that rules tie or contradict, on some day: columns `HELD`."""
    # Cut here and there: a plan deeper than a hundred messages cannot be sent.
    pairs = evidence.candidates(rules, features.traits, features.numbers, features.phones).localCheckpoint()
    met = evidence.compared(pairs, features.traits).localCheckpoint()
    held = evidence.described(evidence.unambiguous(evidence.judged(met, rules), rules))
    return held.select(*HELD.names).toArrow().cast(HELD)
