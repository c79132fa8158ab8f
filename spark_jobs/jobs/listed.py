"""What the jobs of a profile read of lists of persons: staff for the one view, ETC for the money layer."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import explode_days
from spark_jobs.profile.listed import KEY, flag_listed, keep_certificates
from spark_jobs.tables import Lake

LISTS = "silver.person_list"


def read_listed(lake: Lake, memberships: DataFrame, dates: DateRange, code: str, flag: str) -> DataFrame:
    """`flag_listed` of one list on these dates; no rows in a bank that has no such list.

    memberships: party_id, customer_id by day
    """
    if not lake.exists(LISTS):
        return memberships.select(*KEY, F.lit(None).cast("boolean").alias(flag)).where("false")
    entries = explode_days(lake.read(LISTS).where(F.col("list_code") == code), dates)
    kinds = list(lake.rules("identity")["strong_id_kinds"])
    certificates = explode_days(keep_certificates(lake.read("silver.party_identifier"), kinds), dates)
    return flag_listed(memberships, certificates, entries, flag)
