"""A bank that is judged day by day, each time only where something else is said, against the same bank judged whole, on random histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity import scope as scoping
from spark_jobs.identity.deciding import Case, Decided, Person, decided
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.memory import Memory
from spark_jobs.identity.modelled import Likeness, Spell
from spark_jobs.identity.outcome import Pair, Row
from spark_jobs.identity.scope import Scope, everything, remembered, scope
from spark_jobs.identity.timeline import OPEN
from spark_jobs.identity.together import Groups, Said, groups
from spark_jobs.identity.words import Decision

START = date(2026, 9, 1)
PARTIES = [f"p{n}" for n in range(9)]
BOTH = [(a, b) for a in PARTIES for b in PARTIES if a < b]
RULES = {
    "rules": {"strong": {"rank": 0, "confidence": 1.0}, "weak": {"rank": 1, "confidence": 0.9}},
    "founders": ["core", "ecif"], "limits": {"customer_parties": 3},
}  # fmt: skip


def day(n: int) -> date:
    return START + timedelta(days=n)


def new_id(*content: str) -> str:
    return "c:" + "|".join(content)


@dataclass(frozen=True)
class World:
    """What is said of a bank in one run."""

    persons: Mapping[str, Person] = field(default_factory=dict)
    told: Mapping[tuple[str, str, str], Pair] = field(default_factory=dict)
    alike: Mapping[tuple[str, str], Likeness] = field(default_factory=dict)
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    apart: frozenset[tuple[str, str]] = frozenset()
    decisions: tuple[Decision, ...] = ()
    asked: Mapping[str, date] = field(default_factory=dict)

    def case(self, among: frozenset[str]) -> Case:
        return Case(
            {p: each for p, each in self.persons.items() if p in among},
            [p for p in self.told.values() if p.party_id_a in among],
            [each for each in self.alike.values() if each.party_a in among],
            {p: marks for p, marks in self.marks.items() if p in among},
            apart=frozenset(pair for pair in self.apart if pair[0] in among),
            decisions=self.decisions, asked=self.asked,
        )  # fmt: skip

    def groups(self) -> Groups:
        parties = sorted(self.persons)
        place = {party: n for n, party in enumerate(parties)}

        def of(ends: Sequence[Sequence[str]], what: Sequence[object]) -> Said:
            return Said.of(place, ends, [pa.array([repr(each) for each in what], pa.string())])

        return groups(parties, [
            of([parties], [self.persons[p] for p in parties]),
            of([list(self.marks)], list(self.marks.values())),
            of([[p.party_id_a for p in self.told.values()], [p.party_id_b for p in self.told.values()]], list(self.told.values())),
            of([[a for a, _ in self.alike], [b for _, b in self.alike]], list(self.alike.values())),
            scoping.of_pairs(place, "apart", pa.table({"a": [a for a, _ in self.apart], "b": [b for _, b in self.apart]}, schema=pa.schema([("a", pa.string()), ("b", pa.string())]))),
            *scoping.of_decisions(place, self.decisions),
            *scoping.of_erasure(place, self.asked, {}, ()),
        ])  # fmt: skip


def carried(rows: Mapping[str, list[Row]], new: Scope) -> dict[str, list[Row]]:
    """As the job carries them: by the first party of a row, or by its customer."""
    party = {"identity.link_event": lambda r: r[2], "identity.review_item": lambda r: r[2][0], "identity.party_customer": lambda r: r[0]}  # fmt: skip
    customer = {"identity.customer": lambda r: r[0], "identity.customer_event": lambda r: r[2]}
    kept = {table: [r for r in rows[table] if of(r) not in new.gone_parties] for table, of in party.items()}
    return kept | {
        table: [r for r in rows[table] if of(r) not in new.gone_customers] for table, of in customer.items()
    }


persons = st.builds(
    lambda source, n, known: Person(source, day(n), known),
    st.sampled_from(["core", "ecif", "card"]), st.integers(0, 4), st.sampled_from([True, True, True, False]),
)  # fmt: skip
links = st.builds(
    lambda pair, rule, first, length, against, unsure: Pair(
        *pair, rule, day(first), OPEN if length is None else day(first + length), against, unsure, "core", "ecif", f"{rule} name+"
    ),
    st.sampled_from(BOTH), st.sampled_from(["strong", "weak"]), st.integers(0, 4), st.none() | st.integers(0, 3), st.booleans(), st.booleans(),
)  # fmt: skip
likenesses = st.builds(
    lambda pair, first, grey: Likeness(
        *pair, () if grey else (Spell(day(first), OPEN, 0.97),), day(first) if grey else None, 0.8, 7, "model"
    ),
    st.sampled_from(BOTH), st.integers(0, 4), st.booleans(),
)  # fmt: skip
marks = st.builds(
    lambda kind, value, since: Mark(kind, value, day(since)),
    st.sampled_from(["resident", "sex", "birth", "name"]), st.sampled_from("xy"), st.integers(0, 5),
)  # fmt: skip


@st.composite
def decisions(draw) -> tuple[Decision, ...]:
    made = []
    for n in range(draw(st.integers(0, 4))):
        code = draw(st.sampled_from(["merge", "keep_apart", "split", "take_back"]))
        undoes = f"d{draw(st.integers(0, max(n - 1, 0)))}" if code == "take_back" else None
        parties = () if code == "take_back" else tuple(draw(st.sampled_from(BOTH)))
        on = day(draw(st.integers(0, 6)))
        made.append(Decision(f"d{n}", code, parties, undoes, on, datetime(2026, 9, 1, 9) + timedelta(hours=n)))  # fmt: skip
    return tuple(made)


@st.composite
def worlds(draw) -> list[World]:
    """A bank in four runs. From each to the next some of what is said is said otherwise, comes, or goes; a merge and its undoing among it."""
    said = World()
    made = []
    for run in range(4):
        some = st.sampled_from([True, False, False]) if run else st.just(True)
        people = {p: draw(persons) for p in PARTIES if draw(st.integers(0, 5))}
        if run:
            people = {p: people[p] for p in people if draw(some)} | {p: who for p, who in said.persons.items() if draw(st.integers(0, 9))}  # fmt: skip
        told = {(p.party_id_a, p.party_id_b, p.rule_code): p for p in draw(st.lists(links, max_size=6 if not run else 2))}  # fmt: skip
        alike = {(e.party_a, e.party_b): e for e in draw(st.lists(likenesses, max_size=4 if not run else 1))}
        known = {p: tuple(draw(st.lists(marks, max_size=2))) for p in PARTIES if draw(some)}
        told = {k: p for k, p in (dict(said.told) | told).items() if run == 0 or draw(st.integers(0, 7))}
        alike = {k: p for k, p in (dict(said.alike) | alike).items() if run == 0 or draw(st.integers(0, 7))}
        there = set(people)
        said = World(
            people,
            {k: p for k, p in told.items() if {p.party_id_a, p.party_id_b} <= there},
            {k: e for k, e in alike.items() if {e.party_a, e.party_b} <= there},
            dict(said.marks) | known,
            said.apart if draw(st.booleans()) else frozenset(draw(st.lists(st.sampled_from(BOTH), max_size=1))),
            said.decisions if run and draw(st.booleans()) else draw(decisions()),
            said.asked if run and draw(st.booleans()) else {draw(st.sampled_from(PARTIES)): day(5)} if draw(st.integers(0, 3)) == 0 else {},
        )  # fmt: skip
        said = replace(said, marks={p: known for p, known in said.marks.items() if p in there})
        made.append(said)
    return made


def whole(world: World) -> Decided:
    return decided(world.case(frozenset(world.persons)), RULES, new_id)


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_what_was_not_said_otherwise_need_not_be_judged_again(history):
    before: Memory | None = None
    rows: dict[str, list[Row]] = {}
    for world in history:
        now = world.groups()
        new = scope(now, before) if before else everything(now)
        made = decided(world.case(new.parties), RULES, new_id)
        kept = carried(rows, new) if before else {}
        rows = {table: [*kept.get(table, []), *found] for table, found in made.rows.items()}
        before = remembered(new, before, now, made.islands)
        anew = whole(world)
        for table, found in anew.rows.items():
            assert Counter(map(repr, rows[table])) == Counter(map(repr, found)), table
        assert set(before.customers) >= {row[0] for row in anew.rows["identity.customer"]}


def test_of_two_families_only_the_one_of_which_something_is_said_is_judged():
    people = {p: Person("core", START) for p in ("p0", "p1", "p2", "p3")}
    tie = Pair("p0", "p1", "strong", START, OPEN, False, False, "core", "core", "strong name+")
    other = replace(tie, party_id_a="p2", party_id_b="p3")
    one = World(people, {("p0", "p1", "strong"): tie, ("p2", "p3", "strong"): other})
    first = one.groups()
    before = remembered(everything(first), None, first, whole(one).islands)
    assert scope(one.groups(), before).is_nothing

    said = Decision("d0", "keep_apart", ("p2", "p3"), None, day(3), datetime(2026, 9, 4, 9))
    new = scope(replace(one, decisions=(said,)).groups(), before)
    assert new.parties == {"p2", "p3"}
    assert (new.judged, new.groups) == (1, 2)
    assert len(new.gone_customers) == 1


def test_two_groups_that_a_relation_brings_together_are_both_judged():
    """Nothing ties them; but whoever keeps two apart may decide what becomes of a third."""
    people = {p: Person("core", START) for p in ("p0", "p1", "p2")}
    one = World(people)
    first = one.groups()
    before = remembered(everything(first), None, first, whole(one).islands)
    new = scope(replace(one, apart=frozenset([("p0", "p2")])).groups(), before)
    assert new.parties == {"p0", "p2"}


def test_a_record_that_is_no_more_takes_its_rows_along():
    people = {p: Person("core", START) for p in ("p0", "p1")}
    one = World(people)
    first, made = one.groups(), whole(one)
    before = remembered(everything(first), None, first, made.islands)
    new = scope(World({"p0": people["p0"]}).groups(), before)
    assert new.parties == frozenset()
    assert new.gone_parties == {"p1"}
    assert {row[0] for row in carried(made.rows, new)["identity.party_customer"]} == {"p0"}
    assert len(carried(made.rows, new)["identity.customer"]) == 1


def test_after_a_day_on_which_all_were_judged_nothing_is_remembered_of_who_is_no_more():
    people = {p: Person("core", START) for p in ("p0", "p1")}
    one = World(people)
    first = one.groups()
    before = remembered(everything(first), None, first, whole(one).islands)
    left = World({"p0": people["p0"]})
    after = remembered(everything(left.groups(), before), before, left.groups(), whole(left).islands)
    assert len(before.customers) == 2
    assert list(after.customers) == [row[0] for row in whole(left).rows["identity.customer"]]
