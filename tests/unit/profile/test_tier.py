"""Tiers, by the worked examples of the rules. Averages in millions of yuan unless said otherwise."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from spark_jobs import settings
from spark_jobs.profile.tier import Month, Row, Rules, Tier, add_months, fold_tiers

RULES = Rules.of(settings.rules(settings.load(), "tier"))
JANUARY = date(2026, 1, 1)


def closed(*millions: str, declared: str | None = None, first: date = JANUARY, **same: object) -> list[Month]:
    """Months in a row with these averages; the first one carries the tier that CRM held."""
    return [
        Month(add_months(first, n), Decimal(m) * 1_000_000, declared=declared if n == 0 else None, **same)  # type: ignore[arg-type]
        for n, m in enumerate(millions)
    ]


def fold(
    months: list[Month], *, birth: date | None = date(1970, 5, 1), whitelist: date | None = None
) -> list[Row]:
    return fold_tiers(months, date(2025, 12, 1), birth, whitelist, RULES)


def at(rows: list[Row], day: str) -> tuple[str, str]:
    """(tier, state) in force on a day."""
    when = date.fromisoformat(day)
    found = [r.tier for r in rows if r.valid_from <= when < r.valid_to]
    assert len(found) == 1
    return found[0].code, found[0].state


def tier_at(rows: list[Row], day: str) -> Tier:
    when = date.fromisoformat(day)
    return next(r.tier for r in rows if r.valid_from <= when < r.valid_to)


def test_three_months_below_lead_to_watch_not_to_downgrade() -> None:
    rows = fold(closed("6.0", "4.2", "4.0", "3.8", declared="HNW"))

    assert at(rows, "2026-04-30") == ("HNW", "normal")
    assert at(rows, "2026-05-01") == ("HNW", "watch")


@pytest.mark.requirement("R-SEG-01")
def test_after_watch_the_best_of_six_months_decides() -> None:
    rows = fold(closed("6.0", "4.2", "4.0", "3.8", "3.9", "4.1", "0.8", declared="HNW"))

    assert at(rows, "2026-07-31") == ("HNW", "watch")
    assert at(rows, "2026-08-01") == ("AFF", "normal")
    assert tier_at(rows, "2026-08-01").basis == Decimal("4200000.0")
    assert tier_at(rows, "2026-04-01").protected_until == date(2026, 7, 31)


def test_one_good_month_in_watch_restores_the_tier() -> None:
    rows = fold(closed("6.0", "4.2", "4.0", "3.8", "3.9", "5.2", declared="HNW"))

    assert at(rows, "2026-07-01") == ("HNW", "normal")
    assert (tier_at(rows, "2026-07-01").below, tier_at(rows, "2026-07-01").watch) == (0, 0)


@pytest.mark.requirement("R-SEG-03")
def test_exactly_one_million_qualifies_and_clears_the_counters() -> None:
    rows = fold(closed("0.90", "0.95", "1.00", declared="AFF"))

    assert at(rows, "2026-04-01") == ("AFF", "normal")
    assert tier_at(rows, "2026-04-01").below == 0
    assert tier_at(rows, "2026-03-31").below == 2


@pytest.mark.parametrize(("average", "tier"), [("5.000000", "AFF"), ("5.00000001", "HNW")])
@pytest.mark.requirement("R-SEG-02")
def test_an_upgrade_comes_with_the_next_month_and_exactly_five_million_is_affluent(
    average: str, tier: str
) -> None:
    rows = fold(closed("0.1", average, declared="MASS"))

    assert at(rows, "2026-02-28") == ("MASS", "normal")
    assert at(rows, "2026-03-01") == (tier, "normal")


def test_six_months_below_end_in_the_lower_tier() -> None:
    rows = fold(closed(*["0.3"] * 6, declared="AFF"))

    assert at(rows, "2026-03-31") == ("AFF", "normal")
    assert at(rows, "2026-04-01") == ("AFF", "watch")
    assert at(rows, "2026-06-30") == ("AFF", "watch")
    assert at(rows, "2026-07-01") == ("MASS", "normal")


def test_a_whitelisted_customer_keeps_the_tier_and_counting_starts_afterwards() -> None:
    months = closed("1.2", "0.2", "0.2", "0.2", "0.2", "0.2", declared="AFF", first=date(2026, 8, 1))

    rows = fold(months, whitelist=date(2026, 12, 31))

    assert at(rows, "2026-10-01") == ("AFF", "normal")
    assert tier_at(rows, "2027-01-31").below == 0
    assert tier_at(rows, "2027-02-01").below == 1


@pytest.mark.parametrize(
    ("born", "overdue", "tier"),
    [
        (date(1999, 3, 1), 0, "POT"),
        (date(1999, 3, 1), 5, "MASS"),
        (date(1985, 3, 1), 0, "MASS"),  # 41
        (date(1985, 9, 30), 0, "POT"),  # 40 through September
        (None, 0, "MASS"),
    ],
)
@pytest.mark.requirement("R-SEG-05")
def test_potential_needs_salary_youth_and_a_clean_record(born: date | None, overdue: int, tier: str) -> None:
    months = closed("0.02", "0.02", "0.02", declared="MASS", first=date(2026, 6, 1), salary=Decimal(20_000))
    months[0] = Month(months[0].first, months[0].average, Decimal(20_000), overdue, "MASS")

    assert at(fold(months, birth=born), "2026-09-01") == (tier, "normal")


def test_potential_never_overrides_affluent() -> None:
    months = closed("1.5", "0.95", "0.95", declared="AFF", salary=Decimal(60_000))

    assert at(fold(months, birth=date(1996, 1, 1)), "2026-04-01") == ("AFF", "normal")


def test_potential_is_decided_anew_each_month_without_protection() -> None:
    months = closed("0.02", "0.02", "0.02", declared="MASS", salary=Decimal(20_000))
    months += closed("0.02", first=date(2026, 4, 1))

    rows = fold(months, birth=date(1996, 1, 1))

    assert at(rows, "2026-04-01") == ("POT", "normal")
    assert at(rows, "2026-05-01") == ("MASS", "normal")


@pytest.mark.requirement("R-IDN-09", "R-SEG-04")
def test_who_has_nothing_is_mass() -> None:
    assert at(fold([]), "2026-01-31") == ("MASS", "normal")
    assert at(fold(closed("0", declared=None)), "2026-02-01") == ("MASS", "normal")


def test_without_an_opening_package_the_first_closed_month_decides() -> None:
    rows = fold(closed("6.0"))

    assert at(rows, "2026-01-31") == ("MASS", "normal")
    assert at(rows, "2026-02-01") == ("HNW", "normal")


def test_rows_follow_each_other_without_gap_or_overlap() -> None:
    rows = fold(closed("6.0", "4.2", "4.0", "3.8", "3.9", "4.1", "0.8", declared="HNW"))

    assert all(a.valid_to == b.valid_from for a, b in pairwise(rows))
    assert all(r.valid_from < r.valid_to for r in rows)
