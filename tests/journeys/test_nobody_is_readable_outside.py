"""After a whole run nobody's certificate, mobile or name can be read but in sealed tables, and by CRM where the customer consented."""

from __future__ import annotations

import pytest

from spark_jobs.contracts import load
from tests.journeys.conftest import Walk
from tests.support.leaks import found_in


@pytest.mark.slow
@pytest.mark.requirement("R-PRV-13")
def test_marts_metrics_ledgers_exports_pages_and_logs_show_nobody(undisturbed: Walk) -> None:
    settings = undisturbed.settings

    found = found_in(settings.home, settings, load(settings.conf_dirs))

    assert {place: dict(kinds) for place, kinds in found.items()} == {}
    # The search looked at something: files for CRM, pages and logs of the marts are there.
    for place in ("exports", "report", "dbt/logs"):
        assert any((settings.home / place).rglob("*.*")), place
