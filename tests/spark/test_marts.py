"""The marts on a real server: dbt over Thrift, once for a bank without any system, with the unit tests of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.jobs import marts
from tests.conftest import LAST_DAY

if TYPE_CHECKING:
    from spark_jobs.tables import Lake

# dbt starts a session of the server for each of its nodes, which a busy one makes wait.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


# Among the models' unit tests: a manager with 23 tasks works on the urgent one and 19 others; entries of a month; pension stages; whom a
# complaint belongs to.
@pytest.mark.requirement("R-SEG-11", "R-B-04", "R-A-09", "R-VOC-22")
def test_a_bank_without_any_system_has_all_marts_and_their_rules_hold(lake: Lake) -> None:
    marts.run(lake, DateRange.day(LAST_DAY))
    built = {written.table.removeprefix("mart_build.") for written in lake.written}
    declared = {c.thing for c in lake.contracts.tables.values() if c.layer == "mart"}
    assert built == declared
    tested = marts.dbt(lake.settings, "test", "--select", "test_type:unit")
    failed = [node["unique_id"] for node in marts.results(lake.settings) if node["status"] != "pass"]
    assert (tested.returncode, failed) == (0, []), tested.stdout[-4000:]
