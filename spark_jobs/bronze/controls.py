"""Control checks before anything is loaded: checksum, length, rows, dates and amounts of one file. No Spark.

The first failing check names the reason for which the feed is held; it holds nobody else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from spark_jobs.bronze import columnar, fast
from spark_jobs.bronze.apart import NO_RECORD, count_headers, headers_among
from spark_jobs.bronze.archives import opened
from spark_jobs.bronze.census import Census
from spark_jobs.bronze.discovery import Listed
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.pieces import Piece, begins, pieces
from spark_jobs.bronze.records import Cut, Record, read, schema_drift
from spark_jobs.bronze.tally import Tally
from spark_jobs.bronze.vectors import Bytes
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.contracts.sources import SourceContract, SourceField

_TRAILER = re.compile(
    rb"T(?P<name>.{10})(?P<day>\d{8})(?P<rows>\d{12})(?P<sum1>[+-]\d{22})(?P<sum2>[+-]\d{22}) *"
)
_CONTROL = re.compile(
    rb"T\|(?P<day>\d{8})\|(?P<rows>\d{1,18})\|DR=(?P<debit>[+-]\d{1,22})\|CR=(?P<credit>[+-]\d{1,22})\s*"
)
# Amounts are summed as whole numbers of this many decimals: exact, whatever the order.
SUM_DECIMALS = 6
# Beyond it a figure fits no column of the ledger; what a check shows is then empty, its verdict is not.
MOST_SHOWN = Decimal(10) ** 22
MOST_ROW_DIGITS = 18
_EXACT = Context(prec=200)


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


@dataclass
class _Seen:
    """What one pass over a file finds: its rows, its sums, and how often times that should follow one another do not.

    rows  records, readable or not; without what is none (`apart`), except headers where the supplier counts them
    """

    rows: int = 0
    trailer: Tally | None = None
    control: Tally | None = None
    sums: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    wrong: int = 0


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
        seen = _gone_through(content, made, source, census if is_text else None)
    except RecordError as problem:
        told_rows = listed.rows if listed else None
        return Verified((Check(str(problem), None, None, False),), str(problem), told_rows, 0)
    checks: list[Check] = []
    reason: str | None = None

    def found(
        code: str, passed: bool, expected: int | None = None, actual: int | None = None, of: int = 1
    ) -> None:
        nonlocal reason
        checks.append(Check(code, _scaled(expected, of), _scaled(actual, of), passed))
        if not passed and reason is None:
            reason = code

    if listed is not None:
        found("md5", _md5(content) == listed.md5)
        found("row_count", seen.rows == listed.rows, listed.rows, seen.rows)
        if listed.record_bytes:
            found(
                "record_length",
                listed.record_bytes == source.layout.record_bytes,
                source.layout.record_bytes,
                listed.record_bytes,
            )
    if census.is_of_another_kind:
        found("encoding", False)
    if census.has_other_line_ends:
        found("line_ends", False)
    found(drift or "schema", drift is None)
    if source.layout.trailer == "core_trailer":
        _trailer(made, seen, day, found)
    elif source.layout.trailer_mark and source.control is None:
        found("truncated", made.trailer is not None)
    declared = _declared(made, source, control)
    if source.control is not None:
        _declared_control(declared, seen, source, day, found)
    elif control is not None and source.layout.trailer == "core_trailer":
        _control(control, seen, day, found)
    found("schema_swapped", seen.wrong * 2 <= seen.compared)
    if is_text and not census.is_of_another_kind:
        found("encoding", census.holds)
    told = int(declared["rows"]) if declared and declared.groupdict().get("rows") else None
    return Verified(tuple(checks), reason, listed.rows if listed else told, seen.rows)


def _md5(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.md5(content, usedforsecurity=False).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _gone_through(content: bytes | Path, made: Cut, source: SourceContract, census: Census | None) -> _Seen:
    """One pass over the lines, and a second one over the values where a check needs them."""
    seen = _Seen(trailer=_trailer_tally(source), control=_tally(source, "amt", "dc_flag", _is_debit))
    tallies = [t for t in (seen.trailer, seen.control) if t is not None]
    if census is not None and made.header is not None:
        census.see(made.header)
    is_header = headers_among(None if source.header_again == "counted" else made.header, source)
    start = begins(content, made, source) if isinstance(content, Path) else None
    found = pieces(content, made, source, start) if start and isinstance(content, Path) else [made.details()]
    for some in found:
        if isinstance(some, Piece):
            seen.rows += _looked_at(some, source, census, tallies)
            if made.header is not None and source.header_again != "counted":
                seen.rows -= count_headers(some.content, made.header, source.layout.encoding)
            continue
        for line in some:
            seen.rows += not is_header(line.raw)
            if census is not None:
                census.see(line.raw)
            for tally in tallies:
                tally.add(line.raw)
    if source.set_aside:
        seen.rows -= sum(1 for record in _unread(content, source) if record.reasons == [NO_RECORD])
    if source.in_order or (source.control and source.control.sums):
        _add_up(content, source, seen)
    return seen


def _looked_at(piece: Piece, source: SourceContract, census: Census | None, tallies: Sequence[Tally]) -> int:
    """Records of a piece, for its bytes as a whole wherever that tells the same."""
    content = piece.content
    if census is not None and census.wants(content):
        for raw in filter(None, content.replace(b"\r\n", b"\n").split(b"\n")):
            census.see(raw)
    if tallies:
        data: Bytes = np.frombuffer(content, np.uint8)
        ends = np.flatnonzero(data == 10)
        starts = np.concatenate(([0], ends[:-1] + 1))
        for tally in tallies:
            tally.add_all(data, starts, ends, source.layout.record_bytes)
    if len(source.fields) == 1:
        return piece.count
    padded = b"\n" + (content.replace(b"\r\n", b"\n") if b"\r" in content else content)
    # Each empty line is a line end right after another.
    return piece.count - sum(len(run) - 1 for run in re.findall(rb"\n\n+", padded))


def _add_up(content: bytes | Path, source: SourceContract, seen: _Seen) -> None:
    """Declared sums, exact, and how often times that should follow one another do not. Unreadable records add nothing."""
    fields = {f.name: (at, f) for at, f in enumerate(source.fields)}
    sums = source.control.sums if source.control else {}
    seen.sums = dict.fromkeys(sums, 0)
    summed = [
        (name, *fields[each.of], [(fields[by][0], kept) for by, kept in each.where.items()])
        for name, each in sums.items()
    ]
    times = [fields[name][0] for name in source.in_order]
    for values in _values(content, source):
        for name, at, declared, conditions in summed:
            if all(values[k] in kept for k, kept in conditions):
                seen.sums[name] += _amount(values[at], declared) or 0
        told = [t for at in times if (t := values[at]) is not None]
        for earlier, later in pairwise(told):
            seen.compared += 1
            seen.wrong += earlier > later


def _values(content: bytes | Path, source: SourceContract) -> Iterator[list[str | None]]:
    if isinstance(content, bytes):
        yield from (record.values for record in read(content, source) if record.values is not None)
        return
    for some in fast.read(content, source):
        if isinstance(some, fast.Block):
            yield from some.values.to_pylist()
        else:
            yield from (record.values for record in some if record.values is not None)


def _unread(content: bytes | Path, source: SourceContract) -> Iterator[Record]:
    records = read(content, source) if isinstance(content, bytes) else chain.from_iterable(
        some for some in fast.read(content, source) if not isinstance(some, fast.Block)
    )  # fmt: skip
    return (record for record in records if record.values is None)


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
    told: re.Match[str] | None, seen: _Seen, source: SourceContract, day: date, found: Callable[..., None]
) -> None:
    """Rows, date and sums as declared by `control`. A declared amount is written the way its field is.

    A record that cannot be read adds nothing to a sum, so the sum does not hold.
    """
    assert source.control is not None
    found("truncated" if source.control.file is None else "control_file", told is not None)
    if told is None:
        return
    groups = told.groupdict()
    if groups.get("rows"):
        found("row_count_control", int(groups["rows"]) == seen.rows, int(groups["rows"]), seen.rows)
    if groups.get("date"):
        found("date_mismatch_control", parse_day(groups["date"], source.control.date_format) == day)
    fields = {f.name: f for f in source.fields}
    for name, wanted in source.control.sums.items():
        expected, actual = _amount(groups[name], fields[wanted.of]), seen.sums[name]
        found(f"control_total_{name}", expected == actual, expected, actual, of=10**SUM_DECIMALS)


def _amount(text: str | None, declared: SourceField) -> int | None:
    implied = int(declared.type.removeprefix("implied")) if declared.type.startswith("implied") else 0
    parsed = parse_number(text, implied, declared.decimal, declared.is_overpunched)
    return None if parsed is None else int(parsed.scaleb(SUM_DECIMALS, _EXACT))


def _scaled(units: int | None, of: int) -> Decimal | None:
    if units is None:
        return None
    shown = _EXACT.divide(Decimal(units), Decimal(of))
    return shown.quantize(Decimal("0.01"), context=_EXACT) if abs(shown) < MOST_SHOWN else None


def _trailer(made: Cut, seen: _Seen, day: date, found: Callable[..., None]) -> None:
    """Trailer of the core system: rows, date, and for money feeds two sums."""
    parsed = _TRAILER.fullmatch(made.trailer or b"")
    found("truncated", parsed is not None)
    if parsed is None:
        return
    found("row_count_trailer", int(parsed["rows"]) == seen.rows, int(parsed["rows"]), seen.rows)
    found("date_mismatch", parsed["day"] == f"{day:%Y%m%d}".encode())
    if seen.trailer is None:
        return
    first, second = seen.trailer.sums
    if seen.trailer.by == seen.trailer.amount:
        second = -second
    for code, expected, actual in (
        ("control_total", int(parsed["sum1"]), first),
        ("control_total_2", int(parsed["sum2"]), second),
    ):
        found(code, expected == actual, expected, actual, of=100)


def _control(control: bytes, seen: _Seen, day: date, found: Callable[..., None]) -> None:
    """Control file of a money feed."""
    parsed = _CONTROL.fullmatch(control)
    found("control_file", parsed is not None)
    if parsed is None:
        return
    found("date_mismatch_control", parsed["day"] == f"{day:%Y%m%d}".encode())
    debit, credit = seen.control.sums if seen.control else (0, 0)
    found("control_total_debit", int(parsed["debit"]) == debit, int(parsed["debit"]), debit, of=100)
    found("control_total_credit", int(parsed["credit"]) == credit, int(parsed["credit"]), credit, of=100)


def _is_debit(flag: bytes) -> bool:
    return flag == b"D"


def _trailer_tally(source: SourceContract) -> Tally | None:
    if source.layout.trailer != "core_trailer":
        return None
    if source.feed.endswith("acct_bal"):
        return _tally(source, "bal", "ccy", lambda ccy: ccy.strip() in (b"156", b"CNY", b"RMB"))
    if source.feed.endswith("txn") and "dc_flag" in source.names():
        return _tally(source, "amt", "dc_flag", _is_debit)
    if source.feed.endswith("txn"):
        # The amount tells its own direction: what is charged, and what goes back as a positive number.
        return _tally(source, "amt", "amt", lambda amount: not amount.startswith(b"-"))
    return None


def _tally(source: SourceContract, amount: str, by: str, belongs: Callable[[bytes], bool]) -> Tally | None:
    """None where the feed has no such fields by bytes."""
    at = {f.name: slice(f.at[0] - 1, f.at[1]) for f in source.fields if f.at}
    return Tally(at[amount], at[by], belongs) if amount in at and by in at else None
