"""A bank that has none of the systems around the core: the layers still have one row per customer and day."""

from datetime import date

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.jobs import profile_b
from tests.support.tables import table

DATES = DateRange(date(2026, 9, 29), date(2026, 9, 30))
MEMBERSHIP = "party_id string, customer_id string, link_reason_code string, confidence_ratio decimal(9,6), valid_from date, valid_to date"


@pytest.fixture
def two_people(spark, make_lake):
    """A lake that knows two customers, one of them since 30 September, and nothing of what they did."""
    lake = make_lake(DATES.last, DATES.first)
    members = table(
        spark, MEMBERSHIP, "p | wang | | | 2026-09-01 | 9999-12-31\n q | li | | | 2026-09-30 | 9999-12-31"
    )
    lake.publish("identity.party_customer", members)
    return lake


def test_behaviour_of_people_whose_bank_has_no_other_system(two_people):
    profile_b.run(two_people, DATES)

    rows = two_people.read("profile.b_customer_daily").orderBy("customer_id", "business_date").collect()

    assert [(r["customer_id"], r["business_date"].day) for r in rows] == [
        ("li", 30),
        ("wang", 29),
        ("wang", 30),
    ]
    assert {(r["login_30_cnt"], r["since_login_days"]) for r in rows} == {(0, None)}
