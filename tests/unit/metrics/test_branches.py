"""Which branch a place of the bank belongs to, day by day."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.dates import DateRange
from spark_jobs.metrics.branches import Home, Place, homes

OPEN = date(9999, 12, 31)
WEEK = DateRange(date(2026, 9, 21), date(2026, 9, 27))


def tree(text: str) -> list[Place]:
    """One line a row: place, from, to, level, parent, merged into; an open end is a dash."""
    rows = []
    for line in text.strip().splitlines():
        code, begins, ends, level, parent, into = (cell.strip() or None for cell in line.split("|"))
        until = OPEN if ends == "-" else date.fromisoformat(ends)
        rows.append(Place(code, date.fromisoformat(begins), until, level, parent, into))
    return rows


def told(places: list[Place], code: str) -> list[str]:
    return [
        f"{home.first_date:%d}-{home.last_date:%d} {home.branch_code}"
        for home in homes(places, WEEK)
        if home.org_code == code
    ]


BANK = """
    HQ | 2000-01-01 | - | head   |    |
    B1 | 2000-01-01 | - | branch | HQ |
    B2 | 2000-01-01 | - | branch | HQ |
    O1 | 2000-01-01 | - | outlet | B1 |
    S1 | 2000-01-01 | - | outlet | O1 |
"""


def test_an_outlet_belongs_to_its_branch_also_through_another_outlet_and_a_branch_to_itself():
    bank = tree(BANK)

    assert told(bank, "O1") == told(bank, "S1") == told(bank, "B1") == ["21-27 B1"]


def test_what_is_under_no_branch_counts_with_the_head_office():
    assert told(tree(BANK + "O9 | 2000-01-01 | - | outlet | HQ |"), "O9") == ["21-27 HQ"]
    assert told(tree(BANK), "HQ") == ["21-27 HQ"]


def test_an_outlet_that_moves_on_thursday_belongs_to_its_old_branch_until_wednesday():
    moved = tree(BANK + "O2 | 2000-01-01 | 2026-09-24 | outlet | B1 |\nO2 | 2026-09-24 | - | outlet | B2 |")

    assert told(moved, "O2") == ["21-23 B1", "24-27 B2"]


def test_a_merged_outlet_belongs_where_its_successor_does_from_its_end_on():
    merged = tree(BANK + "O2 | 2000-01-01 | 2026-09-23 | outlet | B2 | O1")

    assert told(merged, "O2") == ["21-22 B2", "23-27 B1"]


def test_a_code_that_is_used_again_belongs_where_its_new_outlet_does():
    reused = tree(
        BANK + "O2 | 2000-01-01 | 2020-01-01 | outlet | B1 | O1\nO2 | 2026-09-25 | - | outlet | B2 |"
    )

    assert told(reused, "O2") == ["21-24 B1", "25-27 B2"]


def test_a_closed_outlet_without_a_successor_stays_with_its_last_branch():
    assert told(tree(BANK + "O2 | 2000-01-01 | 2026-09-23 | outlet | B2 |"), "O2") == ["21-27 B2"]


def test_a_tree_with_a_hole_or_a_circle_gives_no_branch_and_ends():
    assert told(tree(BANK + "O3 | 2000-01-01 | - | outlet | ZZ |"), "O3") == []
    assert told(tree("A | 2000-01-01 | - | outlet | B |\nB | 2000-01-01 | - | outlet | A |"), "A") == []


def test_an_outlet_has_no_branch_before_it_opened():
    assert told(tree(BANK + "O4 | 2026-09-26 | - | outlet | B2 |"), "O4") == ["26-27 B2"]


codes = st.sampled_from(["HQ", "B1", "B2", "O1", "O2", "O3"])
days = st.dates(date(2026, 9, 18), date(2026, 9, 30))
rows = st.builds(
    lambda code, day, length, parent, into: Place(
        code, day, date.fromordinal(day.toordinal() + length),
        {"H": "head", "B": "branch", "O": "outlet"}[code[0]], parent, into,
    ),
    codes, days, st.integers(1, 9), codes, st.none() | codes,
)  # fmt: skip


@given(st.lists(rows, max_size=12))
def test_a_range_says_of_each_day_what_that_day_alone_says(places):
    by_day = {
        (home.org_code, day): home.branch_code for day in WEEK for home in homes(places, DateRange.day(day))
    }
    in_range: dict[tuple[str, date], str] = {}
    for home in homes(places, WEEK):
        for day in DateRange(home.first_date, home.last_date):
            assert (home.org_code, day) not in in_range
            in_range[home.org_code, day] = home.branch_code
    assert in_range == by_day


def test_intervals_are_as_long_as_they_can_be():
    split = tree(BANK + "O2 | 2000-01-01 | 2026-09-24 | outlet | B1 |\nO2 | 2026-09-24 | - | outlet | O1 |")

    assert [h for h in homes(split, WEEK) if h.org_code == "O2"] == [Home("O2", WEEK.first, WEEK.last, "B1")]
