"""What stewards look at first, and how far they and the rules agree."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from typer.testing import CliRunner

from spark_jobs.cli import app
from spark_jobs.whois.agreement import agreement
from spark_jobs.whois.book import Book
from spark_jobs.whois.review import by_rule, queue, review
from tests.support.whois import Bank, Decided
from tests.unit.whois.conftest import ALL, AUM, MERGE, TIES


def test_kappa_is_what_is_left_of_agreement_once_chance_is_taken_off():
    """Two readers of 50 applications: both yes 20, only the first 5, only the second 10, both no 15. 0.7 agree, 0.5 by chance: 0.4."""
    told = agreement([(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15)

    assert (told.cases, told.agreed, told.is_few) == (50, 35, False)
    assert abs(told.kappa - 0.4) < 1e-12


def test_judges_who_always_say_the_same_agree_by_chance_alone_and_few_cases_are_called_few():
    told = agreement([(True, True)] * 3)
    assert (told.share, told.kappa, told.is_few) == (1.0, None, True)
    assert agreement([]).share is None


def test_items_come_by_harm_times_money_and_who_keeps_little_still_counts(bank):
    with Book(bank.settings) as book:
        found = queue(book)

    keys = {bank.party(p.key): p.key for p in bank.people}
    told = [(w.kind, {keys[p] for p in w.parties}, w.aum_cny, w.priority) for w in found]
    assert told == [
        # A contradiction weighs 2, a grey pair 1; 20.00 counts as 1000.
        ("contradiction", {"core:1002", "core:1003"}, Decimal("900020.00"), Decimal("1800040.00")),
        ("grey_pair", {"core:1002", "cmpl:5001"}, Decimal("900000.00"), Decimal("900000.00")),
        ("grey_pair", {"core:1003", "cmpl:5001"}, Decimal("20.00"), Decimal("1000")),
    ]
    assert [w.age_days for w in found] == [29, 20, 20]


def test_decisions_are_held_against_what_the_rules_alone_would_say(tmp_path):
    decided = [
        MERGE,  # no rule ties the two: the rules say two
        Decided(
            "d-apart", "keep_apart", ("core:1002", "cmpl:5001"), date(2026, 9, 11)
        ),  # a grey pair: the rules say two, too
        Decided(
            "d-split", "split", ("core:1005", "wealth:3002"), date(2026, 9, 14)
        ),  # a rule tied them: it says one
        Decided("d-again", "merge", ("core:1005", "wealth:3002"), date(2026, 9, 15), staff=("H3", "H1")),
    ]
    bank = Bank(tmp_path, ALL, TIES, decided, AUM)
    with Book(bank.settings) as book:
        standings, overall = by_rule(book)
        told = review(book, 10)

    assert {(s.kind, s.rule): (s.told.cases, s.told.agreed) for s in standings} == {
        ("no item", "no rule"): (1, 0),
        ("grey_pair", "name_phone"): (1, 1),
        ("no item", "same_document"): (2, 1),
    }
    assert (overall.cases, overall.agreed) == (4, 2)
    assert (told.again.cases, told.again.agreed) == (1, 0), "H1 said two, H3 said one"
    assert told.open_items == 2


def test_the_command_lists_tells_and_is_readable_by_machines(bank, monkeypatch):
    monkeypatch.setattr("spark_jobs.commands.identity.load_settings", lambda *_: bank.settings)
    run = lambda *words: CliRunner().invoke(app, ["identity", "review", *words])  # noqa: E731

    assert "2 of 3 open" in run("--limit", "2").output
    told = json.loads(run("--json", "--kind", "grey_pair").output)
    assert [w["kind"] for w in told["waiting"]] == ["grey_pair", "grey_pair"]
    assert told["waiting"][0]["evidence"] == ["name_phone name+ birth? sex? id?"]
    assert "no kind `grey`" in str(run("--kind", "grey").exception)
