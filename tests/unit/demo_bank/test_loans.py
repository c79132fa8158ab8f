"""Loans of the demo bank: what is disbursed and paid is the same in the loan centre's files and in the deposit accounts."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from demo_bank import calendar, cast
from demo_bank.behaviour.leaving import Leaving
from demo_bank.lines import Lines
from demo_bank.loans.book import Payments
from demo_bank.money import Money
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import SIZES
from demo_bank.systems import loan

SIZE = changed(SIZES["nano"], people=700, first=date(2026, 8, 31))


@dataclass(frozen=True)
class Evening:
    """One date: CORE's entries about loans, what was paid and booked, balances, and the files."""

    core: dict[str, list[int]]
    booked: Payments
    waiting: Payments
    balances: dict[int, int]
    files: dict[str, list[list[str]]]


def fields(lines: Lines) -> list[list[str]]:
    return [row.split(loan.SEPARATOR) for row in lines.rows.to_pylist()]


@pytest.fixture(scope="module")
def money() -> Money:
    return Money.open(Registry(make_world(SIZE)))


@pytest.fixture(scope="module")
def evenings(money: Money) -> dict[date, Evening]:
    n = money.registry.world.people
    leaving = Leaving.open(money.registry.world.seed, np.ones(n), np.ones(n, np.int64), np.zeros(n, bool))
    told: dict[date, Evening] = {}
    for day in SIZE.dates:
        # Everybody looks for early repayment on the first date.
        made = money.advance(day, leaving, np.arange(n) if day == SIZE.first else np.zeros(0, np.int64))
        book = money.loans
        told[day] = Evening(
            {code: sorted(made.cents[made.code == code].tolist()) for code in ("6001", "6002", "6004")}, book.booked, book.waiting,
            dict(zip(book.loans.number.tolist(), book.loans.balance.tolist(), strict=True)),
            {lines.name.rsplit("_", 1)[0]: fields(lines) for lines in loan.package(book)},
        )  # fmt: skip
    return told


def test_what_is_taken_from_accounts_is_what_the_loan_centre_says_was_paid(evenings: dict[date, Evening]):
    seen = 0
    for day, evening in evenings.items():
        today = np.datetime64(day)
        for_paid = evening.booked.some(evening.booked.paid == today).and_also(
            evening.waiting.some(evening.waiting.paid == today)
        )
        from_account = for_paid.some(for_paid.channel != "COUNTER")
        assert sorted((from_account.principal + from_account.interest).tolist()) == evening.core["6002"]
        assert sorted(from_account.fee[from_account.fee > 0].tolist()) == evening.core["6004"]
        seen += len(from_account)
    assert seen > 50


def test_what_is_booked_is_owed_no_longer(evenings: dict[date, Evening]):
    for before, day in pairwise(evenings):
        told = evenings[day].booked
        for number, principal in zip(told.loan.tolist(), told.principal.tolist(), strict=True):
            assert evenings[day].balances.get(number, 0) == evenings[before].balances[number] - principal


def test_payments_of_days_off_are_booked_on_the_next_working_day(evenings: dict[date, Evening]):
    assert not any(len(evening.booked) for day, evening in evenings.items() if not calendar.is_working(day))
    told = evenings[date(2026, 9, 28)].booked
    assert {str(day) for day in told.paid} >= {"2026-09-25", "2026-09-26", "2026-09-27"}
    assert {row[3] for row in evenings[date(2026, 9, 28)].files["REPAY"]} == {"2026-09-28"}


def test_a_loan_begins_on_the_day_of_its_last_step_with_the_money_on_the_account(
    evenings: dict[date, Evening],
):
    lent = 0
    for day, evening in evenings.items():
        steps = [row for row in evening.files["APPLY"] if row[8] == "60"]
        begun = [row for row in evening.files["DUEBILL"] if row[8] == str(day)]
        assert sorted(row[7] for row in steps) == sorted(row[5] for row in begun)
        # 15's home loan is posted by the deposit books' own story.
        assert len(evening.core["6001"]) == len(steps)
        lent += len(steps)
    assert lent >= 3


def test_every_working_day_brings_an_application_and_no_day_off_but_one(evenings: dict[date, Evening]):
    for day, evening in evenings.items():
        assert bool(evening.files["APPLY"]) == (calendar.is_working(day) or day == cast.HOME_LOAN_DAY)


def test_the_home_of_member_15_is_lent_on_the_twelfth(evenings: dict[date, Evening]):
    mine = [row for row in evenings[cast.HOME_LOAN_DAY].files["DUEBILL"] if row[2] == "C900000015"]
    assert [(row[5], row[8], row[14]) for row in mine] == [("2000000.00", "2026-09-12", "购房")]
    assert not [row for row in evenings[date(2026, 9, 11)].files["DUEBILL"] if row[2] == "C900000015"]


def test_who_searches_repays_early_but_for_the_fixed_people(evenings: dict[date, Evening], money: Money):
    early = [evening.booked.some(evening.booked.is_early) for evening in evenings.values()]
    people = {money.loans.borrowers[number] for told in early for number in told.loan.tolist()}
    assert len(people) > 5
    assert min(people) >= cast.FIXED


def test_days_overdue_count_from_the_oldest_rate_that_is_not_paid(evenings: dict[date, Evening]):
    for day, evening in evenings.items():
        for row in evening.files["DUEBILL"]:
            late = max((day - date.fromisoformat(row[10])).days, 0)
            assert row[12] == str(late)
            assert row[13] == ("1" if late == 0 else "2" if late <= 90 else "3" if late <= 180 else "4")


def test_two_payments_at_least_are_booked_on_the_29th_in_the_smallest_bank():
    registry = Registry(make_world(SIZES["nano"]))
    told, n = Money.open(registry), registry.world.people
    leaving = Leaving.open(registry.world.seed, np.ones(n), np.ones(n, np.int64), np.zeros(n, bool))
    for day in SIZES["nano"].dates[:9]:
        told.advance(day, leaving, np.zeros(0, np.int64))
    assert (told.loans.day, len(told.loans.booked) >= 2) == (date(2026, 9, 29), True)


def test_the_truth_names_each_record_of_the_loan_centre_once(evenings: dict[date, Evening], money: Money):
    keys, persons = loan.links(money.loans)
    known = dict(zip(keys, persons.tolist(), strict=True))
    assert len(known) == len(keys)
    assert known["C900000015"] == cast.person(15)
    for evening in evenings.values():
        assert {row[1] or f"{row[2]}-{row[3]}" for row in evening.files["APPLY"]} <= known.keys()
        assert {row[2] for row in evening.files["DUEBILL"]} <= known.keys()
        assert {f"G-{row[2]}-{row[3]}" for row in evening.files["GUARANTOR"]} <= known.keys()
