"""An exception ends earlier than it would by itself: one person says so, and what it let load stays explained."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from typer.testing import CliRunner

from spark_jobs.bronze import rulings, steward_log
from spark_jobs.errors import DeliveryError, OxpeckerError
from spark_jobs.steward import decide
from spark_jobs.steward.commands import app
from spark_jobs.steward.queue import Desk
from tests.unit.bronze.test_ledger import file

AT, LATER = datetime(2026, 9, 20, 2, 0), datetime(2026, 9, 28, 2, 0)
FIRST, LAST = date(2026, 9, 20), date(2026, 10, 10)


def excepted(desk):
    made = decide.exception(desk, "core__txn", "volume_band", FIRST, LAST, "migration", "S1", AT)
    return decide.agree(desk, made.decision_id, "S2", AT)


def is_let_in(desk, day):
    ruling = rulings.of_files(desk.decisions, desk.policy, desk.sources)
    return ruling(file("f", state="held", reason="volume_band", business_date=day)) is not None


def test_an_exception_ends_with_the_date_that_is_named(of):
    made = excepted(of)

    told = decide.withdraw(of, made.decision_id, date(2026, 9, 27), "done early", "S3", LATER)

    assert (told.state, told.last_date, told.at, told.note) == (
        "in_force",
        date(2026, 9, 27),
        LATER,
        "done early",
    )
    assert is_let_in(of, date(2026, 9, 27))
    assert not is_let_in(of, date(2026, 9, 28))


def test_one_that_ends_before_it_begins_never_was_and_can_be_made_again(of):
    made = excepted(of)

    assert (
        decide.withdraw(of, made.decision_id, date(2026, 9, 19), "a mistake", "S1", AT).state == "withdrawn"
    )
    assert not is_let_in(of, FIRST)
    again = excepted(of)
    assert again.decision_id != made.decision_id
    assert is_let_in(of, FIRST)


def test_it_cannot_end_before_a_date_for_which_it_let_something_load(of):
    class Applied(Desk):
        def last_applied(self, decision_id):
            return date(2026, 9, 25)

    desk = Applied(of.settings)
    made = excepted(desk)

    with pytest.raises(OxpeckerError, match="let something load for 2026-09-25"):
        decide.withdraw(desk, made.decision_id, date(2026, 9, 24), "x", "S1", LATER)
    assert decide.withdraw(desk, made.decision_id, date(2026, 9, 25), "x", "S1", LATER).last_date == date(
        2026, 9, 25
    )


def test_a_lake_that_applied_nothing_says_so(of):
    assert of.last_applied(excepted(of).decision_id) is None


def test_an_exception_is_never_made_longer_and_other_decisions_are_not_withdrawn(of):
    made = excepted(of)

    with pytest.raises(OxpeckerError, match="it can end earlier only"):
        decide.withdraw(of, made.decision_id, LAST, "x", "S1", LATER)
    decide.withdraw(of, made.decision_id, date(2026, 9, 19), "x", "S1", LATER)
    with pytest.raises(OxpeckerError, match="no exception that is in force"):
        decide.withdraw(of, made.decision_id, date(2026, 9, 18), "x", "S1", LATER)


def test_a_proposed_one_is_declined_and_not_withdrawn(of):
    made = decide.exception(of, "core__txn", "volume_band", FIRST, LAST, "migration", "S1", AT)

    with pytest.raises(OxpeckerError, match="no exception that is in force"):
        decide.withdraw(of, made.decision_id, FIRST, "x", "S1", LATER)


def test_a_withdrawal_without_a_day_that_is_one_stops_everybody(of):
    made = excepted(of)
    event = {
        "event": "withdrawn",
        "decision_id": made.decision_id,
        "actor": "S1",
        "at": "2026-09-28T02:00:00Z",
    }
    steward_log.append(of.settings.steward_log, event | {"until": "soon"})

    with pytest.raises(DeliveryError, match="`until` is no date"):
        steward_log.read(of.settings.steward_log)


def test_who_withdrew_it_stands_in_the_log_of_actions(of):
    made = excepted(of)

    decide.withdraw(of, made.decision_id, date(2026, 9, 27), "done early", "S3", LATER)

    last = decide.actions(of).read()[-1]
    assert (last["actor"], last["what"], last["subject"]) == ("S3", "withdrawn", made.decision_id)


def test_the_command_asks_for_the_last_date():
    told = CliRunner().invoke(app, ["withdraw", "abc", "--reason", "x", "--actor", "S1"])

    assert told.exit_code == 2
    assert "--last" in told.output
