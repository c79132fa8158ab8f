"""Export packages on disk: data first, the manifest renamed last. A consumer that sees a manifest sees a complete set."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 64 * 1024
MANIFEST = "manifest.json"


def folder_of(exports: Path, contract: str, business_date: date) -> Path:
    """`<exports>/<contract>/<yyyymmdd>`: one package per contract and business date."""
    return exports / contract / f"{business_date:%Y%m%d}"


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest of a complete package, None where there is none."""
    path = folder / MANIFEST
    content: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return content


def write_package(folder: Path, rows: pa.Table, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write one package; a package of the same release that is complete stays as it is, bytes and all.

    The rows are written under another name, flushed and moved; an older package of the date makes way only then.
    """
    present = manifest_of(folder)
    if present is not None and present["release_id"] == manifest["release_id"]:
        return present
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    name = f"{manifest['contract']}_{manifest['business_date'].replace('-', '')}.parquet"
    pq.write_table(rows, fresh / name, compression="zstd", row_group_size=ROW_GROUP, write_page_checksum=True)
    content = {
        **manifest,
        "schema_hash": hashlib.sha256(str(rows.schema.remove_metadata()).encode()).hexdigest()[:16],
        "files": [{"name": name, "rows": rows.num_rows, **_weighed(fresh / name)}],
    }
    (fresh / name).with_suffix(".OK").touch()
    if folder.exists():
        shutil.rmtree(folder)
    os.rename(fresh, folder)
    _write_last(folder / MANIFEST, json.dumps(content, indent=1, sort_keys=True, default=_plain))
    return content


def _weighed(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    return {"bytes": path.stat().st_size, "sha256": digest}


def _write_last(path: Path, text: str) -> None:
    hidden = path.with_name(f".{path.name}")
    with hidden.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(hidden, path)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, date | Decimal) else value


def key_hash(tokens: list[str], hashes: list[str]) -> str:
    """Order-free hash over (token, row hash): the sum of the rows' own hashes, so that any order gives the same."""
    total = sum(
        int.from_bytes(hashlib.sha256(f"{t}|{h}".encode()).digest()[:16], "big")
        for t, h in zip(tokens, hashes, strict=True)
    )
    return f"{total % 2**128:032x}"
