"""The chain that explains why two records are one person, against all chains there are."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.identity.timeline import Edge
from spark_jobs.whois.chain import strongest

D1 = date(2026, 9, 1)
edge = st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.integers(-1, 4)).filter(
    lambda e: e[0] < e[1]
)


def chains(at: str, end: str, edges: list[Edge], been: tuple[str, ...] = ()):
    """Every way from one record to another that meets no record twice."""
    if at == end:
        yield []
        return
    for e in edges:
        if at in (e.party_a, e.party_b):
            other = e.party_b if e.party_a == at else e.party_a
            if other not in (*been, at):
                for rest in chains(other, end, edges, (*been, at)):
                    yield [e, *rest]


@given(st.lists(edge, max_size=9))
def test_no_chain_has_a_stronger_weakest_tie_and_none_as_strong_is_shorter(drawn):
    edges = [Edge(rank, a, b, f"r{rank}", D1) for a, b, rank in drawn]
    found = strongest("a", "f", edges, "abcdef")
    every = list(chains("a", "f", edges))
    assert bool(found) == bool(every)
    if every:
        worth = lambda way: (max(e.rank for e in way), len(way), sum(e.rank for e in way))  # noqa: E731
        assert worth(found) == min(map(worth, every))
        assert found in every, "the steps follow one another"


def test_a_chain_goes_only_through_records_of_the_customer():
    edges = [Edge(0, "a", "x", "r", D1), Edge(0, "b", "x", "r", D1), Edge(5, "a", "b", "s", D1)]

    assert [e.reason for e in strongest("a", "b", edges, "abx")] == ["r", "r"]
    assert [e.reason for e in strongest("a", "b", edges, "ab")] == ["s"]
