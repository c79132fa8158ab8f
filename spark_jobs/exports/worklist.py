"""The managers' worklist of a business date (rules: guard, worklist): what is worked tomorrow, and what waits.

A hit is sent once. Until then it stands on each day's list as queued; what the day has no room for waits for the next working day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.history import instant

# What a manager is asked to do; a purpose that is not here needs no permission of its own.
PERMISSION_OF = {"sale": "sell", "care": "care", "survey": "care"}


@dataclass(frozen=True)
class Day:
    """The day on which the list is worked. next_start: when work begins on the working day after it, naive UTC."""

    action_date: date
    is_working: bool
    this_start: datetime
    next_start: datetime
    capacity: int
    zone: str


def open_tasks(hits: DataFrame, waiting: DataFrame) -> DataFrame:
    """Hits that nobody was sent yet. Grain: rule_hit_id.

    hits     task hits (sent or queued) of the dates since the last list, and those that wait
    waiting  rule_hit_id, _waits_until of the last list's queued rows
    What waited keeps the instant its list gave it; `is_carried` tells it from what is new.
    """
    both = hits.join(waiting, "rule_hit_id", "left")
    return (
        both.withColumn("is_carried", F.col("_waits_until").isNotNull())
        .withColumn("not_before_at", F.coalesce("_waits_until", "not_before_at"))
        .drop("_waits_until")
    )


def rank_tasks(tasks: DataFrame, day: Day) -> DataFrame:
    """More columns, same rows: rank_no, and outcome_code, not_before_at, reason_codes as of this list.

    tasks: rule_hit_id, manager_staff_no, customer_id, purpose_code, priority_code, due_at, not_before_at, reason_codes, is_carried,
    aum_30_avg_cny, withheld_codes of the customer's exported row
    Rank per manager: what can be worked first, then priority, due time, AUM touched (large first), customer and hit. The first
    `capacity` are sent, priority 1 always. What waited and may no longer be asked of the customer is suppressed and has no rank.
    """
    urgent = F.col("priority_code") == "1"
    local_day = F.to_date(F.from_utc_timestamp("not_before_at", day.zone))
    due_now = F.col("not_before_at").isNull() | (local_day <= F.lit(day.action_date))
    refused = F.filter("withheld_codes", lambda code: code.startswith(F.concat(_permission(), F.lit(":"))))
    marked = (
        tasks.withColumn("_refused", F.coalesce(F.transform(refused, lambda c: F.split_part(c, F.lit(":"), F.lit(2))), F.array()))
        .withColumn("_is_out", F.col("is_carried") & (F.size("_refused") > 0))
        .withColumn("_works", due_now & (urgent | F.lit(day.is_working)))
    )  # fmt: skip
    order = [
        F.when(F.col("_works"), 0).otherwise(1), F.col("priority_code").cast("int"), F.col("due_at"),
        F.coalesce("aum_30_avg_cny", F.lit(0)).desc(), F.col("customer_id"), F.col("rule_hit_id"),
    ]  # fmt: skip
    place = F.row_number().over(Window.partitionBy("_is_out", "manager_staff_no").orderBy(*order))
    ranked = marked.withColumn("rank_no", F.when(~F.col("_is_out"), place))
    sent = F.col("_works") & (urgent | (F.col("rank_no") <= day.capacity))
    later = instant(day.next_start) if day.is_working else instant(day.this_start)
    why = F.when(F.col("_works"), F.lit("capacity")).when(due_now, F.lit("not_working"))
    waits = F.when(why.isNotNull(), later).otherwise(F.col("not_before_at"))
    # What was carried over is no longer kept by what kept it before.
    known = F.when(F.col("is_carried") & due_now, F.array().cast("array<string>")).otherwise(
        F.col("reason_codes")
    )
    queued_for = F.array_compact(F.concat(known, F.array(why)))
    outcome = F.when(F.col("_is_out"), "suppressed").when(sent, "sent").otherwise("queued")
    return (
        ranked.withColumn("_known", known).withColumn("_queued_for", queued_for).withColumn("_waits", waits)
        .withColumn("outcome_code", outcome)
        .withColumn("not_before_at", F.when(F.col("outcome_code") == "queued", F.col("_waits")))
        .withColumn("reason_codes", F.when(F.col("_is_out"), F.col("_refused")).when(sent, F.col("_known")).otherwise(F.col("_queued_for")))
        .withColumn("first_reason_code", F.get("reason_codes", F.lit(0)))
        .withColumn("action_date", F.lit(day.action_date))
        .drop("_refused", "_is_out", "_works", "_known", "_queued_for", "_waits")
    )  # fmt: skip


def _permission() -> Column:
    chosen = F.lit("none")
    for purpose, group in PERMISSION_OF.items():
        chosen = F.when(F.col("purpose_code") == purpose, F.lit(group)).otherwise(chosen)
    return chosen


def write_reasons(tasks: DataFrame, rules: Mapping[str, Any]) -> DataFrame:
    """More columns, same rows: reason_text and waiting_text in the managers' language, from the bank's dictionary.

    tasks: rule_code, trigger, outcome_code, reason_codes. {name} in a text is that number of the hit; a missing one is left empty.
    """
    language = str(rules["language"])
    text = F.lit(str(rules["reasons"]["other"][language]))
    for code, told in rules["reasons"].items():
        if code != "other":
            text = F.when(F.col("rule_code") == code, _filled(str(told[language]))).otherwise(text)
    waits = F.lit(str(rules["waits"]["other"][language]))
    for code, told in rules["waits"].items():
        if code != "other":
            waits = F.when(F.element_at("reason_codes", -1) == code, F.lit(str(told[language]))).otherwise(
                waits
            )
    return tasks.withColumn("reason_text", text).withColumn(
        "waiting_text", F.when(F.col("outcome_code") == "queued", waits)
    )


def _filled(text: str) -> Column:
    column = F.lit(text)
    for name in re.findall(r"\{(\w+)\}", text):
        value = F.coalesce(F.get_json_object("trigger", f"$.{name}"), F.lit(""))
        column = F.replace(column, F.lit(f"{{{name}}}"), value)
    return column
