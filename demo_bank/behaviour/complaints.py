"""Complaints: what caused them, what was said, and the office's steps until they are closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar
from demo_bank.behaviour import numbers
from demo_bank.behaviour.incidents import MOBILE, PHONE, Incident
from demo_bank.behaviour.quota import Quota, chosen
from demo_bank.lines import at
from demo_bank.streams import stream

CHANNELS = (
    ("phone", 0.52),
    ("counter", 0.14),
    ("app", 0.24),
    ("12378", 0.04),
    ("letter", 0.02),
    ("social", 0.04),
)
CAUSED = {
    MOBILE: ("流程", "系统故障", "手机银行", "办理业务时页面一直报错，无法完成。"),
    PHONE: ("流程", "热线难打", "客服热线", "客服电话排队太久，问题没有解决。"),
    "counter": ("流程", "网点排队", "柜面服务", "网点系统中断，等候时间过长。"),
}
UNCAUSED = (
    ("费用", "年费争议", "信用卡", "对收取的年费有异议，要求退还。"), ("费用", "手续费争议", "转账汇款", "手续费与宣传不一致。"),
    ("人员", "服务态度", "柜面服务", "工作人员态度生硬，要求道歉。"), ("产品", "收益不符", "理财", "到期收益与介绍不一致。"),
    ("账户", "账户限制", "借记卡", "账户被限制使用，没有收到通知。"),
)  # fmt: skip
OUTCOMES = ("解释说明", "致歉", "退费", "赔偿", "不成立")
RESPOND_WITHIN, RESOLVE_WITHIN = np.timedelta64(24, "h"), np.timedelta64(72, "h")
STORY_LATE = {"responded": np.timedelta64(50, "h"), "resolved": np.timedelta64(100, "h")}


@dataclass
class Complaint:
    """One complaint with its whole future course; a day shows only what has happened by then."""

    number: str
    person: int
    received: np.datetime64
    channel: str
    product: str
    class_l1: str
    class_l2: str
    text: str
    severity: int
    staff: int
    incident: str | None
    outcome: str
    compensation_cents: int
    csat: int
    appealed: bool
    steps: list[tuple[str, np.datetime64]] = field(default_factory=list)

    def first(self, kind: str) -> np.datetime64:
        return next(moment for step, moment in self.steps if step == kind)

    @property
    def is_late(self) -> bool:
        """Answered or resolved too late for the bank's own clocks."""
        return bool(
            self.first("responded") - self.received > RESPOND_WITHIN
            or self.first("resolved") - self.received > RESOLVE_WITHIN
        )

    def until(self, day: date) -> list[tuple[int, str, np.datetime64]]:
        """Steps with their number that happened by the end of the day."""
        end = np.datetime64(day + timedelta(days=1), "ms")
        return [(k, kind, moment) for k, (kind, moment) in enumerate(self.steps, 1) if moment < end]


@dataclass
class Office:
    """The consumer protection office: every complaint so far, and which of them move on which day."""

    seed: int
    people: int
    temper: NDArray[np.float64]
    technical: Quota = field(default_factory=Quota)
    other: Quota = field(default_factory=Quota)
    moving: dict[date, list[Complaint]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[date, list[tuple[int, int, Incident | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def receive(
        self, day: date, exposed: NDArray[np.int64], met: NDArray[np.int64], incidents: Sequence[Incident],
        willing: NDArray[np.float64], story: Sequence[tuple[int, int, Incident | None, bool]],
    ) -> list[Complaint]:  # fmt: skip
        """Complaints received today. story: (person, second, incident, must be late) of the cast."""
        rng = stream(self.seed, "CMPL", "causes", day)
        severity = np.array([each.severity for each in incidents] or [0], float)
        chance = numbers.COMPLAINT_PER_EXPOSURE * severity[met] * self.temper[exposed] * willing[exposed]
        caused = chosen(rng, np.arange(len(exposed)), chance, self.technical.due(float(chance.sum())))
        for place in caused:
            incident = incidents[int(met[place])]
            second = incident.end + int(rng.exponential(5 * 3600))
            when = day if second < 86_000 else day + timedelta(days=1)
            self.waiting[when].append(
                (int(exposed[place]), second if when == day else 8 * 3600 + second % 36_000, incident)
            )
        # Fixed people complain instead of others, not besides them.
        fixed = sum(incident is None for _, _, incident, _ in story)
        expected = numbers.COMPLAINTS * numbers.WITHOUT_CAUSE_SHARE * float((willing > 0).sum())
        plain = self.other.due(expected - fixed)
        for person in chosen(rng, np.arange(self.people), self.temper * willing, plain):
            self.waiting[day].append((int(person), int(rng.integers(8 * 3600, 22 * 3600)), None))
        rows = [(second, person, incident, False) for person, second, incident in self.waiting.pop(day, [])]
        rows += [(second, person, incident, late) for person, second, incident, late in story]
        rows.sort(key=lambda row: (row[0], row[1]))
        made = [
            self._complaint(day, place, second, person, incident, late)
            for place, (second, person, incident, late) in enumerate(rows, 1)
        ]
        for complaint in made:
            for moved in sorted({_day(moment) for _, moment in complaint.steps}):
                self.moving[moved].append(complaint)
        return made

    def _complaint(
        self, day: date, place: int, second: int, person: int, incident: Incident | None, late: bool
    ) -> Complaint:
        number = f"TS{day:%Y%m%d}{place:05d}"
        rng = stream(self.seed, "CMPL", number, person)
        class_l1, class_l2, product, said = (
            CAUSED[incident.channel] if incident else UNCAUSED[int(rng.integers(0, len(UNCAUSED)))]
        )
        severity = min(4, 1 + int(rng.random() < 0.45) + int(rng.random() < 0.18) + int(rng.random() < 0.04))
        if late:
            class_l1, class_l2, product, said, severity = (
                "流程",
                "系统故障",
                "手机银行",
                "转账时系统故障，钱款去向不明。",
                3,
            )
        outcome = int(rng.choice(len(OUTCOMES), p=(0.36, 0.3, 0.16, 0.06, 0.12)))
        complaint = Complaint(
            number, person, at(day, np.array([second]))[0], str(rng.choice([c[0] for c in CHANNELS], p=[c[1] for c in CHANNELS])),
            product, class_l1, class_l2, said, severity, int(rng.integers(0, 8)), incident.number if incident else None,
            OUTCOMES[outcome], int(rng.integers(20, 400)) * 100 if outcome in (2, 3) else 0, int(rng.integers(1, 6)),
            bool(rng.random() < numbers.APPEALED) and not late,
        )  # fmt: skip
        complaint.steps = _course(rng, complaint, late)
        return complaint


def _day(moment: np.datetime64) -> date:
    return moment.astype("datetime64[D]").astype(date)


def _hours(rng: np.random.Generator, low: float, high: float) -> np.timedelta64:
    return np.timedelta64(int(rng.uniform(low, high) * 3600) * 1000, "ms")


def _next_morning(rng: np.random.Generator, moment: np.datetime64) -> np.datetime64:
    """Office hours of the next working day."""
    following = calendar.next_working(_day(moment) + timedelta(days=1))
    return at(following, np.array([int(rng.integers(9 * 3600, 17 * 3600))]))[0]


def _course(rng: np.random.Generator, complaint: Complaint, late: bool) -> list[tuple[str, np.datetime64]]:
    """received → assigned → responded → resolved → called_back → closed; an appeal goes back to assigned; a grave one may be extended."""
    start = complaint.received
    in_time = rng.random() < numbers.ANSWERED_IN_TIME
    assigned = start + _hours(rng, 0.2, 1.8)
    responded = start + (_hours(rng, 2, 22) if in_time else _hours(rng, 26, 60))
    resolved = responded + (_hours(rng, 3, 44) if in_time else _hours(rng, 20, 140))
    if late:
        responded, resolved = start + STORY_LATE["responded"], start + STORY_LATE["resolved"]
    steps = [("received", start), ("assigned", assigned), ("responded", responded)]
    if complaint.severity >= 3 and rng.random() < 0.1:
        steps.append(("extended", responded + _hours(rng, 0.2, 2.5)))
    steps.append(("resolved", resolved))
    if complaint.appealed:
        appealed = resolved + _hours(rng, 20, 60)
        again = appealed + _hours(rng, 1, 5)
        resolved = again + _hours(rng, 20, 90)
        steps += [
            ("appealed", appealed),
            ("assigned", again),
            ("responded", resolved - _hours(rng, 0.5, 4)),
            ("resolved", resolved),
        ]
    called = _next_morning(rng, resolved)
    steps += [("called_back", called), ("closed", called + _hours(rng, 0.2, 20))]
    return steps
