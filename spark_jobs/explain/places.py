"""From a silver row's `_origin` to the record's place in a supplier's file, and whether the file still holds it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spark_jobs.bronze import archives
from spark_jobs.bronze.columnar import KINDS as COLUMNAR
from spark_jobs.bronze.objects import RecordError
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.explain.tables import Tables
from spark_jobs.settings import Settings

# A place is (file_id, line_no), as silver's `_origin` names it.
Place = tuple[str, int]


@dataclass(frozen=True)
class File:
    """A delivered file as the ledger knows it; `checks` are the control totals by verdict."""

    file_id: str
    feed: str
    business_date: str
    package: str
    name: str
    sequence_no: int
    sha256: str | None
    state: str
    rows_declared: int | None
    rows_found: int | None
    checks: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """Where one record lies: bytes count in the inner, uncompressed file. A row of a columnar file has a row number only.

    bytes_are  same: the file was opened and holds this record there; differ; package_gone: it lies in landing no more;
               no_bytes: a columnar file; unchecked
    """

    file: File
    line_no: int
    byte_offset: int | None
    byte_len: int | None
    bytes_are: str = "unchecked"


def find_records(
    tables: Tables, sources: Mapping[str, SourceContract], places: Iterable[Place], check: bool
) -> dict[Place, Record]:
    """The records of these places. A place that bronze does not know has no record."""
    wanted: dict[str, set[int]] = {}
    for file_id, line in places:
        wanted.setdefault(file_id, set()).add(line)
    files = _files(tables, wanted)
    found: dict[Place, Record] = {}
    by_feed: dict[str, list[str]] = {}
    for file_id in wanted:
        if file_id in files:
            by_feed.setdefault(files[file_id].feed, []).append(file_id)
    for feed, ids in sorted(by_feed.items()):
        columnar = feed in sources and sources[feed].layout.kind in COLUMNAR
        lines = sorted({line for file_id in ids for line in wanted[file_id]})
        rows = tables.ask(
            f"select _file_id, _line_no, _byte_offset, _byte_len, _row_hash from bronze.{feed} "
            f"where _file_id in ({_listed(ids)}) and _line_no in ({', '.join(map(str, lines))})"
        )
        content: dict[str, bytes | None] = {}
        for row in rows:
            file, line = files[row["_file_id"]], int(row["_line_no"])
            if line not in wanted[file.file_id]:
                continue
            offset, length, state = row["_byte_offset"], row["_byte_len"], "unchecked"
            if columnar:
                offset, length, state = None, None, "no_bytes"
            elif check:
                if file.file_id not in content:
                    content[file.file_id] = inner_file(
                        tables.settings.landing,
                        file.package,
                        file.name,
                        _password(tables.settings, sources.get(feed)),
                    )
                state = _compared(content[file.file_id], offset, length, row["_row_hash"])
            found[file.file_id, line] = Record(file, line, offset, length, state)
    return found


def _compared(content: bytes | None, offset: int, length: int, row_hash: str) -> str:
    if content is None:
        return "package_gone"
    cut = content[offset : offset + length]
    return "same" if hashlib.blake2b(cut, digest_size=12).hexdigest() == row_hash else "differ"


def _password(settings: Settings, source: SourceContract | None) -> bytes | None:
    named = source.delivery.password if source else None
    return settings.password(named) if named else None


def inner_file(landing: Path, package: str, name: str, password: bytes | None = None) -> bytes | None:
    """The uncompressed bytes of a file inside a package of landing, or of a file that came by itself; None where it is not there."""
    path = next(iter(sorted(landing.rglob(package))), None) if landing.is_dir() else None
    if path is None:
        return None
    if package == name:
        return archives.inflated(path.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        try:
            member = archives.unpack(path, Path(folder), password).get(name)
        except RecordError:
            return None
        return None if member is None else archives.inflated(member.read_bytes())


def _files(tables: Tables, ids: Iterable[str]) -> dict[str, File]:
    listed = _listed(ids)
    if not listed:
        return {}
    checks: dict[str, dict[str, str]] = {}
    for row in tables.ask(
        f"select file_id, check_code, verdict_code from ops.control_check where file_id in ({listed}) order by 1, 2"
    ):
        checks.setdefault(row["file_id"], {})[row["check_code"]] = row["verdict_code"]
    rows = tables.ask(
        "select file_id, feed_code, business_date, package_name, file_name, sequence_no, sha256, state_code, rows_declared, rows_found "
        f"from ops.delivery_file where file_id in ({listed})"
    )
    return {
        r["file_id"]: File(
            r["file_id"], r["feed_code"], str(r["business_date"]), r["package_name"], r["file_name"], r["sequence_no"], r["sha256"],
            r["state_code"], r["rows_declared"], r["rows_found"], checks.get(r["file_id"], {}),
        )
        for r in rows
    }  # fmt: skip


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(f"'{each}'" for each in sorted(ids))
