"""Segments, by the worked examples of the rules."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from spark_jobs import settings
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.profile.lifecycle import Lifecycle
from spark_jobs.profile.lifecycle_states import Facts
from spark_jobs.profile.lifecycle_states import Rules as LifecycleRules
from spark_jobs.profile.segment import More, Rules, Segments

GIVEN = settings.load()
RULES = Rules.of(settings.rules(GIVEN, "segment"), settings.rules(GIVEN, "tier"))
STAGES = LifecycleRules.of(settings.rules(GIVEN, "lifecycle"))
DAY = date(2026, 9, 30)
CONSENTS = More(allowed=frozenset({"transaction"}))


def walk(*days: tuple[Facts, More]) -> list[dict[str, str]]:
    machine, segments = Lifecycle(STAGES), Segments(RULES)
    return [segments.step(facts, more, machine.step(facts)) for facts, more in days]


def mass(avg30: str, tier: str = "MASS") -> Facts:
    return Facts(DAY, avg30=Decimal(avg30), tier=tier)


@pytest.mark.parametrize(
    ("matures", "is_in"),
    [(date(2026, 10, 30), True), (date(2026, 10, 31), False), (DAY, False), (None, False)],
)
def test_what_matures_within_thirty_days_and_does_not_renew_itself(matures: date | None, is_in: bool) -> None:
    """A position that renews itself has no next_unrolled_matures_date."""
    assert ("seg_maturing" in walk((mass("0"), replace(CONSENTS, next_matures_date=matures)))[0]) is is_in


@pytest.mark.parametrize(
    ("avg30", "tier", "is_in"),
    [
        ("900000.00", "MASS", True),
        ("899999.99", "MASS", False),
        ("1000000.00", "MASS", False),  # not below the threshold
        ("950000.00", "POT", True),
        ("4600000.00", "AFF", True),
        ("950000.00", "AFF", False),
        ("9000000.00", "HNW", False),
    ],
)
def test_near_the_next_tier(avg30: str, tier: str, is_in: bool) -> None:
    assert ("seg_near_tier" in walk((mass(avg30, tier), CONSENTS))[0]) is is_in


@pytest.mark.parametrize(("later", "is_in"), [("860000.00", True), ("850000.00", True), ("849999.99", False)])
def test_who_was_near_leaves_below_85_percent(later: str, is_in: bool) -> None:
    days = walk((mass("900000"), CONSENTS), (mass(later), CONSENTS))

    assert ("seg_near_tier" in days[1]) is is_in


def test_service_pain_needs_no_consent() -> None:
    found = walk((mass("0"), More(sla_breaches=2)))[0]

    assert json.loads(found["seg_service_pain"]) == {"sla_breach_30_cnt": 2, "complaint_open_cnt": 0}
    assert "seg_service_pain" in walk((mass("0"), More(open_complaints=1)))[0]
    assert "seg_service_pain" not in walk((mass("0"), More(sla_breaches=1)))[0]


def test_without_consent_nothing_is_written_for_recommendation() -> None:
    more = More(next_matures_date=date(2026, 10, 10), nps_score=Decimal("100"))

    assert set(walk((mass("4600000", "AFF"), more))[0]) == set()


def test_consent_that_comes_later_finds_who_was_near_all_along() -> None:
    days = walk((mass("900000"), More()), (mass("860000"), CONSENTS))

    assert "seg_near_tier" not in days[0]
    assert "seg_near_tier" in days[1]


@pytest.mark.requirement("R-LIFE-07", "R-LIFE-13")
def test_groups_overlap_and_say_why() -> None:
    facts = replace(mass("60000"), age=62, is_payroll=True, last_salary=date(2026, 9, 15))

    found = walk((facts, More()))[0]

    assert set(found) == {"grp_g03", "grp_g04", "grp_g05"}
    assert json.loads(found["grp_g05"]) == {"age_years": 62}
    assert json.loads(found["grp_g03"]) == {"aum_30_avg_cny": "60000", "tier_code": "MASS"}


@pytest.mark.requirement("R-VOC-18")
@pytest.mark.parametrize(
    ("nps", "is_in"), [("100", True), ("90.0000", True), ("80", False), ("0", False), (None, False)]
)
def test_a_promoter_is_who_said_nine_or_ten_last_and_lets_answers_be_used(
    nps: str | None, is_in: bool
) -> None:
    said = More(nps_score=None if nps is None else Decimal(nps), allowed=frozenset({"survey"}))

    assert ("seg_promoter" in walk((mass("0"), said))[0]) is is_in
    # Who lets the bank look at entries only has not let it look at answers.
    assert "seg_promoter" not in walk((mass("0"), replace(said, allowed=frozenset({"transaction"}))))[0]


@pytest.mark.requirement("R-VOC-18")
def test_a_lower_answer_and_a_year_of_silence_end_a_promoter() -> None:
    allowed = frozenset({"survey"})
    said = [Decimal("90"), Decimal("70"), Decimal("100"), None]

    days = walk(*((mass("0"), More(nps_score=score, allowed=allowed)) for score in said))

    assert ["seg_promoter" in day for day in days] == [True, False, True, False]


@pytest.mark.requirement("R-SEG-13")
@pytest.mark.parametrize(
    ("avg30", "tier", "is_in"),
    [
        ("10000000.00", "HNW", True),
        ("9999999.99", "HNW", False),
        ("12000000.00", "AFF", False),  # not of the tier yet
    ],
)
def test_private_diamonds_are_the_top_of_the_highest_tier(avg30: str, tier: str, is_in: bool) -> None:
    assert ("seg_private_diamond" in walk((mass(avg30, tier), More()))[0]) is is_in


@pytest.mark.requirement("R-SEG-13")
def test_a_bank_moves_the_bound_of_its_top_group_or_has_none() -> None:
    given = settings.rules(GIVEN, "segment")

    def segments(least: object) -> set[str]:
        named = {
            **given["segments"],
            "seg_private_diamond": {**given["segments"]["seg_private_diamond"], "min_aum": least},
        }
        rules = Rules.of({**given, "segments": named}, settings.rules(GIVEN, "tier"))
        facts = mass("8000000", "HNW")
        return set(Segments(rules).step(facts, More(), Lifecycle(STAGES).step(facts)))

    assert "seg_private_diamond" in segments(8000000)
    assert "seg_private_diamond" not in segments(8000001)
    assert "seg_private_diamond" not in segments(None)


@pytest.mark.requirement("R-A-01")
def test_every_segment_has_a_definition_an_owner_a_source_and_says_how_long_it_holds() -> None:
    library = load_codes(GIVEN.conf_dirs, "segment")
    given = settings.rules(GIVEN, "segment")
    groups = {f"grp_g{n:02}" for n in range(1, 11)}

    assert set(library) == {*given["segments"], *groups}
    for code, told in library.items():
        assert all(
            told[c] for c in ("zh", "en", "definition_zh", "definition_en", "valid_zh", "valid_en", "sources")
        ), code
        rule = given["groups"] if code in groups else given["segments"][code]
        assert rule["owner"] and rule["purpose"] and rule["data_classes"]
        known = load(GIVEN.conf_dirs).tables
        assert all(source in known for source in told["sources"].split(", ")), code
