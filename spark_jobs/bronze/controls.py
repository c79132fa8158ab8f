"""Control checks before anything is loaded: checksum, length, rows, dates and amounts of one file. No Spark.

The first failing check names the reason for which the feed is held; it holds nobody else.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from spark_jobs.bronze import columnar
from spark_jobs.bronze.archives import opened
from spark_jobs.bronze.census import Census
from spark_jobs.bronze.cut import Cut, schema_drift
from spark_jobs.bronze.discovery import Listed
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.totals import EXACT, SUM_DECIMALS, Totals, amount_units, totals_of
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.contracts.sources import SourceContract

_TRAILER = re.compile(
    rb"T(?P<name>.{10})(?P<day>\d{8})(?P<rows>\d{12})(?P<sum1>[+-]\d{22})(?P<sum2>[+-]\d{22}) *"
)
_CONTROL = re.compile(
    rb"T\|(?P<day>\d{8})\|(?P<rows>\d{1,18})\|DR=(?P<debit>[+-]\d{1,22})\|CR=(?P<credit>[+-]\d{1,22})\s*"
)
# Beyond it a figure fits no column of the ledger; what a check shows is then empty, its verdict is not.
MOST_SHOWN = Decimal(10) ** 22
MOST_ROW_DIGITS = 18


@dataclass(frozen=True)
class Check:
    """One comparison: what the supplier declares and what was found."""

    code: str
    expected: Decimal | None
    actual: Decimal | None
    passed: bool


@dataclass(frozen=True)
class Verified:
    """What the checks say of one file. `reason` is None where it may load."""

    checks: tuple[Check, ...]
    reason: str | None
    rows_declared: int | None
    rows_found: int


def verify(
    content: bytes | Path, source: SourceContract, day: date, listed: Listed | None, control: bytes | None
) -> Verified:
    """All checks of one file, in the order of the interface agreement. Memory holds a piece of it."""
    census = Census(source.layout.encoding)
    is_text = source.layout.kind not in columnar.KINDS
    try:
        if is_text:
            with opened(content) as stream:
                census.look_at_head(stream.read(65_536))
        made = Cut(content, source)
        drift = schema_drift(made, source)
        totals = totals_of(content, made, source, census if is_text else None)
    except RecordError as problem:
        told_rows = listed.rows if listed else None
        return Verified((Check(str(problem), None, None, False),), str(problem), told_rows, 0)
    checks = _Checks()
    if listed is not None:
        _listed(content, listed, totals, source, checks)
    if census.is_of_another_kind:
        checks.add("encoding", False)
    if census.has_other_line_ends:
        checks.add("line_ends", False)
    checks.add(drift or "schema", drift is None)
    if source.layout.trailer == "core_trailer":
        _trailer(made, totals, day, checks)
    elif source.layout.trailer_mark and source.control is None:
        checks.add("truncated", made.trailer is not None)
    declared = _declared(made, source, control)
    if source.control is not None:
        _declared_control(declared, totals, source, day, checks)
    elif control is not None and source.layout.trailer == "core_trailer":
        _control(control, totals, day, checks)
    checks.add("schema_swapped", totals.wrong * 2 <= totals.compared)
    if is_text and not census.is_of_another_kind:
        checks.add("encoding", census.holds)
    told = int(declared["rows"]) if declared and declared.groupdict().get("rows") else None
    return Verified(tuple(checks.made), checks.reason, listed.rows if listed else told, totals.rows)


class _Checks:
    """Checks in the order in which they are made; the first that fails names the `reason`."""

    def __init__(self) -> None:
        self.made: list[Check] = []
        self.reason: str | None = None

    def add(
        self, code: str, passed: bool, expected: int | None = None, actual: int | None = None, of: int = 1
    ) -> None:
        """expected, actual  whole numbers of one `of`-th each."""
        self.made.append(Check(code, _scaled(expected, of), _scaled(actual, of), passed))
        if not passed and self.reason is None:
            self.reason = code


def _listed(
    content: bytes | Path, listed: Listed, totals: Totals, source: SourceContract, checks: _Checks
) -> None:
    """What the `.OK` file says of the file."""
    checks.add("md5", _md5(content) == listed.md5)
    checks.add("row_count", totals.rows == listed.rows, listed.rows, totals.rows)
    if listed.record_bytes:
        wanted = source.layout.record_bytes
        checks.add("record_length", listed.record_bytes == wanted, wanted, listed.record_bytes)


def _md5(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.md5(content, usedforsecurity=False).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _declared(made: Cut, source: SourceContract, control: bytes | None) -> re.Match[str] | None:
    """The line in which the supplier declares what the file holds, read as its contract says; None where it cannot be."""
    if source.control is None:
        return None
    line = made.trailer if source.control.file is None else control
    try:
        text = (line or b"").decode(source.layout.encoding).strip()
    except UnicodeDecodeError:
        return None
    told = source.control.pattern.fullmatch(text)
    rows = told.groupdict().get("rows") if told else None
    return (
        None if rows is not None and not re.fullmatch(rf"\d{{1,{MOST_ROW_DIGITS}}}", rows, re.ASCII) else told
    )


def _declared_control(
    told: re.Match[str] | None, totals: Totals, source: SourceContract, day: date, checks: _Checks
) -> None:
    """Rows, date and sums as declared by `control`. A declared amount is written the way its field is.

    A record that cannot be read adds nothing to a sum, so the sum does not hold.
    """
    assert source.control is not None
    checks.add("truncated" if source.control.file is None else "control_file", told is not None)
    if told is None:
        return
    groups = told.groupdict()
    if groups.get("rows"):
        checks.add("row_count_control", int(groups["rows"]) == totals.rows, int(groups["rows"]), totals.rows)
    if groups.get("date"):
        checks.add("date_mismatch_control", parse_day(groups["date"], source.control.date_format) == day)
    fields = {f.name: f for f in source.fields}
    for name, wanted in source.control.sums.items():
        expected, actual = amount_units(groups[name], fields[wanted.of]), totals.sums[name]
        checks.add(f"control_total_{name}", expected == actual, expected, actual, of=10**SUM_DECIMALS)


def _scaled(units: int | None, of: int) -> Decimal | None:
    if units is None:
        return None
    shown = EXACT.divide(Decimal(units), Decimal(of))
    return shown.quantize(Decimal("0.01"), context=EXACT) if abs(shown) < MOST_SHOWN else None


def _trailer(made: Cut, totals: Totals, day: date, checks: _Checks) -> None:
    """Trailer of the core system: rows, date, and for money feeds two sums."""
    parsed = _TRAILER.fullmatch(made.trailer or b"")
    checks.add("truncated", parsed is not None)
    if parsed is None:
        return
    checks.add("row_count_trailer", int(parsed["rows"]) == totals.rows, int(parsed["rows"]), totals.rows)
    checks.add("date_mismatch", parsed["day"] == f"{day:%Y%m%d}".encode())
    if totals.trailer is None:
        return
    first, second = totals.trailer.sums
    if totals.trailer.by == totals.trailer.amount:
        second = -second
    for code, expected, actual in (
        ("control_total", int(parsed["sum1"]), first),
        ("control_total_2", int(parsed["sum2"]), second),
    ):
        checks.add(code, expected == actual, expected, actual, of=100)


def _control(control: bytes, totals: Totals, day: date, checks: _Checks) -> None:
    """Control file of a money feed."""
    parsed = _CONTROL.fullmatch(control)
    checks.add("control_file", parsed is not None)
    if parsed is None:
        return
    checks.add("date_mismatch_control", parsed["day"] == f"{day:%Y%m%d}".encode())
    debit, credit = totals.control.sums if totals.control else (0, 0)
    checks.add("control_total_debit", int(parsed["debit"]) == debit, int(parsed["debit"]), debit, of=100)
    checks.add("control_total_credit", int(parsed["credit"]) == credit, int(parsed["credit"]), credit, of=100)
