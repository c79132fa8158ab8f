"""Decisions as cases that later deliveries are held against: would such a record fare under the contract of today as it was decided? Pure.

A case has a record's shape, which has the length, separators and fault of the original and none of its values. What a steward decided was
decided of a record that this shape stands for; where the contract has changed since so that it fares otherwise, somebody should look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from spark_jobs.bronze.controls import Check
from spark_jobs.bronze.reread import reread
from spark_jobs.bronze.steward_log import ACCEPT, EXCEPTION, IN_FORCE, REPAIR, Decision
from spark_jobs.bronze.without_rule import read_without
from spark_jobs.contracts.sources import SourceContract

CODE = "steward_cases"


@dataclass(frozen=True)
class Tested:
    """One case under the contract of today. how: what came instead of what was decided, in codes; empty where it holds."""

    decision_id: str
    feed: str
    decision: str
    how: str = ""

    @property
    def holds(self) -> bool:
        return not self.how


def tried(decision: Decision, source: SourceContract) -> Tested | None:
    """None for a decision that is no case: about a file, or about a record of which no shape could be made.

    An exception bears the shape of a record it was made for; that it has ended makes it no worse a question to the contract.
    """
    case = decision.case or {}
    if decision.state != IN_FORCE or not case.get("shape"):
        return None
    header = bytes.fromhex(case["header"]) if case.get("header") else None
    told = Tested(decision.decision_id, decision.feed, decision.code)
    before = reread(bytes.fromhex(case["shape"]), source, header=header)
    if before.values is not None:
        return _otherwise(told, "loads as it is")
    if sorted(before.reasons) != sorted(case["reasons"]):
        return _otherwise(told, f"is kept aside for {' '.join(before.reasons)}")
    if (
        decision.code == ACCEPT
        and reread(bytes.fromhex(case["shape"]), source, header=header, as_it_is=True).values is None
    ):
        return _otherwise(told, "can no longer be accepted")
    if decision.code == EXCEPTION:
        without = read_without((str(decision.check),), bytes.fromhex(case["shape"]), source, header=header)
        if without.values is None:
            return _otherwise(told, f"is kept aside, excepted, too, for {' '.join(without.reasons)}")
    if decision.code == REPAIR and case.get("mended"):
        after = reread(bytes.fromhex(case["mended"]), source, header=header)
        if after.values is None:
            return _otherwise(told, f"is kept aside, mended, too, for {' '.join(after.reasons)}")
    return told


def tested(decisions: Iterable[Decision], source: SourceContract) -> list[Tested]:
    """The cases of one feed."""
    return [t for d in decisions if d.feed == source.feed and (t := tried(d, source)) is not None]


def check(decisions: Iterable[Decision], source: SourceContract) -> Check | None:
    """The cases of a feed as a control check of its next file; it holds nobody. None where the feed has no case."""
    found = tested(decisions, source)
    if not found:
        return None
    good = sum(t.holds for t in found)
    return Check(CODE, _count(len(found)), _count(good), good == len(found))


def _otherwise(told: Tested, how: str) -> Tested:
    return Tested(told.decision_id, told.feed, told.decision, how)


def _count(number: int) -> Decimal:
    return Decimal(number)
