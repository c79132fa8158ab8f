"""Runs the pipeline over a range of business dates, and does nothing where nothing changed.

For each stage the runner compares the Delta versions of what the stage reads, the rules and the stage's logic version with what
`ops.stage_commit` holds of its last time: the same → skipped, no commit. Otherwise the stage gets the dates asked for, widened
at the front to the oldest business date that a commit since then has touched (a resend, a late file), and at the end to the last
date that was ever processed, because later days depend on earlier ones.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from time import monotonic
from typing import Any, Protocol

from spark_jobs import pipeline
from spark_jobs.bronze.landing import arrived_bytes, fingerprint, landed
from spark_jobs.clock import RunContext, cut_off, utc_now
from spark_jobs.dates import DateRange
from spark_jobs.errors import HELD, OxpeckerError, ServerGone, SettingsError, nearest
from spark_jobs.models import registry
from spark_jobs.pipeline import Job
from spark_jobs.session import connect, give_back, work_on
from spark_jobs.settings import Settings
from spark_jobs.stage_ledger import Doing, LastTime, enter_run, enter_stage, last_times
from spark_jobs.tables import Lake
from spark_jobs.trouble import trouble_told
from spark_jobs.versions import rules_version, run_id

Progress = Callable[["StageResult"], None]


@dataclass(frozen=True)
class StageResult:
    """What happened to one stage. state: started | skipped | done | failed."""

    stage: str
    state: str
    dates: DateRange | None = None
    seconds: float = 0.0
    rows: Mapping[str, int] = field(default_factory=dict)
    message: str = ""


@dataclass
class RunSummary:
    """What a run did, stage by stage. state: published | unchanged | partial (only named jobs) | held | failed."""

    run_id: str
    dates: DateRange
    kind: str
    stages: list[StageResult] = field(default_factory=list)
    state: str = "published"
    exit_code: int = 0
    message: str = ""


class Runner:
    """One run over one lake. Under Airflow each stage is a process of its own and builds its own runner."""

    def __init__(
        self, settings: Settings, dates: DateRange, kind: str = "daily", lake: Lake | None = None
    ) -> None:
        self.settings = settings
        self.dates = dates
        self.kind = kind
        rules = rules_version(settings)
        if lake is None:
            # How far the run reaches, and with it who it is, is known once the ledger was read.
            unnamed = RunContext(dates, cut_off(settings, dates.last), rules, "", kind)
            lake = Lake(connect(settings), settings, unnamed)
        self.lake = lake
        self.ledger = last_times(self.lake)
        last = max([dates.last, *(each.to_date for each in self.ledger.values())])
        self.horizon = DateRange(dates.first, last)
        known_at = cut_off(settings, last)
        files = landed(settings.landing)
        before = cut_off(settings, dates.first - timedelta(days=1))
        work_on(self.lake.spark, settings, arrived_bytes(files, before, known_at))
        name = run_id(self.horizon, fingerprint(files, settings, known_at), rules)
        self.lake.run = RunContext(self.horizon, known_at, rules, name, kind)

    def _read_versions(self, stage: Job) -> dict[str, int]:
        versions = {}
        for table in self.lake.stored_tables():
            if any(fnmatchcase(table, pattern) for pattern in stage.reads):
                found = self.lake.version(table)
                if found is not None:
                    versions[table] = found
        for model, count in registry.counts(self.settings).items():
            if any(fnmatchcase(model, pattern) for pattern in stage.reads):
                versions[model] = count
        return versions

    def plan(self, stage: Job) -> tuple[DateRange, dict[str, int]] | None:
        """Dates the stage must work on now and the versions it reads; None where nothing has changed for it."""
        reads = self._read_versions(stage)
        last = self.ledger.get(stage.name)
        wanted = self.horizon
        if last is not None and self._is_settled(stage, last, reads):
            return None
        seen = last.read_versions if last is not None else {}
        # What is believed of days before the first that was ever processed concerns nobody.
        oldest = min([wanted.first, *(each.from_date for each in self.ledger.values())])
        for table in sorted(reads.keys() - registry.counts(self.settings).keys()):
            touched = self.lake.touched_since(table, seen.get(table, -1), reads[table])
            wanted = wanted.reaching(max(touched, oldest) if touched else None)
        return wanted, reads

    def _is_settled(self, stage: Job, last: LastTime, reads: Mapping[str, int]) -> bool:
        """Whether nothing the stage reads, no rule and no logic changed, and its dates are covered. Landing is always looked at."""
        same_logic = (last.rules_version, last.logic_version) == (
            self.lake.run.rules_version,
            stage.logic_version,
        )
        same_input = last.covers(self.dates) and dict(last.read_versions) == reads
        return "landing" not in stage.reads and same_logic and same_input

    # --- running --------------------------------------------------------------------------------------------

    def run_stage(self, stage: Job, progress: Progress, **options: Any) -> StageResult:
        """Plan, run and enter one stage into the ledger."""
        planned = self.plan(stage)
        if planned is None:
            result = StageResult(stage.name, "skipped")
            progress(result)
            return result
        dates, reads = planned
        progress(StageResult(stage.name, "started", dates))
        started, began = utc_now(), monotonic()
        self.lake.written.clear()
        if stage.option is not None:
            options["option"] = stage.option
        with trouble_told(self.settings):
            _entry(stage)(self.lake, dates, **options)
        seconds = round(monotonic() - began, 1)
        doing = Doing(stage, dates, reads, started, utc_now(), seconds)
        self.ledger[stage.name] = enter_stage(self.lake, doing, self.ledger.get(stage.name))
        rows = {w.table: w.rows for w in self.lake.written if w.committed}
        result = StageResult(stage.name, "done", dates, seconds, rows)
        progress(result)
        return result

    def enter(self, state: str, started: datetime) -> None:
        """Enter this run of the whole pipeline, with how it ended. started: naive UTC."""
        enter_run(self.lake, self.dates, self.kind, state, started)


def _entry(stage: Job) -> Callable[..., None]:
    """The function behind a stage; those of other packages are found by entry point."""
    if stage.entry.startswith("stage:"):
        name = stage.entry.removeprefix("stage:")
        found = {e.name: e for e in entry_points(group="oxpecker.stages")}
        if name not in found:
            raise SettingsError(f"no installed package brings the stage `{name}`; {nearest(name, found)}")
        function: Callable[..., None] = found[name].load()
        return function
    module, _, attribute = stage.entry.partition(":")
    function = getattr(importlib.import_module(module), attribute)
    return function


def run_range(
    settings: Settings,
    dates: DateRange,
    kind: str = "daily",
    jobs: Sequence[str] | None = None,
    progress: Progress = lambda result: None,
    *,
    lake: Lake | None = None,
) -> RunSummary:
    """Run the whole pipeline, or only the named jobs, in order (`drive`)."""
    started = utc_now()
    stages = None if jobs is None else tuple(pipeline.job(name) for name in jobs)
    return drive(Runner(settings, dates, kind, lake), started, stages, progress)


class Stages(Protocol):
    """What `drive` needs of a runner."""

    lake: Lake
    dates: DateRange
    kind: str

    def run_stage(self, stage: Job, progress: Progress) -> StageResult: ...

    def enter(self, state: str, started: datetime) -> None: ...


def drive(
    runner: Stages,
    started: datetime,
    stages: Sequence[Job] | None = None,
    progress: Progress = lambda result: None,
) -> RunSummary:
    """All stages of the pipeline, or only these, in order, and what became of the run. started: naive UTC.

    After an error nothing more is run but the stages that tell people of it. A known error gives the summary its exit code; any other
    is a bug and is raised once it has been told. Only runs of the whole pipeline are entered into `ops.run`.
    """
    summary = RunSummary(runner.lake.run.run_id, runner.dates, runner.kind)
    bug: Exception | None = None
    for stage in pipeline.JOBS if stages is None else stages:
        if summary.state != "published" and not stage.always:
            continue
        try:
            summary.stages.append(runner.run_stage(stage, progress))
        except ServerGone as problem:
            # Nobody is left who could be told, or write anything down.
            _fail(summary, stage, problem, progress)
            return summary
        except OxpeckerError as problem:
            _fail(summary, stage, problem, progress)
        except Exception as problem:
            _fail(summary, stage, problem, progress)
            bug = bug or problem
    if summary.state == "published":
        unchanged = all(s.state == "skipped" or not s.rows for s in summary.stages)
        summary.state = "unchanged" if unchanged else "published" if stages is None else "partial"
    if stages is None and summary.state != "unchanged":
        runner.enter(summary.state, started)
    if bug is not None:
        raise bug
    return summary


def _fail(summary: RunSummary, stage: Job, problem: Exception, progress: Progress) -> None:
    """Note what broke; what broke first decides how the run ends."""
    message = str(problem) if isinstance(problem, OxpeckerError) else type(problem).__name__
    failed = StageResult(stage.name, "failed", message=message)
    progress(failed)
    summary.stages.append(failed)
    if summary.state == "published":
        summary.exit_code = getattr(problem, "exit_code", OxpeckerError.exit_code)
        summary.message = message
        summary.state = "held" if summary.exit_code == HELD else "failed"


def run_job(
    settings: Settings,
    name: str,
    dates: DateRange,
    kind: str = "daily",
    progress: Progress = lambda result: None,
    **options: Any,
) -> StageResult:
    """One stage by itself, as Airflow starts it. Errors are raised, so that the task turns red."""
    with _a_runner(settings, dates, kind) as runner:
        return runner.run_stage(pipeline.job(name), progress, **options)


def close_run(settings: Settings, dates: DateRange, kind: str, state: str, started: datetime) -> None:
    """Enter a run whose stages were started one by one, as Airflow does. `started` may carry a zone."""
    begun = started.astimezone(UTC).replace(tzinfo=None) if started.tzinfo else started
    with _a_runner(settings, dates, kind) as runner:
        runner.enter(state, begun)


@contextmanager
def _a_runner(settings: Settings, dates: DateRange, kind: str) -> Iterator[Runner]:
    """A runner of this process alone: its session ends with the block."""
    runner = Runner(settings, dates, kind)
    try:
        yield runner
    finally:
        give_back(runner.lake.spark)
