"""A wrong merge is taken back: what is said of it before, what is written, and what the next run makes of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from spark_jobs.bronze import steward_log
from spark_jobs.cli import app
from spark_jobs.errors import OxpeckerError
from spark_jobs.jobs.decisions import rows_of_desk
from spark_jobs.steward import decide, persons
from spark_jobs.steward.queue import Desk
from spark_jobs.whois import undoing
from spark_jobs.whois.book import Book
from tests.support.whois import LAST, Bank, Decided, Person, Tied, later
from tests.unit.whois.conftest import ALL, AUM, MERGE, TIES

AT = datetime(2026, 9, 30, 2)
COLUMNS = [
    "decision_id",
    "subject_kind_code",
    "decision_subject",
    "party_ids",
    "steward_decision_code",
    "first_staff_id",
    "second_staff_id",
    "decision_reason_code",
    "decided_at",
    "decided_on_date",
    "decision_state_code",
    "reason_code",
]


def planned(bank: Bank, subject: str, day: date = LAST):
    with Book(bank.settings) as book:
        return undoing.undo(book, subject, day, AT)


def agreed(bank: Bank, told, code: str = persons.UNDO) -> list[dict]:
    """The rows of the ledger once two people said so."""
    desk = Desk(bank.settings)
    with Book(bank.settings) as book:
        made = persons.propose(desk, book, told, code, "asked the branch", "li", AT)
    assert made.state == steward_log.PROPOSED
    assert not steward_log.in_force(steward_log.read(bank.settings.steward_log)), (
        "one person alone changes nothing"
    )
    decide.agree(desk, made.decision_id, "zhou", AT)
    [entered] = steward_log.in_force(steward_log.read(bank.settings.steward_log))
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of_desk(entered, bank.settings.zone)]
    return [row | {"decided_at": row["decided_at"].replace(tzinfo=UTC)} for row in rows]


def event_of(bank: Bank, key: str, kind: str = "merge") -> str:
    with Book(bank.settings) as book:
        return next(
            e["customer_event_id"] for e in book.events([bank.customer(key)]) if e["kind_code"] == kind
        )


def keyed(bank: Bank, owners) -> set[frozenset[str]]:
    by_party = {bank.party(p.key): p.key for p in bank.people}
    return {frozenset(by_party[p] for p in held) for held in owners.values()}


def test_a_stewards_merge_is_taken_back_by_its_decision_and_everybody_is_as_if_it_had_never_been(
    bank, tmp_path
):
    never = Bank(tmp_path / "never", ALL, TIES, [], AUM)
    told = planned(bank, "d-zhou")

    assert [(w.code, w.undoes) for w in told.words] == [("take_back", "d-zhou")]
    assert told.since == date(2026, 9, 10) and told.is_exact
    bank.run(agreed(bank, told))

    assert [(m.party_id, m.customer_id, m.valid_from) for m in bank.line.memberships] == [
        (m.party_id, m.customer_id, m.valid_from) for m in never.line.memberships
    ]
    assert keyed(bank, told.after) == {frozenset({"core:1004"}), frozenset({"loan:6001"})}
    assert {e.kind for e in bank.line.events if e.day == LAST} == {"split"}


def test_the_customer_and_the_event_name_the_same_merge_as_the_decision(bank):
    retired = bank.customer("loan:6001", date(2026, 9, 5))

    for subject in (
        bank.customer("core:1004"),
        retired,
        event_of(bank, "core:1004"),
        event_of(bank, "core:1004", "retire"),
    ):
        told = planned(bank, subject)
        assert [(w.code, w.undoes) for w in told.words] == [("take_back", "d-zhou")], subject


def test_what_rules_tied_is_parted_from_the_day_on_and_each_record_stays_with_its_own_side(bank):
    told = planned(bank, event_of(bank, "core:1005"))

    assert [(w.code, {*w.parties}) for w in told.words] == [
        ("split", {bank.party("core:1005"), bank.party("wealth:3002")})
    ]
    assert told.since == LAST
    bank.run(agreed(bank, told))

    parted = {frozenset({"core:1005"}), frozenset({"wealth:3002", "card:7001"})}
    assert parted <= bank.owners() and parted == keyed(bank, told.after)
    assert frozenset({"core:1005", "wealth:3002", "card:7001"}) in bank.owners(date(2026, 9, 29)), (
        "the past stays"
    )
    assert dict(told.after) == {
        bank.customer("core:1005"): {bank.party("core:1005")},
        bank.customer("wealth:3002"): {bank.party("wealth:3002"), bank.party("card:7001")},
    }


def test_a_third_record_goes_with_the_side_its_strongest_evidence_ties_it_to_whenever_it_came(tmp_path):
    for day in (20, 30):
        bridge = later(Person("ecif:2002", "李红", "1975-08-08"), day)
        ties = [
            Tied("core:1005", "ecif:2002", "core_number", "name+ birth+ sex? id?", since=bridge.since),
            Tied("wealth:3002", "ecif:2002", "name_phone", "name+ birth+ sex? id?", since=bridge.since),
        ]
        before = Bank(
            tmp_path / f"{day}",
            [*ALL, bridge] if day == 20 else ALL,
            [*TIES, *ties] if day == 20 else TIES,
            [MERGE],
            AUM,
        )
        before.run(agreed(before, planned(before, event_of(before, "core:1005"), date(2026, 9, 29))))
        before.people, before.ties = [*ALL, bridge], [*TIES, *ties]
        before.run([])

        assert {
            frozenset({"core:1005", "ecif:2002"}),
            frozenset({"wealth:3002", "card:7001"}),
        } <= before.owners(), day


def test_stewards_and_rules_who_tied_the_same_two_are_both_answered(tmp_path):
    also = Decided("d-li", "merge", ("core:1005", "card:7001"), date(2026, 9, 14))
    bank = Bank(tmp_path, ALL, TIES, [MERGE, also], AUM)

    told = planned(bank, event_of(bank, "core:1005"))

    assert sorted(w.code for w in told.words) == ["split", "take_back"]
    bank.run(agreed(bank, told))
    assert frozenset({"core:1005"}) in bank.owners()


def test_undoing_the_undoing_brings_the_merge_back(bank):
    bank.run(agreed(bank, planned(bank, "d-zhou", date(2026, 9, 20))))
    assert bank.customer("core:1004") != bank.customer("loan:6001")
    undone = bank.extra[0]["decision_id"]

    with Book(bank.settings) as book:
        again = undoing.undo(book, undone, LAST, datetime(2026, 9, 30, 3))

    assert frozenset({bank.party("core:1004"), bank.party("loan:6001")}) in {*again.after.values()}


def test_what_was_taken_back_before_or_is_no_merge_cannot_be_undone(bank):
    with pytest.raises(OxpeckerError, match="never merged"):
        planned(bank, bank.customer("core:1002"))
    with pytest.raises(OxpeckerError, match="is a create"):
        planned(bank, event_of(bank, "core:1002", "create"))
    with pytest.raises(OxpeckerError, match="cannot count from 2026-09-05"):
        planned(bank, "d-zhou", date(2026, 9, 5))
    merged = event_of(bank, "core:1004")
    bank.run(agreed(bank, planned(bank, "d-zhou")))
    with pytest.raises(OxpeckerError, match="taken back before"):
        planned(bank, "d-zhou")
    with pytest.raises(OxpeckerError, match="together no more"):
        planned(bank, merged)


def test_a_reason_that_names_the_customer_is_refused_and_nothing_is_written(bank):
    told, desk = planned(bank, "d-zhou"), Desk(bank.settings)
    with Book(bank.settings) as book, pytest.raises(OxpeckerError, match="repeats `name`"):
        persons.propose(desk, book, told, persons.UNDO, "周平 called", "li", AT)

    assert not bank.settings.steward_log.exists()


def test_the_command_looks_then_proposes_and_another_person_agrees(bank, monkeypatch):
    for module in ("spark_jobs.commands.identity", "spark_jobs.steward.options"):
        monkeypatch.setattr(f"{module}.load_settings", lambda *_: bank.settings)
    run = lambda *words: CliRunner().invoke(app, [*words])  # noqa: E731
    asked = ("identity", "undo", "d-zhou", "--reason", "two men", "--actor", "li", "--from", "2026-09-30")

    told = json.loads(run(*asked, "--look", "--json").output)
    assert (told["since"], told["decision"]) == ("2026-09-10", None)
    looked = run(*asked, "--look")
    assert "2 customers change, and are believed otherwise since 2026-09-10" in looked.output
    assert not bank.settings.steward_log.exists()
    assert "waits for a second person" in run(*asked).output
    [waiting] = steward_log.read(bank.settings.steward_log)
    assert isinstance(
        run("steward", "approve", waiting.decision_id, "--actor", "LI").exception, OxpeckerError
    )
    assert "is in force" in run("steward", "approve", waiting.decision_id, "--actor", "zhou").output
    assert bank.party("core:1004") not in bank.settings.steward_log.read_text(), (
        "a decision that is taken back is named, nobody else"
    )


def test_a_grey_pair_is_decided_from_the_queue(bank):
    with Book(bank.settings) as book:
        [item] = [
            r["review_item_id"]
            for r in book.reviews([bank.party("core:1002"), bank.party("cmpl:5001")])
            if {*r["party_ids"]} == {bank.party("core:1002"), bank.party("cmpl:5001")}
        ]
        told = persons.of_item(book, item[:8], "merge", LAST, AT)
    bank.run(agreed(bank, told, "merge"))

    assert frozenset({"core:1002", "cmpl:5001"}) in bank.owners()
    assert keyed(bank, told.after) >= {frozenset({"core:1002", "cmpl:5001"})}
