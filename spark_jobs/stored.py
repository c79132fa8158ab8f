"""The rows of a Delta table's files without a Spark server."""

from __future__ import annotations

from deltalake import DeltaTable
from pyarrow.dataset import Dataset, ParquetReadOptions

# A lake may hold instants of 96 bits (Spark's default, another cluster's writes). Arrow reads those in nanoseconds unless told
# otherwise, where 9999-12-31, the end of what is still true, has no place.
_MICROSECONDS = ParquetReadOptions(coerce_int96_timestamp_unit="us")


def dataset(table: DeltaTable) -> Dataset:
    """The table's version as an Arrow dataset, instants in microseconds; nothing is read yet."""
    found: Dataset = table.to_pyarrow_dataset(parquet_read_options=_MICROSECONDS)
    return found
