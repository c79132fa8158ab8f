"""The seven modules name jobs that run and tables that are declared, and none is empty."""

import re

import pytest

from spark_jobs.contracts import load
from spark_jobs.pipeline import JOBS
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF


@pytest.mark.requirement("R-OPS-14")
def test_each_of_the_seven_modules_is_jobs_of_the_pipeline_and_tables_they_write():
    lines = (REPOSITORY / "docs" / "modules.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][
        1:
    ]
    jobs, tables = {job.name for job in JOBS}, load((SHIPPED_CONF,)).tables

    assert len(rows) == 7
    for module, _, named_jobs, named_tables in rows:
        does, shows = re.findall(r"`([^`]+)`", named_jobs), re.findall(r"`([^`]+)`", named_tables)
        assert does and set(does) <= jobs, module
        assert shows and set(shows) <= set(tables), module
