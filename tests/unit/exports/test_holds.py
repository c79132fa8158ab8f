"""What holds the whole export: consent, calendar or identity that are not of the day, and a customer view that failed its checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from spark_jobs import settings
from spark_jobs.contracts.sources import load_sources
from spark_jobs.exports import holds

D29, D30 = date(2026, 9, 29), date(2026, 9, 30)
SOURCES = load_sources(settings.conf_dirs())
NEEDED = holds.needed_feeds(SOURCES, settings.rules(settings.load(), "export")["fresh"])
LOADED = [("consent__consent", D30), ("ref__holiday", D30)]


@pytest.mark.requirement("R-ACT-33")
def test_a_consent_feed_one_day_old_holds_the_export():
    assert [feed.feed for feed in NEEDED] == ["consent__consent", "ref__holiday"]
    assert holds.stale_feeds(NEEDED, LOADED, D30) == []
    stale = holds.stale_feeds(NEEDED, [("consent__consent", D29), ("ref__holiday", D30)], D30)
    assert stale == ["consent__consent:2026-09-29"]
    assert holds.reasons(stale, D30, 0, D30) == ["stale:consent__consent:2026-09-29"]
    assert holds.stale_feeds(NEEDED, [("ref__holiday", D30)], D30) == ["consent__consent:never"]


def test_a_calendar_that_its_contract_carries_forward_may_be_older_but_not_missing():
    assert (
        holds.stale_feeds(NEEDED, [("consent__consent", D30), ("ref__holiday", date(2026, 9, 1))], D30) == []
    )
    assert holds.stale_feeds(NEEDED, LOADED[:1], D30) == ["ref__holiday:never"]
    strict = [replace(f, delivery=replace(f.delivery, carry_forward=False)) for f in NEEDED]
    assert holds.stale_feeds(strict, [LOADED[0], ("ref__holiday", D29)], D30) == ["ref__holiday:2026-09-29"]


def test_a_bank_without_a_consent_system_has_nothing_that_could_be_stale():
    assert holds.needed_feeds({"core__cif": SOURCES["core__cif"]}, ["consent", "calendar"]) == []


def test_identity_of_an_earlier_day_holds_the_export():
    assert holds.reasons([], D29, 0, D30) == ["stale:identity:2026-09-29"]
    assert holds.reasons([], D30, 0, D30) == holds.reasons([], None, 0, D30) == []


def verdict(code: str, hour: int, severity: str = "fail", gate: str = "profile", last: date = D30):
    return {
        "gate_code": gate, "from_date": D29, "to_date": last, "judged_at": datetime(2026, 10, 1, hour), "check_severity_code": severity,
        "verdict_code": code,
    }  # fmt: skip


def test_a_customer_view_that_failed_its_checks_holds_the_export_until_it_passes():
    assert holds.newest_failures([verdict("fail", 1)], D30) == 1
    assert holds.newest_failures([verdict("fail", 1), verdict("pass", 2)], D30) == 0
    assert (
        holds.newest_failures([verdict("fail", 1, severity="warn"), verdict("fail", 1, gate="mart")], D30)
        == 0
    )
    assert holds.newest_failures([verdict("fail", 1, last=D29)], D30) == 0, "of another day"
    assert holds.reasons([], None, 2, D30) == ["gate:profile:2"]
