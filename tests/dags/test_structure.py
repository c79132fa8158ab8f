"""The DAGs only declare: their edges are the pipeline's, their dates are explicit, and each says what to do when it is red."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spark_jobs import orchestrator, pipeline
from spark_jobs import settings as settings_module
from spark_jobs.settings import REPOSITORY

DAGS = ("customer360_daily", "customer360_backfill")
JOBS = {job.name: job for job in pipeline.JOBS}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = orchestrator.environment(settings_module.load(home=tmp_path_factory.mktemp("home")))
    command = [sys.executable, "-m", "tests.support.dag_dump", str(REPOSITORY / "dags")]
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    content: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return content


def test_airflow_reads_both_dags_without_an_error(found: dict[str, Any]) -> None:
    assert found["errors"] == {}
    assert sorted(found["dags"]) == sorted(DAGS)


@pytest.mark.parametrize("dag", DAGS)
def test_each_job_is_one_task_behind_the_jobs_whose_output_it_reads(found: dict[str, Any], dag: str) -> None:
    tasks = found["dags"][dag]["tasks"]
    edges = {(up, name) for name in JOBS for up in tasks[name]["upstream"] if up in JOBS}

    assert set(JOBS) <= set(tasks)
    assert edges == set(pipeline.edges())


@pytest.mark.parametrize("dag", DAGS)
def test_bronze_is_one_task_per_source_system(found: dict[str, Any], dag: str) -> None:
    tasks = found["dags"][dag]["tasks"]

    assert [name for name, task in tasks.items() if task["mapped"]] == [
        n for n, j in JOBS.items() if j.per_system
    ]
    assert tasks["bronze"]["upstream"] == ["source_systems"]


@pytest.mark.parametrize("dag", DAGS)
def test_stages_share_the_pool_of_the_one_spark_server_and_repeat_where_that_is_safe(
    found: dict[str, Any], dag: str
) -> None:
    tasks = found["dags"][dag]["tasks"]

    assert {tasks[name]["pool"] for name in JOBS} == {orchestrator.POOL}
    assert {name: tasks[name]["retries"] for name in JOBS} == {
        name: job.retries for name, job in JOBS.items()
    }


@pytest.mark.parametrize("dag", DAGS)
def test_a_run_is_closed_whatever_became_of_its_stages(found: dict[str, Any], dag: str) -> None:
    close = found["dags"][dag]["tasks"]["close_run"]

    assert close["trigger_rule"] == "all_done"
    assert set(JOBS) <= set(close["upstream"])


@pytest.mark.parametrize("dag", DAGS)
def test_only_the_stewards_page_is_made_when_something_before_it_is_red(
    found: dict[str, Any], dag: str
) -> None:
    tasks = found["dags"][dag]["tasks"]

    assert {name for name in JOBS if tasks[name]["trigger_rule"] == "all_done"} == {"report"}
    assert {tasks[name]["trigger_rule"] for name in JOBS} == {"all_success", "all_done"}


def test_the_day_starts_in_the_morning_for_one_date_at_a_time_and_never_catches_up(
    found: dict[str, Any],
) -> None:
    daily = found["dags"]["customer360_daily"]

    assert daily["schedule"] == "30 6 * * *"
    assert (daily["catchup"], daily["max_active_runs"]) == (False, 1)
    assert daily["tasks"]["source_systems"]["upstream"] == ["wait_for_deliveries"]


def test_dates_are_checked_before_a_run_starts(found: dict[str, Any]) -> None:
    assert found["dags"]["customer360_daily"]["params"]["business_date"]["format"] == "date"
    backfill = found["dags"]["customer360_backfill"]["params"]
    assert {name: (p["type"], p["format"]) for name, p in backfill.items()} == {
        "from_date": ("string", "date"), "to_date": ("string", "date"),
    }  # fmt: skip


def test_every_stage_is_named_by_the_runbook_of_the_daily_dag(found: dict[str, Any]) -> None:
    runbook = found["dags"]["customer360_daily"]["doc"]
    named = [word.strip("`") for word in runbook.replace(",", " ").split() if word.startswith("`")]

    def told(task: str) -> bool:
        return any(task == name or (name.endswith("*") and task.startswith(name[:-1])) for name in named)

    assert [task for task in JOBS if not told(task)] == []


@pytest.mark.parametrize("dag", DAGS)
def test_every_stage_says_what_it_does_and_what_it_hands_on(found: dict[str, Any], dag: str) -> None:
    tasks = found["dags"][dag]["tasks"]

    assert all(tasks[name]["doc"] for name in JOBS)
    assert tasks["publish"]["outlets"] == ["customer360_release"]
    assert tasks["export"]["outlets"] == ["customer360_crm_files"]


@pytest.mark.parametrize("dag", DAGS)
def test_the_file_of_a_dag_defines_no_function(dag: str) -> None:
    tree = ast.parse((REPOSITORY / "dags" / f"{dag}.py").read_text(encoding="utf-8"))

    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef)
    ]


def test_no_date_or_parameter_reaches_a_shell_or_a_query() -> None:
    """Templates stand only in arguments of our own operators, which parse them as dates."""
    for path in Path(REPOSITORY / "dags").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "BashOperator" not in text and ".sql(" not in text, path.name
