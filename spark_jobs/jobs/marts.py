"""Marts: one `dbt build` over Thrift, beside what is published. Unit tests of the models run in `make test`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from spark_jobs.dates import DateRange
from spark_jobs.errors import GateFailed, OxpeckerError, SettingsError
from spark_jobs.session import SMALL_DAY, is_on_small_day
from spark_jobs.settings import REPOSITORY, Settings
from spark_jobs.tables import Lake, Written, side_by_side

PROJECT = REPOSITORY / "dbt_project"
THREADS = 4
_SOURCE = re.compile(r"source\(\s*'(\w+)'\s*,\s*'(\w+)'\s*\)")


def write_profile(settings: Settings, session: Mapping[str, str] | None = None) -> Path:
    """dbt's own profile for this lake's server; holds an address on this machine and no secret. `session`: settings of its sessions."""
    folder = settings.home / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    target = {
        "type": "spark",
        "method": "thrift",
        "host": "127.0.0.1",
        "port": settings.server.thrift_port,
        "schema": "mart_build",
        "threads": THREADS,
        "connect_retries": 3,
        # The server answers a poll when the statement has ended, or after five seconds; dbt would sleep another five after each.
        "poll_interval": 0,
        # Spark's Thrift server heeds a setting of a session only where it is said to be one (seen with Spark 4.2).
        "server_side_parameters": {f"set:hiveconf:{key}": value for key, value in (session or {}).items()},
    }
    content = {"oxpecker": {"target": "lake", "outputs": {"lake": target}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def dbt(
    settings: Settings,
    *arguments: str,
    dates: DateRange | None = None,
    rules: Mapping[str, Any] | None = None,
    session: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one dbt command for this lake; the caller judges its exit code. `rules` become variables of the project, `session` settings of the
    server's sessions."""
    folder = write_profile(settings, session)
    variables: dict[str, Any] = {"prefix": settings.prefix, **(rules or {})}
    command = [
        str(Path(sys.executable).with_name("dbt")), "--quiet", *arguments,
        "--project-dir", str(PROJECT), "--profiles-dir", str(folder),
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        "--vars", json.dumps(variables),
    ]  # fmt: skip
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    if dates is not None:
        environment |= {"OXPECKER_BUILD_FROM": str(dates.first), "OXPECKER_BUILD_TO": str(dates.last)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def sources(project: Path = PROJECT) -> list[str]:
    """Logical names of the tables that models and tests of the project read, sorted."""
    files = [*project.glob("models/**/*.sql"), *project.glob("tests/**/*.sql")]
    named = {pair for path in files for pair in _SOURCE.findall(path.read_text(encoding="utf-8"))}
    return sorted(f"{layer}.{thing}" for layer, thing in named)


@contextmanager
def _views(lake: Lake, tables: Sequence[str]) -> Iterator[None]:
    """These tables as views that every session of the server sees (macros/source.sql), for as long as the block lasts.

    Views of a run that was killed here are replaced by the next one.
    """
    names = {table: lake.name(table).replace(".", "__") for table in tables}

    def make(table: str) -> None:
        lake.ensure_table(table)
        lake.all_rows(table).createOrReplaceGlobalTempView(names[table])

    side_by_side(partial(make, table) for table in tables)
    try:
        yield
    finally:
        side_by_side(partial(lake.spark.catalog.dropGlobalTempView, name) for name in names.values())


def results(settings: Settings) -> list[dict[str, Any]]:
    """What dbt says of each node of its last command."""
    path = settings.home / "dbt" / "target" / "run_results.json"
    found: list[dict[str, Any]] = (
        json.loads(path.read_text(encoding="utf-8"))["results"] if path.is_file() else []
    )
    return found


def heard(experience: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same rules; weights by which a journey could be scored from the bank's own clocks alone are refused.

    What customers say must count, and the service they met (S) must be too little for a score where nothing else is known.
    """
    weights = {part: Decimal(str(weight)) for part, weight in experience["weights"].items()}
    if weights["x"] <= 0:
        raise SettingsError(
            "rules/experience.yml, weights: `x` must be above 0; a score of journeys needs what customers say"
        )
    if weights["s"] / sum(weights.values()) >= Decimal(str(experience["min_coverage"])):
        raise SettingsError(
            "rules/experience.yml: `s` alone must not reach `min_coverage`; durations are no experience"
        )
    return experience


def run(lake: Lake, dates: DateRange) -> None:
    """Build and test all marts for these dates. A failed test stops publication, a broken model is an error."""
    lake.ensure_schema("mart_build")
    (lake.settings.home / "dbt" / "target" / "run_results.json").unlink(missing_ok=True)
    given = {
        "by_view": True,
        "manager_capacity": int(lake.rules("guard")["manager_capacity"]),
        "min_customers": int(lake.rules("metric")["min_customers"]),
        "experience": dict(heard(lake.rules("experience"))),
        "churn_reasons": {
            code: {word: row[word] for word in ("zh", "en", "action_zh", "action_en")}
            for code, row in lake.codes("churn_reason").items()
        },
        "tier_goals": {tier: each["goal"] for tier, each in lake.rules("tier")["strategies"].items()},
        "pension": dict(lake.rules("segment")["pension"]),
    }
    session = SMALL_DAY if is_on_small_day(lake.spark) else {}
    build = ("build", "--exclude-resource-type", "unit_test")
    with _views(lake, sources()):
        done = dbt(lake.settings, *build, dates=dates, rules=given, session=session)
    nodes = results(lake.settings)
    for node in nodes:
        kind, _, name = node["unique_id"].split(".")[:3]
        if kind == "model" and node["status"] == "success":
            lake.written.append(Written(f"mart_build.{name}", dates, 0, True))
    if done.returncode == 0:
        return
    failed = [n for n in nodes if n["status"] in ("fail", "error")]
    tests = sorted(n["unique_id"].split(".")[2] for n in failed if n["unique_id"].startswith("test."))
    models = sorted(n["unique_id"].split(".")[2] for n in failed if n["unique_id"].startswith("model."))
    log = lake.settings.home / "dbt" / "logs" / "dbt.log"
    if tests and not models:
        raise GateFailed(
            f"marts: {len(tests)} dbt tests failed: {', '.join(tests)}; nothing is published. See {log}"
        )
    broken = ", ".join(models) or "the project does not compile"
    raise OxpeckerError(f"marts: dbt stopped at {broken}; nothing is published. See {log}")
