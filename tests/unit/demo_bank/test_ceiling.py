"""How well leaving could be foretold at all: leavers take 10 to 39 days from deciding to being gone."""

from __future__ import annotations

from datetime import date

import pytest

from demo_bank.score.churn import chance_decided, chance_undecided, chances

AS_OF = date(2026, 8, 31)


def test_whoever_decided_today_is_gone_within_24_days_in_half_of_the_cases():
    assert chance_decided(0, 24) == 15 / 30  # 10 to 24 of 10 to 39


def test_whoever_decided_long_ago_and_is_still_here_will_be_gone_soon():
    assert chance_decided(30, 5) == 5 / 9  # 31 to 35 of 31 to 39
    assert chance_decided(38, 1) == 1.0


def test_whoever_has_not_decided_must_first_do_so():
    assert chance_undecided(0.0, 24) == 0.0
    # Certain to decide tomorrow: 23 days are left, 10 to 23 of 10 to 39.
    assert chance_undecided(1.0, 24) == pytest.approx(14 / 30)
    assert chance_undecided(0.01, 24) < chance_undecided(0.02, 24) < chance_decided(1, 24)


def test_the_ceiling_takes_no_notice_of_what_happens_later():
    """Two people alike on the day: one will decide tomorrow and be gone in time, the other never."""
    hazard = {1: 0.001, 2: 0.001, 3: 0.0, 4: 0.0}
    decided = {1: date(2026, 9, 1), 3: date(2026, 8, 11), 4: date(2026, 7, 1)}
    gone = {1: date(2026, 9, 20), 3: date(2026, 9, 15), 4: date(2026, 8, 20)}

    found = chances(hazard, decided, gone, AS_OF, 24)

    assert found[1] == found[2] == chance_undecided(0.001, 24)
    assert found[3] == chance_decided(20, 24)
    assert found[4] == 1.0
