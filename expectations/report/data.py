"""Reads the ledgers into pages, without a JVM: DuckDB over the Delta tables of one lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from expectations.report.model import Day, FeedLine, IdentityLine, QuarantineLine, ScoreLine, VerdictLine
from spark_jobs.exports import published
from spark_jobs.settings import Settings

Ask = Callable[[str, str], list[dict[str, Any]]]

_FEEDS = """
    select source_code, feed_code, state_code, reason_code, sequence_no, strftime(arrived_at, '%Y-%m-%d %H:%M') as arrived,
           rows_declared, rows_found, quarantined_cnt, is_required, business_date
    from {table} order by source_code, feed_code, sequence_no, file_id
"""
_QUARANTINE = """
    select business_date, split_part(feed_code, '__', 1) as system, feed_code, array_to_string(reason_codes, ' ') as reason,
           count(*) filter (state_code = 'open') as open, count(*) as total
    from {table} group by all order by system, feed_code, reason
"""
_VERDICTS = """
    select *, to_date as business_date from {table}
    qualify judged_at = max(judged_at) over (partition by gate_code, table_name, to_date)
    order by gate_code, table_name, check_code
"""
_EVENTS = "select business_date, kind_code, count(*) as events from {table} group by all order by kind_code"
_CUSTOMERS = (
    "select business_date, count(*) as customers, sum(party_cnt) as parties from {table} group by all"
)
_RELEASES = "select business_date, max_by(release_id, published_at) as release_id from {table} group by all"
_STAGES = """
    with newest as (
        select job_code, to_date, max(started_at) as began from {table} group by all
    )
    select s.to_date as business_date, s.job_code, max(s.stage_secs) as secs, sum(s.rows_out) as written, n.began
    from {table} s join newest n on s.job_code = n.job_code and s.to_date = n.to_date and s.started_at = n.began
    group by all order by n.began
"""


def read_days(settings: Settings) -> list[Day]:
    """One `Day` per business date that any ledger knows."""

    def ask(table: str, statement: str) -> list[dict[str, Any]]:
        columns, rows = published.ledger(settings, table, statement)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    feeds = _by_day(ask("ops.delivery_file", _FEEDS))
    quarantine = _by_day(ask("ops.quarantine", _QUARANTINE))
    verdicts = _by_day(ask("ops.quality_verdict", _VERDICTS))
    events = _by_day(ask("identity.customer_event", _EVENTS))
    customers = _by_day(ask("profile.customer_daily", _CUSTOMERS))
    releases = _by_day(ask("ops.release", _RELEASES))
    stages = _by_day(ask("ops.stage_commit", _STAGES))
    return [
        _day(day, feeds.get(day, []), quarantine.get(day, []), verdicts.get(day, []), events.get(day, []),
             customers.get(day, []), releases.get(day, []), stages.get(day, []))
        for day in sorted({*feeds, *customers})
    ]  # fmt: skip


def _by_day(rows: list[dict[str, Any]]) -> dict[date, list[dict[str, Any]]]:
    found: dict[date, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["business_date"], []).append(row)
    return found


def _day(
    day: date, feeds: list[dict[str, Any]], quarantine: list[dict[str, Any]], verdicts: list[dict[str, Any]],
    events: list[dict[str, Any]], customers: list[dict[str, Any]], releases: list[dict[str, Any]],
    stages: list[dict[str, Any]],
) -> Day:  # fmt: skip
    feed_lines = tuple(
        FeedLine(f["source_code"], f["feed_code"], f["state_code"], f["reason_code"], f["sequence_no"], f["arrived"], None,
                 f["rows_declared"], f["rows_found"], f["quarantined_cnt"] or 0, bool(f["is_required"]))
        for f in feeds
    )  # fmt: skip
    bad = tuple(
        VerdictLine(v["gate_code"], v["table_name"], v["check_code"], v["check_severity_code"], v["verdict_code"],
                    v["failing_cnt"], v["total_cnt"], tuple(v["sample_tokens"] or ()))
        for v in verdicts if v["verdict_code"] != "pass"
    )  # fmt: skip
    known = customers[0] if customers else {}
    release = releases[0]["release_id"] if releases else None
    state = "published" if release or (customers and not any(v.verdict == "fail" for v in bad)) else "held"
    return Day(
        day, release, state, feed_lines,
        tuple(QuarantineLine(q["system"], q["feed_code"], q["reason"], q["open"], q["total"]) for q in quarantine),
        bad, sum(v["verdict_code"] == "pass" for v in verdicts), _scorecard(feed_lines, verdicts),
        tuple(IdentityLine(e["kind_code"], e["events"]) for e in events),
        known.get("customers"), int(known["parties"]) if known.get("parties") is not None else None,
        tuple((s["job_code"], float(s["secs"] or 0), int(s["written"] or 0)) for s in stages),
    )  # fmt: skip


def _scorecard(feeds: tuple[FeedLine, ...], verdicts: list[dict[str, Any]]) -> tuple[ScoreLine, ...]:
    """Share of bronze checks passed per source and dimension; timeliness is the share of feeds that did arrive and load."""
    lines = []
    for source in sorted({f.system for f in feeds}):
        mine = [v for v in verdicts if v["table_name"].startswith(f"bronze.{source}__")]

        def share(dimension: str, of: list[dict[str, Any]] = mine) -> float | None:
            judged = [v for v in of if v["quality_dimension_code"] == dimension]
            return sum(v["verdict_code"] == "pass" for v in judged) / len(judged) if judged else None

        arrived = [f for f in feeds if f.system == source and f.state not in ("superseded", "duplicate")]
        on_time = sum(f.state == "loaded" for f in arrived) / len(arrived) if arrived else None
        lines.append(ScoreLine(
            source, share("completeness"), share("validity"), share("uniqueness"), share("consistency"), on_time
        ))  # fmt: skip
    return tuple(lines)
