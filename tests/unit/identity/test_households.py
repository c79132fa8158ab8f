"""Who lives in one household, and when: worked out by hand, and by a slow obvious version on random relations."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.identity.households import members

D1, D2, D3, D4 = (date(2026, 9, n) for n in (1, 2, 3, 4))
OPEN = date(9999, 12, 31)


def told(*relations, at_most: int = 12):
    return members(relations, lambda *content: "/".join(content), at_most)


@pytest.mark.requirement("R-IDN-10")
def test_a_couple_is_a_household_from_the_day_the_bank_was_told_and_a_child_joins_it():
    found = told(("wang", "li", D1, OPEN), ("child", "li", D3, OPEN))

    home = "li/2026-09-01"
    assert found == [("child", home, D3, OPEN), ("li", home, D1, OPEN), ("wang", home, D1, OPEN)]


def test_who_parts_is_alone_and_in_no_household_and_the_others_keep_theirs():
    found = told(("wang", "li", D1, D3), ("li", "child", D1, OPEN))

    home = "child/2026-09-01"
    assert found == [("child", home, D1, OPEN), ("li", home, D1, OPEN), ("wang", home, D1, D3)]


def test_a_couple_that_parts_and_comes_back_has_two_spells():
    assert [(c, str(a), str(b)) for c, _, a, b in told(("wang", "li", D1, D2), ("li", "wang", D4, OPEN))] == [
        ("li", "2026-09-01", "2026-09-02"), ("li", "2026-09-04", "9999-12-31"),
        ("wang", "2026-09-01", "2026-09-02"), ("wang", "2026-09-04", "9999-12-31"),
    ]  # fmt: skip


def test_a_book_number_typed_for_a_whole_street_is_no_household_from_the_day_there_are_too_many():
    found = told(("a", "b", D1, OPEN), ("b", "c", D2, OPEN), ("c", "d", D3, OPEN), at_most=3)

    assert {(c, str(start), str(end)) for c, _, start, end in found} == {
        ("a", "2026-09-01", "2026-09-03"), ("b", "2026-09-01", "2026-09-03"), ("c", "2026-09-02", "2026-09-03"),
    }  # fmt: skip


def test_nobody_is_a_household_with_himself():
    assert told(("wang", "wang", D1, OPEN)) == []


relations = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.integers(0, 8), st.integers(1, 5)),
    max_size=10,
)


@given(relations)
def test_on_every_day_households_are_the_components_of_the_relations_of_that_day(told_relations):
    day = lambda n: D1 + timedelta(days=n)  # noqa: E731
    rows = [(a, b, day(start), day(start + length)) for a, b, start, length in told_relations]
    found = told(*rows, at_most=4)
    for n in range(15):
        component = {c: {c} for c in "abcdef"}
        for a, b, since, until in rows:
            if since <= day(n) < until and component[a] is not component[b]:
                both = component[a] | component[b]
                for c in both:
                    component[c] = both
        expected = {frozenset(c) for c in component.values() if 2 <= len(c) <= 4}
        homes: dict[str, set[str]] = {}
        for customer, home, since, until in found:
            if since <= day(n) < until:
                homes.setdefault(home, set()).add(customer)
        assert {frozenset(c) for c in homes.values()} == expected
        assert sum(map(len, homes.values())) == len({c for h in homes.values() for c in h}), (
            "one household each"
        )
