"""What `make bench` says of what it measured."""

from __future__ import annotations

import json

import pytest

from scripts.bench import page, watch

MACHINE = {
    "cores": 2, "memory_gib": 24, "system": "Linux", "python": "3.11.7", "java": "17.0.1", "load_before": 0.1, "day": "2026-11-25",
}  # fmt: skip


def measured(secs: float, daily: float) -> dict:
    """A main job of three runs; the daily one spent half of its time in silver."""
    runs = [
        {"kind": "backfill", "first": "2026-08-27", "last": "2026-09-28", "secs": 200.0, "spark_secs": 150.0, "stages": {"bronze": 90.0}, "between_secs": 9.0},
        {"kind": "daily", "first": "2026-09-29", "last": "2026-09-29", "secs": daily, "spark_secs": daily / 4, "stages": {"silver": daily / 2},
         "between_secs": daily / 10},
    ]  # fmt: skip
    return {
        "secs": secs, "spark_secs": 200.0, "runs": runs, "pss_gib": 5.9, "rss_gib": 7.2, "parts_gib": {"Spark server": 3.5, "Airflow and its tasks": 2.4},
        "machine": MACHINE,
    }  # fmt: skip


def test_a_missed_target_is_told_with_where_the_time_goes():
    told = page.render("tiny", {"run": measured(500, 130)})

    assert "| 500 s | target 480 s: **missed** |" in told
    assert (
        "daily 2026-09-29: most of the stages' time goes to silver 65 s (100%); 13 s of the wall lie between the stages."
        in told
    )
    assert "| daily 2026-09-29 | 130 | 32 | 75% |" in told
    assert "idle before" in told
    assert "Not measured here: idle, dbt, write." in told


def test_a_target_that_is_met_is_met_without_excuses():
    told = page.render("tiny", {"run": measured(480, 120)})

    assert "missed" not in told
    assert "most of the stages' time" not in told
    assert "target 6 GiB: met" in told


@pytest.mark.parametrize(("versions", "verdict"), [(0, "met"), (1, "**missed**")])
def test_a_day_without_input_must_not_make_a_version(versions, verdict):
    told = page.render(
        "nano",
        {"idle": {"secs": 7.0, "all_secs": [6.0, 7.0, 9.0], "new_versions": versions, "machine": MACHINE}},
    )

    assert f"{versions} new table versions (target 0: {verdict})" in told


def test_a_ratio_is_the_median_of_rounds_which_are_told():
    """A round in which something else was at work, 20 to 10 s, is no slower than itself."""
    told = {
        "secs": 12.0,
        "direct_secs": 8.0,
        "statements": 3,
        "ratio": 2.0,
        "rounds": [(12.0, 8.0), (20.0, 10.0), (9.0, 4.0)],
    }

    assert (
        "2.0 times (median of the rounds' own ratios: 12.0 to 8.0, 20.0 to 10.0, 9.0 to 4.0)"
        in page.render("tiny", {"dbt": {**told, "machine": MACHINE}})
    )


def test_spark_is_at_work_while_any_job_or_statement_is(tmp_path):
    """Two jobs that overlap and a statement apart; a job without an end does not count."""
    sql = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution"
    events = [
        {"Event": "SparkListenerJobStart", "Job ID": 1, "Submission Time": 1000},
        {"Event": "SparkListenerJobStart", "Job ID": 2, "Submission Time": 2000},
        {"Event": "SparkListenerJobEnd", "Job ID": 1, "Completion Time": 3000},
        {"Event": "SparkListenerJobEnd", "Job ID": 2, "Completion Time": 5000},
        {"Event": f"{sql}Start", "executionId": 1, "time": 8000},
        {"Event": f"{sql}End", "executionId": 1, "time": 9000},
        {"Event": "SparkListenerJobStart", "Job ID": 3, "Submission Time": 9500},
    ]
    (tmp_path / "application").write_text("\n".join(map(json.dumps, events)))

    busy = watch.spark_intervals(tmp_path)

    assert busy == [(1.0, 5.0), (8.0, 9.0)]
    assert watch.covered(busy, 4.0, 8.5) == 1.5
