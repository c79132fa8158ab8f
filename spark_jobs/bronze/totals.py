"""What one pass over a file adds up: rows, sums of money, and times that do not follow one another. No Spark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from spark_jobs.bronze import fast
from spark_jobs.bronze.apart import NO_RECORD, count_headers, headers_among
from spark_jobs.bronze.census import Census
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.pieces import Piece, begins, pieces
from spark_jobs.bronze.records import Record, read
from spark_jobs.bronze.tally import Tallies
from spark_jobs.bronze.value_sums import ValueSums
from spark_jobs.bronze.vectors import Bytes, places
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
        added = _added_up(content, source, {} if tallies is not None else source.sums)
        totals.sums |= added.sums
        totals.compared, totals.wrong = added.compared, added.wrong
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
    if b"\n\n" not in padded:
        return piece.count
    # Each empty line is a line end right after another.
    return piece.count - sum(len(run) - 1 for run in re.findall(rb"\n\n+", padded))


def _added_up(content: bytes | Path, source: SourceContract, wanted: Mapping[str, Sum]) -> ValueSums:
    """A second pass, over the values of records that can be read."""
    added = ValueSums(source, wanted)
    if isinstance(content, bytes):
        for record in read(content, source):
            if record.values is not None:
                added.add(record.values)
        return added
    # Most of a record is not asked for; where nothing else decides which records count, it is not made either.
    is_plain = source.layout.kind == "delimited" and not source.set_aside
    for some in fast.read(content, source, fields=added.places if is_plain else None):
        if isinstance(some, fast.Block):
            added.add_all(some.values if is_plain else _only(some.values, added.places))
            continue
        for record in some:
            if record.values is not None:
                added.add(record.values)
    return added


def _only(values: pa.ListArray, at: Sequence[int]) -> pa.ListArray:
    """Lists of the values at these places."""
    flat = values.flatten()
    width = len(flat) // len(values)
    kept = flat.take(pa.array(places(len(values), width, at)))
    return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1) * len(at), pa.int32()), kept)


def _unread(content: bytes | Path, source: SourceContract) -> Iterator[Record]:
    records = read(content, source) if isinstance(content, bytes) else chain.from_iterable(
        some for some in fast.read(content, source) if not isinstance(some, fast.Block)
    )  # fmt: skip
    return (record for record in records if record.values is None)
