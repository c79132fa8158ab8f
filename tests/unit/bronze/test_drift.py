"""How two deliveries of one feed differ, told for a person, and what that would touch. People and amounts in them are made up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from spark_jobs.bronze.drift import Change, diff, told, verdict
from spark_jobs.bronze.touched import marts_of, touched
from spark_jobs.bronze.value_profiles import Profile, distance, profiles
from spark_jobs.contracts import load
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF

DAY = date(2026, 9, 29)
NEXT = DAY + timedelta(days=1)
ROWS = 200
Maker = Callable[[np.random.Generator, date], str]


def _day(rng: np.random.Generator, day: date, first: int, last: int) -> str:
    return str(day + timedelta(days=int(rng.integers(first, last))))


# What each column of the made-up feed is like; every day it is drawn anew.
COLUMNS: dict[str, Maker] = {
    "task_no": lambda rng, day: f"T{rng.integers(10**9):09d}",
    "mobile": lambda rng, day: f"154{rng.integers(10**8):08d}",
    "fax": lambda rng, day: f"0571-{rng.integers(10**7):07d}",
    "created": lambda rng, day: _day(rng, day, -20, 0),
    "due": lambda rng, day: _day(rng, day, 1, 40),
    "amount": lambda rng, day: f"{np.exp(rng.normal(8, 1)):.2f}",
    "fee": lambda rng, day: f"{np.exp(rng.normal(1, 0.5)):.2f}",
    "state": lambda rng, day: ("open", "done", "gone")[int(rng.integers(3))],
    "channel": lambda rng, day: ("phone", "visit", "mail", "app")[int(rng.integers(4))],
    "remark": lambda rng, day: "" if rng.random() < 0.6 else "call again",
}


def delivered(
    day: date, names: Sequence[str] = tuple(COLUMNS), values: Sequence[str] | None = None
) -> list[Profile]:
    """Profiles of one day: columns with these names, filled like those of `values`."""
    rng = np.random.default_rng(day.toordinal())
    made = [[COLUMNS[v](rng, day) or None for v in values or names] for _ in range(ROWS)]
    return profiles(list(names), made, day)


def crossed(one: str, other: str) -> list[Profile]:
    """The next day, with the values of two columns in each other's place."""
    places = {one: other, other: one}
    return delivered(NEXT, values=[places.get(n, n) for n in COLUMNS])


def test_two_ordinary_days_do_not_differ() -> None:
    days = [DAY + timedelta(days=n) for n in range(12)]

    assert [diff(delivered(a), delivered(b)) for a, b in pairwise(days)] == [[]] * 11


@pytest.mark.parametrize(
    ("one", "other"), [("created", "due"), ("amount", "fee"), ("state", "channel"), ("mobile", "fax")]
)
def test_two_columns_of_one_type_that_changed_places_are_found_by_their_values(one: str, other: str) -> None:
    (change,) = diff(delivered(DAY), crossed(one, other))

    assert (change.kind, set(change.columns)) == ("swapped", {one, other})
    assert change.confidence >= 0.8


def test_columns_that_are_alike_in_everything_cannot_be_told_apart_and_raise_no_alarm() -> None:
    before, after = delivered(DAY), delivered(NEXT)
    twin = [*before, replace(before[5], name="amount_2")]
    later = [*after[:5], replace(after[5], name="amount"), *after[6:], replace(after[5], name="amount_2")]

    assert diff(twin, later) == []


def test_a_column_under_another_name_is_renamed_and_not_dropped_and_added() -> None:
    names = [n if n != "mobile" else "phone_no" for n in COLUMNS]

    (change,) = diff(delivered(DAY), delivered(NEXT, names, list(COLUMNS)))

    assert (change.kind, change.columns) == ("renamed", ("mobile", "phone_no"))


def test_a_column_of_other_values_under_a_new_name_is_one_dropped_and_one_added() -> None:
    names = [n if n != "mobile" else "fee_2" for n in COLUMNS]
    values = [n if n != "mobile" else "fee" for n in COLUMNS]

    changes = diff(delivered(DAY), delivered(NEXT, names, values))

    assert [(c.kind, c.columns) for c in changes] == [("added", ("fee_2",)), ("dropped", ("mobile",))]


def test_a_column_added_says_where_it_stands() -> None:
    at_end = diff(delivered(DAY, list(COLUMNS)[:-1]), delivered(NEXT))
    between = diff(delivered(DAY, [n for n in COLUMNS if n != "fee"]), delivered(NEXT))

    assert [(c.kind, c.columns, c.is_at_end) for c in at_end] == [("added", ("remark",), True)]
    assert [(c.kind, c.columns, c.is_at_end) for c in between] == [("added", ("fee",), False)]


def test_amounts_that_became_words_are_of_another_type() -> None:
    values = [n if n != "amount" else "state" for n in COLUMNS]

    (change,) = diff(delivered(DAY), delivered(NEXT, values=values))

    assert (change.kind, change.columns, change.how) == ("type", ("amount",), "was number, is text")


def test_certificates_of_which_now_more_now_fewer_end_in_a_letter_are_what_they_were() -> None:
    """About one in eleven numbers of residents ends in X: of thirty new customers none, or six."""
    numbers = [f"3398011980010{n:05d}" for n in range(30)]
    days = [profiles(["cert_no"], [[n[:-1] + "X" if k < few else n] for k, n in enumerate(numbers)], DAY) for few in (0, 2, 6)]  # fmt: skip

    assert [diff(one, other) for one in days for other in days] == [[]] * 9


def test_without_a_header_a_column_put_between_others_is_found_by_laying_both_side_by_side() -> None:
    without = [n for n in COLUMNS if n != "fee"]
    before = [replace(p, name=f"column {k}") for k, p in enumerate(delivered(DAY, without), 1)]
    after = [replace(p, name=f"column {k}") for k, p in enumerate(delivered(NEXT), 1)]

    assert [(c.kind, c.columns) for c in diff(before, after, named=False)] == [("added", ("column 7",))]
    assert [(c.kind, c.columns) for c in diff(after, before, named=False)] == [("dropped", ("column 7",))]


def test_of_a_few_records_only_names_are_compared() -> None:
    rng = np.random.default_rng(1)
    few = [[COLUMNS[n](rng, DAY) for n in COLUMNS] for _ in range(10)]
    before = profiles(list(COLUMNS), few, DAY)
    mixed = profiles(list(COLUMNS), [row[::-1] for row in few], DAY)

    assert diff(before, mixed) == []
    assert [c.kind for c in diff(before, mixed[1:])] == ["dropped"]


def test_a_profile_keeps_no_value() -> None:
    kept = repr(delivered(DAY))

    assert not re.search(r"154\d{8}|\d+\.\d{2}'", kept)
    assert not any(word in kept for word in ("phone", "visit", "call again", "2026"))


def test_a_distance_is_the_same_both_ways_and_nothing_for_a_column_to_itself() -> None:
    made = delivered(DAY)

    assert all(distance(p, p) == 0 for p in made)
    assert all(distance(p, q) == pytest.approx(distance(q, p)) for p in made for q in made)


ADDED = Change("added", ("x",), 1.0, "at the end: text, 100% filled", True)
RETYPED = Change("type", ("amount",), 1.0, "was number, is text")
SWAPPED = Change("swapped", ("created", "due"), 0.94, "both day; each looks like what the other was")


@pytest.mark.parametrize(
    ("changes", "policy", "done"),
    [
        ([], {}, ("accept", ())),
        ([ADDED], {}, ("rescue", ("added",))),
        ([ADDED], {"added": "accept"}, ("accept", ())),
        ([ADDED], {"added": "hold"}, ("hold", ("added",))),
        # Between others is not at the end: those behind it may be read by their place.
        ([replace(ADDED, is_at_end=False)], {"added": "accept"}, ("hold", ("added",))),
        ([RETYPED, ADDED], {"type": "rescue"}, ("rescue", ("added", "type"))),
        ([SWAPPED, ADDED], {"added": "accept"}, ("hold", ("swapped",))),
    ],
)
def test_the_severest_action_of_the_contracts_policy_is_taken(
    changes: list[Change], policy: dict[str, str], done: tuple[str, tuple[str, ...]]
) -> None:
    assert verdict(changes, policy) == done


def test_nobody_can_let_a_dropped_column_in_by_policy() -> None:
    with pytest.raises(ValueError, match="dropped: accept"):
        verdict([], {"dropped": "accept"})


def test_the_difference_reads_like_a_sentence() -> None:
    assert told([SWAPPED, RETYPED]) == [
        "swapped  created ↔ due: both day; each looks like what the other was (0.94)",
        "type     amount: was number, is text",
    ]


def test_what_a_feed_of_tasks_touches_is_its_table_the_metrics_and_the_worklist() -> None:
    """`silver.crm_task` is read by the jobs of rules, metrics and marts (pipeline.py); one mart names it, two name the hits of rules."""
    found = touched(
        ["silver.crm_task"], load((SHIPPED_CONF,)).tables, marts_of(REPOSITORY / "dbt_project" / "models")
    )

    assert found.silver == ("silver.crm_task",)
    assert found.profile == ("profile.a_rule_hit",)
    assert "metric.value" in found.metric
    assert found.marts == ("mart.fct_rm_worklist", "mart.fct_rule_outcome")


def test_what_a_feed_of_the_calendar_touches_reaches_the_marts_that_name_it() -> None:
    found = touched(
        ["silver.calendar"], load((SHIPPED_CONF,)).tables, marts_of(REPOSITORY / "dbt_project" / "models")
    )

    # By its own SQL, and by complaint clocks, which count working days.
    assert "mart.dim_date" in found.marts
    assert "profile.s_complaint_clock" in found.profile
    assert "silver.party_hist" not in found.silver


def test_marts_are_told_by_what_their_sql_names() -> None:
    named = marts_of(REPOSITORY / "dbt_project" / "models")

    assert named["mart.dim_org"] == {"silver.org_hist"}
    assert "mart.dim_customer" in named["mart.dim_customer_masked"]
