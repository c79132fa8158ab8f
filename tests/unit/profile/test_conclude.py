"""One customer's histories from days and months."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from spark_jobs import settings
from spark_jobs.history import OPEN_DATE
from spark_jobs.profile.conclude import COLUMNS, RuleBook, conclude

LAST = date(2026, 9, 30)
GIVEN = settings.load()
BOOK = RuleBook.of({name: settings.rules(GIVEN, name) for name in ("tier", "lifecycle", "segment")}, LAST)


def day(on: date, **given: Any) -> dict[str, Any]:
    ordinary = {
        "customer_id": "c", "business_date": on, "aum_30_avg_cny": Decimal("60000"), "aum_180_avg_cny": Decimal("60000"),
        "relationship_date": date(2020, 1, 1), "inactive_days": 0, "product_kind_cnt": 1, "product_cnt": 1,
        "has_had_agreement": True, "is_deceased": False, "age_years": 40, "birth_date": date(1986, 1, 1), "is_payroll": False,
        "salary_before_3_cnt": 0, "last_salary_date": None, "has_car_loan": False, "has_etc": None, "is_sticky": None,
        "next_unrolled_matures_date": None, "sla_breach_30_cnt": None, "complaint_open_cnt": None, "nps_last_score": None,
        "may_recommend": None, "may_use_answers": None,
    }  # fmt: skip
    return ordinary | given


def month(first: date, average: str, **given: Any) -> dict[str, Any]:
    ordinary = {
        "customer_id": "c", "month_date": first, "aum_mavg_cny": Decimal(average), "salary_cny": Decimal(0), "max_overdue_days": 0,
        "tier_code": None, "is_from_opening": True, "is_complete_month": True,
    }  # fmt: skip
    return ordinary | given


def days(first: date, last: date = LAST, **given: Any) -> list[dict[str, Any]]:
    return [day(first + timedelta(days=n), **given) for n in range((last - first).days + 1)]


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [r for r in rows if r["kind"] == kind]


def test_the_tier_of_the_day_decides_the_group_of_the_day() -> None:
    months = [month(date(2026, 7, 1), "200000", tier_code="MASS"), month(date(2026, 8, 1), "1200000")]

    rows = list(conclude("c", days(date(2026, 8, 30)), months, BOOK))

    assert [(r["tier_code"], r["valid_from"]) for r in of_kind(rows, "tier")] == [
        ("MASS", date(2026, 7, 1)),
        ("AFF", date(2026, 9, 1)),
    ]
    assert [(r["group_code"], r["valid_from"], r["valid_to"]) for r in of_kind(rows, "lifecycle")] == [
        ("G03", date(2026, 8, 30), date(2026, 9, 1)),
        (None, date(2026, 9, 1), OPEN_DATE),
    ]
    assert [(r["segment_code"], r["valid_to"]) for r in of_kind(rows, "segment")] == [
        ("grp_g03", date(2026, 9, 1))
    ]


def test_the_month_that_closes_with_the_last_day_counts_from_the_next() -> None:
    rows = list(conclude("c", days(LAST), [month(date(2026, 9, 1), "6000000", is_from_opening=False)], BOOK))

    assert [(r["tier_code"], r["valid_from"]) for r in of_kind(rows, "tier")] == [
        ("MASS", LAST),
        ("HNW", date(2026, 10, 1)),
    ]


def test_a_running_month_decides_nothing() -> None:
    rows = list(
        conclude("c", days(LAST), [month(date(2026, 9, 1), "6000000", is_complete_month=False)], BOOK)
    )

    assert [r["tier_code"] for r in of_kind(rows, "tier")] == ["MASS"]


def test_a_retired_id_ends_with_its_last_day() -> None:
    rows = list(conclude("c", days(date(2026, 9, 1), date(2026, 9, 10)), [], BOOK))

    assert {r["valid_to"] for r in rows} == {date(2026, 9, 11)}


def test_every_row_has_every_column() -> None:
    rows = list(conclude("c", days(date(2026, 9, 1)), [], BOOK))

    assert all(tuple(r) == COLUMNS for r in rows)


def test_a_prefix_of_the_days_gives_the_same_past() -> None:
    """Range = day by day: what is concluded for a day does not depend on later days."""
    life = days(date(2026, 9, 1), date(2026, 9, 9)) + days(date(2026, 9, 10), aum_30_avg_cny=Decimal("20000"))
    whole = of_kind(list(conclude("c", life, [], BOOK)), "lifecycle")
    for cut in range(1, len(life)):
        last = life[cut - 1]["business_date"]
        part = of_kind(list(conclude("c", life[:cut], [], BOOK)), "lifecycle")
        known = [r for r in whole if r["valid_from"] <= last]
        assert [(r["stage_code"], r["valid_from"]) for r in part] == [
            (r["stage_code"], r["valid_from"]) for r in known
        ]


def test_consent_that_is_withdrawn_on_the_way_ends_what_was_for_recommendation_on_that_day():
    first, withdrawn = date(2026, 9, 21), date(2026, 9, 26)
    lived = days(first, aum_30_avg_cny=Decimal("950000"), may_recommend=True)
    lived = [d | {"may_recommend": d["business_date"] < withdrawn} for d in lived]

    rows = [r for r in conclude("c", lived, [], BOOK) if r["segment_code"] == "seg_near_tier"]

    assert [(r["valid_from"], r["valid_to"]) for r in rows] == [(first, withdrawn)]
