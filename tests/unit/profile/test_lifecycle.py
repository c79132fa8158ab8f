"""Stage and groups, by the worked examples of the rules, and the legal moves on random lives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as thorough
from hypothesis import strategies as st

from spark_jobs import settings
from spark_jobs.profile.lifecycle import Lifecycle
from spark_jobs.profile.lifecycle_states import (
    LEGAL_STAGES,
    OUTSIDE,
    STAGES,
    Facts,
    Rules,
    State,
    is_legal_stage,
)

RULES = Rules.of(settings.rules(settings.load(), "lifecycle"))
TODAY = date(2026, 9, 30)


def opened(days_ago: int, on: date = TODAY) -> date:
    return on - timedelta(days=days_ago)


def yuan(amount: str) -> Decimal:
    return Decimal(amount.replace(",", ""))


def live(*days: Facts) -> list[State]:
    """The states of consecutive days that end today."""
    machine = Lifecycle(RULES)
    first = TODAY - timedelta(days=len(days) - 1)
    return [machine.step(replace(facts, day=first + timedelta(days=n))) for n, facts in enumerate(days)]


def shown(states: list[State]) -> list[str]:
    return [f"{s.stage}/{s.group}" for s in states]


ORDINARY = Facts(TODAY)
PROSPECT = replace(ORDINARY, relationship_date=None, open_agreements=0, has_had_agreement=False, kinds=0)


def test_a_first_account_makes_a_prospect_a_new_customer() -> None:
    states = live(PROSPECT, replace(ORDINARY, relationship_date=TODAY))

    assert shown(states) == ["prospect/None", "acquisition/G01"]
    assert states[-1].reason == "opened"


@pytest.mark.parametrize(("tenure", "expected"), [(89, "acquisition/G01"), (90, "growth/G02")])
def test_the_honeymoon_ends_after_ninety_days(tenure: int, expected: str) -> None:
    new = replace(ORDINARY, relationship_date=opened(tenure), avg30=yuan("8,000"))

    assert shown(live(new, new))[-1] == expected


def test_value_counts_on_the_third_day() -> None:
    poor, rich = replace(ORDINARY, avg30=yuan("49,999.99")), replace(ORDINARY, avg30=yuan("50,000.00"))

    assert shown(live(poor, rich, rich, rich)) == ["growth/G02", "growth/G02", "growth/G02", "growth/G03"]


def test_a_day_short_of_three_starts_the_count_anew() -> None:
    poor, rich = replace(ORDINARY, avg30=yuan("0")), replace(ORDINARY, avg30=yuan("50,000"))

    assert shown(live(poor, rich, rich, poor, rich, rich))[-1] == "growth/G02"


@pytest.mark.requirement("R-LIFE-08")
def test_maturity_is_confirmed_and_groups_overlap() -> None:
    before = replace(ORDINARY, relationship_date=opened(397), age=62, is_payroll=True)
    ripe = replace(before, kinds=2)

    states = live(before, ripe, ripe, ripe)

    assert shown(states)[-2:] == ["growth/G05", "maturity/G05"]
    assert {"G04", "G05"} <= states[-1].groups


def test_an_affluent_customer_may_have_no_group() -> None:
    before = replace(ORDINARY, tier="AFF", relationship_date=opened(400), avg30=yuan("2,000,000"))
    ripe = replace(before, kinds=2)

    assert shown(live(before, ripe, ripe, ripe))[-1] == "maturity/None"


def test_salary_that_stopped_is_suspected_loss() -> None:
    paid = replace(ORDINARY, kinds=2, is_payroll=True, salary_before_3=3, last_salary=opened(44, opened(3)))
    steady = replace(paid, avg30=yuan("30,000"), avg180=yuan("30,000"))

    states = live(steady, steady, steady, steady)

    assert shown(states)[:3] == ["maturity/G04"] * 3
    assert (states[3].stage, states[3].group, states[3].cause) == ("retention", "G07", "salary_stopped")


@pytest.mark.parametrize(("avg30", "expected"), [("50,000.00", "retention/G07"), ("50,000.01", "growth/G03")])
def test_half_of_the_half_years_average_is_suspected_loss(avg30: str, expected: str) -> None:
    before = replace(ORDINARY, avg30=yuan("100,000"), avg180=yuan("100,000"))
    fallen = replace(before, avg30=yuan(avg30))

    states = live(before, fallen, fallen, fallen)

    assert shown(states)[-1] == expected
    assert states[-1].base == (yuan("100,000") if states[-1].group == "G07" else None)


def test_who_has_little_has_too_little_to_lose() -> None:
    poor = replace(ORDINARY, avg180=yuan("9,999.99"), avg30=yuan("100"))

    assert shown(live(poor, poor, poor, poor))[-1] == "growth/G02"


def test_a_young_relation_is_never_suspected() -> None:
    young = replace(ORDINARY, relationship_date=opened(80), avg180=yuan("100,000"), avg30=yuan("100"))

    assert shown(live(young, young, young, young))[-1] == "acquisition/G01"


LOST = replace(ORDINARY, avg180=yuan("100,000"), avg30=yuan("40,000"))


@pytest.mark.parametrize(("inactive", "group"), [(30, "G08"), (12, "G07")])
def test_actual_loss_needs_silence_too(inactive: int, group: str) -> None:
    gone = replace(LOST, avg30=yuan("9,900"), inactive_days=inactive)

    assert live(LOST, gone)[-1].group == group


@pytest.mark.requirement("R-LIFE-09")
def test_actual_loss_comes_after_suspected_loss_not_with_it() -> None:
    before = replace(ORDINARY, avg180=yuan("100,000"), avg30=yuan("100,000"), inactive_days=42)
    gone = replace(before, avg30=yuan("900"), inactive_days=45)

    assert shown(live(before, gone, gone, gone, gone))[-2:] == ["retention/G07", "retention/G08"]


def test_recovery_from_actual_loss_is_about_money() -> None:
    gone = replace(LOST, avg30=yuan("9,900"), inactive_days=30)
    looked_in = replace(gone, inactive_days=0)

    assert live(LOST, gone, looked_in)[-1].group == "G08"


@pytest.mark.parametrize(("kinds", "stage"), [(1, "growth"), (2, "maturity")])
def test_won_back_on_the_third_day(kinds: int, stage: str) -> None:
    gone = replace(LOST, avg30=yuan("9,900"), inactive_days=30, kinds=kinds)
    back = replace(gone, avg30=yuan("50,000.01"), inactive_days=0, avg180=yuan("60,000"))

    states = live(LOST, gone, back, back, back)

    assert states[-2].group == "G08"
    assert (states[-1].stage, states[-1].reason) == (stage, "won_back")


def test_suspicion_lasts_half_a_year_at_most() -> None:
    machine = Lifecycle(RULES)
    fallen = replace(LOST, avg180=yuan("100,000"))
    start = date(2026, 1, 1)
    first = machine.step(replace(fallen, day=start))
    settled = replace(fallen, avg180=yuan("45,000"))
    later = [machine.step(replace(settled, day=start + timedelta(days=n))) for n in range(1, 183)]

    assert first.group == "G07"
    assert later[178].group == "G07"  # day 179
    assert later[-1].group == "G02"  # three days after day 180


@pytest.mark.parametrize(("sticky", "group"), [(True, "G10"), (False, "G09")])
@pytest.mark.requirement("R-LIFE-10")
def test_half_a_year_without_activity_is_sleep(sticky: bool, group: str) -> None:
    asleep = replace(ORDINARY, inactive_days=180, is_sticky=sticky)

    states = live(replace(ORDINARY, inactive_days=179), asleep)

    assert shown(states) == ["growth/G02", f"dormancy/{group}"]


def test_three_active_days_wake_a_sleeper() -> None:
    asleep = replace(ORDINARY, relationship_date=opened(900), kinds=3, inactive_days=200, is_sticky=True)
    awake = replace(asleep, inactive_days=0, is_sticky=False)

    states = live(asleep, awake, awake, awake)

    assert shown(states) == ["dormancy/G10", "dormancy/G10", "dormancy/G10", "maturity/G02"]


def test_the_dead_stay_so_until_a_correction() -> None:
    dead = replace(ORDINARY, is_deceased=True)

    assert [s.stage for s in live(ORDINARY, dead, ORDINARY)] == ["growth", "ended", "ended"]
    assert live(PROSPECT, replace(PROSPECT, is_deceased=True))[-1].stage == "ended"


def test_a_closed_relation_ends_and_may_begin_anew() -> None:
    closed = replace(ORDINARY, open_agreements=0)

    states = live(ORDINARY, closed, ORDINARY, ORDINARY)

    assert shown(states) == ["growth/G02", "ended/None", "acquisition/G01", "acquisition/G01"]
    assert [s.reason for s in states] == ["first_day", "closed", "opened", "opened"]


def test_a_prospect_found_to_be_an_old_customer_passes_through_acquisition() -> None:
    assert shown(live(PROSPECT, ORDINARY, ORDINARY)) == ["prospect/None", "acquisition/G02", "growth/G02"]


amounts = st.sampled_from(["0", "900", "9,999.99", "40,000", "50,000.00", "100,000", "2,000,000"]).map(yuan)
moments = st.builds(
    Facts,
    day=st.just(TODAY),
    avg30=amounts,
    avg180=amounts,
    relationship_date=st.sampled_from([opened(n) for n in (5, 88, 92, 364, 900)]),
    inactive_days=st.sampled_from([0, 29, 30, 179, 180, 400]),
    kinds=st.integers(0, 3),
    open_agreements=st.sampled_from([0, 1, 1, 1]),
    has_had_agreement=st.booleans(),
    is_deceased=st.sampled_from([False] * 19 + [True]),
    age=st.sampled_from([None, 17, 40, 60]),
    tier=st.sampled_from(["MASS", "POT", "AFF", "HNW"]),
    is_payroll=st.booleans(),
    salary_before_3=st.integers(0, 3),
    last_salary=st.sampled_from([None, opened(10), opened(50)]),
    is_sticky=st.booleans(),
)
lives = st.lists(st.tuples(moments, st.integers(1, 5)), min_size=1, max_size=12)


def is_legal_group(before: str | None, after: str | None, stage_before: str) -> bool:
    """Whether the primary group may follow: G08 only from G07, never back to it; G01 only from outside a relationship."""
    if before == after:
        return True
    if after == "G08":
        return before == "G07"
    if after == "G01":
        return stage_before in OUTSIDE
    return (before, after) != ("G08", "G07")


@thorough(max_examples=300, deadline=None)
@given(lives)
def test_no_life_makes_an_illegal_move(life: list[tuple[Facts, int]]) -> None:
    days = [facts for facts, times in life for _ in range(times)]

    states = live(*days)

    for before, after in pairwise(states):
        assert is_legal_stage(before.stage, after.stage), (before, after)
        assert is_legal_group(before.group, after.group, before.stage), (before, after)
    assert all(s.group in s.groups or s.group is None for s in states)
    assert all((s.stage in ("prospect", "ended")) <= (s.groups == frozenset()) for s in states)
    assert all((s.base is None) == (s.stage != "retention") for s in states)


@pytest.mark.requirement("R-LIFE-01")
def test_every_stage_is_in_the_table_of_moves() -> None:
    reached: Callable[[str], bool] = lambda stage: any(stage in after for after in LEGAL_STAGES.values())  # noqa: E731
    assert set(LEGAL_STAGES) == set(STAGES)
    assert all(reached(stage) for stage in STAGES if stage != "prospect")


def test_the_gate_lets_through_what_the_machine_may_do_and_nothing_else():
    gates = yaml.safe_load(
        (settings.REPOSITORY / "conf" / "gates" / "profile.yml").read_text(encoding="utf-8")
    )
    pairs = set(re.findall(r"\('(\w+)', '(\w+)'\)", gates["stages_move_legally"]["sql"]))

    assert pairs == {(before, after) for before, afters in LEGAL_STAGES.items() for after in afters}
