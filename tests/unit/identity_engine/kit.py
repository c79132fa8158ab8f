"""People as small tables, for pictures."""

from __future__ import annotations

import pyarrow as pa

from spark_jobs.identity.engine.people import People


def people(header: str, rows: str, region: str = "CN") -> People:
    """People of a table with bars; an empty cell is null. Column `id` is the record's id, `source` its source."""
    names = [n.strip() for n in header.split("|")]
    cells = [[c.strip() or None for c in line.split("|")] for line in rows.strip().splitlines()]
    columns = {n: pa.array([row[i] for row in cells], pa.string()) for i, n in enumerate(names)}
    keys = columns.pop("id", pa.array([str(i) for i in range(len(cells))], pa.string()))
    sources = columns.pop("source", pa.array(["s"] * len(cells), pa.string()))
    roles: dict[str, list[pa.Array]] = {}
    for name, column in columns.items():
        roles.setdefault(name.rstrip("123"), []).append(column)
    return People(roles, sources, keys, region)
