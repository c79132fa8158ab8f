"""Reads clean records by whole columns instead of one by one; gives exactly what `records.read` gives, which is its oracle. No Spark.

A piece of the file is decoded at once, cut at all its separators at once, trimmed at once. Whatever is not plainly clean (a sign that stands
for no text, another number of fields, half a character, a quote, a date that is none) is picked out and read record by record.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bronze.apart import NoRecords
from spark_jobs.bronze.cut import Cut, column_names
from spark_jobs.bronze.lines import Line
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.pieces import PIECE, Part, Piece, begins, pieces
from spark_jobs.bronze.records import Record, read_lines
from spark_jobs.bronze.vectors import (
    Bytes,
    Flags,
    Ints,
    begin_with,
    chosen,
    chosen_values,
    column_of,
    decoded,
    places,
    rectangle,
    texts,
    true_of,
)
from spark_jobs.contracts.sources import SourceContract

_BLANKS = " \u3000"


@dataclass(frozen=True)
class Block:
    """Clean records, by column: their line numbers, places, bytes, and values as lists in the contract's order (of the fields asked for)."""

    numbers: Ints
    offsets: Ints
    raw: pa.BinaryArray
    values: pa.ListArray


def read(
    content: Path,
    source: SourceContract,
    part: Part | None = None,
    notices: Notices | None = None,
    piece: int = PIECE,
    fields: Sequence[int] | None = None,
) -> Iterator[Block | list[Record]]:
    """All records of a file or of a part of it, clean ones as blocks. Within a part the order is that of pieces, not of lines.

    fields  places in the contract of the values that blocks are to have, of a delimited feed that sets nothing aside; records have all
    """
    made = Cut(content, source)
    start = begins(content, made, source)
    if start is None:
        yield from _some(read_lines(made.details(), made.header, source))
    else:
        reader = _Reader(made, source, notices, fields)
        for some in pieces(content, made, source, part or start, piece):
            yield from reader.of(some) if isinstance(some, Piece) else reader.records(some)


def _some(records: Iterator[Record], count: int = 20_000) -> Iterator[list[Record]]:
    while some := list(itertools.islice(records, count)):
        yield some


class _Reader:
    def __init__(
        self, made: Cut, source: SourceContract, notices: Notices | None, places: Sequence[int] | None
    ) -> None:
        self.source, self.layout, self.made, self.notices = source, source.layout, made, notices
        names = column_names(made, source) or [f.source_name for f in source.fields]
        fields = source.fields if places is None else [source.fields[at] for at in places]
        self.order = [names.index(f.source_name) for f in fields]
        self.columns = len(names)
        self.apart = NoRecords(source)
        self.nulls = [(j, pa.array(f.null, pa.string())) for j, f in enumerate(fields) if f.null]

    def records(self, lines: Iterator[Line]) -> Iterator[list[Record]]:
        yield from _some(read_lines(lines, self.made.header, self.source))

    def of(self, piece: Piece) -> Iterator[Block | list[Record]]:
        """Clean and other records of a piece."""
        buffer, base, number = piece.content, piece.offset, piece.number
        data: Bytes = np.frombuffer(buffer, np.uint8)
        ends = np.flatnonzero(data == 10)
        starts = np.concatenate(([0], ends[:-1] + 1))
        has_cr = (ends > starts) & (data[np.maximum(ends - 1, 0)] == 13)
        lengths = ends - starts - has_cr
        odd = lengths > self.layout.longest_record
        if 0 in data:
            odd[np.searchsorted(ends, np.flatnonzero(data == 0))] = True
        returns = np.flatnonzero(data == 13)
        if len(returns) != has_cr.sum():
            inside = returns[~np.isin(returns, ends[has_cr] - 1)]
            odd[np.searchsorted(ends, inside)] = True
        is_crlf = bool(has_cr.sum() * 2 > len(has_cr))
        odd |= has_cr != is_crlf
        is_empty = lengths == 0
        if len(self.source.fields) > 1:
            odd &= ~is_empty
        else:
            odd |= is_empty
        is_record = ~is_empty | odd
        clean, raw = is_record & ~odd, None
        if self.layout.kind == "delimited":
            clean, values, raw = self._delimited(buffer, data, starts, ends, lengths, clean, 1 + is_crlf)
        else:
            clean, values = self._fixed(data, starts, ends, lengths, clean)
        if clean.any():
            at = np.flatnonzero(clean)
            if raw is None:
                raw = texts(data, starts, ends, at, 1 + is_crlf, pa.binary())
            yield Block(at + number, starts[at] + base, raw, values)
        rest = np.flatnonzero(is_record & ~clean).tolist()
        raws = (buffer[starts[k] : starts[k] + lengths[k]] for k in rest)
        yield from self.records(
            Line(number + k, base + int(starts[k]), raw, len(raw)) for k, raw in zip(rest, raws, strict=True)
        )

    def _delimited(
        self, buffer: bytes, data: Bytes, starts: Ints, ends: Ints, lengths: Ints, clean: Flags, line_end: int
    ) -> tuple[Flags, pa.ListArray, pa.BinaryArray | None]:
        """Clean records, their values, and their bytes where those are the text itself. line_end: its bytes, of all that may be clean."""
        nothing = pa.array([], pa.list_(pa.string()))
        made = decoded(buffer, data, self.layout.encoding)
        if made is None or (clean.any() and made[1].shape != ends.shape):
            return np.zeros_like(clean), nothing, None
        text, text_ends, bad = made
        clean = clean & ~bad & ~self._is_header(data, starts, ends, lengths)
        at = np.flatnonzero(clean)
        if not len(at):
            return clean, nothing, None
        text_starts = np.concatenate(([0], text_ends[:-1] + 1))
        rows = texts(text, text_starts, text_ends, at, line_end, pa.string())
        cut = pc.split_pattern(rows, self.layout.separator)
        fits = pc.equal(pc.list_value_length(cut), self.columns).to_numpy(zero_copy_only=False).astype(bool)
        if self.layout.marks and self.layout.marks.column:
            told = pc.list_element(cut.filter(pa.array(fits)), self.layout.marks.column - 1)
            fits[np.flatnonzero(fits)] = true_of(pc.is_in(told, value_set=pa.array(self.layout.marks.ours)))
        clean[at[~fits]] = False
        flat = cut.flatten() if fits.all() else chosen_values(cut, np.flatnonzero(fits))
        if self.order != list(range(self.columns)):
            flat = flat.take(pa.array(places(len(flat) // self.columns, self.columns, self.order)))
        clean, values = self._trimmed(flat, clean)
        if text is not data:
            return clean, values, None
        raw, kept = rows.view(pa.binary()), np.flatnonzero(clean[at])
        return clean, values, raw if len(kept) == len(raw) else chosen(raw, kept)

    def _is_header(self, data: Bytes, starts: Ints, ends: Ints, lengths: Ints) -> Flags:
        """Lines that are the header once more."""
        header, found = self.made.header, np.zeros(len(starts), bool)
        if header:
            alike = np.flatnonzero((lengths == len(header)) & (data[starts] == header[0]))
            found[alike] = begin_with(rectangle(data, starts, ends, alike, len(header)), header)
        return found

    def _fixed(
        self, data: Bytes, starts: Ints, ends: Ints, lengths: Ints, clean: Flags
    ) -> tuple[Flags, pa.ListArray]:
        layout = self.layout
        clean = clean & (lengths == layout.record_bytes)
        at = np.flatnonzero(clean)
        table = rectangle(data, starts, ends, at, layout.record_bytes)
        fits = np.ones(len(at), bool)
        if layout.detail:
            fits &= begin_with(table, layout.detail.encode(layout.encoding))
        if layout.marks and layout.marks.at:
            said = table[:, layout.marks.at[0] - 1 : layout.marks.at[1]]
            ours = [m.encode(layout.encoding) for m in layout.marks.ours]
            fits &= np.logical_or.reduce(
                [begin_with(said, m) for m in ours if len(m) == said.shape[1]] or [~fits]
            )
        columns = []
        for first, last in (f.at for f in self.source.fields if f.at):
            column, bad = column_of(table[:, first - 1 : last], layout.encoding)
            if column is None:
                return np.zeros_like(clean), pa.array([], pa.list_(pa.string()))
            fits &= ~bad
            columns.append(column)
        clean[at[~fits]] = False
        kept = np.flatnonzero(fits)
        width = len(columns)
        flat = pa.concat_arrays(columns).take(
            pa.array((kept[:, None] + np.arange(width) * len(at)).reshape(-1))
        )
        return self._trimmed(flat, clean)

    def _trimmed(self, flat: pa.StringArray, clean: Flags) -> tuple[Flags, pa.ListArray]:
        """Values trimmed, empty and unknown ones null; records of which something is to be noticed are given up."""
        width = len(self.order)
        flat = pc.utf8_trim(flat, _BLANKS)
        unknown = pc.equal(pc.binary_length(flat), 0).to_numpy(zero_copy_only=False).astype(bool)
        for j, words in self.nulls:
            own = pc.is_in(flat.take(pa.array(np.arange(j, len(flat), width))), value_set=words)
            unknown[j::width] |= own.to_numpy(zero_copy_only=False).astype(bool)
        flat = pc.if_else(pa.array(unknown), pa.scalar(None, pa.string()), flat)
        rows = len(flat) // width
        noticed = self._noticed(flat, rows, width)
        if noticed.any():
            clean[np.flatnonzero(clean)[noticed]] = False
            kept = np.flatnonzero(~noticed)
            flat = flat.take(pa.array((kept[:, None] * width + np.arange(width)).reshape(-1)))
            rows = len(kept)
        return clean, pa.ListArray.from_arrays(pa.array(np.arange(rows + 1) * width, pa.int32()), flat)

    def _noticed(self, flat: pa.StringArray, rows: int, width: int) -> Flags:
        noticed = np.zeros(rows, bool)

        def column(j: int) -> pa.StringArray:
            return flat.take(pa.array(np.arange(j, len(flat), width)))

        for found in self.apart.of_columns(column) if rows else ():
            noticed |= true_of(found)
        if self.notices is None or not rows:
            return noticed

        for j, impossible in self.notices.dates:
            noticed |= impossible.of_column(column(j))
        for j in self.notices.ids:
            noticed |= true_of(pc.ends_with(column(j), "000"))
        for j in self.notices.phones:
            noticed |= true_of(pc.match_substring(column(j), "E", ignore_case=True))
        return noticed
