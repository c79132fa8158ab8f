"""Reads the ledgers into pages, without a JVM: DuckDB over the Delta tables of one lake."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from expectations.report import score
from expectations.report.alerts import Alert
from expectations.report.gather import Ask, Rows, read_alerts
from expectations.report.model import (
    AlertLine,
    ChangeLine,
    Day,
    DefectLine,
    Defects,
    FeedLine,
    GateLine,
    IdentityLine,
    QuarantineLine,
    RestatedLine,
    RuleLine,
    VerdictLine,
)
from spark_jobs import settings as settings_module
from spark_jobs.contracts.sources import SourceContract, load_sources
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
    ask = asker(settings)
    controls: dict[str, Rows] = defaultdict(list)
    for row in ask("ops.control_check", _CONTROLS):
        controls[row["file_id"]].append(row)
    feeds = _by_day(ask("ops.delivery_file", _FEEDS))
    quarantine = _by_day(ask("ops.quarantine", _QUARANTINE))
    verdicts = ask("ops.quality_verdict", _VERDICTS)
    events = _by_day(ask("identity.customer_event", _EVENTS))
    customers = _by_day(ask("profile.customer_daily", _CUSTOMERS))
    released = _by_day(ask("ops.release", _RELEASES))
    stages = _by_day(ask("ops.stage_commit", _STAGES))
    hits = _by_day(ask("profile.a_rule_hit", _RULES))
    changes = _by_day(ask("ops.schema_change", _CHANGES))
    restated = _by_day(ask("ops.restatement", _RESTATED))
    names = {
        code: str(rule["name"]) for code, rule in settings_module.rules(settings, "alert")["rules"].items()
    }
    shown, clock = releases.current(settings), Clock(settings)
    alerted: dict[date, list[AlertLine]] = defaultdict(list)
    for alert in read_alerts(settings, ask) if alerts is None else alerts:
        alerted[alert.business_date].append(_alert_line(alert, clock))
    newest = date.fromisoformat(shown.business_date) if shown else None
    begun: dict[str, date] = {}
    for day in sorted(feeds):
        for row in feeds[day]:
            if row["state_code"] == "loaded":
                begun.setdefault(row["feed_code"], day)
    days = []
    for day in sorted({*feeds, *customers}):
        carried = {feed for feed, first in begun.items() if first < day and clock.may_carry(feed)}
        lines = _feed_lines(feeds.get(day, []), controls, clock, day, carried)
        judged = newest_per_check(verdicts, day)
        bad = tuple(_verdict_line(v) for v in judged if v["verdict_code"] != "pass")
        known = next(iter(customers.get(day, [])), {})
        release = next((row["release_id"] for row in released.get(day, [])), None)
        why = reasons_against(lines, bad)
        is_out = bool(known) and newest is not None and day <= newest
        days.append(Day(
            day, release, "held" if why else "published" if is_out else "open", lines,
            tuple(QuarantineLine(q["system"], q["feed_code"], q["reason"], q["open"], q["total"], q["excepted"]) for q in quarantine.get(day, [])),
            bad, sum(v["verdict_code"] == "pass" for v in judged), score.scorecard(lines, controls_of(feeds.get(day, []), controls), judged),
            tuple(IdentityLine(e["kind_code"], e["events"]) for e in events.get(day, [])),
            known.get("customers"), int(known["parties"]) if known.get("parties") is not None else None,
            tuple((s["job_code"], float(s["secs"] or 0), int(s["written"] or 0)) for s in stages.get(day, [])),
            _gate_lines(judged), _rule_lines(hits.get(day, []), names), known.get("aum"), why,
            tuple(_change_line(c) for c in changes.get(day, [])), tuple(alerted[day]), tuple(_restated_line(r) for r in restated.get(day, [])),
        ))  # fmt: skip
    return days


def read_defects(settings: Settings) -> Defects | None:
    """Counts that `oxpecker score` left of a bank whose defects are known; None where nobody scored. Counts only: nothing else is opened."""
    path = settings.home / "score" / f"{settings.prefix}defects.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    lines = tuple(
        DefectLine(
            each["code"], each["name"], each["name_zh"], each["planted"], each["reportable"], each["noticed"],
            each["false_alarms"] + ((each.get("handling") or {}).get("false_alarms") or 0),
            *((each.get("handling") or {}).get(name) for name in ("judged", "handled", "means")),
        )
        for each in told["codes"]
    )  # fmt: skip
    return Defects(told["business_date"], lines, told["false_alarms_of_no_code"])


class Clock:
    """When things are due and when they came, in the bank's time."""

    def __init__(self, settings: Settings) -> None:
        self.zone = ZoneInfo(settings.zone)
        self.cut_off = time.fromisoformat(settings.cut_off)
        self.sources: Mapping[str, SourceContract] = load_sources(settings.conf_dirs)

    def due(self, feed: str, day: date) -> datetime | None:
        """A feed of D is due at the time its contract names: up to the cut-off that is in the night after D, later on D itself.

        An opening package has no due time.
        """
        source = self.sources.get(feed)
        if source is None or source.delivery.opening or ":" not in str(source.delivery.due):
            return None
        at = time.fromisoformat(str(source.delivery.due))
        return datetime.combine(day + timedelta(days=at <= self.cut_off), at, self.zone)

    def may_carry(self, feed: str) -> bool:
        """Whether the latest delivery of the feed may stand for a day that did not come."""
        source = self.sources.get(feed)
        return source is not None and source.delivery.carry_forward

    def local(self, epoch: float | None) -> datetime | None:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC).astimezone(self.zone)


def _by_day(rows: Iterable[dict[str, Any]]) -> dict[date, Rows]:
    found: dict[date, Rows] = {}
    for row in rows:
        found.setdefault(row["business_date"], []).append(row)
    return found


def _change_line(row: Mapping[str, Any]) -> ChangeLine:
    return ChangeLine(
        row["feed_code"], row["drift_action_code"], row["reason_code"], tuple(row["diff_lines"] or ()), tuple(row["touched_tables"] or ())
    )  # fmt: skip


def _restated_line(row: Mapping[str, Any]) -> RestatedLine:
    return RestatedLine(
        row["table_name"], row["release_id"], row["rows_added_cnt"], row["rows_removed_cnt"], row["rows_changed_cnt"],
        row["customers_touched_cnt"], row["aum_change_cny"], row["restated_by_code"], row["causes"],
    )  # fmt: skip


def _alert_line(alert: Alert, clock: Clock) -> AlertLine:
    def told(value: float | None) -> str:
        if value is None:
            return "never came"
        units = {"timeliness": f"{value:,.0f} min late", "trend": f"{value:,.0f} rows"}
        # Rounded down: what is not whole is not told as whole.
        return units.get(alert.quality_dimension_code, f"{int(value * 10_000) / 100:.2f} %")

    def local(moment: datetime) -> str:
        return f"{moment.replace(tzinfo=UTC).astimezone(clock.zone):%m-%d %H:%M}"

    return AlertLine(
        alert.feed_code, alert.quality_dimension_code, alert.severity, alert.state_code, told(alert.measured), told(alert.threshold),
        alert.reason_code, alert.owner, local(alert.opened_at), None if alert.answered_at is None else local(alert.answered_at),
        alert.aum_touched,
    )  # fmt: skip


def controls_of(feeds: Rows, controls: Mapping[str, Rows]) -> dict[str, Rows]:
    """Control checks of the day's files by source."""
    found: dict[str, Rows] = defaultdict(list)
    for feed in feeds:
        found[feed["source_code"]].extend(controls.get(feed["file_id"], []))
    return found


def _feed_lines(
    feeds: Rows, controls: Mapping[str, Rows], clock: Clock, day: date, carried: set[str]
) -> tuple[FeedLine, ...]:
    """carried: feeds of which an earlier delivery stands for the day where none loads; they stop nothing."""
    loaded = {f["feed_code"] for f in feeds if f["state_code"] == "loaded"}
    # A correction that comes later is not late; the first file that could be used may be.
    first: set[str] = set()
    for feed in {f["feed_code"] for f in feeds}:
        usable = [f for f in feeds if f["feed_code"] == feed and f["state_code"] in ("loaded", "superseded")]
        first |= {f["file_id"] for f in sorted(usable, key=lambda f: f["sequence_no"])[:1]}
    lines = []
    for f in feeds:
        due, came = clock.due(f["feed_code"], day), clock.local(f["arrived"])
        is_late = f["file_id"] in first and due is not None and came is not None and came > due
        lines.append(FeedLine(
            f["source_code"], f["feed_code"], f["state_code"], f["reason_code"], f["sequence_no"],
            f"{came:%m-%d %H:%M}" if came and f["state_code"] != "missing" else None,
            int((came - due).total_seconds() // 60) if is_late and came and due else None,
            f["rows_declared"], f["rows_found"], f["quarantined_cnt"] or 0, bool(f["is_required"]) and (f["state_code"] == "loaded" or f["feed_code"] not in carried),
            f"{due:%m-%d %H:%M}" if due else None,
            tuple(c["check_code"] for c in controls.get(f["file_id"], []) if c["verdict_code"] != "pass"),
            f["state_code"] != "loaded" and f["feed_code"] in loaded,
        ))  # fmt: skip
    return tuple(lines)


def newest_per_check(verdicts: Rows, day: date) -> Rows:
    """What was last said of the day by each gate of each table and check; a range speaks for each of its days.

    verdicts: oldest first.
    """
    found = {
        (v["gate_code"], v["table_name"], v["check_code"]): v
        for v in verdicts
        if v["from_date"] <= day <= v["to_date"]
    }
    return [found[key] for key in sorted(found)]


def reasons_against(feeds: Iterable[FeedLine], bad: Iterable[VerdictLine]) -> tuple[str, ...]:
    """Why the day is not published: required feeds that are held, gates that failed."""
    stopped = [f"required feed {f.feed} is {f.state}: {f.reason}" for f in feeds
               if f.is_required and f.state in ("held", "missing", "rejected", "conflict") and not f.answered]  # fmt: skip
    gates = Counter(v.gate for v in bad if v.verdict == "fail")
    return (
        *stopped,
        *(
            f"gate {gate} failed {count} check{'' if count == 1 else 's'}"
            for gate, count in sorted(gates.items())
        ),
    )


def _verdict_line(v: Mapping[str, Any]) -> VerdictLine:
    one_day = v["from_date"] == v["to_date"]
    return VerdictLine(
        v["gate_code"], v["table_name"], v["check_code"], v["check_severity_code"], v["verdict_code"], v["failing_cnt"], v["total_cnt"],
        tuple(v["sample_tokens"] or ()), v["quality_dimension_code"] or "", str(v["to_date"] if one_day else f"{v['from_date']} … {v['to_date']}"),
    )  # fmt: skip


def _gate_lines(judged: Rows) -> tuple[GateLine, ...]:
    lines = []
    for gate in dict.fromkeys(v["gate_code"] for v in sorted(judged, key=lambda v: v["judged_at"])):
        mine = [v for v in judged if v["gate_code"] == gate]
        verdicts = Counter(v["verdict_code"] for v in mine)
        dimensions = {
            d: (sum(v["verdict_code"] == "pass" for v in mine if v["quality_dimension_code"] == d),
                sum(v["quality_dimension_code"] == d for v in mine))
            for d in sorted({v["quality_dimension_code"] for v in mine if v["quality_dimension_code"]})
        }  # fmt: skip
        lines.append(GateLine(gate, verdicts["pass"], verdicts["warn"], verdicts["fail"], dimensions))
    return tuple(lines)


def _rule_lines(hits: Rows, names: Mapping[str, str]) -> tuple[RuleLine, ...]:
    lines = []
    for rule in dict.fromkeys(h["rule_code"] for h in hits):
        mine = [h for h in hits if h["rule_code"] == rule]
        outcomes: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for h in mine:
            outcomes[h["outcome_code"]] += h["hits"]
            if h["first_reason_code"] and h["outcome_code"] != "sent":
                reasons[h["first_reason_code"]] += h["hits"]
        lines.append(RuleLine(
            rule, names.get(rule, rule).replace("_", " "), mine[0]["purpose"], outcomes["sent"], outcomes["queued"], outcomes["suppressed"],
            dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        ))  # fmt: skip
    return tuple(lines)
