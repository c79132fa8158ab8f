"""Runs a plain Python function over a column, once per distinct value of each batch.

Names, phones and certificates repeat: most of their cost is Python per value, so values are made distinct first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.contracts.types import split_types

_PART = "\x1f"


def structured(core: Callable[..., Any], ddl: str, *columns: Column) -> Column:
    """Struct column of `core(*values)`, a named tuple whose fields are those of `ddl` in order.

    Columns reach `core` as text; null stays None. Pure functions only: a value is computed once per batch.
    """
    names = [part.strip().split(":")[0] for part in split_types(ddl)]

    @F.pandas_udf(f"struct<{ddl}>")  # type: ignore[call-overload,untyped-decorator]
    def evaluated(batch: pd.Series) -> pd.DataFrame:
        codes, distinct = pd.factorize(batch, use_na_sentinel=False)
        results = [core(*_parts(text, len(columns))) for text in distinct]
        frame = pd.DataFrame(results, columns=names, dtype=object)
        return frame.iloc[codes].reset_index(drop=True)

    column: Column = evaluated(_packed(columns))
    return column


def _packed(columns: Sequence[Column]) -> Column:
    """One text per row, so that distinct combinations can be told apart: `1value` for a value, `0` for null."""
    parts = [
        F.when(c.isNull(), F.lit("0")).otherwise(F.concat(F.lit("1"), c.cast("string"))) for c in columns
    ]
    return F.concat_ws(_PART, *parts)


def _parts(text: str, count: int) -> list[str | None]:
    parts = text.split(_PART, count - 1)
    return [part[1:] if part[:1] == "1" else None for part in parts]
