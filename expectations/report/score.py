"""The scorecard: shares by source and dimension of quality, from what arrived, what it declared and what the gates counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from expectations.report.model import SETTLED_STATES, FeedLine, ScoreLine

Verdicts = Iterable[Mapping[str, Any]]


def scorecard(
    feeds: Iterable[FeedLine], controls: Mapping[str, list[dict[str, Any]]], verdicts: Verdicts
) -> tuple[ScoreLine, ...]:
    """One line per source of the day.

    feeds     files of the day; controls: their control checks by source; verdicts: the newest of each check of the gates
    A file that was superseded, or came twice, says nothing; one that is held counts as declared and not loaded.
    """
    feeds, verdicts = list(feeds), list(verdicts)
    lines = []
    for source in sorted({f.system for f in feeds}):
        mine = [f for f in feeds if f.system == source and f.state not in SETTLED_STATES and not f.answered]
        loaded = [f for f in mine if f.state == "loaded"]
        due = [f for f in mine if f.due_at is not None]
        checks = controls.get(source, [])
        keys = [
            v
            for v in verdicts
            if v["table_name"].startswith(f"bronze.{source}__") and v["check_code"].startswith("key:")
        ]
        lines.append(ScoreLine(
            source,
            completeness=_completeness(mine),
            validity=_share(sum((f.rows_found or 0) - f.quarantined for f in loaded), sum(f.rows_found or 0 for f in loaded)),
            uniqueness=_share(sum((v["total_cnt"] or 0) - v["failing_cnt"] for v in keys), sum(v["total_cnt"] or 0 for v in keys)),
            consistency=_share(sum(c["verdict_code"] == "pass" for c in checks), len(checks)),
            timeliness=_share(sum(f.state == "loaded" and not f.late_minutes for f in due), len(due)),
            files=len(loaded), rows=sum(f.rows_found or 0 for f in loaded),
        ))  # fmt: skip
    return tuple(lines)


def _share(part: int, of: int) -> float | None:
    return part / of if of else None


def _completeness(files: list[FeedLine]) -> float | None:
    """Loaded of declared records. A file that declares nothing, or is missing, counts as one unit that is there or not."""
    if not files:
        return None
    declared = sum(
        max(f.rows_declared if f.rows_declared is not None else f.rows_found or 0, 1) for f in files
    )
    loaded = sum(
        min(max(f.rows_found or 0, 1), max(f.rows_declared if f.rows_declared is not None else f.rows_found or 0, 1))
        for f in files if f.state == "loaded"
    )  # fmt: skip
    return _share(loaded, declared)
