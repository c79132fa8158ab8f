"""B, events: what customers did, whichever system noticed it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.history import current_belief

EVENT = (
    "event_id", "business_date", "party_id", "source_code", "kind_code", "occurred_at", "channel_code", "touchpoint_code", "page_code",
    "session_no_mbank", "search_topic_code", "result_code", "org_code", "staff_id",
)  # fmt: skip
HOLDERS = ("holder", "joint_holder")


def chosen(column: Column, of: Mapping[str, str]) -> Column:
    """What the mapping says for the column's value, null for any other."""
    found = F.when(F.lit(False), F.lit(None).cast("string"))
    for value, given in of.items():
        found = found.when(column == value, given)
    return found


def link_first_holder(rows: DataFrame, party_agreement: DataFrame) -> DataFrame:
    """More columns, same rows: party_id of the agreement's first holder on the business date, null where none is known.

    rows: agreement_id, business_date. party_agreement: silver.party_agreement. Ties: smaller rank, then smaller party id.
    """
    held = current_belief(party_agreement).where(F.col("role_code").isin(*HOLDERS))
    days = rows.select("agreement_id", "business_date").distinct()
    valid = (F.col("valid_from") <= F.col("business_date")) & (F.col("business_date") < F.col("valid_to"))
    order = F.struct(F.coalesce("holder_rank", F.lit(99)), "party_id")
    first = (
        days.join(held, "agreement_id")
        .where(valid)
        .groupBy("agreement_id", "business_date")
        .agg(F.min_by("party_id", order).alias("party_id"))
    )
    return rows.join(first, ["agreement_id", "business_date"], "left")


def derive_entry_events(entries: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Entries that the customer started, as events. entries: silver.transaction with party_id.

    A reversal is no act of the customer; an entry that was taken back still is one.
    """
    own = entries.where(
        F.col("kind_code").isin(*rules["customer_entries"])
        & ~F.coalesce("channel_code", F.lit("")).isin(*rules["bank_channels"])
        & ~F.col("is_reversal")
    )
    by_kind = F.when(
        F.col("channel_code").isin(*rules["digital_channels"]),
        chosen(F.col("kind_code"), rules["entry_touchpoints"]),
    )
    return own.withColumns({
        "touchpoint_code": F.coalesce(chosen(F.col("channel_code"), rules["channel_touchpoints"]), by_kind),
        "event_id": F.col("transaction_id"),
        "occurred_at": F.coalesce("booked_at", F.col("business_date").cast("timestamp")),
        "kind_code": F.lit("transaction"), "result_code": F.lit("ok"),
    })  # fmt: skip


def derive_card_events(purchases: DataFrame) -> DataFrame:
    """Card purchases as events; refunds (negative amounts) are the merchant's. purchases: silver.card_transaction with party_id."""
    return purchases.where(F.col("amount_amt") > 0).withColumns({
        "event_id": F.col("card_transaction_id"),
        "occurred_at": F.coalesce("transacted_at", F.col("business_date").cast("timestamp")),
        "kind_code": F.lit("transaction"), "channel_code": F.lit("pos"), "result_code": F.lit("ok"),
    })  # fmt: skip


def derive_call_events(calls: DataFrame) -> DataFrame:
    """Calls to the contact centre. calls: silver.call. result_code: answered or abandoned."""
    return calls.withColumns({
        "event_id": F.col("call_id"), "occurred_at": F.col("started_at"), "kind_code": F.lit("call"),
        "channel_code": F.lit("phone"), "touchpoint_code": F.lit("call_centre"), "staff_id": F.col("agent_staff_id"),
        "result_code": F.when(F.col("is_abandoned"), "abandoned").otherwise("answered"),
    })  # fmt: skip


def derive_contact_events(contacts: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """Contacts that managers logged, with contact_id; a visit is one where the customer came. contacts: silver.crm_contact."""
    came = (F.col("direction_code") == "inbound") & F.col("channel_code").isin(*rules["visit_channels"])
    return contacts.withColumns({
        "event_id": F.col("contact_id"), "kind_code": F.when(came, "visit").otherwise("contact"),
        "touchpoint_code": F.when(came, "branch_visit").otherwise("manager_contact"), "staff_id": F.col("manager_staff_id"),
    })  # fmt: skip


def assemble_events(frames: list[DataFrame], touchpoints: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """All events with journey and place, before customers are known. Grain: event_id.

    frames       events of one kind each; a column of EVENT that one lacks is null
    touchpoints  silver.touchpoint
    """
    shaped = [
        frame.select(
            *[F.col(c) if c in frame.columns else F.lit(None).cast("string").alias(c) for c in EVENT]
        )
        for frame in frames
    ]
    journeys = touchpoints.select("touchpoint_code", "journey_code")
    offline = F.coalesce(F.col("channel_code").isin(*rules["offline_channels"]), F.lit(False))
    every = reduce(DataFrame.unionByName, shaped)
    return every.join(F.broadcast(journeys), "touchpoint_code", "left").withColumn("is_offline", offline)


def assemble_contacts(messages: DataFrame, invitations: DataFrame, contacts: DataFrame) -> DataFrame:
    """What the bank said to people, and they to their managers. Grain: contact_id.

    messages     silver.message; invitations: silver.survey_invitation with sent_at
    contacts     silver.crm_contact with contact_id
    """
    columns = (
        "contact_id", "business_date", "party_id", "source_code", "channel_code", "direction_code", "purpose_code", "occurred_at",
        "campaign_code", "result_code",
    )  # fmt: skip
    out = F.lit("outbound").alias("direction_code")
    sent = messages.select(
        F.col("message_id").alias("contact_id"), "business_date", "party_id", "source_code", "channel_code", out, "purpose_code",
        F.col("sent_at").alias("occurred_at"), "campaign_code", F.col("status_code").alias("result_code"),
    )  # fmt: skip
    asked = invitations.select(
        F.col("invitation_id").alias("contact_id"), "business_date", "party_id", "source_code",
        F.coalesce("channel_code", F.lit("survey")).alias("channel_code"), out, F.lit("survey").alias("purpose_code"),
        F.col("sent_at").alias("occurred_at"), F.lit(None).cast("string").alias("campaign_code"),
        F.col("status_code").alias("result_code"),
    )  # fmt: skip
    logged = contacts.withColumns({
        "direction_code": F.coalesce("direction_code", F.lit("outbound")),
        "channel_code": F.coalesce("channel_code", F.lit("crm")), "campaign_code": F.lit(None).cast("string"),
    })  # fmt: skip
    return sent.unionByName(asked).unionByName(logged.select(*columns)).select(*columns)
