"""If–then rules, by the worked examples of the rules."""

import pytest

from spark_jobs.profile import alerts
from spark_jobs.settings import load, rules
from tests.support.tables import table

ALERT = rules(load(), "alert")
CUSTOMER = "customer_id string, business_date date, aum_cny decimal(18,2)"
FLOW = "customer_id string, business_date date, flow_code string, amount_cny decimal(18,2)"
HOLDING = (
    "customer_id string, agreement_id string, business_date date, matures_date date, is_auto_roll boolean, "
    "market_value_cny decimal(18,2)"
)


def who(hits):
    return sorted((row["customer_id"], row["rule_code"], str(row["business_date"])) for row in hits.collect())


def calendar(spark):
    off = "date'2026-09-25', date'2026-09-26', date'2026-09-27', date'2026-09-19'"
    days = spark.sql(
        "select explode(sequence(date'2026-09-01', date'2026-10-31')) as calendar_date"
    ).selectExpr(
        "calendar_date",
        f"calendar_date not in ({off}) and not calendar_date between date'2026-10-01' and date'2026-10-07' "
        "as is_working_day",
    )
    return alerts.derive_working_days(days)


@pytest.mark.requirement("R-O-06", "R-ACT-02")
def test_a_large_outflow_is_more_than_30_percent_and_at_least_10000(spark):
    yesterday = table(
        spark,
        CUSTOMER,
        """
        exactly      | 2026-09-29 | 100000
        more         | 2026-09-29 | 100000
        small        | 2026-09-29 | 20000
        own_transfer | 2026-09-29 | 100000
        house        | 2026-09-29 | 500000
        salary       | 2026-09-29 | 40000
    """,
    )
    flows = table(
        spark,
        FLOW,
        """
        exactly      | 2026-09-30 | external_out | 30000
        more         | 2026-09-30 | external_out | 30000.01
        small        | 2026-09-30 | cash_out     | 9000
        own_transfer | 2026-09-30 | own_transfer | 60000
        house        | 2026-09-30 | external_out | 400000
        salary       | 2026-09-30 | external_out | 20000
        salary       | 2026-09-30 | salary       | 12000
        stranger     | 2026-09-30 | external_out | 99999
    """,
    )
    loans = table(spark, "customer_id string, opened_date date", "house | 2026-09-18")

    hits = alerts.large_outflow(yesterday, flows, loans, ALERT)

    assert who(hits) == [("more", "A01", "2026-09-30")]


@pytest.mark.requirement("R-ACT-04", "R-ACT-05")
def test_a_maturity_inside_a_holiday_is_worked_on_before_it(spark):
    """Matures 2026-10-10: T−15 falls on a holiday and moves to 09-24, T−7 to 09-30, T−1 stays on 10-09."""
    days = spark.sql("select explode(sequence(date'2026-09-20', date'2026-10-12')) as business_date")
    holding = days.selectExpr(
        "'c' as customer_id", "'a' as agreement_id", "business_date", "date'2026-10-10' as matures_date",
        "false as is_auto_roll", "1.00 as market_value_cny",
    )  # fmt: skip

    hits = alerts.maturities(holding, calendar(spark), ALERT)

    assert who(hits) == [
        ("c", "A03", "2026-09-23"),
        ("c", "A04", "2026-09-29"),
        ("c", "A05", "2026-10-08"),
    ]


def test_a_position_that_rolls_over_is_only_announced(spark):
    holding = table(
        spark,
        HOLDING,
        """
        c | a | 2026-09-23 | 2026-10-10 | true | 1
        c | a | 2026-09-29 | 2026-10-10 | true | 1
        c | a | 2026-10-08 | 2026-10-10 | true | 1
    """,
    )

    assert who(alerts.maturities(holding, calendar(spark), ALERT)) == [("c", "A05", "2026-10-08")]


def test_a_leap_day_birthday_is_kept_on_the_28th_in_other_years(spark):
    people = table(
        spark,
        "customer_id string, business_date date, birth_date date",
        """
        common | 2026-02-27 | 2000-02-29
        leap   | 2028-02-27 | 2000-02-29
        leap2  | 2028-02-28 | 2000-02-29
    """,
    )

    reminders = [h for h in alerts.birthdays(people).collect() if h["subject_ref"] == "reminder"]

    assert sorted(h["customer_id"] for h in reminders) == ["common", "leap2"]


@pytest.mark.requirement("R-ACT-08")
def test_the_birthday_mail_is_decided_a_day_before_the_reminder(spark):
    people = table(
        spark,
        "customer_id string, business_date date, birth_date date",
        """
        c | 2026-09-18 | 1980-09-20
        c | 2026-09-19 | 1980-09-20
    """,
    )

    hits = sorted((str(h["business_date"]), h["subject_ref"]) for h in alerts.birthdays(people).collect())

    assert hits == [("2026-09-18", "email"), ("2026-09-19", "reminder")]


@pytest.mark.requirement("R-ACT-06", "R-ACT-07")
def test_the_first_purchase_is_thanked_the_next_day_and_called_on_a_working_day(spark):
    """Ordered Friday 2026-09-18: thanks on 09-19; T+7 is a holiday, the call comes on 09-28 (data of 09-27)."""
    trades = table(
        spark,
        "customer_id string, business_date date, agreement_id string, kind_code string, status_code string",
        """
        c | 2026-09-18 | p1 | subscribe | ordered
        c | 2026-09-21 | p2 | subscribe | ordered
        x | 2026-09-18 | p3 | subscribe | cancelled
    """,
    )
    holdings = table(spark, HOLDING, "c | p1 | 2026-09-27 | | false | 1")

    hits = alerts.first_purchases(trades, holdings, calendar(spark))

    assert who(hits) == [("c", "A08", "2026-09-18"), ("c", "A09", "2026-09-27")]


@pytest.mark.requirement("R-ACT-10")
def test_three_searches_in_seven_days_without_an_answer_are_acted_upon(spark):
    searches = table(
        spark,
        "customer_id string, business_date date, topic_code string, window_7_cnt bigint",
        """
        seeks    | 2026-09-07 | early_repayment | 3
        twice    | 2026-09-07 | early_repayment | 2
        repaid   | 2026-09-07 | early_repayment | 3
        called   | 2026-09-07 | early_repayment | 3
        no_loan  | 2026-09-07 | early_repayment | 3
    """,
    )
    key = "customer_id string, business_date date"
    borrowers = table(
        spark, key, "\n".join(f"{c} | 2026-09-07" for c in ("seeks", "twice", "repaid", "called"))
    )
    repaid = table(spark, "customer_id string, paid_date date", "repaid | 2026-09-06")
    contacts = table(spark, "customer_id string, contacted_date date", "called | 2026-08-20")

    hits = alerts.early_repayment_searches(searches, borrowers, repaid, contacts, ALERT)

    assert who(hits) == [("seeks", "A10", "2026-09-07")]


def test_a_risk_grade_is_announced_30_days_before_it_expires_to_those_who_hold_something(spark):
    customers = table(
        spark,
        "customer_id string, business_date date, wealth_cny decimal(18,2)",
        """
        holder | 2026-09-29 | 10
        empty  | 2026-09-29 | 0
    """,
    )
    grades = table(
        spark, "customer_id string, business_date date, expire_date date",
        "holder | 2026-09-29 | 2026-10-30\n empty | 2026-09-29 | 2026-10-30",
    )  # fmt: skip

    assert who(alerts.expiring_risk_grades(grades, customers, ALERT)) == [("holder", "A15", "2026-09-29")]


def test_only_the_rise_into_band_a_is_news(spark):
    scores = table(
        spark,
        "customer_id string, business_date date, band_code string",
        """
        b_to_a | 2026-09-20 | B
        b_to_a | 2026-09-27 | A
        a_to_a | 2026-09-27 | A
        a_to_a | 2026-10-04 | A
        n_to_a | 2026-09-20 | N
        n_to_a | 2026-09-27 | A
    """,
    )

    hits = who(alerts.new_churn_band_a(scores))

    assert hits == [
        ("a_to_a", "A16", "2026-09-27"),
        ("b_to_a", "A16", "2026-09-27"),
        ("n_to_a", "A16", "2026-09-27"),
    ]


@pytest.mark.requirement("R-ACT-11")
def test_two_overdue_fees_in_half_a_year_are_met_with_an_offer_of_help(spark):
    counted = table(spark, "customer_id string, business_date date, overdue_fee_180_cnt bigint", """
        twice | 2026-09-30 | 2
        once  | 2026-09-30 | 1
        none  | 2026-09-30 |
    """)  # fmt: skip

    assert who(alerts.repeated_overdue_fees(counted, ALERT)) == [("twice", "A11", "2026-09-30")]
    assert ALERT["rules"]["A11"]["purpose"] == "service"


@pytest.mark.requirement("R-SEG-07")
def test_the_wealthy_are_reviewed_each_quarter_and_a_quick_call_is_no_review(spark):
    """Reviewed on 30 June: 92 days on 30 September, 93 the day after. What lies after the day is not known on it."""
    customers = table(spark, "customer_id string, business_date date, tier_code string, relationship_date date", """
        reviewed | 2026-09-30 | HNW | 2020-01-01
        reviewed | 2026-10-01 | HNW | 2020-01-01
        later    | 2026-10-01 | HNW | 2020-01-01
        never    | 2026-10-01 | HNW | 2026-06-30
        new      | 2026-10-01 | HNW | 2026-07-01
        affluent | 2026-10-01 | AFF | 2020-01-01
    """)  # fmt: skip
    reviews = table(spark, "customer_id string, business_date date, reviewed_date date", """
        reviewed | 2026-09-30 | 2026-06-30
        reviewed | 2026-09-30 | 2026-01-01
        reviewed | 2026-10-01 | 2026-06-30
        later    | 2026-10-01 | 2026-10-02
    """)  # fmt: skip

    assert who(alerts.reviews_due(customers, reviews, ALERT)) == [
        ("later", "A17", "2026-10-01"),
        ("never", "A17", "2026-10-01"),
        ("reviewed", "A17", "2026-10-01"),
    ]
    # What counts as one is the bank's word for it; calls and care are none.
    assert ALERT["review_kinds"] == ["review"]


@pytest.mark.requirement("R-SEG-06")
def test_a_rule_that_the_strategy_of_a_tier_refuses_gives_no_hit_there(spark):
    hits = table(spark, "customer_id string, business_date date, rule_code string, subject_ref string, trigger string", """
        mass   | 2026-09-30 | A03 | p | {}
        mass   | 2026-09-30 | A01 | o | {}
        rich   | 2026-09-30 | A03 | p | {}
        nobody | 2026-09-30 | A03 | p | {}
    """)  # fmt: skip
    tiers = table(spark, "customer_id string, business_date date, tier_code string", """
        mass | 2026-09-30 | MASS
        mass | 2026-09-29 | HNW
        rich | 2026-09-30 | HNW
    """)  # fmt: skip
    shipped = rules(load(), "tier")["strategies"]
    digital = {**shipped, "MASS": {**shipped["MASS"], "refuses": ["A03", "A04"]}}

    assert who(alerts.keep_wanted(hits, tiers, digital)) == [
        ("mass", "A01", "2026-09-30"),
        ("nobody", "A03", "2026-09-30"),
        ("rich", "A03", "2026-09-30"),
    ]
    assert alerts.keep_wanted(hits, tiers, shipped).count() == 4
