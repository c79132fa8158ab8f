"""A: segments with entry, exit and the numbers that matched (rules: segment). Plain Python, one customer at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from spark_jobs.profile.lifecycle_states import Facts, State

Why = Mapping[str, object]


@dataclass(frozen=True)
class Rules:
    """Parameters of `conf/rules/segment.yml` and the thresholds of the tiers.

    promoter_min  on 0-100, ten times the answer to the NPS question; diamond_min: null where the bank has no such group
    needs         segment for recommendation → data classes that it reads, each of which needs consent
    """

    maturing_days: int
    sla_breaches: int
    open_complaints: int
    enter_share: Decimal
    leave_share: Decimal
    thresholds: Mapping[str, Decimal]
    promoter_min: Decimal
    diamond_min: Decimal | None
    needs: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, segment: Mapping[str, Any], tier: Mapping[str, Any]) -> Rules:
        named = segment["segments"]
        affluent, wealthy = Decimal(tier["affluent_min"]), Decimal(tier["hnw_min_exclusive"])
        diamond = named["seg_private_diamond"].get("min_aum")
        return cls(
            named["seg_maturing"]["within_days"], named["seg_service_pain"]["sla_breaches"],
            named["seg_service_pain"]["open_complaints"], Decimal(str(named["seg_near_tier"]["enter_share"])),
            Decimal(str(named["seg_near_tier"]["leave_share"])), {"MASS": affluent, "POT": affluent, "AFF": wealthy},
            Decimal(str(named["seg_promoter"]["nps_min"])) * 10, None if diamond is None else Decimal(str(diamond)),
            {code: frozenset(rule["data_classes"]) for code, rule in named.items() if rule["purpose"] == "recommendation"},
        )  # fmt: skip


@dataclass(frozen=True)
class More:
    """What segments read beside the facts of the lifecycle. nps_score: newest counted answer, 0-100; null without one in a year.

    allowed  data classes that may be used to recommend something to the customer
    """

    next_matures_date: date | None = None
    sla_breaches: int = 0
    open_complaints: int = 0
    nps_score: Decimal | None = None
    allowed: frozenset[str] = frozenset()


def as_json(why: Why) -> str:
    """Numbers as JSON with sorted keys; dates and amounts as text, so that nothing is rounded."""
    return json.dumps(why, sort_keys=True, ensure_ascii=False, default=str)


class Segments:
    """The memberships of one customer; `step` it through the days in order. Remembers what has an exit of its own."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.near: str | None = None

    def step(self, facts: Facts, more: More, state: State) -> dict[str, str]:
        """segment_code → why, of the day. Segments for recommendation only with consent; the customer stays one inside all the same."""
        found: dict[str, Why] = {}
        if state.stage != "ended":
            for code, why in (
                ("seg_maturing", self._maturing(facts, more)), ("seg_service_pain", self._pain(more)),
                ("seg_near_tier", self._near_tier(facts)), ("seg_promoter", self._promoter(more)),
                ("seg_private_diamond", self._diamond(facts)),
            ):  # fmt: skip
                if why is not None:
                    found[code] = why
        found = {
            code: why
            for code, why in found.items()
            if self.rules.needs.get(code, frozenset()) <= more.allowed
        }
        for group in state.groups:
            found[f"grp_{group.lower()}"] = _group_why(group, facts, state)
        return {code: as_json(why) for code, why in found.items()}

    def _maturing(self, facts: Facts, more: More) -> Why | None:
        """Something that does not renew itself matures within the days, the last one included."""
        if more.next_matures_date is None:
            return None
        days = (more.next_matures_date - facts.day).days
        return (
            {"matures_date": more.next_matures_date, "days": days}
            if 0 < days <= self.rules.maturing_days
            else None
        )

    def _pain(self, more: More) -> Why | None:
        hurt = (
            more.sla_breaches >= self.rules.sla_breaches or more.open_complaints >= self.rules.open_complaints
        )
        return (
            {"sla_breach_30_cnt": more.sla_breaches, "complaint_open_cnt": more.open_complaints}
            if hurt
            else None
        )

    def _promoter(self, more: More) -> Why | None:
        """The newest answer that counts is a promoter's; a lower one, or a year without any, ends it."""
        is_promoter = more.nps_score is not None and more.nps_score >= self.rules.promoter_min
        return {"nps_last_score": more.nps_score} if is_promoter else None

    def _diamond(self, facts: Facts) -> Why | None:
        """Of the highest tier, and from so much on average; the bound itself is inside."""
        least = self.rules.diamond_min
        if least is None or facts.tier != "HNW" or facts.avg30 < least:
            return None
        return {"aum_30_avg_cny": facts.avg30, "threshold_cny": least}

    def _near_tier(self, facts: Facts) -> Why | None:
        """In from 90 % of the next tier's threshold, out below 85 % or at the threshold; a change of tier starts anew."""
        threshold = self.rules.thresholds.get(facts.tier)
        if threshold is None:
            self.near = None
            return None
        was_in = self.near == facts.tier
        floor = threshold * (self.rules.leave_share if was_in else self.rules.enter_share)
        self.near = facts.tier if floor <= facts.avg30 < threshold else None
        return (
            {"aum_30_avg_cny": facts.avg30, "threshold_cny": threshold, "tier_code": facts.tier}
            if self.near
            else None
        )


def _group_why(group: str, facts: Facts, state: State) -> Why:
    if group in ("G07", "G08"):
        return {"aum_30_avg_cny": facts.avg30, "base_cny": state.base, "cause_code": state.cause}
    if group in ("G09", "G10"):
        return {"inactive_days": facts.inactive_days, "is_sticky": group == "G10"}
    if group == "G01":
        return {"relationship_date": facts.relationship_date}
    if group == "G05":
        return {"age_years": facts.age}
    if group == "G04":
        return {"is_payroll": True, "last_salary_date": facts.last_salary}
    if group == "G06":
        return {"has_car": True}
    return {"aum_30_avg_cny": facts.avg30, "tier_code": facts.tier}
