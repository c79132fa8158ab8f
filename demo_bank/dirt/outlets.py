"""Defects of what outlets and branches send: line ends (D13) and clock (D46) of one ticket machine each, and what a spreadsheet did to ids and
phones (D21, D22).
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date

import numpy as np
from openpyxl import load_workbook

from demo_bank.dirt.ledger import Defect, Ledger
from demo_bank.dirt.plan import Plan
from demo_bank.packages import Inner
from demo_bank.population import with_check_digit
from demo_bank.systems import agency

# How many in tiny, once a month.
IDS, PHONES = 5, 8
STRIDE = 7
CLOCK_DAYS = (date(2026, 9, 22), date(2026, 9, 23), date(2026, 9, 24))
# No outlet is open at eleven at night, so that an hour more is the same day.
_TIME = re.compile(rb"(?<=\d\d\d\d-\d\d-\d\d )(\d\d):")
ID = ("D21", "cert_no", "keep_unlinked", "id_precision")
PHONE = ("D22", "mobile", "null", "phone_lossy")


def crlf(path: str, inner: Inner, plan: Plan, ledger: Ledger) -> Inner:
    """D13: the machine of the first outlet ends its lines as Windows does."""
    first = str(min(plan.registry.world.outlets.tolist()))
    if inner.name.split("_")[1] != first or inner.rows == 0:
        return inner
    ledger.whole("D13", path, "accept", None)
    return replace(inner, content=inner.content.replace(b"\n", b"\r\n"))


def clock_ahead(path: str, inner: Inner, day: date, plan: Plan, ledger: Ledger) -> Inner:
    """D46: for some days the machine of the second outlet is one hour ahead of the bank."""
    outlets = sorted(set(plan.registry.world.outlets.tolist()))
    _, outlet, _ = inner.name.split("_")
    is_wrong = (
        plan.is_full
        and day in CLOCK_DAYS
        and inner.name.startswith("TICKET_")
        and outlet == str(outlets[1 % len(outlets)])
    )
    if not is_wrong or inner.rows == 0:
        return inner
    ledger.whole("D46", path, "flag", "clock_shift")
    return replace(inner, content=_TIME.sub(lambda told: b"%02d:" % (int(told[1]) + 1), inner.content))


def through_a_spreadsheet(path: str, inner: Inner, plan: Plan, ledger: Ledger) -> Inner:
    """D21 and D22 in a payroll list: fifteen digits are kept of an id, three of a phone. Lines are rows of the sheet, the names' being 1."""
    columns = list(agency.PAYROLL)
    sheet = load_workbook(io.BytesIO(inner.content), read_only=True)[agency.LIST]
    rows = [[str(cell) for cell in row] for row in sheet.iter_rows(min_row=2, values_only=True)]
    outlets = len(set(plan.registry.world.outlets.tolist()))
    turn = int(inner.name.split("_")[1]) % 2  # Small lists have one defect each, of one kind or the other.
    for n in range(max(1, round(plan.scaled(IDS + PHONES) / outlets))):
        # From the end: ordinary people.
        at = len(rows) - 1 - n * STRIDE
        if at < 0:
            break
        is_phone = (n + turn) % 2 == 0
        lossy = _rounded_phone if is_phone else _rounded_id
        code, field, handling, reason = PHONE if is_phone else ID
        old = rows[at][columns.index(field)]
        new = lossy(old)
        if new is None:
            continue
        rows[at][columns.index(field)] = new
        ledger.rows.append(
            Defect(code, path, at + 2, None, None, field, old.encode().hex(), new.encode().hex(), handling, reason)
        )  # fmt: skip
    return agency.workbook(inner.name, columns, rows).inner()


def _rounded_id(cert: str) -> str | None:
    """Fifteen digits and zeros; None where nobody could tell, because the check digit of that number is a zero."""
    told = f"{cert[:15]}000"
    if len(cert) != 18 or not cert[:17].isdigit() or told == cert:
        return None
    return None if str(with_check_digit(np.array([told[:17]]))[0]) == told else told


def _rounded_phone(mobile: str) -> str | None:
    return f"{mobile[0]}.{mobile[1:3]}E+10" if len(mobile) == 11 and mobile.isdigit() else None
