"""Control checks before anything is loaded: checksum, length, rows, dates and amounts of one file. No Spark.

The first failing check names the reason for which the feed is held; it holds nobody else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
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
from spark_jobs.bronze.tally import EXACT, SUM_DECIMALS, amount_units
from spark_jobs.bronze.totals import Totals, totals_of
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.contracts.sources import Control, SourceContract

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
    if source.layout.trailer_mark and all(c.file is not None for c in source.controls):
        checks.add("truncated", made.trailer is not None)
    told = None
    for number, declared in enumerate(source.controls, 1):
        line = made.trailer if declared.file is None else control
        said = _said(declared, line, source)
        _compare(declared, said, totals, source, day, checks, f"_{number}" if number > 1 else "")
        told = told or (said and said.get("rows"))
    checks.add("schema_swapped", totals.wrong * 2 <= totals.compared)
    if is_text and not census.is_of_another_kind:
        checks.add("encoding", census.holds)
    rows = listed.rows if listed else int(told) if told else None
    return Verified(tuple(checks.made), checks.reason, rows, totals.rows)


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


def _said(declared: Control, line: bytes | None, source: SourceContract) -> Mapping[str, str | None] | None:
    """What the supplier declares of the file in this line, by the groups of the pattern; None where it cannot be read so."""
    try:
        text = (line or b"").decode(source.layout.encoding).strip()
    except UnicodeDecodeError:
        return None
    found = declared.pattern.fullmatch(text)
    said = found.groupdict() if found else None
    rows = said.get("rows") if said else None
    return None if rows and not re.fullmatch(rf"\d{{1,{MOST_ROW_DIGITS}}}", rows, re.ASCII) else said


def _compare(
    declared: Control,
    said: Mapping[str, str | None] | None,
    totals: Totals,
    source: SourceContract,
    day: date,
    checks: _Checks,
    which: str,
) -> None:
    """Rows, date and sums as declared by one control. A declared amount is written the way its field is.

    which  end of the codes where another control of the feed has declared rows and date already
    """
    checks.add("truncated" if declared.file is None else "control_file", said is not None)
    if said is None:
        return
    if rows := said.get("rows"):
        checks.add("row_count_control" + which, int(rows) == totals.rows, int(rows), totals.rows)
    if written := said.get("date"):
        checks.add("date_mismatch_control" + which, parse_day(written, declared.date_format) == day)
    fields = {f.name: f for f in source.fields}
    for name, wanted in declared.sums.items():
        expected, actual = amount_units(said[name], fields[wanted.of]), totals.sums[name]
        checks.add(f"control_total_{name}", expected == actual, expected, actual, of=10**SUM_DECIMALS)


def _scaled(units: int | None, of: int) -> Decimal | None:
    if units is None:
        return None
    shown = EXACT.divide(Decimal(units), Decimal(of))
    return shown.quantize(Decimal("0.01"), context=EXACT) if abs(shown) < MOST_SHOWN else None
