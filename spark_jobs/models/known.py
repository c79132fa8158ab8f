"""What was known when: the rows that a feature of an as-of date may read.

Daily tables are replaced when a resend or a late file comes, so their rows do not say since when they are as they are. The delivery
ledger does: a business date of a table is known from the first cut-off after the last file that made it had arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs.history import instant
from spark_jobs.profile.windows import KEY

AS_OF = ["customer_id", "as_of_date"]


def derive_known_from(
    rows: DataFrame, deliveries: DataFrame, feeds: Sequence[str], cut_off: str, zone: str
) -> DataFrame:
    """More columns, same rows: `known_from` (UTC) of each row's business date.

    rows        a daily table
    deliveries  the delivery ledger: feed_code, business_date, state_code, arrived_at (UTC)
    feeds       feeds whose files make the table; cut_off: time of the next day, HH:MM in `zone`, up to which arrivals count for a date
    A date that no file of these feeds made is known from its own cut-off, and no date is known before it.
    """
    last = (
        deliveries.where((F.col("state_code") == "loaded") & F.col("feed_code").isin(*feeds))
        .groupBy("business_date")
        .agg(F.max("arrived_at").alias("_arrived"))
    )
    local = F.from_utc_timestamp("_arrived", zone)
    clock = F.make_dt_interval(hours=F.lit(int(cut_off[:2])), mins=F.lit(int(cut_off[3:])))
    # Arrived after today's cut-off: it counts for the run of today's date, whose cut-off is tomorrow's.
    run_date = F.to_date(local - clock - F.expr("interval 1 microsecond"))
    decides = F.greatest("business_date", run_date)
    known_from = F.to_utc_timestamp(F.date_add(decides, 1).cast("timestamp_ntz") + clock, zone)
    dated = rows.select("business_date").distinct().join(last, "business_date", "left")
    return rows.join(
        F.broadcast(dated.select("business_date", known_from.cast("timestamp").alias("known_from"))),
        "business_date",
    )


def as_of_dates(spark: SparkSession, known: Iterable[tuple[date, datetime]]) -> DataFrame:
    """as_of_date, known_at: the dates asked about, each with the cut-off (UTC) of its release."""
    told = [(day, moment.isoformat(sep=" ")) for day, moment in known]
    frame = spark.createDataFrame(told, "as_of_date date, known_at string")
    return frame.withColumn("known_at", F.col("known_at").cast("timestamp"))


def keep_known(rows: DataFrame, as_ofs: DataFrame, days: int) -> DataFrame:
    """Each row once for every as-of date whose window of so many days holds it and that could know it.

    rows: business_date, known_from. Adds as_of_date and `_age`, the days between the two, 0 on the as-of date itself.
    """
    in_window = F.col("business_date").between(F.date_sub("as_of_date", days - 1), F.col("as_of_date"))
    seen = rows.join(F.broadcast(as_ofs), in_window & (F.col("known_from") <= F.col("known_at")))
    return seen.withColumn("_age", F.datediff("as_of_date", "business_date")).drop("known_at", "known_from")


def newest(column: str) -> Column:
    """Aggregate: the value of the newest visible day, null where that day has none."""
    return F.max_by(column, "business_date")


__all__ = ["AS_OF", "KEY", "as_of_dates", "derive_known_from", "instant", "keep_known", "newest"]
