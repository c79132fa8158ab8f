"""Ranges of business dates: the unit of work of every job. A day is a range of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from spark_jobs.errors import SettingsError


def parse_date(text: str | date) -> date:
    """`2026-09-30` as a date; anything else is refused with the form that is expected."""
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"`{text}` is not a business date; write it as YYYY-MM-DD, for example 2026-09-30"
        ) from None


@dataclass(frozen=True, order=True)
class DateRange:
    """Business dates from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise SettingsError(
                f"the range starts on {self.first}, after its end on {self.last}; swap the two"
            )

    @classmethod
    def parse(cls, first: str | date, last: str | date | None = None) -> DateRange:
        return cls(parse_date(first), parse_date(last if last is not None else first))

    @classmethod
    def day(cls, day: date) -> DateRange:
        return cls(day, day)

    def __iter__(self) -> Iterator[date]:
        for n in range(len(self)):
            yield self.first + timedelta(days=n)

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def meets(self, other: DateRange) -> bool:
        """Whether some date is in both."""
        return self.first <= other.last and other.first <= self.last

    def back(self, days: int) -> DateRange:
        """The same end, with `days` more in front: what a window of that length needs to read."""
        return DateRange(self.first - timedelta(days=days), self.last)

    def reaching(self, day: date | None) -> DateRange:
        """This range, widened at its front so that it holds `day`."""
        return self if day is None or day >= self.first else DateRange(day, self.last)

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"
