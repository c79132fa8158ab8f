"""B: what customers did, what they look for, and who spoke to them."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.profile import b_customer, b_event
from spark_jobs.profile.members import explode_memberships
from spark_jobs.profile.windows import link_customers
from spark_jobs.tables import Lake


def run(lake: Lake, dates: DateRange) -> None:
    """Publish events, contacts, parties' days, searches, then b_customer_daily, for these dates."""
    rules = lake.rules("behaviour")
    memberships = explode_memberships(
        lake.read("identity.party_customer"), lake.read("identity.customer"), dates
    ).localCheckpoint()
    contacts = lake.read("silver.crm_contact", dates).withColumn(
        "contact_id", lake.token("contact", F.lit("crm"), F.col("contact_no_crm"))
    )
    lake.publish_all(
        {
            "profile.b_event": link_customers(_events(lake, dates, contacts), memberships),
            "profile.b_contact": link_customers(_contacts(lake, dates, contacts), memberships),
        },
        dates,
    )
    events = lake.read("profile.b_event", dates.back(int(rules["search_days"]) - 1))
    acts = _acts(lake, dates.back(int(rules["search_days"]) - 1))
    zone = str(lake.rules("calendar")["zone"])
    lake.publish_all(
        {
            "profile._b_party_daily": b_customer.summarise_party_days(events, dates, rules),
            "profile.b_search_intent": b_customer.summarise_searches(
                events, acts, memberships, dates, rules, zone
            ),
        },
        dates,
    )
    party_days = lake.read("profile._b_party_daily", dates.back(int(rules["last_days"]) - 1))
    lake.publish(
        "profile.b_customer_daily",
        b_customer.summarise_behaviour(party_days, _opening(lake, zone), memberships, dates, rules),
        dates,
    )


def _events(lake: Lake, dates: DateRange, contacts: DataFrame) -> DataFrame:
    rules = lake.rules("behaviour")
    holders = lake.read("silver.party_agreement")
    entries = b_event.link_first_holder(lake.read("silver.transaction", dates), holders)
    purchases = b_event.link_first_holder(lake.read("silver.card_transaction", dates), holders)
    return b_event.assemble_events(
        [
            lake.read("silver.digital_event", dates),
            b_event.derive_call_events(lake.read("silver.call", dates)),
            b_event.derive_entry_events(entries, rules),
            b_event.derive_card_events(purchases),
            b_event.derive_contact_events(contacts, rules),
        ],
        lake.read("silver.touchpoint"),
        rules,
    )


def _contacts(lake: Lake, dates: DateRange, contacts: DataFrame) -> DataFrame:
    """Contacts of the dates. Messages and invitations are kept with their newest state, so their day is the day they were sent."""
    zone = str(lake.rules("calendar")["zone"])
    sent = F.to_date(F.from_utc_timestamp("sent_at", zone))
    within = F.col("business_date").between(F.lit(dates.first), F.lit(dates.last))
    messages, invitations = (
        lake.read(table)
        .where(F.col("sent_at").isNotNull())
        .withColumn("business_date", F.coalesce(sent, "business_date"))
        .where(within)
        for table in ("silver.message", "silver.survey_invitation")
    )
    return b_event.assemble_contacts(messages, invitations, contacts.withColumn("campaign_code", F.lit(None)))


def _acts(lake: Lake, dates: DateRange) -> DataFrame:
    """What people did about a topic they may have searched for. Grain: repeats allowed; party_id, business_date, topic_code."""
    early = b_event.link_first_holder(
        lake.read("silver.loan_repayment", dates).where("is_early"), lake.read("silver.party_agreement")
    )
    orders = lake.read("silver.wealth_trade", dates).where("kind_code = 'subscribe'")
    found = {
        "early_repayment": early, "wealth_order": orders, "loan_application": lake.read("silver.loan_application", dates),
        "complaint": lake.read("silver.complaint", dates),
    }  # fmt: skip
    topics = lake.rules("behaviour")["acts"]
    frames = [
        found[act].select("party_id", "business_date", F.lit(topic).alias("topic_code"))
        for topic, act in topics.items()
    ]
    return reduce(DataFrame.unionByName, frames)


def _opening(lake: Lake, zone: str) -> DataFrame:
    """When parties were last seen before the first business date. Grain: party_id."""
    users = lake.read("silver.opening_user").select(
        "party_id",
        F.to_date(F.from_utc_timestamp("last_login_at", zone)).alias("login_date"),
        F.lit(None).cast("date").alias("active_date"),
    )
    accounts = lake.read("silver.opening_agreement").select(
        "agreement_id",
        "last_customer_txn_date",
        F.lit(lake.run.dates.last).alias("business_date"),
    )
    entries = b_event.link_first_holder(accounts, lake.read("silver.party_agreement")).select(
        "party_id",
        F.lit(None).cast("date").alias("login_date"),
        F.col("last_customer_txn_date").alias("active_date"),
    )
    return (
        users.unionByName(entries)
        .where(F.col("party_id").isNotNull())
        .groupBy("party_id")
        .agg(F.max("login_date").alias("login_date"), F.max("active_date").alias("active_date"))
    )
