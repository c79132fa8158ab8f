"""From the ledgers to the page: who was late, what stopped a day, and what the scorecard says of a source."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from expectations.report import data, score
from spark_jobs import settings as settings_module
from tests.support.report import feed

DAY = date(2026, 9, 29)
FILE = [
    "file_id",
    "source_code",
    "feed_code",
    "state_code",
    "reason_code",
    "sequence_no",
    "arrived_at",
    "rows_declared",
    "rows_found",
    "quarantined_cnt",
    "is_required",
    "business_date",
]


KNOWN_AT = datetime(2026, 9, 29, 22, 30, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    """An empty lake, and a way to write a table of it."""
    settings = settings_module.load(home=tmp_path, prefix="")

    def write(table, columns, rows):
        if columns is FILE:
            columns, rows = [*FILE, "file_name", "known_at"], [(*row, "", KNOWN_AT) for row in rows]
        arrays = {name: [row[n] for row in rows] for n, name in enumerate(columns)}
        write_deltalake(str(settings.warehouse / table.replace(".", "/")), pa.table(arrays), mode="append")

    return settings, write


def verdict(gate, check, said, first, last, judged_at):
    return (
        gate,
        f"{gate}.t",
        check,
        "fail",
        said,
        0 if said == "pass" else 7,
        100,
        ["tok"],
        first,
        last,
        judged_at,
        "validity",
    )


VERDICT = [
    "gate_code",
    "table_name",
    "check_code",
    "check_severity_code",
    "verdict_code",
    "failing_cnt",
    "total_cnt",
    "sample_tokens",
    "from_date",
    "to_date",
    "judged_at",
    "quality_dimension_code",
]


def test_a_lake_that_was_never_written_has_no_pages_and_no_error(lake):
    assert data.read_days(lake[0]) == []


def test_a_file_is_late_against_its_contract_in_the_banks_time(lake):
    """core__acct_bal is due at 02:30 on D+1 in Shanghai, which is 18:30 UTC on D; msg__send at 23:30 on D itself."""
    settings, write = lake
    write("ops.delivery_file", FILE, [
        ("a", "core", "core__acct_bal", "loaded", None, 1, at(29, 18, 30), 61, 61, 0, True, DAY),
        ("b", "core", "core__txn", "loaded", None, 1, at(29, 19, 15), 5, 5, 0, True, DAY),
        ("c", "msg", "msg__send", "loaded", None, 1, at(29, 15, 20), 6, 6, 0, False, DAY),
    ])  # fmt: skip

    [day] = data.read_days(settings)

    assert {f.feed: (f.due_at, f.arrived_at, f.late_minutes) for f in day.feeds} == {
        "core__acct_bal": ("09-30 02:30", "09-30 02:30", None),
        "core__txn": ("09-30 02:30", "09-30 03:15", 45),
        "msg__send": ("09-29 23:30", "09-29 23:20", None),
    }


def test_a_correction_is_not_late_but_the_first_file_that_could_be_used_may_be(lake):
    settings, write = lake
    write("ops.delivery_file", FILE, [
        ("a", "core", "core__txn", "superseded", None, 1, at(29, 18), 5, 5, 0, True, DAY),
        ("b", "core", "core__txn", "loaded", None, 2, at(30, 6), 5, 5, 0, True, DAY),
        ("c", "survey", "survey__answer", "missing", "missing", 1, at(29, 20), None, None, 0, False, DAY),
        ("d", "survey", "survey__answer", "loaded", None, 2, at(30, 6), 5, 5, 0, False, DAY),
    ])  # fmt: skip

    [day] = data.read_days(settings)

    # The answers were due at 05:00 on the 30th in Shanghai and came at 14:00.
    assert [(f.feed, f.sequence, f.late_minutes) for f in day.late] == [("survey__answer", 2, 540)]
    assert day.waiting == ()


def test_a_required_feed_that_is_held_stops_the_day_until_another_is_loaded(lake):
    settings, write = lake
    held = ("a", "core", "core__txn", "held", "row_count", 1, at(29, 18), 6, 5, 0, True, DAY)
    write(
        "ops.delivery_file",
        FILE,
        [held, ("x", "core", "core__cif", "loaded", "", 1, at(29, 18), 6, 5, 0, True, DAY)],
    )
    [stopped] = data.read_days(settings)
    write(
        "ops.delivery_file",
        FILE,
        [("b", "core", "core__txn", "loaded", "", 2, at(30, 6), 6, 6, 0, True, DAY)],
    )
    [answered] = data.read_days(settings)

    assert (stopped.state, stopped.why) == ("held", ("required feed core__txn is held: row_count",))
    assert (answered.state, answered.why) == ("open", ())


def test_a_gate_speaks_for_every_day_of_its_range_and_its_newest_word_counts(lake):
    settings, write = lake
    days = [date(2026, 9, d) for d in (27, 28, 29)]
    write(
        "ops.delivery_file",
        FILE,
        [(str(d), "core", "core__cif", "loaded", "", 1, at(29, 18), 1, 1, 0, True, d) for d in days],
    )
    write("ops.quality_verdict", VERDICT, [
        verdict("silver", "key:a", "fail", days[0], days[2], at(30, 1)),
        verdict("silver", "key:a", "pass", days[2], days[2], at(30, 2)),
        verdict("silver", "key:b", "pass", days[0], days[2], at(30, 1)),
    ])  # fmt: skip

    first, second, third = data.read_days(settings)

    assert [d.state for d in (first, second, third)] == ["held", "held", "open"]
    assert first.why == ("gate silver failed 1 check",)
    assert (third.passed, third.verdicts) == (2, ())
    assert first.failed[0].judged == "2026-09-27 … 2026-09-29"


def test_hits_of_a_rule_are_told_with_what_kept_them_back(lake):
    settings, write = lake
    write(
        "ops.delivery_file",
        FILE,
        [("a", "core", "core__cif", "loaded", "", 1, at(29, 18), 1, 1, 0, True, DAY)],
    )
    hits = (
        [("sent", None)] * 3
        + [("suppressed", "open_complaint")] * 2
        + [("suppressed", "consent"), ("queued", "quiet_hours")]
    )
    write("profile.a_rule_hit", ["business_date", "rule_code", "purpose_code", "outcome_code", "first_reason_code"],
          [(DAY, "A01", "care", outcome, reason) for outcome, reason in hits])  # fmt: skip

    [line] = data.read_days(settings)[0].rules

    assert (line.name, line.sent, line.queued, line.suppressed) == ("large outflow", 3, 1, 3)
    assert list(line.reasons.items()) == [("open_complaint", 2), ("consent", 1), ("quiet_hours", 1)]


def test_the_scorecard_counts_what_is_held_as_not_there():
    """60 of 100 declared rows were loaded, 3 of the 60 could not be read, one of two files came in time, 9 of 10 controls agree."""
    from dataclasses import replace

    good = replace(feed("duebill", rows=60, late_minutes=10), quarantined=3)
    feeds = [good, feed("repay", "held", "row_count", rows=40), feed("old", "superseded", rows=999)]
    controls = {"loan": [{"verdict_code": "pass"}] * 9 + [{"verdict_code": "fail"}]}
    keys = [{"table_name": "bronze.loan__duebill", "check_code": "key:x", "failing_cnt": 6, "total_cnt": 60}]

    [line] = score.scorecard(feeds, controls, keys)

    assert (line.completeness, line.validity, line.uniqueness, line.consistency, line.timeliness) == (
        0.6,
        0.95,
        0.9,
        0.9,
        0.0,
    )


def test_what_was_never_measured_has_no_score():
    [line] = score.scorecard([feed("duebill", rows=0)], {}, [])

    assert (line.validity, line.uniqueness, line.consistency) == (None, None, None)
    assert line.completeness == 1.0
