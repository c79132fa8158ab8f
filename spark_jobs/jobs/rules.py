"""A: which if–then rules fire for whom, and what the guards say to each hit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.dates import DateRange
from spark_jobs.jobs.profile_a import Known
from spark_jobs.profile import alerts
from spark_jobs.profile.a_hit import CAPS, JUDGED, PERSON, HitBook, judging
from spark_jobs.profile.a_person import local_date
from spark_jobs.profile.consent import check_uses, uses_of_rules
from spark_jobs.profile.event_library import check_events
from spark_jobs.profile.members import UNASSIGNED
from spark_jobs.profile.windows import KEY, of_customers
from spark_jobs.tables import Lake

TABLE = "profile.a_rule_hit"
BUCKETS = 16
_ARROW = {
    "string": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"), "array<string>": pa.list_(pa.string()),
}  # fmt: skip


def run(lake: Lake, dates: DateRange) -> None:
    """Publish a_rule_hit for these dates. Hits of earlier dates silence those of the same rule and subject."""
    check_events(lake.rules("alert"), lake.codes("event_kind"))
    check_uses(lake.rules("consent"), uses_of_rules(lake.rules("alert")))
    known = Known(lake, dates)
    fired = _hits(known).join(known.people.select(*KEY), KEY, "left_semi")
    new = fired.join(_people(known), KEY, "left").withColumn("is_new", F.lit(True))
    before = lake.read(TABLE).where(F.col("business_date") < F.lit(dates.first))
    old = before.select(*alerts.HIT).withColumn("is_new", F.lit(False))
    every = new.unionByName(old, allowMissingColumns=True).localCheckpoint()
    calendar = lake.rules("calendar")
    days = lake.read("silver.calendar").select("calendar_date", "is_working_day").collect()
    book = HitBook(
        lake.rules("alert"), lake.rules("guard"), lake.rules("consent"),
        WorkingCalendar.of(((d["calendar_date"], d["is_working_day"]) for d in days), calendar), lake.settings.cut_off,
    )  # fmt: skip
    schema = pa.schema(
        [(name, _ARROW[kind]) for name, kind in (part.split(maxsplit=1) for part in JUDGED.split(", "))]
    )
    bucket = F.pmod(F.xxhash64("customer_id"), F.lit(BUCKETS))
    judged = every.groupBy(bucket).applyInArrow(judging(book, schema), JUDGED)
    key = lake.token(
        "rule_hit", *[F.col(c) for c in ("rule_code", "customer_id", "subject_ref")], F.col("business_date").cast("string")
    )  # fmt: skip
    lake.publish(TABLE, judged.withColumn("rule_hit_id", key), dates)


def _people(known: Known) -> DataFrame:
    """What guards know of each customer and day: the columns of `a_hit.PERSON`."""
    wide = known.people.select(*KEY, "age_years", "is_minor", "is_deceased")
    counts = ["sale_90_cnt", "care_90_cnt", *[f"{cap}_cnt" for cap in CAPS]]
    for layer in (
        known.complaints.select(*KEY, "has_complaint"), known.risk.select(*KEY, "risk_grade_code", "expire_date"),
        known.opt_outs, known.consents.select(*KEY, "_states"), known.contacts.select(*KEY, *counts),
    ):  # fmt: skip
        wide = wide.join(layer, KEY, "left")
    return wide.select(*KEY, *PERSON)


def _hits(known: Known) -> DataFrame:
    """Everything that fired on these dates, repeats included."""
    lake, dates = known.lake, known.dates
    rules = lake.rules("alert")
    working = alerts.derive_working_days(lake.read("silver.calendar")).localCheckpoint()
    positions = _positions(lake, dates).localCheckpoint()
    money = lake.read("profile.o_customer_daily", dates.back(1))
    logins = lake.read("profile.b_customer_daily", dates).select(*KEY, "since_login_days")
    stages = known.history("profile.a_lifecycle_hist").select(*KEY, "stage_code")
    tiers = known.history("profile.a_tier_hist").select(*KEY, "tier_code")
    searches = lake.read("profile.b_search_intent", dates).where("not coalesce(has_acted, false)")
    nothing = known.people.where("false")
    scores = lake.read("profile.a_model_score").where("model_code = 'churn'")
    wealth = lake.read("profile.o_holding_daily", dates).groupBy(*KEY)
    fired = [
        alerts.large_outflow(money, lake.read("profile.o_cashflow_daily", dates), _house_loans(known), rules),
        alerts.no_login(logins.join(stages, KEY), rules),
        alerts.maturities(positions.where("matures_date is not null"), working, rules),
        alerts.birthdays(known.people),
        alerts.first_purchases(_orders(known), positions, working),
        # Contacts do not say their topic, and what was repaid since the search is known of the search itself.
        alerts.early_repayment_searches(
            searches, money.where("loan_cny > 0").select(*KEY), nothing.select("customer_id", F.lit(None).cast("date").alias("paid_date")),
            nothing.select("customer_id", F.lit(None).cast("date").alias("contacted_date")), rules,
        ),
        alerts.repeated_overdue_fees(money, rules),
        alerts.reviews_due(
            money.select(*KEY, "relationship_date").join(tiers.where("tier_code is not null"), KEY), _reviews(known, rules), rules
        ),
        alerts.expiring_risk_grades(known.risk, wealth.agg(F.sum("market_value_cny").alias("wealth_cny")), rules),
        alerts.new_churn_band_a(scores.select("customer_id", "business_date", "band_code")),
    ]  # fmt: skip
    inside = F.col("business_date").between(F.lit(dates.first), F.lit(dates.last))
    every = reduce(DataFrame.unionByName, fired).where(inside & F.col("trigger").isNotNull())
    return alerts.keep_wanted(every, tiers, lake.rules("tier")["strategies"])


def _positions(lake: Lake, dates: DateRange) -> DataFrame:
    """Wealth positions and time deposits of each customer and day, with what they are worth."""
    columns = [
        "customer_id",
        "agreement_id",
        "business_date",
        "matures_date",
        "is_auto_roll",
        "market_value_cny",
    ]
    rolls = lake.read("silver.agreement").select("agreement_id", "is_auto_roll")
    accounts = lake.read("profile.o_account_daily", dates).where("matures_date is not null and is_in_aum")
    deposits = accounts.join(rolls, "agreement_id", "left").withColumn(
        "market_value_cny", F.col("balance_cny")
    )
    holdings = lake.read("profile.o_holding_daily", dates)
    both = holdings.select(*columns).unionByName(deposits.select(*columns))
    return both.where(F.col("customer_id") != UNASSIGNED)


def _house_loans(known: Known) -> DataFrame:
    """customer_id, opened_date of loans for a house, of whoever owes them on any of the dates."""
    loans = (
        known.lake.read("silver.agreement")
        .where("agreement_kind_code = 'loan' and agreement_purpose_code = 'house'")
        .select("agreement_id", "opened_date")
    )
    owers = known.history("silver.party_agreement").where("role_code in ('holder', 'joint_holder')")
    held = of_customers(owers.join(loans, "agreement_id"), known.memberships)
    return held.select("customer_id", "opened_date").distinct()


def _reviews(known: Known, rules: Mapping[str, Any]) -> DataFrame:
    """customer_id, business_date, reviewed_date of managers' deep reviews that were done, of whoever the party belongs to on each date."""
    done = known.lake.read("silver.crm_task").where(
        F.col("kind_code").isin(*rules["review_kinds"])
        & (F.col("status_code") == "done")
        & F.col("closed_at").isNotNull()
    )
    reviewed = done.select("party_id", local_date("closed_at", known.zone).alias("reviewed_date"))
    return known.memberships.join(reviewed, "party_id").select(*KEY, "reviewed_date")


def _orders(known: Known) -> DataFrame:
    """Orders of each customer of the last date by the day they were placed; without people who held wealth before the first one."""
    lake = known.lake
    taken_over = lake.read("silver.opening_holding_month").where("mavg_value_cny > 0").select("party_id")
    people = known.memberships.where(F.col("business_date") == F.lit(known.dates.last)).select(
        "party_id", "customer_id"
    )
    veterans = people.join(taken_over, "party_id").select("customer_id").distinct()
    orders = lake.read("silver.wealth_trade").withColumn(
        "business_date", local_date("ordered_at", known.zone)
    )
    return (
        orders.where(F.col("business_date") <= F.lit(known.dates.last))
        .join(people, "party_id")
        .join(veterans, "customer_id", "left_anti")
        .select("customer_id", "business_date", "agreement_id", "kind_code", "status_code")
    )
