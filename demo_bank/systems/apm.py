"""APM, the operations centre's monitoring: Parquet, UTC, five-minute windows per channel and page, and incidents."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from demo_bank.behaviour import numbers
from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.behaviour.digital import PAGES
from demo_bank.behaviour.incidents import COUNTER, MOBILE, Incident
from demo_bank.lines import SHANGHAI_AHEAD
from demo_bank.sheets import Sheet
from demo_bank.streams import stream

SYSTEM = "APM"
ARRIVES = time(0, 25)
WINDOW = 300
DEPLOY_DAY, DEPLOY_FROM, DEPLOY_TO = (
    date(2026, 9, 16),
    2 * 3600,
    2 * 3600 + 1800,
)  # the release of schema v2: nothing measured


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def package(conduct: Conduct, lived: Day) -> list[Sheet]:
    """PAGE_LATENCY and INCIDENT of one date."""
    day = lived.day
    codes = conduct.people.outlet_codes
    return [
        Sheet(
            f"PAGE_LATENCY_{day:%Y%m%d}.parquet", _latency(conduct.people.seed, len(conduct.people), lived)
        ),
        Sheet(f"INCIDENT_{day:%Y%m%d}.parquet", _incidents(lived.incidents, codes)),
    ]


def _utc(local: np.ndarray) -> pa.Array:
    return pa.array((local - SHANGHAI_AHEAD).astype("datetime64[us]"), pa.timestamp("us", "UTC"))


def _latency(seed: int, people: int, lived: Day) -> pa.Table:
    """All windows of all pages of the mobile bank, counted over every user of it, not only those who are customers."""
    day = lived.day
    rng = stream(seed, "APM", "windows", day)
    starts = np.tile(np.arange(0, 86_400, WINDOW), len(PAGES))
    page = np.repeat(np.arange(len(PAGES)), 86_400 // WINDOW)
    seen = np.bincount(lived.digital.page, minlength=len(PAGES))[page] * 1.4 / (86_400 / WINDOW)
    by_hour = 1 + 0.9 * np.sin((starts / 3600 - 8) * np.pi / 12)
    requests = rng.poisson(np.maximum(seen * by_hour, 0.02) + 2)
    factor, error = np.ones(len(page)), np.full(len(page), numbers.BASE_ERROR)
    names = np.array([p[0] for p in PAGES])[page]
    for each in lived.incidents:
        if each.channel == MOBILE:
            hit = (
                (starts + WINDOW > each.start)
                & (starts < each.end)
                & ((each.page == "") | (names == each.page))
            )
            factor[hit] *= 1 + numbers.SLOWER_PER_SEVERITY * each.severity
            error[hit] = np.maximum(error[hit], numbers.ERROR_PER_SEVERITY * each.severity)
    middle = np.exp(np.array([p[3] for p in PAGES])[page] + rng.normal(0, 0.08, len(page))) * factor
    kept = ~((day == DEPLOY_DAY) & (starts >= DEPLOY_FROM) & (starts < DEPLOY_TO))
    table = pa.table({
        "window_start": _utc(np.datetime64(day, "ms") + (starts * 1000).astype("timedelta64[ms]")),
        "channel": pa.array(np.full(len(page), "mobile")), "page": pa.array(names), "req": pa.array(requests, pa.int64()),
        "err": pa.array(rng.binomial(requests, np.minimum(error, 0.9)), pa.int64()),
        "p50_ms": pa.array(np.round(middle).astype(np.int64)),
        "p95_ms": pa.array(np.round(middle * (2.2 + 0.4 * rng.random(len(page)))).astype(np.int64)),
    })  # fmt: skip
    return table.filter(pa.array(kept))


def _incidents(made: list[Incident], codes: np.ndarray) -> pa.Table:
    grades = {1: "P4", 2: "P3", 3: "P2", 4: "P1"}
    return pa.table({
        "incident_no": pa.array([each.number for each in made], pa.string()), "channel": pa.array([each.channel for each in made], pa.string()),
        "page": pa.array([each.page or None for each in made], pa.string()),
        "org": pa.array([str(codes[each.outlet]) if each.channel == COUNTER else None for each in made], pa.string()),
        "start": _utc(np.array([each.started for each in made], "datetime64[ms]")),
        "end": _utc(np.array([each.ended for each in made], "datetime64[ms]")),
        "severity": pa.array([grades[each.severity] for each in made], pa.string()),
    })  # fmt: skip
