"""Records that carry the names of their fields: JSON lines, and the rows of Parquet files. No Spark.

A field is found by its name in the file; `after.purpose` names a field of an object inside the record. Numbers keep the digits they were
written with. What the contract does not know is rescued with the record, and so is a value of another shape than a plain one.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.contracts.sources import SourceField

_MISSING = object()


class RecordError(ValueError):
    """The record cannot be read; the text is the reason code."""


def parse_json(raw: bytes, encoding: str) -> dict[str, Any]:
    """The object of one line. Errors: undecodable, json_invalid, json_not_an_object, json_key_twice."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as problem:
        raise RecordError("undecodable") from problem
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)
    except RecordError:
        raise
    except (ValueError, RecursionError) as problem:
        raise RecordError("json_invalid") from problem
    if not isinstance(found, dict):
        raise RecordError("json_not_an_object")
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name: which one was meant nobody can say, so the record is not read."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RecordError("json_key_twice")
    return made


def place(
    record: Mapping[str, Any], fields: Sequence[SourceField]
) -> tuple[list[str | None], dict[str, str], bool]:
    """Values in the contract's order, what the contract does not know, and whether a value had another shape than a plain one."""
    used: set[tuple[str, ...]] = set()
    rescued: dict[str, str] = {}
    values: list[str | None] = []
    misshapen = False
    for declared in fields:
        path = tuple(declared.source_name.split("."))
        if len(path) > 1 and declared.source_name in record:
            path = (declared.source_name,)
        found = _at(record, path)
        used.add(path)
        if isinstance(found, dict | list):
            rescued[declared.source_name] = json.dumps(found, ensure_ascii=False)
            misshapen = True
            values.append(None)
        else:
            values.append(None if found is _MISSING else _text(found, declared))
    for path, found in _leaves(record, ()):
        if path not in used and not any(path[: len(u)] == u or u[: len(path)] == path for u in used):
            rescued[".".join(path)] = (
                found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
            )
    return values, rescued, misshapen


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(record, dict) or name not in record:
            return _MISSING
        record = record[name]
    return record


def _leaves(record: Mapping[str, Any], before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in record.items():
        if isinstance(found, dict) and found:
            yield from _leaves(found, (*before, name))
        elif found is not None:
            yield (*before, name), found


def _text(found: Any, declared: SourceField) -> str | None:
    if found is None:
        return None
    text = ("true" if found else "false") if isinstance(found, bool) else str(found)
    stripped = text.strip(" \u3000")
    return None if stripped == "" or stripped in declared.null else stripped


def parquet_table(content: bytes) -> pa.Table:
    """The rows of a Parquet file; page checksums are verified. Raises `RecordError("file_unreadable")`."""
    try:
        return pq.read_table(io.BytesIO(content), page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise RecordError("file_unreadable") from problem


def parquet_lines(table: pa.Table) -> Iterator[bytes]:
    """Each row as one line of JSON in UTF-8: the form in which a record of a columnar file is kept and shown.

    Instants with a zone are written in UTC with a Z, those without as they are; decimals with their digits.
    """
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            yield json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(found: Any) -> str:
    if isinstance(found, datetime):
        offset = found.utcoffset()
        if offset is None:
            return found.isoformat(sep=" ")
        return (found.replace(tzinfo=None) - offset).isoformat() + "Z"
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, bytes):
        return found.hex()
    return str(found)
