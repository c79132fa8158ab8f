"""A: tiers by monthly averages, with protection, watch and potential (rules: tier). Plain Python, one customer at a time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from spark_jobs.history import OPEN_DATE

RANKS = ("MASS", "AFF", "HNW")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Rules:
    """Parameters of `conf/rules/tier.yml`."""

    hnw_min_exclusive: Decimal
    affluent_min: Decimal
    protection_months: int
    watch_months: int
    downgrade_lookback_months: int
    potential_min_salary: Decimal
    potential_max_age_years: int
    potential_no_overdue_months: int
    potential_max_aum: Decimal | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Rules:
        most = given["potential_max_aum"]
        return cls(
            Decimal(given["hnw_min_exclusive"]), Decimal(given["affluent_min"]), given["protection_months"],
            given["watch_months"], given["downgrade_lookback_months"], Decimal(given["potential_min_salary"]),
            given["potential_max_age_years"], given["potential_no_overdue_months"], None if most is None else Decimal(most),
        )  # fmt: skip

    def tier_of(self, average: Decimal) -> str:
        """HNW above the first bound, AFF from the second one on, else MASS; exactly 1 M and exactly 5 M are affluent."""
        if average > self.hnw_min_exclusive:
            return "HNW"
        return "AFF" if average >= self.affluent_min else "MASS"


@dataclass(frozen=True)
class Month:
    """A closed month. `declared` is the tier that the customer-relation system held in it, for months of the opening package."""

    first: date
    average: Decimal
    salary: Decimal = ZERO
    max_overdue_days: int = 0
    declared: str | None = None
    is_from_opening: bool = False

    @property
    def last(self) -> date:
        return self.first.replace(day=monthrange(self.first.year, self.first.month)[1])

    @property
    def effective(self) -> date:
        """First day of the month after: from then on what was decided counts."""
        return self.last + timedelta(days=1)


@dataclass(frozen=True)
class Tier:
    """What is in force. `rank` is HNW, AFF or MASS; potential shows as POT and only ever on MASS."""

    rank: str
    state: str = "normal"
    below: int = 0
    watch: int = 0
    has_potential: bool = False
    protected_until: date | None = None
    whitelisted_until: date | None = None
    reason: str = "first_day"
    basis: Decimal | None = None

    @property
    def code(self) -> str:
        return "POT" if self.has_potential and self.rank == "MASS" else self.rank

    @property
    def content(self) -> tuple[object, ...]:
        """What makes a new row of the history; reason and basis alone do not."""
        return (self.code, self.state, self.below, self.watch, self.protected_until, self.whitelisted_until)


@dataclass(frozen=True)
class Row:
    """A tier and the days on which it is in force, [valid_from, valid_to)."""

    tier: Tier
    valid_from: date
    valid_to: date


def add_months(month: date, n: int) -> date:
    """First day of the month n months after (or before) the month of `month`."""
    index = month.year * 12 + month.month - 1 + n
    return date(index // 12, index % 12 + 1, 1)


def full_years(birth: date, day: date) -> int:
    """Full years on the day; born on 29 February, a year older on 1 March in other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def has_potential(months: Sequence[Month], birth: date | None, rules: Rules) -> bool:
    """Whether the newest of `months` shows potential: salary of three months, age and a clean record; all bounds included.

    Months that are not there count as no salary and no overdue. An unknown age is no potential.
    """
    now = months[-1]
    wanted = {add_months(now.first, -k) for k in range(3)}
    salary = sum((m.salary for m in months if m.first in wanted), ZERO)
    clean_since = add_months(now.first, 1 - rules.potential_no_overdue_months)
    clean = all(m.max_overdue_days == 0 for m in months if m.first >= clean_since)
    young = birth is not None and full_years(birth, now.last) <= rules.potential_max_age_years
    small = rules.potential_max_aum is None or now.average <= rules.potential_max_aum
    return young and clean and small and salary >= 3 * rules.potential_min_salary


def evaluate(
    present: Tier, months: Sequence[Month], birth: date | None, whitelist: date | None, rules: Rules
) -> Tier:
    """The tier from the day after the newest of `months`, which are the closed ones in order. First rule that holds wins."""
    now = months[-1]
    if whitelist is not None and whitelist >= now.last:
        return replace(
            present, state="normal", below=0, watch=0, protected_until=None, whitelisted_until=whitelist, reason="whitelist",
            basis=now.average,
        )  # fmt: skip
    decided = _ranked(present, months, rules)
    potential = decided.rank == "MASS" and has_potential(months, birth, rules)
    if decided.rank == present.rank and potential != present.has_potential:
        decided = replace(decided, reason="potential")
    return replace(decided, has_potential=potential)


def _ranked(present: Tier, months: Sequence[Month], rules: Rules) -> Tier:
    now = months[-1]
    deserved = rules.tier_of(now.average)
    above = RANKS.index(deserved) - RANKS.index(present.rank)
    if above >= 0:
        return Tier(
            deserved,
            reason="upgrade" if above else "unchanged",
            basis=now.average,
            has_potential=present.has_potential,
        )
    if present.state == "normal":
        below = present.below + 1
        starts_watch = below >= rules.protection_months
        left = max(rules.protection_months - below, 0) + rules.watch_months
        return Tier(
            present.rank, "watch" if starts_watch else "normal", 0 if starts_watch else below, 0, False, _end(now, left), None,
            "watch" if starts_watch else "protection", now.average,
        )  # fmt: skip
    watch = present.watch + 1
    if watch < rules.watch_months:
        return Tier(
            present.rank,
            "watch",
            0,
            watch,
            False,
            _end(now, rules.watch_months - watch),
            None,
            "watch",
            now.average,
        )
    since = add_months(now.first, 1 - rules.downgrade_lookback_months)
    best = max(m.average for m in months if m.first >= since)
    return Tier(rules.tier_of(best), reason="downgrade", basis=best)


def _end(month: Month, after: int) -> date:
    return add_months(month.first, after + 1) - timedelta(days=1)


def fold_tiers(
    months: Iterable[Month], first_day: date, birth: date | None, whitelist: date | None, rules: Rules
) -> list[Row]:
    """The tiers of one customer: the start, then one evaluation per closed month. Rows follow each other without gap.

    months     closed months in any order; none is fine: then the start stays in force
    first_day  first business date of the customer id
    The start is the tier that the customer-relation system held in the first month of the opening package, else what that month's
    average deserves; without an opening package it is MASS until the first month closes, whatever the balances.
    """
    ordered = sorted(months, key=lambda m: m.first)
    start, since = Tier("MASS", whitelisted_until=whitelist), first_day
    if ordered and (ordered[0].declared or ordered[0].is_from_opening):
        opening = ordered[0]
        rank = {"POT": "MASS"}.get(opening.declared or "", opening.declared) or rules.tier_of(opening.average)
        start = replace(start, rank=rank, has_potential=opening.declared == "POT", reason="opening")
        since = min(opening.first, first_day)
    changes = [(since, start)]
    for n, month in enumerate(ordered, 1):
        decided = evaluate(changes[-1][1], ordered[:n], birth, whitelist, rules)
        if month.effective <= since:
            changes = [(since, decided)]
        elif decided.content != changes[-1][1].content:
            changes.append((month.effective, decided))
    ends = [day for day, _ in changes[1:]] + [OPEN_DATE]
    return [Row(tier, day, end) for (day, tier), end in zip(changes, ends, strict=True)]
