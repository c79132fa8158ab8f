"""Money of drawn customers through the whole job: every component of AUM, debts, flows, windows, months, and nothing lost."""

from datetime import date
from decimal import Decimal

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.jobs import profile_o
from spark_jobs.profile import o_position
from tests.support.tables import table

DATES = DateRange(date(2026, 9, 29), date(2026, 9, 30))
MEMBERSHIP = "party_id string, customer_id string, link_reason_code string, confidence_ratio decimal(9,6), valid_from date, valid_to date"
TRADE = (
    "party_id string, business_date date, kind_code string, status_code string, ordered_at timestamp, confirmed_date date, settle_date date, "
    "amount_amt decimal(18,2), amount_ccy string"
)  # fmt: skip


def put(lake, name, schema, text):
    """Rows of a table; columns that are not drawn are null."""
    frame = table(lake.spark, schema, text)
    lake.publish(
        name,
        lake.empty(name).unionByName(frame, allowMissingColumns=True).drop("known_from", "known_to"),
        DATES,
    )


@pytest.fixture
def bank(spark, make_lake):
    """Wang (deposit, joint account with Li, wealth, a car loan, a card) and Li; a company's account belongs to nobody."""
    lake = make_lake(DATES.last, DATES.first)
    lake.publish("identity.party_customer", table(
        spark, MEMBERSHIP, "w | wang | | | 2026-09-01 | 9999-12-31\n l | li | | | 2026-09-01 | 9999-12-31"
    ))  # fmt: skip
    put(lake, "silver.agreement", "agreement_id string, source_code string, agreement_kind_code string, agreement_purpose_code string, "
        "product_code string, opened_date date, matures_date date, is_auto_roll boolean", """
        own   | core   | deposit |     | D | 2020-01-01 |            |
        joint | core   | deposit |     | T | 2026-09-10 | 2026-10-15 | true
        firm  | core   | deposit |     | D | 2019-01-01 |            |
        loan  | loan   | loan    | car | L | 2024-05-01 | 2028-05-01 |
        card  | card   | card    |     | C | 2023-01-01 |            |
    """)  # fmt: skip
    put(lake, "silver.party_agreement", "agreement_id string, party_id string, role_code string, holder_rank int, share_ratio decimal(9,6), "
        "valid_from date, valid_to date", """
        own   | w | holder       | 1 | | 2026-09-01 | 9999-12-31
        joint | w | holder       | 1 | | 2026-09-01 | 9999-12-31
        joint | l | joint_holder | 2 | | 2026-09-01 | 9999-12-31
        firm  | f | holder       | 1 | | 2026-09-01 | 9999-12-31
        loan  | w | holder       | 1 | | 2026-09-01 | 9999-12-31
        loan  | l | guarantor    | 1 | | 2026-09-01 | 9999-12-31
        card  | w | holder       | 1 | | 2026-09-01 | 9999-12-31
    """)  # fmt: skip
    put(lake, "silver.product_hist", "product_code string, source_code string, product_kind_code string, valid_from date, valid_to date", """
        D | core   | demand | 2026-01-01 | 9999-12-31
        T | core   | time   | 2026-01-01 | 9999-12-31
        W | wealth | wealth | 2026-01-01 | 9999-12-31
        F | wealth | fund   | 2026-01-01 | 9999-12-31
    """)  # fmt: skip
    put(lake, "silver.deposit_daily", "agreement_id string, business_date date, balance_amt decimal(18,2), balance_ccy string", """
        own   | 2026-09-29 | 100000  | CNY
        joint | 2026-09-29 | 100.01  | CNY
        firm  | 2026-09-29 | 7       | CNY
        own   | 2026-09-30 | 80000   | CNY
        joint | 2026-09-30 | -100.01 | CNY
        firm  | 2026-09-30 | 7       | CNY
    """)  # fmt: skip
    put(lake, "silver.loan_daily", "agreement_id string, business_date date, balance_amt decimal(18,2), balance_ccy string, overdue_days int",
        "loan | 2026-09-30 | 5000 | CNY | 12")  # fmt: skip
    put(lake, "silver.card_daily", "agreement_id string, business_date date, balance_amt decimal(18,2), balance_ccy string, overdue_days int",
        "card | 2026-09-30 | -20 | CNY | 0")  # fmt: skip
    put(lake, "silver.wealth_holding_daily", "agreement_id string, business_date date, party_id string, product_code string, "
        "market_value_amt decimal(18,2), market_value_ccy string, matures_date date, is_auto_roll boolean, is_nav_stale boolean", """
        pos  | 2026-09-30 | w | W | 1000 | CNY | 2026-11-01 | false | true
        fund | 2026-09-30 | w | F | 200  | CNY |            |       | false
    """)  # fmt: skip
    put(lake, "silver.wealth_trade", f"trade_id string, {TRADE}",
        "t | w | 2026-09-30 | subscribe | ordered | 2026-09-30 02:00:00 | | | 20000 | CNY")  # fmt: skip
    put(lake, "silver.transaction", "transaction_id string, business_date date, agreement_id string, amount_amt decimal(18,2), "
        "amount_ccy string, direction_code string, kind_code string, counterparty_agreement_id string, is_reversal boolean, "
        "is_reversed boolean", """
        buy   | 2026-09-30 | own   | 20000 | CNY | debit  | wealth_subscribe        |       | false | false
        out   | 2026-09-30 | own   | 300   | CNY | debit  | transfer_out_other_bank |       | false | false
        back  | 2026-09-30 | own   | 5000  | CNY | debit  | transfer_out_other_bank |       | false | true
        self  | 2026-09-30 | own   | 40    | CNY | debit  | transfer_out_own_bank   | joint | false | false
        pay   | 2026-09-30 | own   | 9000  | CNY | credit | salary                  |       | false | false
        split | 2026-09-30 | joint | 10    | CNY | debit  | cash_out                |       | false | false
    """)  # fmt: skip
    put(lake, "silver.opening_customer_month", "party_id string, source_code string, month_date date, mavg_deposit_cny decimal(18,2), "
        "salary_amt decimal(18,2), inflow_amt decimal(18,2), max_overdue_days int, day_cnt int", """
        w | core | 2026-08-01 | 30000 | 9000 | 9000 | 0 | 31
        w | core | 2026-09-01 | 60000 | 0    | 0    | 0 | 28
    """)  # fmt: skip
    put(
        lake,
        "silver.opening_customer",
        "party_id string, source_code string, last_salary_date date",
        "w | core | 2026-08-15",
    )
    return lake


def test_every_part_of_a_customers_money_is_counted_once_and_to_the_cent(bank):
    profile_o.run(bank, DATES)

    days = {
        (r["customer_id"], r["business_date"].day): r for r in bank.read("profile.o_customer_daily").collect()
    }
    assert len(days) == 4
    first, last = days["wang", 29], days["wang", 30]
    # Of 100.01 the odd cent goes to the first holder; overdrawn, the joint account is a debt of both.
    assert (first["aum_cny"], days["li", 29]["aum_cny"]) == (Decimal("100050.01"), Decimal("50.00"))
    assert (last["deposit_cny"], last["in_transit_cny"], last["wealth_cny"], last["fund_cny"]) == (
        80000,
        20000,
        1000,
        200,
    )
    assert (last["aum_cny"], days["li", 30]["aum_cny"]) == (101200, 0)
    # The loan and the share of the overdraft; a guarantor owes nothing; an overpaid card is nothing.
    assert (last["loan_cny"] + days["li", 30]["loan_cny"], last["card_cny"]) == (Decimal("5100.01"), 0)
    assert days["li", 30]["loan_cny"] < 51
    assert (last["overdue_days"], last["has_car_loan"], last["is_nav_stale"]) == (12, True, True)
    # Out: 300 and half of the cash; what was taken back, the subscription and the transfer to the own joint account are none.
    assert (last["outflow_cny"], days["li", 30]["outflow_cny"], last["inflow_cny"]) == (305, 5, 9000)
    assert (last["product_cnt"], last["product_kind_cnt"]) == (6, 6)
    assert first["next_matures_date"] == date(2026, 10, 15)
    # The overdrawn time deposit counts no more; on the day before nothing matured that does not renew itself.
    assert (last["next_matures_date"], first["next_unrolled_matures_date"]) == (date(2026, 11, 1), None)
    assert (last["relationship_date"], days["li", 30]["relationship_date"]) == (
        date(2020, 1, 1),
        date(2026, 9, 10),
    )
    # Salary in August (the opening package says on the 15th) and September: two months of three.
    assert (first["last_salary_date"], first["is_payroll"]) == (date(2026, 8, 15), False)
    assert (last["last_salary_date"], last["is_payroll"]) == (date(2026, 9, 30), True)
    # September so far: 28 days at 60,000 from the opening package, then the two days seen.
    assert last["aum_mtd_avg_cny"] == round((28 * 60000 + Decimal("100050.01") + 101200) / 30, 2)
    # 180 days back nothing but August and September is known: 61 days.
    known = 31 * 30000 + 28 * 60000 + Decimal("100050.01") + 101200
    assert last["aum_180_avg_cny"] == round(known / 61, 2)
    lost = bank.read("profile.o_reconciliation_daily").where("customers_cny + unassigned_cny <> accounts_cny")
    assert lost.count() == 0
    whole = {
        r["component_code"]: (r["unassigned_cny"], r["accounts_cny"])
        for r in bank.read("profile.o_reconciliation_daily").where("business_date = '2026-09-30'").collect()
    }
    assert whole["deposit"] == (7, 80007)
    months = {
        (r["customer_id"], r["month_date"].month): r
        for r in bank.read("profile.o_customer_monthly").collect()
    }
    september = months["wang", 9]
    assert (months["wang", 8]["aum_mavg_cny"], months["wang", 8]["is_from_opening"]) == (30000, True)
    assert (september["aum_mavg_cny"], september["is_complete_month"]) == (last["aum_mtd_avg_cny"], True)
    assert september["salary_cny"] == 9000


def test_a_redemption_is_in_transit_until_its_money_is_there_and_a_cancelled_order_until_it_is_given_back(
    spark,
):
    trades = table(spark, TRADE, """
        a | 2026-09-28 | redeem    | confirmed | 2026-09-27 02:00:00 | 2026-09-28 | 2026-09-30 | 10  | CNY
        b | 2026-09-28 | subscribe | confirmed | 2026-09-28 16:30:00 | 2026-09-30 |            | 100 | CNY
        c | 2026-09-28 | subscribe | cancelled | 2026-09-28 02:00:00 |            |            | 999 | CNY
        e | 2026-09-30 | subscribe | cancelled | 2026-09-28 02:00:00 |            | 2026-09-30 | 7   | CNY
        d | 2026-09-28 | redeem    | ordered   | 2026-09-28 02:00:00 |            |            | 999 | CNY
    """)  # fmt: skip
    rates = table(spark, "currency_code string, rate_date date, mid_rate decimal(18,8)", "")
    days = DateRange(date(2026, 9, 28), date(2026, 9, 30))

    found = o_position.summarise_in_transit(trades, rates, days, "Asia/Shanghai").collect()

    # Ordered at half past midnight of the 29th, where the bank is.
    assert {(r["party_id"], r["business_date"].day, int(r["in_transit_cny"])) for r in found} == {
        ("a", 28, 10), ("a", 29, 10), ("b", 29, 100), ("e", 28, 7), ("e", 29, 7),
    }  # fmt: skip
