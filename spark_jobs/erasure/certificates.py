"""Certificates of purges: what went where, by counts. Each hashes the one before it under the lake's key, so that the row of them is whole or seen not to be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from spark_jobs.erasure.store import Row, Store
from spark_jobs.privacy.tokens import Tokeniser, tokeniser

TABLE = "ops.erasure_certificate"
LEAP_DAY = (2, 29)


def years_after(day: date, years: int) -> date:
    """The anniversary; that of 29 February is 28 February (rules: retention)."""
    if (day.month, day.day) == LEAP_DAY:
        day = day.replace(day=28)
    return day.replace(year=day.year + years)


def read(store: Store) -> list[Row]:
    """All certificates in order, maps as mappings."""
    rows = store.ask("select * from {t} order by certificate_no", t=TABLE)
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def enter(store: Store, told: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Number, hash and append these, in this order."""
    tokens, before = tokeniser(store.settings), read(store)
    number = before[-1]["certificate_no"] if before else 0
    last = before[-1]["certificate_id"] if before else ""
    rows: list[Row] = []
    for each in told:
        number += 1
        row = {**each, "certificate_no": number}
        last = _hash(tokens, row, last)
        rows.append({"certificate_id": last, **row})
    store.append(TABLE, rows)
    return rows


def broken_at(store: Store) -> int | None:
    """Number of the first certificate that is not as it was written or does not follow the one before it; None where all do."""
    tokens, last = tokeniser(store.settings), ""
    for expected, row in enumerate(read(store), 1):
        content = {name: value for name, value in row.items() if name != "certificate_id"}
        if row["certificate_no"] != expected or row["certificate_id"] != _hash(tokens, content, last):
            return expected
        last = row["certificate_id"]
    return None


def _hash(tokens: Tokeniser, row: Mapping[str, Any], before: str) -> str:
    content = {name: _text(value) for name, value in row.items()}
    return tokens.value("certificate", before, json.dumps(content, sort_keys=True, ensure_ascii=False))


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, date) else value


def _plain(value: Any) -> Any:
    """DuckDB's maps as they were given."""
    return dict(sorted(value.items())) if isinstance(value, dict) else value
