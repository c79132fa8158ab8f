"""Calls to the contact centre: who rings from which number about what, how long they wait, whether the agent verifies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour import numbers
from demo_bank.behaviour.incidents import PHONE, Incident
from demo_bank.behaviour.quota import Quota, chosen
from demo_bank.streams import stream

Ints = NDArray[np.int64]
STRANGERS = 0.05  # callers who are no customers
AGENTS = 40
# reason level 1, level 2, share; the first is rung for after a failure
REASONS = (
    ("电子渠道", "手机银行报错", 0.0), ("账户", "余额查询", 0.20), ("账户", "挂失补卡", 0.10), ("转账", "到账查询", 0.14), ("信用卡", "账单查询", 0.16),
    ("信用卡", "还款", 0.08), ("理财", "产品咨询", 0.12), ("贷款", "还款咨询", 0.08), ("费用", "手续费咨询", 0.06), ("其他", "网点营业时间", 0.06),
)  # fmt: skip
_HOURS = np.array([1, 0, 0, 0, 0, 0, 1, 3, 9, 14, 14, 11, 7, 8, 12, 12, 11, 9, 7, 6, 6, 4, 2, 1], float)


@dataclass(frozen=True)
class Calls:
    """Calls of a day in order of their start. caller is −1 for strangers; then `stranger` tells them apart."""

    caller: Ints
    stranger: Ints
    second: Ints
    queue_secs: Ints
    talk_secs: Ints
    hold_secs: Ints
    agent: Ints
    reason: Ints
    is_verified: NDArray[np.bool_]
    is_typed: NDArray[np.bool_]
    transfers: Ints
    satisfaction_key: Ints
    incident: Ints


@dataclass
class CallCentre:
    """Carries fractions of calls from day to day."""

    seed: int
    people: int
    quota: Quota = field(default_factory=Quota)

    def ring(
        self, day: date, weights: NDArray[np.float64], failed: NDArray[np.bool_], incidents: Sequence[Incident],
        story: Sequence[tuple[int, int, bool]],
    ) -> Calls:  # fmt: skip
        """The calls of a day. failed: persons who met an error today; story: (person, second, verified) of the cast."""
        rng = stream(self.seed, "CALL", "day", day)
        count = self.quota.due(numbers.CALLS * self.people)
        strangers = int(rng.binomial(count, STRANGERS))
        people = chosen(rng, np.arange(self.people), weights * np.where(failed, 7.0, 1.0), count - strangers)
        told = np.array([s[0] for s in story], np.int64)
        caller = np.concatenate([people, np.full(strangers, -1), told]).astype(np.int64)
        n = len(caller)
        drawn = rng.choice(24, n, p=_HOURS / _HOURS.sum()) * 3600 + rng.integers(0, 3600, n)
        drawn[n - len(told) :] = np.array([s[1] for s in story], np.int64)
        order = np.argsort(drawn, kind="stable")
        caller, second = caller[order], drawn[order]
        is_story = (order >= n - len(told)) & (n > 0)
        verified = (rng.random(n) < 0.74) & (caller >= 0)
        verified[is_story] = np.array([s[2] for s in story], bool)[order[is_story] - (n - len(told))]
        return self._calls(rng, day, caller, second, verified, is_story, failed, incidents)

    def _calls(
        self, rng: np.random.Generator, day: date, caller: Ints, second: Ints, verified: NDArray[np.bool_],
        is_story: NDArray[np.bool_], failed: NDArray[np.bool_], incidents: Sequence[Incident],
    ) -> Calls:  # fmt: skip
        n = len(caller)
        queue = rng.exponential(35, n)
        met = np.full(n, -1, np.int64)
        for place, incident in enumerate(incidents):
            if incident.channel == PHONE:
                hit = incident.covers(second)
                queue[hit] += 120.0 * incident.severity + rng.exponential(120, int(hit.sum()))
                met[hit] = place
        queue = np.where(is_story, 400 + queue, queue)
        abandoned = (rng.random(n) < np.clip((queue - 60) / 900, 0, 0.6)) & ~is_story
        shares = np.array([r[2] for r in REASONS])
        reason = rng.choice(len(REASONS), n, p=shares / shares.sum())
        after_failure = (caller >= 0) & failed[caller] & (rng.random(n) < 0.7)
        reason = np.where(after_failure | is_story, 0, reason)
        talk = np.where(abandoned, 0, 30 + rng.exponential(170, n)).astype(np.int64)
        return Calls(
            caller, np.where(caller < 0, rng.integers(0, max(self.people // 20, 3), n), -1), second, queue.astype(np.int64), talk,
            np.where(rng.random(n) < 0.2, talk // 5, 0), np.where(abandoned, -1, rng.integers(0, AGENTS, n)), reason,
            verified & ~abandoned, ~verified & ~abandoned & ((rng.random(n) < 0.75) | is_story),
            np.where(rng.random(n) < 0.12, rng.integers(1, 3, n), 0),
            np.where(abandoned | (rng.random(n) < 0.45), 0, rng.integers(1, 6, n)), met,
        )  # fmt: skip
