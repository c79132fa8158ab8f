"""Life of a customer id, in small pictures."""

from datetime import date

from spark_jobs.identity.fold import fold
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.timeline import OPEN, Edge

D1, D2, D3, D4 = (date(2026, 9, n) for n in (1, 2, 3, 4))


def new_id(*content: str) -> str:
    return "/".join(content)


def link(a: str, b: str, since: date, until: date = OPEN) -> Edge:
    return Edge(0, a, b, "same_id", since, until)


def kinds(line):
    return [(e.kind, e.customer_id, e.other_customer_id, str(e.day)) for e in line.events]


def test_a_second_account_does_not_change_the_id():
    line = fold({"a": D1, "b": D3}, [link("a", "b", D3)], {}, new_id)

    assert {m.customer_id for m in line.memberships} == {"a/2026-09-01"}
    assert kinds(line) == [
        ("create", "a/2026-09-01", None, "2026-09-01"),
        ("absorb", "a/2026-09-01", None, "2026-09-03"),
    ]


def test_when_two_customers_merge_the_larger_keeps_its_id_and_the_other_redirects():
    seen = {"a": D1, "b": D1, "c": D1}
    line = fold(seen, [link("b", "c", D1), link("a", "b", D2)], {}, new_id)

    assert line.retired == {"a/2026-09-01": "b/2026-09-01"}
    assert ("merge", "b/2026-09-01", "a/2026-09-01", "2026-09-02") in kinds(line)


def test_a_merge_that_is_taken_back_restores_who_was_who():
    seen = {"a": D1, "b": D1}
    line = fold(seen, [link("a", "b", D2, D3)], {}, new_id)

    def owner(party, day):
        return next(
            m.customer_id
            for m in line.memberships
            if m.party_id == party and m.valid_from <= day < m.valid_to
        )

    assert owner("a", D2) == owner("b", D2) == "a/2026-09-01"
    assert owner("a", D4) == "a/2026-09-01"
    assert owner("b", D4) != owner("a", D4)
    assert [e.kind for e in line.events if e.day == D3] == ["split"]


def test_twins_with_ids_of_their_own_stay_two_even_if_the_evidence_ties_them():
    line = fold(
        {"a": D1, "b": D1},
        [link("a", "b", D1)],
        {"a": [Mark("resident", "x")], "b": [Mark("resident", "y")]},
        new_id,
    )

    assert len({m.customer_id for m in line.memberships}) == 2
    assert [e.reason for e in line.refused] == ["same_id"]


def test_a_pair_that_must_stay_apart_stays_apart_through_a_third():
    seen = {"a": D1, "b": D1, "c": D1}
    edges = [link("a", "c", D1), link("b", "c", D1)]

    line = fold(seen, edges, {}, new_id, frozenset({("a", "b")}))

    owner = {m.party_id: m.customer_id for m in line.memberships}
    assert owner["a"] == owner["c"] != owner["b"]


def test_a_binding_delivered_late_does_not_rename_the_customer():
    """The app user sorts before the deposit customer and holds from the same day, but hangs on its number."""
    alone = fold({"z": D1}, [], {}, new_id, founders={"z": 0})
    late = fold({"a": D1, "z": D1}, [link("a", "z", D1)], {}, new_id, founders={"z": 0, "a": 6})

    assert {m.customer_id for m in alone.memberships} == {m.customer_id for m in late.memberships}


def test_of_two_ties_by_likeness_that_cannot_both_be_the_likelier_is_taken_whatever_the_ids():
    """A call fits the certificates of two people. The smaller ids would say a, and the probability says b."""
    seen = {"a": D1, "b": D1, "call": D1}
    own = {"a": [Mark("resident", "x")], "b": [Mark("resident", "y")]}
    less = Edge(9, "a", "call", "model", D1, doubt=0.04)
    more = Edge(9, "b", "call", "model", D1, doubt=0.01)

    for edges in ([less, more], [more, less]):
        line = fold(seen, edges, own, new_id)

        owner = {m.party_id: m.customer_id for m in line.memberships}
        assert owner["call"] == owner["b"] != owner["a"]
        assert list(line.refused) == [less]


def test_a_rule_comes_before_any_probability_and_equal_probabilities_go_by_ids():
    seen = {"a": D1, "b": D1, "call": D1}
    own = {"a": [Mark("resident", "x")], "b": [Mark("resident", "y")]}
    by_model = Edge(9, "b", "call", "model", D1, doubt=0.0)

    def ties(*edges: Edge) -> str:
        owner = {m.party_id: m.customer_id for m in fold(seen, edges, own, new_id).memberships}
        return "a" if owner["call"] == owner["a"] else "b"

    assert ties(Edge(5, "a", "call", "name_phone", D1), by_model) == "a"
    assert ties(Edge(9, "a", "call", "model", D1), by_model) == "a"
