"""The doors to what is published: JDBC, `oxpecker sql` and DuckDB tell the same numbers."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from spark_jobs import settings as settings_module
from spark_jobs.dates import DateRange
from spark_jobs.jobs import marts, publish
from tests.conftest import LAST_DAY
from tests.support.tables import table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.tables import Lake

pytestmark = pytest.mark.slow

SCHEMA = """customer_id string, business_date date, status_code string, tier_code string, group_code string, stage_code string,
    sex_code string, age_band_code string, aum_cny decimal(18,2), aum_30_avg_cny decimal(18,2), product_cnt bigint, tenure_days bigint"""
PEOPLE = """
    wang | 2026-09-30 | active  | MASS | G02 | growth   | F | 30-44 |  183456.78 |  183456.78 | 2 | 400
    li   | 2026-09-30 | active  | AFF  |     | maturity | M | 45-59 | 1000000.00 | 1000000.00 | 3 | 900
    zhao | 2026-09-30 | active  | MASS | G02 | growth   | M | 30-44 |       0.01 |       0.01 | 1 | 100
    sun  | 2026-09-12 | retired | MASS | G02 | growth   | M | 30-44 |     500.00 |     500.00 | 1 | 100
"""
ASKED = "SELECT tier_code, count(*) AS n, sum(aum_cny) AS aum FROM {}dim_customer WHERE status_code = 'active' GROUP BY tier_code ORDER BY tier_code"
# 183,456.78 + 0.01 of two mass customers; the affluent one has a million.
TOLD = [("AFF", "1", "1000000.00"), ("MASS", "2", "183456.79")]


@pytest.fixture
def published(spark: SparkSession, lake: Lake) -> Lake:
    """A release of three customers and of one who was merged into another."""
    people = table(spark, SCHEMA, PEOPLE)
    lake.ensure_schema("profile")
    for name in ("profile.customer_daily", "profile.a_customer_daily", "profile.customer_current"):
        contract = lake.contracts.table(name)
        types = {f.name: f.type for f in lake.contracts.stored_fields(name)}
        given = [c for c in people.columns if c in contract.columns]
        missing = [c for c in contract.columns if c not in given and not c.endswith("_bucket")]
        rows = people.select(*given).selectExpr("*", *[f"CAST(NULL AS {types[c]}) AS {c}" for c in missing])
        lake.publish(name, rows, DateRange(date(2026, 9, 1), LAST_DAY))
    lake.ensure_table("silver.org_hist")
    lake.ensure_schema("mart_build")
    chosen = [
        "--select",
        "dim_org",
        "dim_customer",
        "dim_customer_masked",
        "--exclude-resource-type",
        "unit_test",
    ]
    built = marts.dbt(lake.settings, "build", *chosen, dates=DateRange.day(LAST_DAY))
    assert built.returncode == 0, built.stdout[-4000:]
    publish.run(lake, DateRange.day(LAST_DAY))
    return lake


def by_jdbc(lake: Lake, statement: str) -> list[tuple[str, ...]]:
    """Through Hive's JDBC driver, as any tool of the bank would ask."""
    spec = find_spec("pyspark")
    assert spec is not None and spec.origin is not None
    home = Path(spec.origin).parent
    url = f"jdbc:hive2://127.0.0.1:{lake.settings.server.thrift_port}/"
    command = [
        str(home / "bin" / "beeline"),
        "-u",
        url,
        "--silent=true",
        "--showHeader=true",
        "--outputformat=csv2",
        "-e",
        statement,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "SPARK_HOME": str(home)})  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    # The first line holds beeline's prompt and the header.
    return [tuple(row) for row in csv.reader(io.StringIO(done.stdout)) if row][1:]


def by_command(lake: Lake, statement: str) -> list[tuple[str, ...]]:
    """`oxpecker sql --format csv`, in a process that starts no JVM."""
    command = [
        sys.executable,
        "-c",
        "from spark_jobs.cli import main; main()",
        "sql",
        statement,
        "--format",
        "csv",
    ]
    environment = {**os.environ, "OXPECKER_HOME": str(lake.settings.home)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=settings_module.REPOSITORY)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [tuple(row) for row in csv.reader(io.StringIO(done.stdout))][1:]


def by_duckdb(lake: Lake, statement: str) -> list[tuple[str, ...]]:
    """DuckDB over the views that the release brings with it."""
    with duckdb.connect(":memory:") as connection:
        connection.execute((lake.settings.home / "duckdb_views.sql").read_text(encoding="utf-8"))
        return [tuple(map(str, row)) for row in connection.execute(statement).fetchall()]


def test_marts_tell_the_same_numbers_by_jdbc_by_command_and_in_duckdb(published):
    jdbc = by_jdbc(published, ASKED.format(f"{published.settings.prefix}mart."))

    assert jdbc == TOLD
    assert by_command(published, ASKED.format("mart.")) == TOLD
    assert by_duckdb(published, ASKED.format("mart.")) == TOLD
    # A full release, not whichever table was rebuilt last: what is being built does not show.
    assert by_duckdb(published, "SELECT count(*) FROM mart.dim_customer_masked WHERE is_generalised") == [
        ("3",)
    ]
