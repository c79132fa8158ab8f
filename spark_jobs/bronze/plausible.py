"""Whether a file that is as its supplier declares can be what happened: rows on a day the bank works, and about as many as usual. No Spark.

Also whether it may be used at all: data from outside the bank have an end (`terms: {until: …}`). Also whether a line that is left out above the records is one of them. The others are asked only of feeds whose contract says so
(`checks: {last_line_end: hold, empty_working_day: hold, volume_band: [least, most]}`), of files that passed every other check. Files are judged in the order in which they came, each against those that had come before it, so that a range gives what its days give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from statistics import median

from spark_jobs.bronze.above import is_record_above
from spark_jobs.bronze.controls import Check
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.bronze.lines import has_last_line_end
from spark_jobs.contracts.sources import Delivery, SourceContract

CUT, ABOVE, EMPTY, VOLUME, ENDED = (
    "truncated",
    "record_above",
    "empty_working_day",
    "volume_band",
    "agreement_ended",
)
# Fewer earlier deliveries of the same kind of day say nothing of what is usual; more than the latest ones would hide that a bank grows.
LEAST_EARLIER, MOST_EARLIER = 3, 20
ACCEPTED = ("verified", "loaded", "superseded")
# Whether the bank works on a day, as known when a file of that business date and arrival is judged.
IsWorking = Callable[[date, date, datetime | None], bool]


def judge(
    fresh: Iterable[Examined],
    known: Iterable[FileState],
    sources: Mapping[str, SourceContract],
    is_working: IsWorking,
    then: Callable[[Examined], Examined] = lambda file: file,
) -> list[Examined]:
    """The files in their order, those that cannot be what happened held with `agreement_ended`, `truncated`, `record_above`, `empty_working_day` or `volume_band`.

    known  the ledger before these files came
    then   a further judgement of each file, before the next one is compared with it
    """
    files = list(fresh)
    accepted = [s for s in known if s.state_code in ACCEPTED and s.sequence_no > 0]
    judged: dict[str, Examined] = {}
    for each in sorted(files, key=lambda e: (str(e.state.arrived_at), e.state.sequence_no, e.state.file_id)):
        source = sources[each.state.feed_code]
        if each.state.state_code == "verified" and each.state.sequence_no > 0:
            each = _judged(each, source, accepted, is_working)
        each = then(each)
        judged[each.state.file_id] = each
        if each.state.state_code == "verified" and each.state.sequence_no > 0:
            accepted.append(each.state)
    return [judged[e.state.file_id] for e in files]


def _judged(
    file: Examined, source: SourceContract, accepted: Sequence[FileState], is_working: IsWorking
) -> Examined:
    state = file.state
    rows = state.rows_found or 0
    checks: list[Check] = []
    if source.terms.until is not None:
        checks.append(Check(ENDED, None, None, not source.terms.is_over(state.business_date)))
    if source.last_line_end == "hold" and file.path is not None:
        checks.append(Check(CUT, None, None, has_last_line_end(file.path)))
    if source.layout.skip_lines and file.path is not None:
        checks.append(Check(ABOVE, None, None, not is_record_above(file.path, source)))
    if source.empty_working_day == "hold" and rows == 0:
        works = is_working(state.business_date, state.business_date, state.arrived_at)
        checks.append(Check(EMPTY, None, Decimal(0), not works))
    if source.volume_band is not None:
        mine = source.part(state.file_name)
        alike = [s for s in accepted if s.feed_code == state.feed_code and source.part(s.file_name) == mine]
        usual = _usual(state, source.delivery, alike, is_working)
        if usual:
            least, most = source.volume_band
            passed = least * usual <= rows <= most * usual
            checks.append(Check(VOLUME, Decimal(str(usual)), Decimal(rows), passed))
    reason = next((c.code for c in checks if not c.passed), None)
    if reason is not None:
        state = replace(state, state_code="held", reason_code=reason)
    return replace(file, state=state, checks=(*file.checks, *checks))


def _usual(
    state: FileState, delivery: Delivery, alike: Sequence[FileState], is_working: IsWorking
) -> float | None:
    """Median rows of the latest earlier dates of the same kind; None where there are too few to tell. alike: of the feed, and of the part."""

    def kind(day: date) -> tuple[bool, bool]:
        return is_working(day, state.business_date, state.arrived_at), day.day in delivery.full_on

    by_day: dict[date, FileState] = {}
    for other in sorted(alike, key=lambda s: s.sequence_no):
        came_before = str(other.arrived_at) <= str(state.arrived_at)
        if other.business_date < state.business_date and came_before:
            by_day[other.business_date] = other
    mine = kind(state.business_date)
    rows = [by_day[day].rows_found or 0 for day in sorted(by_day, reverse=True) if kind(day) == mine]
    return float(median(rows[:MOST_EARLIER])) if len(rows) >= LEAST_EARLIER else None
