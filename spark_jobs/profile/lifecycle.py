"""A: stage and groups of one customer, day after day (rules: lifecycle). Plain Python.

Four things are tracked by themselves and only then put together: suspected and actual loss, sleep, ripeness for maturity, and value
within the mass tiers. Each has its own days of confirmation, so that a day in another group does not start them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

# Groups in the order in which the primary one is chosen.
PRIORITY = ("G08", "G07", "G10", "G09", "G01", "G05", "G04", "G06", "G03", "G02")
STAGES = ("prospect", "acquisition", "growth", "maturity", "retention", "dormancy", "ended")
# Moves from stage to stage that are legal besides staying. Out of `ended` only the living come back, as a new relationship. A prospect
# who dies ends, too: nothing else may leave a prospect than a first agreement or death.
LEGAL_STAGES: Mapping[str, frozenset[str]] = {
    "prospect": frozenset({"acquisition", "ended"}),
    "acquisition": frozenset({"growth", "retention", "ended"}),
    "growth": frozenset({"maturity", "retention", "dormancy", "ended"}),
    "maturity": frozenset({"growth", "retention", "dormancy", "ended"}),
    "retention": frozenset({"growth", "maturity", "dormancy", "ended"}),
    "dormancy": frozenset({"growth", "maturity", "retention", "ended"}),
    "ended": frozenset({"acquisition"}),
}
_OUTSIDE = ("prospect", "ended")


@dataclass(frozen=True)
class Rules:
    """Parameters of `conf/rules/lifecycle.yml`."""

    confirm_days: int
    new_days: int
    mature_days: int
    mature_kinds: int
    asleep_days: int
    senior_age: int
    value_avg30: Decimal
    loss_min_avg180: Decimal
    loss_share: Decimal
    loss_salary_days: int
    loss_salary_months: int
    loss_max_days: int
    gone_share: Decimal
    gone_floor: Decimal
    gone_inactive_days: int

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Rules:
        values: dict[str, Any] = {
            name: Decimal(str(given[name])) if kind == "Decimal" else int(given[name])
            for name, kind in cls.__annotations__.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class Facts:
    """What is known of a customer at the end of a business date; defaults are those of an ordinary customer of long standing.

    inactive_days  days since the customer last started anything
    is_sticky      at the last activity two kinds of products, a loan, holding or time deposit, or salary in the months before it
    """

    day: date
    avg30: Decimal = Decimal(0)
    avg180: Decimal = Decimal(0)
    relationship_date: date | None = date(2020, 1, 1)
    inactive_days: int = 0
    kinds: int = 1
    open_agreements: int = 1
    has_had_agreement: bool = True
    is_deceased: bool = False
    age: int | None = 40
    tier: str = "MASS"
    is_payroll: bool = False
    salary_before_3: int = 0
    last_salary: date | None = None
    has_car: bool = False
    is_sticky: bool = False


@dataclass(frozen=True)
class State:
    """Where a customer is. `groups` are all memberships, `group` the primary one."""

    stage: str
    group: str | None
    groups: frozenset[str]
    base: Decimal | None
    cause: str | None
    reason: str
    entered: date
    previous: str | None

    @property
    def content(self) -> tuple[object, ...]:
        """What makes a new row of the history."""
        return (self.stage, self.group, self.base, self.cause)


def is_legal_stage(before: str, after: str) -> bool:
    """Whether a customer may be in `after` the day after `before`."""
    return before == after or after in LEGAL_STAGES[before]


def is_legal_group(before: str | None, after: str | None, stage_before: str) -> bool:
    """Whether the primary group may follow: G08 only from G07, never back to it; G01 only from outside a relationship."""
    if before == after:
        return True
    if after == "G08":
        return before == "G07"
    if after == "G01":
        return stage_before in _OUTSIDE
    return (before, after) != ("G08", "G07")


@dataclass
class _Held:
    """A yes or no that changes only after `days` days in a row of the other."""

    value: bool = False
    against: int = 0

    def see(self, now: bool, days: int) -> None:
        self.against = 0 if now == self.value else self.against + 1
        if self.against >= days:
            self.value, self.against = now, 0


@dataclass
class _Loss:
    """Suspected (G07) and actual loss (G08)."""

    group: str | None = None
    base: Decimal | None = None
    cause: str | None = None
    since: date | None = None
    salary_then: date | None = None
    entering: int = 0
    leaving: int = 0

    def see(self, facts: Facts, tenure: int, rules: Rules, confirm: int) -> None:
        cause = self._cause(facts, tenure, rules)
        if self.group is None:
            self.entering = self.entering + 1 if cause else 0
            if cause and self.entering >= confirm:
                self._enter(facts, cause)
        elif self.group == "G08":
            recovered = facts.avg30 > rules.loss_share * (self.base or 0)
            self._leave(recovered, confirm)
        elif self._is_gone(facts, rules):
            self.group, self.leaving = "G08", 0
        elif self._holds(facts, rules):
            self.leaving = 0
        elif cause:
            # Judged anew after the longest time, or suspected for the other reason: a new base, still suspected.
            self._enter(facts, cause)
        else:
            self._leave(True, confirm)

    def _cause(self, facts: Facts, tenure: int, rules: Rules) -> str | None:
        if tenure < rules.new_days:
            return None
        if facts.avg180 >= rules.loss_min_avg180 and facts.avg30 <= rules.loss_share * facts.avg180:
            return "balance_fell"
        paid = facts.salary_before_3 >= rules.loss_salary_months and facts.last_salary is not None
        if (
            paid
            and facts.last_salary is not None
            and (facts.day - facts.last_salary).days >= rules.loss_salary_days
        ):
            return "salary_stopped"
        return None

    def _enter(self, facts: Facts, cause: str) -> None:
        self.group, self.base, self.cause, self.since = "G07", facts.avg180, cause, facts.day
        self.salary_then, self.entering, self.leaving = facts.last_salary, 0, 0

    def _is_gone(self, facts: Facts, rules: Rules) -> bool:
        small = facts.avg30 <= max(rules.gone_floor, rules.gone_share * (self.base or 0))
        return small and facts.inactive_days >= rules.gone_inactive_days

    def _holds(self, facts: Facts, rules: Rules) -> bool:
        assert self.since is not None
        if (facts.day - self.since).days >= rules.loss_max_days:
            return False
        if self.cause == "salary_stopped":
            return facts.last_salary == self.salary_then
        return facts.avg30 <= rules.loss_share * (self.base or 0)

    def _leave(self, now: bool, confirm: int) -> None:
        self.leaving = self.leaving + 1 if now else 0
        if self.leaving >= confirm:
            self.group, self.base, self.cause, self.since = None, None, None, None
            self.entering = self.leaving = 0


class Lifecycle:
    """The machine of one customer; `step` it through the days in order. The first day may start anywhere."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.state: State | None = None
        self.is_dead = False
        self.has_had = False
        self.since: date | None = None
        self.is_restarted = False
        self._forget()

    def _forget(self) -> None:
        """Nothing of an earlier relationship is carried into a new one."""
        self.loss = _Loss()
        self.sleep = _Held()
        self.ripe = _Held()
        self.valued: _Held | None = None
        self.is_sticky = False

    def step(self, facts: Facts) -> State:
        """The state at the end of the next day."""
        before = self.state
        self.is_dead = self.is_dead or facts.is_deceased
        self.has_had = self.has_had or facts.has_had_agreement or facts.open_agreements > 0
        outside = self._outside(facts, before)
        if outside:
            self._forget()
            return self._become(facts, outside, frozenset())
        if before is not None and before.stage in _OUTSIDE:
            # A new relationship counts from today; that of a prospect may be older than the lake knew.
            self.is_restarted = before.stage == "ended"
            self.since = facts.day if self.is_restarted else None
        self._grow_older(facts)
        self._track(facts, first=before is None)
        stage = self._stage(facts, before)
        return self._become(facts, stage, self._groups(facts, stage))

    def _outside(self, facts: Facts, before: State | None) -> str | None:
        """prospect or ended, where there is no relationship today."""
        if self.is_dead:
            return "ended"
        if facts.open_agreements > 0:
            return None
        # Only a first agreement or death leaves a prospect, also when a closed account of another system turns out to be his.
        stays_prospect = before is not None and before.stage == "prospect"
        return "prospect" if stays_prospect or not self.has_had else "ended"

    def _grow_older(self, facts: Facts) -> None:
        """A relationship only grows older: a party that leaves the customer does not make it a new one."""
        known = facts.relationship_date or facts.day
        if self.since is None:
            self.since = known
        elif not self.is_restarted:
            self.since = min(self.since, known)

    def _tenure(self, facts: Facts) -> int:
        return (facts.day - self.since).days if self.since else 0

    def _track(self, facts: Facts, first: bool) -> None:
        rules, tenure = self.rules, self._tenure(facts)
        confirm = 1 if first else rules.confirm_days
        self.loss.see(facts, tenure, rules, confirm)
        asleep = min(facts.inactive_days, tenure) >= rules.asleep_days
        self.sleep.see(asleep, 1 if asleep else rules.confirm_days)
        if asleep:
            self.is_sticky = facts.is_sticky
        self.ripe.see(tenure >= rules.mature_days and facts.kinds >= rules.mature_kinds, confirm)
        if facts.tier not in ("MASS", "POT"):
            self.valued = None
        else:
            is_valued = facts.avg30 >= rules.value_avg30
            if self.valued is None:
                self.valued = _Held(is_valued)
            self.valued.see(is_valued, rules.confirm_days)

    def _stage(self, facts: Facts, before: State | None) -> str:
        if before is not None and before.stage in _OUTSIDE:
            return "acquisition"
        if self.loss.group:
            wanted = "retention"
        elif self.sleep.value:
            wanted = "dormancy"
        elif self._tenure(facts) < self.rules.new_days:
            wanted = "acquisition"
        else:
            wanted = "maturity" if self.ripe.value else "growth"
        if before is None or is_legal_stage(before.stage, wanted):
            return wanted
        # Out of acquisition the way leads over growth; nothing leads back into it.
        return "growth" if before.stage == "acquisition" else before.stage

    def _groups(self, facts: Facts, stage: str) -> frozenset[str]:
        groups = {self.loss.group} if self.loss.group else set()
        if self.sleep.value:
            groups.add("G10" if self.is_sticky else "G09")
        if stage == "acquisition" and self._tenure(facts) < self.rules.new_days:
            groups.add("G01")
        if facts.age is not None and facts.age >= self.rules.senior_age:
            groups.add("G05")
        if facts.is_payroll:
            groups.add("G04")
        if facts.has_car:
            groups.add("G06")
        if self.valued is not None:
            groups.add("G03" if self.valued.value else "G02")
        return frozenset(groups)

    def _become(self, facts: Facts, stage: str, groups: frozenset[str]) -> State:
        before = self.state
        primary = next((g for g in PRIORITY if g in groups), None)
        is_lost = stage == "retention"
        base, cause = (self.loss.base, self.loss.cause) if is_lost else (None, None)
        moved = before is None or before.stage != stage
        now = State(
            stage, primary, groups, base, cause, "", facts.day if moved or before is None else before.entered,
            (before.stage if before else None) if moved else (before.previous if before else None),
        )  # fmt: skip
        self.state = replace(now, reason=self._reason(before, now))
        return self.state

    def _reason(self, before: State | None, now: State) -> str:
        """What moved the customer; of a day without any change, what moved it last."""
        if before is None:
            return "first_day"
        if before.stage != now.stage:
            return self._stage_reason(before.stage, now.stage)
        if before.content == now.content:
            return before.reason
        if now.group == "G08" and before.group == "G07":
            return "actual_loss"
        return "loss" if before.group == now.group else "group"

    def _stage_reason(self, before: str, after: str) -> str:
        if after == "ended":
            return "deceased" if self.is_dead else "closed"
        direct = {"acquisition": "opened", "retention": "loss", "dormancy": "asleep"}
        if after in direct:
            return direct[after]
        back = {"acquisition": "tenure", "retention": "won_back", "dormancy": "woke"}
        return back.get(before, "ripened" if after == "maturity" else "unripened")
