"""A feed that must not load holds nobody else; only one that the bank cannot do without stops publication."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.exports import release as releases
from tests.journeys.conftest import DATES, Walk
from tests.support.lakes import handed_out
from tests.support.packages import damage

HELD = "select feed_code, business_date, reason_code, is_required from {table} where state_code = 'held'"
RUNS = "select state_code, release_id from {table}"


@pytest.mark.slow
def test_a_damaged_feed_that_is_not_required_is_held_and_the_day_is_published(undisturbed: Walk) -> None:
    """The run itself ended with code 0, or the fixture would have failed."""
    held = undisturbed.rows("ops.delivery_file", HELD)
    assert ("msg__send", DATES.last, "md5", False) in held
    assert not any(is_required for *_, is_required in held)
    assert undisturbed.rows(
        "bronze.msg__send", f"select count(*) from {{table}} where business_date = date '{DATES.last}'"
    ) == [(0,)]
    assert releases.require_current(undisturbed.settings).business_date == str(DATES.last)


@pytest.mark.slow
def test_a_damaged_feed_that_is_required_stops_publication_and_the_rest_is_loaded(
    walk: Callable[[str], Walk], bank: Path, tmp_path: Path
) -> None:
    day = DateRange.day(DATES.first)
    landing = tmp_path / "landing"
    shutil.copytree(bank, landing)
    damage(landing, "CORE", day.last, f"CIF_{day.last:%Y%m%d}.dat")
    held = walk("held")
    held = replace(held, settings=held.settings.with_(landing=landing))

    summary = held.run(day, "daily")

    assert (summary.state, summary.exit_code) == ("held", 3)
    assert "core__cif of 2026-09-27: md5" in summary.message
    assert ("core__cif", day.last, "md5", True) in held.rows("ops.delivery_file", HELD)
    assert held.rows("bronze.core__acct", "select count(*) > 0 from {table}") == [(True,)]
    assert held.rows("ops.run", RUNS) == [("held", None)]
    assert releases.current(held.settings) is None
    assert handed_out(held.settings) == {}
