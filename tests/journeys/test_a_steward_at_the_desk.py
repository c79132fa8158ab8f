"""The steward's path, walked in a browser: a held file is released, its broken record repaired, and a mart has the row.

The loans of the 27th come in a file that its `.OK` does not name, so they are held. In the file is a record whose purpose was cut in the
middle of a character, which swallowed the separator behind it. Until nothing waits, the day is loaded only (`oxpecker run --job bronze`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from spark_jobs import runner
from spark_jobs.dates import DateRange
from spark_jobs.explain import walk as explain
from spark_jobs.exports import published
from spark_jobs.tables import utc_now
from tests.journeys.conftest import DATES, Walk
from tests.support import packages
from tests.support.browser import NEEDS_BROWSER, Person, desk, opened

DAY = DATES.first
FILE = f"DUEBILL_{DAY:%Y%m%d}.txt"
OWED = Decimal("123456.78")
# Nobody's: a customer of the demo bank without a loan. 消费 without its last byte, so that B7 7C is one character.
_RECORD = (
    b"DB009000000001|@|HT009000000001|@|C100000034|@|LN00CONS|@|CNY|@|150000.00|@|123456.78|@|0.048000|@|2026-01-05|@|2029-01-05|@|"
    b"2026-10-05|@|4482.00|@|0|@|1|@|\xcf\xfb\xb7|@|330101"
)
LOANS = "select count(*), sum(loan_cny) from mart.dim_customer where loan_cny > 0"
BORROWER = f"select customer_id from mart.dim_customer where loan_cny = {OWED}"
FILES = f"select state_code, reason_code, decision_id is not null from {{table}} where feed_code = 'loan__duebill' and business_date = date '{DAY}'"
CHECKED = "select verdict_code from {table} where check_code = 'not_listed'"
ASIDE = (
    "select state_code, reason_codes, decision_id is not null from {table} where feed_code = 'loan__duebill'"
)


@pytest.fixture
def landing(bank: Path, tmp_path: Path) -> Path:
    """Suppliers' files in which the loans are not listed and one of them is broken."""
    laid = tmp_path / "landing"
    shutil.copytree(bank, laid)
    packages.add_lines(laid, "LOAN", DAY, FILE, [_RECORD])
    packages.leave_out(laid, "LOAN", DAY, FILE)
    return laid


def load(made: Walk) -> None:
    loaded = runner.run_range(made.settings, DateRange.day(DAY), "daily", ("bronze", "gate_bronze"))
    assert (loaded.state, loaded.message) == ("partial", "")


def decided(person: Person, form: str, reason: str) -> None:
    """The first proposes, by a form that has been filled in; the second agrees."""
    person.fill(f"{form} [name=reason]", reason)
    person.click(f"{form} button")
    person.wait_for(".note[role=status]")
    assert "once another person agrees" in person.text
    person.log_in("zhou")
    person.visit("/decisions")
    person.click("form[action$=agree] button")
    person.wait_for(".note[role=status]")
    assert "In force. The next run applies it." in person.text


@NEEDS_BROWSER
@pytest.mark.slow
def test_from_a_held_file_to_a_repaired_row_in_a_mart(walk: Callable[[str], Walk], landing: Path) -> None:
    day = DateRange.day(DAY)
    made = walk("steward")
    made = replace(made, settings=made.settings.with_(landing=landing))
    owed = [
        Decimal(line.split(b"|@|")[6].decode())
        for line in packages.content(landing, "LOAN", DAY, FILE).splitlines()[:-1]
    ]

    load(made)
    assert made.rows("ops.delivery_file", FILES) == [("held", "not_listed", False)]

    with opened() as driver, desk(made.settings, utc_now, ("li", "zhou")) as address:
        person = Person(driver, address)
        person.width(1280)
        person.log_in("li")
        person.picture("1_queue")
        person.follow("Held feeds")
        person.follow("loan__duebill")
        person.wait_for("form[action$=release]")
        assert "not_listed" in person.one("h1").text
        person.picture("2_held_file")
        decided(person, "form[action$=release]", "the supplier's list was made by hand")
        person.picture("3_agreed")

        load(made)
        assert made.rows("ops.delivery_file", FILES) == [("loaded", None, True)]
        assert made.rows("ops.quarantine", ASIDE) == [("open", ["half_character"], False)]

        person.log_in("li")
        person.follow("loan__duebill")
        person.wait_for("#groups tbody tr:only-child")
        person.picture("4_queue")
        person.click("#items tbody a")
        person.wait_for("#hex")
        assert [e.text for e in person.one("#hex").find_elements("css selector", "mark")] == ["B7", "7C"]
        person.picture("5_record")
        person.fill("[name='set.purpose']", "消费")
        decided(person, "form[action$=repair]", "the branch read the contract out")

        summary = made.run(day, "daily")
        assert (summary.state, summary.message) == ("published", "")

        person.visit("/")
        assert "loan__duebill" not in person.text
        person.picture("6_queue_without_it")
        person.visit("/decisions")
        person.picture("7_decisions")

    assert made.rows("ops.control_check", CHECKED) == [("waived",)]
    assert made.rows("ops.quarantine", ASIDE) == [("repaired", ["half_character"], True)]
    assert published.query(made.settings, LOANS)[1] == [(len(owed) + 1, sum(owed) + OWED)]
    [(customer,)] = published.query(made.settings, BORROWER)[1]
    told = explain.explain(made.settings, str(customer), "loan_cny", DAY)
    assert (told.value, told.reaches, told.adds_up) == (OWED, "file", True)

    again = made.run(day, "daily")
    assert (again.state, again.exit_code) == ("unchanged", 0)
