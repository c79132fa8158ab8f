"""The Python Data Source that reads bank files: one partition per file, Arrow batches of records with their place.

Runs inside Spark's Python workers; the feed's contract is read there from the configuration folders.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from spark_jobs.bronze.records import Record, read
from spark_jobs.contracts.sources import SourceContract, load_sources

NAME = "oxpecker_bank_file"
BATCH = 20_000
PARTITIONS = 2
PLACE = (
    "business_date date, _delivery_id string, _file_id string, _line_no bigint, _byte_offset bigint, _byte_len int, "
    "_record binary, _parse_status string, _reason_codes array<string>, _row_hash string, _arrived_at timestamp, "
    "_rescued map<string,string>"
)
_PLACE_TYPES = {
    "business_date": pa.date32(), "_delivery_id": pa.string(), "_file_id": pa.string(), "_line_no": pa.int64(),
    "_byte_offset": pa.int64(), "_byte_len": pa.int32(), "_record": pa.binary(), "_parse_status": pa.string(),
    "_reason_codes": pa.list_(pa.string()), "_row_hash": pa.string(), "_arrived_at": pa.timestamp("us", "UTC"),
    "_rescued": pa.map_(pa.string(), pa.string()),
}  # fmt: skip


def schema_of_feed(source: SourceContract) -> str:
    """All source columns as text, then where each record lies."""
    return ", ".join([*(f"`{name}` string" for name in source.names()), PLACE])


class BankFiles(DataSource):
    """`spark.read.format("oxpecker_bank_file")` with options feed, conf_dirs (JSON) and files (JSON)."""

    @classmethod
    def name(cls) -> str:
        return NAME

    def _source(self) -> SourceContract:
        dirs = tuple(Path(p) for p in json.loads(self.options["conf_dirs"]))
        return load_sources(dirs)[self.options["feed"]]

    def schema(self) -> str:
        return schema_of_feed(self._source())

    def reader(self, schema: StructType) -> DataSourceReader:
        return _Reader(self._source(), json.loads(self.options["files"]))


class _Files(InputPartition):
    """Some files that one worker reads one after another."""

    def __init__(self, files: list[dict[str, Any]]) -> None:
        super().__init__(files)
        self.files = files


class _Reader(DataSourceReader):
    def __init__(self, source: SourceContract, files: list[dict[str, Any]]) -> None:
        self._source = source
        self._files = files

    def partitions(self) -> Sequence[InputPartition]:
        """A worker costs about a second to start, so files share a few, the large ones spread first."""
        groups: list[list[dict[str, Any]]] = [[] for _ in range(min(PARTITIONS, len(self._files)))]
        for given in sorted(self._files, key=lambda f: (-f["bytes"], f["file_id"])):
            min(groups, key=lambda group: sum(f["bytes"] for f in group)).append(given)
        return [_Files(group) for group in groups if group]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        assert isinstance(partition, _Files)
        for given in partition.files:
            pending: list[Record] = []
            for record in read(Path(given["path"]).read_bytes(), self._source):
                pending.append(record)
                if len(pending) == BATCH:
                    yield _batch(pending, self._source, given)
                    pending = []
            if pending:
                yield _batch(pending, self._source, given)


def _batch(records: list[Record], source: SourceContract, given: dict[str, Any]) -> pa.RecordBatch:
    n = len(records)
    nothing: list[str | None] = [None] * len(source.fields)
    columns = list(zip(*[r.values if r.values is not None else nothing for r in records], strict=True))
    arrays = [pa.array(column, pa.string()) for column in columns]
    place: dict[str, list[Any]] = {
        "business_date": [date.fromisoformat(given["business_date"])] * n,
        "_delivery_id": [given["delivery_id"]] * n,
        "_file_id": [given["file_id"]] * n,
        "_line_no": [r.line_no for r in records],
        "_byte_offset": [r.offset for r in records],
        "_byte_len": [len(r.raw) for r in records],
        "_record": [r.raw for r in records],
        "_parse_status": [
            "quarantined" if r.values is None else "repaired" if r.reasons else "ok" for r in records
        ],
        "_reason_codes": [r.reasons for r in records],
        "_row_hash": [hashlib.blake2b(r.raw, digest_size=12).hexdigest() for r in records],
        "_arrived_at": [datetime.fromisoformat(given["arrived_at"] + "+00:00")] * n,
        "_rescued": [list(r.rescued.items()) if r.rescued else None for r in records],
    }
    names = [*source.names(), *place]
    arrays += [pa.array(values, _PLACE_TYPES[name]) for name, values in place.items()]
    return pa.RecordBatch.from_arrays(arrays, names=names)
