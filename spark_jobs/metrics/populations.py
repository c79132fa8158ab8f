"""The rows that metrics are computed over. Each gives `business_date`, `subject_id` (never null) and what the definitions name.

An event whose time limit is measured belongs to the day of its limit, not of its beginning: only then is it decided, and a later run
for the same day says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.metrics.branches import Home
from spark_jobs.profile.a_person import local_date


def keep_customers(daily: DataFrame, zone: str) -> DataFrame:
    """Active customers by day, with their outlet. Grain: customer_id, business_date."""
    return daily.withColumns({"subject_id": F.col("customer_id"), "outlet_code": F.col("open_org_code")})


def keep_outbound_contacts(contacts: DataFrame, zone: str) -> DataFrame:
    """Contacts the bank made. Grain: contact_id. One to a person nobody knows counts as one of somebody else."""
    made = contacts.where("direction_code = 'outbound'")
    return made.withColumn("subject_id", F.coalesce("customer_id", "contact_id"))


def derive_line(contacts: DataFrame, channels: Mapping[str, Mapping[str, str]]) -> DataFrame:
    """Same rows with `line_code`: online or offline by the code list of channels; null for a channel that is neither."""
    lines = [(F.lit(code), F.lit(told["line"])) for code, told in sorted(channels.items()) if told["line"]]
    return contacts.withColumn("line_code", F.create_map(*chain.from_iterable(lines))[F.col("channel_code")])


def keep_calls(calls: DataFrame, zone: str) -> DataFrame:
    """Calls to the contact centre. Grain: call_id. A caller nobody knows counts as somebody else."""
    return calls.withColumn("subject_id", F.coalesce("customer_id", "call_id"))


def keep_counted_answers(scores: DataFrame, zone: str) -> DataFrame:
    """Answers that count, on 0-100 by the rules of NPS, CSAT and CES. Grain: response_id, metric_code.

    nps_points  100 for a promoter (9-10 of 0-10), -100 for a detractor (0-6), 0 between; null for other measures
    Somebody who answered without a name counts as somebody else.
    """
    raw = F.col("value_raw")
    points = F.when(raw >= 9, 100).when(raw <= 6, -100).otherwise(0)
    return scores.where("is_counted").withColumns(
        {
            "subject_id": F.coalesce("customer_id", "response_id"),
            "nps_points": F.when((F.col("metric_code") == "NPS") & raw.isNotNull(), points),
        }
    )


def keep_exposures(exposures: DataFrame, zone: str) -> DataFrame:
    """What service customers met. Grain: customer_id, touchpoint_code, business_date."""
    return exposures.withColumn("subject_id", F.col("customer_id"))


def keep_due_clocks(clocks: DataFrame, zone: str) -> DataFrame:
    """Clocks of complaints on the day they ran out. Grain: complaint_no_cmpl, clock_code; a paused one is no clock.

    is_in_time  ended by the limit; those still running are not
    """
    due = clocks.where("state_code <> 'paused'")
    return due.select(
        F.coalesce("customer_id", "complaint_no_cmpl").alias("subject_id"), local_date("due_at", zone).alias("business_date"),
        "customer_id", "clock_code", F.coalesce(F.col("met_at") <= F.col("due_at"), F.lit(False)).alias("is_in_time"),
    )  # fmt: skip


def keep_due_tasks(tasks: DataFrame, zone: str) -> DataFrame:
    """Managers' tasks on the day they were due. Grain: task_no_crm; tasks without a limit or a manager are left out, cancelled ones, too.

    is_in_time  closed by the limit; open tasks are not
    """
    due = tasks.where("due_at IS NOT NULL AND manager_staff_id IS NOT NULL AND status_code <> 'cancelled'")
    return due.select(
        F.col("manager_staff_id").alias("subject_id"), local_date("due_at", zone).alias("business_date"), "kind_code",
        F.coalesce(F.col("closed_at") <= F.col("due_at"), F.lit(False)).alias("is_in_time"),
    )  # fmt: skip


def keep_hits(hits: DataFrame, zone: str) -> DataFrame:
    """Hits of if-then rules on the business date of their data. Grain: rule_hit_id."""
    return hits.withColumn("subject_id", F.col("customer_id"))


def keep_expired_invitations(invitations: DataFrame, zone: str) -> DataFrame:
    """Invitations on the day on which the time to answer ran out, when it is known what became of them. Grain: invitation_id.

    invitations  as `link_first_answer` gives them. Somebody invited without a name counts as somebody else.
    is_answered  answered by then; an answer that came later does not count
    """
    return invitations.select(
        F.coalesce("party_id", "invitation_id").alias("subject_id"), local_date("expires_at", zone).alias("business_date"),
        "channel_code", "survey_code", "status_code", "trigger_event_id",
        F.coalesce(F.col("answered_at") <= F.col("expires_at"), F.lit(False)).alias("is_answered"),
    )  # fmt: skip


def link_first_answer(invitations: DataFrame, responses: DataFrame, expires_days: int) -> DataFrame:
    """Same rows with `answered_at`, the first response to the invitation (null without one), and `expires_at` filled.

    expires_days  time to answer where the survey tool tells none (rules: survey). An invitation without an instant of sending expires never.
    """
    first = (
        responses.where("invitation_id IS NOT NULL")
        .groupBy("invitation_id")
        .agg(F.min("submitted_at").alias("answered_at"))
    )
    until = F.col("sent_at") + F.expr(f"INTERVAL {int(expires_days)} DAYS")
    return invitations.withColumn("expires_at", F.coalesce("expires_at", until)).join(
        first, "invitation_id", "left"
    )


def link_outlet_of_customer(rows: DataFrame, customers: DataFrame) -> DataFrame:
    """Same rows with `outlet_code`, the outlet of their customer on that day; null where the customer, or the outlet, is not known.

    customers  profile.customer_daily: customer_id, business_date, open_org_code
    """
    outlets = customers.select("customer_id", "business_date", F.col("open_org_code").alias("outlet_code"))
    return rows.join(outlets, ["customer_id", "business_date"], "left")


def link_place_of_manager(rows: DataFrame, staff: DataFrame) -> DataFrame:
    """Same rows with `outlet_code` and `team_code` of the manager they are about (`subject_id`), as of the last delivery of the staff system."""
    places = staff.select(
        F.col("staff_id").alias("subject_id"), F.col("org_code").alias("outlet_code"), "team_code"
    )
    return rows.join(places, "subject_id", "left")


def link_branch(rows: DataFrame, homes: Sequence[Home]) -> DataFrame:
    """Same rows with `branch_code`, the branch of their `outlet_code` on their day; null where there is none.

    homes  never two of one outlet and day (`branches.homes`), so that nothing is multiplied
    """
    told = [tuple(home) for home in homes]
    known = F.broadcast(
        rows.sparkSession.createDataFrame(told, "_outlet string, _first date, _last date, branch_code string")
    )
    is_home = (F.col("outlet_code") == F.col("_outlet")) & F.col("business_date").between(
        F.col("_first"), F.col("_last")
    )
    return rows.join(known, is_home, "left").drop("_outlet", "_first", "_last")


ROWS_OF: Mapping[str, Callable[[DataFrame, str], DataFrame]] = {
    "customers": keep_customers,
    "answers": keep_counted_answers,
    "exposures": keep_exposures,
    "calls": keep_calls,
    "clocks": keep_due_clocks,
    "contacts": keep_outbound_contacts,
    "hits": keep_hits,
    "invitations": keep_expired_invitations,
    "tasks": keep_due_tasks,
}
