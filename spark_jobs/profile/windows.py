"""Windows that end on a business date: at party grain first, then over the parties that the customer has on that very date.

Customers are merged and split; parties stay. So what a party did on a day is counted once, and a window of a customer adds up the days
of the parties it has at the window's end.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange

KEY = ["customer_id", "business_date"]


def explode_windows(rows: DataFrame, dates: DateRange, days: int) -> DataFrame:
    """Finer: each row once for every date of the range whose window of so many days holds it.

    rows: business_date is the day it happened. It becomes `seen_date`; business_date is now the window's end and `_age` the days
    between the two, 0 on the day itself.
    """
    seen = rows.withColumnRenamed("business_date", "seen_date").where(
        F.col("seen_date").between(F.lit(dates.back(days - 1).first), F.lit(dates.last))
    )
    ends = F.sequence(
        F.greatest(F.col("seen_date"), F.lit(dates.first)),
        F.least(F.date_add("seen_date", days - 1), F.lit(dates.last)),
    )
    return seen.withColumn("business_date", F.explode(ends)).withColumn(
        "_age", F.datediff("business_date", "seen_date")
    )


def sum_within(value: Column, days: int) -> Column:
    """Sum over the last so many days of an exploded window; 0 where nothing falls into them."""
    return F.coalesce(F.sum(F.when(F.col("_age") < days, value)), F.lit(0)).cast("bigint")


def days_within(condition: Column, days: int) -> Column:
    """Days among the last so many on which the condition holds for any party."""
    return F.count_distinct(F.when((F.col("_age") < days) & condition, F.col("seen_date")))


def of_customers(rows: DataFrame, memberships: DataFrame) -> DataFrame:
    """Rows of parties with the customer they belong to on business_date; those of unknown people fall out.

    memberships: party_id, business_date, customer_id.
    """
    return rows.join(memberships.select("party_id", *KEY), ["party_id", "business_date"])


def link_customers(rows: DataFrame, memberships: DataFrame) -> DataFrame:
    """More columns, same rows: the customer of each row's party on its business date, null where the person is not known."""
    return rows.join(memberships.select("party_id", *KEY), ["party_id", "business_date"], "left")


def complete(customers: DataFrame, frame: DataFrame, zeros: list[str]) -> DataFrame:
    """One row per active customer and date: 0 in these columns where nothing happened, null in all others."""
    return customers.select(*KEY).join(frame, KEY, "left").fillna(0, zeros)
