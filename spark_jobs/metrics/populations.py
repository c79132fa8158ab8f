"""The rows that metrics are computed over. Each gives `business_date`, `subject_id` (never null) and what the definitions name.

An event whose time limit is measured belongs to the day of its limit, not of its beginning: only then is it decided, and a later run
for the same day says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.profile.a_person import local_date


def keep_customers(daily: DataFrame, zone: str) -> DataFrame:
    """Active customers by day. Grain: customer_id, business_date."""
    return daily.withColumn("subject_id", F.col("customer_id"))


def keep_outbound_contacts(contacts: DataFrame, zone: str) -> DataFrame:
    """Contacts the bank made. Grain: contact_id. One to a person nobody knows counts as one of somebody else."""
    made = contacts.where("direction_code = 'outbound'")
    return made.withColumn("subject_id", F.coalesce("customer_id", "contact_id"))


def keep_calls(calls: DataFrame, zone: str) -> DataFrame:
    """Calls to the contact centre. Grain: call_id. A caller nobody knows counts as somebody else."""
    return calls.withColumn("subject_id", F.coalesce("party_id", "call_id"))


def keep_due_tasks(tasks: DataFrame, zone: str) -> DataFrame:
    """Managers' tasks on the day they were due. Grain: task_no_crm; tasks without a limit or a manager are left out, cancelled ones, too.

    is_in_time  closed by the limit; open tasks are not
    """
    due = tasks.where("due_at IS NOT NULL AND manager_staff_id IS NOT NULL AND status_code <> 'cancelled'")
    return due.select(
        F.col("manager_staff_id").alias("subject_id"), local_date("due_at", zone).alias("business_date"), "kind_code",
        F.coalesce(F.col("closed_at") <= F.col("due_at"), F.lit(False)).alias("is_in_time"),
    )  # fmt: skip


ROWS_OF: Mapping[str, Callable[[DataFrame, str], DataFrame]] = {
    "customers": keep_customers,
    "contacts": keep_outbound_contacts,
    "calls": keep_calls,
    "tasks": keep_due_tasks,
}
