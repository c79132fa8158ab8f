"""What was worked on before is not worked on again: no version of any table, no release, no file for the CRM."""

from __future__ import annotations

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.exports import release as releases
from tests.journeys.conftest import DATES, Walk
from tests.support.lakes import handed_out, versions, written_since


@pytest.mark.slow
@pytest.mark.parametrize("dates", [DATES, DateRange.day(DATES.last), DateRange.day(DATES.first)], ids=str)
def test_a_day_or_a_range_run_twice_writes_nothing(undisturbed: Walk, dates: DateRange) -> None:
    settings = undisturbed.settings
    tables, files, release = versions(settings), handed_out(settings), releases.current(settings)
    assert files

    summary = undisturbed.run(dates, "daily")

    assert (summary.state, summary.exit_code) == ("unchanged", 0)
    assert written_since(tables, settings) == {}
    assert handed_out(settings) == files
    assert releases.current(settings) == release
