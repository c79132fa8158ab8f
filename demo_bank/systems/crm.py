"""CRM, retail headquarters' customer-relation system: Parquet, local time. CUST_ASSIGN and TASK full, CONTACT_LOG what is new."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.behaviour.contacts import CONTACT_CHANNELS, CONTACT_RESULTS, TASK_KINDS
from demo_bank.behaviour.people import People
from demo_bank.lines import at, numbered, text
from demo_bank.sheets import Sheet

SYSTEM = "CRM"
ARRIVES = time(0, 50)


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def crm_numbers(persons: NDArray[np.int64]) -> pa.Array:
    """crm_id of persons."""
    return numbered("R", 400_000_000 + persons, 9)


def managers(people: People, persons: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which manager looks after whom: the same for good, spread evenly."""
    return np.asarray((persons * 7 + 3) % people.world.size.managers)


def manager_numbers(numbers: NDArray[np.int64]) -> pa.Array:
    """Employee numbers of managers."""
    return numbered("RM", numbers + 1, 5)


def package(conduct: Conduct, lived: Day) -> list[Sheet]:
    """CUST_ASSIGN TASK CONTACT_LOG of one date."""
    day = lived.day
    return [
        Sheet(f"CUST_ASSIGN_{day:%Y%m%d}.parquet", _assigned(conduct, day)),
        Sheet(f"TASK_{day:%Y%m%d}.parquet", _tasks(conduct, day)),
        Sheet(f"CONTACT_LOG_{day:%Y%m%d}.parquet", _contacts(conduct.people, lived)),
    ]


def _moments(local: NDArray[np.datetime64]) -> pa.Array:
    return pa.array(local.astype("datetime64[ms]"), pa.timestamp("ms"))


def _assigned(conduct: Conduct, day: date) -> pa.Table:
    """Who looks after whom."""
    people = conduct.people
    persons = np.flatnonzero(conduct.managed & (people.opened <= np.datetime64(day)))
    begins = np.maximum(people.opened[persons], np.datetime64("2024-01-01"))
    return pa.table({
        "crm_id": crm_numbers(persons), "ecif_id": text(people.ecif_no[persons].tolist()),
        "rm_no": manager_numbers(managers(people, persons)), "from_dt": pa.array(begins.astype("datetime64[D]")),
        "to_dt": pa.nulls(len(persons), pa.date32()), "priority": pa.array(np.ones(len(persons), np.int32)),
    })  # fmt: skip


def _tasks(conduct: Conduct, day: date) -> pa.Table:
    """Every task so far as it stands at the end of the date."""
    tasks, people = conduct.outreach.tasks, conduct.people
    end = np.datetime64(day + timedelta(days=1), "ms")
    closed = ~np.isnat(tasks.closes) & (tasks.closes < end)
    n = len(tasks.person)
    return pa.table({
        "task_id": numbered("TK", np.arange(1, n + 1), 9), "crm_id": crm_numbers(tasks.person),
        "rm_no": manager_numbers(managers(people, tasks.person)), "type": text([TASK_KINDS[int(k)] for k in tasks.kind]),
        "priority": pa.array(tasks.priority.astype(np.int32)), "created_ts": _moments(tasks.created), "due_ts": _moments(tasks.due),
        "source_rule": pa.nulls(n, pa.string()), "status": text(np.where(closed, "DONE", "OPEN").tolist()),
        "closed_ts": _moments(np.where(closed, tasks.closes, np.datetime64("NaT"))),
        "outcome": pa.array([CONTACT_RESULTS[int(o)] if done else None for o, done in zip(tasks.outcome, closed, strict=True)], pa.string()),
    })  # fmt: skip


def _contacts(people: People, lived: Day) -> pa.Table:
    made, n = lived.contacts, len(lived.contacts.person)
    return pa.table({
        "id": numbered(f"CT{lived.day:%Y%m%d}", np.arange(1, n + 1), 6), "crm_id": crm_numbers(made.person),
        "rm_no": manager_numbers(managers(people, made.person)), "channel": text([CONTACT_CHANNELS[int(c)] for c in made.channel]),
        "direction": text(np.where(made.is_inbound, "IN", "OUT").tolist()), "ts": _moments(at(lived.day, made.second)),
        "purpose": text(made.purpose.tolist()), "result": text([CONTACT_RESULTS[int(r)] for r in made.result]),
    })  # fmt: skip


def opening_package(
    conduct: Conduct, month_average_cents: NDArray[np.int64], months: list[date]
) -> tuple[date, list[Sheet]]:
    """Sequence 00: tier and average AUM of the closed months before the first date, as CRM kept them.

    month_average_cents  person × month
    """
    people = conduct.people
    day = people.world.size.first - timedelta(days=1)
    persons = np.flatnonzero(conduct.managed & (people.opened < np.datetime64(months[0])))
    return day, [
        Sheet(f"TIER_HIST_{day:%Y%m%d}.parquet", _tiers(people, persons, month_average_cents, months))
    ]


TIERS = ("大众", "富裕", "高净值")
MONTHS_BEFORE_FALL = 6


def _rank(cents: NDArray[np.int64]) -> NDArray[np.int64]:
    """More than 5 million is high net worth, from 1 million on affluent."""
    return (cents >= 100_000_000).astype(np.int64) + (cents > 500_000_000)


def _in_force(cents: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank in force in each month: a rise counts from the next month on, a fall after six months below."""
    rank = _rank(cents)
    now = rank[:, 0].copy()
    below = np.zeros(len(now), np.int64)
    held = np.zeros_like(rank)
    for month in range(rank.shape[1]):
        held[:, month] = now
        below = np.where(rank[:, month] < now, below + 1, 0)
        falls = below >= MONTHS_BEFORE_FALL
        best = rank[:, max(0, month - MONTHS_BEFORE_FALL + 1) : month + 1].max(axis=1)
        now = np.where(falls, best, np.maximum(now, rank[:, month]))
        below[falls] = 0
    return held


def _tiers(
    people: People, persons: NDArray[np.int64], cents: NDArray[np.int64], months: list[date]
) -> pa.Table:
    who = np.repeat(persons, len(months))
    place = _in_force(cents[persons]).reshape(-1)
    yuan = pa.array([f"{v // 100}.{v % 100:02d}" for v in cents[persons].reshape(-1).tolist()], pa.string())
    return pa.table({
        "crm_id": crm_numbers(who), "month": text([f"{m:%Y%m}" for m in months] * len(persons)),
        "tier": text([TIERS[int(p)] for p in place]), "mavg_aum": yuan,
    })  # fmt: skip


__all__ = ["SYSTEM", "arrival", "opening_package", "package"]
