"""Files that are as declared and still cannot be what happened: no rows on a working day, ten times the rows."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from spark_jobs.bronze import plausible
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Layout, SourceField, load_sources
from spark_jobs.contracts.terms import Terms
from spark_jobs.settings import SHIPPED_CONF
from tests.unit.bronze.test_ledger import file

SOURCES = load_sources((SHIPPED_CONF,))
APPLY = replace(SOURCES["loan__apply"], empty_working_day="hold", volume_band=None)
BALANCES = replace(SOURCES["core__acct_bal"], volume_band=(0.5, 2.0))
ASKED = {"loan__apply": APPLY, "core__acct_bal": BALANCES}
WEDNESDAY, SATURDAY, WORKED_SUNDAY = date(2026, 9, 16), date(2026, 9, 26), date(2026, 9, 20)


def is_working(day: date, business_date: date, arrived_at: datetime | None) -> bool:
    return day == WORKED_SUNDAY or day.weekday() < 5


def came(day: date, rows: int, feed: str = "core__acct_bal", sequence: int = 1, **more: object) -> FileState:
    arrived = datetime.combine(day, datetime.min.time()) + timedelta(days=sequence)
    given = {"feed_code": feed, "business_date": day, "rows_found": rows, "arrived_at": arrived}
    return file(f"{feed} {day} {sequence}", sequence, **(given | more))


def reasons(fresh: list[FileState], known: list[FileState] | None = None) -> list[str | None]:
    judged = plausible.judge([Examined(s) for s in fresh], known or [], ASKED, is_working)
    return [e.state.reason_code for e in judged]


def week(rows: int, days: int = 5) -> list[FileState]:
    """Deliveries of Monday the 7th and the days after it."""
    return [came(date(2026, 9, 7) + timedelta(days=n), rows) for n in range(days)]


def test_an_opening_package_is_no_usual_delivery_whether_it_came_before_or_in_the_same_run():
    opening = replace(came(date(2026, 9, 7), 1000), sequence_no=0)
    earlier = [opening, *(came(date(2026, 9, day), 1000) for day in (8, 9))]
    tenfold = came(date(2026, 9, 10), 10_000)

    assert reasons([*earlier, tenfold]) == [None] * 4
    assert reasons([tenfold], [replace(s, state_code="loaded") for s in earlier]) == [None]


# --- cut -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says", "reason"),
    [
        (b"C1,39.50\n", "hold", None),
        (b"C1,39.50\r\n\x1a", "hold", None),
        (b"", "hold", None),
        (gzip.compress(b"C1,39.50"), "hold", None),
        (b"C1,39", "hold", "truncated"),
        (b"C1,39", "any", None),
    ],
)
def test_a_file_that_ends_in_the_middle_of_a_line_is_held_where_nothing_else_would_tell(
    tmp_path: Path, content: bytes, says: str, reason: str | None
) -> None:
    """Without its last three bytes 39.50 is 39, and nothing counts the rows."""
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    asked = {"loan__apply": replace(APPLY, empty_working_day="accept", last_line_end=says)}

    (judged,) = plausible.judge(
        [Examined(came(WEDNESDAY, 1, "loan__apply"), path=path)], [], asked, is_working
    )

    assert judged.state.reason_code == reason


@pytest.mark.parametrize(
    ("above", "reason"),
    [
        ("C0|王小明|0.50", "record_above"),
        ("存款明细表", None),
        ("客户号|姓名|余额", None),
        ("HDR|20260930|3", None),
    ],
)
def test_a_record_where_titles_used_to_stand_holds_the_file(
    tmp_path: Path, above: str, reason: str | None
) -> None:
    """The supplier stopped writing a title: the first record of each file would be left out in its place."""
    path = tmp_path / "x.txt"
    path.write_text(
        "\n".join([above, *(f"C{n}|李红{n % 2 * '梅'}|{n}.50" for n in range(1, 9))]) + "\n", encoding="utf-8"
    )
    names = ("no", "name", "amt")
    feed = replace(
        APPLY, empty_working_day="accept", layout=Layout("delimited", "utf-8", separator="|", skip_lines=1),
        fields=tuple(SourceField(n, "string", PrivacyClass.C1, source_name=n) for n in names),
    )  # fmt: skip

    (judged,) = plausible.judge(
        [Examined(came(WEDNESDAY, 8, "loan__apply"), path=path)], [], {"loan__apply": feed}, is_working
    )

    assert judged.state.reason_code == reason


# --- no longer ours to use ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R-ING-26")
@pytest.mark.parametrize(
    ("day", "reason"), [(WEDNESDAY, None), (WEDNESDAY + timedelta(days=1), "agreement_ended")]
)
def test_what_a_partner_sends_for_a_day_after_the_agreement_ended_is_held(day, reason):
    agreed = replace(BALANCES, terms=Terms("partner", "data_office", ("service",), "contract", WEDNESDAY))

    (judged,) = plausible.judge([Examined(came(day, 10))], [], {"core__acct_bal": agreed}, is_working)

    assert (judged.state.state_code, judged.state.reason_code) == ("held" if reason else "verified", reason)
    assert [c.code for c in judged.checks if c.code == "agreement_ended"] == ["agreement_ended"]


# --- no rows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "reason"),
    [(WEDNESDAY, "empty_working_day"), (SATURDAY, None), (WORKED_SUNDAY, "empty_working_day")],
)
def test_zero_rows_are_held_on_a_day_the_bank_works_and_accepted_on_a_day_off(day, reason):
    assert reasons([came(day, 0, "loan__apply")]) == [reason]


def test_a_feed_whose_contract_says_nothing_may_be_empty_on_any_day():
    judged = plausible.judge(
        [Examined(came(WEDNESDAY, 0, "loan__apply"))], [], {"loan__apply": replace(APPLY, empty_working_day="accept")}, is_working
    )  # fmt: skip

    assert judged[0].state.state_code == "verified"


def test_what_holds_an_empty_file_is_among_its_checks():
    (judged,) = plausible.judge([Examined(came(WEDNESDAY, 0, "loan__apply"))], [], ASKED, is_working)

    assert (judged.state.state_code, [(c.code, c.actual, c.passed) for c in judged.checks]) == (
        "held",
        [("empty_working_day", 0, False)],
    )


def test_the_resend_with_rows_loads():
    assert reasons([came(WEDNESDAY, 0, "loan__apply"), came(WEDNESDAY, 20, "loan__apply", 2)]) == [
        "empty_working_day",
        None,
    ]


def test_a_file_that_is_held_already_keeps_its_reason():
    broken = came(WEDNESDAY, 0, "loan__apply", state="held", reason="md5")

    assert reasons([broken]) == ["md5"]


# --- far more or fewer rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "reason"),
    [(1000, "volume_band"), (201, "volume_band"), (200, None), (50, None), (49, "volume_band"), (0, "volume_band")],
)  # fmt: skip
def test_rows_outside_of_the_band_around_the_median_hold_the_feed(rows, reason):
    assert reasons([came(date(2026, 9, 14), rows)], week(100)) == [reason]


def test_both_figures_stand_in_the_check():
    (judged,) = plausible.judge([Examined(came(date(2026, 9, 14), 1000))], week(100), ASKED, is_working)

    assert [(c.code, c.expected, c.actual) for c in judged.checks] == [("volume_band", 100, 1000)]


def test_two_earlier_deliveries_say_nothing_of_what_is_usual():
    assert reasons([came(date(2026, 9, 14), 1000)], week(100, 2)) == [None]
    assert reasons([came(date(2026, 9, 14), 1000)], week(100, 3)) == ["volume_band"]


def test_a_day_off_is_compared_with_days_off():
    weekends = [came(date(2026, 8, 29) + timedelta(days=7 * n), 4) for n in range(3)]

    assert reasons([came(SATURDAY, 4)], [*week(100), *weekends]) == [None]
    assert reasons([came(SATURDAY, 100)], [*week(100), *weekends]) == ["volume_band"]


def test_held_files_are_no_measure_of_what_is_usual():
    assert reasons([*week(100), came(date(2026, 9, 14), 1000), came(date(2026, 9, 15), 1000)]) == [
        *[None] * 5,
        "volume_band",
        "volume_band",
    ]


def test_a_range_is_judged_as_its_days_are():
    files = [*week(100), came(date(2026, 9, 14), 150), came(date(2026, 9, 15), 400)]
    known: list[FileState] = []
    for each in files:
        known += [e.state for e in plausible.judge([Examined(each)], known, ASKED, is_working)]

    assert reasons(list(reversed(files))) == [s.reason_code for s in reversed(known)]


def test_a_correction_that_came_later_does_not_change_what_was_usual_before():
    corrected = [came(s.business_date, 1000, sequence=20) for s in week(100)]

    assert reasons([came(date(2026, 9, 14), 100)], [*week(100), *corrected]) == [None]


def test_an_opening_package_is_no_usual_day():
    assert reasons([came(date(2026, 9, 14), 1000, sequence=0)], week(100)) == [None]
