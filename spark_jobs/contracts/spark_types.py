"""Spark schemas rendered from contracts, without needing a session."""

from __future__ import annotations

import re

from pyspark.sql import types as T

from spark_jobs.contracts.model import Contracts, Field
from spark_jobs.contracts.types import split_types
from spark_jobs.errors import ContractError

_SIMPLE: dict[str, T.DataType] = {
    "string": T.StringType(),
    "boolean": T.BooleanType(),
    "int": T.IntegerType(),
    "bigint": T.LongType(),
    "double": T.DoubleType(),
    "date": T.DateType(),
    "timestamp": T.TimestampType(),
    "binary": T.BinaryType(),
}


def spark_type(text: str) -> T.DataType:
    """`array<struct<a:string,b:decimal(18,2)>>` as a Spark type."""
    if text in _SIMPLE:
        return _SIMPLE[text]
    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", text):
        return T.DecimalType(int(decimal[1]), int(decimal[2]))
    kind, _, inner = text.partition("<")
    parts = split_types(inner.removesuffix(">"))
    if kind == "array" and len(parts) == 1:
        return T.ArrayType(spark_type(parts[0]))
    if kind == "map" and len(parts) == 2:
        return T.MapType(spark_type(parts[0]), spark_type(parts[1]))
    if kind == "struct":
        named = [part.partition(":") for part in parts]
        return T.StructType([T.StructField(name, spark_type(kind_), True) for name, _, kind_ in named])
    raise ContractError(f"unknown type `{text}`")


def schema_of_fields(fields: tuple[Field, ...]) -> T.StructType:
    """Everything is nullable: keys and nulls are checked when a table is written."""
    return T.StructType([T.StructField(f.name, spark_type(f.type), True) for f in fields])


def schema_of(contracts: Contracts, table: str) -> T.StructType:
    """The columns of a table as they lie on disk."""
    return schema_of_fields(contracts.stored_fields(table))


def ddl(fields: tuple[Field, ...]) -> str:
    """`a string, b decimal(18,2)`, in the order of the fields."""
    return ", ".join(f"`{f.name}` {f.type}" for f in fields)
