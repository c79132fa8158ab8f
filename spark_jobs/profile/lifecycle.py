"""A: stage and groups of one customer, day after day (rules: lifecycle). Plain Python.

Four things are tracked by themselves and only then put together: suspected and actual loss, sleep, ripeness for maturity, and value
within the mass tiers. Each has its own days of confirmation, so that a day in another group does not start them anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from spark_jobs.profile.lifecycle_loss import Held, Loss
from spark_jobs.profile.lifecycle_states import OUTSIDE, PRIORITY, Facts, Rules, State, is_legal_stage


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
        self.loss = Loss()
        self.sleep = Held()
        self.ripe = Held()
        self.valued: Held | None = None
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
        if before is not None and before.stage in OUTSIDE:
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
                self.valued = Held(is_valued)
            self.valued.see(is_valued, rules.confirm_days)

    def _stage(self, facts: Facts, before: State | None) -> str:
        if before is not None and before.stage in OUTSIDE:
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
