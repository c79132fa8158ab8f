"""Defects of Parquet files. Their rows have no byte place: lines count from 1, offsets are 0."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from demo_bank.dirt.ledger import Defect, Ledger
from demo_bank.dirt.plan import Plan
from demo_bank.packages import Inner
from demo_bank.sheets import Sheet

TWO_MANAGERS = 14


def two_managers(path: str, inner: Inner, plan: Plan, ledger: Ledger) -> Inner:
    """D45: a second manager for some customers while the first is still there, with the same priority and start."""
    table = pq.read_table(io.BytesIO(inner.content))
    many = min(max(1, round(plan.scaled(TWO_MANAGERS))), table.num_rows)
    if many == 0:
        return inner
    # The last ones by number: ordinary people.
    again = table.slice(table.num_rows - many)
    changed = {
        "rm_no": pa.array(["RM00001" if other.as_py() != "RM00001" else "RM00002" for other in again["rm_no"]]),
    }  # fmt: skip
    extra = pa.table(
        {name: changed.get(name, again[name]) for name in table.schema.names}, schema=table.schema
    )
    for place in range(many):
        ledger.rows.append(
            Defect(
                "D45", path, table.num_rows + place + 1, 0, 0, "rm_no", str(again["rm_no"][place]).encode().hex(),
                str(extra["rm_no"][place]).encode().hex(), "priority_then_latest", None,
            )
        )  # fmt: skip
    return Sheet(inner.name, pa.concat_tables([table, extra])).inner()
