"""A: what a customer allows, from what its parties said (rules: consent). The most restrictive party wins."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

RIGHT = ["customer_id", "purpose_code", "data_class_code", "channel_code"]
# From what allows most to what allows least.
SEVERITY = ("granted", "expired", "withdrawn", "denied")
ANY = "any"
# Channel of the customer-relation system: what managers work with.
MANAGERS = "crm"


def merge_consents(consents: DataFrame, memberships: DataFrame) -> DataFrame:
    """The full belief of a_consent_hist. Grain out: customer, purpose, data class, channel and valid interval.

    consents     current belief of parties: party_id, purpose_code, data_class_code, channel_code, state_code, valid_from, valid_to
    memberships  current belief: party_id, customer_id, valid_from, valid_to
    On each day the parties of that day count that said anything, also another channel of the same right is another row. A merge
    therefore only removes permission, and a split gives each party its own again. A state that is not known is a denial.
    """
    spoken = consents.join(
        memberships.select(
            "party_id", "customer_id", F.col("valid_from").alias("_since"), F.col("valid_to").alias("_until")
        ),
        "party_id",
    ).select(
        *RIGHT, "party_id", _severity().alias("_severity"), F.greatest("valid_from", "_since").alias("_from"),
        F.least("valid_to", "_until").alias("_to"),
    ).where("_from < _to")  # fmt: skip
    cuts = (
        spoken.select(*RIGHT, F.col("_from").alias("valid_from"))
        .unionByName(spoken.select(*RIGHT, F.col("_to").alias("valid_from")))
        .distinct()
    )
    in_order = Window.partitionBy(*RIGHT).orderBy("valid_from")
    pieces = cuts.withColumn("valid_to", F.lead("valid_from").over(in_order)).where("valid_to is not null")
    judged = (
        pieces.join(spoken, RIGHT)
        .where((F.col("_from") <= F.col("valid_from")) & (F.col("_to") >= F.col("valid_to")))
        .groupBy(*RIGHT, "valid_from", "valid_to")
        .agg(
            F.max("_severity").alias("_worst"), F.count_distinct("_severity").alias("_opinions"),
            F.count_distinct("party_id").alias("source_party_cnt"),
        )
    )  # fmt: skip
    basis = F.when(F.col("source_party_cnt") == 1, "single").when(F.col("_opinions") == 1, "agreed")
    stated = judged.select(
        *RIGHT, F.element_at(F.array(*[F.lit(s) for s in SEVERITY]), F.col("_worst")).alias("state_code"), "source_party_cnt",
        basis.otherwise("most_restrictive").alias("basis_code"), "valid_from", "valid_to",
    )  # fmt: skip
    return _join_neighbours(stated, ["state_code", "source_party_cnt", "basis_code"])


def _severity() -> Column:
    known = F.array_position(F.array(*[F.lit(s) for s in SEVERITY]), F.col("state_code")).cast("int")
    return F.when(known > 0, known).otherwise(len(SEVERITY))


def _join_neighbours(pieces: DataFrame, content: list[str]) -> DataFrame:
    """Fewer rows: intervals that touch and say the same become one."""
    in_order = Window.partitionBy(*RIGHT).orderBy("valid_from")
    told = F.to_json(F.struct(*content))
    goes_on = (F.lag("valid_to").over(in_order) == F.col("valid_from")) & (F.lag(told).over(in_order) == told)
    begins = F.when(goes_on, 0).otherwise(1)
    runs = pieces.withColumn("_begins", begins).withColumn("_run", F.sum("_begins").over(in_order))
    return runs.groupBy(*RIGHT, "_run", *content).agg(
        F.min("valid_from").alias("valid_from"), F.max("valid_to").alias("valid_to")
    ).drop("_run")  # fmt: skip


def allowed(purpose: str, data_class: str, channel: str = MANAGERS) -> Column:
    """Aggregate over rows of one customer and day: whether this use is granted. The row that says it most precisely decides.

    A row for the channel beats one for any channel, one for the data class beats one for any; no row at all is a denial. Only for
    uses that need an opt-in: what the matrix allows or forbids by itself is not asked here.
    """
    matches = (
        (F.col("purpose_code") == purpose)
        & F.col("data_class_code").isin(data_class, ANY)
        & F.col("channel_code").isin(channel, ANY)
    )
    precision = F.when(F.col("data_class_code") == data_class, 2).otherwise(0) + F.when(
        F.col("channel_code") == channel, 1
    ).otherwise(0)
    decides = F.max_by(F.col("state_code") == "granted", F.when(matches, precision))
    return F.coalesce(decides, F.lit(False))


def summarise_consents(days: DataFrame) -> DataFrame:
    """Coarser: what each customer allows on each day. Grain out: customer_id, business_date.

    days: a_consent_hist by day. `_states` are all rows, in order, for guards that ask for other channels.
    """
    states = F.sort_array(
        F.collect_list(F.struct("purpose_code", "data_class_code", "channel_code", "state_code"))
    )
    return days.groupBy("customer_id", "business_date").agg(
        allowed("recommendation", "contact").alias("may_sell"), allowed("care", "contact").alias("may_care"),
        allowed("research", "contact").alias("may_research"), allowed("recommendation", "transaction").alias("may_recommend"),
        allowed("recommendation", "survey").alias("may_use_answers"), states.alias("_states"),
    )  # fmt: skip
