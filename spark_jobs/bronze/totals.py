"""What one pass over a file adds up: rows, sums of money, and times that do not follow one another. No Spark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Context
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from spark_jobs.bronze import fast
from spark_jobs.bronze.apart import NO_RECORD, count_headers, headers_among
from spark_jobs.bronze.census import Census
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.pieces import Piece, begins, pieces
from spark_jobs.bronze.records import Record, read
from spark_jobs.bronze.reread import amount_of
from spark_jobs.bronze.tally import Tally
from spark_jobs.bronze.vectors import Bytes
from spark_jobs.contracts.sources import SourceContract, SourceField

# Amounts are summed as whole numbers of this many decimals: exact, whatever the order.
SUM_DECIMALS = 6
EXACT = Context(prec=200)


@dataclass
class Totals:
    """What one pass over a file finds: its rows, its sums, and how often times that should follow one another do not.

    rows  records, readable or not; without what is none (`apart`), except headers where the supplier counts them
    """

    rows: int = 0
    trailer: Tally | None = None
    control: Tally | None = None
    sums: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    wrong: int = 0


def totals_of(content: bytes | Path, made: Cut, source: SourceContract, census: Census | None) -> Totals:
    """One pass over the lines, and a second one over the values where a check needs them."""
    totals = Totals(trailer=_trailer_tally(source), control=_tally(source, "amt", "dc_flag", _is_debit))
    tallies = [t for t in (totals.trailer, totals.control) if t is not None]
    if census is not None and made.header is not None:
        census.see(made.header)
    is_header = headers_among(None if source.header_again == "counted" else made.header, source)
    start = begins(content, made, source) if isinstance(content, Path) else None
    found = pieces(content, made, source, start) if start and isinstance(content, Path) else [made.details()]
    for some in found:
        if isinstance(some, Piece):
            totals.rows += _looked_at(some, source, census, tallies)
            if made.header is not None and source.header_again != "counted":
                totals.rows -= count_headers(some.content, made.header, source.layout.encoding)
            continue
        for line in some:
            totals.rows += not is_header(line.raw)
            if census is not None:
                census.see(line.raw)
            for tally in tallies:
                tally.add(line.raw)
    if source.set_aside:
        totals.rows -= sum(1 for record in _unread(content, source) if record.reasons == [NO_RECORD])
    if source.in_order or (source.control and source.control.sums):
        _add_up(content, source, totals)
    return totals


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


def _add_up(content: bytes | Path, source: SourceContract, totals: Totals) -> None:
    """Declared sums, exact, and how often times that should follow one another do not. Unreadable records add nothing."""
    fields = {f.name: (at, f) for at, f in enumerate(source.fields)}
    sums = source.control.sums if source.control else {}
    totals.sums = dict.fromkeys(sums, 0)
    summed = [
        (name, *fields[each.of], [(fields[by][0], kept) for by, kept in each.where.items()])
        for name, each in sums.items()
    ]
    times = [fields[name][0] for name in source.in_order]
    for values in _values(content, source):
        for name, at, declared, conditions in summed:
            if all(values[k] in kept for k, kept in conditions):
                totals.sums[name] += amount_units(values[at], declared) or 0
        told = [t for at in times if (t := values[at]) is not None]
        for earlier, later in pairwise(told):
            totals.compared += 1
            totals.wrong += earlier > later


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


def amount_units(text: str | None, declared: SourceField) -> int | None:
    """The number a field holds, in units of `SUM_DECIMALS` decimals; None where it holds none."""
    parsed = None if text is None else amount_of(text, declared)
    return None if parsed is None else int(parsed.scaleb(SUM_DECIMALS, EXACT))


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
