"""From rows of a population to values of its metrics: one pass per population, whatever the number of metrics and slices.

A row is met once per period and slice. Sums per subject come first, so that subjects are counted without a distinct aggregate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.metrics.definition import Metric, Population

AMOUNT = "decimal(24,8)"
ALL = "all"
CELL = ("metric_code", "period_code", "period_start_date", "dimension_code")


def explode_periods(rows: DataFrame, dates: DateRange) -> DataFrame:
    """Each row once for its day and once for its month; `is_last_date` marks the last date of the period that the lake has seen."""
    day = F.col("business_date")
    month = F.trunc(day, "month")
    month_end = F.least(F.last_day(day), F.lit(dates.last))
    periods = F.array(
        F.struct(F.lit("day").alias("period_code"), day.alias("period_start_date"), F.lit(True).alias("is_last_date")),
        F.struct(F.lit("month").alias("period_code"), month.alias("period_start_date"), (day == month_end).alias("is_last_date")),
    )  # fmt: skip
    return rows.withColumn("_period", F.explode(periods)).select(*rows.columns, "_period.*")


def explode_slices(rows: DataFrame, slices: Mapping[str, str]) -> DataFrame:
    """Each row once for everybody and once per dimension. A row without the attribute is in `<dimension>:unknown`: dimensions part the rows."""
    every = [F.struct(F.lit(ALL).alias("dimension_code"), F.lit(ALL).alias("slice_code"))]
    for dimension, column in slices.items():
        value = F.concat(F.lit(f"{dimension}:"), F.coalesce(F.col(column).cast("string"), F.lit("unknown")))
        every.append(F.struct(F.lit(dimension).alias("dimension_code"), value.alias("slice_code")))
    return rows.withColumn("_slice", F.explode(F.array(*every))).select(*rows.columns, "_slice.*")


def summarise_population(
    rows: DataFrame, population: Population, metrics: Sequence[Metric], dates: DateRange
) -> DataFrame:
    """Sums of the population's metrics. Grain out: metric_code, period_code, period_start_date, slice_code.

    A metric has a cell where at least one row counts for it; sample_cnt: rows in the denominator, subjects_cnt: who they are about.
    A row whose numerator or denominator is null (nothing is known) does not count.
    """
    asked_for = {dimension for metric in metrics for dimension in metric.slices}
    slices = {d: column for d, column in population.slices.items() if d in asked_for}
    spread = explode_slices(explode_periods(rows, dates), slices)
    group = ["period_code", "period_start_date", "dimension_code", "slice_code"]
    sums: list[Column] = []
    for n, metric in enumerate(metrics):
        numerator = F.expr(metric.numerator).cast(AMOUNT)
        denominator = F.expr(metric.denominator or "1").cast(AMOUNT)
        counts = F.expr(metric.where or "true") & numerator.isNotNull() & denominator.isNotNull()
        sums += [
            F.sum(F.when(counts, numerator)).alias(f"n{n}"),
            F.sum(F.when(counts, denominator)).alias(f"d{n}"),
            F.count_if(counts & (denominator != 0)).alias(f"s{n}"),
        ]
    by_subject = spread.groupBy(*group, "subject_id").agg(*sums)
    cells = [
        F.struct(
            F.lit(metric.code).alias("metric_code"), F.lit(metric.scale).alias("scale"),
            F.lit(metric.denominator is not None).alias("is_quotient"),
            F.sum(f"n{n}").cast(AMOUNT).alias("numerator"), F.sum(f"d{n}").cast(AMOUNT).alias("denominator"),
            F.sum(f"s{n}").alias("sample_cnt"), F.count_if(F.col(f"s{n}") > 0).alias("subjects_cnt"),
        )
        for n, metric in enumerate(metrics)
    ]  # fmt: skip
    wide = by_subject.groupBy(*group).agg(F.array(*cells).alias("_cells"))
    tall = wide.withColumn("_cell", F.explode("_cells")).select(*group, "_cell.*")
    asked = [
        f"{m.code}/{period}/{dimension}"
        for m in metrics
        for period in m.periods
        for dimension in (ALL, *m.slices)
    ]
    cell = F.concat_ws("/", "metric_code", "period_code", "dimension_code")
    return tall.where((F.col("sample_cnt") > 0) & cell.isin(asked)).withColumn(
        "subject_code", F.lit(population.subject)
    )


def withhold_small_groups(cells: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Same rows; figures of groups too small to show are null, and `is_withheld` says so.

    Too small: fewer than `min_customers` customers or `min_staff` employees. Also by subtraction: the slices of one dimension add up to
    everybody, so the next larger ones are withheld as well until those withheld are together large enough. Ties: slice_code.
    is_weak: shown, but over fewer than `weak_below` rows.
    """
    smallest = (
        F.when(F.col("subject_code") == "customer", F.lit(int(rules["min_customers"])))
        .when(F.col("subject_code") == "staff", F.lit(int(rules["min_staff"])))
        .otherwise(F.lit(0))
    )
    smaller_first = Window.partitionBy(*CELL).orderBy("subjects_cnt", "slice_code")
    before = F.coalesce(
        F.sum("subjects_cnt").over(smaller_first.rowsBetween(Window.unboundedPreceding, -1)), F.lit(0)
    )
    least = F.min("subjects_cnt").over(Window.partitionBy(*CELL))
    judged = cells.withColumn("is_withheld", (least < smallest) & (before < smallest))
    shown = ~F.col("is_withheld")
    quotient = F.col("scale") * F.col("numerator") / F.when(F.col("denominator") != 0, F.col("denominator"))
    value = F.when(F.col("is_quotient"), quotient).otherwise(F.col("scale") * F.col("numerator"))
    return judged.select(
        "metric_code", "period_code", "period_start_date", "slice_code", "is_withheld",
        F.when(shown, F.round(value, 8)).cast(AMOUNT).alias("metric_value"),
        F.when(shown, F.col("numerator")).alias("numerator"),
        F.when(shown & F.col("is_quotient"), F.col("denominator")).alias("denominator"),
        F.when(shown, F.col("sample_cnt")).alias("sample_cnt"),
        (shown & (F.col("sample_cnt") < int(rules["weak_below"]))).alias("is_weak"),
    )  # fmt: skip
