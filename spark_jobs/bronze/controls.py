"""Control checks before anything is loaded: checksum, length, rows, dates and amounts of one file. No Spark.

The first failing check names the reason for which the feed is held; it holds nobody else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from spark_jobs.bronze.discovery import Listed
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import Cut, cut, read, schema_drift
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.contracts.sources import SourceContract, SourceField

_TRAILER = re.compile(
    rb"T(?P<name>.{10})(?P<day>\d{8})(?P<rows>\d{12})(?P<sum1>[+-]\d{22})(?P<sum2>[+-]\d{22}) *"
)
_CONTROL = re.compile(rb"T\|(?P<day>\d{8})\|(?P<rows>\d+)\|DR=(?P<debit>[+-]\d+)\|CR=(?P<credit>[+-]\d+)\s*")
_MARKS = (b"\xef\xbf\xbd",)  # U+FFFD in UTF-8: somebody before us lost characters
# A file whose non-ASCII lines mostly cannot be decoded, or decode as UTF-8 where GB is declared, is in another encoding.
MOST_UNDECODABLE = 0.2
CENSUS_LINES = 2000
# Amounts are summed as whole numbers of this many decimals: exact, whatever the order.
SUM_DECIMALS = 6


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
    content: bytes, source: SourceContract, day: date, listed: Listed | None, control: bytes | None
) -> Verified:
    """All checks of one file, in the order of the interface agreement."""
    try:
        made = cut(content, source.layout)
    except RecordError as problem:
        return Verified(
            (Check(str(problem), None, None, False),), str(problem), listed.rows if listed else None, 0
        )
    checks: list[Check] = []
    reason: str | None = None

    def found(
        code: str, passed: bool, expected: int | None = None, actual: int | None = None, of: int = 1
    ) -> None:
        nonlocal reason
        checks.append(Check(code, _scaled(expected, of), _scaled(actual, of), passed))
        if not passed and reason is None:
            reason = code

    rows = len(made.details)
    if listed is not None:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        found("md5", digest == listed.md5)
        found("row_count", rows == listed.rows, listed.rows, rows)
        if listed.record_bytes:
            found(
                "record_length",
                listed.record_bytes == source.layout.record_bytes,
                source.layout.record_bytes,
                listed.record_bytes,
            )
    drift = schema_drift(made, source)
    found(drift or "schema", drift is None)
    if source.layout.trailer == "core_trailer":
        _trailer(made, source, day, found)
    declared = _declared(made, source, control)
    if source.control is not None:
        _declared_control(declared, rows, content, source, day, found)
    elif control is not None:
        _control(control, made, source, day, found)
    found("schema_swapped", _in_order(content, source))
    if source.layout.kind != "parquet":
        found("encoding", _encoding_holds(made, source.layout.encoding))
    told = int(declared["rows"]) if declared and "rows" in declared.groupdict() else None
    return Verified(tuple(checks), reason, listed.rows if listed else told, rows)


def _declared(made: Cut, source: SourceContract, control: bytes | None) -> re.Match[str] | None:
    """The line in which the supplier declares what the file holds, read as its contract says; None where it cannot be."""
    if source.control is None:
        return None
    line = made.trailer if source.control.file is None else control
    try:
        text = (line or b"").decode(source.layout.encoding).strip()
    except UnicodeDecodeError:
        return None
    return source.control.pattern.fullmatch(text)


def _declared_control(
    told: re.Match[str] | None,
    rows: int,
    content: bytes,
    source: SourceContract,
    day: date,
    found: Callable[..., None],
) -> None:
    """Rows, date and sums as declared by `control`. A record that cannot be read adds nothing to a sum, so the sum does not hold."""
    assert source.control is not None
    found("truncated" if source.control.file is None else "control_file", told is not None)
    if told is None:
        return
    groups = told.groupdict()
    if groups.get("rows"):
        found("row_count_control", int(groups["rows"]) == rows, int(groups["rows"]), rows)
    if groups.get("date"):
        found("date_mismatch_control", parse_day(groups["date"], source.control.date_format) == day)
    for name, (expected, actual) in _declared_sums(groups, content, source).items():
        found(f"control_total_{name}", expected == actual, expected, actual, of=10**SUM_DECIMALS)


def _declared_sums(
    groups: Mapping[str, str | None], content: bytes, source: SourceContract
) -> dict[str, tuple[int | None, int]]:
    """(declared, found) by group, in units of 10^-6. A declared amount is written the way its field is."""
    assert source.control is not None
    fields = {f.name: (at, f) for at, f in enumerate(source.fields)}
    records = [r.values for r in read(content, source) if r.values is not None] if source.control.sums else []
    sums = {}
    for name, wanted in source.control.sums.items():
        at, declared = fields[wanted.of]
        conditions = [(fields[by][0], values) for by, values in wanted.where.items()]
        amounts = (
            _amount(values[at], declared)
            for values in records
            if all(values[k] in kept for k, kept in conditions)
        )
        sums[name] = (_amount(groups[name], declared), sum(a for a in amounts if a is not None))
    return sums


def _amount(text: str | None, declared: SourceField) -> int | None:
    implied = int(declared.type.removeprefix("implied")) if declared.type.startswith("implied") else 0
    parsed = parse_number(text, implied, declared.decimal)
    return None if parsed is None else int(parsed.scaleb(SUM_DECIMALS))


def _scaled(units: int | None, of: int) -> Decimal | None:
    return None if units is None else (Decimal(units) / of).quantize(Decimal("0.01"))


def _trailer(made: Cut, source: SourceContract, day: date, found: Callable[..., None]) -> None:
    """Trailer of the core system: rows, date, and for money feeds two sums."""
    parsed = _TRAILER.fullmatch(made.trailer or b"")
    found("truncated", parsed is not None)
    if parsed is None:
        return
    found(
        "row_count_trailer", int(parsed["rows"]) == len(made.details), int(parsed["rows"]), len(made.details)
    )
    found("date_mismatch", parsed["day"] == f"{day:%Y%m%d}".encode())
    if source.feed.endswith("acct_bal"):
        cny, other = _split(made, source, "bal", "ccy", lambda ccy: ccy.strip() in (b"156", b"CNY", b"RMB"))
    elif source.feed.endswith("txn") and "dc_flag" in source.names():
        cny, other = _split(made, source, "amt", "dc_flag", lambda flag: flag == b"D")
    elif source.feed.endswith("txn"):
        # The amount tells its own direction: what is charged, and what goes back as a positive number.
        cny, other = _split(made, source, "amt", "amt", lambda amount: not amount.startswith(b"-"))
        other = -other
    else:
        return
    for code, expected, actual in (
        ("control_total", int(parsed["sum1"]), cny),
        ("control_total_2", int(parsed["sum2"]), other),
    ):
        found(code, expected == actual, expected, actual, of=100)


def _control(
    control: bytes, made: Cut, source: SourceContract, day: date, found: Callable[..., None]
) -> None:
    """Control file of a money feed."""
    parsed = _CONTROL.fullmatch(control)
    found("control_file", parsed is not None)
    if parsed is None:
        return
    found("date_mismatch_control", parsed["day"] == f"{day:%Y%m%d}".encode())
    debit, credit = _split(made, source, "amt", "dc_flag", lambda flag: flag == b"D")
    found("control_total_debit", int(parsed["debit"]) == debit, int(parsed["debit"]), debit, of=100)
    found("control_total_credit", int(parsed["credit"]) == credit, int(parsed["credit"]), credit, of=100)


def _split(
    made: Cut, source: SourceContract, amount: str, by: str, belongs: Callable[[bytes], bool]
) -> tuple[int, int]:
    """Sums of an amount where a column belongs and where it does not, in the smallest unit."""
    at = {f.name: f.at for f in source.fields if f.at}
    first, last = at[amount]
    sums = [0, 0]
    for _, _, raw in made.details:
        text = raw[first - 1 : last].strip()
        key = raw[at[by][0] - 1 : at[by][1]]
        if re.fullmatch(rb"[+-]?\d+", text):
            sums[0 if belongs(key) else 1] += int(text)
    return sums[0], sums[1]


def _in_order(content: bytes, source: SourceContract) -> bool:
    """Whether columns that the contract says follow one another in time mostly do: two that swapped places look alike but for that."""
    if not source.in_order:
        return True
    places = [source.names().index(name) for name in source.in_order]
    compared = wrong = 0
    for record in read(content, source):
        if record.values is None:
            continue
        told = [record.values[at] for at in places]
        for earlier, later in pairwise(t for t in told if t is not None):
            compared += 1
            wrong += earlier > later
    return wrong * 2 <= compared


def _encoding_holds(made: Cut, declared: str) -> bool:
    """Whether the declared encoding can be true, from the bytes of up to 2,000 lines that are not plain ASCII."""
    lines = [raw for _, _, raw in made.details if not raw.isascii()][:CENSUS_LINES]
    if not lines:
        return True
    wrong = sum(not _decodes(raw, declared) or any(mark in raw for mark in _MARKS) for raw in lines)
    # Hanzi in UTF-8 often decode as GB, too, into other hanzi: nearly all lines being valid UTF-8 is no accident.
    is_utf8 = sum(_decodes(raw, "utf-8") for raw in lines) > 0.9 * len(lines)
    if is_utf8 and declared.lower() not in ("utf-8", "utf8"):
        return False
    return wrong <= MOST_UNDECODABLE * len(lines)


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
