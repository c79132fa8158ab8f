"""Reads a lake's Delta tables without Spark. What is missing is told, not guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from deltalake import DeltaTable

from spark_jobs.exports.release import current
from spark_jobs.settings import Settings
from spark_jobs.stored import dataset


@dataclass
class Tables:
    """Tables of one lake: published ones at the release's version, others as they stand."""

    settings: Settings
    missing: list[str] = field(default_factory=list)

    def read(self, name: str, columns: Sequence[str]) -> pa.Table | None:
        """The columns of a table, None where the lake has no such table; columns it lacks are null and are told as missing."""
        release = current(self.settings)
        published = release.tables.get(name) if release else None
        if published is not None:
            path, version = published.path, published.version
        else:
            schema, _, table = name.partition(".")
            path, version = str(self.settings.warehouse / f"{self.settings.prefix}{schema}" / table), None
        if not DeltaTable.is_deltatable(path):
            self.missing.append(name)
            return None
        delta = DeltaTable(path, version=version)
        known = {f.name for f in delta.schema().fields}
        self.missing += [f"{name}.{column}" for column in columns if column not in known]
        found = dataset(delta).to_table(columns=[column for column in columns if column in known])
        for column in columns:
            if column not in known:
                found = found.append_column(column, pa.nulls(found.num_rows, pa.string()))
        return found.select(list(columns))

    def feeds(self) -> list[str]:
        """Bronze tables that exist, by feed."""
        folder = self.settings.warehouse / f"{self.settings.prefix}bronze"
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def rows(table: pa.Table | None) -> list[Mapping[str, object]]:
    """Rows as mappings; none for a table that is not there."""
    return [] if table is None else table.to_pylist()
