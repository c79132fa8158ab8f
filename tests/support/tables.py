"""Rows you can read: tables drawn as text, cells cast to the schema's types. An empty cell is null."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


def table(spark: SparkSession, schema: str, text: str) -> DataFrame:
    """`table(spark, "a string, n int", '''x | 1\\n y |''')`: one line a row, cells parted by `|`.

    Cells are cast to the declared types by Spark; arrays and structs are written as JSON.
    """
    columns = spark.createDataFrame([], schema).schema
    lines = [line for line in text.strip().splitlines() if line.strip()]
    rows = []
    for line in lines:
        cells = [cell.strip() or None for cell in line.split("|")]
        if len(cells) != len(columns.fields):
            raise ValueError(f"{len(cells)} cells for {len(columns.fields)} columns: {line.strip()}")
        rows.append(tuple(cells))
    raw = ", ".join(f"`{f.name}` string" for f in columns.fields)
    frame = spark.createDataFrame(rows, raw)
    cast = []
    for column in columns.fields:
        text_type = column.dataType.simpleString()
        cell = F.col(column.name)
        nested = text_type.startswith(("array", "struct", "map"))
        cast.append((F.from_json(cell, text_type) if nested else cell.cast(text_type)).alias(column.name))
    return frame.select(*cast)
