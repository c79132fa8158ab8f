"""A release of drawn marts, with the columns their contracts say: what readers without a JVM see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs import settings as settings_module
from spark_jobs.contracts import load
from spark_jobs.settings import SHIPPED_CONF, Settings

CONTRACTS = load((SHIPPED_CONF,))
_ARROW = {
    "string": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"), "boolean": pa.bool_(), "bigint": pa.int64(),
    "int": pa.int32(), "array<string>": pa.list_(pa.string()),
}  # fmt: skip


def _arrow(kind: str) -> pa.DataType:
    if kind.startswith("decimal"):
        precision, scale = map(int, kind.removeprefix("decimal(").removesuffix(")").split(","))
        return pa.decimal128(precision, scale)
    return _ARROW[kind]


def publish(home: Path, marts: Mapping[str, Sequence[Mapping[str, Any]]]) -> Settings:
    """Settings of a lake whose current release shows these marts; columns that are not drawn are null."""
    settings = settings_module.load(home=home, prefix="")
    tables = {}
    for mart, rows in marts.items():
        schema = pa.schema([(f.name, _arrow(f.type)) for f in CONTRACTS.stored_fields(f"mart.{mart}")])
        path = str(settings.warehouse / "mart_build" / mart)
        whole = [{**dict.fromkeys(schema.names), **row} for row in rows]
        write_deltalake(path, pa.Table.from_pylist(whole, schema=schema))
        tables[f"mart.{mart}"] = {"version": 0, "path": path, "physical": mart}
    release = {
        "release_id": "r1", "business_date": "2026-09-30", "run_id": "x", "rules_version": "x", "code_version": "x",
        "published_at": "2026-09-30T22:30:00Z", "tables": tables,
    }  # fmt: skip
    settings.current_release.write_text(json.dumps(release))
    return settings
