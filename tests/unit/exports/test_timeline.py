"""A customer's file in order of time, from what is published and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from spark_jobs.errors import OxpeckerError
from spark_jobs.exports.timeline import EVENTS, of_customer
from tests.support.published import CONTRACTS, publish


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 9, day, hour, tzinfo=UTC)


ROWS = {
    "fct_contact_ledger": [{"customer_id": "wang", "occurred_at": at(3, 2), "channel_code": "phone", "direction_code": "outbound", "purpose_code": "care", "result_code": "reached"},
                           {"customer_id": "li", "occurred_at": at(3, 3), "channel_code": "sms", "direction_code": "outbound"}],
    "fct_complaint_loop": [{"customer_id": "wang", "received_at": at(1, 1), "resolved_at": at(2, 1), "channel_code": "app", "class_l1_code": "fee", "state_code": "closed",
                            "resolution_hours": Decimal("24.00"), "outcome_code": "refund"}],
    "fct_rule_outcome": [{"customer_id": "wang", "created_at": at(4, 22), "rule_code": "A06", "channel_code": "email", "outcome_code": "suppressed", "reason_codes": ["open_complaint", "opt_out"]}],
    "fct_lifecycle_transition": [{"customer_id": "wang", "business_date": date(2026, 9, 2), "from_stage_code": "growth", "stage_code": "retention", "reason_code": "balance"}],
    "fct_tier_migration": [{"customer_id": "wang", "month_date": date(2026, 9, 1), "from_tier_code": "AFF", "tier_code": "AFF", "is_moved": False}],
    "fct_segment_membership": [{"customer_id": "wang", "segment_code": "grp_g03", "joined_date": date(2026, 8, 31), "business_date": date(2026, 8, 31), "why": "{}"},
                               {"customer_id": "wang", "segment_code": "grp_g03", "joined_date": date(2026, 8, 31), "business_date": date(2026, 9, 30), "why": "{}"}],
    "fct_customer_monthly": [{"customer_id": "wang", "month_date": date(2026, 9, 1), "aum_mavg_cny": Decimal("12.00"), "answer_cnt": 2, "answers_avg_score": Decimal("62.5"),
                              "tier_code": "AFF", "is_complete_month": False}],
}  # fmt: skip


@pytest.fixture
def shown(tmp_path):
    """A release of some marts; there are no scores yet."""
    return publish(tmp_path, ROWS)


@pytest.mark.requirement("R-A-08")
def test_what_happened_with_a_customer_is_told_in_order_and_of_nobody_else(shown):
    told = [(str(at)[5:16], kind, what, detail) for at, kind, what, detail in of_customer(shown, "wang")]

    assert told == [
        ("08-31 00:00", "segment", "grp_g03", "{}"),
        ("09-01 01:00", "complaint", "received by app fee", "closed"),
        ("09-02 00:00", "stage", "growth → retention", "balance"),
        ("09-02 01:00", "complaint solved", "solved after 24.00 hours", "refund"),
        ("09-03 02:00", "contact", "outbound phone care", "reached"),
        ("09-04 22:00", "rule", "A06 email suppressed", "open_complaint, opt_out"),
        ("09-30 00:00", "answers", "2 answers, mean 62.5", None),
    ]


def test_only_the_kinds_that_are_asked_for_and_nothing_of_whom_nobody_knows(shown):
    assert [row[1] for row in of_customer(shown, "wang", ("contact", "rule"))] == ["contact", "rule"]
    assert of_customer(shown, "nobody") == []
    assert of_customer(shown, "wang", ("score",)) == []


@pytest.mark.parametrize(
    ("customer", "kinds", "said"),
    [
        ("wang' or true --", (), "a customer id is letters and digits"),
        ("wang", ("complain",), "did you mean `complaint`"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(shown, customer, kinds, said):
    with pytest.raises(OxpeckerError, match=said):
        of_customer(shown, customer, kinds)


def test_every_kind_names_a_mart_and_columns_that_are_declared():
    for kind, (mart, *expressions) in EVENTS.items():
        columns = set(CONTRACTS.table(f"mart.{mart}").columns)
        assert "customer_id" in columns, kind
        assert any(column in " ".join(expressions) for column in columns), kind
