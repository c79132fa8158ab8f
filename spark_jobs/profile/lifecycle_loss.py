"""A: what takes days to be believed: a held yes or no, and suspected and actual loss (rules: lifecycle). Plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from spark_jobs.profile.lifecycle_states import Facts, Rules


@dataclass
class Held:
    """A yes or no that changes only after `days` days in a row of the other."""

    value: bool = False
    against: int = 0

    def see(self, now: bool, days: int) -> None:
        self.against = 0 if now == self.value else self.against + 1
        if self.against >= days:
            self.value, self.against = now, 0


@dataclass
class Loss:
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
