"""S: clocks of all complaints, run by Spark's workers, and which of them were missed on which day (rules: complaint)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.calendar import WorkingCalendar
from spark_jobs.profile.complaint_clock import BREACHED, Case, Step, clocks_of

if TYPE_CHECKING:
    import pyarrow as pa

CLOCK = (
    "complaint_no_cmpl string, party_id string, clock_code string, started_at timestamp, due_at timestamp, met_at timestamp, "
    "state_code string, minutes_used bigint, due_date date, is_service_level boolean"
)


@dataclass(frozen=True)
class ClockBook:
    """What the clocks need, as it is shipped to the workers. `last` is the newest business date: its end is now."""

    rules: Mapping[str, Any]
    calendar: WorkingCalendar
    last: date

    @property
    def now(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time())


def assemble_cases(complaints: DataFrame, steps: DataFrame) -> DataFrame:
    """More columns, same rows: each complaint with its steps as an array in order.

    complaints: silver.complaint; steps: silver.complaint_event. Ties of the instant: the supplier's number of the step.
    """
    told = F.struct(
        "occurred_at", "event_no_cmpl", "kind_code", F.col("staff_id").isNotNull().alias("is_signed")
    )
    course = steps.groupBy("complaint_no_cmpl").agg(F.sort_array(F.collect_list(told)).alias("steps"))
    return complaints.select(
        "complaint_no_cmpl", "party_id", "received_at", "channel_code", "severity_code"
    ).join(course, "complaint_no_cmpl", "left")


def derive_clocks(cases: DataFrame, book: ClockBook) -> DataFrame:
    """Finer: one row per complaint and clock, columns of `CLOCK`. cases: `assemble_cases`."""
    return cases.mapInArrow(running(book), CLOCK)


def running(book: ClockBook) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that Spark calls with batches of complaints."""
    import pyarrow as pa

    schema = pa.schema([
        ("complaint_no_cmpl", pa.string()), ("party_id", pa.string()), ("clock_code", pa.string()),
        *[(name, pa.timestamp("us", tz="UTC")) for name in ("started_at", "due_at", "met_at")],
        ("state_code", pa.string()), ("minutes_used", pa.int64()), ("due_date", pa.date32()), ("is_service_level", pa.bool_()),
    ])  # fmt: skip

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [row for case in batch.to_pylist() for row in clock_rows(case, book)]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return run


def clock_rows(row: Mapping[str, Any], book: ClockBook) -> Iterator[dict[str, Any]]:
    """Clocks of one complaint as rows of `CLOCK`; instants are UTC."""
    calendar = book.calendar

    def local(instant: datetime) -> datetime:
        return calendar.local(instant.replace(tzinfo=None))

    steps = [Step(s["kind_code"], local(s["occurred_at"]), s["is_signed"]) for s in row["steps"] or ()]
    severity = None if row["severity_code"] is None else int(row["severity_code"])
    case = Case(local(row["received_at"]), steps, row["channel_code"], severity)
    if case.received > book.now:
        return
    for clock in clocks_of(case, book.now, calendar, book.rules):
        yield {
            "complaint_no_cmpl": row["complaint_no_cmpl"], "party_id": row["party_id"], "clock_code": clock.code,
            "started_at": calendar.instant(clock.started), "due_at": calendar.instant(clock.due),
            "met_at": None if clock.met is None else calendar.instant(clock.met), "state_code": clock.state,
            "minutes_used": clock.minutes_used, "due_date": clock.due.date(),
            "is_service_level": bool(book.rules["clocks"][clock.code]["is_service_level"]),
        }  # fmt: skip


def keep_missed(clocks: DataFrame) -> DataFrame:
    """Fewer rows: clocks of the service level that ran out, on the day they did. Columns party_id, business_date.

    A deadline at 24:00 is told on the next day: only then it is known that nothing came in time.
    """
    missed = clocks.where((F.col("state_code") == BREACHED) & F.col("is_service_level"))
    return missed.select("party_id", F.col("due_date").alias("business_date"))
