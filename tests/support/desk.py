"""A lake's delivery ledger and quarantine for a steward to look at, made from a landing by the bank's own reader, without a JVM."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql.types import StructType

from spark_jobs import settings as settings_module
from spark_jobs.bronze import ledger, settling
from spark_jobs.bronze.discovery import arrived
from spark_jobs.bronze.source import BankFiles
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import Settings

LATER = datetime(2099, 1, 1)
# What a run for the last date of the nano bank knows.
KNOWN_AT = datetime(2026, 9, 30, 22, 30)


def laid_out(home: Path, landing: Path, systems: Sequence[str]) -> Settings:
    """A home whose ledgers know the deliveries of these systems; decisions lie in the home, so that landing stays as it is."""
    settings = settings_module.load(home=home, landing=landing).with_(
        steward=home / "steward" / "decisions.jsonl"
    )
    sources = load_sources(settings.conf_dirs)
    files = [
        file
        for package in arrived(settings, LATER, sources)
        if package.system in systems
        for file in ledger.examine(package, sources, home / "work", KNOWN_AT).files
    ]
    settled = settling.settle([f.state for f in files])
    unread = [
        row
        for file in files
        if settled[file.state.file_id].state_code == "loaded"
        for row in _read(file, settings.conf_dirs)
        if row["_parse_status"] == "quarantined"
    ]
    _write(settings, "ops.delivery_file", [asdict(state) for state in settled.values()])
    _write(settings, "ops.quarantine", [_quarantined(row) for row in unread])
    return settings


def _read(file: ledger.Examined, dirs: Sequence[Path]) -> list[dict[str, Any]]:
    state = file.state
    given = {
        "feed": state.feed_code, "path": str(file.path), "bytes": state.file_bytes, "file_id": state.file_id,
        "delivery_id": state.delivery_id, "business_date": str(state.business_date), "arrived_at": str(state.arrived_at),
    }  # fmt: skip
    source = BankFiles({"conf_dirs": json.dumps([str(d) for d in dirs]), "files": json.dumps([given])})
    reader = source.reader(StructType())
    batches = [b for part in reader.partitions() for b in reader.read(part)]  # type: ignore[union-attr]
    return pa.Table.from_batches(batches).to_pylist() if batches else []


def _quarantined(row: dict[str, Any]) -> dict[str, Any]:
    key = f"{row['_file_id']}|{row['_line_no']}"
    return {
        "quarantine_id": hashlib.sha256(key.encode()).hexdigest()[:26], "file_id": row["_file_id"], "feed_code": row["_feed"],
        "business_date": row["business_date"], "line_no": row["_line_no"], "byte_offset": row["_byte_offset"],
        "byte_len": row["_byte_len"], "record": row["_record"], "reason_codes": row["_reason_codes"], "state_code": "open",
        "known_at": KNOWN_AT, "file_header": row["_header"], "decision_id": None,
    }  # fmt: skip


def _write(settings: Settings, table: str, rows: list[dict[str, Any]]) -> None:
    schema, thing = table.split(".")
    content = pa.Table.from_pylist(rows)
    at = content.column_names.index("decision_id")
    content = content.set_column(at, "decision_id", content.column(at).cast(pa.string()))
    # Other columns in which nothing stands have no type of their own.
    kept = [name for name in content.column_names if not pa.types.is_null(content.schema.field(name).type)]
    write_deltalake(
        str(settings.warehouse / schema / thing),
        content.select(kept),
        mode="overwrite",
        schema_mode="overwrite",
    )
