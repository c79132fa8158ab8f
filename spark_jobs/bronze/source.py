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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from spark_jobs.bronze import fast
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.pieces import Part, parts
from spark_jobs.bronze.records import Record
from spark_jobs.contracts.sources import SourceContract, load_sources

NAME = "oxpecker_bank_file"
PARTITIONS = 2
# A larger file is read in parts, side by side where there are cores.
SPLIT_BYTES = 64 * 1024**2
# So many records, or bytes of them, are handed on together at most, and what one piece adds.
MOST_KEPT = 2_000
MOST_KEPT_BYTES = 1024**2
# A longer line than the column can tell; its beginning is kept.
MOST_SHOWN_LENGTH = 2**31 - 1
PLACE = (
    "business_date date, _delivery_id string, _file_id string, _line_no bigint, _byte_offset bigint, _byte_len int, "
    "_record binary, _parse_status string, _reason_codes array<string>, _row_hash string, _arrived_at timestamp, "
    "_rescued map<string,string>"
)
# The line that names the columns, beside records kept aside: with it they can be read again without their file.
HEADER = "_header"
_TYPES = {
    "_feed": pa.string(), "_values": pa.list_(pa.string()),
    "business_date": pa.date32(), "_delivery_id": pa.string(), "_file_id": pa.string(), "_line_no": pa.int64(),
    "_byte_offset": pa.int64(), "_byte_len": pa.int32(), "_record": pa.binary(), "_parse_status": pa.string(),
    "_reason_codes": pa.list_(pa.string()), "_row_hash": pa.string(), "_arrived_at": pa.timestamp("us", "UTC"),
    "_rescued": pa.map_(pa.string(), pa.string()), HEADER: pa.binary(),
}  # fmt: skip


SCHEMA = f"_feed string, _values array<string>, {PLACE}, {HEADER} binary"


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
        """A worker costs about a second to start, so files share a few, the large ones spread first; a very large one is split."""
        sources = load_sources(tuple(Path(p) for p in self._conf_dirs))
        given = [part for each in self._files for part in _parted(each, sources[each["feed"]])]
        wanted = max(PARTITIONS, -(-sum(each["bytes"] for each in given) // (SPLIT_BYTES * 4)))
        groups: list[list[dict[str, Any]]] = [[] for _ in range(min(wanted, len(given)))]
        for each in sorted(given, key=lambda f: (-f["bytes"], f["file_id"], f["part"] or [])):
            min(groups, key=lambda group: sum(f["bytes"] for f in group)).append(each)
        return [_Files(group) for group in groups if group]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        assert isinstance(partition, _Files)
        sources = load_sources(tuple(Path(p) for p in self._conf_dirs))
        for given in partition.files:
            source = sources[given["feed"]]
            notices = Notices(source)
            part = Part(*given["part"]) if given["part"] else None
            # The few records of each piece that are not read by columns are handed on together: a batch costs more than a record.
            kept: list[Record] = []
            size = 0
            for some in fast.read(Path(given["path"]), source, part, notices):
                if isinstance(some, fast.Block):
                    yield _clean(some, given)
                    continue
                kept += some
                size += sum(len(record.raw) for record in some)
                if len(kept) >= MOST_KEPT or size >= MOST_KEPT_BYTES:
                    yield _batch(kept, given, notices, _header(kept, given, source))
                    kept, size = [], 0
            if kept:
                yield _batch(kept, given, notices, _header(kept, given, source))


def _parted(given: dict[str, Any], source: SourceContract) -> Iterator[dict[str, Any]]:
    """A file as one, or each part of a large one with its share of the bytes."""
    if given["bytes"] <= SPLIT_BYTES:
        yield given | {"part": None}
        return
    for part in parts(Path(given["path"]), source, SPLIT_BYTES):
        if part is None:
            yield given | {"part": None}
        else:
            size = (part.stop or given["bytes"]) - part.start
            yield given | {"part": [part.start, part.stop, part.number, part.is_last], "bytes": size}


def _clean(block: fast.Block, given: dict[str, Any]) -> pa.RecordBatch:
    """Records that were read by columns: none has a reason."""
    n = len(block.numbers)

    def same(name: str, value: Any) -> pa.Array:
        return pa.repeat(pa.scalar(value, _TYPES[name]), n)

    arrays: dict[str, pa.Array] = {
        "_feed": same("_feed", given["feed"]),
        "_values": block.values,
        "business_date": same("business_date", date.fromisoformat(given["business_date"])),
        "_delivery_id": same("_delivery_id", given["delivery_id"]),
        "_file_id": same("_file_id", given["file_id"]),
        "_line_no": pa.array(block.numbers),
        "_byte_offset": pa.array(block.offsets),
        "_byte_len": pc.binary_length(block.raw),
        "_record": block.raw,
        "_parse_status": same("_parse_status", "ok"),
        "_reason_codes": pa.ListArray.from_arrays(
            pa.array(np.zeros(n + 1, np.int32)), pa.array([], pa.string())
        ),
        "_row_hash": pa.array([row_hash(raw) for raw in block.raw.to_pylist()], pa.string()),
        "_arrived_at": same("_arrived_at", _instant(given)),
        "_rescued": pa.nulls(n, _TYPES["_rescued"]),
        HEADER: pa.nulls(n, _TYPES[HEADER]),
    }
    return pa.RecordBatch.from_arrays([arrays[name] for name in _TYPES], names=list(_TYPES))


def row_hash(raw: bytes) -> str:
    """Tells records apart within a feed; no token, bronze is sealed."""
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


def _instant(given: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(given["arrived_at"] + "+00:00")


def _header(records: list[Record], given: dict[str, Any], source: SourceContract) -> bytes | None:
    """The line that names the columns, where a record may need it to be read again."""
    if not source.layout.header or all(r.values is not None for r in records):
        return None
    return Cut(Path(given["path"]), source).header


def _batch(
    records: list[Record], given: dict[str, Any], notices: Notices, header: bytes | None = None
) -> pa.RecordBatch:
    n = len(records)
    arrays: dict[str, list[Any]] = {
        "_feed": [given["feed"]] * n,
        "_values": [r.values for r in records],
        "business_date": [date.fromisoformat(given["business_date"])] * n,
        "_delivery_id": [given["delivery_id"]] * n,
        "_file_id": [given["file_id"]] * n,
        "_line_no": [r.line_no for r in records],
        "_byte_offset": [r.offset for r in records],
        "_byte_len": [min(r.size, MOST_SHOWN_LENGTH) for r in records],
        "_record": [r.raw for r in records],
        "_parse_status": [
            "quarantined" if r.values is None else "repaired" if r.reasons else "ok" for r in records
        ],
        "_reason_codes": [
            r.reasons if r.values is None else [*r.reasons, *notices.of(r.values)] for r in records
        ],
        "_row_hash": [row_hash(r.raw) for r in records],
        "_arrived_at": [_instant(given)] * n,
        "_rescued": [list(r.rescued.items()) if r.rescued else None for r in records],
        HEADER: [header if r.values is None else None for r in records],
    }
    columns = [pa.array(values, _TYPES[name]) for name, values in arrays.items()]
    return pa.RecordBatch.from_arrays(columns, names=list(arrays))
