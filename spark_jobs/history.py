"""Bitemporal rows (拉链表 with known time): valid intervals of business dates, known intervals of instants.

Nothing is overwritten: a row that is no longer believed gets its `known_to` closed and the new truth is inserted.
Current belief is `known_to = 9999-12-31`. Per key and known instant the valid intervals never overlap.
"""

from __future__ import annotations

from datetime import date, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange

OPEN_DATE = date(9999, 12, 31)
# Naive UTC: the session time zone is UTC everywhere, and 9999-12-31 in a zone east of it would overflow.
OPEN_INSTANT = datetime(9999, 12, 31)
_HISTORY = ("valid_from", "valid_to", "known_from", "known_to")


def instant(moment: datetime) -> Column:
    """A naive UTC instant as a literal. As text: a Python datetime would be read in the client's own time zone."""
    return F.lit(moment.isoformat(sep=" ")).cast("timestamp")


def current_belief(history: DataFrame) -> DataFrame:
    """What is believed now, without the two known columns. Grain: key × valid interval."""
    return history.where(F.col("known_to") == instant(OPEN_INSTANT)).drop("known_from", "known_to")


def as_of(history: DataFrame, valid: date, known: datetime) -> DataFrame:
    """What was believed at `known` (UTC) about `valid`. Grain: one row per key."""
    return history.where(
        (F.col("valid_from") <= F.lit(valid))
        & (F.lit(valid) < F.col("valid_to"))
        & (F.col("known_from") <= instant(known))
        & (instant(known) < F.col("known_to"))
    ).drop(*_HISTORY)


def explode_days(history: DataFrame, dates: DateRange) -> DataFrame:
    """Current belief by day. Grain: one row per key and business date of `dates` on which the row is valid."""
    first, last = F.lit(dates.first), F.lit(dates.last)
    believed = history
    if "known_to" in history.columns:
        believed = current_belief(history)
    inside = believed.where((F.col("valid_from") <= last) & (F.col("valid_to") > first))
    days = F.sequence(F.greatest(F.col("valid_from"), first), F.least(F.date_sub(F.col("valid_to"), 1), last))
    return inside.withColumn("business_date", F.explode(days)).drop("valid_from", "valid_to")


def next_history(stored: DataFrame, belief: DataFrame, known_at: datetime, payload: list[str]) -> DataFrame:
    """The whole table after learning `belief` at `known_at`.

    stored   key × valid interval × known interval, with `payload` columns, valid_from, valid_to, known_from, known_to
    belief   the full current belief: payload, valid_from, valid_to and provenance; no repeats
    Rows that are believed still keep their known_from. A row that would have been known for no time at all
    (written and taken back by runs with the same cut-off) leaves no trace.
    """
    content = [*payload, "valid_from", "valid_to"]
    row = F.md5(F.to_json(F.struct(*[F.col(c) for c in content])))
    known, open_instant = instant(known_at), instant(OPEN_INSTANT)
    was = stored.where(F.col("known_to") == open_instant).withColumn("_content", row)
    now = belief.withColumn("_content", row)
    hashes_now = now.select("_content").withColumn("_still", F.lit(True))
    judged = was.join(hashes_now, "_content", "left")
    kept = judged.withColumn("known_to", F.when(F.col("_still"), open_instant).otherwise(known)).drop(
        "_still", "_content"
    )
    fresh = (
        now.join(was.select("_content"), "_content", "left_anti")
        .withColumn("known_from", known)
        .withColumn("known_to", open_instant)
        .drop("_content")
    )
    closed = stored.where(F.col("known_to") < open_instant)
    return (
        closed.unionByName(kept)
        .unionByName(fresh, allowMissingColumns=True)
        .where(F.col("known_from") < F.col("known_to"))
    )


def count_changes(stored: DataFrame, following: DataFrame, payload: list[str]) -> DataFrame:
    """How current belief differs between two states of a table. One row: changed_cnt, first_changed_date.

    first_changed_date is the first business date about which something else is believed; null where intervals were only cut elsewhere.
    """
    open_instant = instant(OPEN_INSTANT)

    def believed(rows: DataFrame, sign: int) -> DataFrame:
        content = F.md5(F.to_json(F.struct(*[F.col(c) for c in payload])))
        kept = rows.where(F.col("known_to") == open_instant)
        return kept.select(content.alias("row"), "valid_from", "valid_to", F.lit(sign).alias("sign"))

    both = believed(stored, -1).unionByName(believed(following, 1))
    changed = (
        both.groupBy("row", "valid_from", "valid_to").agg(F.sum("sign").alias("sign")).where("sign <> 0")
    )
    ends = F.array(
        F.struct(F.col("valid_from").alias("day"), F.col("sign").alias("step"), F.lit(1).alias("starts")),
        F.struct(F.col("valid_to").alias("day"), (-F.col("sign")).alias("step"), F.lit(0).alias("starts")),
    )
    steps = changed.select("row", F.explode(ends).alias("end")).groupBy("row", "end.day").agg(
        F.sum("end.step").alias("step"), F.sum("end.starts").alias("starts")
    )  # fmt: skip
    return steps.agg(
        F.coalesce(F.sum("starts"), F.lit(0)).alias("changed_cnt"),
        F.min(F.when(F.col("step") != 0, F.col("day"))).alias("first_changed_date"),
    )
