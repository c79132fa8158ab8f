"""The whole engine in one call: people in, clusters out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.blocking import Candidates, candidates
from spark_jobs.identity.engine.closure import Refined, clusters
from spark_jobs.identity.engine.levels import compared, unpacked
from spark_jobs.identity.engine.model import Scored, scored
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates, contradicted, strong_pairs

_CERTAIN = 30.0
# Inside a component the mean evidence of two parts must outweigh so much of the prior that any two records of the file are strangers
# (as a share of its logarithm): that one of their pairs was accepted says the rest.
_STRANGERS_SHARE = 0.5
_ID_LENGTH = 16


@dataclass
class Resolution:
    """What came of a run.

    clusters      source, record_id, cluster_id, confidence: one row per record, ordered by source and record_id
    labels        cluster of each record as a number, in the order of `order`; order: places of the records in the input
    contradicted  pairs that share a valid certificate although name and birth date contradict: for review
    """

    clusters: pa.Table
    labels: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    fields: list[Field]
    found: Candidates
    scored: Scored
    log_odds: npt.NDArray[np.float64]
    refined: Refined
    rules: list[str]
    strong: int
    contradicted: int


def resolve(people: People, threshold: float = THRESHOLD) -> Resolution:
    """Who is who among `people`. The same records give the same clusters and ids in whatever order they come.

    threshold  posterior probability of one person from which on a pair is accepted
    Errors: ValueError when a source has a record id twice.
    """
    order = _order(people)
    people = _taken(people, order)
    fields, count = standardised(people), len(people)
    by_rule = rules(fields)
    found = candidates(by_rule, count)
    result = scored(fields, by_rule, found, count)
    numbers = certificates(fields, count)
    log_odds = result.log_odds[result.place]
    wrong = _shared_but_contradicted(fields, found, numbers)
    log_odds[wrong] = np.minimum(log_odds[wrong], -1.0)
    strong = strong_pairs(fields, numbers)
    left = np.concatenate([found.left, strong.left])
    right = np.concatenate([found.right, strong.right])
    all_odds = np.concatenate([log_odds, np.full(len(strong.left), _CERTAIN)])

    def evidence(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        told = _evidence(fields, result, a, b)
        shared = (numbers[a] >= 0) & (numbers[a] == numbers[b])
        sure = np.flatnonzero(shared.any(axis=1))
        told[sure] = np.where(
            contradicted(fields, a[sure].astype(np.int32), b[sure].astype(np.int32)), -_CERTAIN, _CERTAIN
        )
        return told

    bar = math.log(threshold / (1 - threshold))
    sizes = result.model.sizes
    strange = _STRANGERS_SHARE * math.log(max(sizes[1:].sum() / sizes[0], 1.0))
    refined = clusters(count, left, right, all_odds, bar, evidence, numbers, strange)
    table = pa.table(
        {
            "source": people.sources,
            "record_id": people.keys,
            "cluster_id": _ids(people, refined.labels),
            "confidence": _confidence(count, left, right, all_odds, refined.labels),
        }
    )
    names = [rule.name for rule in by_rule]
    return Resolution(
        table,
        refined.labels,
        order,
        fields,
        found,
        result,
        log_odds,
        refined,
        names,
        len(strong.left),
        strong.contradicted,
    )


def accepted_pairs(
    result: Resolution, threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places (in order of `clusters`) of candidate pairs that are accepted on their own, before closure."""
    taken = np.flatnonzero(result.log_odds >= math.log(threshold / (1 - threshold)))
    return result.found.left[taken].astype(np.int64), result.found.right[taken].astype(np.int64)


def _order(people: People) -> npt.NDArray[np.int64]:
    table = pa.table({"source": people.sources, "key": people.keys})
    if table.group_by(["source", "key"]).aggregate([]).num_rows < len(people):
        raise ValueError("a source has a record id twice")
    order = pc.sort_indices(table, sort_keys=[("source", "ascending"), ("key", "ascending")])
    result: npt.NDArray[np.int64] = order.to_numpy().astype(np.int64)
    return result


def _taken(people: People, order: npt.NDArray[np.int64]) -> People:
    at = pa.array(order)
    columns = {role: [c.take(at) for c in cs] for role, cs in people.columns.items()}
    return People(columns, people.sources.take(at), people.keys.take(at), people.region)


def _evidence(
    fields: Sequence[Field], result: Scored, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Log likelihood ratio: the log-odds without the share of one person's pairs among all."""
    patterns, place = np.unique(compared(fields, a, b), return_inverse=True)
    sizes = result.model.sizes
    told = result.model.log_odds(unpacked(patterns, len(fields))) - np.log(sizes[0] / sizes[1:].sum())
    taken: npt.NDArray[np.float64] = told[place]
    return taken


def _shared_but_contradicted(
    fields: Sequence[Field], found: Candidates, numbers: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    shared = np.zeros(len(found.left), bool)
    for kind in range(numbers.shape[1]):
        a, b = numbers[found.left, kind], numbers[found.right, kind]
        shared |= (a >= 0) & (a == b)
    at = np.flatnonzero(shared)
    wrong: npt.NDArray[np.int64] = at[contradicted(fields, found.left[at], found.right[at])]
    return wrong


def _ids(people: People, labels: npt.NDArray[np.int64]) -> pa.Array:
    """Ids made of the members, and of nothing else: equal members, equal id."""
    order = np.argsort(labels, kind="stable")
    names = pc.binary_join_element_wise(people.sources, people.keys, "\x1f").take(pa.array(order)).to_pylist()
    bounds = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0, True])
    ids = [
        sha256("\x1e".join(names[a:b]).encode()).hexdigest()[:_ID_LENGTH]
        for a, b in itertools.pairwise(bounds)
    ]
    per_record = np.empty(len(labels), np.int64)
    per_record[order] = np.repeat(np.arange(len(ids)), np.diff(bounds))
    return pa.array(ids, pa.string()).take(pa.array(per_record))


def _confidence(
    count: int,
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    log_odds: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
) -> pa.Array:
    """Of a record with others: probability of its best tie inside the cluster. Of one alone: that its best tie is none."""
    probability = 1 / (1 + np.exp(-np.clip(log_odds, -_CERTAIN, _CERTAIN)))
    inside, outside = np.zeros(count), np.zeros(count)
    within = labels[left] == labels[right]
    for side in (left, right):
        np.maximum.at(inside, side[within], probability[within])
        np.maximum.at(outside, side[~within], probability[~within])
    alone = np.bincount(labels)[labels] == 1
    return pa.array(np.round(np.where(alone, 1 - outside, inside), 6))
