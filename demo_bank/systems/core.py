"""CORE, the deposit system: fixed-width records in GB18030 with trailers and control files; layouts as published in docs/demo-bank.md."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast
from demo_bank.books import DEMAND, DOLLAR, TIME, Accounts, Books, Entries, sequence
from demo_bank.packages import Inner, control, dates, digits, fixed, signed, texts, trailer
from demo_bank.population import World
from demo_bank.registry import Registry
from demo_bank.systems import core_opening, hrorg
from demo_bank.systems.core_customers import Customers

SYSTEM = "CORE"
ARRIVES = time(2, 10)
ACCT = (1, 22, 16, 16, 16, 8, 3, 6, 8, 8, 8, 1, 5, 9, 1, 2, 14)
BAL = (1, 22, 8, 3, 18, 18, 17, 17, 18)
TXN = (1, 8, 6, 20, 22, 1, 3, 17, 18, 4, 2, 6, 8, 32, 60, 14, 60, 1, 20)
PROD = (1, 8, 40, 4, 3, 2, 5, 1, 16)
ORG = (1, 6, 40, 1, 6, 8, 8, 6, 14)


def arrival(day: date) -> datetime:
    """Local time on the next calendar day."""
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def _full(text: str, rows: int) -> NDArray[np.bytes_]:
    return np.full(rows, text.encode("gb18030"))


def _file(
    name: str, day: date, content: bytes, rows: int, widths: tuple[int, ...], sums: tuple[int, int] = (0, 0)
) -> Inner:
    length = sum(widths)
    return Inner(f"{name}_{day:%Y%m%d}.dat", content + trailer(name, day, rows, *sums, length), rows, length)


def _closed(held: Accounts) -> NDArray[np.datetime64]:
    """Closing date of each account; NaT for those still open."""
    told = np.full(len(held), np.datetime64("NaT"), "datetime64[D]")
    for person, day in cast.CLOSED.items():
        told[held.holder == person] = np.datetime64(day)
    return told


def accounts(books: Books, day: date, *, everyone: bool) -> Inner:
    """ACCT of all accounts in the opening package, of new ones later."""
    today = np.datetime64(day)
    held = books.accounts.some(books.accounts.opened <= today if everyone else books.accounts.opened == today)
    world, n = books.world, len(held)
    firsts = world.cust_numbers()
    owners = np.where(
        held.number == 0, firsts[held.holder], np.char.add("C", (500_000_000 + held.holder).astype(str))
    )
    second = np.where(held.co_holder >= 0, firsts[held.co_holder], "")
    third = np.where(held.third_holder >= 0, firsts[held.third_holder], "")
    columns = [
        _full("D", n), held.numbers.astype("S22"), owners.astype("S16"), second.astype("S16"), third.astype("S16"),
        held.products.astype("S8"), held.currency.astype("S3"), world.outlets[held.holder].astype("S6"),
        dates(held.opened, n), dates(held.matures, n), dates(_closed(held), n),
        np.where(np.isnat(_closed(held)), b"0", b"2"),
        digits(held.term_days, 5), _full("001500000", n), _full("N", n),
        np.where((world.employers[held.holder] >= 0) & (held.products == DEMAND), b"02", b"01"),
        _full(f"{day:%Y%m%d}010000", n),
    ]  # fmt: skip
    return _file("ACCT", day, fixed(columns, ACCT), n, ACCT)


def balances(books: Books, day: date) -> Inner:
    """ACCT_BAL of every account there is. SUM1 = Σ of CNY rows, SUM2 = numeric Σ of the other currencies."""
    there = books.accounts.opened <= np.datetime64(day)
    held = books.accounts.some(there)
    n, balance, average = len(held), books.balance[there], books.month_average()[there]
    is_cny = held.currency == "156"
    zeros = np.zeros(n, np.int64)
    columns = [
        _full("D", n), held.numbers.astype("S22"), dates(day, n), held.currency.astype("S3"), signed(balance, 18),
        signed(balance, 18), digits(zeros, 17), digits(zeros, 17), signed(average, 18),
    ]  # fmt: skip
    sums = int(balance[is_cny].sum()), int(balance[~is_cny].sum())
    return _file("ACCT_BAL", day, fixed(columns, BAL), n, BAL, sums)


def entries(books: Books, made: Entries, day: date) -> list[Inner]:
    """TXN with its control file: SUM1 = Σ debits, SUM2 = Σ credits, all currencies."""
    held, n = books.accounts, len(made.account)
    clock = made.second
    hms = digits((clock // 3600) * 10000 + (clock % 3600 // 60) * 100 + clock % 60, 6)
    is_transfer = np.isin(made.code, ["2003", "2004"])
    columns = [
        _full("D", n), dates(day, n), hms, np.array([sequence(day, k) for k in range(n)], dtype="S20"),
        held.numbers[made.account].astype("S22"), made.flag.astype("S1"), held.currency[made.account].astype("S3"),
        digits(made.cents, 17), signed(made.balance, 18), made.code.astype("S4"), made.channel.astype("S2"),
        books.world.outlets[held.holder[made.account]].astype("S6"), _full("", n), _full("", n),
        texts(np.where(is_transfer, "他行账户", ""), 60), np.where(is_transfer, b"OTH00000000001", b""),
        texts(made.summary, 60), np.where(made.origin == "", b"", b"R"), made.origin.astype("S20"),
    ]  # fmt: skip
    debit = int(made.cents[made.flag == "D"].sum())
    credit = int(made.cents[made.flag == "C"].sum())
    data = _file("TXN", day, fixed(columns, TXN), n, TXN, (debit, credit))
    return [data, Inner(f"TXN_{day:%Y%m%d}.ctl", control(day, n, debit, credit), n, 0, is_listed=False)]


def products(day: date) -> Inner:
    """PROD: deposit products."""
    rows = (
        (DEMAND, "活期储蓄", "DEMD", "156", "", 0),
        (TIME, "整存整取一年", "TIME", "156", "", 365),
        (DOLLAR, "美元活期", "DEMD", "USD", "", 0),
    )
    n = len(rows)
    columns = [
        _full("D", n), np.array([r[0] for r in rows], "S8"), texts([r[1] for r in rows], 40),
        np.array([r[2] for r in rows], "S4"), np.array([r[3] for r in rows], "S3"), _full("", n),
        digits(np.array([r[5] for r in rows]), 5), _full("1", n), _full("", n),
    ]  # fmt: skip
    return _file("PROD", day, fixed(columns, PROD), n, PROD)


def organisation(world: World, day: date) -> Inner:
    """ORG: head office, branches and outlets, as HRORG has them."""
    branches, outlets = hrorg.branches(world), hrorg.outlets(world)
    codes = [hrorg.HEAD_OFFICE, *branches, *outlets]
    names = ["滨江银行总行"]
    names += [f"滨江银行第{k + 1}分行" for k in range(len(branches))]
    names += [f"滨江银行第{k + 1}支行" for k in range(len(outlets))]
    parents = [
        "",
        *[hrorg.HEAD_OFFICE] * len(branches),
        *[hrorg.branch_of(world, k) for k in range(len(outlets))],
    ]
    n = len(codes)
    columns = [
        _full("D", n), np.array(codes, "S6"), texts(names, 40), np.array(["1", *"2" * len(branches), *"3" * len(outlets)], "S1"),
        np.array(parents, "S6"), _full("20000101", n), _full("99991231", n), _full("", n), _full("", n),
    ]  # fmt: skip
    return _file("ORG", day, fixed(columns, ORG), n, ORG)


def opening_package(registry: Registry, books: Books, known: Customers) -> tuple[date, list[Inner]]:
    """Sequence 00, dated the day before the first business date: everyone, all accounts, opening balances."""
    day = books.world.size.first - timedelta(days=1)
    return day, [
        known.opening(day), accounts(books, day, everyone=True), balances(books, day), products(day),
        organisation(books.world, day), *core_opening.files(registry, books),
    ]  # fmt: skip


def daily_package(books: Books, known: Customers, made: Entries, day: date) -> list[Inner]:
    """What CORE sends each day: changes, all balances, new entries."""
    return [
        known.changed(day), accounts(books, day, everyone=False), balances(books, day), *entries(books, made, day),
        products(day), organisation(books.world, day),
    ]  # fmt: skip
