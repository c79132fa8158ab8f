"""The managers' tasks of the CRM export: hits that nobody was sent yet, ranked for the next day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.exports import worklist
from spark_jobs.exports.release import Release
from spark_jobs.jobs.export_inputs import Inputs
from spark_jobs.tables import Lake

WORKLIST = "export.crm__worklist_v1"


def open_worklist(lake: Lake, release: Release, inputs: Inputs, state: DataFrame) -> DataFrame:
    """Hits since the last list and what that one let wait, ranked for tomorrow."""
    rules, guard, day = lake.rules("worklist"), lake.rules("guard"), inputs.day.last
    lists = lake.read(WORKLIST).where(F.col("business_date") < F.lit(day))
    last = max(
        (r["business_date"] for r in lists.select("business_date").distinct().collect()),
        default=day - timedelta(days=1),
    )
    waiting = lists.where(
        (F.col("business_date") == F.lit(last)) & (F.col("outcome_code") == "queued")
    ).select("rule_hit_id", F.col("not_before_at").alias("_waits_until"))
    heirs = lake.read("identity.customer").select("customer_id", "retired_into_customer_id")
    hits = (
        lake.read("profile.a_rule_hit")
        .where((F.col("business_date") <= F.lit(day)) & F.col("outcome_code").isin("sent", "queued"))
        .where(F.col("channel_code").isin(*rules["task_channels"]))
        .join(heirs, "customer_id", "left")
        .withColumn("customer_id", F.coalesce("retired_into_customer_id", "customer_id"))
    )
    new = hits.where(F.col("business_date") > F.lit(last))
    carried = hits.where(F.col("business_date") <= F.lit(last)).join(waiting, "rule_hit_id", "left_semi")
    tasks = worklist.open_tasks(new.unionByName(carried), waiting)
    exported = state.select(
        "customer_id", "crm_customer_token", "manager_staff_no", "team_code", "withheld_codes"
    ).where("manager_staff_no is not null")
    money = lake.read("profile.customer_daily", inputs.day).select("customer_id", "aum_30_avg_cny")
    wide = tasks.join(exported, "customer_id").join(money, "customer_id", "left")
    ranked = worklist.rank_tasks(
        wide, _working_day(lake, day + timedelta(days=1), int(guard["manager_capacity"]))
    )
    told = worklist.write_reasons(ranked, rules)
    return told.withColumn("business_date", F.lit(day)).withColumn("release_id", F.lit(release.release_id))


def _working_day(lake: Lake, action: date, capacity: int) -> worklist.Day:
    named = lake.read("silver.calendar").select("calendar_date", "is_working_day").collect()
    calendar = WorkingCalendar.of(
        ((r["calendar_date"], r["is_working_day"]) for r in named), lake.rules("calendar")
    )
    opens, zone = time.fromisoformat(str(lake.rules("guard")["task_from"])), ZoneInfo(calendar.zone)

    def start(day: date) -> datetime:
        return datetime.combine(day, opens, zone).astimezone(UTC).replace(tzinfo=None)

    this = calendar.next_working(action)
    following = calendar.next_working(action + timedelta(days=1))
    return worklist.Day(
        action, calendar.is_working(action), start(this), start(following), capacity, calendar.zone
    )
