"""The Python Data Source that reads bank files of any feeds: Arrow batches of records with their place, values in the feed's order.

Runs inside Spark's Python workers; the feeds' contracts are read there from the configuration folders. Feeds share one read, because
each read starts Python anew three times over, which costs more than a small file.
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

from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.records import Record, read
from spark_jobs.contracts.sources import load_sources

NAME = "oxpecker_bank_file"
BATCH = 20_000
PARTITIONS = 2
PLACE = (
    "business_date date, _delivery_id string, _file_id string, _line_no bigint, _byte_offset bigint, _byte_len int, "
    "_record binary, _parse_status string, _reason_codes array<string>, _row_hash string, _arrived_at timestamp, "
    "_rescued map<string,string>"
)
_TYPES = {
    "_feed": pa.string(), "_values": pa.list_(pa.string()),
    "business_date": pa.date32(), "_delivery_id": pa.string(), "_file_id": pa.string(), "_line_no": pa.int64(),
    "_byte_offset": pa.int64(), "_byte_len": pa.int32(), "_record": pa.binary(), "_parse_status": pa.string(),
    "_reason_codes": pa.list_(pa.string()), "_row_hash": pa.string(), "_arrived_at": pa.timestamp("us", "UTC"),
    "_rescued": pa.map_(pa.string(), pa.string()),
}  # fmt: skip


SCHEMA = f"_feed string, _values array<string>, {PLACE}"


class BankFiles(DataSource):
    """`spark.read.format("oxpecker_bank_file")` with options conf_dirs (JSON) and files (JSON, each with its feed)."""

    @classmethod
    def name(cls) -> str:
        return NAME

    def schema(self) -> str:
        return SCHEMA

    def reader(self, schema: StructType) -> DataSourceReader:
        return _Reader(json.loads(self.options["conf_dirs"]), json.loads(self.options["files"]))


class _Files(InputPartition):
    """Some files that one worker reads one after another."""

    def __init__(self, files: list[dict[str, Any]]) -> None:
        super().__init__(files)
        self.files = files


class _Reader(DataSourceReader):
    def __init__(self, conf_dirs: list[str], files: list[dict[str, Any]]) -> None:
        self._conf_dirs = conf_dirs
        self._files = files

    def partitions(self) -> Sequence[InputPartition]:
        """A worker costs about a second to start, so files share a few, the large ones spread first."""
        groups: list[list[dict[str, Any]]] = [[] for _ in range(min(PARTITIONS, len(self._files)))]
        for given in sorted(self._files, key=lambda f: (-f["bytes"], f["file_id"])):
            min(groups, key=lambda group: sum(f["bytes"] for f in group)).append(given)
        return [_Files(group) for group in groups if group]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        assert isinstance(partition, _Files)
        sources = load_sources(tuple(Path(p) for p in self._conf_dirs))
        for given in partition.files:
            source = sources[given["feed"]]
            notices = Notices(source)
            pending: list[Record] = []
            for record in read(Path(given["path"]), source):
                pending.append(record)
                if len(pending) == BATCH:
                    yield _batch(pending, given, notices)
                    pending = []
            if pending:
                yield _batch(pending, given, notices)


def _batch(records: list[Record], given: dict[str, Any], notices: Notices) -> pa.RecordBatch:
    n = len(records)
    arrays: dict[str, list[Any]] = {
        "_feed": [given["feed"]] * n,
        "_values": [r.values for r in records],
        "business_date": [date.fromisoformat(given["business_date"])] * n,
        "_delivery_id": [given["delivery_id"]] * n,
        "_file_id": [given["file_id"]] * n,
        "_line_no": [r.line_no for r in records],
        "_byte_offset": [r.offset for r in records],
        "_byte_len": [r.size for r in records],
        "_record": [r.raw for r in records],
        "_parse_status": [
            "quarantined" if r.values is None else "repaired" if r.reasons else "ok" for r in records
        ],
        "_reason_codes": [
            r.reasons if r.values is None else [*r.reasons, *notices.of(r.values)] for r in records
        ],
        "_row_hash": [hashlib.blake2b(r.raw, digest_size=12).hexdigest() for r in records],
        "_arrived_at": [datetime.fromisoformat(given["arrived_at"] + "+00:00")] * n,
        "_rescued": [list(r.rescued.items()) if r.rescued else None for r in records],
    }
    columns = [pa.array(values, _TYPES[name]) for name, values in arrays.items()]
    return pa.RecordBatch.from_arrays(columns, names=list(arrays))
