"""Four dates at once and the same four one by one leave the same belief, whatever came late, twice or together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from spark_jobs.dates import DateRange
from tests.journeys.conftest import DATES, LATE, MERGED_ON, Walk, differences

STATES = f"select feed_code, state_code from {{table}} where business_date = date '{LATE}'"
MERGES = "select business_date from {table} where kind_code in ('merge', 'absorb')"
LOGINS = f"select distinct _ingested_at::date from {{table}} where business_date = date '{LATE}'"


@pytest.mark.slow
@pytest.mark.requirement("R-ACT-32")
def test_a_range_equals_its_days(walk: Callable[[str], Walk], undisturbed: Walk) -> None:
    by_day = walk("by_day")
    for day in DATES:
        summary = by_day.run(DateRange.day(day), "daily")
        assert (summary.state, summary.message) == ("published", "")

    # The log-ins of the 28th were seen by the run for the 29th, whose cut-off is on the 29th in UTC, and by no earlier one.
    assert by_day.rows("bronze.mbank__login", LOGINS) == [(date(2026, 9, 29),)]
    for lake in (by_day, undisturbed):
        assert ("msg__send", "superseded") in lake.rows("ops.delivery_file", STATES)
        assert (MERGED_ON,) in lake.rows("identity.customer_event", MERGES)
    looked_at, unlike = differences(undisturbed, by_day)
    assert looked_at > 100
    assert unlike == []
