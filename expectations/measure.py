"""What is measured at a gate: counts from the write's own scan, keys, codes, and invariants across tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.judge import rows_keep_codes
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


def repeated_keys(lake: Lake, tables: Iterable[str], dates: DateRange) -> list[Measure]:
    """How many keys stand in more than one row, in the dates being judged; tokens of some where the key names nobody."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(
            pool.map(lambda table: _repeated(lake, lake.contracts.table(table), dates), sorted(tables))
        )


def _repeated(lake: Lake, contract: TableContract, dates: DateRange) -> Measure:
    rows = lake.read(
        contract.table, dates if contract.write is Write.REPLACE_RANGE else None, provenance=True
    )
    counted = rows.groupBy(*contract.stored_key).agg(F.count(F.lit(1)).alias("_rows"))
    summed = counted.agg(
        F.count_if(F.col("_rows") > 1).alias("repeated"), F.sum("_rows").alias("rows")
    ).first()
    repeated, total = (int(summed["repeated"]), int(summed["rows"] or 0)) if summed else (0, 0)
    sample: tuple[str, ...] = ()
    named = [f for f in lake.contracts.stored_fields(contract.table) if f.name in contract.stored_key]
    if repeated and all(f.privacy is not PrivacyClass.IDENTIFYING for f in named):
        worst = counted.where("_rows > 1").orderBy(*contract.stored_key).limit(SAMPLE)
        sample = tuple(" ".join(str(v) for v in row[:-1]) for row in worst.collect())
    return Measure(
        contract.table, f"key:{'+'.join(contract.stored_key)}", repeated, total, "fail", "uniqueness", sample
    )


def codes_kept(lake: Lake, tables: Iterable[str], dates: DateRange) -> list[Measure]:
    """Coded columns of boundary tables against their lists, row by row; counts only where the judge said no."""
    measures = []
    for table in sorted(tables):
        contract = lake.contracts.table(table)
        sets = {
            column: [*lake.codes(codes), UNMAPPED]
            for column in contract.columns
            if (codes := lake.contracts.field(column).codes) and not codes.startswith("ref(")
            and lake.contracts.field(column).type == "string"
        }  # fmt: skip
        if not sets:
            continue
        rows = lake.read(table, dates if contract.write is Write.REPLACE_RANGE else None)
        for column, held in rows_keep_codes(rows, sets).items():
            failing = 0 if held else _foreign(rows, column, sets[column])
            measures.append(Measure(table, f"code:{column}", failing, None, "warn", "validity"))
    return measures


def _foreign(rows: DataFrame, column: str, codes: list[str]) -> int:
    return rows.where(F.col(column).isNotNull() & ~F.col(column).isin(*codes)).count()


def invariants(lake: Lake, gate: str, dates: DateRange) -> list[Measure]:
    """The SQL of `conf/gates/<gate>.yml`, each giving one row with failing_cnt and, optionally, total_cnt."""
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
    names = {table: lake.name(table) for table in tables}
    sql = re.sub(r"\{(\w+\.\w+)\}", lambda found: names[found[1]], given["sql"])
    sql = sql.replace("{from_date}", f"date'{dates.first}'").replace("{to_date}", f"date'{dates.last}'")
    row = lake.spark.sql(sql).first()
    if row is None or "failing_cnt" not in row:
        raise ContractError(f"gates: the invariant `{name}` gives no row with failing_cnt")
    total = int(row["total_cnt"]) if "total_cnt" in row and row["total_cnt"] is not None else None
    return Measure(
        tables[0], name, int(row["failing_cnt"] or 0), total, given.get("severity", "fail"),
        given.get("dimension", "consistency"),
    )  # fmt: skip
