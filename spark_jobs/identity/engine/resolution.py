"""The whole engine in one call: people in, clusters out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine import THRESHOLD
from spark_jobs.identity.engine.blocking import Candidates, candidates
from spark_jobs.identity.engine.classes import HOUSEHOLD, SAME, Model
from spark_jobs.identity.engine.closure import Refined, apart, clusters
from spark_jobs.identity.engine.coded import OPEN_KEY
from spark_jobs.identity.engine.form import Form
from spark_jobs.identity.engine.frozen import Frozen, frozen
from spark_jobs.identity.engine.left_over import asked_again, worth_asking
from spark_jobs.identity.engine.levels import compared, unpacked
from spark_jobs.identity.engine.model import Scored, scored
from spark_jobs.identity.engine.one_of import OneOf, applies
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import StrongPairs, certificates, contradicted, strong_pairs

CERTAIN = 30.0
# Log-odds, at most, of a pair that shares a certificate which name and birth date contradict.
DOUBTED = -1.0
# Inside a component the mean evidence of two parts must outweigh so much of the prior that any two records of the file are strangers
# (as a share of its logarithm): that one of their pairs was accepted says the rest.
_STRANGERS_SHARE = 0.5
ID_LENGTH = 16


@dataclass
class Resolution:
    """What came of a run.

    clusters      source, record_id, cluster_id, confidence: one row per record, ordered by source and record_id
    labels        cluster of each record as a number, in the order of `order`; order: places of the records in the input
    contradicted  pairs that share a valid certificate although name and birth date contradict: for review
    certificates  records × kinds, hashes of valid ones; tied: pairs that one of them ties
    form          how the records were read
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
    certificates: npt.NDArray[np.int64]
    tied: StrongPairs
    form: Form

    @property
    def strong(self) -> int:
        """Pairs that a valid certificate ties."""
        return len(self.tied.left)

    @property
    def contradicted(self) -> int:
        """Pairs whose valid certificate is contradicted."""
        return self.tied.contradicted

    def frozen(self) -> Frozen:
        """The model, as it can be kept."""
        return frozen(self.form, self.fields, self.found, self.scored.model)


def resolve(
    people: People, threshold: float = THRESHOLD, model: Frozen | None = None, key: str = OPEN_KEY
) -> Resolution:
    """Who is who among `people`. The same records give the same clusters and ids in whatever order they come.

    threshold  posterior probability of one person from which on a pair is accepted
    model      by which records are read and judged; None: by one that is learned of them
    key        under which a model that is learned hashes frequent values (frozen.hash_key)
    Errors: ValueError when a source has a record id twice.
    """
    order = in_order(people)
    people = taken(people, order)
    form = model.form if model else Form(key)
    # Under a model that is kept a score follows from two records alone; else the whole file may say something of each.
    sources = None if model or key != OPEN_KEY else _numbers(people.sources)
    judged = judge(standardised(people, form), len(people), threshold, model, sources)
    ties, labels = judged.ties, judged.refined.labels
    table = pa.table(
        {
            "source": people.sources,
            "record_id": people.keys,
            "cluster_id": ids(people, labels),
            "confidence": pa.array(confidence(*ties, labels)),
        }
    )
    names = [rule.name for rule in rules(judged.fields)]
    return Resolution(
        table,
        labels,
        order,
        judged.fields,
        judged.found,
        judged.scored,
        judged.log_odds,
        judged.refined,
        names,
        judged.certificates,
        judged.tied,
        form,
    )


@dataclass
class Judged:
    """Records judged, in the order of source and id. certificates, tied, found, scored, log_odds, refined: as in `Resolution`."""

    fields: list[Field]
    found: Candidates
    scored: Scored
    log_odds: npt.NDArray[np.float64]
    refined: Refined
    certificates: npt.NDArray[np.int64]
    tied: StrongPairs

    @property
    def ties(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64]]:
        """Left, right and log-odds of all pairs, those that a certificate ties among them."""
        return _with_tied(self.found, self.log_odds, self.tied)


def _with_tied(
    found: Candidates, log_odds: npt.NDArray[np.float64], tied: StrongPairs
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64]]:
    return (
        np.concatenate([found.left, tied.left]),
        np.concatenate([found.right, tied.right]),
        np.concatenate([log_odds, np.full(len(tied.left), CERTAIN)]),
    )


def _numbers(names: pa.Array) -> npt.NDArray[np.int64]:
    """A number for each name, equal where the names are."""
    found: npt.NDArray[np.int64] = names.dictionary_encode().indices.to_numpy().astype(np.int64)
    return found


def judge(
    fields: list[Field], count: int, threshold: float, model: Frozen | None = None,
    sources: npt.NDArray[np.int64] | None = None,
) -> Judged:  # fmt: skip
    """Records that are read, in the order of source and id, judged and closed; by a model, or by one that is learned of them.

    sources  a number for the source of each, where records that go to nobody are to be asked once more (left_over.py)
    """
    by_rule = rules(fields)
    if model:
        found = candidates(by_rule, count, model.largest, model.whole_up_to)
    else:
        found = candidates(by_rule, count)
    by_names = OneOf(fields[0].coded) if model is None and applies(fields) else None
    found = by_names.with_pairs(found) if by_names else found
    result = scored(fields, by_rule, found, count, model.model if model else None)
    numbers = certificates(fields, count)
    log_odds = result.log_odds[result.place]
    if by_names:
        log_odds = by_names.log_odds(found.left.astype(np.int64), found.right.astype(np.int64), log_odds)
    wrong = shared_but_contradicted(fields, found.left, found.right, numbers)
    log_odds[wrong] = np.minimum(log_odds[wrong], DOUBTED)
    tied = strong_pairs(fields, numbers)

    def told(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        said = evidence(fields, result.model, numbers, a, b)
        if by_names is None:
            return said
        of_all = np.log(result.model.sizes[0] / result.model.sizes[1:].sum())
        return by_names.log_odds(a, b, said + of_all) - of_all

    def closed(log_odds: npt.NDArray[np.float64]) -> Refined:
        ties = _with_tied(found, log_odds, tied)
        return clusters(count, *ties, bar(threshold), told, numbers, strangeness(result.model))

    refined = closed(log_odds)
    if sources is not None and by_names is None and len(found.left):
        # Of few pairs: as many numbers as there are pairs are half of what memory holds.
        near = worth_asking(refined.labels, found.left, found.right, log_odds)
        left, right = found.left[near], found.right[near]
        own = not_of_kin(result)[result.place[near]]
        own[apart(numbers, left, right) | np.isin(near, wrong)] = 0.0
        again = asked_again(refined.labels, sources, left, right, log_odds[near], own)
        is_more = ((again >= bar(threshold)) & (log_odds[near] < bar(threshold))).any()
        log_odds[near] = again
        refined = closed(log_odds) if is_more else refined
    return Judged(fields, found, result, log_odds, refined, numbers, tied)


def not_of_kin(result: Scored) -> npt.NDArray[np.float64]:
    """Of each pattern: how likely one person's, if it is one person's or two relatives'."""
    same, model = result.posteriors[:, SAME], result.model
    kin = result.posteriors[:, HOUSEHOLD] + (result.posteriors[:, model.twins] if model.twins else 0.0)
    told: npt.NDArray[np.float64] = same / np.maximum(same + kin, 1e-300)
    return told


def bar(threshold: float) -> float:
    """Log-odds of a probability."""
    return math.log(threshold / (1 - threshold))


def strangeness(model: Model) -> float:
    """What mean evidence inside a component must exceed."""
    return _STRANGERS_SHARE * math.log(max(model.sizes[1:].sum() / model.sizes[0], 1.0))


def accepted_pairs(
    result: Resolution, threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places (in order of `clusters`) of candidate pairs that are accepted on their own, before closure."""
    kept = np.flatnonzero(result.log_odds >= bar(threshold))
    return result.found.left[kept].astype(np.int64), result.found.right[kept].astype(np.int64)


def in_order(people: People) -> npt.NDArray[np.int64]:
    """Places of the records in the order of source and key. Errors: ValueError when a source has a key twice."""
    table = pa.table({"source": people.sources, "key": people.keys})
    if table.group_by(["source", "key"]).aggregate([]).num_rows < len(people):
        raise ValueError("a source has a record id twice")
    order = pc.sort_indices(table, sort_keys=[("source", "ascending"), ("key", "ascending")])
    result: npt.NDArray[np.int64] = order.to_numpy().astype(np.int64)
    return result


def taken(people: People, places: npt.NDArray[np.int64]) -> People:
    """The records at these places."""
    at = pa.array(places)
    columns = {role: [c.take(at) for c in cs] for role, cs in people.columns.items()}
    return People(columns, people.sources.take(at), people.keys.take(at), people.region)


def evidence(
    fields: Sequence[Field],
    model: Model,
    numbers: npt.NDArray[np.int64],
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Log likelihood ratio of pairs: the log-odds without the share of one person's pairs among all; certain where a certificate is shared.

    numbers  records × kinds of valid certificates
    """
    patterns, place = np.unique(compared(fields, a, b), return_inverse=True)
    ratio = model.log_odds(unpacked(patterns, len(fields))) - np.log(model.sizes[0] / model.sizes[1:].sum())
    told: npt.NDArray[np.float64] = ratio[place]
    shared = (numbers[a] >= 0) & (numbers[a] == numbers[b])
    sure = np.flatnonzero(shared.any(axis=1))
    one, other = a[sure].astype(np.int32), b[sure].astype(np.int32)
    told[sure] = np.where(contradicted(fields, one, other), -CERTAIN, CERTAIN)
    return told


def shared_but_contradicted(
    fields: Sequence[Field],
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    numbers: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Places of the pairs that share a valid certificate although name and birth date contradict."""
    shared = np.zeros(len(left), bool)
    for kind in range(numbers.shape[1]):
        a, b = numbers[left, kind], numbers[right, kind]
        shared |= (a >= 0) & (a == b)
    at = np.flatnonzero(shared)
    wrong: npt.NDArray[np.int64] = at[contradicted(fields, left[at], right[at])]
    return wrong


def ids(people: People, labels: npt.NDArray[np.int64]) -> pa.Array:
    """Ids made of the members, and of nothing else: equal members, equal id."""
    order = np.argsort(labels, kind="stable")
    names = pc.binary_join_element_wise(people.sources, people.keys, "\x1f").take(pa.array(order)).to_pylist()
    bounds = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0, True])
    ids = [
        sha256("\x1e".join(names[a:b]).encode()).hexdigest()[:ID_LENGTH]
        for a, b in itertools.pairwise(bounds)
    ]
    per_record = np.empty(len(labels), np.int64)
    per_record[order] = np.repeat(np.arange(len(ids)), np.diff(bounds))
    return pa.array(ids, pa.string()).take(pa.array(per_record))


def confidence(
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    log_odds: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Of a record with others: probability of its best tie inside the cluster. Of one alone: that its best tie is none."""
    probability = 1 / (1 + np.exp(-np.clip(log_odds, -CERTAIN, CERTAIN)))
    inside, outside = np.zeros(len(labels)), np.zeros(len(labels))
    within = labels[left] == labels[right]
    for side in (left, right):
        np.maximum.at(inside, side[within], probability[within])
        np.maximum.at(outside, side[~within], probability[~within])
    alone = np.bincount(labels)[labels] == 1
    return np.where(alone, 1 - outside, inside).round(6).astype(np.float64)
