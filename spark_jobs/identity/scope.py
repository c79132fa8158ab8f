"""Whose rows a run makes anew, and whose it takes from the run before. No Spark.

A group (together.py) of which the same is said as before keeps its rows; all others are judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa

from spark_jobs.identity import words
from spark_jobs.identity.compared import Compared, Prints
from spark_jobs.identity.looks import Looks
from spark_jobs.identity.memory import Memory
from spark_jobs.identity.modelled import Alike
from spark_jobs.identity.outcome import Pair
from spark_jobs.identity.reach import Ruled
from spark_jobs.identity.together import Groups, Said, as_before
from spark_jobs.identity.words import Decision


@dataclass(frozen=True)
class Scope:
    """What is judged in a run.

    parties    those of groups that are judged
    gone       parties and customers whose rows of the run before count no more: of what is judged, and of who is no more
    judged, groups  how many groups are judged, of how many
    """

    parties: frozenset[str]
    gone_parties: frozenset[str]
    gone_customers: frozenset[str]
    judged: int
    groups: int

    @property
    def is_nothing(self) -> bool:
        return not self.parties and not self.gone_parties

    def pairs(self, told: pa.Table) -> list[Pair]:
        """Pairs of what is judged; told: columns of `Pair`. Both sides are in one group."""
        return [Pair(**row) for row in self.rows(told).to_pylist()]

    def rows(self, pairs: pa.Table) -> pa.Table:
        """Rows of pairs of what is judged, by `party_id_a`."""
        inside = np.fromiter((p in self.parties for p in pairs["party_id_a"].to_pylist()), bool, pairs.num_rows)  # fmt: skip
        return pairs.filter(pa.array(inside))

    def alike(self, seen: Looks, rows: Alike) -> Alike:
        """Rows of pairs of what is judged."""
        reading = seen.reading
        inside = np.fromiter((p in self.parties for p in reading.parties), bool, len(reading.parties))
        kept = inside[reading.party[seen.left[rows.rows]]] if len(rows.rows) else np.zeros(0, bool)
        return Alike(rows.rows[kept], rows.sure[kept])


def everything(groups: Groups, before: Memory | None = None) -> Scope:
    """All groups are judged; no row of the run before counts, if there was one."""
    parties = frozenset(groups.parties)
    was = (before.groups.parties, before.customers) if before else ((), ())
    return Scope(parties, parties.union(was[0]), frozenset(was[1]), len(groups.digests), len(groups.digests))


def scope(groups: Groups, before: Memory) -> Scope:
    """Groups of which something else is said than in the run before are judged."""
    same = as_before(groups, before.groups)
    anew = frozenset(party for party, kept in zip(groups.parties, same, strict=True) if not kept)
    kept = frozenset(party for party, kept in zip(groups.parties, same, strict=True) if kept)
    was = before.groups.parties
    gone = anew | frozenset(party for party in was if party not in kept)
    customers = (
        c for c, at in zip(before.customers, before.anchors.tolist(), strict=True) if was[at] in gone
    )
    judged = len(np.unique(groups.group[~same]))
    return Scope(anew, gone, frozenset(customers), judged, len(groups.digests))


def remembered(
    scope: Scope, before: Memory | None, groups: Groups, made: Mapping[str, str], model: str | None = None, compared: Compared | None = None,
    ruled: Ruled | None = None,
) -> Memory:  # fmt: skip
    """What a run leaves to the next.

    before  what it found; made: customer id → a party of its group, of those that were judged; model, compared: of what the model was asked;
    ruled: what the rules said
    """
    anchors = dict(made)
    if before is not None:
        was = before.groups.parties
        for customer, at in zip(before.customers, before.anchors.tolist(), strict=True):
            if customer not in scope.gone_customers:
                anchors[customer] = was[at]
    place = {party: n for n, party in enumerate(groups.parties)}
    ids = sorted(anchors)
    return Memory(model, groups, ids, np.array([place[anchors[c]] for c in ids], np.int64), compared, ruled)


# --- what is said ---------------------------------------------------------------------------------------------------


def of_parties(place: Mapping[str, int], seen: pa.Table, prints: Prints | None) -> Iterator[Said]:
    """Each party as its source first gave it, and the hashes of all that silver says of it. seen: party_id and columns of `Silver.seen`."""
    yield Said.of(place, [seen["party_id"].to_pylist()], [seen[name] for name in seen.column_names])
    if prints is not None:
        yield Said.of(place, [prints.parties], [pa.array(column) for column in prints.hashes.T])


def of_pairs(place: Mapping[str, int], kind: str, pairs: pa.Table) -> Said:
    """Pairs of parties, the first two columns; all columns are what is said of them."""
    a, b = (pairs[name].to_pylist() for name in pairs.column_names[:2])
    columns = [pa.array([kind] * pairs.num_rows, pa.string()), *(pairs[name] for name in pairs.column_names)]
    return Said.of(place, [a, b], columns)


def of_alike(place: Mapping[str, int], seen: Looks, rows: Alike) -> Said:
    """Spells on which two parties look alike to the model, how likely they are one person, and how their fields compare."""
    a, b = (seen.reading.party[side[rows.rows]] for side in (seen.left, seen.right))
    parties = seen.reading.parties
    told = pa.table({
        "a": pa.array([parties[n] for n in a], pa.string()), "b": pa.array([parties[n] for n in b], pa.string()),
        "start": seen.start[rows.rows], "end": seen.end[rows.rows], "sure": rows.sure, "pattern": seen.pattern[rows.rows],
    })  # fmt: skip
    return of_pairs(place, "model", told)


def of_decisions(place: Mapping[str, int], decisions: Sequence[Decision]) -> Iterator[Said]:
    """Stewards' decisions, and whether each still stands: of each party that it names, and of each two neighbours among them."""
    gone = words.taken_back(decisions)
    named: list[tuple[str, str]] = []
    linked: list[tuple[str, str, str]] = []
    for d in decisions:
        text = repr((d, gone.get(d.decision_id)))
        known = sorted(party for party in set(d.parties) if party in place)
        named += [(party, text) for party in known]
        linked += [(a, b, text) for a, b in pairwise(known)]
    yield _said(place, named, 1)
    yield _said(place, linked, 2)


def of_erasure(place: Mapping[str, int], asked: Mapping[str, date], purged: Mapping[str, tuple[str, date]], ties: Iterable[Pair]) -> Iterator[Said]:  # fmt: skip
    """Who asked to be erased and since when, who was purged, and what tied them."""
    yield _said(place, [(party, f"asked {day}") for party, day in asked.items()], 1)
    yield _said(place, [(party, f"purged {what}") for party, what in purged.items()], 1)
    yield _said(place, [(p.party_id_a, p.party_id_b, repr(p)) for p in ties], 2)


def _said(place: Mapping[str, int], rows: Sequence[tuple[str, ...]], ends: int) -> Said:
    columns = [[row[n] for row in rows] for n in range(ends + 1)]
    return Said.of(place, columns[:ends], [pa.array(columns[ends], pa.string())])
