"""From rows of the ledgers to the lines that a page shows. No figure is made up here that the ledgers do not hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from expectations.report.alerts import Alert
from expectations.report.gather import Rows
from expectations.report.model import (
    AlertLine,
    ChangeLine,
    FeedLine,
    GateLine,
    RestatedLine,
    RuleLine,
    VerdictLine,
)
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.settings import Settings


class Timetable:
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


def change_line(row: Mapping[str, Any]) -> ChangeLine:
    return ChangeLine(
        row["feed_code"], row["drift_action_code"], row["reason_code"], tuple(row["diff_lines"] or ()), tuple(row["touched_tables"] or ())
    )  # fmt: skip


def restated_line(row: Mapping[str, Any]) -> RestatedLine:
    return RestatedLine(
        row["table_name"], row["release_id"], row["rows_added_cnt"], row["rows_removed_cnt"], row["rows_changed_cnt"],
        row["customers_touched_cnt"], row["aum_change_cny"], row["restated_by_code"], row["causes"],
    )  # fmt: skip


def alert_line(alert: Alert, timetable: Timetable) -> AlertLine:
    def told(value: float | None) -> str:
        if value is None:
            return "never came"
        units = {"timeliness": f"{value:,.0f} min late", "trend": f"{value:,.0f} rows"}
        # Rounded down: what is not whole is not told as whole.
        return units.get(alert.quality_dimension_code, f"{int(value * 10_000) / 100:.2f} %")

    def local(moment: datetime) -> str:
        return f"{moment.replace(tzinfo=UTC).astimezone(timetable.zone):%m-%d %H:%M}"

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


def feed_lines(
    feeds: Rows, controls: Mapping[str, Rows], timetable: Timetable, day: date, carried: set[str]
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
        due, came = timetable.due(f["feed_code"], day), timetable.local(f["arrived"])
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


def verdict_line(v: Mapping[str, Any]) -> VerdictLine:
    one_day = v["from_date"] == v["to_date"]
    return VerdictLine(
        v["gate_code"], v["table_name"], v["check_code"], v["check_severity_code"], v["verdict_code"], v["failing_cnt"], v["total_cnt"],
        tuple(v["sample_tokens"] or ()), v["quality_dimension_code"] or "", str(v["to_date"] if one_day else f"{v['from_date']} … {v['to_date']}"),
    )  # fmt: skip


def gate_lines(judged: Rows) -> tuple[GateLine, ...]:
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


def rule_lines(hits: Rows, names: Mapping[str, str]) -> tuple[RuleLine, ...]:
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
