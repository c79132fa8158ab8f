"""Who of the customers stands on a list that a supplier keeps of persons by certificate: staff, ETC."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

KEY = ("customer_id", "business_date")


def keep_certificates(identifiers: DataFrame, kinds: Sequence[str]) -> DataFrame:
    """Fewer rows: certificates that name one person and pass their check, as identity takes them (`features.own_ids`)."""
    return identifiers.where(
        F.col("id_kind_code").isin(*kinds)
        & (F.col("id_class_code") == "strong")
        & (F.col("checksum_state_code") == "valid")
    )


def flag_listed(memberships: DataFrame, certificates: DataFrame, entries: DataFrame, flag: str) -> DataFrame:
    """Coarser: whether a certificate of the customer stands on the list on the day.

    memberships, certificates, entries  by day: party_id and customer_id; party_id and id_token; id_token
    Grain out: customer_id, business_date, of those with a certificate, on days on which anybody stands on the list. Of others it is not
    known, which is not no. Several certificates: one that is listed is enough.
    """
    listed = entries.select("id_token", "business_date").distinct()
    days = listed.select("business_date").distinct()
    shown = memberships.join(
        certificates.select("party_id", "id_token", "business_date"), ["party_id", "business_date"]
    )
    told = shown.join(F.broadcast(days), "business_date").join(
        listed.withColumn("_on", F.lit(True)), ["id_token", "business_date"], "left"
    )
    return told.groupBy(*KEY).agg(F.max(F.coalesce("_on", F.lit(False))).alias(flag))
