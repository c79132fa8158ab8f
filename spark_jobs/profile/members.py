"""Who the customers of a day are, and whose party counts for which month.

A customer is active on a day when a party belongs to the id on that day and the id was not erased: prospects and people without an open
agreement included, retired ids not. The five layers and customer_daily all have exactly these keys.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import explode_days
from spark_jobs.identity.registers import leave_out_erased

UNASSIGNED = "_unassigned"


def explode_memberships(party_customer: DataFrame, customers: DataFrame, dates: DateRange) -> DataFrame:
    """Finer: one row per party and day with its customer, by current belief.

    party_customer  identity.party_customer; customers: identity.customer, whose erased ids are left out
    Grain out: party_id, business_date; columns party_id, business_date, customer_id.
    """
    days = explode_days(party_customer, dates).select("party_id", "business_date", "customer_id")
    return leave_out_erased(days, customers).select("party_id", "business_date", "customer_id")


def active_customers(memberships: DataFrame) -> DataFrame:
    """Coarser: the keys (customer_id, business_date) of all layers."""
    return memberships.select("customer_id", "business_date").distinct()


def link_months(memberships: DataFrame, months: DataFrame, last: str) -> DataFrame:
    """Which parties count for a customer in which month. Grain out: customer_id, party_id, month_date.

    memberships  current belief: party_id, customer_id, valid_from, valid_to
    months       month_date of all months there are; last: newest business date, ISO
    The parties are those of the month's last day (of `last` in the running month) or, in months before the customer id existed, of
    the id's first day: so a customer born by a split brings the months of its own parties.
    """
    since = memberships.groupBy("customer_id").agg(F.min("valid_from").alias("_since"))
    end = F.least(F.last_day("month_date"), F.lit(last).cast("date"))
    counted = F.greatest(end, F.col("_since"))
    return (
        memberships.join(since, "customer_id")
        .crossJoin(F.broadcast(months.select("month_date").distinct()))
        .where((F.col("valid_from") <= counted) & (F.col("valid_to") > counted))
        .select("customer_id", "party_id", "month_date")
    )
