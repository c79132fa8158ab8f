"""From rows of a population to values of its metrics: one pass per population, whatever the number of metrics and slices.

A row is met once per period and slice. Sums per subject come first, so that subjects are counted without a distinct aggregate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.metrics.definition import WITHIN, Metric, Population

AMOUNT = "decimal(24,8)"
ALL = "all"
OF_METRIC = ("metric_code", "period_code", "period_start_date")
CELL = (*OF_METRIC, "dimension_code", "within_code")


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
    """Each row once for everybody and once per dimension. A row without the attribute is in `<dimension>:unknown`: dimensions part the rows.

    within_code  the coarser slice that holds this one (the branch of an outlet), else everybody
    """

    def value(dimension: str) -> Column:
        return F.concat(
            F.lit(f"{dimension}:"), F.coalesce(F.col(slices[dimension]).cast("string"), F.lit("unknown"))
        )

    everybody = F.lit(ALL)
    every = [
        F.struct(
            everybody.alias("dimension_code"), everybody.alias("slice_code"), everybody.alias("within_code")
        )
    ]
    for dimension in slices:
        coarser = WITHIN.get(dimension)
        within = value(coarser) if coarser is not None and coarser in slices else everybody
        every.append(
            F.struct(
                F.lit(dimension).alias("dimension_code"),
                value(dimension).alias("slice_code"),
                within.alias("within_code"),
            )
        )
    return rows.withColumn("_slice", F.explode(F.array(*every))).select(*rows.columns, "_slice.*")


def summarise_population(
    rows: DataFrame, population: Population, metrics: Sequence[Metric], dates: DateRange
) -> DataFrame:
    """Sums of the population's metrics. Grain out: metric_code, period_code, period_start_date, slice_code; with within_code.

    A metric has a cell where at least one row counts for it; sample_cnt: rows in the denominator, subjects_cnt: who they are about.
    A row whose numerator or denominator is null (nothing is known) does not count. An outlet that changes its branch within a month is
    within the one with the larger code.
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
    by_subject = spread.groupBy(*group, "subject_id").agg(F.max("within_code").alias("within_code"), *sums)
    cells = [
        F.struct(
            F.lit(metric.code).alias("metric_code"), F.lit(metric.scale).alias("scale"),
            F.lit(metric.denominator is not None).alias("is_quotient"),
            F.sum(f"n{n}").cast(AMOUNT).alias("numerator"), F.sum(f"d{n}").cast(AMOUNT).alias("denominator"),
            F.sum(f"s{n}").alias("sample_cnt"), F.count_if(F.col(f"s{n}") > 0).alias("subjects_cnt"),
        )
        for n, metric in enumerate(metrics)
    ]  # fmt: skip
    wide = by_subject.groupBy(*group).agg(
        F.max("within_code").alias("within_code"), F.array(*cells).alias("_cells")
    )
    tall = wide.withColumn("_cell", F.explode("_cells")).select(*group, "within_code", "_cell.*")
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
    what they are within (everybody; outlets: their branch), so the next larger ones are withheld as well until those withheld are together
    large enough. What is within a slice that is withheld is withheld, too, or it would add up to it. Ties: slice_code.
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
    alone = cells.withColumn("_is_small", (least < smallest) & (before < smallest))
    family = F.when(F.col("within_code") == ALL, F.col("slice_code")).otherwise(F.col("within_code"))
    coarser = F.max(F.when(F.col("within_code") == ALL, F.col("_is_small"))).over(
        Window.partitionBy(*OF_METRIC, family)
    )
    judged = alone.withColumn("is_withheld", F.col("_is_small") | F.coalesce(coarser, F.lit(False)))
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
