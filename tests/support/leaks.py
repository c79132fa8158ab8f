"""Readable numbers and names of people where nobody may read them: in tables that are not sealed, files for others, pages, logs.

The demo bank's people do not exist: their certificates begin with 3398, their mobiles with 154, and some are called 金雀 for this search.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spark_jobs.contracts.model import Contracts
from spark_jobs.settings import Settings

PATTERNS = {
    "certificate": re.compile(rb"(?<!\d)3398\d{2}(?:19|20)\d{9}[\dX](?!\d)"),
    # Alone or behind the country's code; eleven digits inside of a word are a piece of some random id (seen: of a Delta transaction's).
    "mobile": re.compile(rb"(?<![0-9A-Za-z])(?:86)?154\d{8}(?![0-9A-Za-z])"),
    "name": re.compile("金雀".encode()),
}
# What CRM may read where the customer consented.
CONSENTED = ("export_name", "export_mobile")
# As delivered: bronze, and the suppliers' packages, unpacked.
SEALED_LAYERS = ("bronze",)
UNPACKED = "work"


def found_in(home: Path, settings: Settings, contracts: Contracts) -> dict[str, Counter[str]]:
    """Place below `home` → kinds of readable values and how often; sealed tables and consented fields of exports are left out."""
    found: dict[str, Counter[str]] = {}
    for path in sorted(
        p for p in home.rglob("*") if p.is_file() and p.relative_to(home).parts[0] != UNPACKED
    ):
        table = _table(path, settings)
        if table is not None and _is_sealed(table, contracts):
            continue
        counted: Counter[str] = Counter()
        for text in _texts(path):
            for kind, pattern in PATTERNS.items():
                counted[kind] += len(pattern.findall(text))
        if +counted:
            found[str(path.relative_to(home))] = +counted
    return found


def _table(path: Path, settings: Settings) -> str | None:
    """Logical name of the table a file belongs to; None for files of no table."""
    if not path.is_relative_to(settings.warehouse):
        return None
    schema, thing, *_ = path.relative_to(settings.warehouse).parts
    layer = schema.removeprefix(settings.prefix)
    return f"{'mart' if layer == 'mart_build' else layer}.{thing}"


def _is_sealed(table: str, contracts: Contracts) -> bool:
    if table.split(".")[0] in SEALED_LAYERS:
        return True
    contract: Mapping[str, object] = contracts.tables  # tables without a contract are looked at
    return table in contract and contracts.table(table).sealed


def _texts(path: Path) -> Iterator[bytes]:
    """What can be read of a file: the values of a Parquet file, column by column, else its bytes."""
    if path.suffix != ".parquet" or ".checkpoint" in path.name:
        yield path.read_bytes()
        return
    content = pq.read_table(path)
    for column in content.column_names:
        if column not in CONSENTED and _is_text(content.schema.field(column).type):
            yield "\n".join(map(str, content[column].to_pylist())).encode()


def _is_text(kind: pa.DataType) -> bool:
    return not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_temporal(kind)
    )
