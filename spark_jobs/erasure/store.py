"""The tables of a lake on a local disk without an engine: asked by SQL, purged and added to under the writer's lease."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from pyarrow.dataset import Dataset

from spark_jobs import delta_log, stored
from spark_jobs.contracts.model import LAYERS
from spark_jobs.errors import OxpeckerError
from spark_jobs.processes import one_at_a_time
from spark_jobs.settings import Settings

Row = dict[str, Any]


def listed(values: Sequence[str]) -> str:
    """Texts as an SQL list."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


class Store:
    """All tables of one lake at their newest version."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if not settings.warehouse.is_dir():
            raise OxpeckerError(
                "the tables of this lake are not on a disk of this machine; what is erased is purged where they lie (docs/adr/0020)"
            )
        self.settings, self.clock = settings, clock
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        self._opened: dict[str, tuple[int | None, DeltaTable]] = {}

    def tables(self) -> list[str]:
        """Logical names of all tables that were ever written, sorted."""
        prefix = self.settings.prefix
        layers = {f"{prefix}{layer}": layer for layer in (*LAYERS, "mart_build")}
        logs = self.settings.warehouse.glob(f"{prefix}*/*/_delta_log")
        pairs = [(log.parent.parent.name, log.parent) for log in logs if log.parent.parent.name in layers]
        return sorted(
            f"{layers[schema]}.{folder.name}"
            for schema, folder in pairs
            if delta_log.newest(folder) is not None
        )

    def folder(self, table: str) -> Path:
        schema, thing = table.split(".", 1)
        return self.settings.warehouse / f"{self.settings.prefix}{schema}" / thing

    def has(self, table: str) -> bool:
        return delta_log.newest(self.folder(table)) is not None

    def opened(self, table: str) -> DeltaTable:
        """The table at its newest version; its log is read again only where it has grown."""
        newest = delta_log.newest(self.folder(table))
        if table not in self._opened or self._opened[table][0] != newest:
            self._opened[table] = (newest, DeltaTable(str(self.folder(table))))
        return self._opened[table][1]

    def columns(self, table: str) -> dict[str, Any]:
        """Names and types of the stored columns; none where the table was never written."""
        return {f.name: f.type for f in self.opened(table).schema().fields} if self.has(table) else {}

    def ask(self, statement: str, **tables: str | pa.Table | Dataset) -> list[Row]:
        """Rows of a query; `{name}` stands for the table, or the rows, given under that name. A table never written has no rows."""
        missing = [name for name, of in tables.items() if isinstance(of, str) and not self.has(of)]
        if missing:
            return []
        told = {
            name: stored.dataset(self.opened(of)) if isinstance(of, str) else of
            for name, of in tables.items()
        }
        with self._registered(told) as connection:
            result = connection.execute(statement.format(**{name: name for name in tables}))
            columns = [column[0] for column in result.description or []]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    def selected(self, rows: pa.Table, condition: str, what: str = "*") -> pa.Table:
        """Rows that meet a condition, in their own types."""
        with self._registered({"t": rows}) as connection:
            found = connection.sql(f"select {what} from t where {condition}").to_arrow_table()
        return found.cast(rows.schema)

    @contextmanager
    def _registered(self, tables: Mapping[str, pa.Table | Dataset]) -> Iterator[duckdb.DuckDBPyConnection]:
        """The one connection with these tables; making one costs more than most queries."""
        for name, rows in tables.items():
            self._connection.register(name, rows)
        try:
            yield self._connection
        finally:
            for name in tables:
                self._connection.unregister(name)

    def append(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a ledger that a run made; the caller vouches that their keys are new."""
        if not rows:
            return
        if not self.has(table):
            raise OxpeckerError(
                f"this lake has no `{table}` yet; run a business date with this version of the pipeline first"
            )
        schema = pa.schema(self.opened(table).schema().to_arrow())
        with self.lease(table):
            properties = CommitProperties(custom_metadata={"userMetadata": json.dumps(self.stamp(table))})
            rows_now = pa.Table.from_pylist(list(rows), schema)
            write_deltalake(self.opened(table), rows_now, mode="append", commit_properties=properties)

    def stamp(self, table: str) -> Row:
        """The stamp of the newest commit without its dates: the commit makes no business date anew, and what a table is made of stays."""
        told = delta_log.stamp(self.folder(table))
        return {"table": table, **{k: v for k, v in told.items() if k not in ("first", "last")}}

    def lease(self, table: str) -> AbstractContextManager[None]:
        """The lease of `tables.Lake`: one writer per table and machine."""
        return one_at_a_time(self.settings.lease(table))
