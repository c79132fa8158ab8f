"""Any merge of any small bank can be taken back: the two sides are apart afterwards, and where only stewards tied them nothing ever was."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs.errors import OxpeckerError
from spark_jobs.identity.words import TAKE_BACK
from spark_jobs.whois import undoing
from spark_jobs.whois.book import Book
from tests.support.whois import LAST, Bank, Decided, Person, Tied

KEYS = [f"core:{n}" for n in range(5)]
AT = datetime(2026, 9, 30, 2)
day = st.integers(1, 20).map(lambda n: date(2026, 9, n))
pair = st.lists(st.sampled_from(KEYS), min_size=2, max_size=2, unique=True)
ties = st.lists(
    st.builds(lambda p, rule, since: Tied(*p, rule, "name+ birth? sex? id?", since), pair, st.sampled_from(["core_number", "name_phone"]), day),
    max_size=4, unique_by=lambda t: (frozenset((t.one, t.other)), t.rule),
)  # fmt: skip
merges = st.lists(st.tuples(pair, day), max_size=3)


def rows(words, made: str) -> list[dict]:
    """The ledger's rows of a decision of two people on the last day."""
    return [
        {"decision_id": f"{made}.{n}", "steward_decision_code": w.code, "party_ids": sorted(w.parties), "decision_subject": w.undoes,
         "decided_on_date": LAST, "decided_at": AT.replace(tzinfo=UTC)} for n, w in enumerate(words)
    ]  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(ties, merges)
def test_every_merge_that_still_stands_can_be_taken_back(told, said):
    decided = [Decided(f"d{n}", "merge", tuple(keys), on) for n, (keys, on) in enumerate(said)]
    people = [Person(key, f"王{n}") for n, key in enumerate(KEYS)]
    with tempfile.TemporaryDirectory() as folder:
        bank = Bank(Path(folder), people, told, decided)
        merged = [e for e in bank.line.events if e.kind == "merge"]
        for event in merged[-1:]:
            with Book(bank.settings) as book:
                before = {
                    m.party_id
                    for m in bank.line.memberships
                    if m.customer_id == event.customer_id and m.valid_from < event.day
                }
                [named] = [
                    e
                    for e in book.events([event.customer_id])
                    if e["kind_code"] == "merge" and e["other_customer_id"] == event.other_customer_id
                ]
                assert undoing.around(book, before).is_the_lakes
                try:
                    plan = undoing.undo(book, named["customer_event_id"], LAST, AT)
                except OxpeckerError as told_apart:
                    assert "together no more" in str(told_apart)
                    continue
            bank.run(rows(plan.words, "undo"))
            owner = {m.party_id: m.customer_id for m in bank.line.memberships if m.valid_to.year == 9999}
            assert not {owner[p] for p in event.moved} & {owner[p] for p in before}
            held = {c: {p for p, o in owner.items() if o == c} for c in owner.values()}
            assert {c: held[c] for c in plan.after} == dict(plan.after), (
                "what was said beforehand is what came"
            )
            if {w.code for w in plan.words} == {TAKE_BACK}:
                gone = {w.undoes for w in plan.words}
                never = Bank(
                    Path(folder) / "never", people, told, [d for d in decided if d.decision_id not in gone]
                )
                assert bank.line.memberships == never.line.memberships
