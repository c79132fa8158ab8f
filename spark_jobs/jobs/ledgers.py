"""What the delivery ledger says of feeds: were they in time, and of which columns are they."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple
from datetime import date

from pyspark.sql import functions as F

from spark_jobs.bronze.ledger import read_states
from spark_jobs.bronze.timeliness import deadlines
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.tables import Lake

DEADLINE = "ops.deadline"
SCHEMA = "ops.schema_version"


def run(lake: Lake, dates: DateRange) -> None:
    """Publish the deadlines up to the last date, and the schema of each feed that has delivered."""
    states = list(read_states(lake).values())
    days = lake.read("silver.calendar").select("calendar_date", "is_working_day").collect()
    calendar = WorkingCalendar.of(
        ((d["calendar_date"], d["is_working_day"]) for d in days), lake.rules("calendar")
    )
    rows = deadlines(states, lake.sources, dates.last, lake.run.known_at, calendar, lake.settings.cut_off)
    frame = lake.spark.createDataFrame([astuple(r) for r in rows], schema_of(lake.contracts, DEADLINE))
    lake.publish(DEADLINE, frame)
    first_seen: dict[str, date] = {}
    for state in sorted(states, key=lambda s: s.business_date, reverse=True):
        if state.state_code in ("loaded", "superseded"):
            first_seen[state.feed_code] = state.business_date
    _enter_schemas(lake, dates, first_seen)


def declared_columns(source: SourceContract) -> dict[str, str]:
    """Columns of a feed as its contract declares them: name → type, in order."""
    return {field.name: field.type for field in source.fields}


def _enter_schemas(lake: Lake, dates: DateRange, first_seen: Mapping[str, date]) -> None:
    """Enter the schemas under which feeds are loaded now and that are not known yet.

    The first one of a feed was there from its first file on, a later one from the first date of the run that met it.
    """
    before = {
        row["feed_code"]: json.loads(row["columns_json"])
        for row in lake.read(SCHEMA).orderBy(F.col("schema_first_date"), F.col("schema_hash")).collect()
    }
    rows = []
    for feed, first_date in sorted(first_seen.items()):
        source = lake.sources.get(feed)
        if source is None:
            continue
        now = declared_columns(source)
        if before.get(feed) == now:
            continue
        text = json.dumps(now, ensure_ascii=False)
        told = hashlib.sha256(text.encode()).hexdigest()[:16]
        was = before.get(feed)
        diff = None if was is None else json.dumps(
            {
                "added": sorted(now.keys() - was.keys()), "removed": sorted(was.keys() - now.keys()),
                "changed": sorted(c for c in now.keys() & was.keys() if now[c] != was[c]),
            }
        )  # fmt: skip
        rows.append((feed, told, first_date if was is None else dates.first, text, diff, "accept"))
    if rows:
        lake.publish(SCHEMA, lake.spark.createDataFrame(rows, schema_of(lake.contracts, SCHEMA)))
