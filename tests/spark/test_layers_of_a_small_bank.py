"""A bank that has none of the systems around the core: the layers still have one row per customer and day."""

from datetime import date
from decimal import Decimal

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.jobs import customer, profile_a, profile_b, profile_o, profile_s, profile_x
from tests.support.tables import table

pytestmark = pytest.mark.slow

DATES = DateRange(date(2026, 9, 29), date(2026, 9, 30))
MEMBERSHIP = "party_id string, customer_id string, link_reason_code string, confidence_ratio decimal(9,6), valid_from date, valid_to date"
GOLDEN = (
    "customer_id string, sex_code string, birth_date date, region_code string, valid_from date, valid_to date"
)
LAYERS = ("b", "x", "s", "o", "a")
KEYS = {("wang", 29), ("wang", 30), ("li", 30)}


@pytest.fixture
def two_people(spark, make_lake):
    """A lake that knows two customers, one of them since 30 September, and nothing of what they did.

    Wang's certificate is read rightly from 30 September on; a day before, the bank believed in another birthday.
    """
    lake = make_lake(DATES.last, DATES.first)
    members = table(
        spark, MEMBERSHIP, "p | wang | | | 2026-09-01 | 9999-12-31\n q | li | | | 2026-09-30 | 9999-12-31"
    )
    golden = table(spark, GOLDEN, """
        wang | M | 2010-01-01 | | 2026-09-01 | 2026-09-30
        wang | F | 1980-01-01 | 330106 | 2026-09-30 | 9999-12-31
    """)  # fmt: skip
    known = lake.empty("identity.golden_hist").drop("known_from", "known_to")
    lake.publish_all({
        "identity.party_customer": members,
        "identity.golden_hist": known.unionByName(golden, allowMissingColumns=True),
        "identity.customer": lake.empty("identity.customer").unionByName(
            table(spark, "customer_id string, status_code string", "wang | active\n li | active"), allowMissingColumns=True
        ),
        "silver.customer_manager_hist": lake.empty("silver.customer_manager_hist").drop("known_from", "known_to").unionByName(
            table(spark, "party_id string, manager_staff_id string, valid_from date, valid_to date", "p | m | 2026-09-30 | 9999-12-31"),
            allowMissingColumns=True,
        ),
    })  # fmt: skip
    return lake


@pytest.mark.requirement("R-ING-03")
def test_five_layers_and_the_one_view_hold_the_same_customers(two_people):
    lake = two_people
    for job in (profile_o, profile_b, profile_s, profile_x, profile_a, customer):
        job.run(lake, DATES)

    def keys(table_name):
        rows = lake.read(f"profile.{table_name}").select("customer_id", "business_date").collect()
        return sorted((r["customer_id"], r["business_date"].day) for r in rows)

    assert {name: keys(name) for name in (*[f"{c}_customer_daily" for c in LAYERS], "customer_daily")} == {
        name: sorted(KEYS) for name in (*[f"{c}_customer_daily" for c in LAYERS], "customer_daily")
    }
    days = {
        (r["customer_id"], r["business_date"].day): r for r in lake.read("profile.customer_daily").collect()
    }
    # Who a customer is, is told as was known on the day.
    assert [(days["wang", d]["age_years"], days["wang", d]["sex_code"], days["wang", d]["is_minor"]) for d in (29, 30)] == [
        (16, "M", True), (46, "F", False),
    ]  # fmt: skip
    # The district of an address is told as its city.
    assert [days[who, d]["region_code"] for who, d in (("wang", 29), ("wang", 30), ("li", 30))] == [
        None,
        "330100",
        None,
    ]
    assert [days["wang", d]["manager_staff_id"] for d in (29, 30)] == [None, "m"]
    assert (days["li", 30]["age_years"], days["li", 30]["is_minor"], days["li", 30]["tenure_days"]) == (
        None,
        None,
        None,
    )
    wang = days["wang", 30]
    assert (
        wang["login_30_cnt"],
        wang["since_login_days"],
        wang["sla_breach_30_cnt"],
        wang["complaint_open_cnt"],
    ) == (0, None, 0, 0)
    assert (wang["aum_cny"], wang["aum_180_avg_cny"], wang["product_cnt"]) == (Decimal(0), Decimal(0), 0)
    assert (wang["nps_last_score"], wang["latency_p95_7_ms"], wang["party_cnt"], wang["source_cnt"]) == (
        None,
        None,
        1,
        0,
    )
    current = {r["customer_id"]: r for r in lake.read("profile.customer_current").collect()}
    assert (
        current["wang"]["business_date"],
        current["wang"]["status_code"],
        current["wang"]["age_years"],
    ) == (DATES.last, "active", 46)


def test_every_column_of_the_layers_stands_in_the_one_view(make_lake):
    contracts = make_lake().contracts
    ours = set(contracts.table("profile.customer_daily").columns)

    missing = {
        f"{layer}: {column}"
        for layer in LAYERS
        for column in contracts.table(f"profile.{layer}_customer_daily").columns
        if column not in ours
    }

    assert missing == set()
    assert ours <= set(contracts.table("profile.customer_current").columns)
