"""One write of one table: columns and types as its contract says, counts of what the contract forbids, one commit with a stamp.

The counts ride along with the write's own scan: no table is read again to be judged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs import delta_log, stored
from spark_jobs.catalog import Catalog
from spark_jobs.clock import RunContext
from spark_jobs.contracts import TableContract
from spark_jobs.contracts.model import HISTORY_COLUMNS, Write
from spark_jobs.contracts.spark_types import spark_type
from spark_jobs.dates import DateRange
from spark_jobs.errors import ContractError, nearest
from spark_jobs.history import OPEN_INSTANT, count_changes, instant, next_history

BUCKETS = 64
# As many rows, or as many bytes of files, are fetched and committed without Delta's jobs in the server.
ROWS_CARRIED = 50_000
BYTES_CARRIED = 8 * 1024**2
ALL_ROWS = "true"
OUTSIDE = "a row lies outside the range of business dates that is being written"
_BUCKETED = {"customer_bucket": "customer_id", "party_bucket": "party_id", "agreement_bucket": "agreement_id"}


@dataclass
class Written:
    """What one publish did; the runner writes these into ops.stage_commit and the gates judge the measures."""

    table: str
    dates: DateRange | None
    rows: int
    committed: bool
    measures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Publication:
    """One write of one table by one run. `within`, `is_new`, `made_of` and `is_large` are those of `Lake.publish`."""

    catalog: Catalog
    run: RunContext
    contract: TableContract
    dates: DateRange
    within: Column | None = None
    is_new: bool = False
    made_of: str | None = None
    is_large: bool = False

    @property
    def table(self) -> str:
        return self.contract.table

    def shaped(self, frame: DataFrame) -> DataFrame:
        """The frame with the contract's columns, types and order, stamped. A column that the job does not give is an error."""
        contract = self.contract
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
            raise ContractError(f"{self.table}: the job gives no column {', '.join(missing)} ({hints})")
        types = {f.name: spark_type(f.type) for f in self.catalog.contracts.stored_fields(self.table)}
        return frame.select(*[F.col(c).cast(types[c]).alias(c) for c in wanted])

    def write(self, shaped: DataFrame) -> Written:
        """Write what `shaped` gave, the way the contract says. Whoever calls holds the table's lease."""
        self.catalog.sweep(self.contract.table)
        if self.contract.write is Write.HISTORY:
            return self._learn(shaped)
        if self.contract.write is Write.REPLACE_RANGE:
            return self._replace_range(shaped)
        if self.contract.write is Write.APPEND:
            return self._append(shaped) if self.within is None else self._replace(shaped, self.within)
        return self._replace(shaped, ALL_ROWS)

    # --- the ways of writing --------------------------------------------------------------------------------

    def _replace(self, frame: DataFrame, replaced: Column | str) -> Written:
        return self._written(self._commit(frame, replacing=replaced))

    def _replace_range(self, frame: DataFrame) -> Written:
        dates = self.dates
        told = f"business_date BETWEEN DATE '{dates.first}' AND DATE '{dates.last}'"
        inside = F.expr(told)
        replaced = told if self.within is None else inside & self.within
        # Delta would check the condition itself, but only where it replaces, and it quotes the offending row.
        refused = F.raise_error(F.lit(OUTSIDE)).cast("date")
        frame = frame.withColumn("business_date", F.when(inside, F.col("business_date")).otherwise(refused))
        # Dates that no commit ever wrote need no replacing, which costs several times an append.
        is_fresh = self.catalog.is_local and delta_log.never_wrote(self.catalog.location(self.table), dates)
        try:
            measures = self._commit(frame, replacing=None if is_fresh else replaced, dates=dates)
        except PySparkException as problem:
            if OUTSIDE not in str(problem) and "DELTA_REPLACE_WHERE_MISMATCH" not in str(problem):
                raise
            raise ContractError(
                f"{self.table}: the job gave rows outside {dates}, the range that is being replaced; "
                "nothing was written"
            ) from None
        return self._written(measures, dates)

    def _learn(self, belief: DataFrame) -> Written:
        """A bitemporal table after this belief; no commit where nothing is believed otherwise."""
        columns = self.contract.stored_columns
        payload = [c for c in columns if c not in HISTORY_COLUMNS and not c.startswith("_")]
        if not self.catalog.exists(self.table):
            known = {"known_from": instant(self.run.known_at), "known_to": instant(OPEN_INSTANT)}
            return self._replace(belief.withColumns(known).select(*columns), ALL_ROWS)
        was = self.catalog.read(self.table, provenance=True)
        # The belief is looked at twice, and making it is what costs.
        following = next_history(was, belief.localCheckpoint(), self.run.known_at, payload)
        following = following.select(*columns).localCheckpoint()
        told = count_changes(was, following, payload).collect()[0]
        if not told["changed_cnt"]:
            return Written(self.table, None, 0, False)
        # Days before the last that are believed otherwise now have to be looked at again by whoever reads them.
        last = self.run.dates.last
        dates = DateRange(min(told["first_changed_date"] or last, last), last)
        return self._written(self._commit(following, replacing=ALL_ROWS, dates=dates))

    def _append(self, frame: DataFrame) -> Written:
        """Rows whose key is not there yet; no commit where there are none."""
        if self.is_new or not self.catalog.exists(self.table):
            return self._written(self._commit(frame, replacing=None))
        key = self.contract.key
        known = self.catalog.all_rows(self.table).select(*key)
        fresh = frame.join(known, list(key), "left_anti").select(*frame.columns)
        counts = self._commit(fresh, replacing=None, even_none=False)
        return self._written(counts) if counts["row_cnt"] else Written(self.table, None, 0, False)

    def _written(self, measures: dict[str, int], dates: DateRange | None = None) -> Written:
        return Written(self.table, dates, measures["row_cnt"], True, measures)

    # --- the commit -----------------------------------------------------------------------------------------

    def _commit(
        self, frame: DataFrame, replacing: Column | str | None, dates: DateRange | None = None, *, even_none: bool = True
    ) -> dict[str, int]:  # fmt: skip
        """One commit: the rows that `replacing` selects make way for the frame (None: nothing does). A text says what any engine
        understands, a column what only Spark does. even_none: commit even where there are no rows.

        Gives the counts that rode along with the write: rows, nulls where none may be, bad rows by check.
        """
        existed = self.catalog.make_room(self.contract)
        stamp = self._stamp(dates)
        counts = None if isinstance(replacing, Column) else self._carried(frame, replacing, stamp, even_none)
        if counts is None:
            if not even_none and (frame := frame.localCheckpoint()).isEmpty():
                return {"row_cnt": 0}
            observed = self._observed(frame)
            writer = (
                observed.writeTo(self.catalog.name(self.table))
                .option("userMetadata", stamp)
                .option("mergeSchema", "true")
            )
            if replacing is None or not existed:
                writer.append()
            else:
                writer.overwrite(F.expr(replacing) if isinstance(replacing, str) else replacing)
            counts = _counted(observed, self.table)
        self.catalog.note_columns(self.contract)
        return counts

    def _carried(
        self, frame: DataFrame, replacing: str | None, stamp: str, even_none: bool
    ) -> dict[str, int] | None:
        """Fetch the rows and commit them from here, where they are few. None: nothing was written.

        In the server a commit of any size is several jobs: what the log says, which files make way, the rows, their statistics (seen: 0.8 to
        1 CPU s for each of the two hundred of a small bank's day, against 0.05 here).
        """
        if self.is_large or not self._is_small(replacing):
            return None
        few = self._observed(frame).limit(ROWS_CARRIED + 1)
        rows = few.toArrow()
        if rows.num_rows > ROWS_CARRIED:
            return None
        if rows.num_rows or even_none:
            stored.write(self.catalog.location(self.table), rows, stamp, replacing=replacing)
        return _counted(few, self.table)

    def _is_small(self, replacing: str | None) -> bool:
        """Whether few rows are to be expected: as many as make way, or as the largest file has where none do.

        Never where a row may be of any length, as bytes that could not be read. (What bronze keeps of a record that was read has a limit.)
        """
        fields = self.catalog.contracts.stored_fields(self.table)
        found = self.catalog.committed(self.table)
        if found is None or any(f.type == "binary" and not f.name.startswith("_") for f in fields):
            return False
        going = found.reaching(None if replacing == ALL_ROWS else self.dates) if replacing else []
        size = max(sum(f.size for f in going), *(f.size for f in found.files), 0)
        rows = max(sum(f.rows for f in going), *(f.rows for f in found.files), 0)
        return size <= BYTES_CARRIED and rows <= ROWS_CARRIED

    def _observed(self, frame: DataFrame) -> DataFrame:
        """The frame, whose next execution counts its rows, nulls where none may be, and bad rows by check.

        By name: an Observation would first ask the server whether the frame is a stream, which means to analyse it once more.
        """
        return frame.observe(self.table, *self._counts())

    def _counts(self) -> list[Column]:
        counts = [F.count(F.lit(1)).alias("row_cnt")]
        for column in dict.fromkeys((*self.contract.stored_key, *self.contract.not_null)):
            counts.append(F.count_if(F.col(column).isNull()).alias(f"null:{column}"))
        for check in self.contract.checks:
            counts.append(F.count_if(F.expr(check.where)).alias(f"check:{check.name}"))
        return counts

    def _stamp(self, dates: DateRange | None) -> str:
        """Who wrote this commit: run and, for dated tables, the business dates it touched. No personal value."""
        stamp: dict[str, Any] = {"run_id": self.run.run_id, "table": self.table}
        if self.made_of is not None:
            since = str(self.dates.first)
            before = delta_log.stamp(self.catalog.location(self.table)).get("since", since)
            stamp |= {"made_of": self.made_of, "since": min(before, since)}
        if dates is not None:
            stamp |= {"first": str(dates.first), "last": str(dates.last)}
        return json.dumps(stamp)


def _counted(frame: DataFrame, name: str) -> dict[str, int]:
    """The counts that rode along with the frame's last execution."""
    counts: dict[str, int] = {}
    for observed, found in frame.executionInfo.flows if frame.executionInfo else ():
        if observed == name:
            counts |= {code: int(count or 0) for code, count in found.items()}
    if not counts:
        raise ContractError(f"{name}: the write gave no counts; without them no gate can judge it")
    return counts
