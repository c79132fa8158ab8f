"""Planted defects against what the lake reported: what was noticed, what was missed, what was an alarm about nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """One row of the ledger. line is None where the whole file is meant; reason is None where nothing need be reported."""

    code: str
    package: str | None
    file: str | None
    line: int | None
    reason: str | None


@dataclass(frozen=True)
class Report:
    """Something the lake said of a file or of a record in it."""

    package: str | None
    file: str | None
    line: int | None
    reason: str


@dataclass(frozen=True)
class CodeScore:
    """One defect code. recall is None where the code has no reason to report. reasons: those that its defects ask for."""

    code: str
    planted: int
    reportable: int
    noticed: int
    reasons: tuple[str, ...] = ()

    @property
    def recall(self) -> float | None:
        return self.noticed / self.reportable if self.reportable else None


def score(
    planted: Iterable[Planted],
    reports: Iterable[Report],
    same: Mapping[str, str] | None = None,
    hints: Iterable[Report] = (),
) -> tuple[list[CodeScore], Counter[str]]:
    """(scores by code, false alarms by reason).

    A planted defect is noticed when a report names its file (and line, where one line is meant) and its reason. A report is a false
    alarm when no planted defect lies in its file (and line), whatever the reason: one defect may well have two consequences.
    same    reasons that are other words for one another: reported → meant
    hints   reports about people, told of every line they came from: they count as noticing, never as an alarm
    """
    meant = same or {}
    rows = list(planted)
    told = [Report(r.package, r.file, r.line, meant.get(r.reason, r.reason)) for r in reports]
    by_file: dict[str, set[tuple[int | None, str]]] = defaultdict(set)
    for report in [*told, *hints]:
        for name in {report.file, report.package} - {None}:
            by_file[str(name)].add((report.line, report.reason))
    planted_cnt: Counter[str] = Counter()
    reportable: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    reasons: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        planted_cnt[row.code] += 1
        if row.reason is None:
            continue
        reportable[row.code] += 1
        reasons[row.code].add(row.reason)
        noticed[row.code] += _is_noticed(row, by_file)
    scores = [
        CodeScore(code, planted_cnt[code], reportable[code], noticed[code], tuple(sorted(reasons[code])))
        for code in sorted(planted_cnt)
    ]
    return scores, _false_alarms(rows, told)


def _is_noticed(row: Planted, by_file: Mapping[str, set[tuple[int | None, str]]]) -> bool:
    said = by_file.get(row.file or "", set()) | (
        by_file.get(row.package or "", set()) if row.file is None else set()
    )
    return any(reason == row.reason and (row.line is None or line == row.line) for line, reason in said)


def _false_alarms(rows: list[Planted], told: list[Report]) -> Counter[str]:
    files = {row.file for row in rows if row.file and row.line is None}
    packages = {row.package for row in rows if row.package and row.file is None}
    lines = {(row.file, row.line) for row in rows if row.file}
    whole = {row.file for row in rows if row.file}
    alarms: Counter[str] = Counter()
    for report in told:
        explained = (
            report.file in files
            or report.package in packages
            or (report.file, report.line) in lines
            or (report.line is None and report.file in whole)
        )
        if not explained:
            alarms[report.reason] += 1
    return alarms
