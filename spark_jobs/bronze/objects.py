"""Records that carry the names of their fields: JSON lines, change logs, and the rows of columnar files. No Spark.

A field is found by its name in the file; `after.purpose` names a field of an object inside the record. Numbers keep the digits they were
written with. What the contract does not know is rescued with the record, and so is a value of another shape than a plain one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spark_jobs.contracts.sources import SourceContract, SourceField

KINDS = ("jsonl", "cdc")
# No record of a bank is nested so deep; beyond it, whatever walks the record would run out of stack.
MOST_NESTED = 64
_MISSING = object()


class RecordError(ValueError):
    """The record cannot be read; the text is the reason code."""


class NotANumber(str):
    """NaN or Infinity: what JSON does not have and many writers write."""


def parse_json(raw: bytes, encoding: str) -> dict[str, Any]:
    """The object of one line. Errors: undecodable, json_invalid, json_not_an_object, json_key_twice, json_too_deep."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as problem:
        raise RecordError("undecodable") from problem
    try:
        found = json.loads(
            text, parse_float=str, parse_int=str, parse_constant=NotANumber, object_pairs_hook=_once
        )
    except RecordError:
        raise
    except RecursionError as problem:
        raise RecordError("json_too_deep") from problem
    except ValueError as problem:
        raise RecordError("json_invalid") from problem
    if not isinstance(found, dict):
        raise RecordError("json_not_an_object")
    if text.count("{") + text.count("[") > MOST_NESTED and _is_deep(found):
        raise RecordError("json_too_deep")
    return found


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(MOST_NESTED):
        inside = [each.values() if isinstance(each, dict) else each for each in level]
        level = [child for children in inside for child in children if isinstance(child, dict | list)]
    return bool(level)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name: which one was meant nobody can say, so the record is not read."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RecordError("json_key_twice")
    return made


def place_of(
    record: Mapping[str, Any], source: SourceContract
) -> tuple[list[str | None], dict[str, str], bool]:
    """`place` of a record as the feed's layout has it; of a change log, of the row's image. Errors: cdc_operation, cdc_image."""
    if source.layout.kind != "cdc":
        return place(record, source.fields)
    if (
        isinstance(record.get("payload"), dict) and "op" not in record
    ):  # as a connector writes it that sends its schema along
        record = record["payload"]
    operation = record.get("op")
    if operation not in ("c", "u", "r", "d"):
        raise RecordError("cdc_operation")
    image = record.get("before" if operation == "d" else "after")
    if not isinstance(image, dict) or not image:
        raise RecordError("cdc_image")
    envelope = {f"${name}": found for name, found in record.items() if name not in ("before", "after")}
    values, rescued, misshapen = place({**image, **envelope}, source.fields)
    return values, {name: found for name, found in rescued.items() if not name.startswith("$")}, misshapen


def place(
    record: Mapping[str, Any], fields: Sequence[SourceField]
) -> tuple[list[str | None], dict[str, str], bool]:
    """Values in the contract's order, what the contract does not know, and whether a value had another shape than a plain one.

    Errors: not_a_number, where NaN or Infinity stands in a declared field that does not say it means unknown.
    """
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
        if isinstance(found, NotANumber) and found not in declared.null:
            raise RecordError("not_a_number")
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
