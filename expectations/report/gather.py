"""Reads what alerts are made of from the ledgers of a lake, without a JVM."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from expectations.report.alerts import Alert, Ledgers, alerts
from spark_jobs import settings as settings_module
from spark_jobs.bronze.ledger import FileState
from spark_jobs.bronze.timeliness import deadlines
from spark_jobs.clock import cut_off
from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import Settings

Rows = list[dict[str, Any]]
Ask = Callable[[str, str], Rows]

_FILES = """
    select file_id, '' as delivery_id, source_code, feed_code, business_date, sequence_no, '' as package_name, file_name, null as sha256,
           null as file_bytes, arrived_at, state_code, reason_code, rows_declared, rows_found, quarantined_cnt, is_required, known_at
    from {table}
"""
_CHECKS = "select file_id, count(*) filter (verdict_code = 'pass') as passed, count(*) as told from {table} group by file_id"
_KEYS = """
    select table_name, from_date, to_date, failing_cnt, total_cnt, judged_at from {table}
    where table_name like 'bronze.%' and check_code like 'key:%' and total_cnt > 0 order by judged_at
"""
_DAYS = "select calendar_date, is_working_day from {table}"
_AUM = """
    select business_date, sum(aum_cny) as aum_cny, sum(deposit_cny) as deposit_cny, sum(wealth_cny) as wealth_cny, sum(fund_cny) as fund_cny,
           sum(insurance_cny) as insurance_cny
    from {table} group by business_date
"""


def read_alerts(settings: Settings, ask: Ask) -> list[Alert]:
    """All alerts of the lake as its ledgers are now."""
    sources = load_sources(settings.conf_dirs)
    owners = settings_module.rules(settings, "steward")["owners"]
    rules = {**settings_module.rules(settings, "scorecard"), "owners": owners}
    files = [FileState(**_naive(row)) for row in ask("ops.delivery_file", _FILES)]
    if not files:
        return []
    days = ((row["calendar_date"], row["is_working_day"]) for row in ask("silver.calendar", _DAYS))
    calendar = WorkingCalendar.of(days, settings_module.rules(settings, "calendar"))
    last = max(f.business_date for f in files)
    due = deadlines(files, sources, last, cut_off(settings, last), calendar, settings.cut_off)
    checks = {r["file_id"]: (r["passed"], r["told"]) for r in ask("ops.control_check", _CHECKS)}
    aum = {
        row.pop("business_date"): {k: Decimal(v) for k, v in row.items() if v is not None}
        for row in ask("profile.customer_daily", _AUM)
    }
    ledgers = Ledgers(files, due, checks, _keys(ask("ops.quality_verdict", _KEYS), files), aum)
    return alerts(ledgers, sources, rules, calendar.is_working)


def _naive(row: dict[str, Any]) -> dict[str, Any]:
    """Instants as the ledger's code knows them: UTC, and without saying so."""
    return {
        k: v.astimezone(UTC).replace(tzinfo=None) if isinstance(v, datetime) and v.tzinfo else v for k, v in row.items()
    }  # fmt: skip


def _keys(verdicts: Rows, files: Iterable[FileState]) -> dict[tuple[str, date], tuple[int, int]]:
    """What the newest verdict says of each date of a feed. verdicts: oldest first; a range speaks for its days together."""
    days: dict[str, set[date]] = defaultdict(set)
    for each in files:
        days[each.feed_code].add(each.business_date)
    found = {}
    for row in verdicts:
        feed = row["table_name"].removeprefix("bronze.")
        for day in days[feed]:
            if row["from_date"] <= day <= row["to_date"]:
                found[feed, day] = row["failing_cnt"], row["total_cnt"]
    return found
