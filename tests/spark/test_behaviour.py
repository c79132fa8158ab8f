"""Behaviour of drawn customers: windows end on the business date and follow a person's parties."""

from datetime import date

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.profile import b_customer, b_event
from tests.support.tables import table

MEMBER = "party_id string, business_date date, customer_id string"
PARTY_DAY = """party_id string, business_date date, login_1_cnt bigint, session_1_cnt bigint, transfer_fail_1_cnt bigint,
    search_repay_1_cnt bigint, visit_1_cnt bigint, call_1_cnt bigint, action_1_cnt bigint, digital_entry_1_cnt bigint, served_entry_1_cnt bigint"""
OPENING = "party_id string, login_date date, active_date date"
EVENT = """party_id string, business_date date, kind_code string, occurred_at timestamp, channel_code string, session_no_mbank string,
    search_topic_code string, result_code string"""
RULES = {
    "last_days": 365, "search_days": 7, "repay_topic": "early_repayment", "acts": {"early_repayment": "early_repayment"},
    "digital_channels": ["mobile"], "served_channels": ["counter"], "customer_entries": ["transfer_out_own_bank"],
    "bank_channels": ["batch"], "channel_touchpoints": {"counter": "counter"}, "entry_touchpoints": {"transfer_out_own_bank": "mb_transfer"},
}  # fmt: skip
DAY = date(2026, 9, 30)


@pytest.fixture
def behaviour(spark):
    """What is known of four customers on 30 September; `app` and `core` are parties of Wang."""
    members = table(spark, MEMBER, "".join(f"{party} | {DAY} | {who}\n" for party, who in
                    (("app", "wang"), ("core", "wang"), ("li", "li"), ("zhao", "zhao"), ("new", "new"))))  # fmt: skip
    days = table(spark, PARTY_DAY, """
        app  | 2026-09-30 | 2 | 1 | 1 | 1 | 0 | 0 | 5 | 1 | 0
        app  | 2026-09-24 | 1 | 1 | 0 | 1 | 0 | 0 | 3 | 0 | 0
        app  | 2026-09-23 | 1 | 1 | 1 | 1 | 0 | 0 | 3 | 0 | 0
        app  | 2026-08-31 | 4 | 4 | 0 | 0 | 0 | 0 | 4 | 1 | 0
        core | 2026-09-24 | 0 | 0 | 0 | 0 | 1 | 0 | 1 | 0 | 1
        core | 2026-07-03 | 0 | 0 | 0 | 0 | 1 | 0 | 1 | 0 | 1
        core | 2026-07-02 | 0 | 0 | 0 | 0 | 1 | 0 | 1 | 0 | 1
        li   | 2026-08-01 | 1 | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 0
    """)  # fmt: skip
    opening = table(spark, OPENING, "zhao | 2026-08-20 | 2026-08-25\n app | 2026-01-01 | 2026-01-02")
    frame = b_customer.summarise_behaviour(days, opening, members, DateRange.day(DAY), RULES)
    return {row["customer_id"]: row for row in frame.collect()}


@pytest.mark.requirement("R-B-01")
def test_a_window_holds_its_own_days_and_no_day_before(behaviour):
    wang = behaviour["wang"]

    assert (wang["login_1_cnt"], wang["login_30_cnt"], wang["session_30_cnt"]) == (2, 4, 3)
    assert (wang["transfer_fail_7_cnt"], wang["search_repay_7_cnt"]) == (1, 2)
    assert wang["visit_90_cnt"] == 2


def test_a_day_on_which_two_parties_of_a_customer_acted_is_one_active_day(behaviour):
    assert behaviour["wang"]["active_days_30_cnt"] == 3


@pytest.mark.requirement("R-B-05")
def test_the_share_of_digital_entries_counts_what_could_have_been_either(behaviour):
    assert float(behaviour["wang"]["digital_share_ratio"]) == 0.5
    assert behaviour["li"]["digital_share_ratio"] is None


@pytest.mark.requirement("R-B-06")
def test_days_since_login_count_from_the_newest_one_also_of_the_opening_package(behaviour):
    assert (behaviour["li"]["since_login_days"], behaviour["li"]["login_30_cnt"]) == (60, 0)
    assert (behaviour["zhao"]["last_login_date"], behaviour["zhao"]["inactive_days"]) == (
        date(2026, 8, 20),
        36,
    )


def test_a_customer_of_whom_nothing_is_known_has_zeros_and_no_last_login(behaviour):
    new = behaviour["new"]

    assert (new["login_30_cnt"], new["active_days_30_cnt"], new["since_login_days"]) == (0, 0, None)


def test_a_session_over_midnight_counts_on_the_day_it_began_and_a_contact_is_no_act(spark):
    events = table(spark, EVENT, """
        app | 2026-09-29 | login       | 2026-09-29 15:59:00 | mobile  | s1 |                 | ok
        app | 2026-09-30 | page        | 2026-09-29 16:01:00 | mobile  | s1 |                 | ok
        app | 2026-09-30 | search      | 2026-09-30 01:00:00 | mobile  | s2 | early_repayment |
        app | 2026-09-30 | transaction | 2026-09-30 02:00:00 | counter |    |                 | ok
        app | 2026-09-30 | contact     | 2026-09-30 03:00:00 | phone   |    |                 |
            | 2026-09-30 | call        | 2026-09-30 03:00:00 | phone   |    |                 |
    """)  # fmt: skip

    rows = b_customer.summarise_party_days(events, DateRange.day(DAY), RULES).collect()

    assert [(r["party_id"], r["session_1_cnt"], r["action_1_cnt"], r["visit_1_cnt"]) for r in rows] == [
        ("app", 1, 3, 1)
    ]
    assert (rows[0]["search_repay_1_cnt"], rows[0]["served_entry_1_cnt"]) == (1, 1)


@pytest.mark.requirement("R-B-02")
def test_searches_of_seven_days_add_up_and_an_early_repayment_after_them_shows_that_the_customer_acted(spark):
    events = table(spark, EVENT, """
        a | 2026-09-23 | search | 2026-09-23 01:00:00 | mobile | | early_repayment |
        a | 2026-09-24 | search | 2026-09-24 01:00:00 | mobile | | early_repayment |
        b | 2026-09-30 | search | 2026-09-30 01:00:00 | mobile | | early_repayment |
        b | 2026-09-30 | search | 2026-09-30 02:00:00 | mobile | | fee             |
        c | 2026-09-29 | search | 2026-09-29 02:00:00 | mobile | | fee             |
    """)  # fmt: skip
    acts = table(
        spark, "party_id string, business_date date, topic_code string", f"b | {DAY} | early_repayment"
    )
    members = table(
        spark, MEMBER, "".join(f"{p} | {DAY} | {c}\n" for p, c in (("a", "wang"), ("b", "wang"), ("c", "li")))
    )

    rows = b_customer.summarise_searches(
        events, acts, members, DateRange.day(DAY), RULES, "Asia/Shanghai"
    ).collect()
    found = {(r["customer_id"], r["topic_code"]): r for r in rows}

    assert set(found) == {("wang", "early_repayment"), ("wang", "fee")}
    assert (
        found["wang", "early_repayment"]["search_cnt"],
        found["wang", "early_repayment"]["window_7_cnt"],
    ) == (1, 2)
    assert found["wang", "early_repayment"]["has_acted"] is True
    assert found["wang", "fee"]["has_acted"] is None


@pytest.mark.requirement("R-B-10")
def test_only_entries_that_the_customer_started_are_behaviour(spark):
    entries = table(
        spark,
        """transaction_id string, agreement_id string, business_date date, party_id string, source_code string, kind_code string,
        channel_code string, booked_at timestamp, is_reversal boolean, org_code string""",
        """
        t1 | a | 2026-09-30 | p | core | transfer_out_own_bank | mobile  | 2026-09-30 01:00:00 | false |
        t2 | a | 2026-09-30 | p | core | transfer_out_own_bank | counter | 2026-09-30 02:00:00 | false | 001
        t3 | a | 2026-09-30 | p | core | transfer_out_own_bank | mobile  | 2026-09-30 03:00:00 | true  |
        t4 | a | 2026-09-30 | p | core | transfer_out_own_bank | batch   | 2026-09-30 04:00:00 | false |
        t5 | a | 2026-09-30 | p | core | salary                | batch   | 2026-09-30 05:00:00 | false |
    """,
    )

    rows = b_event.derive_entry_events(entries, RULES).collect()

    assert {r["event_id"]: r["touchpoint_code"] for r in rows} == {"t1": "mb_transfer", "t2": "counter"}


def test_an_entry_of_a_joint_account_is_filed_under_the_first_holder_of_that_day(spark):
    holders = table(
        spark,
        """agreement_id string, party_id string, role_code string, holder_rank int, valid_from date, valid_to date,
        known_from timestamp, known_to timestamp""",
        """
        a | old  | holder       | 1 | 2026-01-01 | 2026-09-30 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00
        a | wife | joint_holder | 2 | 2026-01-01 | 9999-12-31 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00
        a | man  | holder       | 1 | 2026-09-30 | 9999-12-31 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00
        a | firm | guarantor    | 0 | 2026-01-01 | 9999-12-31 | 2026-01-01 00:00:00 | 9999-12-31 00:00:00
    """,
    )
    entries = table(
        spark,
        "transaction_id string, agreement_id string, business_date date",
        "t1 | a | 2026-09-29\n t2 | a | 2026-09-30\n t3 | b | 2026-09-30",
    )

    rows = b_event.link_first_holder(entries, holders).collect()

    assert {r["transaction_id"]: r["party_id"] for r in rows} == {"t1": "old", "t2": "man", "t3": None}
