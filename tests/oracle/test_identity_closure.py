"""Closure and refinement against a slow version that says in sets what the fast one does in matrices, on random input."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.identity.engine.closure import clusters

RECORDS = 7
PAIRS = list(combinations(range(RECORDS), 2))
BAR = 3.0
Parts = list[frozenset[int]]

# Evidence of every pair, within what one pair may count. Roots of different primes have no equal means, so that no tie asks which comes first.
_PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73]
# All for one person, too: what then parts a component are certificates alone.
evidences = st.sampled_from([-11, 1]).flatmap(
    lambda least: st.lists(st.integers(least, 24), min_size=len(PAIRS), max_size=len(PAIRS)).map(
        lambda told: {pair: n + prime**0.5 / 10 for pair, n, prime in zip(PAIRS, told, _PRIMES, strict=True)}
    )
)
# Log-odds of the pairs that blocking found: accepted from BAR on.
odds = st.dictionaries(st.sampled_from(PAIRS), st.sampled_from([-4.0, 2.9, 3.0, 8.0]), min_size=1)
certificates = st.lists(st.sampled_from([-1, -1, -1, 1, 2]), min_size=RECORDS, max_size=RECORDS)


def slow(
    told: dict[tuple[int, int], float], found: dict[tuple[int, int], float], numbers: list[int]
) -> Parts:
    """Components of accepted pairs; one of which any pair speaks against is built up again, part by part."""
    apart = {(a, b) for a, b in PAIRS if numbers[a] >= 0 and numbers[b] >= 0 and numbers[a] != numbers[b]}
    accepted = {pair for pair, value in found.items() if value >= BAR and pair not in apart}
    whole = _joined([frozenset([r]) for r in range(RECORDS)], accepted)
    return [part for component in whole for part in _refined(component, told, accepted, apart)]


def _joined(parts: Parts, accepted: set[tuple[int, int]]) -> Parts:
    for a, b in sorted(accepted):
        (one,), (other,) = ([p for p in parts if r in p] for r in (a, b))
        parts = [*(p for p in parts if p not in (one, other)), one | other]
    return parts


def _refined(
    component: frozenset[int], told: dict[tuple[int, int], float], accepted: set[tuple[int, int]], apart: set[tuple[int, int]]
) -> Parts:  # fmt: skip
    inside = list(combinations(sorted(component), 2))
    if len(component) < 3 or set(inside) <= accepted:
        return [component]
    if all(told[pair] > 0 and pair not in apart for pair in inside):
        return [component]
    parts = [frozenset([r]) for r in sorted(component)]
    while True:
        ties = []
        for one, other in combinations(parts, 2):
            between = [(min(a, b), max(a, b)) for a in one for b in other]
            mean = sum(told[pair] for pair in between) / len(between)
            if mean > 0 and any(p in accepted for p in between) and not any(p in apart for p in between):
                ties.append((mean, one, other))
        if not ties:
            return parts
        _, one, other = max(ties, key=lambda tie: tie[0])
        parts = [*(p for p in parts if p not in (one, other)), one | other]


def fast(
    told: dict[tuple[int, int], float], found: dict[tuple[int, int], float], numbers: list[int]
) -> Parts:
    left, right = np.array(list(found)).T
    labels = clusters(
        RECORDS,
        left,
        right,
        np.array(list(found.values())),
        BAR,
        lambda a, b: np.array(
            [told[min(x, y), max(x, y)] for x, y in zip(a.tolist(), b.tolist(), strict=True)]
        ),
        np.array(numbers)[:, None],
    ).labels
    return [frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]


@given(evidences, odds, certificates)
def test_records_come_together_as_the_slow_version_puts_them(
    told: dict[tuple[int, int], float], found: dict[tuple[int, int], float], numbers: list[int]
) -> None:
    assert set(fast(told, found, numbers)) == set(slow(told, found, numbers))


@given(evidences, odds, certificates)
def test_two_valid_certificates_are_never_together(
    told: dict[tuple[int, int], float], found: dict[tuple[int, int], float], numbers: list[int]
) -> None:
    for part in fast(told, found, numbers):
        assert len({numbers[r] for r in part} - {-1}) <= 1
