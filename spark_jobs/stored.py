"""The files of a Delta table and their rows, read and written without a Spark server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from pyarrow.dataset import Dataset, ParquetReadOptions
from pyspark.sql.types import StructType

from spark_jobs.dates import DateRange
from spark_jobs.delta_log import PLAIN_READER

# A lake may hold instants of 96 bits (Spark's default, another cluster's writes). Arrow reads those in nanoseconds unless told
# otherwise, where 9999-12-31, the end of what is still true, has no place.
_MICROSECONDS = ParquetReadOptions(coerce_int96_timestamp_unit="us")


def dataset(table: DeltaTable) -> Dataset:
    """The table's version as an Arrow dataset, instants in microseconds; nothing is read yet."""
    found: Dataset = table.to_pyarrow_dataset(parquet_read_options=_MICROSECONDS)
    return found


@dataclass(frozen=True)
class DataFile:
    """A file of so many bytes and rows (0 where the log does not say). dates: business dates that its rows lie within; None likewise."""

    path: Path
    size: int
    rows: int
    dates: DateRange | None


@dataclass(frozen=True)
class Contents:
    """One version of a table: its columns and its files."""

    schema: StructType
    files: Sequence[DataFile]

    def reaching(self, dates: DateRange | None) -> list[DataFile]:
        """Files that may hold rows of these business dates; None: all files."""
        return [f for f in self.files if dates is None or f.dates is None or f.dates.meets(dates)]


def contents(folder: Path, version: int) -> Contents | None:
    """What the table in this folder holds as of a version; None where a reader has to know more of it than which files it has."""
    table = DeltaTable(str(folder), version=version)
    if table.protocol().min_reader_version > PLAIN_READER or table.metadata().partition_columns:
        return None
    added = pa.table(table.get_add_actions(flatten=True))
    unknown = pa.nulls(added.num_rows)
    told = [
        (added[column] if column in added.column_names else unknown).to_pylist()
        for column in ("path", "size_bytes", "num_records", "min.business_date", "max.business_date")
    ]
    files = [
        DataFile(
            folder / path, size, rows or 0, None if first is None or last is None else DateRange(first, last)
        )
        for path, size, rows, first, last in sorted(zip(*told, strict=True))
    ]
    return Contents(StructType.fromJson(json.loads(table.schema().to_json())), files)


def write(folder: Path, rows: pa.Table, stamp: str, *, replacing: str | None) -> None:
    """One commit of these rows. replacing: condition in SQL on the rows that make way; None: none does.

    Columns are the table's, in any order, cast to its types. Raises where a row does not meet the condition, and where another has
    committed meanwhile; nothing is committed then.
    """
    table = DeltaTable(str(folder))
    told = CommitProperties(custom_metadata={"userMetadata": stamp})
    if replacing is None:
        write_deltalake(table, rows, mode="append", commit_properties=told)
    else:
        write_deltalake(table, rows, mode="overwrite", predicate=replacing, commit_properties=told)
