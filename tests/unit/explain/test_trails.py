"""Every declared trail fits the contracts: its SQL is understood, it shows nothing that identifies, its rule and function exist."""

from __future__ import annotations

import ast
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from spark_jobs import settings as settings_module
from spark_jobs.contracts import load
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.explain import walk
from spark_jobs.explain.tables import Tables
from spark_jobs.explain.trails import TRAILS
from spark_jobs.exports.release import Release

CONTRACTS = load(settings_module.conf_dirs())


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Tables of a lake in which every table is empty, with `parties` and `accounts` of nobody."""
    settings = settings_module.load(home=tmp_path_factory.mktemp("home"))
    ledger = pa.table({
        "table_name": ["ops.run"], "delta_version_after": pa.array([0], pa.int64()), "started_at": [datetime(2026, 9, 30)],
    })  # fmt: skip
    write_deltalake(str(settings.warehouse / f"{settings.prefix}ops" / "stage_commit"), ledger)
    release = Release("r1", "2026-09-30", "run", "rules", "code", "2026-10-01T00:00:00Z", {})
    tables = Tables(settings, release, CONTRACTS)
    walk._lay_ground(tables, {"customer": "'nobody'", "day": f"date '{date(2026, 9, 30)}'"})
    yield settings, tables
    tables.close()


@pytest.mark.parametrize("column", sorted(TRAILS))
def test_every_step_is_understood_and_names_nobody(empty, column):
    settings, tables = empty
    trail = TRAILS[column]
    names = {**walk._names(settings, trail), "customer": "'nobody'", "day": "date '2026-09-30'"}

    for step in trail.steps:
        tables.ask(step.sql.format_map(names))
        columns = [each[0] for each in tables.connection.execute(step.sql.format_map(names)).description]
        shown = [c for c in columns if c != "_origin"]
        assert not [c for c in shown if CONTRACTS.field(c).privacy is PrivacyClass.IDENTIFYING], step.table
        assert step.table.startswith("silver.") == ("_origin" in columns), step.table
    if trail.total is not None:
        tables.ask(trail.total.format_map(names))


@pytest.mark.parametrize("column", sorted(TRAILS))
def test_the_rule_is_where_the_trail_says(column):
    settings = settings_module.load()
    trail = TRAILS[column]

    module, _, name = trail.function.partition(":")
    source = ast.parse(
        (settings_module.REPOSITORY / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    )
    assert name in {n.name for n in source.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for file, parameters in trail.rules.items():
        assert set(parameters) <= set(settings_module.rules(settings, file)), file


def test_a_trail_is_declared_for_columns_that_exist_only():
    known = {c for t in CONTRACTS.tables.values() if t.key == walk.KEY for c in t.columns}

    assert set(TRAILS) <= known


def test_the_walk_imports_no_engine():
    for path in Path(walk.__file__).parent.glob("*.py"):
        assert "pyspark" not in path.read_text(encoding="utf-8"), path.name
