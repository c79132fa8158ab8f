"""The types a field may have, as text that Spark, dbt and the docs all understand."""

from __future__ import annotations

import re

from spark_jobs.errors import ContractError, nearest

SIMPLE_TYPES = (
    "string", "boolean", "int", "bigint", "double", "date", "timestamp", "binary",
)  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d{1,2}),(\d{1,2})\)")


def check_type(text: str, where: str) -> str:
    """The type in its normal spelling; an unknown one fails and names the nearest."""
    plain = re.sub(r"\s+", "", text)
    if plain in SIMPLE_TYPES or _DECIMAL.fullmatch(plain):
        return plain
    if re.fullmatch(r"(array|map|struct)<.+>", plain):
        return plain
    raise ContractError(
        f"{where}: unknown type `{text}`; {nearest(plain, [*SIMPLE_TYPES, 'decimal(18,2)', 'array<string>'])}"
    )


def split_types(text: str) -> list[str]:
    """Cuts at the commas that stand outside brackets."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += char in "<("
        depth -= char in ">)"
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


_DUCKDB = {"string": "VARCHAR", "int": "INTEGER", "binary": "BLOB", "timestamp": "TIMESTAMPTZ"}


def duckdb_type(text: str) -> str:
    """The type as DuckDB spells it: `array<struct<a:string>>` → `STRUCT("a" VARCHAR)[]`."""
    if text in SIMPLE_TYPES or _DECIMAL.fullmatch(text):
        return _DUCKDB.get(text, text.upper())
    kind, _, inner = text.partition("<")
    parts = split_types(inner.removesuffix(">"))
    if kind == "array":
        return f"{duckdb_type(parts[0])}[]"
    if kind == "map":
        return f"MAP({duckdb_type(parts[0])}, {duckdb_type(parts[1])})"
    named = [part.partition(":") for part in parts]
    members = ", ".join(f'"{name}" {duckdb_type(of)}' for name, _, of in named)
    return f"STRUCT({members})"
