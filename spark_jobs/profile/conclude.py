"""A: tiers, lifecycle and segments of whole customers, folded over the dates in one pass inside Spark's workers.

One group of rows is a bucket of customers with all their days and months, so that a worker starts once for many customers. The
output has one shape for three histories: `kind` says which (tier, lifecycle, segment), columns of the others are null.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from spark_jobs.history import OPEN_DATE
from spark_jobs.profile import lifecycle_states, segment, tier
from spark_jobs.profile.lifecycle import Lifecycle
from spark_jobs.profile.lifecycle_states import Facts, State

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
MONEY = Decimal(0)
# The output of the fold: Spark's words for it.
CONCLUSIONS = (
    "kind string, customer_id string, valid_from date, valid_to date, reason_code string, "
    "tier_code string, tier_state_code string, watch_month_no int, below_month_cnt int, protected_until_date date, "
    "whitelisted_until_date date, basis_cny decimal(18,2), "
    "stage_code string, group_code string, base_cny decimal(18,2), cause_code string, previous_stage_code string, entered_date date, "
    "segment_code string, why string"
)
COLUMNS = tuple(part.split()[0] for part in CONCLUSIONS.split(", "))


@dataclass(frozen=True)
class RuleBook:
    """All parameters the fold reads, as it is shipped to the workers. `last` is the newest business date."""

    tier: tier.Rules
    lifecycle: lifecycle_states.Rules
    segment: segment.Rules
    whitelist: Mapping[str, date]
    last: date

    @classmethod
    def of(cls, given: Mapping[str, Mapping[str, Any]], last: date) -> RuleBook:
        """given: rules `tier`, `lifecycle`, `segment`."""
        listed = given["tier"]["whitelist"] or []
        whitelist = {entry["customer_id"]: date.fromisoformat(str(entry["until"])) for entry in listed}
        return cls(
            tier.Rules.of(given["tier"]), lifecycle_states.Rules.of(given["lifecycle"]),
            segment.Rules.of(given["segment"], given["tier"]), whitelist, last,
        )  # fmt: skip


def conclude(
    customer: str, days: Sequence[Row], months: Sequence[Row], book: RuleBook
) -> Iterator[dict[str, Any]]:
    """Everything that is concluded of one customer, as rows of the three histories.

    days    one row per business date on which the id is active, in order: columns of `facts_of`
    months  o_customer_monthly, any order; only closed months count
    Past the last day the rows stay open where that is the newest business date; an id that was retired before ends with its last day.
    """
    ends = (
        OPEN_DATE if days[-1]["business_date"] == book.last else days[-1]["business_date"] + timedelta(days=1)
    )
    closed = [_month(m) for m in months if m["is_complete_month"]]
    births = [d["birth_date"] for d in days if d["birth_date"] is not None]
    tiers = tier.fold_tiers(
        closed,
        days[0]["business_date"],
        births[-1] if births else None,
        book.whitelist.get(customer),
        book.tier,
    )
    for row in tiers:
        if row.valid_from < ends:
            yield _tier_row(customer, row, min(row.valid_to, ends))
    yield from _walk(customer, days, tiers, book, ends)


def _month(row: Row) -> tier.Month:
    return tier.Month(
        row["month_date"],
        row["aum_mavg_cny"],
        row["salary_cny"],
        row["max_overdue_days"],
        row["tier_code"],
        row["is_from_opening"],
    )


def _walk(
    customer: str, days: Sequence[Row], tiers: Sequence[tier.Row], book: RuleBook, ends: date
) -> Iterator[dict[str, Any]]:
    """Lifecycle and segments, day after day. A day without a row (there should be none) ends what was and starts it anew."""
    machine, segments = Lifecycle(book.lifecycle), segment.Segments(book.segment)
    stage: tuple[State, date] | None = None
    members: dict[str, tuple[str, date]] = {}
    present = iter(tiers)
    now = next(present)
    for row in days:
        day = row["business_date"]
        while now.valid_to <= day:
            now = next(present)
        facts = facts_of(row, now.tier.code)
        state = machine.step(facts)
        if stage is None or stage[0].content != state.content:
            if stage is not None:
                yield _stage_row(customer, *stage, day)
            stage = (state, day)
        found = segments.step(facts, more_of(row), state)
        for code in [c for c in members if c not in found]:
            yield _segment_row(customer, code, *members.pop(code), day)
        for code, why in found.items():
            members.setdefault(code, (why, day))
    if stage is not None:
        yield _stage_row(customer, *stage, ends)
    for code, (why, since) in members.items():
        yield _segment_row(customer, code, why, since, ends)


def facts_of(row: Row, tier_code: str) -> Facts:
    """A day's row as facts. Who never did anything has been inactive since the relationship began."""
    day, since = row["business_date"], row["relationship_date"]
    tenure = (day - since).days if since is not None else 0
    inactive = row["inactive_days"]
    return Facts(
        day, row["aum_30_avg_cny"] or MONEY, row["aum_180_avg_cny"] or MONEY, since, tenure if inactive is None else inactive,
        row["product_kind_cnt"] or 0, row["product_cnt"] or 0, bool(row["has_had_agreement"]), bool(row["is_deceased"]),
        row["age_years"], tier_code, bool(row["is_payroll"]), row["salary_before_3_cnt"] or 0, row["last_salary_date"],
        bool(row["has_car_loan"]) or bool(row["has_etc"]), bool(row["is_sticky"]),
    )  # fmt: skip


def more_of(row: Row) -> segment.More:
    """What segments read beside the facts."""
    consents = (("transaction", row["may_recommend"]), ("survey", row["may_use_answers"]))
    return segment.More(
        row["next_unrolled_matures_date"],
        row["sla_breach_30_cnt"] or 0,
        row["complaint_open_cnt"] or 0,
        row["nps_last_score"],
        frozenset(data_class for data_class, granted in consents if granted),
    )


def _row(kind: str, customer: str, since: date, until: date, **given: Any) -> dict[str, Any]:
    return (
        dict.fromkeys(COLUMNS)
        | {"kind": kind, "customer_id": customer, "valid_from": since, "valid_to": until}
        | given
    )


def _tier_row(customer: str, row: tier.Row, until: date) -> dict[str, Any]:
    t = row.tier
    return _row(
        "tier", customer, row.valid_from, until, reason_code=t.reason, tier_code=t.code, tier_state_code=t.state,
        watch_month_no=t.watch, below_month_cnt=t.below, protected_until_date=t.protected_until,
        whitelisted_until_date=t.whitelisted_until, basis_cny=t.basis,
    )  # fmt: skip


def _stage_row(customer: str, state: State, since: date, until: date) -> dict[str, Any]:
    return _row(
        "lifecycle", customer, since, until, reason_code=state.reason, stage_code=state.stage, group_code=state.group,
        base_cny=state.base, cause_code=state.cause, previous_stage_code=state.previous, entered_date=state.entered,
    )  # fmt: skip


def _segment_row(customer: str, code: str, why: str, since: date, until: date) -> dict[str, Any]:
    return _row("segment", customer, since, until, segment_code=code, why=why)


def folding(book: RuleBook, schema: pa.Schema) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """The function that Spark calls with the days and the months of one bucket of customers."""

    def fold(days: pa.Table, months: pa.Table) -> pa.Table:
        import pyarrow as pa

        by_customer: dict[str, list[Row]] = defaultdict(list)
        for month in months.to_pylist():
            by_customer[month["customer_id"]].append(month)
        rows = sorted(days.to_pylist(), key=lambda r: (r["customer_id"], r["business_date"]))
        concluded = [
            row
            for customer, found in groupby(rows, key=lambda r: r["customer_id"])
            for row in conclude(customer, list(found), by_customer[customer], book)
        ]
        return pa.Table.from_pylist(concluded, schema=schema)

    return fold
