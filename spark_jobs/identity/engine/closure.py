"""From scored pairs to clusters: components of accepted pairs, then refinement inside those that are not of one piece.

A component is glued together wrongly when single pairs tie two people. So inside each component all pairs are judged, also those that
blocking did not find, and parts are joined by average linkage: the tie with the strongest mean evidence first, as long as the evidence is
for one person on average and at least one pair was accepted. Two different valid certificates of one kind never come into one cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.identity.engine.blocking import of_blocks

Rows = npt.NDArray[np.int64]
Ends = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
# One pair's evidence counts so much at most (natural logarithm of a likelihood ratio), so that none outvotes all others.
MOST_EVIDENCE, MOST_AGAINST = 25.0, 12.0
# Components larger than this are first cut by a higher threshold.
LARGEST = 150
_HIGHER = 1.0


@dataclass
class Refined:
    """Clusters: label per record (any numbers), and what refinement did."""

    labels: Rows
    components: int
    refined: int
    split: int
    oversized: int


def clusters(
    count: int,
    left: Rows,
    right: Rows,
    log_odds: Real,
    threshold: float,
    evidence: Callable[[Rows, Rows], Real],
    certificates: Rows,
    bar: float = 0.0,
) -> Refined:
    """Clusters of records.

    left, right, log_odds  candidate pairs; accepted from `threshold` (log-odds) on. A pair may come several times
    evidence      log likelihood ratio of any pairs of records, without the share of matches among all pairs
    certificates  records × kinds: code of the valid certificate of that kind, negative where none
    bar           what mean evidence must exceed for parts of a component to stay together
    """
    taken = np.flatnonzero(log_odds >= threshold)
    taken = taken[~apart(certificates, left[taken], right[taken])]
    one, other, strength = left[taken].astype(np.int64), right[taken].astype(np.int64), log_odds[taken]
    labels, oversized = _components(count, one, other, strength, threshold)
    inside = labels[one] == labels[other]
    one, other = one[inside], other[inside]
    sizes = np.bincount(labels)
    # Each pair once: counted twice, pairs would make a component look whole that is glued together by one record.
    distinct = np.unique(_pair(one, other, count)) // count
    edges = np.bincount(labels[distinct], minlength=len(sizes))
    loose = (sizes > 2) & (edges < sizes * (sizes - 1) // 2)
    members = np.flatnonzero(loose[labels])
    members = members[np.argsort(labels[members], kind="stable")]
    refined = np.flatnonzero(loose)
    split = 0
    if len(members):
        split = _refine(labels, members, one, other, evidence, certificates, bar)
    return Refined(labels, len(sizes), len(refined), split, oversized)


def apart(certificates: Rows, left: Ends, right: Ends) -> npt.NDArray[np.bool_]:
    """Whether two records have different valid certificates of one kind."""
    differ = np.zeros(len(left), bool)
    for kind in range(certificates.shape[1]):
        a, b = certificates[left, kind], certificates[right, kind]
        differ |= (a >= 0) & (b >= 0) & (a != b)
    return differ


def _components(count: int, one: Rows, other: Rows, strength: Real, threshold: float) -> tuple[Rows, int]:
    """Labels of connected components, none larger than LARGEST: the threshold rises inside those that are, and only there."""
    oversized = 0
    while True:
        graph = coo_matrix((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
        labels = connected_components(graph, directed=False)[1].astype(np.int64)
        large = np.bincount(labels) > LARGEST
        if not large.any():
            return labels, oversized
        oversized = max(oversized, int(large.sum()))
        threshold += _HIGHER
        kept = ~large[labels[one]] | (strength >= threshold)
        if kept.all() and threshold > strength.max(initial=0.0):
            kept = ~large[labels[one]]
        one, other, strength = one[kept], other[kept], strength[kept]


def _refine(
    labels: Rows,
    members: Rows,
    one: Rows,
    other: Rows,
    evidence: Callable[[Rows, Rows], Real],
    certificates: Rows,
    bar: float,
) -> int:
    """Split components in place; members: their records, component by component. Returns how many came apart."""
    _, starts, sizes = np.unique(labels[members], return_index=True, return_counts=True)
    pairs = np.concatenate(list(of_blocks(np.arange(len(members)), sizes, len(members))))
    a, b = pairs // len(members), pairs % len(members)
    weight = np.clip(evidence(members[a], members[b]) - bar, -MOST_AGAINST, MOST_EVIDENCE)
    forbidden = apart(certificates, members[a], members[b])
    accepted = np.isin(_pair(members[a], members[b], len(labels)), _pair(one, other, len(labels)))
    block = np.repeat(np.arange(len(sizes)), sizes)[a]
    order = np.argsort(block, kind="stable")
    a, b, weight = a[order], b[order], weight[order]
    forbidden, accepted = forbidden[order], accepted[order]
    bounds = np.searchsorted(block[order], np.arange(len(sizes) + 1))
    free, split = int(labels.max()) + 1, 0
    for i, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        of = slice(bounds[i], bounds[i + 1])
        # A component of which all pairs speak for one person stays as it is.
        if weight[of].min() > 0 and not forbidden[of].any():
            continue
        parts = linked(int(size), a[of] - start, b[of] - start, weight[of], accepted[of], forbidden[of])
        split += len(set(parts)) > 1
        labels[members[start : start + size]] = np.where(
            np.array(parts) == 0, labels[members[start]], free + np.array(parts)
        )
        free += size + 1
    return split


def _pair(a: Rows, b: Rows, count: int) -> Rows:
    return np.minimum(a, b) * np.int64(count) + np.maximum(a, b)


def linked(
    size: int,
    a: Rows,
    b: Rows,
    weight: Real,
    accepted: npt.NDArray[np.bool_],
    forbidden: npt.NDArray[np.bool_],
) -> list[int]:
    """Average linkage of the records 0 … size−1 of one component: label of the part of each; ties go to the first in order."""
    total, ties, bar = np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size))
    for matrix, value in ((total, weight), (ties, accepted), (bar, forbidden)):
        matrix[a, b] = value
        matrix[b, a] = value
    number = np.ones(size)
    label = np.arange(size)
    alive = np.ones(size, bool)
    while True:
        mean = total / np.outer(number, number)
        mean[(ties == 0) | (bar > 0) | ~alive[:, None] | ~alive[None, :]] = -np.inf
        np.fill_diagonal(mean, -np.inf)
        best = int(mean.argmax())
        if not mean.flat[best] > 0:
            return [int(x) for x in np.unique(label, return_inverse=True)[1]]
        i, j = sorted(divmod(best, size))
        for matrix in (total, ties, bar):
            matrix[i] += matrix[j]
            matrix[:, i] += matrix[:, j]
        number[i] += number[j]
        alive[j] = False
        label[label == j] = i
