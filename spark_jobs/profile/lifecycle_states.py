"""A: the stages and groups there are, what is legal between them, and what the machine is told (rules: lifecycle). Plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
OUTSIDE = ("prospect", "ended")


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
