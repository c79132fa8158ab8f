"""Parquet files with fixed writer options, so that the bytes depend on the rows alone."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from demo_bank.packages import Inner


@dataclass
class Sheet:
    """A Parquet file before it becomes bytes. Rows have no byte place; the ledger counts them from 0."""

    name: str
    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def inner(self) -> Inner:
        sink = io.BytesIO()
        pq.write_table(
            self.table, sink, compression="snappy", version="2.6", data_page_version="1.0", write_statistics=True,
            write_page_checksum=True, store_schema=False,
        )  # fmt: skip
        return Inner(self.name, sink.getvalue(), len(self), 0, "PARQUET")
