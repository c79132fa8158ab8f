"""Metrics: definitions as data, values by day and month, in one statement over all populations."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.contracts.spark_types import schema_of_fields
from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief
from spark_jobs.metrics.branches import Home, Place, homes
from spark_jobs.metrics.definition import OF_CUSTOMER, OF_MANAGER, POPULATIONS, Metric, load_metrics
from spark_jobs.metrics.populations import (
    ROWS_OF,
    derive_line,
    link_branch,
    link_first_answer,
    link_outlet_of_customer,
    link_place_of_manager,
)
from spark_jobs.metrics.restatement import causes, summarise_changes
from spark_jobs.metrics.summarise import summarise_population, withhold_small_groups
from spark_jobs.tables import Lake

DEFINITION = "metric.definition"
VALUE = "metric.value"
RESTATEMENT = "metric.restatement"


def run(lake: Lake, dates: DateRange) -> None:
    """Publish the values of these dates and of their months, which begin before them; a month that is not over is its days so far."""
    metrics = load_metrics(lake.settings.conf_dirs)
    publish_definitions(lake, metrics)
    whole = DateRange(dates.first.replace(day=1), dates.last)
    zone = str(lake.rules("calendar")["zone"])
    places = _homes(lake, whole)
    customers = lake.read("profile.customer_daily", whole).select(
        "customer_id", "business_date", "open_org_code"
    )
    cells = []
    for population in POPULATIONS.values():
        of_it = [m for m in metrics if m.population == population.name]
        if of_it:
            found = lake.read(population.reads)
            if population.name == "invitations":
                expires = int(lake.rules("survey")["expires_days"])
                found = link_first_answer(found, lake.read("silver.survey_response"), expires)
            elif population.name == "contacts":
                found = derive_line(found, lake.codes("channel"))
            rows = ROWS_OF[population.name](found, zone)
            inside = rows.where(F.col("business_date").between(F.lit(whole.first), F.lit(whole.last)))
            if population.place == OF_CUSTOMER:
                inside = link_outlet_of_customer(inside, customers)
            elif population.place == OF_MANAGER:
                inside = link_place_of_manager(inside, lake.read("silver.staff"))
            if population.place:
                inside = link_branch(inside, places)
            cells.append(summarise_population(inside, population, of_it, whole))
    values = withhold_small_groups(reduce(DataFrame.unionByName, cells), lake.rules("metric"))
    renewed = (F.col("period_code") == "month") | (F.col("period_start_date") >= F.lit(dates.first))
    dated = values.where(renewed).withColumns(
        {"business_date": F.col("period_start_date"), "org_view_code": F.lit("as_was")}
    )
    before = lake.read(VALUE, dates).where("period_code = 'day'").localCheckpoint()
    lake.publish(VALUE, dated, whole, within=renewed)
    if not before.isEmpty():
        _note_restatement(
            lake, summarise_changes(before, lake.read(VALUE, dates).where("period_code = 'day'"))
        )


def _homes(lake: Lake, dates: DateRange) -> list[Home]:
    """Branches of the bank's places on these dates; an organisation has hundreds of places, so they come to the driver."""
    believed = current_belief(lake.read("silver.org_hist")).select(*Place._fields)
    return homes([Place(**row.asDict()) for row in believed.collect()], dates)


def _note_restatement(lake: Lake, changes: DataFrame) -> None:
    """Enter the days that came out otherwise, with the deliveries for them or earlier days that may be why."""
    found = changes.orderBy("business_date").collect()
    came = causes(lake) if found else []
    rows = []
    for change in found:
        day = change["business_date"]
        why = sorted({delivery for of_day, delivery in came if of_day <= str(day)})
        rows.append(
            (day, VALUE, lake.run.run_id, change["rows_changed_cnt"], change["metric_codes"], "delivery" if why else "rules", why,
             lake.run.known_at)
        )  # fmt: skip
    if rows:
        columns = schema_of_fields(
            tuple(lake.contracts.field(c) for c in lake.contracts.table(RESTATEMENT).columns)
        )
        lake.publish(RESTATEMENT, lake.spark.createDataFrame(rows, columns))


def publish_definitions(lake: Lake, metrics: tuple[Metric, ...]) -> None:
    """Write the definitions where they differ from those that are stored."""
    rows = [
        (m.code, m.version, m.zh, m.en, m.zh_description, m.description, m.family, m.viewpoint, m.collection, m.level, dict(m.parents),
         m.owner, m.unit, m.direction, m.formula, m.grain, list(m.slices), dict(m.thresholds), m.due, m.weight_method, m.refresh, "C1", m.test)
        for m in metrics
    ]  # fmt: skip
    columns = lake.contracts.table(DEFINITION).columns
    stored = lake.read(DEFINITION).select(*columns).collect()
    if set(_comparable(stored)) == set(_comparable(rows)):
        return
    schema = schema_of_fields(tuple(lake.contracts.field(c) for c in columns))
    lake.publish(DEFINITION, lake.spark.createDataFrame(rows, schema))


def _comparable(rows: Iterable[Iterable[object]]) -> list[tuple[object, ...]]:
    """Rows whose lists and maps can be put into a set."""
    return [tuple(_frozen(cell) for cell in row) for row in rows]


def _frozen(cell: object) -> object:
    if isinstance(cell, dict):
        return tuple(sorted(cell.items()))
    return tuple(cell) if isinstance(cell, list) else cell
