"""What Delta's log on a local disk says by itself: versions, and which business dates each commit wrote. No engine is asked.

Every commit of this product carries a stamp (`publication`): run, table and, for dated tables, the business dates it wrote.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from spark_jobs.dates import DateRange

# They write no row, so they need no dates in their stamp.
CREATES, DELETES, UPDATES = "CREATE TABLE", "DELETE", "UPDATE"
# Tables of this protocol have no feature that a commit would have to know of.
PLAIN_READER, PLAIN_WRITER = 1, 2


@dataclass(frozen=True)
class Commit:
    """One commit: `dates` are those it wrote, None where it does not say."""

    version: int
    operation: str
    dates: DateRange | None


def stamp(folder: Path) -> Mapping[str, Any]:
    """The stamp of the newest commit; empty where it bears none or its entry is gone."""
    last = newest(folder)
    entry = folder / "_delta_log" / f"{last or 0:020d}.json"
    if last is None or not entry.is_file():
        return {}
    told: Mapping[str, Any] = json.loads(_info(entry).get("userMetadata") or "{}")
    return told


def newest(folder: Path) -> int | None:
    """Newest version of the table in this folder, None where nothing was ever committed."""
    log = folder / "_delta_log"
    found = [*log.glob("[0-9]*.json"), *log.glob("[0-9]*.checkpoint*.parquet")]
    return max((int(p.name.split(".")[0]) for p in found), default=None)


def commits(folder: Path, after: int, upto: int) -> Iterator[Commit]:
    """Commits of versions in (after, upto] whose entries are still there, oldest first."""
    for version in range(after + 1, upto + 1):
        entry = folder / "_delta_log" / f"{version:020d}.json"
        if entry.is_file():
            info = _info(entry)
            yield Commit(version, str(info.get("operation", "")), dates_of(info.get("userMetadata")))


def dates_of(stamp: str | None) -> DateRange | None:
    """The business dates of a stamp."""
    told = json.loads(stamp) if stamp else {}
    if "first" not in told:
        return None
    return DateRange(date.fromisoformat(told["first"]), date.fromisoformat(told["last"]))


def never_wrote(folder: Path, dates: DateRange) -> bool:
    """Whether no commit can have written any of these dates. An entry that is gone or says no dates may have."""
    last = newest(folder)
    if last is None:
        return True
    found = list(commits(folder, -1, last))
    return len(found) == last + 1 and all(
        each.operation in (CREATES, DELETES, UPDATES)
        or (each.dates is not None and not each.dates.meets(dates))
        for each in found
    )


@dataclass(frozen=True)
class NewFile:
    """A data file that lies in the table's folder already; rows is their number."""

    path: str
    size: int
    rows: int


def commit(
    folder: Path, version: int, operation: str, gone: Iterable[str], come: Iterable[NewFile], stamp: Mapping[str, Any], at_ms: int
) -> None:  # fmt: skip
    """Enter one commit that takes files out and puts others in their place, of rows that were there before.

    For tables of the plain protocol without partitions. Raises FileExistsError where somebody else has made the version meanwhile; it is
    then as if nothing had happened. Files come without minima and maxima: they are looked into.
    """
    info = {"timestamp": at_ms, "operation": operation, "operationParameters": {}, "isBlindAppend": False,
            "engineInfo": "Oxpecker", "userMetadata": json.dumps(dict(stamp))}  # fmt: skip
    lines: list[dict[str, Any]] = [{"commitInfo": info}]
    lines += [
        {"remove": {"path": path, "deletionTimestamp": at_ms, "dataChange": True, "partitionValues": {}}}
        for path in gone
    ]
    for file in come:
        told = {"path": file.path, "partitionValues": {}, "size": file.size, "modificationTime": at_ms, "dataChange": True,
                "stats": json.dumps({"numRecords": file.rows})}  # fmt: skip
        lines.append({"add": told})
    log = folder / "_delta_log"
    fresh = log / f".{version:020d}.{os.getpid()}.json"
    with fresh.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        # A link is refused where the name is taken, a rename would replace.
        os.link(fresh, log / f"{version:020d}.json")
    finally:
        fresh.unlink()


def _info(entry: Path) -> Mapping[str, Any]:
    """Delta writes who committed before what was committed, so the rest of a large entry is not read."""
    with entry.open(encoding="utf-8") as lines:
        for line in lines:
            if '"commitInfo"' in line:
                told: Mapping[str, Any] = json.loads(line).get("commitInfo") or {}
                if told:
                    return told
    return {}
