"""What was glued together by single pairs comes apart; what is apart by certificate stays apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine.closure import clusters

NO_CERTIFICATES = np.full((6, 1), -1)
# Two triples of one person each, 0-1-2 and 3-4-5, and one accepted pair between them.
TRIPLES = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
GLUE = (2, 3)


def evidence(strong: list[tuple[int, int]]):
    """12 for the pairs named, -8 for all others."""

    def told(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        named = {frozenset(p) for p in strong}
        return np.array(
            [12.0 if frozenset((int(x), int(y))) in named else -8.0 for x, y in zip(a, b, strict=True)]
        )

    return told


def parts(
    pairs: list[tuple[int, int]], certificates: npt.NDArray[np.int64] = NO_CERTIFICATES
) -> list[list[int]]:
    left, right = np.array(pairs).T
    found = clusters(6, left, right, np.full(len(pairs), 5.0), 3.0, evidence(pairs), certificates)
    return sorted(np.flatnonzero(found.labels == c).tolist() for c in np.unique(found.labels))


def test_two_people_tied_by_one_pair_come_apart() -> None:
    assert parts([*TRIPLES, GLUE]) == [[0, 1, 2], [3, 4, 5]]


def test_a_chain_of_which_all_pairs_speak_for_one_person_stays() -> None:
    everyone = [(a, b) for a in range(6) for b in range(a + 1, 6)]
    left, right = np.array([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]).T
    found = clusters(6, left, right, np.full(5, 5.0), 3.0, evidence(everyone), NO_CERTIFICATES)
    assert len(set(found.labels)) == 1


def test_two_valid_certificates_never_come_into_one_cluster_not_even_through_a_third_record() -> None:
    everyone = [(a, b) for a in range(6) for b in range(a + 1, 6)]
    certificates = np.array([[1], [-1], [-1], [-1], [-1], [2]])
    for group in parts(everyone, certificates):
        assert not {0, 5} <= set(group)


def test_pairs_that_come_twice_do_not_make_a_component_whole() -> None:
    everyone = [(a, b) for a in range(6) for b in range(a + 1, 6)]
    certificates = np.array([[1], [-1], [-1], [-1], [-1], [2]])
    for group in parts([*everyone, *everyone], certificates):
        assert not {0, 5} <= set(group)


def test_a_pair_below_the_threshold_joins_nobody() -> None:
    found = clusters(
        2, np.array([0]), np.array([1]), np.array([2.9]), 3.0, evidence([(0, 1)]), np.full((2, 1), -1)
    )
    assert found.labels[0] != found.labels[1]


def test_a_component_too_large_to_be_one_person_is_cut_by_a_higher_threshold() -> None:
    count = 400
    left, right = np.arange(count - 1), np.arange(1, count)
    odds = np.where(left % 2 == 0, 9.0, 4.0)
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    found = clusters(count, left, right, odds, 3.0, evidence(pairs), np.full((count, 1), -1))
    assert np.bincount(found.labels).max() == 2
