"""What the demo bank promises to hold: every group, move, alert, guard, defect and certificate in scope, and people who sleep."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from demo_bank import cast
from demo_bank.books import advance, open_books
from demo_bank.coverage import Cell, missing
from demo_bank.generate import Made, generate
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import DEFAULT_SEED, SIZES


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return generate(SIZES["tiny"], tmp_path_factory.mktemp("tiny"), DEFAULT_SEED, dirt="full")


def test_tiny_lacks_nothing_of_what_is_in_scope(tiny: Made):
    assert missing(tiny.cells) == []
    due = {cell.name for cell in tiny.cells if cell.is_due}
    assert {f"group G{n:02d}" for n in range(1, 11)} <= due
    assert {"A01", "A01 home_purchase", "A02", "A03", "A04", "A05", "A06", "A08", "A09", "A10", "A15"} <= due
    assert {"D03", "D06", "D07", "D10", "D11", "D15", "D20", "D25", "D31", "D32", "D38", "D39", "D42"} <= due


def test_an_empty_cell_counts_only_where_it_is_due():
    cells = [Cell("A01", 0, True), Cell("A02", 0, False), Cell("A03", 1, True)]
    assert missing(cells) == ["A01"]


def test_only_the_home_of_member_15_is_an_outflow_with_a_reason_and_few_are_without_one(tiny: Made):
    counts = {cell.name: cell.count for cell in tiny.cells}
    assert counts["A01 home_purchase"] >= 1
    assert 1 <= counts["A01"] < 100


def test_nothing_moves_on_the_accounts_of_sleepers_until_they_wake():
    size = replace(SIZES["tiny"], first=date(2026, 9, 1))
    world = make_world(size)
    books, sleepers = open_books(world), world.sleepers
    assert 20 <= sleepers.any.sum() <= 60
    assert not sleepers.any[: cast.FIXED].any()
    for day in size.dates:
        made = advance(books)
        assert not sleepers.asleep(day)[books.accounts.holder[made.account]].any()
    assert (sleepers.wakes[sleepers.any] > np.datetime64(size.first)).sum() > 0


def test_who_took_the_money_along_has_next_to_nothing_and_no_card_or_wealth():
    registry = Registry(make_world(SIZES["tiny"]))
    drained = np.flatnonzero(registry.world.sleepers.drained)
    books = open_books(registry.world)
    assert len(drained) > 0
    assert books.balance[np.isin(books.accounts.holder, drained)].max() <= 10_00
    assert not registry.has["card"][drained].any()
    assert not registry.has["wealth"][drained].any()
