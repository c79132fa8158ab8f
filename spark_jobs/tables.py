"""The only reader and publisher of tables: contract checked, idempotent, stamped.

A lake has a name (`prefix`), so that several live beside each other in one server. Jobs say names such as `silver.party`;
this module turns them into physical ones, casts and orders columns as the contract says, counts what the contract forbids
inside the write's own scan, and commits once per table and range.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fcntl import LOCK_EX, flock
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import delta_log
from spark_jobs import settings as settings_module
from spark_jobs.contracts import Contracts, TableContract
from spark_jobs.contracts import load as load_contracts
from spark_jobs.contracts.bronze import bronze_contract
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.model import HISTORY_COLUMNS, LAYERS, PrivacyClass, Write
from spark_jobs.contracts.sources import load_sources
from spark_jobs.contracts.spark_types import ddl, schema_of, spark_type
from spark_jobs.dates import DateRange
from spark_jobs.errors import ContractError, nearest
from spark_jobs.history import OPEN_INSTANT, count_changes, instant, next_history
from spark_jobs.privacy.tokens import Tokeniser, tokeniser
from spark_jobs.settings import Settings

# Independent tables are written side by side; more threads than this gain nothing on a small machine.
WRITERS = 4
BUCKETS = 64
OUTSIDE = "a row lies outside the range of business dates that is being written"
_BUCKETED = {"customer_bucket": "customer_id", "party_bucket": "party_id", "agreement_bucket": "agreement_id"}
_SKIPPING_TYPES = ("string", "int", "bigint", "date", "timestamp", "decimal")


def utc_now() -> datetime:
    """The one clock of the product, naive UTC. Only ledgers get to see it: nothing derived from data may depend on it."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class RunContext:
    """What is injected into every job of a run instead of a clock.

    known_at is naive UTC: the cut-off of the last business date.
    """

    dates: DateRange
    known_at: datetime
    rules_version: str
    run_id: str
    mode: str = "daily"


@dataclass
class Written:
    """What one publish did; the runner writes these into ops.stage_commit and the gates judge the measures."""

    table: str
    dates: DateRange | None
    rows: int
    committed: bool
    measures: dict[str, int] = field(default_factory=dict)


class Lake:
    """All tables of one bank, as one run sees them."""

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        run: RunContext,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.spark = spark
        self.clock = clock
        self.settings = settings
        self.run = run
        self.sources = load_sources(settings.conf_dirs)
        declared = load_contracts(settings.conf_dirs)
        bronze = {source.table: bronze_contract(source) for source in self.sources.values()}
        self.contracts = Contracts(declared.fields, {**declared.tables, **bronze})
        self.written: list[Written] = []
        self._schemas: set[str] = set()
        # Columns of the tables that this process has seen: asked of the server once.
        self._stored: dict[str, tuple[str, ...]] = {}
        self._made_of: dict[str, tuple[str, date]] = {}
        self._lock = Lock()

    # --- names and parameters -------------------------------------------------------------------------------

    def name(self, table: str) -> str:
        """Physical name: `silver.party` → `<prefix>silver.party`."""
        schema, dot, thing = table.partition(".")
        if not dot:
            raise ContractError(f"`{table}` names no layer; write it like `silver.party`")
        return f"{self.settings.prefix}{schema}.{thing}"

    def rules(self, name: str) -> Mapping[str, Any]:
        """Parameters of `conf/rules/<name>.yml`, overlays included."""
        return settings_module.rules(self.settings, name)

    def codes(self, name: str) -> Mapping[str, Mapping[str, str]]:
        """Rows of `conf/codes/<name>.csv` keyed by code."""
        return load_codes(self.settings.conf_dirs, name)

    @cached_property
    def tokens(self) -> Tokeniser:
        return tokeniser(self.settings, "lake")

    def token(self, kind: str, *columns: Column) -> Column:
        """Keyed token of these columns; null where any of them is null."""
        return self.tokens.column(kind, *columns)

    # --- reading --------------------------------------------------------------------------------------------

    def exists(self, table: str) -> bool:
        """Whether the table was ever written. The server is asked no more than once of a table that is there."""
        if table in self._stored:
            return True
        if self._is_local() and delta_log.newest(self.location(table)) is None:
            return False
        if not self.spark.catalog.tableExists(self.name(table)):
            return False
        self._stored[table] = tuple(self._all_of(table).columns)
        return True

    def ensure_table(self, table: str) -> None:
        """Create the table with no rows where it is missing, so that others can read of a bank without that system."""
        if not self.exists(table):
            self.ensure_schema(table.partition(".")[0])
            self._create(self.contracts.tables[table])

    def empty(self, table: str) -> DataFrame:
        """No rows, with the columns of the contract."""
        return self.spark.createDataFrame([], schema_of(self.contracts, table))

    def read(self, table: str, dates: DateRange | None = None, *, provenance: bool = False) -> DataFrame:
        """Rows of a table; of these business dates only where a range is given.

        A table that was never written reads as empty: a bank without that system just works. Columns that say where
        a row comes from (`_run_id`, `_rules_version`, `_origin`) are left out unless asked for, so that joins stay clean.
        """
        contract = self.contracts.table(table)
        wanted = [c for c in contract.stored_columns if provenance or not c.startswith("_")]
        if self.exists(table):
            # Written under an earlier contract, a table may lack columns: what it did not have is unknown.
            types = {f.name: spark_type(f.type) for f in self.contracts.stored_fields(table)}
            stored = self._stored[table]
            frame = self._all_of(table).select(
                *[F.col(c) if c in stored else F.lit(None).cast(types[c]).alias(c) for c in wanted]
            )
        else:
            frame = self.empty(table).select(*wanted)
        if dates is not None:
            frame = frame.where(F.col("business_date").between(F.lit(dates.first), F.lit(dates.last)))
        return frame

    def _all_of(self, table: str) -> DataFrame:
        """All that is stored of a table that exists. By its folder where that is seen: a name is looked up in the catalog with every analysis
        of every plan that holds it (seen: a tenth of the server's CPU on a small day).
        """
        if self._is_local():
            return self.spark.read.format("delta").load(str(self.location(table)))
        return self.spark.table(self.name(table))

    # --- writing --------------------------------------------------------------------------------------------

    def publish_all(self, frames: Mapping[str, DataFrame], dates: DateRange | None = None) -> None:
        """Publish independent tables side by side; the first error stops the stage after the others are done."""
        with ThreadPoolExecutor(WRITERS) as pool:
            for done in [pool.submit(self.publish, table, frame, dates) for table, frame in frames.items()]:
                done.result()

    def is_made_of(self, table: str, made_of: str, since: date) -> bool:
        """Whether the newest commit was made of just this, and the commits before it reach back to `since`.

        False where the log cannot be read here: then the table is made anew, which is never wrong.
        """
        stamp = delta_log.stamp(self.location(table)) if self._is_local() else {}
        return stamp.get("made_of") == made_of and stamp["since"] <= str(since)

    def publish(
        self, table: str, frame: DataFrame, dates: DateRange | None = None, *, within: Column | None = None,
        is_new: bool = False, made_of: str | None = None,
    ) -> None:  # fmt: skip
        """Write a table as its contract says. The same frame twice leaves the same rows.

        replace_range  `dates` is needed (default: the run's); rows outside of it are an error of the job
        history        the frame is the full current belief, with valid_from and valid_to
        within         narrows what a replaced range replaces, for example to the files being loaded; of a ledger that is appended to, the
                       rows that are amended: the frame has all of them anew
        is_new         the job vouches that no key of an appended frame is there yet, because it bears the moment it was made
        made_of        name of all that the frame was made of, kept with the commit for `is_made_of`
        """
        contract = self.contracts.table(table)
        dates = dates or self.run.dates
        if made_of is not None:
            with self._lock:
                self._made_of[table] = (made_of, dates.first)
        shaped = self._shaped(contract, frame)
        self.ensure_schema(contract.layer)
        with self._lease(table):
            self._take_up(contract)
            if contract.write is Write.HISTORY:
                written = self._write_history(contract, shaped)
            elif contract.write is Write.APPEND and within is None:
                written = self._append(contract, shaped, is_new=is_new)
            else:
                written = self._replace(contract, shaped, dates, within)
        with self._lock:
            self.written.append(written)

    def _shaped(self, contract: TableContract, frame: DataFrame) -> DataFrame:
        """The frame with the contract's columns, types and order, stamped."""
        for bucket, of in _BUCKETED.items():
            if bucket in contract.columns and bucket not in frame.columns and of in frame.columns:
                frame = frame.withColumn(bucket, F.pmod(F.xxhash64(of), F.lit(BUCKETS)).cast("int"))
        stamps = {"_run_id": self.run.run_id, "_rules_version": self.run.rules_version}
        for stamp, value in stamps.items():
            if stamp in contract.stored_columns:
                frame = frame.withColumn(stamp, F.lit(value))
        given_by_kernel = {"known_from", "known_to"} if contract.write is Write.HISTORY else set()
        wanted = [c for c in contract.stored_columns if c not in given_by_kernel]
        if "_origin" in wanted and "_origin" not in frame.columns:
            frame = frame.withColumn("_origin", F.lit(None))
        missing = [c for c in wanted if c not in frame.columns]
        if missing:
            hints = "; ".join(f"`{c}`: {nearest(c, frame.columns)}" for c in missing[:3])
            raise ContractError(f"{contract.table}: the job gives no column {', '.join(missing)} ({hints})")
        types = {f.name: spark_type(f.type) for f in self.contracts.stored_fields(contract.table)}
        return frame.select(*[F.col(c).cast(types[c]).alias(c) for c in wanted])

    def _replace(
        self, contract: TableContract, frame: DataFrame, dates: DateRange, within: Column | None
    ) -> Written:
        if contract.write is Write.REPLACE_RANGE:
            inside = F.col("business_date").between(F.lit(dates.first), F.lit(dates.last))
            replaced = inside if within is None else inside & within
            # Delta would check the condition itself, but only where it replaces, and it quotes the offending row.
            refused = F.raise_error(F.lit(OUTSIDE)).cast("date")
            frame = frame.withColumn(
                "business_date", F.when(inside, F.col("business_date")).otherwise(refused)
            )
            # Dates that no commit ever wrote need no replacing, which costs several times an append.
            is_fresh = self._is_local() and delta_log.never_wrote(self.location(contract.table), dates)
            try:
                measures = self._commit(
                    contract, frame, replacing=None if is_fresh else replaced, dates=dates
                )
            except PySparkException as problem:
                if OUTSIDE not in str(problem) and "DELTA_REPLACE_WHERE_MISMATCH" not in str(problem):
                    raise
                raise ContractError(
                    f"{contract.table}: the job gave rows outside {dates}, the range that is being replaced; "
                    "nothing was written"
                ) from None
            return Written(contract.table, dates, measures["row_cnt"], True, measures)
        # A ledger is added to; rows of it that `within` selects are amended.
        replaced = within if contract.write is Write.APPEND and within is not None else F.lit(True)
        measures = self._commit(contract, frame, replacing=replaced)
        return Written(contract.table, None, measures["row_cnt"], True, measures)

    def _write_history(self, contract: TableContract, belief: DataFrame) -> Written:
        payload = [c for c in contract.stored_columns if c not in HISTORY_COLUMNS and not c.startswith("_")]
        if not self.exists(contract.table):
            known = {"known_from": instant(self.run.known_at), "known_to": instant(OPEN_INSTANT)}
            first = belief.withColumns(known).select(*contract.stored_columns)
            measures = self._commit(contract, first, replacing=F.lit(True))
            return Written(contract.table, None, measures["row_cnt"], True, measures)
        stored = self.read(contract.table, provenance=True)
        # The belief is looked at twice, and making it is what costs.
        following = next_history(stored, belief.localCheckpoint(), self.run.known_at, payload)
        following = following.select(*contract.stored_columns).localCheckpoint()
        told = count_changes(stored, following, payload).collect()[0]
        if not told["changed_cnt"]:
            return Written(contract.table, None, 0, False)
        # Days before the last that are believed otherwise now have to be looked at again by whoever reads them.
        last = self.run.dates.last
        dates = DateRange(min(told["first_changed_date"] or last, last), last)
        measures = self._commit(contract, following, replacing=F.lit(True), dates=dates)
        return Written(contract.table, None, measures["row_cnt"], True, measures)

    def _append(self, contract: TableContract, frame: DataFrame, *, is_new: bool) -> Written:
        if not is_new and self.exists(contract.table):
            known = self._all_of(contract.table).select(*contract.key)
            frame = (
                frame.join(known, list(contract.key), "left_anti").select(*frame.columns).localCheckpoint()
            )
            if frame.isEmpty():
                return Written(contract.table, None, 0, False)
        measures = self._commit(contract, frame, replacing=None)
        return Written(contract.table, None, measures["row_cnt"], True, measures)

    # --- how a write is measured, stamped and guarded -------------------------------------------------------

    def _commit(
        self,
        contract: TableContract,
        frame: DataFrame,
        replacing: Column | None,
        dates: DateRange | None = None,
    ) -> dict[str, int]:
        """One commit: the rows that `replacing` selects make way for the frame (None: nothing does).

        Gives the counts that rode along with the write: rows, nulls where none may be, bad rows by check.
        """
        counts = [F.count(F.lit(1)).alias("row_cnt")]
        for column in dict.fromkeys((*contract.stored_key, *contract.not_null)):
            counts.append(F.count_if(F.col(column).isNull()).alias(f"null:{column}"))
        for check in contract.checks:
            counts.append(F.count_if(F.expr(check.where)).alias(f"check:{check.name}"))
        existed = self.exists(contract.table)
        if not existed:
            # Made and filled at once it would have neither these counts nor the stamp (seen with Delta 4.4), and be no sooner there.
            self._create(contract)
        else:
            self._add_columns(contract)
        # By name: an Observation would first ask the server whether the frame is a stream, which means to analyse it once more.
        observed = frame.observe(contract.table, *counts)
        writer = (
            observed.writeTo(self.name(contract.table))
            .option("userMetadata", self._stamp(contract, dates))
            .option("mergeSchema", "true")
        )
        if replacing is None or not existed:
            writer.append()
        else:
            writer.overwrite(replacing)
        before = self._stored.get(contract.table, ())
        self._stored[contract.table] = tuple(dict.fromkeys((*before, *contract.stored_columns)))
        return _observed(observed, contract.table)

    def _take_up(self, contract: TableContract) -> None:
        """Mend what the catalog knows nothing of: a table whose writer was killed while it made it, or whose catalog was lost."""
        folder = self.location(contract.table)
        if not self._is_local() or not folder.is_dir() or self.exists(contract.table):
            return
        if delta_log.newest(folder) in (None, 0):
            # Rows come by a second commit, once the catalog knows the table: there are none yet.
            shutil.rmtree(folder)
        else:
            schema, _, thing = self.name(contract.table).partition(".")
            self.spark.sql(f"CREATE TABLE `{schema}`.`{thing}` USING DELTA LOCATION '{folder}'")

    def _properties(self, contract: TableContract) -> dict[str, str]:
        """Statistics stay on harmless columns: Delta's log keeps minima and maxima for ever."""
        fields = self.contracts.stored_fields(contract.table)
        harmless = [
            f.name
            for f in fields
            if f.privacy is not PrivacyClass.IDENTIFYING
            and f.type.startswith(_SKIPPING_TYPES)
            and (f.name.endswith(("_date", "_id", "_bucket", "_code")) or f.name in HISTORY_COLUMNS)
        ]
        indexed = "delta.dataSkippingStatsColumns" if harmless else "delta.dataSkippingNumIndexedCols"
        return {indexed: ",".join(harmless) or "0", "oxpecker.sealed": str(contract.sealed).lower()}

    def _create(self, contract: TableContract) -> None:
        """An empty table."""
        told = ", ".join(f"'{key}' = '{value}'" for key, value in self._properties(contract).items())
        # Quoted: `identifier (` would be a clause of the language.
        schema, _, thing = self.name(contract.table).partition(".")
        columns = ddl(self.contracts.stored_fields(contract.table))
        self.spark.sql(f"CREATE TABLE `{schema}`.`{thing}` ({columns}) USING DELTA TBLPROPERTIES ({told})")

    def _add_columns(self, contract: TableContract) -> None:
        """What the contract asks for since. A write that widened the schema itself would note `string collate UTF8_BINARY`, which readers
        without Spark refuse (seen with Delta 4.4).
        """
        new = [
            f
            for f in self.contracts.stored_fields(contract.table)
            if f.name not in self._stored[contract.table]
        ]
        if new:
            schema, _, thing = self.name(contract.table).partition(".")
            self.spark.sql(f"ALTER TABLE `{schema}`.`{thing}` ADD COLUMNS ({ddl(tuple(new))})")

    def _stamp(self, contract: TableContract, dates: DateRange | None) -> str:
        """Who wrote this commit: run and, for dated tables, the business dates it touched. No personal value."""
        stamp: dict[str, Any] = {"run_id": self.run.run_id, "table": contract.table}
        if contract.table in self._made_of:
            made_of, since = self._made_of[contract.table]
            before = delta_log.stamp(self.location(contract.table)).get("since", str(since))
            stamp |= {"made_of": made_of, "since": min(before, str(since))}
        if dates is not None:
            stamp |= {"first": str(dates.first), "last": str(dates.last)}
        return json.dumps(stamp)

    def ensure_schema(self, layer: str) -> None:
        """The schema of a layer, in the folder of this lake."""
        with self._lock:
            if layer in self._schemas:
                return
            physical = f"{self.settings.prefix}{layer}"
            location = self.settings.warehouse / physical
            self.spark.sql(f"CREATE DATABASE IF NOT EXISTS `{physical}` LOCATION '{location}'")
            self._schemas.add(layer)

    @contextmanager
    def _lease(self, table: str) -> Iterator[None]:
        """One writer per table and machine: on a local disk Delta cannot see a writer in another process.

        The kernel frees the lock when the holder dies, so nothing is ever left locked.
        """
        folder = self.settings.home / "leases"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{self.name(table)}.lease").open("w") as lease:
            flock(lease, LOCK_EX)
            yield

    # --- versions -------------------------------------------------------------------------------------------

    def _is_local(self) -> bool:
        """Whether the tables lie on a disk that this process sees."""
        return self.settings.warehouse.is_dir()

    def location(self, table: str) -> Path:
        """Folder of a table of this lake on a local disk."""
        schema, thing = self.name(table).split(".", 1)
        return self.settings.warehouse / schema / thing

    def stored_tables(self) -> list[str]:
        """Logical names of all tables of this lake that were ever written, sorted."""
        prefix = self.settings.prefix
        if self.settings.warehouse.is_dir():
            logs = self.settings.warehouse.glob(f"{prefix}*/*/_delta_log")
            pairs = [(log.parent.parent.name, log.parent.name) for log in logs]
        else:
            pairs = [
                (schema.name, table.name)
                for schema in self.spark.catalog.listDatabases(f"{prefix}*")
                for table in self.spark.catalog.listTables(schema.name)
            ]
        layers = {f"{prefix}{layer}": layer for layer in (*LAYERS, "mart_build")}
        return sorted(f"{layers[schema]}.{thing}" for schema, thing in pairs if schema in layers)

    def touched_since(self, table: str, seen: int, now: int) -> date | None:
        """Oldest business date that the commits after version `seen` up to `now` wrote; None where they say none."""
        if self._is_local():
            written = [c.dates for c in delta_log.commits(self.location(table), seen, now)]
        else:
            history = self.spark.sql(f"DESCRIBE HISTORY {self.name(table)}")
            newer = history.where((F.col("version") > seen) & (F.col("version") <= now))
            written = [delta_log.dates_of(r["userMetadata"]) for r in newer.select("userMetadata").collect()]
        return min((dates.first for dates in written if dates is not None), default=None)

    def version(self, table: str) -> int | None:
        """Newest Delta version, None when the table was never written."""
        if self._is_local():
            return delta_log.newest(self.location(table))
        if not self.exists(table):
            return None
        newest = self.spark.sql(f"DESCRIBE HISTORY {self.name(table)} LIMIT 1").first()
        return None if newest is None else int(newest["version"])


def _observed(frame: DataFrame, name: str) -> dict[str, int]:
    """The counts that rode along with the frame's last execution."""
    counts: dict[str, int] = {}
    for observed, found in frame.executionInfo.flows if frame.executionInfo else ():
        if observed == name:
            counts |= {code: int(count or 0) for code, count in found.items()}
    if not counts:
        raise ContractError(f"{name}: the write gave no counts; without them no gate can judge it")
    return counts


def cut_off(settings: Settings, day: date) -> datetime:
    """The instant (naive UTC) up to which arrivals count for business date `day`: the cut-off time on the next day."""
    hour, minute = map(int, settings.cut_off.split(":"))
    local = datetime.combine(day + timedelta(days=1), time(hour, minute), ZoneInfo(settings.zone))
    return local.astimezone(UTC).replace(tzinfo=None)
