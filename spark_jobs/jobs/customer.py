"""customer_daily and customer_current: the one view."""

from __future__ import annotations

from spark_jobs.dates import DateRange
from spark_jobs.history import explode_days
from spark_jobs.profile.customer import (
    assemble_current,
    assemble_customer_daily,
    join_layers,
    summarise_parties,
)
from spark_jobs.tables import Lake

# Layers beside the money; customer_daily has those of their columns that its contract names.
LAYERS = (
    "profile.b_customer_daily", "profile.x_customer_daily", "profile.s_customer_daily", "profile.a_customer_daily",
)  # fmt: skip


def run(lake: Lake, dates: DateRange) -> None:
    """Assemble the layers for these dates, then the newest row of each customer."""
    memberships = explode_days(lake.read("identity.party_customer"), dates).select(
        "party_id", "business_date", "customer_id"
    )
    parties = explode_days(lake.read("silver.party_hist"), dates).select(
        "party_id", "business_date", "source_code", "status_code"
    )
    golden = explode_days(lake.read("identity.golden_hist"), DateRange.day(dates.last))
    people = summarise_parties(parties, memberships)
    every = assemble_customer_daily(people, golden, lake.read("profile.o_customer_daily", dates))
    contract = lake.contracts.table("profile.customer_daily")
    layers = [lake.read(table, dates) for table in LAYERS if table in lake.contracts.tables]
    lake.publish("profile.customer_daily", join_layers(every, layers, contract.columns), dates)
    daily = lake.read("profile.customer_daily")
    lake.publish("profile.customer_current", assemble_current(daily, lake.read("identity.customer")))
