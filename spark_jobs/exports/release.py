"""Releases: the set {table → Delta version} that readers see, made visible by one atomic rename.

No transaction spans two Delta tables, so "published" is a thing of our own: `<home>/current.json`. `oxpecker sql`, DuckDB (through
the views script written beside it) and the exports read every table at the version it names, and so see one release. Over JDBC the
stable `mart.*` views are swapped one by one; a mixture can be told by `ops.release`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.schema import ArrayType, MapType, StructType

from spark_jobs.errors import OxpeckerError
from spark_jobs.settings import Settings


@dataclass(frozen=True)
class PublishedTable:
    """One table of a release: its logical name is the key it is filed under."""

    version: int
    path: str
    physical: str


@dataclass(frozen=True)
class Release:
    """What readers see. `tables` is keyed by the name readers use, for example `mart.dim_customer`.

    newest_source_at  arrival of the newest file that loaded for its dates, UTC; null in releases that were made before this was noted
    """

    release_id: str
    business_date: str
    run_id: str
    rules_version: str
    code_version: str
    published_at: str
    tables: Mapping[str, PublishedTable]
    newest_source_at: str | None = None

    @property
    def age(self) -> str:
        """In one line, how old what it shows is."""
        newest = f", newest source {self.newest_source_at}" if self.newest_source_at else ""
        return f"release {self.release_id} of {self.business_date}{newest}"


def release_id(business_date: date, tables: Mapping[str, PublishedTable], rules_version: str) -> str:
    """Hash of what the release shows: the same versions are the same release."""
    versions = {name: table.version for name, table in tables.items()}
    content = json.dumps([str(business_date), versions, rules_version], sort_keys=True)
    return "r" + hashlib.sha256(content.encode()).hexdigest()[:15]


def current(settings: Settings) -> Release | None:
    """The release that readers see now; None before the first."""
    path = settings.current_release
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    tables = {name: PublishedTable(**table) for name, table in content.pop("tables").items()}
    return Release(**content, tables=tables)


def require_current(settings: Settings) -> Release:
    """The current release, or an error that says how to get one."""
    release = current(settings)
    if release is None:
        raise OxpeckerError(
            "nothing is published yet; run `oxpecker run --business-date D` or `make run` first"
        )
    return release


def make_visible(settings: Settings, release: Release) -> None:
    """Swap the pointer: everything it names is on disk first, then one rename."""
    for table in release.tables.values():
        _sync_table(Path(table.path), table.version)
    content = asdict(release)
    _write_synced(
        settings.home / "releases" / f"{release.release_id}.json",
        json.dumps(content, indent=1, sort_keys=True),
    )
    _write_synced(settings.home / "duckdb_views.sql", views_script(release))
    _write_synced(settings.current_release, json.dumps(content, indent=1, sort_keys=True))


def views_script(release: Release) -> str:
    """SQL for DuckDB: one view per published table, over the very files of the Delta version that the release pins.

    Needs no extension of DuckDB: inside a bank there is no internet to fetch one from.
    """
    lines = [f"-- {release.age[0].upper()}{release.age[1:]}"]
    schemas = sorted({name.split(".")[0] for name in release.tables})
    lines += [f"CREATE SCHEMA IF NOT EXISTS {schema};" for schema in schemas]
    for name, table in sorted(release.tables.items()):
        lines.append(f"CREATE OR REPLACE VIEW {name} AS {_select(table)};")
    return "\n".join(lines) + "\n"


def _select(table: PublishedTable) -> str:
    """A query over the files of one version. Columns are spelled, so that files of before a column was added give null."""
    delta = DeltaTable(table.path, version=table.version)
    fields = delta.schema().fields
    files = ", ".join(f"'{uri.removeprefix('file://')}'" for uri in sorted(delta.file_uris()))
    if not files:
        empty = ", ".join(f'CAST(NULL AS {_duckdb_type(f.type)}) AS "{f.name}"' for f in fields)
        return f"SELECT {empty} WHERE false"
    columns = ", ".join(f'"{field.name}"' for field in fields)
    return f"SELECT {columns} FROM read_parquet([{files}], union_by_name = true)"


_DUCKDB_TYPES = {
    "string": "VARCHAR", "long": "BIGINT", "integer": "INTEGER", "short": "SMALLINT", "byte": "TINYINT", "boolean": "BOOLEAN",
    "double": "DOUBLE", "float": "FLOAT", "date": "DATE", "timestamp": "TIMESTAMPTZ", "timestamp_ntz": "TIMESTAMP", "binary": "BLOB",
}  # fmt: skip


def _duckdb_type(kind: Any) -> str:
    """Delta's name of a type in DuckDB's words."""
    if isinstance(kind, ArrayType):
        return f"{_duckdb_type(kind.element_type)}[]"
    if isinstance(kind, MapType):
        return f"MAP({_duckdb_type(kind.key_type)}, {_duckdb_type(kind.value_type)})"
    if isinstance(kind, StructType):
        parts = ", ".join(f'"{field.name}" {_duckdb_type(field.type)}' for field in kind.fields)
        return f"STRUCT({parts})"
    return _DUCKDB_TYPES.get(kind.type, kind.type)


def _write_synced(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(fresh, path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_table(folder: Path, version: int) -> None:
    """Flush the newest commit and the folders that name it: Delta itself never does, so a power cut could shorten the table."""
    log = folder / "_delta_log"
    commit = log / f"{version:020d}.json"
    if not commit.is_file():
        return  # A cluster's object store: durable when written.
    added = [
        json.loads(line)["add"]["path"]
        for line in commit.read_text(encoding="utf-8").splitlines()
        if line.startswith('{"add"')
    ]
    for path in [commit, *(folder / name for name in added)]:
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    for each in (log, folder):
        _sync_folder(each)


def utc_text(moment: datetime) -> str:
    """`2026-10-01T00:12:03Z`."""
    return moment.replace(microsecond=0).isoformat() + "Z"
