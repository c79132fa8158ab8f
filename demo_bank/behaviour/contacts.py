"""What the bank does towards people: managers' tasks and contacts, campaigns and their messages, opt-outs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar
from demo_bank.behaviour import numbers
from demo_bank.behaviour.quota import Quota, chosen
from demo_bank.lines import at
from demo_bank.streams import stream

Ints = NDArray[np.int64]
TASK_KINDS = ("CALL", "VISIT", "CARE", "FOLLOWUP", "SALE")
CONTACT_CHANNELS = ("TEL", "VISIT", "WX")
CONTACT_RESULTS = ("已接通", "未接通", "已预约", "无意向")
# code, name, purpose, product, share of all messages
CAMPAIGNS = (
    ("SVC001", "动账提醒", "SERVICE", "", 0.46), ("SVC002", "还款提醒", "SERVICE", "", 0.14), ("CARE01", "节气问候", "CARE", "", 0.10),
    ("CARE02", "中秋祝福", "CARE", "", 0.08), ("SALE01", "稳健理财推荐", "SALE", "WLTH", 0.10), ("SALE02", "信用卡分期优惠", "SALE", "CARD", 0.07),
    ("SALE03", "消费贷利率优惠", "SALE", "LOAN", 0.05),
)  # fmt: skip
MESSAGE_CHANNELS = ("SMS", "PUSH")


@dataclass
class Tasks:
    """Every task so far, in columns; NaT where not closed."""

    person: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    kind: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    priority: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    created: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, "datetime64[ms]"))
    due: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, "datetime64[ms]"))
    closes: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, "datetime64[ms]"))
    outcome: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def add(self, other: Tasks) -> None:
        for name in ("person", "kind", "priority", "created", "due", "closes", "outcome"):
            setattr(self, name, np.concatenate([getattr(self, name), getattr(other, name)]))


@dataclass(frozen=True)
class Contacts:
    """Contacts that managers logged on a day."""

    person: Ints
    second: Ints
    channel: Ints
    is_inbound: NDArray[np.bool_]
    purpose: NDArray[np.str_]
    result: Ints


@dataclass(frozen=True)
class Messages:
    """Messages sent on a day; `receipt` is NaN where none came."""

    person: Ints
    campaign: Ints
    channel: Ints
    second: Ints
    receipt: NDArray[np.float64]
    is_failed: NDArray[np.bool_]


@dataclass(frozen=True)
class OptOuts:
    """Numbers that opted out of a channel on a day."""

    person: Ints
    channel: Ints
    second: Ints


@dataclass
class Outreach:
    """Managers and marketing: their tasks so far, and who opted out of what."""

    seed: int
    people: int
    opted_out: NDArray[np.bool_]
    tasks: Tasks = field(default_factory=Tasks)
    quotas: tuple[Quota, Quota, Quota] = field(default_factory=lambda: (Quota(), Quota(), Quota()))

    def assign(self, day: date, managed: NDArray[np.float64]) -> None:
        """New tasks of a working day. managed: weight per person, 0 where nobody looks after them."""
        rng = stream(self.seed, "CRM", "tasks", day)
        due_count = self.quotas[0].due(numbers.TASKS * self.people)
        if not calendar.is_working(day):
            self.quotas[0].carried += due_count  # the work waits for the next working day
            return
        person = chosen(rng, np.arange(self.people), managed, due_count)
        n = len(person)
        created = at(day, rng.integers(8 * 3600 + 1800, 17 * 3600, n))
        working = [calendar.next_working(day + timedelta(days=k)) for k in (1, 3, 5)]
        due = np.concatenate([at(d, np.array([63_000])) for d in working])[rng.integers(0, 3, n)]
        span = (due - created).astype(np.int64)
        in_time = rng.random(n) < numbers.TASK_IN_TIME
        worked = np.where(in_time, span * rng.random(n), span * (1.05 + rng.random(n)))
        never = (rng.random(n) < 0.08) & ~in_time
        closes = created + worked.astype("timedelta64[ms]")
        closes[never] = np.datetime64("NaT")
        self.tasks.add(
            Tasks(
                person,
                rng.integers(0, len(TASK_KINDS), n),
                rng.integers(1, 5, n),
                created,
                due,
                closes,
                rng.integers(0, 4, n),
            )
        )

    def contact(self, day: date, managed: NDArray[np.float64], no_sale: NDArray[np.bool_]) -> Contacts:
        """Contacts of the day: mostly calls, most of them care; no sale where a complaint is open."""
        rng = stream(self.seed, "CRM", "contacts", day)
        wanted = self.quotas[1].due(numbers.CONTACTS * self.people)
        weights = managed if calendar.is_working(day) else managed * 0.25
        person = chosen(rng, np.arange(self.people), weights, wanted)
        n = len(person)
        purpose = rng.choice(["care", "service", "sale"], n, p=(0.45, 0.3, 0.25))
        purpose = np.where((purpose == "sale") & no_sale[person], "service", purpose)
        return Contacts(
            person, np.sort(rng.integers(9 * 3600, 18 * 3600, n)), rng.choice(3, n, p=(0.7, 0.15, 0.15)), rng.random(n) < 0.18,
            purpose, rng.choice(4, n, p=(0.55, 0.25, 0.1, 0.1)),
        )  # fmt: skip

    def send(
        self, day: date, reachable: NDArray[np.bool_], no_sale: NDArray[np.bool_], has_app: NDArray[np.bool_],
        annoyed: NDArray[np.float64],
    ) -> tuple[Messages, OptOuts]:  # fmt: skip
        """Messages of the day and the opt-outs they cause. annoyed: factor on the chance to opt out, per person."""
        rng = stream(self.seed, "MSG", "day", day)
        candidates = np.flatnonzero(reachable)
        n = self.quotas[2].due(numbers.MESSAGES * self.people)
        person = rng.choice(candidates, n) if len(candidates) else np.zeros(0, np.int64)
        n = len(person)
        shares = np.array([c[4] for c in CAMPAIGNS])
        shares[3] = shares[3] if date(day.year, 9, 24) <= day <= date(day.year, 9, 26) else 0.0
        campaign = rng.choice(len(CAMPAIGNS), n, p=shares / shares.sum())
        channel = np.where(has_app[person] & (rng.random(n) < 0.4), 1, 0)
        is_service = np.array([c[2] == "SERVICE" for c in CAMPAIGNS])[campaign]
        kept = is_service | ~(no_sale[person] | self.opted_out[person, channel])
        person, campaign, channel = person[kept], campaign[kept], channel[kept]
        n = len(person)
        second = np.sort(rng.integers(8 * 3600 + 600, 20 * 3600 + 3000, n))
        failed = rng.random(n) < 0.03
        receipt = np.where(rng.random(n) < 0.985, second + 1 + rng.exponential(20, n), np.nan)
        leaves = (
            (rng.random(n) < 0.0015 * annoyed[person])
            & ~np.array([c[2] == "SERVICE" for c in CAMPAIGNS])[campaign]
            & ~failed
        )
        self.opted_out[person[leaves], channel[leaves]] = True
        gone = OptOuts(person[leaves], channel[leaves], np.minimum(second[leaves] + 600, 86_000))
        return Messages(person, campaign, channel, second, receipt, failed), gone
