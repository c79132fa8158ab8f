"""The analysts' questions run as they stand on the published marts, and add up."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from spark_jobs.exports import published
from spark_jobs.settings import REPOSITORY
from tests.support.published import publish

PAGE = (REPOSITORY / "docs" / "queries.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"## (.+?)\n.*?```sql\n(.*?)```", PAGE, re.DOTALL))
SEPTEMBER = date(2026, 9, 1)


def month(customer: str, tier: str, score: str, end: str) -> dict[str, object]:
    return {"customer_id": customer, "month_date": SEPTEMBER, "tier_code": tier, "answer_cnt": 1, "answers_avg_score": Decimal(score),
            "aum_mavg_cny": Decimal("100.00"), "aum_end_cny": Decimal(end), "is_complete_month": True}  # fmt: skip


@pytest.fixture
def bank(tmp_path):
    """Ten content and growing customers of one tier and segment, nine of another; complaints of September with and without a class."""
    people = [month(f"c{n}", "AFF", "80", "110.00") for n in range(10)] + [
        month(f"d{n}", "MASS", "20", "50.00") for n in range(9)
    ]
    return publish(tmp_path, {
        "fct_customer_monthly": people,
        "fct_segment_membership": [{"customer_id": p["customer_id"], "segment_code": "grp_g03", "month_date": SEPTEMBER} for p in people],
        "fct_journey_score": [
            {"touchpoint_code": "mb_transfer", "x_score": Decimal(x), "s_score": Decimal(s), "b_score": Decimal("50"), "served_cnt": 12, "contradiction_code": code}
            for x, s, code in (("90", "50", "said_fine_suffered"), ("70", "70", None))
        ] + [{"touchpoint_code": "atm", "x_score": Decimal(1), "s_score": Decimal(1), "served_cnt": 9}],
        "dim_touchpoint": [{"touchpoint_code": "mb_transfer", "journey_name": "转账"}],
        "fct_complaint_loop": [
            {"complaint_no_cmpl": str(n), "business_date": date(2026, 9, 2), "class_l1_code": l1, "class_l2_code": l2, "first_owner_staff_id": "s", "handover_cnt": n}
            for n, (l1, l2) in enumerate((("process", "documents"), ("process", "documents"), ("fee", None), (None, None)))
        ],
        "fct_rm_worklist": [
            {"manager_staff_id": "m", "business_date": date(2026, 9, 2), "rank_no": n, "is_within_capacity": n <= 2} for n in (1, 2, 3)
        ],
    })  # fmt: skip


def answer(bank, question: str) -> list[tuple[object, ...]]:
    (query,) = [sql for title, sql in QUERIES.items() if title.startswith(question)]
    return published.query(bank, query)[1]


@pytest.mark.requirement("R-IND-18")
def test_indicators_are_read_beside_money_tags_service_and_behaviour(bank):
    # Nine customers of a tier are too few to be shown.
    assert answer(bank, "Is a good experience worth anything") == [("AFF", 10, 80.0, 10.0)]
    # (10 × 80 + 9 × 20) ÷ 19
    assert answer(bank, "Which groups are content") == [("grp_g03", SEPTEMBER, 19, 51.6)]
    assert answer(bank, "Where does service fall short") == [("mb_transfer", 80.0, 60.0, 24, 1)]
    assert answer(bank, "Where do people give up") == [("转账", "mb_transfer", 50.0, None, 24)]


@pytest.mark.requirement("R-VOC-17")
def test_causes_of_complaints_are_shares_that_add_up_to_one_with_those_nobody_classified(bank):
    shares = [(row[1], row[2], row[3], float(row[4])) for row in answer(bank, "What do people complain of")]

    assert shares == [
        ("process", "documents", 2, 0.5), ("fee", "unclassified", 1, 0.25), ("unclassified", "unclassified", 1, 0.25),
    ]  # fmt: skip


def test_hand_overs_and_managers_days_are_counted(bank):
    assert answer(bank, "Who was asked first") == [("s", 4, 6, None)]
    assert [row[2:] for row in answer(bank, "How full are the managers' days")] == [(3, 2, 1)]


def test_every_question_of_the_page_has_a_query_that_runs(bank):
    assert len(QUERIES) == PAGE.count("\n## ") == PAGE.count("```sql") == 7
    for question in QUERIES:
        answer(bank, question)
