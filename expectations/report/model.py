"""What a page shows: counts, codes and opaque tokens. Pages are drawn from these and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

HELD_STATES = ("held", "missing", "conflict", "rejected")
SETTLED_STATES = ("superseded", "duplicate")


@dataclass(frozen=True)
class FeedLine:
    """One file of one feed on one business date. state: loaded, held, missing, superseded, duplicate …

    arrived_at and due_at are the bank's local time; late_minutes is positive where it came after it was due, null where that is unknown
    failed_checks  control checks that the file did not pass
    answered       of a held file: another delivery of that feed and date was loaded since
    """

    system: str
    feed: str
    state: str
    reason: str | None
    sequence: int | None
    arrived_at: str | None
    late_minutes: int | None
    rows_declared: int | None
    rows_found: int | None
    quarantined: int
    is_required: bool = False
    due_at: str | None = None
    failed_checks: tuple[str, ...] = ()
    answered: bool = False


@dataclass(frozen=True)
class QuarantineLine:
    """Records of one feed that were kept aside for the same reason. excepted: those that load by an exception of two stewards."""

    system: str
    feed: str
    reason: str
    open: int
    total: int
    excepted: int = 0


@dataclass(frozen=True)
class DefectLine:
    """One kind of defect that was planted to see what becomes of it. reportable: those that must be reported.

    judged   of the others those of which the lake shows what became of them, null where nobody asked; handled: as they should be
    means    what that is, in words
    """

    code: str
    name: str
    name_zh: str
    planted: int
    reportable: int
    noticed: int
    false_alarms: int
    judged: int | None = None
    handled: int | None = None
    means: str | None = None


@dataclass(frozen=True)
class Defects:
    """What was noticed of all defects that were planted, as of a release."""

    business_date: str | None
    lines: tuple[DefectLine, ...]
    false_alarms_of_no_code: int

    @property
    def reportable(self) -> int:
        return sum(line.reportable for line in self.lines)

    @property
    def noticed(self) -> int:
        return sum(line.noticed for line in self.lines)

    @property
    def judged(self) -> int:
        return sum(line.judged or 0 for line in self.lines)

    @property
    def handled(self) -> int:
        return sum(line.handled or 0 for line in self.lines)

    @property
    def false_alarms(self) -> int:
        return sum(line.false_alarms for line in self.lines) + self.false_alarms_of_no_code


@dataclass(frozen=True)
class VerdictLine:
    """One check that did not pass. judged: the range of business dates it was judged with."""

    gate: str
    table: str
    check: str
    severity: str
    verdict: str
    failing: int
    total: int | None
    tokens: tuple[str, ...] = ()
    dimension: str = ""
    judged: str = ""


@dataclass(frozen=True)
class GateLine:
    """How the checks of one gate came out, by dimension of quality: dimension → (passed, all)."""

    gate: str
    passed: int
    warned: int
    failed: int
    dimensions: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreLine:
    """Scorecard of one source on one date, shares of 0–1; None where nothing was measured.

    timeliness    files that arrived by their due time, of those that were due
    completeness  records loaded, of those the supplier declares; what is held or missing counts as not loaded
    validity      records that could be read, of those found in accepted files
    uniqueness    keys that stand in one row only, as the gate of bronze counted them
    consistency   control checks passed: totals, trailers, checksums, dates
    """

    source: str
    completeness: float | None
    validity: float | None
    uniqueness: float | None
    consistency: float | None
    timeliness: float | None
    files: int = 0
    rows: int = 0


@dataclass(frozen=True)
class ChangeLine:
    """A delivery whose columns are not those of the one before: what differs in sentences, and the tables it would touch."""

    feed: str
    action: str
    reason: str | None
    lines: tuple[str, ...]
    touched: tuple[str, ...]


@dataclass(frozen=True)
class AlertLine:
    """What a feed did not keep. measured and threshold are in words, with their unit; times are the bank's."""

    feed: str
    dimension: str
    severity: str
    state: str
    measured: str
    threshold: str
    reason: str | None
    owner: str
    opened_at: str
    answered_at: str | None
    aum: Decimal | None


@dataclass(frozen=True)
class RestatedLine:
    """What a release showed otherwise of this date than readers had seen."""

    table: str
    release_id: str
    added: int
    removed: int
    changed: int
    customers: int | None
    aum_change: Decimal | None
    by: str
    causes: int


@dataclass(frozen=True)
class IdentityLine:
    """How many customer events of one kind happened."""

    kind: str
    count: int


@dataclass(frozen=True)
class RuleLine:
    """Hits of one if–then rule and what became of them; `reasons` counts the first reason of those that were not sent at once."""

    rule: str
    name: str
    purpose: str
    sent: int
    queued: int
    suppressed: int
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        return self.sent + self.queued + self.suppressed


@dataclass(frozen=True)
class Day:
    """Everything one page shows. state: published | held (nothing new was published) | open (no run has come so far)."""

    business_date: date
    release_id: str | None
    state: str
    feeds: tuple[FeedLine, ...] = ()
    quarantine: tuple[QuarantineLine, ...] = ()
    verdicts: tuple[VerdictLine, ...] = ()
    passed: int = 0
    scorecard: tuple[ScoreLine, ...] = ()
    identity: tuple[IdentityLine, ...] = ()
    customers: int | None = None
    parties: int | None = None
    stages: tuple[tuple[str, float, int], ...] = ()
    gates: tuple[GateLine, ...] = ()
    rules: tuple[RuleLine, ...] = ()
    aum: Decimal | None = None
    why: tuple[str, ...] = ()
    changes: tuple[ChangeLine, ...] = ()
    alerts: tuple[AlertLine, ...] = ()
    restated: tuple[RestatedLine, ...] = ()

    @property
    def open_alerts(self) -> int:
        return sum(a.state == "open" for a in self.alerts)

    @property
    def held(self) -> tuple[FeedLine, ...]:
        return tuple(f for f in self.feeds if f.state in HELD_STATES)

    @property
    def waiting(self) -> tuple[FeedLine, ...]:
        """Held or missing, and nothing was loaded in its place so far."""
        return tuple(f for f in self.held if not f.answered)

    @property
    def late(self) -> tuple[FeedLine, ...]:
        return tuple(f for f in self.feeds if (f.late_minutes or 0) > 0)

    @property
    def failed(self) -> tuple[VerdictLine, ...]:
        return tuple(v for v in self.verdicts if v.verdict == "fail")

    @property
    def rows(self) -> int:
        return sum(f.rows_found or 0 for f in self.feeds if f.state not in SETTLED_STATES)

    @property
    def quarantined(self) -> int:
        return sum(f.quarantined for f in self.feeds)

    @property
    def hits(self) -> int | None:
        return sum(r.hits for r in self.rules) if self.customers is not None else None

    @property
    def sources(self) -> dict[str, str]:
        """Worst that happened to each source: held, late or ok."""
        found: dict[str, str] = {}
        for feed in self.feeds:
            here = (
                "held"
                if feed.state in HELD_STATES and not feed.answered
                else "late"
                if (feed.late_minutes or 0) > 0
                else "ok"
            )
            worst = ("ok", "late", "held")
            found[feed.system] = max(here, found.get(feed.system, "ok"), key=worst.index)
        return found


@dataclass(frozen=True)
class Trend:
    """One figure over business dates, drawn as a line; None leaves a gap, never a zero."""

    title: str
    unit: str
    points: tuple[tuple[date, float | None], ...] = field(default=())
    zh: str = ""
