"""One day of a made-up bank as the steward's report sees it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from expectations.report.model import (
    AlertLine,
    ChangeLine,
    Day,
    FeedLine,
    GateLine,
    IdentityLine,
    QuarantineLine,
    RestatedLine,
    RuleLine,
    ScoreLine,
    VerdictLine,
)

DAY = date(2026, 9, 29)


TOUCHED = (
    "silver.wealth_holding_daily", "profile.o_customer_daily", "profile.customer_daily", "mart.dim_customer", "mart.fct_tier_migration",
)  # fmt: skip


def feed(
    name: str, state: str = "loaded", reason: str | None = None, rows: int = 100, **more: Any
) -> FeedLine:
    """A file of the loan system."""
    late = more.pop("late_minutes", None)
    return FeedLine(
        "loan", name, state, reason, 1, "09-30 02:10", late, rows, rows, 0, due_at="09-30 02:30", **more
    )


def example(day: date = DAY, **changes: Any) -> Day:
    """A day with something of everything; `changes` replace what it has."""
    given: dict[str, Any] = {
        "state": "published",
        "feeds": (feed("duebill"), feed("repay", "held", "row_count", failed_checks=("row_count",))),
        "quarantine": (QuarantineLine("ecif", "party", "half_character", 3, 8, excepted=5),),
        "verdicts": (VerdictLine("silver", "silver.party", "null:name", "warn", "warn", 2, 5000, ("abc",), "completeness", str(day)),),
        "passed": 41,
        "scorecard": (ScoreLine("core", 1.0, 0.9997, 1.0, None, 0.5, 6, 144),),
        "identity": (IdentityLine("create", 5), IdentityLine("merge", 1)),
        "customers": 2013, "parties": 9120, "aum": Decimal("123456789.01"),
        "gates": (GateLine("silver", 40, 1, 0, {"completeness": (30, 31)}),),
        "rules": (RuleLine("A01", "large outflow", "care", 3, 1, 2, {"open_complaint": 2, "quiet_hours": 1}),),
        "stages": (("bronze", 12.5, 4000), ("silver", 30.1, 9000)),
        "alerts": (
            AlertLine("loan__repay", "completeness", "warn", "open", "0.00 %", "99.00 %", "row_count", "lending", "09-30 06:30", None, None),
            AlertLine("core__acct_bal", "timeliness", "fail", "closed", "61 min late", "60 min late", "late", "core_banking", "09-30 02:30", "09-30 03:31", Decimal("110000000")),
        ),
        "changes": (ChangeLine("wealth__holding", "hold", "schema_added", ("added    risk_tag: between others: text, 100% filled",), TOUCHED),),
        "restated": (RestatedLine("profile.customer_daily", "r2", 0, 1, 12, 13, Decimal("-1234.50"), "delivery", 1),),
    }  # fmt: skip
    given |= changes
    return Day(day, "r1", given.pop("state"), **given)
