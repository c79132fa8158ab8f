"""Alerts of the scorecard: what a feed of a date did not keep, by how much, whose it is, and whether it has been put right since.

Pure functions of the ledgers and of `conf/rules/scorecard.yml`: the same ledgers give the same alerts, so the table is simply written anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from statistics import median
from typing import Any

from spark_jobs.bronze.ledger import FileState
from spark_jobs.bronze.timeliness import Deadline
from spark_jobs.contracts.sources import SourceContract

# Deviations of a normal distribution per median absolute deviation.
SCALE = 1.4826
LOADED, STOPPED = "loaded", ("held", "missing", "rejected", "conflict")
OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True)
class Alert:
    """One row of ops.quality_alert, in the order of its columns.

    measured, threshold  shares; of timeliness minutes (null where nothing came); of trend rows
    opened_at    the deadline; else arrival of what was wrong, or the cut-off of the run that missed it
    answered_at  arrival of what put it right; null while it is open
    """

    business_date: date
    feed_code: str
    quality_dimension_code: str
    severity: str
    state_code: str
    measured: float | None
    threshold: float
    reason_code: str | None
    owner: str
    opened_at: datetime
    answered_at: datetime | None
    aum_touched: Decimal | None


@dataclass(frozen=True)
class Ledgers:
    """What alerts are made of.

    checks   file id → (control checks passed, all)
    keys     feed and date → (keys that stand more than once, all), as the newest verdict says
    aum      date → column → sum over all customers
    """

    files: Sequence[FileState]
    deadlines: Sequence[Deadline] = ()
    checks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[tuple[str, date], tuple[int, int]] = field(default_factory=dict)
    aum: Mapping[date, Mapping[str, Decimal]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Bad:
    """What is not kept: value, the threshold it is beyond, whether gravely, why."""

    value: float | None
    threshold: float
    is_grave: bool
    reason: str | None = None


def alerts(
    ledgers: Ledgers, sources: Mapping[str, SourceContract], rules: Mapping[str, Any], is_working: Callable[[date], bool]
) -> list[Alert]:  # fmt: skip
    """All alerts, by date, feed and dimension. Files of a feed without contract, and opening packages, raise none.

    rules  of scorecard.yml, with `owners`: pattern of feeds → who answers for them, the first that fits
    """
    by_day: dict[tuple[date, str], list[FileState]] = defaultdict(list)
    for each in ledgers.files:
        source = sources.get(each.feed_code)
        if each.sequence_no > 0 and source is not None and not source.delivery.opening:
            by_day[each.business_date, each.feed_code].append(each)
    found = [a for d in ledgers.deadlines if (a := _of_time(d, ledgers, sources, rules)) is not None]
    loaded: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for (day, feed), files in sorted(by_day.items()):
        source = sources[feed]
        first, now = _at_first(files, source), _now(files, source)
        for dimension in ("completeness", "validity", "uniqueness", "consistency"):
            was, still = (_of_share(dimension, each, ledgers, rules) for each in (first, now))
            if was or still:
                found.append(
                    _alert(day, source, dimension, was or still, bool(still), first, now, ledgers, rules)
                )
        rows = sum(f.rows_found or 0 for f in now if f.state_code == LOADED)
        if any(f.state_code == LOADED for f in now):
            odd = _of_trend(rows, day, source, loaded[feed], rules["trend"], is_working)
            if odd:
                found.append(_alert(day, source, "trend", odd, True, now, now, ledgers, rules))
            loaded[feed].append((day, rows))
    return sorted(found, key=lambda a: (a.business_date, a.feed_code, a.quality_dimension_code))


def _by_part(files: Iterable[FileState], source: SourceContract) -> dict[str, list[FileState]]:
    parts: dict[str, list[FileState]] = defaultdict(list)
    for each in sorted(files, key=lambda f: (f.sequence_no, str(f.arrived_at), f.file_id)):
        parts[source.part(each.file_name)].append(each)
    if len(parts) > 1:
        # A hold of the whole package names no file.
        parts.pop("", None)
    return parts


def _at_first(files: Sequence[FileState], source: SourceContract) -> list[FileState]:
    """What came first of each part."""
    return [part[0] for part in _by_part(files, source).values()]


def _now(files: Sequence[FileState], source: SourceContract) -> list[FileState]:
    """Of each part what is loaded; where nothing is, the last that was stopped."""
    now = []
    for part in _by_part(files, source).values():
        there = [f for f in part if f.state_code == LOADED] or [f for f in part if f.state_code in STOPPED]
        now += there[-1:]
    return now


def _of_share(
    dimension: str, files: Sequence[FileState], ledgers: Ledgers, rules: Mapping[str, Any]
) -> _Bad | None:
    good, of = _counted(dimension, files, ledgers)
    if not of:
        return None
    share, limits = good / of, rules[dimension]
    if share >= limits["warn"]:
        return None
    reason = next((f.reason_code for f in files if f.state_code in STOPPED), None)
    is_grave = share < limits["fail"]
    return _Bad(share, limits["fail"] if is_grave else limits["warn"], is_grave, reason)


def _counted(dimension: str, files: Sequence[FileState], ledgers: Ledgers) -> tuple[int, int]:
    """(good, all). A file that declares nothing, or is not there, counts as one record that is there or not."""
    usable = [f for f in files if f.state_code not in STOPPED]
    if dimension == "completeness":
        declared = {
            f.file_id: max(f.rows_declared if f.rows_declared is not None else f.rows_found or 0, 1)
            for f in files
        }
        there = sum(min(max(f.rows_found or 0, 1), declared[f.file_id]) for f in usable)
        return there, sum(declared.values())
    if dimension == "validity":
        of = sum(f.rows_found or 0 for f in usable)
        return of - sum(f.quarantined_cnt for f in usable), of
    if dimension == "uniqueness":
        twice = [ledgers.keys.get((f.feed_code, f.business_date), (0, 0)) for f in usable[:1]]
        return sum(of - bad for bad, of in twice), sum(of for _, of in twice)
    told = [ledgers.checks.get(f.file_id, (0, 0)) for f in files]
    return sum(passed for passed, _ in told), sum(of for _, of in told)


def _of_trend(
    rows: int, day: date, source: SourceContract, before: Sequence[tuple[date, int]], rules: Mapping[str, Any],
    is_working: Callable[[date], bool],
) -> _Bad | None:  # fmt: skip
    def kind(of: date) -> tuple[bool, bool]:
        return is_working(of), of.day in source.delivery.full_on

    alike = [r for d, r in before if kind(d) == kind(day)][-rules["deliveries"] :]
    if len(alike) < rules["least"]:
        return None
    usual = median(alike)
    spread = SCALE * median(abs(r - usual) for r in alike)
    least = max(rules["deviations"] * spread, rules["share"] * usual, rules["rows"])
    if abs(rows - usual) <= least:
        return None
    return _Bad(float(rows), float(usual + least if rows > usual else usual - least), False)


def _of_time(
    deadline: Deadline, ledgers: Ledgers, sources: Mapping[str, SourceContract], rules: Mapping[str, Any]
) -> Alert | None:
    limits = rules["timeliness"]
    late = deadline.late_minutes
    is_missed = deadline.state_code == "missed" and not deadline.is_carried_forward
    if not is_missed and (late is None or late <= limits["warn"]):
        return None
    source = sources[deadline.subject_code]
    is_grave = late is None or late > limits["fail"]
    bad = _Bad(
        None if late is None else float(late),
        float(limits["fail" if is_grave else "warn"]),
        is_grave,
        deadline.state_code,
    )
    return Alert(
        deadline.business_date, source.feed, "timeliness", _severity(bad, source), OPEN if late is None else CLOSED, bad.value,
        bad.threshold, bad.reason, _owner(source, rules), deadline.due_at, deadline.accepted_at,
        _aum(deadline.business_date, source, ledgers, rules),
    )  # fmt: skip


def _alert(
    day: date, source: SourceContract, dimension: str, bad: _Bad | None, is_open: bool, first: Sequence[FileState],
    now: Sequence[FileState], ledgers: Ledgers, rules: Mapping[str, Any],
) -> Alert:  # fmt: skip
    assert bad is not None
    # When it came, not when a run looked at it: a range tells the same as its days.
    opened = max(f.arrived_at or f.known_at for f in first)
    answered = None if is_open else max((f.arrived_at or f.known_at for f in now), default=None)
    return Alert(
        day, source.feed, dimension, _severity(bad, source), OPEN if is_open else CLOSED, bad.value, bad.threshold, bad.reason,
        _owner(source, rules), opened, answered, _aum(day, source, ledgers, rules),
    )  # fmt: skip


def _severity(bad: _Bad, source: SourceContract) -> str:
    return "fail" if bad.is_grave and source.delivery.required else "warn"


def _owner(source: SourceContract, rules: Mapping[str, Any]) -> str:
    """The first pattern that fits the feed's name says who; nobody where none does."""
    return next(
        (str(who) for pattern, who in rules["owners"].items() if fnmatchcase(source.feed, pattern)), "nobody"
    )


def _aum(day: date, source: SourceContract, ledgers: Ledgers, rules: Mapping[str, Any]) -> Decimal | None:
    """AUM of all customers that stands on the feed's figures, of the newest date up to this one; None where none does."""
    fills = {source.feed, *source.maps}
    columns = {c for what, named in rules["aum"].items() if what in fills for c in named}
    known = max((d for d in ledgers.aum if d <= day), default=None)
    if not columns or known is None:
        return None
    of_day = ledgers.aum[known]
    # All of AUM holds its parts.
    columns = {"aum_cny"} if "aum_cny" in columns else columns
    return sum((of_day.get(c) or Decimal(0) for c in sorted(columns)), Decimal(0))
