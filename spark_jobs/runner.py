"""Runs the pipeline over a range of business dates, and does nothing where nothing changed.

For each stage the runner compares the Delta versions of what the stage reads, the rules and the stage's logic version with what
`ops.stage_commit` holds of its last time: the same → skipped, no commit. Otherwise the stage gets the dates asked for, widened
at the front to the oldest business date that a commit since then has touched (a resend, a late file), and at the end to the last
date that was ever processed, because later days depend on earlier ones.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from errno import ENOSPC
from fnmatch import fnmatchcase
from importlib.metadata import entry_points, version
from os import strerror
from pathlib import Path
from time import monotonic
from typing import Any

from grpc import RpcError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from spark_jobs import pipeline, server
from spark_jobs.clock import RunContext, cut_off, utc_now
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.shape import plain
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import OxpeckerError, ServerError, ServerGone, SettingsError, nearest
from spark_jobs.models import registry
from spark_jobs.pipeline import Job
from spark_jobs.session import connect, work_on
from spark_jobs.settings import IDENTITY_MODEL, Settings, overlaid_files, read_overlaid
from spark_jobs.tables import Lake

Clock = Callable[[], datetime]
Progress = Callable[["StageResult"], None]
STAGE_LEDGER = "ops.stage_commit"
LINEAGE = "ops.lineage_edge"
# Exit code of a decision not to publish: a required feed is held, or a gate failed.
HELD = 3
DECLARED = ("rules", "metrics", "contracts", "fields")


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


@dataclass(frozen=True)
class LastTime:
    """The newest ledger rows of one stage."""

    from_date: date
    to_date: date
    read_versions: Mapping[str, int]
    rules_version: str
    logic_version: int


def rules_version(settings: Settings) -> str:
    """Short hash of what the bank declares, after the overlays: rules, metrics, contracts, fields and code lists.

    Whoever mends a map or a code list and runs the same day again gets rows made anew.
    """
    dirs = settings.conf_dirs
    content: dict[str, Any] = {
        name: plain(read_overlaid(dirs, name), name)
        for folder in DECLARED
        for name in overlaid_files(dirs, folder)
    }
    for name in overlaid_files(dirs, "codes", "*.csv"):
        content[name] = load_codes(dirs, Path(name).stem)
    # What was learned counts as declared: another model makes rows anew.
    models = [path.read_bytes() for folder in dirs if (path := folder / IDENTITY_MODEL).is_file()]
    content["models"] = [hashlib.sha256(text).hexdigest() for text in models[-1:]]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def run_id(dates: DateRange, deliveries: str, rules: str) -> str:
    """Hash of the range, the deliveries that had arrived, the rules and the logic of every stage."""
    logic = {j.name: j.logic_version for j in pipeline.JOBS}
    content = json.dumps([str(dates), deliveries, rules, logic], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


class Runner:
    """One run over one lake. Under Airflow each stage is a process of its own and builds its own runner."""

    def __init__(
        self,
        settings: Settings,
        dates: DateRange,
        kind: str = "daily",
        *,
        clock: Clock = utc_now,
        lake: Lake | None = None,
    ) -> None:
        self.settings = settings
        self.dates = dates
        self.kind = kind
        self.clock = clock
        if lake is None:
            rules = rules_version(settings)
            context = RunContext(dates, cut_off(settings, dates.last), rules, "", kind)
            lake = Lake(connect(settings), settings, context, clock)
        self.lake = lake
        self.ledger = self._read_ledger()
        self._set_context()

    def _set_context(self) -> None:
        from spark_jobs.bronze.discovery import fingerprint, landed_bytes

        ends = [last.to_date for last in self.ledger.values()]
        horizon = max([self.dates.last, *ends])
        self.horizon = DateRange(self.dates.first, horizon)
        known_at = cut_off(self.settings, horizon)
        rules = rules_version(self.settings)
        seen = fingerprint(self.settings, known_at)
        before = cut_off(self.settings, self.dates.first - timedelta(days=1))
        work_on(self.lake.spark, self.settings, landed_bytes(self.settings, before, known_at))
        self.lake.run = RunContext(
            self.horizon, known_at, rules, run_id(self.horizon, seen, rules), self.kind
        )

    # --- the ledger -----------------------------------------------------------------------------------------

    def _read_ledger(self) -> dict[str, LastTime]:
        """The newest rows of each stage, with the dates all its times together have covered."""
        if not self.lake.exists(STAGE_LEDGER):
            return {}
        rows = self.lake.read(STAGE_LEDGER).collect()
        last: dict[str, LastTime] = {}
        for row in sorted(rows, key=lambda r: r["started_at"]):
            before = last.get(row["job_code"])
            reads = dict(row["read_versions"] or {})
            first = min(row["from_date"], before.from_date) if before else row["from_date"]
            end = max(row["to_date"], before.to_date) if before else row["to_date"]
            last[row["job_code"]] = LastTime(first, end, reads, row["rules_version"], row["logic_version"])
        return last

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
        covered = last.from_date <= self.dates.first and self.dates.last <= last.to_date
        return "landing" not in stage.reads and same_logic and covered and dict(last.read_versions) == reads

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
        started, began = self.clock(), monotonic()
        self.lake.written.clear()
        if stage.option is not None:
            options["option"] = stage.option
        with _trouble_told(self.settings):
            _entry(stage)(self.lake, dates, **options)
        seconds = round(monotonic() - began, 1)
        self._enter(stage, dates, reads, started, seconds)
        rows = {w.table: w.rows for w in self.lake.written if w.committed}
        result = StageResult(stage.name, "done", dates, seconds, rows)
        progress(result)
        return result

    def _enter(
        self, stage: Job, dates: DateRange, reads: dict[str, int], started: datetime, seconds: float
    ) -> None:
        committed = [w for w in self.lake.written if w.committed and not w.table.startswith("ops.")]
        if not committed and "landing" in stage.reads and stage.name in self.ledger:
            last = self.ledger[stage.name]
            if last.from_date <= dates.first and dates.last <= last.to_date:
                return  # Nothing new arrived for dates that were looked at before: nothing to say.
        run = self.lake.run
        ended = self.clock()
        rows = [
            (run.run_id, stage.name, table, dates.first, dates.last, run.rules_version, stage.logic_version, reads,
             self.lake.version(table) if table != stage.name else None, count, measures, seconds, started, ended)
            for table, count, measures in (
                [(w.table, w.rows, w.measures) for w in committed] or [(stage.name, 0, {})]
            )
        ]  # fmt: skip
        frame = self.lake.spark.createDataFrame(rows, schema_of(self.lake.contracts, STAGE_LEDGER))
        kept = list(self.lake.written)
        self.lake.publish(STAGE_LEDGER, frame, is_new=True)
        self.lake.written[:] = kept
        self.ledger[stage.name] = LastTime(
            min(dates.first, self.ledger[stage.name].from_date) if stage.name in self.ledger else dates.first,
            max(dates.last, self.ledger[stage.name].to_date) if stage.name in self.ledger else dates.last,
            reads, run.rules_version, stage.logic_version,
        )  # fmt: skip


@contextmanager
def _trouble_told(settings: Settings) -> Iterator[None]:
    """Whoever finds the disk full, this process or the server, and however the server ended, the person reads one line."""
    try:
        yield
    except (OSError, PySparkException, RpcError) as problem:
        if getattr(problem, "errno", None) == ENOSPC or strerror(ENOSPC) in str(problem):
            raise ServerError(
                f"the disk of {settings.home} is full; free some space or set OXPECKER_HOME to another disk, then run again: "
                "nothing is visible by half"
            ) from None
        if not isinstance(problem, OSError) and server.is_gone(settings):
            raise ServerGone(
                f"the Spark server ended in the middle of the stage; see {server.status(settings).log}, then run again: "
                "the server is started, and the run goes on where this one stopped"
            ) from None
        raise


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
    clock: Clock = utc_now,
    lake: Lake | None = None,
) -> RunSummary:
    """Run the whole pipeline, or only the named jobs, in order.

    After an error nothing more is run but the stages that tell people of it. A known error gives the summary its exit code; any other
    is a bug and is raised once it has been told. Only runs of the whole pipeline are entered into `ops.run`.
    """
    stages = pipeline.JOBS if jobs is None else tuple(pipeline.job(name) for name in jobs)
    started = clock()
    runner = Runner(settings, dates, kind, clock=clock, lake=lake)
    summary = RunSummary(runner.lake.run.run_id, dates, kind)
    bug: Exception | None = None
    for stage in stages:
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
        summary.state = "unchanged" if unchanged else "published" if jobs is None else "partial"
    if jobs is None and summary.state != "unchanged":
        _enter_run(runner, summary, started)
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
    return Runner(settings, dates, kind).run_stage(pipeline.job(name), progress, **options)


def close_run(settings: Settings, dates: DateRange, kind: str, state: str, started: datetime) -> None:
    """Enter a run whose stages were started one by one, as Airflow does. `started` may carry a zone."""
    runner = Runner(settings, dates, kind)
    begun = started.astimezone(UTC).replace(tzinfo=None) if started.tzinfo else started
    _enter_run(runner, RunSummary(runner.lake.run.run_id, dates, kind, state=state), begun)


def _enter_run(runner: Runner, summary: RunSummary, started: datetime) -> None:
    lake = runner.lake
    pointer = runner.settings.current_release
    release = json.loads(pointer.read_text())["release_id"] if pointer.is_file() else None
    row = (summary.run_id, summary.kind, summary.dates.first, summary.dates.last, version("oxpecker"),
           lake.run.rules_version, started, runner.clock(), summary.state, release)  # fmt: skip
    frame = lake.spark.createDataFrame([row], schema_of(lake.contracts, "ops.run"))
    lake.publish("ops.run", frame, is_new=True)
    _enter_lineage(lake)


def _enter_lineage(lake: Lake) -> None:
    """Which version of which table this run read to write which: what its rows of the stage ledger say, edge by edge."""
    wrote = lake.read(STAGE_LEDGER).where(
        (F.col("run_id") == lake.run.run_id) & F.col("delta_version_after").isNotNull()
    )
    edges = wrote.select(
        "run_id", "job_code", F.col("table_name").alias("to_ref"), F.col("delta_version_after").alias("to_version"),
        F.explode("read_versions").alias("from_ref", "from_version"),
    )  # fmt: skip
    lake.publish(LINEAGE, edges.where("from_ref NOT LIKE 'ops.%'").distinct())
