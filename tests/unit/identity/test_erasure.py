"""Who asked to be erased takes the whole person along, and nothing brings them back."""

from __future__ import annotations

from datetime import date

from spark_jobs.identity import erasure
from spark_jobs.identity.fold import fold
from spark_jobs.identity.outcome import MODEL, Pair, customers
from spark_jobs.identity.timeline import Edge, Timeline, Word

D1, D2, D3, D4, D5 = (date(2026, 9, n) for n in (1, 2, 3, 4, 5))
FOREVER = date(9999, 12, 31)


def link(a: str, b: str, since: date, until: date = FOREVER) -> Edge:
    return Edge(0, a, b, "same_id", since, until)


def told(
    seen: dict[str, date],
    edges: list[Edge],
    asked: dict[str, date],
    words: frozenset[Word] = frozenset(),
) -> tuple[dict[str, str], Timeline]:
    """Status by customer id, and the timeline."""

    def folded(edges: list[Edge], said: list[tuple[date, frozenset[Word]]]) -> Timeline:
        return fold(seen, edges, {}, lambda *content: "/".join(content), said=said)

    said = [(date.min, words)]
    gone = erasure.covered(folded(edges, said), asked)
    line = folded(erasure.part_edges(edges, gone), erasure.part_words(said, gone))
    return {row[0]: row[2] for row in customers(line, erasure.erased(line, gone))}, line


def owner(line: Timeline, party: str, day: date) -> str:
    return next(
        m.customer_id for m in line.memberships if m.party_id == party and m.valid_from <= day < m.valid_to
    )


def test_all_records_of_the_person_go_with_the_one_that_was_named():
    status, line = told({"core": D1, "card": D1, "other": D1}, [link("core", "card", D1)], {"card": D3})

    assert status == {owner(line, "core", D3): "erased", owner(line, "other", D3): "active"}


def test_a_new_account_of_later_opens_a_new_customer_though_the_certificate_is_the_same():
    status, line = told({"old": D1, "new": D4}, [link("old", "new", D4)], {"old": D3})

    assert status == {owner(line, "old", D4): "erased", owner(line, "new", D4): "active"}
    assert owner(line, "old", D4) != owner(line, "new", D4)


def test_a_record_that_ended_up_elsewhere_before_the_request_stays():
    was_one = link("a", "b", D1, D2)

    status, line = told({"a": D1, "b": D1}, [was_one], {"a": D3})

    assert status[owner(line, "a", D3)] == "erased"
    assert status[owner(line, "b", D3)] == "active"


def test_evidence_that_ends_later_does_not_free_a_part_of_the_erased():
    status, line = told({"a": D1, "b": D1}, [link("a", "b", D1, D4)], {"a": D3})

    assert owner(line, "a", D5) != owner(line, "b", D5)
    assert status[owner(line, "a", D5)] == status[owner(line, "b", D5)] == "erased"


def test_no_steward_ties_the_living_to_the_erased():
    later = frozenset({Word("a", "b", True, D4)})

    status, line = told({"a": D1, "b": D1}, [], {"a": D3}, later)

    assert owner(line, "a", D4) != owner(line, "b", D4)
    assert status[owner(line, "b", D4)] == "active"


def test_a_request_that_comes_before_the_record_waits_for_it():
    status, line = told({"a": D4, "b": D1}, [link("a", "b", D4)], {"a": D2})

    assert status[owner(line, "a", D4)] == "erased"
    assert status[owner(line, "b", D4)] == "active"


def test_whoever_asked_of_a_party_that_nobody_delivered_changes_nothing():
    status, _ = told({"a": D1}, [], {"unknown": D2})

    assert set(status.values()) == {"active"}


def pair(rule: str, since: date, until: date = FOREVER, evidence: str = "as it was") -> Pair:
    return Pair("a", "b", rule, since, until, False, False, "core", "core", evidence)


def test_what_tied_the_purged_is_remembered_where_nothing_is_left_to_compare():
    ruled, modelled = erasure.with_purged([pair("same_id", D1), pair(MODEL, D2)], [], [])

    assert (ruled, modelled) == ([pair("same_id", D1)], [pair(MODEL, D2)])


def test_what_a_source_sends_again_does_not_shorten_what_is_remembered():
    again = [pair("same_id", D4, evidence="new"), pair("same_phone", D4, evidence="new")]

    ruled, _ = erasure.with_purged([pair("same_id", D1)], again, [])

    assert ruled == [pair("same_phone", D4, evidence="new"), pair("same_id", D1)]


def test_a_tie_of_the_model_that_ended_and_began_again_is_two():
    ended, begun = pair(MODEL, D1, D2), pair(MODEL, D4)

    _, modelled = erasure.with_purged([ended], [], [begun])

    assert modelled == [begun, ended]
