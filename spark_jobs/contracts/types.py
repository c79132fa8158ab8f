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
