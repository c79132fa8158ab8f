"""What stewards decide, from the day they decide it, and as if never where they take it back."""

from __future__ import annotations

from datetime import date, datetime

from spark_jobs.identity.fold import fold
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.outcome import customers, reviews, stated
from spark_jobs.identity.timeline import OPEN, Edge
from spark_jobs.identity.words import Decision, epochs

D1, D2, D3, D4, D5 = (date(2026, 9, n) for n in (1, 2, 3, 4, 5))
SEEN = {"a": D1, "b": D1}
A, B = "a/2026-09-01", "b/2026-09-01"


def new_id(*content: str) -> str:
    return "/".join(content)


def said(
    code: str, day: date, name: str = "", parties: tuple[str, ...] = ("a", "b"), undoes=None
) -> Decision:
    return Decision(
        name or f"{code}-{day.day}", code, parties, undoes, day, datetime(day.year, day.month, day.day, 10)
    )


def told(*decisions: Decision, edges=(), marks=None, seen=None):
    return fold(seen or SEEN, list(edges), marks or {}, new_id, said=epochs(decisions))


def owners(line, day: date) -> dict[str, str]:
    return {m.party_id: m.customer_id for m in line.memberships if m.valid_from <= day < m.valid_to}


def life(line):
    return [
        (e.kind, e.customer_id, e.other_customer_id, e.day.day) for e in line.events if e.kind != "create"
    ]


RULE = Edge(1, "a", "b", "name_phone", D1)


def test_a_merge_holds_from_the_day_of_its_decision_and_the_other_id_leads_to_the_survivor():
    line = told(said("merge", D2))

    assert owners(line, D1) == {"a": A, "b": B}
    assert owners(line, D2) == {"a": A, "b": A}
    assert line.retired == {B: A}
    assert {m.reason for m in line.memberships if m.party_id == "b"} == {"founder", "steward"}


def test_a_merge_that_a_split_takes_back_never_was_but_both_events_stand():
    line = told(said("merge", D2), said("split", D4))

    assert line.memberships == told().memberships
    assert line.created == told().created
    assert line.retired == {}
    assert life(line) == [("merge", A, B, 2), ("retire", B, A, 2), ("split", A, B, 4)]


def test_a_run_of_a_day_between_sees_the_merge():
    assert owners(told(said("merge", D2)), D3) == {"a": A, "b": A}
    assert life(told(said("merge", D2))) == [("merge", A, B, 2), ("retire", B, A, 2)]


def test_what_rules_tie_a_split_parts_from_its_day_with_an_id_that_names_the_split():
    line = told(said("split", D3), edges=[RULE])

    assert owners(line, D2) == {"a": A, "b": A}
    assert owners(line, D3) == {"a": A, "b": f"b/2026-09-03/{A}"}
    assert life(line) == [("split", A, f"b/2026-09-03/{A}", 3)]


def test_a_split_that_is_taken_back_leaves_an_id_that_leads_home():
    line = told(said("split", D3, "s"), said("take_back", D5, undoes="s", parties=()), edges=[RULE])

    assert line.memberships == told(edges=[RULE]).memberships
    gone = f"b/2026-09-03/{A}"
    assert line.retired == {gone: A}
    assert [row[:4] for row in customers(line)] == [(A, D1, "active", None), (gone, D3, "retired", A)]
    assert life(line)[1:] == [("merge", A, gone, 5), ("retire", gone, A, 5)]


def test_parties_kept_apart_stay_two_through_a_third_that_ties_both():
    seen = {"a": D1, "b": D1, "c": D2}
    tied = [Edge(1, "a", "c", "name_phone", D2), Edge(2, "b", "c", "name_phone", D2)]

    line = told(said("keep_apart", D1), edges=tied, seen=seen)

    assert owners(line, D2) == {"a": A, "c": A, "b": B}


def test_the_newest_word_counts():
    line = told(said("keep_apart", D2), said("merge", D3), said("keep_apart", D5))

    assert [len(set(owners(line, day).values())) for day in (D2, D3, D4, D5)] == [2, 1, 1, 2]


def test_a_steward_overrules_a_guard_but_not_two_valid_ids():
    sexes = {"a": [Mark("sex", "F")], "b": [Mark("sex", "M")]}
    ids = {"a": [Mark("resident", "x")], "b": [Mark("resident", "y")]}

    assert len(set(owners(told(said("merge", D2), marks=sexes), D2).values())) == 1
    refused = told(said("merge", D2), marks=ids)
    assert len(set(owners(refused, D2).values())) == 2
    items = [(row[1], row[2], row[4]) for row in reviews([], refused, [], 60)]
    assert items == [("contradiction", ["a", "b"], D2)]
    assert [row[7] for row in stated([said("merge", D2)], refused)] == [True]


def test_a_decision_closes_the_items_it_is_about_and_no_other():
    line = told(edges=[RULE], marks={"a": [Mark("resident", "x")], "b": [Mark("resident", "y")]})
    third = fold({**SEEN, "c": D1}, [], {}, new_id)
    foreign = [("a", "ecif", D2), ("c", "ecif", D2)]

    def states(*decisions):
        line.memberships += [m for m in third.memberships if m.party_id == "c"]
        return {tuple(row[2]): row[3] for row in reviews([], line, foreign, 60, decisions)}

    assert states() == {("a",): "open", ("c",): "open"}
    assert states(said("keep_apart", D3)) == {("a",): "closed", ("c",): "open"}
    assert states(said("keep_apart", D1)) == {("a",): "open", ("c",): "open"}, "decided before it was seen"
    undone = [said("keep_apart", D3, "k"), said("take_back", D4, undoes="k", parties=())]
    assert states(*undone) == {("a",): "open", ("c",): "open"}


def test_every_word_is_written_down_with_its_end():
    decisions = [said("merge", D2), said("split", D4)]

    rows = [(row[1], row[4], row[6]) for row in stated(decisions, told(*decisions))]

    assert rows == [("must_link", "steward", D2), ("unlink", "steward", D4), ("cannot_link", "steward", D4)]
    assert all(m.valid_to == OPEN for m in told(*decisions).memberships)
