"""What happened between the bank and one customer, in order, from the published marts alone. No JVM.

Whoever may read the marts may read this: nothing is in it that they could not ask for themselves, and no name or number of a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spark_jobs.errors import OxpeckerError, nearest
from spark_jobs.exports import published
from spark_jobs.settings import Settings

COLUMNS = ["at", "kind", "what", "detail"]
ID = re.compile(r"[A-Za-z0-9_]{1,40}")
# Kind → mart, when it happened, what it was and what more is known of it (SQL about one row of the mart), and which rows count.
EVENTS: Mapping[str, tuple[str, str, str, str, str]] = {
    "contact": ("fct_contact_ledger", "occurred_at", "concat_ws(' ', direction_code, channel_code, purpose_code)", "result_code", "true"),
    "complaint": ("fct_complaint_loop", "received_at", "concat_ws(' ', 'received by', channel_code, class_l1_code)", "state_code", "true"),
    "complaint solved": ("fct_complaint_loop", "resolved_at", "concat_ws(' ', 'solved after', resolution_hours, 'hours')", "outcome_code", "resolved_at is not null"),
    "rule": ("fct_rule_outcome", "created_at", "concat_ws(' ', rule_code, channel_code, outcome_code)", "array_to_string(reason_codes, ', ')", "true"),
    "stage": ("fct_lifecycle_transition", "business_date", "concat_ws(' → ', from_stage_code, stage_code)", "reason_code", "true"),
    "tier": ("fct_tier_migration", "month_date", "concat_ws(' → ', from_tier_code, tier_code)", "reason_code", "is_moved"),
    "segment": ("fct_segment_membership", "joined_date", "segment_code", "any_value(why)", "true"),
    "score": ("fct_churn_score", "as_of_date", "concat_ws(' ', 'churn band', band_code)", "reasons_en_text", "true"),
    "answers": ("fct_customer_monthly", "last_day(month_date)", "concat_ws(' ', answer_cnt, 'answers, mean', round(answers_avg_score, 1))", "null", "answer_cnt > 0"),
    "month": ("fct_customer_monthly", "last_day(month_date)", "concat_ws(' ', 'AUM on average', aum_mavg_cny)", "tier_code", "is_complete_month"),
}  # fmt: skip
# One row per month would say the same membership again and again.
ONCE = {"segment": "group by joined_date, segment_code"}


def of_customer(settings: Settings, customer: str, kinds: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """(at, kind, what, detail) of one customer id in order of time; what is known by day or month stands at its beginning or end.

    kinds: these only; all without any. A mart the release does not hold gives nothing. Ties: kind, what. An id nobody has gives nothing.
    """
    for kind in kinds:
        if kind not in EVENTS:
            raise OxpeckerError(f"no events are called `{kind}`; {nearest(kind, EVENTS)}")
    if not ID.fullmatch(customer):
        raise OxpeckerError("a customer id is letters and digits, as `oxpecker sql` shows it")
    there = published.describe(settings).tables
    parts = [
        f"select cast({at} as timestamp) as happened_at, '{kind}' as kind, {what} as what, cast({detail} as varchar) as detail "
        f"from mart.{mart} where customer_id = '{customer}' and {counts} {ONCE.get(kind, '')}"
        for kind, (mart, at, what, detail, counts) in EVENTS.items()
        if f"mart.{mart}" in there and (not kinds or kind in kinds)
    ]
    if not parts:
        return []
    return published.query(settings, " union all ".join(parts) + " order by happened_at, kind, what")[1]
