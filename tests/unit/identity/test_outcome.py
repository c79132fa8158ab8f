"""What a steward and an auditor get to see of the decisions."""

from dataclasses import replace
from datetime import date

from spark_jobs.identity.fold import fold
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.outcome import Pair, customers, events, links, reviews
from spark_jobs.identity.timeline import OPEN, Edge, Membership, Timeline

D1, D2, D3 = (date(2026, 9, n) for n in (1, 2, 3))
PAIR = Pair(
    "a", "b", "name_phone", D1, OPEN, False, False, "core", "ecif", "name_phone name+ birth? sex? id?"
)


def test_evidence_that_ended_is_a_link_and_an_unlink():
    rows = links([replace(PAIR, effective_to=D3, is_ambiguous=True)], Timeline())

    assert [(kind, str(day), refused) for _, kind, _, _, _, _, day, refused, *_ in rows] == [
        ("link", "2026-09-01", False),
        ("unlink", "2026-09-03", False),
    ]
    assert len({row[0] for row in rows}) == 2


def test_a_pair_that_a_guard_keeps_apart_stays_visible_and_goes_to_the_steward_from_its_first_day():
    line = fold(
        {"a": D1, "b": D1},
        [Edge(5, "a", "b", "name_phone", D1)],
        {"a": [Mark("resident", "x", D1)], "b": [Mark("resident", "y", D2)]},
        lambda *content: "/".join(content),
    )

    assert [(row[7], row[5]) for row in links([PAIR], line)] == [(True, "name_phone")]
    assert [(kind, parties, str(day)) for _, kind, parties, _, day in reviews([PAIR], line, [], 60)] == [
        ("contradiction", ["a", "b"], "2026-09-02")
    ]
    # until the second id was known they were one customer
    assert [row[1] for row in events(line)] == ["create", "split"]


def test_a_source_that_gives_a_party_two_ids_is_suspected_with_and_without_the_other_side():
    contradicted = replace(
        PAIR, rule_code="same_resident_id", is_contradiction=True, effective_from=OPEN, effective_to=D2
    )

    rows = reviews([contradicted], Timeline(), [("b", "ecif", D2)], 60)

    assert [(kind, parties) for _, kind, parties, _, _ in rows] == [
        ("suspect_ecif_merge", ["a", "b"]),
        ("suspect_ecif_merge", ["b"]),
    ]
    assert {str(day) for *_, day in rows} == {"2026-09-02"}


def test_a_customer_of_too_many_parties_is_looked_at():
    line = Timeline(memberships=[Membership(p, "c", "core_number", D1, OPEN) for p in "xyz"])

    assert [(kind, parties) for _, kind, parties, _, _ in reviews([], line, [], 2)] == [
        ("oversize_cluster", ["x", "y", "z"])
    ]
    assert reviews([], line, [], 3) == []


def test_a_retired_customer_has_no_party_and_leads_to_its_survivor():
    line = fold(
        {"a": D1, "b": D1},
        [Edge(0, "a", "b", "same_resident_id", D2)],
        {},
        lambda *content: "/".join(content),
    )

    assert customers(line) == [
        ("a/2026-09-01", D1, "active", None, 2),
        ("b/2026-09-01", D1, "retired", "a/2026-09-01", 0),
    ]
