"""The tables of a lake as they were when the current release was published, in one DuckDB connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from spark_jobs.contracts import Contracts
from spark_jobs.contracts.types import duckdb_type
from spark_jobs.exports.release import Release
from spark_jobs.settings import Settings
from spark_jobs.stored import dataset

LEDGER = "ops.stage_commit"
_NAMED = re.compile(r"\b(silver|identity|profile|metric|ops|bronze)\.([a-z_0-9]+)\b")


class Tables:
    """Answers SQL over the lake's tables by their names; a table that was never written is empty.

    Published tables are read at the version the release pins, those beneath at the version its run left, so that a run since then
    that published nothing does not mix in. Where such a version was cleaned away, the newest is read and noted in `moved`.
    """

    def __init__(self, settings: Settings, release: Release, contracts: Contracts) -> None:
        self.settings, self.release, self.contracts = settings, release, contracts
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.versions: dict[str, int | None] = {}
        self.moved: list[str] = []
        self._left = self._left_by_the_release()

    def ask(self, statement: str) -> list[dict[str, Any]]:
        """Rows of one query as mappings."""
        for schema, thing in dict.fromkeys(_NAMED.findall(statement)):
            self._bring(f"{schema}.{thing}")
        result = self.connection.execute(statement)
        columns = [column[0] for column in result.description or []]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    def close(self) -> None:
        self.connection.close()

    def _bring(self, table: str) -> None:
        if table in self.versions:
            return
        schema, thing = table.split(".")
        self.connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        opened = self._opened(table)
        if opened is None:
            self.versions[table] = None
            columns = ", ".join(
                f'"{f.name}" {duckdb_type(f.type)}' for f in self.contracts.stored_fields(table)
            )
            self.connection.execute(f'CREATE TABLE "{schema}"."{thing}" ({columns})')
            return
        self.versions[table] = opened.version()
        self.connection.register(f"_{schema}_{thing}", dataset(opened))
        unknown = self._unknown_columns(table, {field.name for field in opened.schema().fields})
        self.connection.execute(
            f'CREATE VIEW "{schema}"."{thing}" AS SELECT *{unknown} FROM "_{schema}_{thing}"'
        )

    def _unknown_columns(self, table: str, have: set[str]) -> str:
        """A table that was written under an earlier contract: what it did not have is unknown."""
        if table not in self.contracts.tables:  # bronze: columns are the supplier's
            return ""
        missing = [f for f in self.contracts.stored_fields(table) if f.name not in have]
        return "".join(f', CAST(NULL AS {duckdb_type(f.type)}) AS "{f.name}"' for f in missing)

    def _opened(self, table: str) -> DeltaTable | None:
        published = self.release.tables.get(table)
        if published is not None:
            return DeltaTable(published.path, version=published.version)
        schema, thing = table.split(".")
        path = str(self.settings.warehouse / f"{self.settings.prefix}{schema}" / thing)
        try:
            newest = DeltaTable(path)
        except TableNotFoundError:
            return None
        wanted = self._left.get(table)
        if wanted is None or wanted >= newest.version():
            return newest
        try:
            then = DeltaTable(path, version=wanted)
        except DeltaError:
            then = None
        # Purging an erased person takes old files off the disk and leaves the log.
        if then is None or not all(Path(uri.removeprefix("file://")).is_file() for uri in then.file_uris()):
            self.moved.append(table)
            return newest
        return then

    def _left_by_the_release(self) -> Mapping[str, int]:
        """Newest version of each table that a stage had written before the release was published; none where no ledger was kept."""
        schema, thing = LEDGER.split(".")
        path = self.settings.warehouse / f"{self.settings.prefix}{schema}" / thing
        try:
            ledger = dataset(DeltaTable(str(path)))
        except TableNotFoundError:
            return {}
        self.connection.register("_left", ledger)
        rows = self.connection.execute(
            "select table_name, max(delta_version_after) from _left where delta_version_after is not null "
            "and cast(started_at as timestamp) <= cast(? as timestamp) + interval 1 second group by 1",
            [self.release.published_at.removesuffix("Z")],
        ).fetchall()
        return dict(rows)
