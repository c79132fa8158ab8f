"""What a run does after something went wrong, and what it enters as a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs import pipeline, runner, settings
from spark_jobs.dates import DateRange
from spark_jobs.errors import GateFailed, OxpeckerError
from spark_jobs.runner import RunSummary, StageResult
from spark_jobs.versions import rules_version

DAY = DateRange.day(date(2026, 9, 30))
NOON = datetime(2026, 10, 1, 12)
GATE = next(job.name for job in pipeline.JOBS if job.name.startswith("gate_"))
TELLING = [job.name for job in pipeline.JOBS if job.always]


class FakeRunner:
    """Runs stages by name only; those in `errors` fail. `asked` are all that were to run, `entered` the states of runs."""

    dates, kind = DAY, "daily"

    def __init__(self, errors: Mapping[str, Exception], rows: Mapping[str, int]) -> None:
        self.errors, self.rows = errors, rows
        self.asked: list[str] = []
        self.entered: list[str] = []
        self.lake: Any = SimpleNamespace(run=SimpleNamespace(run_id="run"))

    def run_stage(self, stage: pipeline.Job, progress: runner.Progress) -> StageResult:
        self.asked.append(stage.name)
        if stage.name in self.errors:
            raise self.errors[stage.name]
        return StageResult(stage.name, "done", DAY, 1.0, self.rows)

    def enter(self, state: str, started: datetime) -> None:
        self.entered.append(state)


def one(errors: Mapping[str, Exception] | None = None, rows: Mapping[str, int] | None = None) -> FakeRunner:
    return FakeRunner(errors or {}, {"silver.party": 1} if rows is None else rows)


def go(of: FakeRunner, *jobs: str, **options: Any) -> RunSummary:
    stages = tuple(pipeline.job(name) for name in jobs) or None
    return runner.drive(of, NOON, stages, **options)


def test_a_failed_gate_stops_everything_but_the_stewards_page() -> None:
    fake = one({GATE: GateFailed("two customers share an id")})

    summary = go(fake)

    names = [s.stage for s in summary.stages]
    assert names == [*names[: names.index(GATE) + 1], *TELLING]
    assert {s.stage: s.state for s in summary.stages}[TELLING[0]] == "done"
    assert (summary.state, summary.exit_code) == ("held", 3)
    assert fake.entered == ["held"]


def test_what_broke_first_decides_how_the_run_ends() -> None:
    summary = go(one({GATE: GateFailed("the gate"), TELLING[0]: OxpeckerError("the page")}))

    assert (summary.state, summary.exit_code, summary.message) == ("held", 3, "the gate")


def test_a_bug_is_told_on_the_stewards_page_and_still_shows_itself() -> None:
    fake = one({GATE: KeyError("cust_no 6228")})
    done: list[StageResult] = []

    with pytest.raises(KeyError):
        go(fake, progress=done.append)
    assert fake.entered == ["failed"]
    assert fake.asked[-1] == TELLING[-1]
    assert done[0].message == "KeyError"


def test_single_jobs_are_no_run_of_the_pipeline() -> None:
    fake = one()

    assert go(fake, GATE).state == "partial"
    assert fake.entered == []


def test_a_single_job_that_fails_has_its_exit_code_and_is_no_run_either() -> None:
    fake = one({GATE: GateFailed("no")})

    assert go(fake, GATE).exit_code == 3
    assert fake.entered == []


def test_a_run_that_wrote_nothing_is_not_entered() -> None:
    fake = one(rows={})

    assert go(fake).state == "unchanged"
    assert fake.entered == []


@pytest.mark.parametrize(
    ("folder", "name", "content"),
    [
        ("codes", "sex.csv", "code,zh,en,aliases\nX,其他,Other,X\n"),
        ("contracts/sources", "core__cif.yml", "checks: {not_null: [cust_no, cust_name]}\n"),
        ("rules", "tier.yml", "watch_months: 2\n"),
    ],
)
def test_what_the_bank_declares_otherwise_makes_its_rows_anew(
    tmp_path: Path, folder: str, name: str, content: str
) -> None:
    shipped = rules_version(settings.load())
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / name).write_text(content, encoding="utf-8")

    assert rules_version(settings.load()) == shipped
    assert rules_version(settings.load(overlay=tmp_path)) != shipped
