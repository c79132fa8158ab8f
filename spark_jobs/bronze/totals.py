"""What one pass over a file adds up: rows, sums of money, and times that do not follow one another. No Spark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from spark_jobs.bronze import fast
from spark_jobs.bronze.apart import NO_RECORD, count_headers, headers_among
from spark_jobs.bronze.census import Census
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.pieces import Piece, begins, pieces
from spark_jobs.bronze.records import Record, read
from spark_jobs.bronze.tally import Tallies, amount_units
from spark_jobs.bronze.vectors import Bytes
from spark_jobs.contracts.sources import SourceContract, Sum


@dataclass
class Totals:
    """What one pass over a file finds: its rows, its sums, and how often times that should follow one another do not.

    rows  records, readable or not; without what is none (`apart`), except headers where the supplier counts them
    sums  those that the contract declares, by name, in units of `SUM_DECIMALS` decimals
    """

    rows: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    compared: int = 0
    wrong: int = 0


def totals_of(content: bytes | Path, made: Cut, source: SourceContract, census: Census | None) -> Totals:
    """One pass over the lines, and a second one over the values where a check needs them."""
    totals = Totals()
    tallies = Tallies(source) if source.layout.kind == "fixed" and source.sums else None
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
            if tallies is not None:
                tallies.add(line.raw)
    if source.set_aside:
        totals.rows -= sum(1 for record in _unread(content, source) if record.reasons == [NO_RECORD])
    if tallies is not None:
        totals.sums = tallies.sums
    if source.in_order or (source.sums and tallies is None):
        _add_up(content, source, totals)
    return totals


def _looked_at(piece: Piece, source: SourceContract, census: Census | None, tallies: Tallies | None) -> int:
    """Records of a piece, for its bytes as a whole wherever that tells the same."""
    content = piece.content
    if census is not None and census.wants(content):
        for raw in filter(None, content.replace(b"\r\n", b"\n").split(b"\n")):
            census.see(raw)
    if tallies is not None:
        data: Bytes = np.frombuffer(content, np.uint8)
        ends = np.flatnonzero(data == 10)
        tallies.add_all(data, np.concatenate(([0], ends[:-1] + 1)), ends)
    if len(source.fields) == 1:
        return piece.count
    padded = b"\n" + (content.replace(b"\r\n", b"\n") if b"\r" in content else content)
    # Each empty line is a line end right after another.
    return piece.count - sum(len(run) - 1 for run in re.findall(rb"\n\n+", padded))


def _add_up(content: bytes | Path, source: SourceContract, totals: Totals) -> None:
    """Declared sums, exact, and how often times that should follow one another do not. Unreadable records add nothing.

    The sums of fixed width are there already: they are made by bytes.
    """
    names = source.names()
    sums = {} if source.layout.kind == "fixed" else source.sums
    totals.sums |= dict.fromkeys(sums, 0)
    summed = [(name, each, names.index(each.of), _conditions(each, names)) for name, each in sums.items()]
    times = [names.index(name) for name in source.in_order]
    for values in _values(content, source):
        for name, wanted, at, conditions in summed:
            if all((values[k] in words) == is_meant for k, words, is_meant in conditions):
                totals.sums[name] += wanted.counted(amount_units(values[at], source.fields[at]) or 0)
        told = [t for at in times if (t := values[at]) is not None]
        for earlier, later in pairwise(told):
            totals.compared += 1
            totals.wrong += earlier > later


def _conditions(wanted: Sum, names: Sequence[str]) -> list[tuple[int, tuple[str, ...], bool]]:
    """Places of fields, words, and whether a record is meant that has one of them."""
    told = [(name, words, True) for name, words in wanted.where.items()]
    told += [(name, words, False) for name, words in wanted.where_not.items()]
    return [(names.index(name), words, is_meant) for name, words, is_meant in told]


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
