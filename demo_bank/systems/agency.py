"""AGENCY, payroll, social-card and toll-collection (ETC) agency of the corporate department: a workbook per branch, a cover sheet and the list.

Once a month, on its fifth working day, for the month before. What employers fill in by hand went through a spreadsheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np

from demo_bank import calendar
from demo_bank.books import Books
from demo_bank.packages import Inner
from demo_bank.population import Ints
from demo_bank.registry import Registry
from demo_bank.streams import stream
from demo_bank.workbooks import Workbook

SYSTEM = "AGENCY"
ARRIVES = time(18, 0)
WORKING_DAY = 5
COVER, LIST = "填报说明", "明细"
PAYROLL = ("emp_name", "cert_no", "acct_no", "mobile", "amount", "pay_month")
SOCIAL_CARD = ("name", "cert_no", "mobile", "card_no", "issued_dt")
ETC_SIGN = ("name", "cert_no", "acct_no", "plate_no", "signed_dt")
# Share of account holders who had signed for toll collection (ETC) by the date; every list names all of them.
DRIVERS = 0.12
# Share of the people who got a social card in a month.
CARDS = 0.01


def arrival(day: date) -> datetime:
    """The same evening."""
    return datetime.combine(day, ARRIVES)


def is_due(day: date) -> bool:
    """On the fifth working day of the month."""
    worked = sum(calendar.is_working(day.replace(day=n)) for n in range(1, day.day + 1))
    return calendar.is_working(day) and worked == WORKING_DAY


def accounts(books: Books) -> tuple[list[str], Ints]:
    """(account, person): the first account of each first holder who is employed."""
    held = books.accounts
    first = np.unique(held.holder, return_index=True)[1]
    paid = first[books.world.employers[held.holder[first]] >= 0]
    return [number.strip() for number in held.numbers[paid].astype(str)], held.holder[paid]


def package(registry: Registry, books: Books, day: date) -> list[Inner]:
    """PAYROLL and SOCIAL_CARD of each branch that has any."""
    world, month = registry.world, day.replace(day=1) - timedelta(days=1)
    numbers, paid = accounts(books)
    rng = stream(world.seed, "AGENCY", "pay", month)
    amounts = rng.integers(3_000_00, 30_000_00, len(paid))
    payroll = [
        (str(world.names[p]), str(world.certs[p]), number, str(world.mobiles[p]), f"{cents // 100}.{cents % 100:02d}", f"{month:%Y%m}")
        for p, number, cents in zip(paid.tolist(), numbers, amounts.tolist(), strict=True)
    ]  # fmt: skip
    carded = np.flatnonzero(stream(world.seed, "AGENCY", "cards", month).random(world.people) < CARDS)
    cards = [
        (str(world.names[p]), str(world.certs[p]), str(world.mobiles[p]), f"SC{month:%y%m}{p:08d}", f"{month:%Y-%m}-{p % 28 + 1:02d}")
        for p in carded.tolist()
    ]  # fmt: skip
    driving, contracts = etc(books)
    made: list[Inner] = []
    for outlet in np.unique(world.outlets).tolist():
        for name, columns, rows, who in (
            ("PAYROLL", PAYROLL, payroll, paid),
            ("SOCIAL_CARD", SOCIAL_CARD, cards, carded),
            ("ETC_SIGN", ETC_SIGN, contracts, driving),
        ):
            mine = [rows[k] for k in np.flatnonzero(world.outlets[who] == outlet)]
            if mine:
                made.append(workbook(f"{name}_{outlet}_{day:%Y%m%d}.xlsx", columns, mine).inner())
    return made


def etc(books: Books) -> tuple[Ints, list[tuple[str, ...]]]:
    """(person, contract): first holders who drive, each by the first account, with a plate of a province that has none."""
    held, world = books.accounts, books.world
    people, first = np.unique(held.holder, return_index=True)
    drives = stream(world.seed, SYSTEM, "etc", len(people)).random(len(people)) < DRIVERS
    rows: list[tuple[str, ...]] = [
        (str(world.names[p]), str(world.certs[p]), str(held.numbers[at]).strip(), f"澄A{p:06d}", f"{2019 + p % 7}-{p % 12 + 1:02d}-{p % 28 + 1:02d}")
        for p, at in zip(people[drives].tolist(), first[drives].tolist(), strict=True)
    ]  # fmt: skip
    return people[drives], rows


def workbook(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Workbook:
    """A cover and the list under its column names."""
    cover = [["滨江银行代理业务"], ["请在「明细」页填写"]]
    return Workbook(name, {COVER: cover, LIST: [columns, *rows]}, len(rows))
