"""What is measured at a gate: counts from the write's own scan, keys, codes, and invariants across tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.judge import FOREIGN, values_keep_codes
from expectations.model import Measure, dimension_of
from spark_jobs.contracts.model import PrivacyClass, TableContract, Write
from spark_jobs.dates import DateRange
from spark_jobs.errors import ContractError
from spark_jobs.settings import read_overlaid
from spark_jobs.tables import Lake

THREADS = 4
SAMPLE = 20
UNMAPPED = "_unmapped"


def from_writes(lake: Lake, tables: Iterable[str]) -> list[Measure]:
    """Nulls and bad rows that were counted while the tables were written; the newest commit of each table speaks."""
    wanted = set(tables)
    rows = lake.read("ops.stage_commit").where(F.col("table_name").isin(*wanted)).collect() if wanted else []
    newest: dict[str, Any] = {}
    for row in sorted(rows, key=lambda r: r["started_at"]):
        newest[row["table_name"]] = row
    severities = {
        (c.table, f"check:{check.name}"): check.severity
        for c in lake.contracts.tables.values()
        for check in c.checks
    }
    return [
        Measure(
            table,
            code,
            int(count),
            row["rows_out"],
            severities.get((table, code), "fail"),
            dimension_of(code),
        )
        for table, row in sorted(newest.items())
        for code, count in sorted((row["measures"] or {}).items())
        if code != "row_cnt"
    ]


def keys_and_codes(lake: Lake, tables: Iterable[str], dates: DateRange, *, with_codes: bool) -> list[Measure]:
    """Keys that stand in more than one row, and codes that are not in their list, in the dates being judged.

    One statement for all tables: an action and a shuffle for each of fifty small tables would cost more than what it looks at.
    Where a key is repeated and names nobody, tokens of some are told.
    """
    contracts = [lake.contracts.table(table) for table in sorted(tables)]
    sets = {c.table: _code_sets(lake, c) if with_codes else {} for c in contracts}
    found = {
        (row["table_name"], row["check_code"]): row
        for row in (_counted(lake, contracts, sets, dates).collect() if contracts else ())
    }
    measures = []
    for contract in contracts:
        check = f"key:{'+'.join(contract.stored_key)}"
        counted = found.get((contract.table, check))
        repeated, total = (int(counted["repeated_cnt"]), int(counted["rows_cnt"])) if counted else (0, 0)
        sample = _repeated(lake, contract, dates) if repeated else ()
        measures.append(Measure(contract.table, check, repeated, total, "fail", "uniqueness", sample))
    places = [(table, column) for table in sets for column in sets[table]]
    rows = {place: found.get((place[0], f"code:{place[1]}")) for place in places}
    held = values_keep_codes(
        {f"{t}.{c}": (row["codes"] if (row := rows[t, c]) else [], sets[t][c]) for t, c in places}
    )
    for table, column in places:
        row = rows[table, column]
        failing = 0 if held[f"{table}.{column}"] or row is None else int(row["foreign_cnt"])
        measures.append(Measure(table, f"code:{column}", failing, None, "warn", "validity"))
    return measures


def _code_sets(lake: Lake, contract: TableContract) -> dict[str, list[str]]:
    """The allowed values of each coded column; a code of a reference table is that table's own matter."""
    return {
        column: [*lake.codes(codes), UNMAPPED]
        for column in contract.columns
        if (codes := lake.contracts.field(column).codes) and not codes.startswith("ref(")
        and lake.contracts.field(column).type == "string"
    }  # fmt: skip


def _judged(lake: Lake, contract: TableContract, dates: DateRange) -> DataFrame:
    return lake.read(
        contract.table, dates if contract.write is Write.REPLACE_RANGE else None, provenance=True
    )


def _counted(
    lake: Lake,
    contracts: Sequence[TableContract],
    sets: Mapping[str, Mapping[str, list[str]]],
    dates: DateRange,
) -> DataFrame:
    """Grain: table_name, check_code. repeated_cnt (values in more than one row), rows_cnt, and of coded columns `codes`, the
    different values, any that is not in its list as FOREIGN, with foreign_cnt, the rows that hold such. Null is no code."""
    parts = []
    for contract in contracts:
        key = F.md5(F.to_json(F.struct(*contract.stored_key), {"ignoreNullFields": "false"}))
        looked_at = [(f"key:{'+'.join(contract.stored_key)}", key)]
        for column, codes in sets[contract.table].items():
            value = F.when(F.col(column).isin(*codes), F.col(column)).otherwise(F.lit(FOREIGN))
            looked_at.append((f"code:{column}", F.when(F.col(column).isNotNull(), value)))
        each = F.explode(
            F.array(*[F.struct(F.lit(check).alias("check_code"), v.alias("value")) for check, v in looked_at])
        )
        rows = _judged(lake, contract, dates).select(
            F.lit(contract.table).alias("table_name"), each.alias("_")
        )
        parts.append(rows.select("table_name", "_.*").where("value is not null"))
    by_value = (
        _united(parts).groupBy("table_name", "check_code", "value").agg(F.count(F.lit(1)).alias("_rows"))
    )
    is_code = F.col("check_code").startswith("code:")
    return by_value.groupBy("table_name", "check_code").agg(
        F.count_if(F.col("_rows") > 1).alias("repeated_cnt"),
        F.sum("_rows").alias("rows_cnt"),
        F.collect_set(F.when(is_code, F.col("value"))).alias("codes"),
        F.coalesce(F.sum(F.when(F.col("value") == FOREIGN, F.col("_rows"))), F.lit(0)).alias("foreign_cnt"),
    )


def _united(parts: Sequence[DataFrame]) -> DataFrame:
    """All rows. As a tree, because a plan that is nested a hundred deep cannot be sent."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return _united(parts[:middle]).unionAll(_united(parts[middle:]))


def _repeated(lake: Lake, contract: TableContract, dates: DateRange) -> tuple[str, ...]:
    """Tokens of some repeated keys, smallest first; none where a column of the key identifies a person."""
    named = [f for f in lake.contracts.stored_fields(contract.table) if f.name in contract.stored_key]
    if any(f.privacy is PrivacyClass.IDENTIFYING for f in named):
        return ()
    counted = _judged(lake, contract, dates).groupBy(*contract.stored_key).count().where("count > 1")
    worst = counted.orderBy(*contract.stored_key).limit(SAMPLE).collect()
    return tuple(" ".join(str(value) for value in row[:-1]) for row in worst)


def invariants(lake: Lake, gate: str, dates: DateRange) -> list[Measure]:
    """The SQL of `conf/gates/<gate>.yml`, each giving one row with failing_cnt and, optionally, total_cnt and sample."""
    declared: Mapping[str, Mapping[str, Any]] = (
        read_overlaid(lake.settings.conf_dirs, f"gates/{gate}.yml") or {}
    )
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda item: _invariant(lake, item[0], item[1], dates), sorted(declared.items()))
        return [measure for measure in found if measure is not None]


def _invariant(lake: Lake, name: str, given: Mapping[str, Any], dates: DateRange) -> Measure | None:
    tables = re.findall(r"\{(\w+\.\w+)\}", given["sql"])
    if not all(lake.exists(table) for table in tables):
        return None
    frames = {table.replace(".", "__"): lake.all_rows(table) for table in tables}
    sql = (
        given["sql"]
        .replace("{from_date}", f"date'{dates.first}'")
        .replace("{to_date}", f"date'{dates.last}'")
    )
    # Other braces, as a pattern has them, are the statement's own.
    doubled = sql.replace("{", "{{").replace("}", "}}")
    row = lake.spark.sql(re.sub(r"\{\{(\w+)\.(\w+)\}\}", r"{\1__\2}", doubled), None, **frames).first()
    if row is None or "failing_cnt" not in row:
        raise ContractError(f"gates: the invariant `{name}` gives no row with failing_cnt")
    total = int(row["total_cnt"]) if "total_cnt" in row and row["total_cnt"] is not None else None
    return Measure(
        tables[0], name, int(row["failing_cnt"] or 0), total, given.get("severity", "fail"),
        given.get("dimension", "consistency"), tuple(row["sample"] or ())[:SAMPLE] if "sample" in row else (),
    )  # fmt: skip
