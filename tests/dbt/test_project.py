"""The dbt project as dbt itself reads it, without a server: every mart says what it is, and keeps to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from spark_jobs import settings as settings_module
from spark_jobs.contracts import load
from spark_jobs.errors import SettingsError
from spark_jobs.jobs import marts
from spark_jobs.settings import SHIPPED_CONF

CONTRACTS = load((SHIPPED_CONF,))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = settings_module.load(home=tmp_path_factory.mktemp("dbt"))
    parsed = marts.dbt(settings, "parse")
    assert parsed.returncode == 0, parsed.stdout[-2000:]
    told: dict[str, Any] = json.loads((settings.home / "dbt" / "target" / "manifest.json").read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}


def test_every_mart_of_the_contracts_has_a_model_and_the_other_way_round(models):
    assert set(models) == {c.thing for c in CONTRACTS.tables.values() if c.layer == "mart"}


def test_every_mart_keeps_its_contract_and_says_its_grain(models):
    for name, model in models.items():
        assert model["config"]["contract"]["enforced"], name
        assert "Grain: one row per " in model["description"], name


def test_every_mart_has_a_test_of_its_grain_on_its_own_key(manifest, models):
    tested = {
        node["attached_node"].split(".")[-1]: node["test_metadata"]["kwargs"]["columns"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "grain"
    }

    assert tested == {name: list(CONTRACTS.table(f"mart.{name}").key) for name in models}


def test_every_mart_belongs_to_a_group_that_somebody_owns(manifest, models):
    owned = {g["name"] for g in manifest["groups"].values() if g["owner"].get("name")}

    assert {model["group"] for model in models.values()} <= owned
    assert owned == {"customer", "experience", "lifecycle", "churn", "operations"}


@pytest.mark.requirement("R-IND-17")
def test_marts_read_sources_and_marts_and_never_a_supplier(manifest, models):
    layers = {source["source_name"] for source in manifest["sources"].values()}

    assert "bronze" not in layers
    for name, model in models.items():
        assert model["depends_on"]["nodes"], f"{name} reads nothing"


@pytest.mark.requirement("R-IND-17")
def test_each_source_that_a_mart_reads_is_awaited_by_the_stage_that_builds_it(manifest, models):
    from fnmatch import fnmatchcase

    from spark_jobs.pipeline import job

    read = {s for m in models.values() for s in m["depends_on"]["nodes"] if s.startswith("source.")}
    named = {"{}.{}".format(*s.split(".")[2:]) for s in read}

    assert not [
        table
        for table in sorted(named)
        if table != "ops.quality_verdict" and not any(fnmatchcase(table, p) for p in job("marts").reads)
    ]


def test_whoever_reads_the_marts_outside_is_named(manifest):
    exposures = {e["name"]: e for e in manifest["exposures"].values()}

    assert {"crm_customer_full", "crm_customer_delta", "manager_worklist", "steward_report"} <= set(exposures)
    assert all(e["owner"].get("name") and e["depends_on"]["nodes"] for e in exposures.values())


def test_every_singular_test_opens_with_its_rule_in_words():
    files = sorted((marts.PROJECT / "tests").glob("*.sql"))

    assert files
    assert not [f.name for f in files if not re.match(r"-- Rule: \S", Path(f).read_text("utf-8"))]


@pytest.mark.requirement("R-X-09")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"weights": {"x": 0, "s": 0.5, "b": 0.5}}, "`x` must be above 0"),
        ({"weights": {"x": 0.1, "s": 0.8, "b": 0.1}}, "`s` alone must not reach `min_coverage`"),
        ({"min_coverage": 0.35}, "durations are no experience"),
    ],
)
def test_a_journey_is_never_scored_by_the_banks_own_clocks_alone(changed, said):
    shipped = settings_module.rules(settings_module.load(), "experience")

    assert marts.heard(shipped) == shipped
    with pytest.raises(SettingsError, match=said):
        marts.heard({**shipped, **changed})
