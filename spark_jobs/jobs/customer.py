"""customer_daily and customer_current: the one view."""

from __future__ import annotations

from spark_jobs.dates import DateRange
from spark_jobs.history import explode_days
from spark_jobs.jobs.listed import read_listed
from spark_jobs.profile import customer
from spark_jobs.profile.a_person import describe_people
from spark_jobs.profile.members import explode_memberships
from spark_jobs.tables import Lake

LAYERS = (
    "profile.b_customer_daily", "profile.x_customer_daily", "profile.s_customer_daily", "profile.o_customer_daily",
    "profile.a_customer_daily",
)  # fmt: skip


def run(lake: Lake, dates: DateRange) -> None:
    """Assemble who customers are and what the layers say of them for these dates, then the newest row of each customer."""
    memberships = explode_memberships(
        lake.read("identity.party_customer"), lake.read("identity.customer"), dates
    ).localCheckpoint()
    parties = explode_days(lake.read("silver.party_hist"), dates)
    golden = explode_days(lake.read("identity.golden_hist"), dates)
    managers = explode_days(lake.read("silver.customer_manager_hist"), dates)
    who = customer.describe_customers(
        customer.summarise_parties(parties, memberships), describe_people(memberships, parties, golden),
        customer.summarise_managers(managers, memberships), golden, explode_days(lake.read("identity.household_member"), dates),
        read_listed(lake, memberships, dates, "staff", "is_staff"),
    )  # fmt: skip
    wanted = lake.contracts.table("profile.customer_daily").columns
    layers = [lake.read(table, dates) for table in LAYERS]
    every = customer.derive_tenure(customer.join_layers(who, layers, wanted))
    lake.publish("profile.customer_daily", every, dates)
    daily = lake.read("profile.customer_daily")
    lake.publish("profile.customer_current", customer.assemble_current(daily, lake.read("identity.customer")))
