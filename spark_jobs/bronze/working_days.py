"""Which days the bank works, before anything is in silver: read off the deliveries of its own calendar feed. No Spark.

Bronze comes before `silver.calendar`, and systems are loaded side by side, so the calendar's table may lag behind the file that is judged.
What is asked is what could be known at the cut-off of the judged file's business date, or when the file came where that was later: a
function of landing alone, the same for a day, for a range and for a repeated run (docs/adr/0013).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from spark_jobs.bronze import ledger
from spark_jobs.bronze.discovery import Package
from spark_jobs.bronze.records import read
from spark_jobs.clock import cut_off
from spark_jobs.columns.calendar import WORKING_KINDS
from spark_jobs.columns.dates import parse_date
from spark_jobs.contracts.loader import aliases, load_codes
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.contracts.sources import SourceContract, SourceField
from spark_jobs.settings import Settings

ENTITY = "calendar"
Days = Mapping[date, bool]
Value = Callable[[Mapping[str, str | None]], str | None]


class WorkingDays:
    """Asks the calendar feed; days that it does not name are worked from Monday to Friday.

    packages  deliveries of all feeds that have arrived
    stored    days by an earlier run (`silver.calendar`), asked only where landing holds no delivery of the calendar any more
    """

    def __init__(
        self,
        settings: Settings,
        sources: Mapping[str, SourceContract],
        packages: Sequence[Package],
        stored: Callable[[], Days] = dict,
    ) -> None:
        self.settings, self.sources, self._stored = settings, sources, stored
        self.feeds = {s.feed for s in sources.values() if ENTITY in s.maps}
        senders = {sources[feed].delivery.system for feed in self.feeds} | self.feeds
        # Newest first.
        self.packages = [p for p in reversed(packages) if p.system in senders]
        self._read: dict[str, dict[str, Days]] = {}

    def is_working(self, day: date, business_date: date, arrived_at: datetime | None) -> bool:
        """Whether the bank works on `day`, as known when a file of that business date that came at that instant is judged."""
        return self.named(business_date, arrived_at).get(day, day.weekday() < 5)

    def named(self, business_date: date, arrived_at: datetime | None = None) -> Days:
        """The days that the calendar names, as known then."""
        known_at = max(filter(None, (cut_off(self.settings, business_date), arrived_at)))
        found: dict[date, bool] = {}
        for feed in sorted(self.feeds):
            for days in self._deliveries(feed, known_at):
                found = {**days, **found}
                if self.sources[feed].delivery.mode == "full":
                    break
        return found or self._older

    @cached_property
    def _older(self) -> Days:
        return self._stored()

    def _deliveries(self, feed: str, known_at: datetime) -> Iterator[Days]:
        """What each accepted delivery of the feed names, newest first."""
        for package in self.packages:
            if package.arrived_at <= known_at:
                days = self._opened(package).get(feed)
                if days is not None:
                    yield days

    def _opened(self, package: Package) -> dict[str, Days]:
        key = str(package.path)
        if key not in self._read:
            # A folder of its own: the process that loads the calendar unpacks the same package meanwhile.
            with tempfile.TemporaryDirectory() as folder:
                looked = ledger.examine(package, self.sources, Path(folder), package.arrived_at).files
                self._read[key] = {
                    e.state.feed_code: self._days(self.sources[e.state.feed_code], e.path.read_bytes())
                    for e in looked
                    if e.state.feed_code in self.feeds and e.state.state_code == "verified" and e.path
                }
        return self._read[key]

    def _days(self, source: SourceContract, content: bytes) -> Days:
        given = source.maps[ENTITY]
        maps = given if isinstance(given, list) else [given]
        fields = {f.name: f for f in source.fields}
        found: dict[date, bool] = {}
        for each in maps:
            day_of, kind_of = (self._value(source, each.get(c)) for c in ("calendar_date", "day_kind_code"))
            if day_of is None or kind_of is None:
                continue
            declared = fields.get(str(each["calendar_date"]))
            for record in read(content, source):
                if record.values is None:
                    continue
                values = dict(zip(source.names(), record.values, strict=True))
                day, kind = _parsed(day_of(values), declared), kind_of(values)
                if day is not None and kind is not None:
                    found[day] = kind in WORKING_KINDS
        return found

    def _value(self, source: SourceContract, expression: Any) -> Value | None:
        """Fields, constants and lookups of fields, which is what calendars are mapped by; None for anything else."""
        if isinstance(expression, str):
            return lambda values: values.get(expression)
        if isinstance(expression, Mapping) and "const" in expression:
            return lambda values: str(expression["const"])
        if isinstance(expression, Mapping) and "lookup" in expression:
            of, codes = expression["lookup"]
            inner = self._value(source, of)
            words = aliases(
                load_codes(self.settings.conf_dirs, codes.removeprefix("codes.")), source.source_code
            )
            return None if inner is None else lambda values: words.get(inner(values) or "")
        return None


def _parsed(text: str | None, declared: SourceField | None) -> date | None:
    if text is None:
        return None
    if declared is not None and declared.format is not None:
        return parse_day(text.strip(), declared.format)
    return parse_date(text)[0]
