"""AUM to the cent, by the worked examples of the rules."""

from decimal import Decimal

import pytest

from spark_jobs.profile.o_account import UNASSIGNED, assemble_account_daily, derive_cny, explode_holders
from tests.support.tables import table

BALANCE = "agreement_id string, business_date date, balance_amt decimal(18,2), balance_ccy string"
RATE = "currency_code string, rate_date date, mid_rate decimal(18,8)"
ACCOUNT = (
    "agreement_id string, business_date date, agreement_kind_code string, gross_balance_cny decimal(18,2)"
)
HOLDER = "agreement_id string, business_date date, party_id string, holder_rank int, share_ratio decimal(9,6)"
MEMBER = "party_id string, business_date date, customer_id string"
DAY = "2026-09-30"


def shares(frame):
    return {row["customer_id"]: row["balance_cny"] for row in frame.collect()}


@pytest.mark.requirement("R-O-01")
def test_dollars_are_converted_at_the_newest_mid_rate_not_after_the_day(spark):
    balances = table(spark, BALANCE, f"usd | {DAY} | 1000 | USD\n cny | {DAY} | 10000 | CNY")
    rates = table(spark, RATE, "USD | 2026-09-29 | 7.1234\n USD | 2026-10-01 | 9.0\n USD | 2026-09-01 | 1.0")

    cny = {r["agreement_id"]: r["gross_balance_cny"] for r in derive_cny(balances, rates).collect()}

    assert cny == {"usd": Decimal("7123.40"), "cny": Decimal("10000.00")}


@pytest.mark.requirement("R-O-01")
def test_three_holders_share_a_hundred_yuan_and_the_odd_cent_goes_to_the_first(spark):
    accounts = table(spark, ACCOUNT, f"a | {DAY} | deposit | 100")
    holders = table(spark, HOLDER, f"a | {DAY} | p1 | 1 | \n a | {DAY} | p2 | 2 | \n a | {DAY} | p3 | 3 |")
    members = table(spark, MEMBER, f"p1 | {DAY} | c1\n p2 | {DAY} | c2\n p3 | {DAY} | c3")

    found = shares(assemble_account_daily(explode_holders(accounts, holders), members))

    assert found == {"c1": Decimal("33.34"), "c2": Decimal("33.33"), "c3": Decimal("33.33")}


def test_an_overdrawn_account_is_shared_to_the_cent_too(spark):
    accounts = table(spark, ACCOUNT, f"a | {DAY} | deposit | -100")
    holders = table(spark, HOLDER, f"a | {DAY} | p1 | 1 | \n a | {DAY} | p2 | 2 | \n a | {DAY} | p3 | 3 |")
    members = table(spark, MEMBER, f"p1 | {DAY} | c1\n p2 | {DAY} | c2\n p3 | {DAY} | c3")

    assert sum(
        shares(assemble_account_daily(explode_holders(accounts, holders), members)).values()
    ) == Decimal("-100.00")


def test_two_numbers_of_one_person_on_one_account_are_one_share(spark):
    accounts = table(spark, ACCOUNT, f"a | {DAY} | deposit | 0.03")
    holders = table(spark, HOLDER, f"a | {DAY} | p1 | 1 | \n a | {DAY} | p2 | 2 |")
    members = table(spark, MEMBER, f"p1 | {DAY} | c\n p2 | {DAY} | c")

    assert shares(assemble_account_daily(explode_holders(accounts, holders), members)) == {
        "c": Decimal("0.03")
    }


def test_what_belongs_to_no_resolved_person_is_kept_aside_and_not_lost(spark):
    accounts = table(spark, ACCOUNT, f"company | {DAY} | deposit | 50\n orphan | {DAY} | deposit | 7")
    holders = table(spark, HOLDER, f"company | {DAY} | firm | 1 |")
    members = table(spark, MEMBER, f"p1 | {DAY} | c1")

    rows = assemble_account_daily(explode_holders(accounts, holders), members).collect()

    assert {r["customer_id"] for r in rows} == {UNASSIGNED}
    assert sum(r["balance_cny"] for r in rows) == Decimal("57.00")
