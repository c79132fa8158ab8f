from datetime import date

import pytest

from spark_jobs.dates import DateRange
from spark_jobs.errors import SettingsError


def test_a_day_is_a_range_of_one():
    assert list(DateRange.parse("2026-09-30")) == [date(2026, 9, 30)]


def test_both_ends_belong_to_a_range():
    assert len(DateRange.parse("2026-09-29", "2026-10-01")) == 3


def test_a_late_file_widens_the_range_at_its_front_only():
    today = DateRange.parse("2026-09-30")

    assert today.reaching(date(2026, 9, 28)) == DateRange.parse("2026-09-28", "2026-09-30")
    assert today.reaching(date(2026, 10, 2)) == today
    assert today.reaching(None) == today


def test_a_range_that_ends_before_it_starts_is_refused():
    with pytest.raises(SettingsError, match="swap the two"):
        DateRange.parse("2026-09-30", "2026-09-29")


def test_another_way_of_writing_a_date_is_refused_with_the_expected_one():
    with pytest.raises(SettingsError, match="YYYY-MM-DD"):
        DateRange.parse("30.09.2026")
