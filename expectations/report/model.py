"""What a page shows: counts, codes and opaque tokens. Pages are drawn from these and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class FeedLine:
    """One feed on one business date. state: loaded, held, missing, superseded, duplicate …"""

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


@dataclass(frozen=True)
class QuarantineLine:
    """Records of one feed that wait for the same reason."""

    system: str
    feed: str
    reason: str
    open: int
    total: int


@dataclass(frozen=True)
class VerdictLine:
    """One check that did not pass."""

    gate: str
    table: str
    check: str
    severity: str
    verdict: str
    failing: int
    total: int | None
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScoreLine:
    """Scorecard of one source: share of checks passed by dimension of quality, 0–1; None where nothing was checked."""

    source: str
    completeness: float | None
    validity: float | None
    uniqueness: float | None
    consistency: float | None
    timeliness: float | None


@dataclass(frozen=True)
class IdentityLine:
    """How many customer events of one kind happened."""

    kind: str
    count: int


@dataclass(frozen=True)
class Day:
    """Everything one page shows."""

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

    @property
    def held(self) -> tuple[FeedLine, ...]:
        return tuple(f for f in self.feeds if f.state in ("held", "missing", "conflict", "rejected"))

    @property
    def rows(self) -> int:
        return sum(f.rows_found or 0 for f in self.feeds)

    @property
    def quarantined(self) -> int:
        return sum(f.quarantined for f in self.feeds)


@dataclass(frozen=True)
class Trend:
    """One figure over business dates, drawn as a line; None leaves a gap, never a zero."""

    title: str
    unit: str
    points: tuple[tuple[date, float | None], ...] = field(default=())
