"""Credit cards of the demo bank: bills, payments and balances agree, and nobody can be read off a record."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import date

import numpy as np
import pytest

from demo_bank.behaviour.leaving import Leaving
from demo_bank.money import Money
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import SIZES
from demo_bank.systems import card

SIZE = changed(SIZES["nano"], people=700, first=date(2026, 8, 31))


@dataclass(frozen=True)
class Evening:
    """One date: payments that CORE saw, balances before and after, and the files."""

    core: list[int]
    before: np.ndarray  # type: ignore[type-arg]
    after: np.ndarray  # type: ignore[type-arg]
    files: dict[str, list[bytes]]


@pytest.fixture(scope="module")
def money() -> Money:
    return Money.open(Registry(make_world(SIZE)))


@pytest.fixture(scope="module")
def evenings(money: Money) -> dict[date, Evening]:
    n = money.registry.world.people
    leaving = Leaving.open(money.registry.world.seed, np.ones(n), np.ones(n, np.int64), np.zeros(n, bool))
    told: dict[date, Evening] = {}
    for day in SIZE.dates:
        before = money.cards.balance.copy()
        made = money.advance(day, leaving, np.zeros(0, np.int64))
        files = {each.name.rsplit("_", 1)[0]: each.content.splitlines() for each in card.package(money.cards)}
        told[day] = Evening(
            sorted(made.cents[made.code == "6003"].tolist()), before, money.cards.balance.copy(), files
        )
    return told


def amounts(evening: Evening) -> list[tuple[bytes, int, bytes]]:
    """(account, cents, category) of each entry."""
    return [(row[45:65], int(row[87:103]), row[106:110]) for row in evening.files["C_TXN"][:-1]]


def test_balances_are_yesterdays_plus_the_entries(evenings: dict[date, Evening], money: Money):
    places = {bytes(number): k for k, number in enumerate(card.account_numbers(money.cards.person))}
    for evening in evenings.values():
        moved = np.zeros_like(evening.before)
        for account, cents, _ in amounts(evening):
            moved[places[account.strip()]] += cents
        assert (evening.after == evening.before + moved).all()


def test_payments_from_the_banks_own_accounts_are_card_payments_of_the_same_day(
    evenings: dict[date, Evening],
):
    seen = 0
    for evening in evenings.values():
        paid = [-cents for _, cents, code in amounts(evening) if code == b"0000"]
        for cents in evening.core:
            paid.remove(cents)
        seen += len(evening.core)
    assert seen > 50


def test_the_trailer_sums_what_was_charged_and_what_went_back(evenings: dict[date, Evening]):
    for evening in evenings.values():
        told = [cents for _, cents, _ in amounts(evening)]
        last = evening.files["C_TXN"][-1]
        assert int(last[19:31]) == len(told)
        assert int(last[31:54]) == sum(cents for cents in told if cents > 0)
        assert int(last[54:77]) == -sum(cents for cents in told if cents < 0)


def test_a_third_of_the_people_buy_something_on_a_day(evenings: dict[date, Evening]):
    bought = sum(code != b"0000" for evening in evenings.values() for _, _, code in amounts(evening))
    assert bought / 700 / len(evenings) == pytest.approx(0.35, rel=0.1)


def test_nobody_owes_more_than_the_limit_or_is_overdue_without_a_bill(
    evenings: dict[date, Evening], money: Money
):
    assert (money.cards.balance <= money.cards.limit).all()
    overdue = money.cards.overdue_days()
    assert (money.cards.least[overdue > 0] > 0).all()
    assert 0 < (overdue > 0).mean() < 0.1


def test_new_cards_are_used_on_their_first_day(evenings: dict[date, Evening], money: Money):
    new = np.flatnonzero(money.cards.opened >= np.datetime64(SIZE.first))
    assert len(new) > 0
    for k in new.tolist():
        day = money.cards.opened[k].astype(date)
        number = bytes(card.account_numbers(money.cards.person[k : k + 1])[0])
        assert number in {account.strip() for account, _, _ in amounts(evenings[day])}
        assert any(number in row for row in evenings[day].files["C_ACCT"])
        assert any(
            str(money.registry.records("CARD").keys[k]).encode() in row
            for row in evenings[day].files["C_CUST"]
        )


def test_names_phones_and_certificates_are_masked(money: Money):
    assert [card.masked_name(name) for name in ("李晓明", "张伟", "JAMES WALKER", "阿卜杜拉·买买提")] == [
        "李*明", "张*", "J***", "阿*提",
    ]  # fmt: skip
    assert card.masked_phone("15400001234") == "154****1234"
    text = card.opening_package(money.cards, SIZE.first)[0].content.decode()
    world = money.registry.world
    assert not [
        p for p in money.cards.person.tolist() if str(world.mobiles[p]) in text or str(world.certs[p]) in text
    ]
