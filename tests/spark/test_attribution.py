"""What the bank concludes of drawn customers: consent of several parties, permissions, scores that are honestly missing."""

from datetime import date

import pytest
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.jobs import profile_a
from spark_jobs.profile import a_consent, a_customer, a_person, a_score
from spark_jobs.profile.conclude import RuleBook
from spark_jobs.profile.customer import join_layers
from spark_jobs.settings import load, rules
from tests.support.tables import table

SAID = "party_id string, purpose_code string, data_class_code string, channel_code string, state_code string, valid_from date, valid_to date"
BELONGS = "party_id string, customer_id string, valid_from date, valid_to date"
RIGHT = (
    "customer_id string, business_date date, purpose_code string, data_class_code string, channel_code string, state_code string"
)  # fmt: skip
PERSON = "customer_id string, business_date date, birth_date date, age_years int, is_minor boolean, is_deceased boolean"
SCORED = "customer_id string, business_date date, score_ratio decimal(9,6), band_code string, reason_codes array<string>, model_version string"
MEMBER = "party_id string, business_date date, customer_id string"
WEEK = DateRange(date(2026, 9, 28), date(2026, 9, 30))
GIVEN = load()


def told(frame):
    return sorted(
        (r["state_code"], r["basis_code"], str(r["valid_from"]), str(r["valid_to"])) for r in frame.collect()
    )


@pytest.fixture
def consent(spark):
    """Party 1 grants all along, party 2 denies, party 3 withdraws in the middle of September."""
    return table(spark, SAID, """
        p1 | care | contact | any | granted   | 2026-01-01 | 9999-12-31
        p2 | care | contact | any | denied    | 2026-01-01 | 9999-12-31
        p3 | care | contact | any | granted   | 2026-01-01 | 2026-09-15
        p3 | care | contact | any | withdrawn | 2026-09-15 | 9999-12-31
    """)  # fmt: skip


def test_the_most_restrictive_party_wins_and_a_split_gives_each_its_own_again(spark, consent):
    belongs = table(spark, BELONGS, """
        p1 | wang | 2026-09-01 | 9999-12-31
        p2 | wang | 2026-09-01 | 2026-09-20
        p2 | li   | 2026-09-20 | 9999-12-31
    """)  # fmt: skip

    merged = a_consent.merge_consents(consent, belongs).localCheckpoint()

    assert told(merged.where("customer_id = 'wang'")) == [
        ("denied", "most_restrictive", "2026-09-01", "2026-09-20"),
        ("granted", "single", "2026-09-20", "9999-12-31"),
    ]
    assert told(merged.where("customer_id = 'li'")) == [("denied", "single", "2026-09-20", "9999-12-31")]


def test_a_withdrawal_in_the_middle_removes_from_its_day_on(spark, consent):
    belongs = table(
        spark, BELONGS, "p1 | wang | 2026-09-01 | 9999-12-31\n p3 | wang | 2026-09-01 | 9999-12-31"
    )

    merged = a_consent.merge_consents(consent, belongs)

    assert told(merged) == [
        ("granted", "agreed", "2026-09-01", "2026-09-15"),
        ("withdrawn", "most_restrictive", "2026-09-15", "9999-12-31"),
    ]


def test_a_party_that_said_nothing_does_not_count(spark, consent):
    belongs = table(
        spark, BELONGS, "p1 | wang | 2026-09-01 | 9999-12-31\n p9 | wang | 2026-09-01 | 9999-12-31"
    )

    assert told(a_consent.merge_consents(consent, belongs)) == [
        ("granted", "single", "2026-09-01", "9999-12-31")
    ]


def test_the_row_that_says_it_most_precisely_decides_and_silence_is_a_denial(spark):
    days = table(spark, RIGHT, """
        all_but_crm | 2026-09-30 | care           | contact | any | granted
        all_but_crm | 2026-09-30 | care           | contact | crm | withdrawn
        crm_only    | 2026-09-30 | care           | contact | any | denied
        crm_only    | 2026-09-30 | care           | contact | crm | granted
        everything  | 2026-09-30 | care           | any     | any | granted
        silent      | 2026-09-30 | recommendation | contact | sms | granted
    """)  # fmt: skip

    may = {r["customer_id"]: r["may_care"] for r in a_consent.summarise_consents(days).collect()}

    assert may == {"all_but_crm": False, "crm_only": True, "everything": True, "silent": False}


def _daily(spark, people, rights):
    empty = {
        "tiers": "tier_code string, tier_state_code string", "stages": "stage_code string, group_code string",
        "segments": "segment_code string", "risk": "party_id string, risk_grade_code string, is_risk_expired boolean",
        "complaints": "complaint_open_cnt bigint, has_complaint boolean",
        "contacts": "sale_7_cnt bigint, sale_30_cnt bigint, care_90_cnt bigint",
    }  # fmt: skip
    drawn = {
        name: table(spark, f"customer_id string, business_date date, {columns}", "")
        for name, columns in empty.items()
    }
    drawn["segments"] = table(spark, "customer_id string, business_date date, segment_code string", """
        adult | 2026-09-30 | seg_near_tier
        adult | 2026-09-30 | grp_g02
    """)  # fmt: skip
    drawn["complaints"] = table(
        spark, "customer_id string, business_date date, complaint_open_cnt bigint, has_complaint boolean",
        "unhappy | 2026-09-30 | 1 | true\n calmed | 2026-09-30 | 0 | true",
    )  # fmt: skip
    scores = table(
        spark, "customer_id string, model_code string, as_of_date date, score_ratio decimal(9,6), band_code string",
        "adult | churn | 2026-09-20 | | N\n adult | churn | 2026-09-27 | 0.65 | A\n adult | churn | 2026-10-04 | 0.01 | E",
    )  # fmt: skip
    made = a_customer.assemble_customer_daily(
        people, drawn["tiers"], drawn["stages"], drawn["segments"], scores, drawn["risk"], a_consent.summarise_consents(rights),
        drawn["complaints"], drawn["contacts"],
    )  # fmt: skip
    return {r["customer_id"]: r for r in made.collect()}


def test_nobody_dead_or_minor_is_sold_to_and_each_customer_has_one_row(spark):
    people = table(spark, PERSON, """
        adult   | 2026-09-30 | 1990-01-01 | 36 | false | false
        dead    | 2026-09-30 | 1940-01-01 | 86 | false | true
        minor   | 2026-09-30 | 2015-01-01 | 11 | true  | false
        unhappy | 2026-09-30 | 1990-01-01 | 36 | false | false
        calmed  | 2026-09-30 | 1990-01-01 | 36 | false | false
        silent  | 2026-09-30 | 1990-01-01 | 36 | false | false
    """)  # fmt: skip
    rights = table(spark, RIGHT, "".join(
        f"{who} | 2026-09-30 | {purpose} | contact | any | granted\n"
        for who in ("adult", "dead", "minor", "unhappy", "calmed") for purpose in ("recommendation", "care", "research")
    ))  # fmt: skip

    rows = _daily(spark, people, rights)

    assert {who: (r["can_sell"], r["can_care"], r["can_research"]) for who, r in rows.items()} == {
        "adult": (True, True, True), "dead": (False, False, False), "minor": (False, True, False),
        "unhappy": (False, True, True), "calmed": (True, True, True), "silent": (False, False, False),
    }  # fmt: skip
    assert rows["adult"]["segment_codes"] == ["grp_g02", "seg_near_tier"]
    assert (rows["adult"]["churn_band_code"], rows["silent"]["segment_codes"]) == ("A", [])


@pytest.mark.requirement("R-A-02")
def test_of_one_day_the_more_careful_risk_grade_counts_and_it_holds_through_its_expiry(spark):
    members = table(
        spark,
        MEMBER,
        "".join(f"{p} | {d} | wang\n" for p in ("a", "b") for d in ("2026-09-29", "2026-09-30")),
    )
    said = table(spark, "party_id string, assessed_date date, risk_grade_code string, expire_date date", """
        a | 2024-09-30 | C5 | 2025-09-29
        a | 2025-09-29 | C4 | 2026-09-29
        b | 2025-09-29 | C2 | 2026-09-29
    """)  # fmt: skip

    grades = a_person.derive_risk(said, members).collect()

    assert {(str(r["business_date"]), r["risk_grade_code"], r["is_risk_expired"]) for r in grades} == {
        ("2026-09-29", "C2", False),
        ("2026-09-30", "C2", True),
    }


def test_a_complaint_is_respected_until_seven_days_after_its_closing(spark):
    members = table(
        spark,
        MEMBER,
        "".join(f"{p} | {d} | {p}\n" for p in ("open", "week", "over", "again") for d in WEEK),
    )
    complaints = table(spark, "complaint_no_cmpl string, business_date date, party_id string, received_at timestamp, state_code string", """
        1 | 2026-09-01 | open  | 2026-09-28 17:00:00 | received
        2 | 2026-09-22 | week  | 2026-09-01 01:00:00 | closed
        3 | 2026-09-20 | over  | 2026-09-01 01:00:00 | closed
        4 | 2026-09-20 | again | 2026-09-01 01:00:00 | appealed
    """)  # fmt: skip
    steps = table(spark, "complaint_no_cmpl string, kind_code string, occurred_at timestamp", """
        2 | closed | 2026-09-22 01:00:00
        3 | closed | 2026-09-20 01:00:00
        4 | closed | 2026-09-10 01:00:00
    """)  # fmt: skip

    found = a_person.summarise_complaints(
        complaints, steps, members, WEEK, 7, "Asia/Shanghai"
    ).localCheckpoint()

    assert {(r["customer_id"], r["business_date"].day) for r in found.collect()} == {
        ("open", 29), ("open", 30), ("week", 28), ("week", 29), ("again", 28), ("again", 29), ("again", 30),
    }  # fmt: skip
    assert {r["customer_id"] for r in found.where("complaint_open_cnt > 0").collect()} == {"open", "again"}


def test_without_a_model_every_customer_has_band_n_and_says_why(spark):
    customers = table(
        spark,
        "customer_id string, business_date date, aum_30_avg_cny decimal(18,2), relationship_date date, is_deceased boolean",
        """
        old  | 2026-09-27 | 50000   | 2020-01-01 | false
        new  | 2026-09-27 | 9999.99 | 2026-08-01 | false
        dead | 2026-09-27 | 50000   | 2020-01-01 | true
        old  | 2026-09-28 | 50000   | 2020-01-01 | false
    """,
    )
    support = table(spark, "customer_id string, business_date date, support_days bigint",
                    "old | 2026-09-27 | 30\n new | 2026-09-27 | 29\n dead | 2026-09-27 | 30")  # fmt: skip
    stages = table(
        spark,
        "customer_id string, business_date date, stage_code string, group_code string",
        "dead | 2026-09-27 | ended |",
    )

    sundays = a_score.list_exclusions(
        customers.where("business_date = '2026-09-27'"), support, stages, rules(GIVEN, "churn")
    )
    scores = a_score.assemble_scores(sundays, table(spark, SCORED, "")).localCheckpoint()

    assert {r["customer_id"]: r["reason_codes"] for r in scores.collect()} == {
        "old": ["no_model"],
        "new": ["new_relation", "small_reference", "short_history", "no_model"],
        "dead": ["deceased", "ended", "no_model"],
    }
    assert scores.where("band_code <> 'N' or is_scored or score_ratio is not null").isEmpty()


@pytest.mark.requirement("R-IDN-02")
def test_the_one_view_takes_from_each_layer_what_it_names_and_loses_nobody(spark):
    everybody = table(spark, "customer_id string, business_date date, aum_cny decimal(18,2)", """
        a | 2026-09-30 | 1
        b | 2026-09-30 | 2
    """)  # fmt: skip
    tags = table(
        spark, "customer_id string, business_date date, tier_code string, aum_cny decimal(18,2)", "a | 2026-09-30 | AFF | 9"
    )  # fmt: skip

    wide = join_layers(everybody, [tags], ["customer_id", "business_date", "aum_cny", "tier_code"])

    assert sorted(map(tuple, wide.select("customer_id", "aum_cny", "tier_code").collect())) == [
        ("a", 1, "AFF"),
        ("b", 2, None),
    ]


@pytest.mark.slow
def test_a_bank_without_any_of_these_systems_has_no_conclusions_and_no_error(lake):
    profile_a.run(lake, WEEK)

    assert lake.exists("profile.a_tier_hist")
    assert lake.read("profile.a_customer_daily").isEmpty()


def test_customers_are_folded_alike_in_whatever_order_their_days_come(spark):
    people = table(
        spark,
        PERSON,
        "".join(f"{c} | {d} | 1990-01-01 | 36 | false | false\n" for c in ("a", "b", "c") for d in WEEK),
    )
    money = people.select(
        "customer_id", "business_date", F.lit(60000).alias("aum_30_avg_cny"), F.lit(1).alias("product_cnt"), F.lit(0).alias("inactive_days"),
        F.lit("2020-01-01").alias("relationship_date"),
    )  # fmt: skip
    months = table(
        spark,
        "customer_id string, month_date date, aum_mavg_cny decimal(18,2), salary_cny decimal(18,2), max_overdue_days bigint, "
        "tier_code string, is_from_opening boolean, is_complete_month boolean",
        "b | 2026-08-01 | 2000000 | 0 | 0 | AFF | true | true",
    )
    book = RuleBook.of({name: rules(GIVEN, name) for name in ("tier", "lifecycle", "segment")}, WEEK.last)
    days = a_customer.assemble_days(people, people, money)

    def folded(frame):
        rows = a_customer.fold(frame, months, book).collect()
        return sorted(tuple(map(str, r)) for r in rows)

    once = folded(days.orderBy("customer_id", "business_date"))

    assert once == folded(days.orderBy(F.desc("business_date"), F.desc("customer_id")))
    concluded = a_customer.fold(days, months, book).localCheckpoint()
    assert {(r["customer_id"], r["tier_code"]) for r in a_customer.tiers_of(concluded).collect()} == {
        ("a", "MASS"), ("b", "AFF"), ("c", "MASS"),
    }  # fmt: skip
    assert {r["stage_code"] for r in a_customer.stages_of(concluded).collect()} == {"growth"}
    assert "grp_g03" in {r["segment_code"] for r in a_customer.segments_of(concluded).collect()}
