"""CARD, the card centre, run by somebody else: fixed widths in UTF-8 bytes, trailers as CORE's, people masked.

C_TXN's trailer sums purchases and, as a positive number, refunds and payments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank.cards.book import CardBook
from demo_bank.packages import Inner, dates, digits, fixed, signed, trailer
from demo_bank.population import Ints
from demo_bank.registry import Records
from demo_bank.streams import stream

SYSTEM = "CARD"
ARRIVES = time(5, 30)
ENCODING = "UTF-8"
C_CUST = (1, 16, 30, 11, 2, 64, 2, 6, 1, 30, 8, 1, 8)
C_ACCT = (1, 20, 16, 3, 15, 16, 16, 15, 4, 2, 2)
C_TXN = (1, 24, 20, 20, 14, 8, 16, 3, 4, 30, 6, 2, 3, 1, 8)
CHANGED = 0.002  # customers who are sent again on a day
_SALT = "binjiang-card-01"


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def opening_package(book: CardBook, day: date) -> list[Inner]:
    """Sequence 00: everybody with a card, and all accounts."""
    return [customers(book, day, np.flatnonzero(book.is_open(day))), accounts(book, day)]


def package(book: CardBook) -> list[Inner]:
    """What CARD sends each day: new and changed customers, all accounts, today's entries."""
    day = book.day
    again = stream(book.seed, SYSTEM, "C_CUST", day).random(len(book)) < CHANGED
    told = np.flatnonzero((book.opened == np.datetime64(day)) | (again & book.is_open(day)))
    return [customers(book, day, told), accounts(book, day), entries(book, day)]


def _file(
    name: str,
    day: date,
    columns: Sequence[NDArray[np.bytes_]],
    widths: tuple[int, ...],
    sums: tuple[int, int] = (0, 0),
) -> Inner:
    rows, length = len(columns[0]), sum(widths)
    content = fixed(columns, widths) + trailer(name, day, rows, *sums, length)
    return Inner(f"{name}_{day:%Y%m%d}.dat", content, rows, length, ENCODING)


def _utf8(values: Sequence[str] | NDArray[np.str_], width: int) -> NDArray[np.bytes_]:
    """Text in UTF-8, cut at whole characters."""
    unique, back = np.unique(np.asarray(values, str), return_inverse=True)
    told = [str(value).encode()[:width].decode(errors="ignore").encode() for value in unique]
    return np.array(told, dtype=f"S{width}")[back]


def masked_name(name: str) -> str:
    """李*明, 李*; of a Latin name the first letter."""
    if name.isascii():
        return f"{name[0]}***"
    return f"{name[0]}*{name[-1]}" if len(name) > 2 else f"{name[0]}*"


def masked_phone(mobile: str) -> str:
    return f"{mobile[:3]}****{mobile[-4:]}"


def hashed(cert: str) -> str:
    """Salted hash of a certificate; the card centre keeps the salt."""
    return hashlib.sha256(f"{_SALT}{cert}".encode()).hexdigest()


def account_numbers(person: Ints) -> NDArray[np.bytes_]:
    return np.char.add(b"6258", digits(person, 16))


def customers(book: CardBook, day: date, rows: Ints) -> Inner:
    """C_CUST of some accounts' owners."""
    world = book.registry.world
    records: Records = book.registry.records(SYSTEM)
    who, n = book.person[rows], len(rows)
    columns = [
        np.full(n, b"D"), records.keys[rows].astype("S16"), _utf8([masked_name(str(each)) for each in records.names[rows]], 30),
        _utf8([masked_phone(str(each)) for each in records.mobiles[rows]], 11), records.cert_kinds[rows].astype("S2"),
        _utf8([hashed(str(each)) for each in records.certs[rows]], 64), np.full(n, b"01"), dates(world.births[who], n).astype("S6"),
        world.sexes[who].astype("S1"), _utf8(book.registry.latin(who), 30), dates(book.opened[rows], n), np.full(n, b"1"), np.full(n, b""),
    ]  # fmt: skip
    return _file("C_CUST", day, columns, C_CUST)


def accounts(book: CardBook, day: date) -> Inner:
    """C_ACCT of every account there is."""
    rows = np.flatnonzero(book.is_open(day))
    n, overdue = len(rows), book.overdue_days()[rows]
    columns = [
        np.full(n, b"D"), account_numbers(book.person[rows]), book.registry.records(SYSTEM).keys[rows].astype("S16"), np.full(n, b"156"),
        digits(book.limit[rows], 15), signed(book.balance[rows], 16), signed(book.statement[rows], 16), digits(book.least[rows], 15),
        digits(overdue, 4), digits(book.cycle_day[rows], 2), np.full(n, b""),
    ]  # fmt: skip
    return _file("C_ACCT", day, columns, C_ACCT)


def entries(book: CardBook, day: date) -> Inner:
    """C_TXN: what was posted today."""
    made = book.made
    if made is None:
        raise ValueError("a card book has no entries before its first day")
    n, who = len(made), book.person[made.account]
    clock = (made.at - made.at.astype("datetime64[D]")).astype(np.int64)
    hms = digits((clock // 3600) * 10000 + (clock % 3600 // 60) * 100 + clock % 60, 6)
    columns = [
        np.full(n, b"D"), np.char.add(f"CT{day:%y%m%d}".encode(), digits(np.arange(1, n + 1), 16)), np.char.add(b"TK", digits(who * 7 + 11, 18)),
        account_numbers(who), np.char.add(dates(made.at, n), hms), dates(day, n), signed(made.cents, 16), np.full(n, b"156"), made.code.astype("S4"),
        _utf8(made.merchant, 30), made.region.astype("S6"), made.mode.astype("S2"), digits(made.parts, 3),
        np.where(made.is_disputed, b"1", b"0"), np.full(n, b""),
    ]  # fmt: skip
    spent, back = int(made.cents[made.cents > 0].sum()), int(-made.cents[made.cents < 0].sum())
    return _file("C_TXN", day, columns, C_TXN, (spent, back))
