"""Folds: source records of many deliveries → intervals, current rows, events, daily snapshots. No session, no clock.

Input frames come from `compile.py` and carry `_day _line _record _order _gone _until _feed _stub _valid_from _valid_to _origin`.
All of it is a function of the rows up to the last date: a range at once equals the same days one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import OPEN_DATE
from spark_jobs.silver.compile import META


def _open() -> Column:
    return F.lit(OPEN_DATE)


def _content(columns: Sequence[str]) -> Column:
    return F.md5(F.to_json(F.struct(*columns), {"ignoreNullFields": "false"}))


def fold_records(rows: DataFrame) -> DataFrame:
    """Versions of each source record as intervals [valid_from, valid_to) with `_rank` for those that compete for one key.

    Grain in:   one row per delivered version of a record (`_record`); repeats allowed.
    Grain out:  one row per record and interval on which its content did not change.
    A record without dates of its own is valid from the business date that brought it until its next version, its tombstone, or
    the first full delivery that leaves it out. A record that the source dates itself (`_valid_from`) counts as last delivered:
    its dates hold, cut where a full delivery left it out.
    Ties:       several versions on one business date: the largest `_order`.
    """
    payload = [c for c in rows.columns if c not in META]
    newest = F.max_by(
        F.struct(*payload, "_gone", "_until", "_valid_from", "_valid_to", "_feed", "_stub", "_origin"),
        F.col("_order"),
    )
    daily = (
        rows.groupBy("_record", "_day")
        .agg(newest.alias("_v"), F.max("_order").alias("_order"))
        .select("_record", "_day", "_order", "_v.*")
        .withColumn("_content", _content([*payload, "_gone", "_valid_from", "_valid_to"]))
    )
    by_record = Window.partitionBy("_record").orderBy("_day")
    following = F.lead("_day").over(by_record)
    believed = daily.withColumn("_next", following).withColumn(
        "_end", F.least(F.coalesce("_next", _open()), F.coalesce("_until", _open()))
    )
    previous_end, previous = F.lag("_end").over(by_record), F.lag("_content").over(by_record)
    is_new = ~(previous.eqNullSafe(F.col("_content")) & (previous_end == F.col("_day")))
    islands = believed.withColumn("_is_new", F.coalesce(is_new, F.lit(True)).cast("int")).withColumn(
        "_island", F.sum("_is_new").over(by_record)
    )
    kept = [*payload, "_gone", "_valid_from", "_valid_to", "_feed", "_stub"]
    merged = islands.groupBy("_record", "_island").agg(
        *[F.min_by(c, "_day").alias(c) for c in kept],
        F.min_by("_origin", "_day").alias("_origin"), F.max_by("_order", "_day").alias("_order"),
        F.min("_day").alias("_day"), F.max("_end").alias("_end"),
        F.max_by("_next", "_day").alias("_next"),
    )  # fmt: skip
    is_dated = F.col("_valid_from").isNotNull() | F.col("_valid_to").isNotNull()
    return (
        merged.where(~F.col("_gone") & (~is_dated | F.col("_next").isNull()))
        .withColumn("valid_from", F.coalesce("_valid_from", "_day"))
        .withColumn(
            "valid_to", F.when(is_dated, _dated_end()).otherwise(F.col("_end"))
        )
        .where(F.col("valid_from") < F.col("valid_to"))
        .withColumn("_rank", F.struct(~F.col("_stub"), F.col("_day"), F.col("_feed"), F.col("_order"), F.col("_record")))
        .select(*payload, "valid_from", "valid_to", "_rank", "_origin")
    )  # fmt: skip


def _dated_end() -> Column:
    """Last day a record says of itself, but no longer than the source keeps it in its full deliveries."""
    return F.least(F.coalesce("_valid_to", _open()), F.col("_end"))


def resolve_overlaps(intervals: DataFrame, key: Sequence[str], payload: Sequence[str]) -> DataFrame:
    """One row per key and day where several records claim the same key: the largest `_rank` wins.

    Grain out:  key × interval; intervals of a key never overlap, equal neighbours are one. `_claims_cnt` is the largest number of
                records that claimed a part of the interval.
    """
    by_key = Window.partitionBy(*key)
    bounds = F.sort_array(
        F.array_distinct(F.flatten(F.collect_list(F.array("valid_from", "valid_to")).over(by_key)))
    )
    cut = intervals.withColumn("_bounds", bounds)
    inside = F.filter("_bounds", lambda b: (b >= F.col("valid_from")) & (b < F.col("valid_to")))
    pieces = cut.withColumn("_from", F.explode(inside)).withColumn(
        "_to", F.array_min(F.filter("_bounds", lambda b: b > F.col("_from")))
    )
    chosen = (
        pieces.groupBy(*key, "_from", "_to")
        .agg(
            F.max_by(F.struct(*payload, "_origin"), F.col("_rank")).alias("_v"),
            F.count(F.lit(1)).alias("_claims_cnt"),
        )
        .select(*key, "_from", "_to", "_claims_cnt", "_v.*")
        .withColumn("_content", _content(list(payload)) if payload else F.lit(""))
    )
    in_order = by_key.orderBy("_from")
    same = F.lag("_content").over(in_order).eqNullSafe(F.col("_content")) & (
        F.lag("_to").over(in_order) == F.col("_from")
    )
    islands = chosen.withColumn("_is_new", (~F.coalesce(same, F.lit(False))).cast("int")).withColumn(
        "_island", F.sum("_is_new").over(in_order)
    )
    return (
        islands.groupBy(*key, "_island")
        .agg(
            F.min("_from").alias("valid_from"), F.max("_to").alias("valid_to"),
            F.max("_claims_cnt").alias("_claims_cnt"),
            F.min_by(F.struct(*payload, "_origin"), "_from").alias("_v"),
        )
        .select(*key, "valid_from", "valid_to", "_claims_cnt", "_v.*")
    )  # fmt: skip


def fold_history(rows: DataFrame, key: Sequence[str], payload: Sequence[str]) -> DataFrame:
    """Full current belief of a history table: versions by record, then one truth per key and day."""
    versions = fold_records(rows.select(*key, *payload, *META))
    resolved = resolve_overlaps(versions.dropna(subset=list(key)), key, payload)
    return resolved.drop("_claims_cnt")


def keep_newest(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """The newest version per key, with `_gone_date`: the day a tombstone or a full delivery without it took it away, else null.

    Stubs give way to any other row. Ties: business date, then order within the day, then feed.
    """
    columns = [c for c in rows.columns if c not in key]
    rank = F.struct(~F.col("_stub"), F.col("_day"), F.col("_order"), F.col("_feed"))
    newest = (
        rows.dropna(subset=list(key))
        .groupBy(*key)
        .agg(F.max_by(F.struct(*columns), rank).alias("_v"))
        .select(*key, "_v.*")
    )
    return newest.withColumn("_gone_date", F.when(F.col("_gone"), F.col("_day")).otherwise(F.col("_until")))


def keep_first(rows: DataFrame, key: Sequence[str], dates: DateRange, lookback_days: int) -> DataFrame:
    """Events of the range that were not delivered before: an event counts on the business date that first brought it.

    Grain out:  one row per key, `business_date` inside the range.
    A repeat within `lookback_days` of the row before it is dropped; rows of that many days before the range must be in the input.
    Ties:       the smallest place in the file.
    """
    columns = [c for c in rows.columns if c not in (*key, "_day")]
    first_of_day = (
        rows.dropna(subset=list(key))
        .groupBy(*key, "_day")
        .agg(F.min_by(F.struct(*columns), F.struct("_order", "_feed")).alias("_v"))
        .select(*key, "_day", "_v.*")
    )
    before = F.lag("_day").over(Window.partitionBy(*key).orderBy("_day"))
    fresh = before.isNull() | (F.datediff("_day", before) > lookback_days)
    inside = F.col("_day").between(F.lit(dates.first), F.lit(dates.last))
    return (
        first_of_day.withColumn("_fresh", fresh)
        .where(F.col("_fresh") & inside)
        .drop("_fresh")
        .withColumn("business_date", F.col("_day"))
    )


def carry_forward(
    rows: DataFrame, key: Sequence[str], dates: DateRange, delivered: Sequence[date]
) -> DataFrame:
    """Daily snapshots of the range: the delivery of each day; where none was accepted, the latest before, marked `is_carried`.

    rows        full deliveries of one feed; `delivered` their business dates (sorted), so that days without one are known
    Grain out:  key × business_date
    """
    wanted = [(day, max((d for d in delivered if d <= day), default=None)) for day in dates]
    pairs = [(day, of) for day, of in wanted if of is not None]
    if not pairs:
        return (
            rows.where(F.lit(False)).withColumn("business_date", F.col("_day")).withColumn("is_carried", F.lit(False))
        )  # fmt: skip
    days_of: dict[date, list[date]] = {}
    for day, of in pairs:
        days_of.setdefault(of, []).append(day)
    expanded: Column = F.when(F.lit(False), F.array(F.lit(dates.first)))
    carried = {of: days for of, days in days_of.items() if days != [of]}
    for of, days in carried.items():
        expanded = expanded.when(F.col("_day") == F.lit(of), F.array(*[F.lit(d) for d in days]))
    in_use = F.col("_day").isin(*days_of)
    columns = [c for c in rows.columns if c not in (*key, "_day")]
    unique = (
        rows.where(in_use)
        .dropna(subset=list(key))
        .groupBy(*key, "_day")
        .agg(F.max_by(F.struct(*columns), F.col("_order")).alias("_v"))
        .select(*key, "_day", "_v.*")
    )
    return unique.withColumn(
        "business_date", F.explode(F.coalesce(expanded.otherwise(None), F.array("_day")))
    ).withColumn("is_carried", F.col("business_date") != F.col("_day"))
