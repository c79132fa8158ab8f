"""What a table's log tells: its newest version, and whether any of some business dates may stand in it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from spark_jobs import delta_log
from spark_jobs.dates import DateRange

DAY = DateRange.parse("2026-09-29")


def commit(table: Path, version: int, operation: str = "WRITE", first: str = "", last: str = "") -> None:
    """One entry of the log, the way Delta writes it: who, then what."""
    info: dict[str, object] = {"operation": operation}
    if first:
        info["userMetadata"] = json.dumps({"run_id": "r", "first": first, "last": last})
    log = table / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    lines = [{"commitInfo": info}, {"add": {"path": "part-0.parquet", "stats": "commitInfo"}}]
    (log / f"{version:020d}.json").write_text("\n".join(json.dumps(line) for line in lines))


def test_a_table_without_a_commit_has_no_version_and_wrote_nothing(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()

    assert delta_log.newest(tmp_path) is None
    assert delta_log.never_wrote(tmp_path, DAY)


def test_the_version_is_that_of_the_newest_entry_or_checkpoint(tmp_path: Path) -> None:
    commit(tmp_path, 9)
    (tmp_path / "_delta_log" / "00000000000000000010.checkpoint.parquet").touch()

    assert delta_log.newest(tmp_path) == 10


@pytest.mark.parametrize(
    ("first", "last", "fresh"),
    [
        ("2026-09-21", "2026-09-28", True),
        ("2026-09-30", "2026-09-30", True),
        ("2026-09-21", "2026-09-29", False),
        ("2026-09-29", "2026-09-30", False),
    ],
)
def test_dates_are_fresh_where_no_commit_names_them(
    tmp_path: Path, first: str, last: str, fresh: bool
) -> None:
    commit(tmp_path, 0, "CREATE TABLE")
    commit(tmp_path, 1, "WRITE", first, last)

    assert delta_log.never_wrote(tmp_path, DAY) is fresh


def test_a_commit_that_names_no_dates_may_have_written_any(tmp_path: Path) -> None:
    commit(tmp_path, 0, "WRITE")

    assert not delta_log.never_wrote(tmp_path, DAY)


def test_an_entry_that_was_cleaned_away_may_have_written_any(tmp_path: Path) -> None:
    commit(tmp_path, 0, "WRITE", "2026-09-21", "2026-09-21")
    commit(tmp_path, 2, "WRITE", "2026-09-22", "2026-09-22")

    assert not delta_log.never_wrote(tmp_path, DAY)


def test_commits_tell_the_dates_they_wrote_in_order(tmp_path: Path) -> None:
    commit(tmp_path, 0, "CREATE TABLE")
    commit(tmp_path, 1, "WRITE", "2026-09-22", "2026-09-23")

    told = [(c.version, c.dates.first if c.dates else None) for c in delta_log.commits(tmp_path, -1, 1)]

    assert told == [(0, None), (1, date(2026, 9, 22))]


def test_the_stamp_is_that_of_the_newest_commit(tmp_path: Path) -> None:
    assert delta_log.stamp(tmp_path) == {}
    commit(tmp_path, 0, "CREATE TABLE")
    assert delta_log.stamp(tmp_path) == {}
    commit(tmp_path, 1, "WRITE", "2026-09-21", "2026-09-28")

    assert delta_log.stamp(tmp_path)["last"] == "2026-09-28"
