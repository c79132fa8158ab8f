"""When a feed's scorecard raises an alert, whose it is, and when it is answered. Figures are worked out by hand beside each test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from expectations.report import render
from expectations.report.alerts import Alert, Ledgers, alerts
from expectations.report.lines import Timetable, alert_line
from spark_jobs import settings as settings_module
from spark_jobs.bronze.ledger import FileState
from spark_jobs.bronze.timeliness import Deadline
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import SHIPPED_CONF
from tests.support.report import example
from tests.unit.bronze.test_ledger import file

TUESDAY = date(2026, 9, 29)
CAME, CUT_OFF, RESENT = datetime(2026, 9, 29, 17), datetime(2026, 9, 29, 22, 30), datetime(2026, 9, 30, 6)
SETTINGS = settings_module.load()
SOURCES = load_sources((SHIPPED_CONF,))
OWNERS = {"core__*": "core_banking", "loan__*": "lending", "*": "data_office"}
RULES = {**settings_module.rules(SETTINGS, "scorecard"), "owners": OWNERS}


def txn(name: str, state: str = "loaded", day: date = TUESDAY, **more: object) -> FileState:
    """A file of the core system's entries, which nothing is published without."""
    given = {
        "business_date": day,
        "known_at": CUT_OFF,
        "arrived_at": CAME,
        "rows_declared": 1000,
        "rows_found": 1000,
        "file_name": "TXN.dat",
    }
    return file(name, more.pop("sequence", 1), state, **(given | more))  # type: ignore[arg-type]


def raised(files: list[FileState], **more: object) -> list[Alert]:
    return alerts(Ledgers(files, **more), SOURCES, RULES, lambda day: day.weekday() < 5)  # type: ignore[arg-type]


def told(found: list[Alert]) -> list[tuple[object, ...]]:
    return [(a.quality_dimension_code, a.severity, a.state_code, a.measured, a.threshold) for a in found]


def test_a_feed_that_kept_everything_raises_nothing() -> None:
    assert raised([txn("a")], checks={"a": (5, 5)}, keys={("core__txn", TUESDAY): (0, 1000)}) == []


@pytest.mark.requirement("R-OPS-06")
def test_a_held_file_is_incomplete_and_grave_where_the_bank_cannot_do_without_it() -> None:
    [incomplete, inconsistent] = raised([txn("a", "held", reason="control_total_sum1")], checks={"a": (4, 5)})

    assert told([incomplete, inconsistent]) == [
        ("completeness", "fail", "open", 0.0, 0.99), ("consistency", "fail", "open", 0.8, 1.0),
    ]  # fmt: skip
    assert (incomplete.reason_code, incomplete.owner, incomplete.opened_at, incomplete.answered_at) == (
        "control_total_sum1", "core_banking", CAME, None,
    )  # fmt: skip


def test_the_same_of_a_feed_the_bank_can_do_without_only_warns() -> None:
    held = txn("a", "held", reason="row_count", feed_code="loan__repay", source_code="loan")

    assert [(a.severity, a.owner) for a in raised([held])] == [("warn", "lending")]


def test_a_corrected_delivery_answers_the_alert_and_does_not_forget_it() -> None:
    held = txn("a", "held", reason="control_total_sum1")
    resent = txn("b", sequence=2, arrived_at=RESENT, known_at=CUT_OFF + timedelta(days=1))

    [alert] = raised([held, resent])

    assert (alert.state_code, alert.opened_at, alert.answered_at) == ("closed", CAME, RESENT)
    assert (alert.measured, alert.reason_code) == (0.0, "control_total_sum1")


def test_records_that_could_not_be_read_are_weighed_against_both_thresholds() -> None:
    """Of 1,000 records 1 is .999, which is kept; 2 are .998, which warns; 20 are .98, which is grave."""
    found = [told(raised([txn("a", quarantined_cnt=n)])) for n in (1, 2, 20)]

    assert found == [
        [], [("validity", "warn", "open", 0.998, 0.999)], [("validity", "fail", "open", 0.98, 0.99)],
    ]  # fmt: skip


def test_a_key_that_stands_twice_is_told_by_the_newest_verdict() -> None:
    found = raised([txn("a")], keys={("core__txn", TUESDAY): (5, 1000)})

    assert told(found) == [("uniqueness", "fail", "open", 0.995, 0.999)]


def due(late: int | None, state: str, carried: bool = False) -> Deadline:
    at = datetime(2026, 9, 29, 18, 30)
    return Deadline(
        TUESDAY, "core__txn", at, None if late is None else at + timedelta(minutes=late), state, late, carried
    )


def test_what_came_late_is_answered_by_its_coming_and_what_never_came_is_open() -> None:
    [late], [grave], [missed] = (
        raised([], deadlines=[due(n, s)]) for n, s in ((20, "late"), (61, "late"), (None, "missed"))
    )

    assert told([late, grave, missed]) == [
        ("timeliness", "warn", "closed", 20.0, 0.0), ("timeliness", "fail", "closed", 61.0, 60.0),
        ("timeliness", "fail", "open", None, 60.0),
    ]  # fmt: skip
    assert late.answered_at == datetime(2026, 9, 29, 18, 50)


def test_nothing_is_late_that_is_in_time_not_due_yet_or_carried_by_the_contract() -> None:
    kept = [due(0, "met"), due(None, "pending"), due(None, "missed", carried=True)]

    assert [raised([], deadlines=[d]) for d in kept] == [[], [], []]


def fortnight(rows: list[int], last: int, feed: str = "core__txn") -> list[FileState]:
    """Deliveries of working days up to Tuesday the 29th, the last with that many rows."""
    days = [TUESDAY - timedelta(days=n) for n in range(30) if (TUESDAY - timedelta(days=n)).weekday() < 5]
    made = zip(reversed(days[1 : len(rows) + 1]), rows, strict=True)
    return [
        *(txn(f"{d}", day=d, rows_found=n, rows_declared=n, feed_code=feed) for d, n in made),
        txn("last", rows_found=last, rows_declared=last, feed_code=feed),
    ]  # fmt: skip


def test_rows_far_from_the_median_of_such_days_are_a_trend() -> None:
    """Median 1000, median deviation 20, so six scaled ones are 6 x 1.4826 x 20 = 178; half of the median is more: 500."""
    usual = [980, 1020, 1000, 980, 1000, 1040]

    assert raised(fortnight(usual, 1500)) == []
    assert told(raised(fortnight(usual, 1501))) == [("trend", "warn", "open", 1501.0, 1500.0)]
    assert told(raised(fortnight(usual, 499))) == [("trend", "warn", "open", 499.0, 500.0)]


def test_of_a_feed_whose_rows_differ_widely_only_more_than_that_is_a_trend() -> None:
    """Median 1000, deviations 600 400 200 0 200 400 600: median 400, so 6 x 1.4826 x 400 = 3,558."""
    wide = [400, 600, 800, 1000, 1200, 1400, 1600]

    assert raised(fortnight(wide, 4500)) == []
    assert [a.quality_dimension_code for a in raised(fortnight(wide, 4559))] == ["trend"]


def test_too_few_deliveries_of_the_kind_of_day_say_nothing_of_a_trend() -> None:
    assert raised(fortnight([1000] * 4, 5000)) == []


def test_the_money_that_stands_on_the_figures_of_a_feed_is_told_of_the_newest_date_known() -> None:
    aum = {
        TUESDAY - timedelta(1): {
            "aum_cny": Decimal(900),
            "deposit_cny": Decimal(600),
            "wealth_cny": Decimal(250),
            "fund_cny": Decimal(50),
        }
    }
    held = {
        feed: raised([txn("a", "held", reason="md5", feed_code=feed)], aum=aum)[0].aum_touched
        for feed in ("core__acct_bal", "wealth__holding", "core__cif", "call__call")
    }

    # Balances are deposits, holdings the wealth and funds; who a customer is concerns all of it; a call none.
    assert held == {"core__acct_bal": 600, "wealth__holding": 300, "core__cif": 900, "call__call": None}


def test_a_hold_of_the_whole_package_is_answered_by_the_parts_that_came() -> None:
    whole = txn("a", "held", reason="ok_missing", file_name="", feed_code="core__cif")
    came = txn("b", sequence=2, arrived_at=RESENT, feed_code="core__cif", file_name="CIF_20260929.dat")

    assert [(a.quality_dimension_code, a.state_code) for a in raised([whole, came])] == [
        ("completeness", "closed")
    ]


def test_an_opening_package_and_a_feed_of_no_contract_raise_nothing() -> None:
    gone = txn("a", "held", reason="md5", feed_code="core__acct_opening")

    assert raised([gone, replace(gone, feed_code="nobody__asks")]) == []


def test_the_page_shows_alerts_with_their_units_in_the_banks_time() -> None:
    clock = Timetable(SETTINGS)
    held = raised([txn("a", "held", reason="control_total_sum1")])
    late = raised([], deadlines=[due(None, "missed")])

    text = render.page(example(alerts=tuple(alert_line(a, clock) for a in (*held, *late))))

    section = text[text.index('id="alerts"') : text.index('id="held"')]
    # 17:00 UTC is one in the morning of the next day in Shanghai.
    for shown in (
        "0.00 %",
        "99.00 %",
        "never came",
        "60 min late",
        "core_banking",
        "09-30 01:00",
        "control_total_sum1",
    ):
        assert shown in section
