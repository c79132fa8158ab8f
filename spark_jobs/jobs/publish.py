"""Publish: pin the versions that passed their gates and show them to readers."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from importlib.metadata import version

from pyspark.sql import functions as F

from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import OxpeckerError
from spark_jobs.exports import release as releases
from spark_jobs.exports import restated
from spark_jobs.tables import Lake, side_by_side

# Beside the marts, these are what analysts may read.
PUBLISHED_PROFILES = ("profile.customer_daily", "profile.customer_current")


def run(lake: Lake, dates: DateRange) -> None:
    """Note what published dates will show otherwise, name every published table's version, then swap the pointer.

    JDBC's stable views follow one by one.
    """
    pinned = _pinned(lake)
    if not any(name.startswith("mart.") for name in pinned):
        raise OxpeckerError("publish: no mart was built; look at the stage `marts` before this one")
    new_id = releases.release_id(dates.last, pinned, lake.run.rules_version)
    shown = releases.current(lake.settings)
    # A run that was killed behind the pointer left views and ledger to the next one.
    release = shown if shown is not None and shown.release_id == new_id else None
    if release is None:
        if shown is not None:
            restated.note(lake, dates, shown, new_id, pinned)
        release = releases.Release(
            new_id, str(dates.last), lake.run.run_id, lake.run.rules_version, version("oxpecker"),
            releases.utc_text(lake.clock()), pinned, releases.utc_text(newest) if (newest := _newest_source(lake, dates)) else None,
        )  # fmt: skip
        releases.make_visible(lake.settings, release)
    _swap_views(lake, release)
    published_at = _instant(release.published_at)
    row = (
        new_id, dates.last, release.run_id, {n: t.version for n, t in release.tables.items()}, release.rules_version,
        release.code_version, published_at, "published", _instant(release.newest_source_at),
    )  # fmt: skip
    lake.publish("ops.release", lake.spark.createDataFrame([row], schema_of(lake.contracts, "ops.release")))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)


def _newest_source(lake: Lake, dates: DateRange) -> datetime | None:
    """When the newest file arrived that loaded for any date up to the last; null where none did."""
    loaded = lake.read("ops.delivery_file").where(
        (F.col("state_code") == "loaded") & (F.col("business_date") <= F.lit(dates.last))
    )
    newest: datetime | None = loaded.agg(F.max("arrived_at").alias("newest")).collect()[0]["newest"]
    return newest


def _pinned(lake: Lake) -> dict[str, releases.PublishedTable]:
    pinned = {}
    for table in lake.stored_tables():
        layer, _, thing = table.partition(".")
        if layer != "mart_build" and table not in PUBLISHED_PROFILES:
            continue
        version = lake.version(table)
        if version is not None:
            name = f"mart.{thing}" if layer == "mart_build" else table
            pinned[name] = releases.PublishedTable(version, str(lake.location(table)), lake.name(table))
    return pinned


def _swap_views(lake: Lake, release: releases.Release) -> None:
    lake.ensure_schema("mart")
    side_by_side(
        partial(
            lake.spark.sql,
            f"CREATE OR REPLACE VIEW {lake.name(name)} AS SELECT * FROM {table.physical} VERSION AS OF {table.version}",
        )
        for name, table in sorted(release.tables.items())
        if name.startswith("mart.")
    )
