"""Reads the ledgers into pages, without a JVM: DuckDB over the Delta tables of one lake."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from expectations.report import lines, score
from expectations.report.alerts import Alert
from expectations.report.gather import Ask, Rows, read_alerts
from expectations.report.model import AlertLine, Day, DefectLine, Defects, IdentityLine, QuarantineLine
from spark_jobs import settings as settings_module
from spark_jobs.exports import published
from spark_jobs.exports import release as releases
from spark_jobs.settings import Settings

_FEEDS = """
    select file_id, source_code, feed_code, state_code, reason_code, sequence_no, epoch(arrived_at) as arrived, rows_declared, rows_found,
           quarantined_cnt, is_required, business_date
    from {table} order by source_code, feed_code, sequence_no, file_id
"""
_CONTROLS = "select file_id, check_code, verdict_code from {table} order by file_id, check_code"
_QUARANTINE = """
    select business_date, split_part(feed_code, '__', 1) as system, feed_code, array_to_string(reason_codes, ' ') as reason,
           count(*) filter (state_code = 'open') as open, count(*) filter (state_code = 'excepted') as excepted, count(*) as total
    from {table} group by all order by system, feed_code, reason
"""
_VERDICTS = """
    select * from {table}
    qualify judged_at = max(judged_at) over (partition by gate_code, table_name, check_code, from_date, to_date)
    order by judged_at, gate_code, table_name, check_code
"""
_EVENTS = "select business_date, kind_code, count(*) as events from {table} group by all order by kind_code"
_CUSTOMERS = """
    select business_date, count(*) as customers, sum(party_cnt) as parties, sum(aum_cny) as aum from {table} group by all
"""
_RELEASES = "select business_date, max_by(release_id, published_at) as release_id from {table} group by all"
_RULES = """
    select business_date, rule_code, min(purpose_code) as purpose, outcome_code, first_reason_code, count(*) as hits
    from {table} group by business_date, rule_code, outcome_code, first_reason_code order by rule_code
"""
_CHANGES = "select business_date, feed_code, drift_action_code, reason_code, diff_lines, touched_tables from {table} order by feed_code, file_id"
_RESTATED = """
    select business_date, table_name, release_id, rows_added_cnt, rows_removed_cnt, rows_changed_cnt, customers_touched_cnt, aum_change_cny,
           restated_by_code, len(cause_delivery_ids) + len(cause_decision_ids) as causes
    from {table} order by known_at desc, release_id, table_name
"""
_STAGES = """
    with newest as (
        select job_code, to_date, max(started_at) as began from {table} group by all
    )
    select s.to_date as business_date, s.job_code, max(s.stage_secs) as secs, sum(s.rows_out) as written, n.began
    from {table} s join newest n on s.job_code = n.job_code and s.to_date = n.to_date and s.started_at = n.began
    group by all order by n.began
"""


def asker(settings: Settings) -> Ask:
    """Asks one ledger of the lake as it is now; no rows where it was never written."""

    def ask(table: str, statement: str) -> Rows:
        columns, rows = published.ledger(settings, table, statement)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return ask


def read_days(settings: Settings, alerts: Sequence[Alert] | None = None) -> list[Day]:
    """One `Day` per business date that any ledger knows, oldest first. alerts: those of the lake, read where not given."""
    ledgers = _Ledgers(settings, alerts)
    return [ledgers.day(of) for of in sorted({*ledgers.feeds, *ledgers.customers})]


class _Ledgers:
    """All that the ledgers of a lake say, by business date."""

    def __init__(self, settings: Settings, alerts: Sequence[Alert] | None) -> None:
        ask = asker(settings)
        self.timetable = lines.Timetable(settings)
        self.controls: dict[str, Rows] = defaultdict(list)
        for row in ask("ops.control_check", _CONTROLS):
            self.controls[row["file_id"]].append(row)
        self.verdicts = ask("ops.quality_verdict", _VERDICTS)
        self.feeds = _by_day(ask("ops.delivery_file", _FEEDS))
        self.quarantine = _by_day(ask("ops.quarantine", _QUARANTINE))
        self.events = _by_day(ask("identity.customer_event", _EVENTS))
        self.customers = _by_day(ask("profile.customer_daily", _CUSTOMERS))
        self.released = _by_day(ask("ops.release", _RELEASES))
        self.stages = _by_day(ask("ops.stage_commit", _STAGES))
        self.hits = _by_day(ask("profile.a_rule_hit", _RULES))
        self.changes = _by_day(ask("ops.schema_change", _CHANGES))
        self.restated = _by_day(ask("ops.restatement", _RESTATED))
        rules = settings_module.rules(settings, "alert")["rules"]
        self.rule_names = {code: str(rule["name"]) for code, rule in rules.items()}
        self.alerts: dict[date, list[AlertLine]] = defaultdict(list)
        for alert in read_alerts(settings, ask) if alerts is None else alerts:
            self.alerts[alert.business_date].append(lines.alert_line(alert, self.timetable))
        shown = releases.current(settings)
        self.newest = date.fromisoformat(shown.business_date) if shown else None
        # The first date of which anything of a feed was loaded.
        self.begun: dict[str, date] = {}
        for day in sorted(self.feeds):
            for row in self.feeds[day]:
                if row["state_code"] == "loaded":
                    self.begun.setdefault(row["feed_code"], day)

    def day(self, of: date) -> Day:
        """Everything about one date."""
        files = self.feeds.get(of, [])
        carried = {
            feed for feed, first in self.begun.items() if first < of and self.timetable.may_carry(feed)
        }
        feeds = lines.feed_lines(files, self.controls, self.timetable, of, carried)
        judged = lines.newest_per_check(self.verdicts, of)
        bad = tuple(lines.verdict_line(v) for v in judged if v["verdict_code"] != "pass")
        known = next(iter(self.customers.get(of, [])), {})
        why = lines.reasons_against(feeds, bad)
        is_out = bool(known) and self.newest is not None and of <= self.newest
        return Day(
            of,
            next((row["release_id"] for row in self.released.get(of, [])), None),
            "held" if why else "published" if is_out else "open",
            feeds=feeds,
            quarantine=tuple(
                QuarantineLine(q["system"], q["feed_code"], q["reason"], q["open"], q["total"], q["excepted"])
                for q in self.quarantine.get(of, [])
            ),
            verdicts=bad,
            passed=sum(v["verdict_code"] == "pass" for v in judged),
            scorecard=score.scorecard(feeds, lines.controls_of(files, self.controls), judged),
            identity=tuple(IdentityLine(e["kind_code"], e["events"]) for e in self.events.get(of, [])),
            customers=known.get("customers"),
            parties=int(known["parties"]) if known.get("parties") is not None else None,
            stages=tuple(
                (s["job_code"], float(s["secs"] or 0), int(s["written"] or 0))
                for s in self.stages.get(of, [])
            ),
            gates=lines.gate_lines(judged),
            rules=lines.rule_lines(self.hits.get(of, []), self.rule_names),
            aum=known.get("aum"),
            why=why,
            changes=tuple(lines.change_line(c) for c in self.changes.get(of, [])),
            alerts=tuple(self.alerts[of]),
            restated=tuple(lines.restated_line(r) for r in self.restated.get(of, [])),
        )


def read_defects(settings: Settings) -> Defects | None:
    """Counts that `oxpecker score` left of a bank whose defects are known; None where nobody scored. Counts only: nothing else is opened."""
    path = settings.home / "score" / f"{settings.prefix}defects.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    defects = tuple(
        DefectLine(
            each["code"], each["name"], each["name_zh"], each["planted"], each["reportable"], each["noticed"],
            each["false_alarms"] + ((each.get("handling") or {}).get("false_alarms") or 0),
            *((each.get("handling") or {}).get(name) for name in ("judged", "handled", "means")),
        )
        for each in told["codes"]
    )  # fmt: skip
    return Defects(told["business_date"], defects, told["false_alarms_of_no_code"])


def _by_day(rows: Iterable[dict[str, Any]]) -> dict[date, Rows]:
    found: dict[date, Rows] = {}
    for row in rows:
        found.setdefault(row["business_date"], []).append(row)
    return found
