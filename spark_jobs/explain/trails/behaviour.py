"""Trails of how the customer behaves: back to the events that count."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.explain.trail import Step, Trail
from spark_jobs.explain.trails.shared import MEMBERS

_B = "spark_jobs.profile.b_customer"


def _behaviour(told: str, days: int, which: str) -> Trail:
    within = f"party_id in (select party_id from parties) and business_date between {{day}} - {days - 1} and {{day}} and ({which})"
    found = f"(select event_id from profile.b_event where {within})"

    def of(table: str, key: str, said: str, columns: str) -> Step:
        return Step(
            table,
            said,
            f"select {key}, business_date, {columns}, _origin from {table} where {key} in {found} order by business_date, {key}",
        )

    return Trail(
        f"{_B}:summarise_behaviour", told,
        (
            MEMBERS,
            Step(
                "profile.b_event", "events that count",
                f"""select event_id, business_date, party_id, source_code, kind_code, channel_code, result_code, search_topic_code
                    from profile.b_event where {within} order by business_date, event_id""",
            ),
            of("silver.digital_event", "event_id", "noticed by the digital channels", "kind_code, page_code, result_code"),
            of("silver.call", "call_id", "noticed by the contact centre", "started_at"),
            of("silver.transaction", "transaction_id", "entries the customer started", "kind_code, channel_code"),
            of("silver.card_transaction", "card_transaction_id", "card purchases", "posted_date"),
        ),
        rules={"behaviour": ("version",)},
    )  # fmt: skip


_LOGIN = "kind_code = 'login' and coalesce(result_code, 'ok') = 'ok'"
_ACTION = "kind_code <> 'contact'"
BEHAVIOUR: Mapping[str, Trail] = {
    "login_1_cnt": _behaviour("Logins that succeeded on the day.", 1, _LOGIN),
    "login_30_cnt": _behaviour("Logins that succeeded in the last 30 days.", 30, _LOGIN),
    "last_login_date": _behaviour("The newest login; before the first date the opening package knows.", 365, _LOGIN),
    "since_login_days": _behaviour("Days since the newest login.", 365, _LOGIN),
    "session_30_cnt": _behaviour("Sessions of the last 30 days, each on the day it began.", 30, "session_no_mbank is not null"),
    "transfer_fail_7_cnt": _behaviour("Transfers that failed in the last 7 days.", 7, "kind_code = 'transfer_fail'"),
    "search_repay_7_cnt": _behaviour("Searches for early repayment in the last 7 days.", 7, "kind_code = 'search' and search_topic_code = 'early_repayment'"),
    "visit_90_cnt": _behaviour("Days with a visit or an entry at the counter in the last 90 days.", 90, "kind_code = 'visit' or (kind_code = 'transaction' and channel_code = 'counter')"),
    "call_30_cnt": _behaviour("Calls of the last 30 days.", 30, "kind_code = 'call'"),
    "active_days_30_cnt": _behaviour("Days of the last 30 on which the customer did anything.", 30, _ACTION),
    "last_active_date": _behaviour("The newest day on which the customer did anything.", 365, _ACTION),
    "inactive_days": _behaviour("Days since the customer last did anything.", 365, _ACTION),
    "digital_share_ratio": _behaviour("Digital entries over digital and served ones, of the last 30 days.", 30, "kind_code = 'transaction'"),
}  # fmt: skip
