"""Why two records are one person and why they are not, read from a lake without a JVM."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from spark_jobs.cli import app
from spark_jobs.errors import OxpeckerError
from spark_jobs.whois import pair, person, show
from spark_jobs.whois.book import Book
from spark_jobs.whois.island import around
from tests.support.whois import LAST, Bank, Person, Tied, resident
from tests.unit.whois.conftest import ALL


@pytest.fixture
def book(bank):
    with Book(bank.settings) as opened:
        yield opened


def told(book, one: str, other: str, day: date = LAST) -> pair.PairTold:
    return pair.explain(book, one, other, day)


def shown(tree) -> str:
    screen = StringIO()
    Console(width=400, file=screen).print(tree)
    return screen.getvalue()


def states(found: pair.PairTold) -> dict[str, str]:
    return {v.rule: v.state for v in found.compared[0].verdicts}


def test_the_fold_of_this_process_gives_what_the_lake_holds_to_the_day(book, bank):
    for each in ALL:
        assert around(book, [bank.party(each.key)]).is_the_lakes, each.key


def test_two_records_are_one_person_by_the_chain_whose_weakest_rule_is_the_strongest(book, bank):
    found = told(book, "ecif:2001", "call:4001")

    assert (found.is_one, found.since) == (True, date(2026, 9, 8))
    assert [(t.party_a, t.party_b, t.reason) for t in found.chain] == [
        (bank.party("ecif:2001"), bank.party("core:1001"), "claimed_core_number"),
        (bank.party("core:1001"), bank.party("wealth:3001"), "name_phone"),
        (bank.party("wealth:3001"), bank.party("call:4001"), "name_phone"),
    ]
    assert {t.model for t in found.chain} == {"rules-2"}


def test_before_the_evidence_came_they_were_two_people_and_nothing_speaks_of_it_yet(book):
    found = told(book, "ecif:2001", "core:1001", date(2026, 9, 2))
    assert found.is_one and found.since == date(2026, 9, 1)

    with pytest.raises(OxpeckerError, match="not known on 2026-09-02"):
        told(book, "ecif:2001", "wealth:3001", date(2026, 9, 2))


def test_two_certificates_keep_two_namesakes_of_one_phone_apart_and_the_rule_says_it_was_refused(book):
    found = told(book, "core:1002", "core:1003")

    assert (found.is_one, found.since) == (False, None)
    assert [g.kind for g in found.guards] == ["certificates"]
    assert states(found)["name_birth_phone"] == "refused"
    assert states(found)["same_resident_id"] == "no_key"
    assert [r["kind_code"] for r in found.reviews] == ["contradiction"]


def test_a_record_that_fits_two_people_is_in_doubt_from_its_first_day(book):
    found = told(book, "core:1002", "cmpl:5001")

    assert not found.is_one
    assert states(found)["name_phone"] == "doubted"
    assert found.guards == ()
    assert "the record fits two people" in shown(show.pair(found, book.rules["rules"]))


def test_a_number_of_a_whole_floor_ties_nobody_and_is_named_as_the_reason(book):
    found = told(book, "core:1100", "core:1101")

    assert states(found)["name_phone"] == states(found)["name_birth_phone"] == "hub"
    text = shown(show.pair(found, book.rules["rules"]))
    assert "too many names use it" in text and "used by 14 records" in text


def test_a_stewards_word_is_a_step_of_the_chain_with_its_decision(book):
    found = told(book, "core:1004", "loan:6001")

    assert (found.is_one, found.since) == (True, date(2026, 9, 10))
    assert [(t.reason, t.evidence) for t in found.chain] == [("steward", "decision d-zhou")]
    assert [(s.decision_id, s.state, s.by) for s in found.said] == [("d-zhou", "stands", ("H1", "H2"))]


def test_customers_are_explained_by_the_records_between_them(book, bank):
    found = told(book, bank.customer("core:1002"), bank.customer("core:1003"))

    assert not found.is_one
    assert [(c.party_a, c.party_b) for c in found.compared] == [
        tuple(sorted((bank.party("core:1002"), bank.party("core:1003"))))
    ]


def test_a_customer_is_told_with_records_ties_and_life(book, bank):
    found = person.explain(book, "core:1004", LAST)

    assert {r.party_id for r in found.records} == {bank.party("core:1004"), bank.party("loan:6001")}
    assert {r.tie for r in found.records} == {"steward"}
    assert [(e["kind_code"], str(e["business_date"])) for e in found.events] == [
        ("create", "2026-09-01"), ("merge", "2026-09-10"), ("retire", "2026-09-10")
    ]  # fmt: skip


def test_a_retired_id_leads_to_its_survivor_in_one_hop(book, bank):
    retired = bank.customer("loan:6001", date(2026, 9, 5))
    found = person.explain(book, retired, LAST)

    assert (found.came_as, found.customer_id) == (retired, bank.customer("core:1004"))
    before = person.explain(book, retired, date(2026, 9, 5))
    assert (before.came_as, before.customer_id) == (None, retired)


def test_no_name_number_or_phone_comes_out_in_any_form(book, bank):
    for one, other in (("core:1001", "wealth:3001"), ("core:1002", "core:1003"), ("core:1100", "core:1101")):
        found = told(book, one, other)
        text = shown(show.pair(found, book.rules["rules"])) + json.dumps(
            show.plain(found), ensure_ascii=False
        )
        for p in ALL:
            for value in (p.name, p.certificate, p.phone, p.key, p.birth):
                assert value is None or value not in text


def test_the_command_tells_both_and_refuses_a_day_the_release_does_not_know(bank, monkeypatch):
    monkeypatch.setattr("spark_jobs.commands.identity.load_settings", lambda *_: bank.settings)
    run = CliRunner().invoke

    one = run(app, ["identity", "explain", bank.party("core:1001")[:10], "ecif:2001"])
    assert one.exit_code == 0 and "one person on 2026-09-30, since 2026-09-01" in one.output
    customer = run(app, ["identity", "explain", "customer", "core:1001", "--json"])
    assert json.loads(customer.output)["customer_id"] == bank.customer("core:1001")
    late = run(app, ["identity", "explain", "core:1001", "ecif:2001", "--business-date", "2026-10-01"])
    assert isinstance(late.exception, OxpeckerError) and "nothing after 2026-09-30" in str(late.exception)
    strange = run(app, ["identity", "explain", "core:9999", "ecif:2001"])
    assert "9999" not in str(strange.exception)


def test_a_tie_of_the_model_may_end_and_begin_again_and_is_told_as_what_it_is(tmp_path):
    """Between the two ties the records came to differ; what folds the lake again must see both."""
    looks = "name equal, 1 of 6 from rare to common; phone equal, 1 of 6 from rare to common"
    bank = Bank(
        tmp_path,
        [Person("loan:1", "司马若云"), Person("wealth:2", "司马若云")],
        [
            Tied("loan:1", "wealth:2", "model", looks, date(2026, 9, 3), date(2026, 9, 9)),
            Tied("loan:1", "wealth:2", "model", looks, date(2026, 9, 15)),
        ],
    )
    with Book(bank.settings) as book:
        assert around(book, [bank.party("loan:1")]).is_the_lakes
        now, between = (told(book, "loan:1", "wealth:2", day) for day in (LAST, date(2026, 9, 12)))
        text = shown(show.pair(now, book.rules["rules"]))
    assert (now.is_one, between.is_one) == (True, False)
    assert [t.reason for t in now.chain] == ["model"]
    assert "name equal, 1 of 6 from rare to common" in text
    assert "司马" not in text


@pytest.mark.parametrize(("first", "second", "owner"), [(0.96, 0.99, "core:2"), (0.99, 0.96, "core:1")])
def test_of_two_ties_of_the_model_the_likelier_holds_and_the_lake_folds_again_alike(
    tmp_path, first, second, owner
):
    """A call fits two people who show certificates of their own; whose it is, probability says and not an id."""
    looks = "name equal, 1 of 6 from rare to common; phone equal, 1 of 6 from rare to common"
    bank = Bank(
        tmp_path,
        [
            Person("core:1", "司马若云", certificate=resident("33980119800305002")),
            Person("core:2", "司马若云", certificate=resident("33980119910709002")),
            Person("call:3", "司马若云"),
        ],
        [
            Tied("core:1", "call:3", "model", looks, probability=first),
            Tied("core:2", "call:3", "model", looks, probability=second),
        ],
    )
    assert bank.customer("call:3") == bank.customer(owner)
    with Book(bank.settings) as book:
        assert around(book, [bank.party("call:3")]).is_the_lakes
