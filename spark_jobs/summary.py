"""What became of the business dates: figures of the ledgers and of the published release, read from files without a JVM.

Used by `make run`, `oxpecker status` and whoever wants them as JSON. A ledger that was never written gives no rows, not an error.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from spark_jobs.exports import published
from spark_jobs.exports import release as releases
from spark_jobs.exports.files import manifest_of
from spark_jobs.settings import Settings


@dataclass
class Day:
    """One business date. Feeds are counted by package and system; rows are records found in accepted files.

    links are those whose evidence began on the date; checks are the newest of each gate that judged the date.
    """

    business_date: date
    feeds_received: int = 0
    feeds_held: int = 0
    rows_in: int = 0
    quarantined: int = 0
    customers: int | None = None
    links: int = 0
    checks_passed: int = 0
    checks_warned: int = 0
    checks_failed: int = 0
    export_rows: int | None = None


@dataclass
class Figures:
    """Everything the summary shows. `stages` are seconds by run and stage in the order they ran."""

    days: list[Day] = field(default_factory=list)
    links: int = 0
    gates: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    marts: Mapping[str, int] = field(default_factory=dict)
    exports: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # A customer to begin with: the one with the most money.
    example: str | None = None
    # Files that no contract asks for, newest first: package and inner name.
    unasked: list[str] = field(default_factory=list)
    # The newest run first.
    runs: Sequence[Mapping[str, Any]] = ()


def _rows(settings: Settings, table: str, statement: str) -> list[tuple[Any, ...]]:
    return published.ledger(settings, table, statement)[1]


def collect(settings: Settings) -> Figures:
    """The figures of this lake as it is now."""
    days = _Days()
    _count_arrivals(settings, days)
    _count_customers(settings, days)
    links = _count_links(settings, days)
    _count_checks(settings, days)
    exports = _exports(settings)
    for package, rows in exports.items():
        of = date.fromisoformat(package.split("/")[1])
        if of in days:
            days[of].export_rows = (days[of].export_rows or 0) + rows
    return Figures(
        [days[of] for of in sorted(days)], links, _gates(settings), _marts(settings), exports, _stages(settings),
        _example(settings), _unasked(settings), _runs(settings),
    )  # fmt: skip


class _Days(dict[date, Day]):
    """Days by business date; one that is asked for is there."""

    def __missing__(self, of: date) -> Day:
        self[of] = Day(of)
        return self[of]


def _count_arrivals(settings: Settings, days: _Days) -> None:
    """Feeds, rows and records in quarantine of every date of which a file came."""
    for of, received, held, rows in _rows(
        settings, "ops.delivery_file",
        "select business_date, count(*) filter (state_code in ('loaded', 'superseded')), "
        "count(*) filter (state_code in ('held', 'rejected', 'missing', 'conflict')), "
        "coalesce(sum(rows_found) filter (state_code in ('loaded', 'superseded')), 0)::bigint from {table} group by 1",
    ):  # fmt: skip
        days[of].feeds_received, days[of].feeds_held, days[of].rows_in = received, held, rows
    for of, rows in _rows(
        settings,
        "ops.quarantine",
        "select business_date, count(*) filter (state_code = 'open') from {table} group by 1",
    ):
        days[of].quarantined = rows


def _count_customers(settings: Settings, days: _Days) -> None:
    for of, rows in _rows(
        settings, "profile.customer_daily", "select business_date, count(*) from {table} group by 1"
    ):
        days[of].customers = rows


def _count_links(settings: Settings, days: _Days) -> int:
    """Links by the date on which their evidence began; gives how many there are."""
    found = _rows(
        settings,
        "identity.link_event",
        "select effective_from, count(*) from {table} where not is_refused group by 1",
    )
    for of, links in found:
        # Evidence may be older than the lake: it counts with the first date.
        if days:
            days[max(of, min(days))].links += links
    return sum(links for _, links in found)


def _unasked(settings: Settings) -> list[str]:
    rows = _rows(
        settings, "ops.unasked_file",
        "select concat_ws('/', nullif(package_name, ''), nullif(file_name, '')) from {table} order by arrived_at desc, 1",
    )  # fmt: skip
    return [name for (name,) in rows]


def _count_checks(settings: Settings, days: Mapping[date, Day]) -> None:
    """What each gate last said of each date; a range speaks for all of its dates."""
    rows = _rows(
        settings, "ops.quality_verdict",
        "select gate_code, table_name, check_code, from_date, to_date, verdict_code from {table} order by judged_at",
    )  # fmt: skip
    for of, counted in days.items():
        newest = {row[:3]: row[5] for row in rows if row[3] <= of <= row[4]}
        verdicts = Counter(newest.values())
        counted.checks_passed, counted.checks_warned, counted.checks_failed = (
            verdicts[v] for v in ("pass", "warn", "fail")
        )


def _example(settings: Settings) -> str | None:
    release = releases.current(settings)
    if release is None or "profile.customer_current" not in release.tables:
        return None
    found = published.query(
        settings,
        "select customer_id from profile.customer_current order by aum_cny desc nulls last, customer_id limit 1",
    )[1]
    return str(found[0][0]) if found else None


def as_json(figures: Figures) -> dict[str, Any]:
    """The figures as plain values; dates and instants as text."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(figures), default=str))
    return plain


def _runs(settings: Settings) -> list[dict[str, Any]]:
    columns, rows = published.ledger(
        settings, "ops.run",
        "select run_id, kind_code, from_date, to_date, state_code, release_id, started_at, ended_at, "
        "round(epoch(ended_at - started_at), 1) as run_secs from {table} order by started_at desc limit 20",
    )  # fmt: skip
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _gates(settings: Settings) -> dict[str, dict[str, int]]:
    """Checks by gate and verdict, of the newest time each gate spoke."""
    found: dict[str, dict[str, int]] = {}
    rows = _rows(
        settings, "ops.quality_verdict",
        "select gate_code, verdict_code, count(*) from {table} "
        "where (gate_code, judged_at) in (select (gate_code, max(judged_at)) from {table} group by gate_code) "
        "group by all order by 1, 2",
    )  # fmt: skip
    for gate, verdict, count in rows:
        found.setdefault(gate, {})[verdict] = count
    return found


def _stages(settings: Settings) -> dict[str, dict[str, float]]:
    """Seconds by range of dates and stage, each stage's times of a run added up."""
    found: dict[str, dict[str, float]] = {}
    rows = _rows(
        settings, "ops.stage_commit",
        "select run_id, job_code, sum(stage_secs) as secs, min(started_at) as began, max(to_date) as until from "
        "(select distinct run_id, job_code, stage_secs, started_at, to_date from {table}) group by all order by began",
    )  # fmt: skip
    until: dict[str, date] = {}
    for run, stage, secs, _, last in rows:
        found.setdefault(run, {})[stage] = round(float(secs), 1)
        until[run] = max(until.get(run, last), last)
    return {f"{until[run]} {run[:6]}": stages for run, stages in found.items()}


def _marts(settings: Settings) -> dict[str, int]:
    """Rows of each published table at the version of the release."""
    release = releases.current(settings)
    if release is None:
        return {}
    counts = " union all ".join(
        f"select '{name}' as name, count(*) as n from {name}" for name in sorted(release.tables)
    )
    return dict(published.query(settings, counts)[1]) if counts else {}


def _exports(settings: Settings) -> dict[str, int]:
    """Rows of each complete export package, keyed `<contract>/<yyyymmdd>`."""
    found = {}
    for folder in sorted(settings.exports.glob("*/[0-9]*")):
        manifest = manifest_of(folder)
        if manifest is not None:
            found[f"{folder.parent.name}/{folder.name}"] = sum(f["rows"] for f in manifest["files"])
    return found
