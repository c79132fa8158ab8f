"""Service failures: what was down, when, how badly. Known for the whole calendar at once; the same in every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour import numbers
from demo_bank.lines import at
from demo_bank.streams import stream

MOBILE, PHONE, COUNTER = "mobile", "phone", "counter"
# What fails, and how often among failures. An empty page is the whole channel.
_PLACES = (
    (MOBILE, "transfer_confirm", 0.10), (MOBILE, "transfer_form", 0.08), (MOBILE, "login", 0.20), (MOBILE, "balance", 0.12),
    (MOBILE, "wealth_buy", 0.05), (MOBILE, "loan_repay", 0.05), (MOBILE, "card_bill", 0.06), (MOBILE, "", 0.20),
    (PHONE, "", 0.07), (COUNTER, "", 0.07),
)  # fmt: skip
# The outage of the cast (21, 22): transfers fail for an hour and a half on a working morning.
OUTAGE_DAY, OUTAGE_FROM, OUTAGE_TO = date(2026, 9, 22), 36_000, 41_400


@dataclass(frozen=True)
class Incident:
    """One failure. Seconds since the day's midnight; `outlet` counts outlets and is −1 where none is meant."""

    number: str
    day: date
    channel: str
    page: str
    outlet: int
    start: int
    end: int
    severity: int

    def covers(self, seconds: NDArray[np.int64]) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = (seconds >= self.start) & (seconds < self.end)
        return inside

    @property
    def started(self) -> np.datetime64:
        return at(self.day, np.array([self.start]))[0]

    @property
    def ended(self) -> np.datetime64:
        return at(self.day, np.array([self.end]))[0]


def incidents_of(seed: int, day: date, outlets: int) -> list[Incident]:
    """Failures of a day in order of their start."""
    rng = stream(seed, "APM", "incidents", day)
    count = 1 + int(rng.random() < numbers.INCIDENT_MORE) + int(rng.random() < numbers.INCIDENT_MORE / 2)
    shares = np.array([place[2] for place in _PLACES])
    made = []
    for place in rng.choice(len(_PLACES), count, p=shares / shares.sum()):
        channel, page, _ = _PLACES[place]
        severity = 1 + int(rng.choice(4, p=numbers.SEVERITY_SHARE))
        start = int(rng.integers(7 * 3600, 21 * 3600))
        length = int(rng.integers(50, 190) * 60 * (0.7 + 0.2 * severity))
        outlet = int(rng.integers(0, outlets)) if channel == COUNTER else -1
        made.append(("", channel, page, outlet, start, min(start + length, 86_340), severity))
    if day == OUTAGE_DAY:
        made.append(("", MOBILE, "transfer_confirm", -1, OUTAGE_FROM, OUTAGE_TO, 4))
    made.sort(key=lambda each: each[4])
    return [
        Incident(f"INC{day:%Y%m%d}{k:02d}", day, channel, page, outlet, start, end, severity)
        for k, (_, channel, page, outlet, start, end, severity) in enumerate(made, 1)
    ]


def within(days: Sequence[Incident], day: date, back: int) -> list[Incident]:
    """Incidents that started at most `back` days before the day."""
    return [each for each in days if day - timedelta(days=back) <= each.day <= day]
