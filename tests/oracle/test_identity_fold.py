"""The fold of dated evidence into customers, against what must always hold, on random input."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.identity.fold import close, fold
from spark_jobs.identity.guards import Mark, traits_on, two_people
from spark_jobs.identity.timeline import OPEN, Edge
from spark_jobs.identity.words import Decision, epochs, in_order

START = date(2026, 9, 1)
PARTIES = [f"p{n}" for n in range(8)]


def day(n: int) -> date:
    return START + timedelta(days=n)


def new_id(*content: str) -> str:
    return "c:" + "|".join(content)


edges = st.lists(
    st.builds(
        lambda pair, rank, first, length: Edge(
            rank, min(pair), max(pair), "r", day(first), OPEN if length is None else day(first + length)
        ),
        st.sampled_from([(a, b) for a in PARTIES for b in PARTIES if a < b]),
        st.integers(0, 2),
        st.integers(0, 5),
        st.none() | st.integers(1, 4),
    ),
    max_size=12,
)
seen = st.fixed_dictionaries({p: st.integers(0, 5).map(day) for p in PARTIES})
marks = st.fixed_dictionaries(
    {
        p: st.lists(
            st.builds(
                lambda kind, value, since: Mark(kind, value, day(since)),
                st.sampled_from(["resident", "sex", "birth", "name"]), st.sampled_from("xy"), st.integers(0, 5),
            ),
            max_size=3,
        )
        for p in PARTIES
    }
)  # fmt: skip
pairs_apart = st.frozensets(st.sampled_from([(a, b) for a in PARTIES for b in PARTIES if a < b]), max_size=3)


def on(line, when: date) -> dict[str, str]:
    return {m.party_id: m.customer_id for m in line.memberships if m.valid_from <= when < m.valid_to}


@given(seen, edges, marks, pairs_apart)
def test_two_people_never_share_a_customer(first_seen, given_edges, known, apart):
    line = fold(first_seen, given_edges, known, new_id, apart)

    for n in range(12):
        held: dict[str, list[str]] = {}
        for party, customer in on(line, day(n)).items():
            held.setdefault(customer, []).append(party)
        for parties in held.values():
            for p, q in combinations(sorted(parties), 2):
                assert not two_people(traits_on(known[p], day(n)), traits_on(known[q], day(n)))
                assert (p, q) not in apart


@given(seen, edges, marks)
def test_each_party_has_exactly_one_customer_from_the_day_it_was_seen(first_seen, given_edges, exclusive):
    line = fold(first_seen, given_edges, exclusive, new_id)

    for n in range(12):
        assert set(on(line, day(n))) == {p for p, first in first_seen.items() if first <= day(n)}


@given(seen, edges, marks, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(first_seen, given_edges, exclusive, random):
    shuffled = list(given_edges)
    random.shuffle(shuffled)

    one, other = (fold(first_seen, e, exclusive, new_id) for e in (given_edges, shuffled))

    assert (one.memberships, one.events, one.retired) == (other.memberships, other.events, other.retired)


@given(seen, edges, marks)
def test_a_range_at_once_equals_the_same_days_one_by_one(first_seen, given_edges, exclusive):
    """Knowing only what had happened up to a day gives the same customers for that day."""
    whole = fold(first_seen, given_edges, exclusive, new_id)

    for n in range(8):
        so_far = {p: first for p, first in first_seen.items() if first <= day(n)}
        known = [e for e in given_edges if e.valid_from <= day(n)]
        assert on(fold(so_far, known, exclusive, new_id), day(n)) == on(whole, day(n))


@given(seen, edges, marks)
def test_a_retired_id_leads_to_a_living_one_in_one_hop_or_to_nobody_twice(first_seen, given_edges, exclusive):
    line = fold(first_seen, given_edges, exclusive, new_id)
    alive = set(on(line, day(400)).values())

    assert not set(line.retired) & alive
    assert all(survivor in alive or survivor not in line.retired for survivor in line.retired.values())


def slow(parties: list[str], given_edges: list[Edge], known, apart, when: date) -> set[frozenset[str]]:
    """The obvious version: lists of lists, one edge after the other, every pair of the two sides asked."""
    groups = [[p] for p in parties]
    for edge in sorted(given_edges):
        one = next((g for g in groups if edge.party_a in g), None)
        other = next((g for g in groups if edge.party_b in g), None)
        if one is None or other is None or one is other:
            continue
        at_odds = any(
            two_people(traits_on(known[p], when), traits_on(known[q], when))
            or (min(p, q), max(p, q)) in apart
            for p in one
            for q in other
        )
        if not at_odds:
            groups = [g for g in groups if g is not one and g is not other] + [one + other]
    return {frozenset(g) for g in groups}


@given(seen, edges, marks, pairs_apart)
def test_customers_of_every_day_are_those_of_the_slow_version(first_seen, given_edges, known, apart):
    """Folding islands apart, and only on the days on which something changes, leaves nothing out."""
    line = fold(first_seen, given_edges, known, new_id, apart)

    for n in range(12):
        present = [p for p in PARTIES if first_seen[p] <= day(n)]
        active = [e for e in given_edges if e.valid_from <= day(n) < e.valid_to]
        found: dict[str, set[str]] = {}
        for party, customer in on(line, day(n)).items():
            found.setdefault(customer, set()).add(party)
        assert {frozenset(g) for g in found.values()} == slow(present, active, known, apart, day(n))


@given(seen, edges, marks)
def test_every_retired_id_left_by_an_event_and_was_once_created(first_seen, given_edges, known):
    line = fold(first_seen, given_edges, known, new_id)
    retired = {e.customer_id for e in line.events if e.kind == "retire"}

    assert set(line.retired) <= retired
    assert {m.customer_id for m in line.memberships} == set(line.created)


@given(seen, edges, marks)
def test_components_without_guards_are_plain_connected_components(first_seen, given_edges, exclusive):
    """The slow obvious version: spread labels until nothing changes."""
    label = {p: p for p in PARTIES}
    changed = True
    while changed:
        changed = False
        for edge in given_edges:
            low = min(label[edge.party_a], label[edge.party_b])
            for party in (edge.party_a, edge.party_b):
                if label[party] != low:
                    label[party], changed = low, True
    expected = {frozenset(p for p in PARTIES if label[p] == value) for value in label.values()}

    groups, refused = close(PARTIES, given_edges, {}, frozenset())

    assert set(groups) == expected
    assert refused == []


CODES = st.sampled_from(["merge", "keep_apart", "split", "take_back"])


@st.composite
def decided(draw):
    """Up to six decisions; those that take back name any of the others."""
    made = []
    for n in range(draw(st.integers(0, 6))):
        pair = draw(st.sampled_from([(a, b) for a in PARTIES for b in PARTIES if a < b]))
        undoes = f"d{draw(st.integers(0, 5))}"
        when = day(draw(st.integers(0, 6)))
        made.append(Decision(f"d{n}", draw(CODES), pair, undoes, when, datetime(2026, 9, when.day, n)))
    return made


def standing(decisions: list[Decision]) -> list[Decision]:
    """The obvious version of what was never taken back."""
    ordered = in_order(decisions)
    gone: set[str] = set()
    for n in range(len(ordered) - 1, -1, -1):
        d = ordered[n]
        if d.code == "take_back" and d.decision_id not in gone:
            gone |= {o.decision_id for o in ordered[:n] if o.decision_id == d.undoes}
    left = [d for d in ordered if d.decision_id not in gone]
    for n, d in enumerate(left):
        if d.code == "split":
            gone |= {m.decision_id for m in left[:n] if m.code == "merge" and m.parties == d.parties}
    return [d for d in left if d.decision_id not in gone and d.code != "take_back"]


@given(seen, edges, marks, decided())
def test_what_is_taken_back_never_was(first_seen, given_edges, known, decisions):
    """Memberships are those of a bank in which only the decisions that stand were ever made; a split that stands keeps apart."""
    kept = [
        replace(d, code="keep_apart") if d.code == "split" else d for d in standing(decisions)
    ]  # fmt: skip

    line = fold(first_seen, given_edges, known, new_id, said=epochs(decisions))
    plain = fold(first_seen, given_edges, known, new_id, said=epochs(kept))

    assert line.memberships == plain.memberships
    assert line.refused == plain.refused
    assert {c: line.created[c] for c in plain.created} == plain.created


@given(seen, edges, marks, decided())
def test_whoever_follows_the_events_arrives_at_todays_customers(first_seen, given_edges, known, decisions):
    line = fold(first_seen, given_edges, known, new_id, said=epochs(decisions))

    owner: dict[str, str] = {}
    for when in sorted({e.day for e in line.events}):
        moves = {}
        for e in (e for e in line.events if e.day == when):
            receiver = e.other_customer_id if e.kind == "split" else e.customer_id
            moves.update(dict.fromkeys(e.moved, receiver))
        owner |= moves
    alive = set(on(line, day(400)).values())

    assert owner == on(line, day(400))
    assert set(line.created) == alive | set(line.retired)
    assert set(line.retired.values()) <= alive


@given(seen, edges, marks, decided())
def test_a_later_run_tells_the_same_events_of_earlier_days(first_seen, given_edges, known, decisions):
    """CRM was told of a merge on its day; that it was taken back later does not change what was told."""
    whole = fold(first_seen, given_edges, known, new_id, said=epochs(decisions))

    for n in range(8):
        so_far = {p: first for p, first in first_seen.items() if first <= day(n)}
        evidence = [e for e in given_edges if e.valid_from <= day(n)]
        words = epochs(d for d in decisions if d.day <= day(n))
        early = fold(so_far, evidence, known, new_id, said=words)
        assert [e for e in early.events if e.day <= day(n)] == [e for e in whole.events if e.day <= day(n)]


@given(
    seen,
    edges,
    marks,
    pairs_apart,
    st.permutations(range(12)),
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
)
def test_the_likelier_of_one_rank_is_taken_first_in_whatever_order_evidence_comes(
    first_seen, given_edges, known, apart, order, doubts
):
    """What is refused would have brought together, with all that is stronger, those whom a guard keeps apart."""
    told = [replace(edge, doubt=doubt / 100) for edge, doubt in zip(given_edges, doubts, strict=False)]
    shuffled = [told[n] for n in order if n < len(told)]
    groups, refused = close(first_seen, told, known, apart)
    assert {frozenset(g) for g in groups} == {
        frozenset(g) for g in close(first_seen, shuffled, known, apart)[0]
    }
    for edge in refused:
        stronger = [
            e
            for e in told
            if (e.rank, e.doubt, e.party_a, e.party_b) < (edge.rank, edge.doubt, edge.party_a, edge.party_b)
        ]
        before, _ = close(first_seen, stronger, known, apart)
        one, other = (next(g for g in before if p in g) for p in (edge.party_a, edge.party_b))
        assert one == other or any(
            two_people(traits_on(known[x], OPEN), traits_on(known[y], OPEN)) or (min(x, y), max(x, y)) in apart for x in one for y in other
        )  # fmt: skip
