"""If–then rules (rules: alert): who is hit, on which date, about what. Guards come after (`guards`).

Every rule gives `customer_id, business_date, rule_code, subject_ref, trigger`: business_date is D, the date of the data; the action date
is D + 1. Rules about what happened look at D, rules about a date (maturity, birthday, expiry) at the action date. `trigger` is JSON of
the numbers that made the rule fire; no name, phone or number of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

HIT = ("customer_id", "business_date", "rule_code", "subject_ref", "trigger")


def _hits(frame: DataFrame, code: str, subject: Column, numbers: Mapping[str, Column]) -> DataFrame:
    told = F.to_json(F.struct(*[column.alias(name) for name, column in numbers.items()]))
    return frame.select(
        "customer_id", "business_date", F.lit(code).alias("rule_code"), subject.cast("string").alias("subject_ref"),
        told.alias("trigger"),
    )  # fmt: skip


def _action_date() -> Column:
    return F.date_add("business_date", 1)


def derive_working_days(calendar: DataFrame) -> DataFrame:
    """More columns, same rows: the nearest working day at or before, and at or after, each calendar date.

    Grain: calendar_date. Null at the ends of the calendar, where no working day is known.
    """
    # One calendar is one partition; saying so keeps Spark from warning of it.
    whole = Window.partitionBy(F.lit(1)).orderBy("calendar_date")
    before = whole.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    after = whole.rowsBetween(Window.currentRow, Window.unboundedFollowing)
    working = F.when(F.col("is_working_day"), F.col("calendar_date"))
    return calendar.select(
        "calendar_date",
        F.max(working).over(before).alias("previous_working_date"),
        F.min(working).over(after).alias("next_working_date"),
    )


def large_outflow(
    customers: DataFrame, flows: DataFrame, house_loans: DataFrame, rules: Mapping[str, Any]
) -> DataFrame:
    """A01: more than 30 % of yesterday's AUM left, and at least 10,000.

    customers    customer_id, business_date, aum_cny, of the dates and the day before them
    flows        o_cashflow_daily: customer_id, business_date, flow_code, amount_cny, reversals netted
    house_loans  customer_id, opened_date of loans for a house
    Outflow = external_out + cash_out − salary of the same day; own transfers, subscriptions and repayments are other flows.
    No AUM the day before → no alert. A house loan in [D − 30, D] explains the outflow (`home_purchase`).
    """
    signed = (
        F.when(F.col("flow_code").isin("external_out", "cash_out"), F.col("amount_cny"))
        .when(F.col("flow_code") == "salary", -F.col("amount_cny"))
        .otherwise(F.lit(0))
    )
    out = flows.groupBy("customer_id", "business_date").agg(F.sum(signed).alias("_out"))
    yesterday = customers.select(
        "customer_id",
        F.date_add("business_date", 1).alias("business_date"),
        F.col("aum_cny").alias("_aum_before"),
    )
    moved = out.join(yesterday, ["customer_id", "business_date"]).where(
        (F.col("_aum_before") > 0)
        & (F.col("_out") > F.col("_aum_before") * F.lit(str(rules["outflow_share"])).cast("decimal(9,6)"))
        & (F.col("_out") >= rules["min_outflow"])
    )
    bought = house_loans.select("customer_id", F.col("opened_date").alias("_opened"))
    recent = F.col("_opened").between(
        F.date_sub("business_date", rules["home_purchase_days"]), F.col("business_date")
    )
    explained = (
        moved.join(bought, "customer_id").where(recent).select("customer_id", "business_date").distinct()
    )
    left = moved.join(explained, ["customer_id", "business_date"], "left_anti")
    return _hits(
        left, "A01", F.lit("outflow"), {"outflow_cny": F.col("_out"), "aum_before_cny": F.col("_aum_before")}
    )


def no_login(customers: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """A02: 30 days without a login, mobile bank bound (since_login_days is null where it is not), not dormant or ended."""
    idle = customers.where(
        (F.col("since_login_days") >= rules["no_login_days"]) & ~F.col("stage_code").isin("dormancy", "ended")
    )
    return _hits(idle, "A02", F.lit("login"), {"since_login_days": F.col("since_login_days")})


def maturities(holdings: DataFrame, working_days: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """A03 T−15, A04 T−7 (moved to the working day before, people work on them) and A05 T−1 (automatic, not moved).

    holdings: o_holding_daily of the dates: customer_id, agreement_id, business_date, matures_date, is_auto_roll,
    market_value_cny. A position that rolls over by itself gets only A05.
    """
    days = rules["maturity_days"]
    rolling = F.coalesce(F.col("is_auto_roll"), F.lit(False))
    moved = working_days.select("calendar_date", "previous_working_date")
    hits = []
    for code in ("A03", "A04"):
        due = holdings.where(~rolling).withColumn("calendar_date", F.date_sub("matures_date", days[code]))
        due = due.join(moved, "calendar_date").where(F.col("previous_working_date") == _action_date())
        hits.append(_matures(due, code))
    last = holdings.where(F.date_sub("matures_date", days["A05"]) == _action_date())
    return hits[0].unionByName(hits[1]).unionByName(_matures(last, "A05"))


def _matures(frame: DataFrame, code: str) -> DataFrame:
    numbers = {"matures_date": F.col("matures_date"), "market_value_cny": F.col("market_value_cny")}
    return _hits(frame, code, F.col("agreement_id"), numbers)


def birthdays(people: DataFrame) -> DataFrame:
    """A06, two hits: the e-mail one day ahead (`email`) and the manager's reminder for the action date (`reminder`).

    people: customer_id, business_date, birth_date. Born on 29 February: the 28th in other years.
    """

    def falls_on(day: Column) -> Column:
        birth, leap = (
            F.col("birth_date"),
            F.dayofmonth(F.last_day(F.make_date(F.year(day), F.lit(2), F.lit(1)))) == 29,
        )
        is_29 = (F.month(birth) == 2) & (F.dayofmonth(birth) == 29)
        moved = is_29 & ~leap
        day_of_birth = F.when(moved, F.lit(28)).otherwise(F.dayofmonth(birth))
        return (F.month(day) == F.month(birth)) & (F.dayofmonth(day) == day_of_birth)

    email = people.where(falls_on(F.date_add("business_date", 2)))
    reminder = people.where(falls_on(_action_date()))
    return _hits(email, "A06", F.lit("email"), {"days_ahead": F.lit(1)}).unionByName(
        _hits(reminder, "A06", F.lit("reminder"), {"days_ahead": F.lit(0)})
    )


def first_purchases(trades: DataFrame, holdings: DataFrame, working_days: DataFrame) -> DataFrame:
    """A08: thanks on the day after the first ever wealth purchase; A09: a call on the working day at or after T + 7.

    trades    customer_id, business_date (ordered), agreement_id, kind_code, status_code; all dates up to the range's end
    holdings  o_holding_daily of the dates, to see whether the position is still there for A09
    Cancelled orders never count.
    """
    bought = trades.where((F.col("kind_code") == "subscribe") & (F.col("status_code") != "cancelled"))
    first = bought.groupBy("customer_id").agg(
        F.min(F.struct("business_date", "agreement_id")).alias("_first")
    ).select("customer_id", F.col("_first.business_date").alias("ordered_date"), F.col("_first.agreement_id").alias("agreement_id"))  # fmt: skip
    thanks = first.withColumn("business_date", F.col("ordered_date"))
    later = (
        first.withColumn("calendar_date", F.date_add("ordered_date", 7))
        .join(working_days.select("calendar_date", "next_working_date"), "calendar_date")
        .withColumn("business_date", F.date_sub("next_working_date", 1))
    )
    held = holdings.select("customer_id", "agreement_id", "business_date").distinct()
    follow_up = later.join(held, ["customer_id", "agreement_id", "business_date"], "left_semi")
    numbers = {"ordered_date": F.col("ordered_date")}
    return _hits(thanks, "A08", F.col("agreement_id"), numbers).unionByName(
        _hits(follow_up, "A09", F.col("agreement_id"), numbers)
    )


def early_repayment_searches(
    searches: DataFrame,
    borrowers: DataFrame,
    repaid: DataFrame,
    contacts: DataFrame,
    rules: Mapping[str, Any],
) -> DataFrame:
    """A10 未诉先办: the topic searched three times in seven days, a loan in force, nothing done about it yet.

    searches   b_search_intent: customer_id, business_date, topic_code, window_7_cnt, first_at (of the window)
    borrowers  customer_id, business_date with a loan in force · repaid: customer_id, paid_date of early repayments
    contacts   customer_id, contacted_date of contacts on the topic; within 30 days they silence the rule
    """
    seeking = searches.where(
        (F.col("topic_code") == rules["search_topic"]) & (F.col("window_7_cnt") >= rules["search_times"])
    ).join(borrowers, ["customer_id", "business_date"], "left_semi")
    began = F.date_sub("business_date", rules["search_days"] - 1)
    done = seeking.join(repaid, "customer_id").where(
        F.col("paid_date").between(began, F.col("business_date"))
    )
    spoken = seeking.join(contacts, "customer_id").where(
        F.col("contacted_date").between(
            F.date_sub("business_date", rules["contacted_days"]), F.col("business_date")
        )
    )
    key = ["customer_id", "business_date"]
    open_ = seeking.join(done.select(*key), key, "left_anti").join(spoken.select(*key), key, "left_anti")
    return _hits(open_, "A10", F.lit(rules["search_topic"]), {"window_7_cnt": F.col("window_7_cnt")})


def repeated_overdue_fees(customers: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """A11: two overdue fees in half a year: offer to pay by itself what has to be paid, remind of no penalty.

    customers: customer_id, business_date, overdue_fee_180_cnt. No source tells who pays automatically already, so they are asked, too.
    """
    charged = customers.where(F.col("overdue_fee_180_cnt") >= rules["overdue_fees"])
    return _hits(charged, "A11", F.lit("overdue_fee"), {"overdue_fee_180_cnt": F.col("overdue_fee_180_cnt")})


def reviews_due(customers: DataFrame, reviews: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """A17: of the tiers that are reviewed each quarter, who was reviewed longer ago than that; never: since the relation began.

    customers  customer_id, business_date, tier_code, relationship_date
    reviews    customer_id, business_date, reviewed_date of deep reviews that were done; those after the business date do not count
    """
    past = reviews.where(F.col("reviewed_date") <= F.col("business_date"))
    newest = past.groupBy("customer_id", "business_date").agg(F.max("reviewed_date").alias("_reviewed"))
    asked = customers.where(F.col("tier_code").isin(*rules["review_tiers"]))
    last = F.coalesce("_reviewed", "relationship_date")
    late = asked.join(newest, ["customer_id", "business_date"], "left").where(
        F.date_diff("business_date", last) > rules["review_days"]
    )
    return _hits(late, "A17", F.lit("review"), {"reviewed_date": F.col("_reviewed")})


def expiring_risk_grades(grades: DataFrame, customers: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """A15: the risk grade expires 30 days after the action date, and the customer holds a wealth product.

    grades: customer_id, business_date, expire_date of the grade that holds on the day. customers: customer_id, business_date, wealth_cny.
    """
    holders = customers.where(F.coalesce(F.col("wealth_cny"), F.lit(0)) > 0).select(
        "customer_id", "business_date"
    )
    due = holders.join(
        grades.select("customer_id", "business_date", "expire_date"), ["customer_id", "business_date"]
    ).where(F.date_sub("expire_date", rules["risk_notice_days"]) == _action_date())
    return _hits(due, "A15", F.col("expire_date"), {"expire_date": F.col("expire_date")})


def keep_wanted(hits: DataFrame, tiers: DataFrame, strategies: Mapping[str, Any]) -> DataFrame:
    """Fewer rows: without hits of rules that the strategy of the customer's tier refuses (rules: tier).

    tiers: customer_id, business_date, tier_code. Who has no tier is refused nothing. Where no tier refuses anything, nothing is joined.
    """
    refused = [
        (F.col("_tier") == tier) & F.col("rule_code").isin(*strategy["refuses"])
        for tier, strategy in sorted(strategies.items())
        if strategy["refuses"]
    ]
    if not refused:
        return hits
    known = tiers.select("customer_id", "business_date", F.col("tier_code").alias("_tier"))
    joined = hits.join(known, ["customer_id", "business_date"], "left")
    return joined.where(~F.coalesce(reduce(or_, refused), F.lit(False))).drop("_tier")


def new_churn_band_a(scores: DataFrame) -> DataFrame:
    """A16: band A now and not A at the score before. scores: customer_id, business_date (as of), band_code."""
    before = F.lag("band_code").over(Window.partitionBy("customer_id").orderBy("business_date"))
    risen = scores.withColumn("_before", before).where(
        (F.col("band_code") == "A") & ~F.col("_before").eqNullSafe("A")
    )
    return _hits(risen, "A16", F.lit("churn"), {"band_before": F.coalesce(F.col("_before"), F.lit("N"))})
