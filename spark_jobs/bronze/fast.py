"""Reads clean records by whole columns instead of one by one; gives exactly what `records.read` gives, which is its oracle. No Spark.

A piece of the file is decoded at once, cut at all its separators at once, trimmed at once. Whatever is not plainly clean (a sign that stands
for no text, another number of fields, half a character, a quote, a date that is none) is picked out and read record by record.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bronze.archives import GZIP
from spark_jobs.bronze.lines import BOM, MOST_KEPT, Line, lines
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.records import Cut, Record, column_names, read_lines
from spark_jobs.contracts.sources import SourceContract

# Small enough for what is made of it to stay in the processor's cache, large enough for calls into Arrow to cost nothing.
PIECE = 1024**2
# Encodings in which a line end is never a part of a character, so that a piece decodes as its lines do.
_ENCODINGS = (
    "utf-8",
    "ascii",
    "gb18030",
    "gbk",
    "gb2312",
    "big5",
    "cp950",
    "big5hkscs",
    "iso8859-1",
    "iso8859-15",
    "cp1252",
)
_BLANKS = " \u3000"
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """A range of a file's bytes that begins and ends at a line end. `is_last`: it holds the end of the file."""

    start: int
    stop: int | None
    number: int
    is_last: bool = True


@dataclass(frozen=True)
class Block:
    """Clean records, by column: their line numbers, places, bytes, and values as lists in the contract's order."""

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
) -> Iterator[Block | list[Record]]:
    """All records of a file or of a part of it, clean ones as blocks. Within a part the order is that of pieces, not of lines."""
    made = Cut(content, source)
    start = begins(content, made, source)
    if start is None:
        yield from _some(read_lines(made.details(), made.header, source))
    else:
        yield from _Reader(made, source, notices).through(content, part or start, piece)


def begins(content: Path, made: Cut, source: SourceContract) -> Part | None:
    """The part of a file that its details are, where every line is a record, so that it may be cut at any line end; None elsewhere."""
    layout, above = source.layout, made.above
    if layout.kind not in ("fixed", "delimited") or layout.line_end != "lf":
        return None
    names = column_names(made, source) or [f.source_name for f in source.fields]
    if codecs.lookup(layout.encoding).name not in _ENCODINGS or sorted(names) != sorted(
        f.source_name for f in source.fields
    ):
        return None
    if (layout.header or layout.skip_lines) and (above is None or b"\n" in above.raw):
        return None
    with content.open("rb") as stream:
        head = stream.read(len(BOM))
        if head == GZIP:
            return None
        if above is None:
            return Part(len(BOM) if head == BOM else 0, None, 1)
        at = above.offset + above.size
        stream.seek(at)
        return Part(at + (2 if stream.read(2) == b"\r\n" else 1), None, above.number + 1)


def _some(records: Iterator[Record], count: int = 20_000) -> Iterator[list[Record]]:
    while some := list(itertools.islice(records, count)):
        yield some


class _Reader:
    def __init__(self, made: Cut, source: SourceContract, notices: Notices | None) -> None:
        self.source, self.layout, self.made, self.notices = source, source.layout, made, notices
        names = column_names(made, source) or [f.source_name for f in source.fields]
        self.order = [names.index(f.source_name) for f in source.fields]
        self.columns = len(names)
        self.nulls = [(j, pa.array(f.null, pa.string())) for j, f in enumerate(source.fields) if f.null]

    def through(self, content: Path, part: Part, piece: int) -> Iterator[Block | list[Record]]:
        """The pieces of a part. From a quote or an endless line on, the rest is read line by line."""
        at, number, pending = part.start, part.number, b""
        with content.open("rb") as stream:
            stream.seek(at)
            position = at
            while True:
                wanted = piece if part.stop is None else min(piece, part.stop - position)
                read = stream.read(wanted) if wanted > 0 else b""
                position += len(read)
                buffer = pending + read
                is_end = not read
                if part.is_last:
                    stop = self._last_line(buffer)
                else:
                    stop = len(buffer) if is_end else buffer.rfind(b"\n") + 1
                if (self.layout.quote and b'"' in buffer) or len(buffer) - stop > MOST_KEPT:
                    break
                if stop:
                    block, count = self.block(buffer[:stop], at, number)
                    yield from block
                    at, number = at + stop, number + count
                pending = buffer[stop:]
                if is_end:
                    break
            if part.is_last or at < (part.stop or 0):
                found = lines(stream, self.layout, at, part.stop, number)
                yield from _some(
                    read_lines(self.made.details_of(found, part.is_last), self.made.header, self.source)
                )

    @staticmethod
    def _last_line(buffer: bytes) -> int:
        """Where the last line with content begins: it may be the trailer, or go on in the next piece."""
        return buffer.rfind(b"\n", 0, len(buffer.rstrip(b"\r\n\x1a"))) + 1

    def block(self, buffer: bytes, base: int, number: int) -> tuple[list[Block | list[Record]], int]:
        """Clean and other records of whole lines, and how many lines they are."""
        data: Bytes = np.frombuffer(buffer, np.uint8)
        ends = np.flatnonzero(data == 10)
        if not buffer.endswith(b"\n"):
            ends = np.append(ends, len(buffer))
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
        if not buffer.endswith(b"\n"):
            odd[-1] = True
        is_empty = lengths == 0
        if len(self.source.fields) > 1:
            odd &= ~is_empty
        else:
            odd |= is_empty
        is_record = ~is_empty | odd
        made = self._delimited if self.layout.kind == "delimited" else self._fixed
        block = made(buffer, data, starts, ends, lengths, is_record & ~odd)
        clean = block[0]
        out: list[Block | list[Record]] = []
        if clean.any():
            at = np.flatnonzero(clean)
            raw = _texts(data, starts, ends, at, 1 + is_crlf, pa.binary())
            out.append(Block(at + number, starts[at] + base, raw, block[1]))
        rest = np.flatnonzero(is_record & ~clean)
        if len(rest):
            found = (
                Line(
                    number + int(k),
                    base + int(starts[k]),
                    raw := buffer[starts[k] : starts[k] + lengths[k]],
                    len(raw),
                )
                for k in rest
            )
            out += _some(read_lines(found, self.made.header, self.source))
        return out, len(ends)

    def _delimited(
        self, buffer: bytes, data: Bytes, starts: Ints, ends: Ints, lengths: Ints, clean: Flags
    ) -> tuple[Flags, pa.ListArray]:
        decoded = _decoded(buffer, data, self.layout.encoding)
        if decoded is None or (clean.any() and decoded[1].shape != ends.shape):
            return np.zeros_like(clean), pa.array([], pa.list_(pa.string()))
        text, text_ends, bad = decoded
        clean = clean & ~bad
        at = np.flatnonzero(clean)
        text_starts = np.concatenate(([0], text_ends[:-1] + 1))
        rows = _texts(text, text_starts, text_ends, at, 1, pa.string())
        cut = (
            pc.split_pattern(pc.utf8_rtrim(rows, "\r"), self.layout.separator)
            if len(at)
            else pa.array([], pa.list_(pa.string()))
        )
        fits = pc.equal(pc.list_value_length(cut), self.columns).to_numpy(zero_copy_only=False).astype(bool)
        clean[at[~fits]] = False
        if self.layout.marks and self.layout.marks.column and len(at):
            told = pc.list_element(cut.filter(pa.array(fits)), self.layout.marks.column - 1)
            fits[np.flatnonzero(fits)] = _true(pc.is_in(told, value_set=pa.array(self.layout.marks.ours)))
            clean[at[~fits]] = False
        flat = (cut if fits.all() else cut.filter(pa.array(fits))).flatten()
        if self.order != list(range(self.columns)):
            flat = flat.take(pa.array(_places(len(flat) // self.columns, self.columns, self.order)))
        return self._trimmed(flat, clean)

    def _fixed(
        self, buffer: bytes, data: Bytes, starts: Ints, ends: Ints, lengths: Ints, clean: Flags
    ) -> tuple[Flags, pa.ListArray]:
        layout = self.layout
        clean = clean & (lengths == layout.record_bytes)
        at = np.flatnonzero(clean)
        table = _rectangle(data, starts, ends, at, layout.record_bytes)
        fits = np.ones(len(at), bool)
        if layout.detail:
            fits &= _begin_with(table, layout.detail.encode(layout.encoding))
        if layout.marks and layout.marks.at:
            said = table[:, layout.marks.at[0] - 1 : layout.marks.at[1]]
            ours = [m.encode(layout.encoding) for m in layout.marks.ours]
            fits &= np.logical_or.reduce(
                [_begin_with(said, m) for m in ours if len(m) == said.shape[1]] or [~fits]
            )
        columns = []
        for first, last in (f.at for f in self.source.fields if f.at):
            column, bad = _column(table[:, first - 1 : last], layout.encoding)
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
        if self.notices is None or not rows:
            return noticed

        def column(j: int) -> pa.StringArray:
            return flat.take(pa.array(np.arange(j, len(flat), width)))

        for j, impossible in self.notices.dates:
            said = column(j).dictionary_encode()
            bad = np.array([impossible[text] for text in said.dictionary.to_pylist()] + [False])
            noticed |= bad[said.indices.fill_null(len(bad) - 1).to_numpy()]
        for j in self.notices.ids:
            noticed |= _true(pc.ends_with(column(j), "000"))
        for j in self.notices.phones:
            noticed |= _true(pc.match_substring(column(j), "E", ignore_case=True))
        return noticed


def _rectangle(data: Bytes, starts: Ints, ends: Ints, at: Ints, width: int) -> Bytes:
    """Lines `at`, which all have so many bytes and may end in CR, as rows of bytes."""
    bare = pc.binary_slice(_texts(data, starts, ends, at, 1, pa.binary()), 0, width)
    if not len(bare):
        return np.zeros((0, width), np.uint8)
    first = np.frombuffer(bare.buffers()[1], np.int32)[bare.offset]
    return np.frombuffer(bare.buffers()[2], np.uint8)[first : first + len(bare) * width].reshape(-1, width)


def _column(table: Bytes, encoding: str) -> tuple[pa.StringArray | None, Flags]:
    """Fields of one width as text, and those that hold what is no text; None where that cannot be told by field."""
    rows, width = table.shape
    column = np.ascontiguousarray(table)
    if not (column & 0x80).any():
        offsets = pa.array(np.arange(rows + 1) * width, pa.int32())
        text = pa.Array.from_buffers(pa.string(), rows, [None, offsets.buffers()[1], pa.py_buffer(column)])
        return text, np.zeros(rows, bool)
    ended = np.full((rows, width + 1), 10, np.uint8)
    ended[:, :-1] = table
    decoded = _decoded(ended.tobytes(), ended.reshape(-1), encoding)
    if decoded is None or len(decoded[1]) != rows:
        return None, np.zeros(rows, bool)
    said, ends, bad = decoded
    return _texts(said, np.concatenate(([0], ends[:-1] + 1)), ends, np.arange(rows), 1, pa.string()), bad


def _begin_with(table: Bytes, mark: bytes) -> Flags:
    begins: Flags = (table[:, : len(mark)] == np.frombuffer(mark, np.uint8)).all(axis=1)
    return begins


def _true(found: pa.BooleanArray) -> Flags:
    flags: Flags = found.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _places(rows: int, columns: int, order: Sequence[int]) -> Ints:
    places: Ints = (np.arange(rows)[:, None] * columns + np.array(order)).reshape(-1)
    return places


def _texts(data: Bytes, starts: Ints, ends: Ints, at: Ints, end: int, kind: pa.DataType) -> pa.Array:
    """Lines `at` without their ends of `end` bytes, as strings or bytes. Their text is valid."""
    offsets = np.append(starts, ends[-1] + 1 if len(ends) else 0).astype(np.int32)
    buffer = pa.py_buffer(np.ascontiguousarray(data))
    if len(data) < offsets[-1]:  # a last line without an end, which is never asked for
        offsets[-1] = len(data)
    array = pa.Array.from_buffers(pa.binary(), len(starts), [None, pa.py_buffer(offsets), buffer])
    taken = array if len(at) == len(starts) else array.take(pa.array(at))
    bare = pc.binary_slice(taken, 0, -end)
    return bare if kind == pa.binary() else bare.view(pa.string())


def _decoded(buffer: bytes, data: Bytes, encoding: str) -> tuple[Bytes, Ints, Flags] | None:
    """The text in UTF-8, the places of its line ends, and which lines hold what is no text or may not stay; None where lines shift."""
    text: Bytes
    if buffer.isascii():
        text = data
    else:
        try:
            said = buffer.decode(encoding)
            text = data if codecs.lookup(encoding).name == "utf-8" else np.frombuffer(said.encode(), np.uint8)
        except UnicodeDecodeError:
            try:
                said = buffer.decode(encoding, "surrogateescape")
            except UnicodeDecodeError:
                return None
            text = np.frombuffer(said.encode("utf-8", "surrogatepass"), np.uint8)
    ends = np.flatnonzero(text == 10)
    if len(text) and text[-1] != 10:
        ends = np.append(ends, len(text))
    bad = np.zeros(len(ends), bool)
    if not buffer.isascii():
        high = np.flatnonzero(text >= 0xED)
        if len(high):
            first, second, third = (text[np.minimum(high + k, len(text) - 1)] for k in range(3))
            spoiled = (
                ((first == 0xED) & (second >= 0xA0)) | (first == 0xEE) | (first == 0xF4)
                | ((first == 0xEF) & ((second < 0xA4) | ((second == 0xBF) & (third == 0xBD))))
                | ((first == 0xF3) & (second >= 0xB0))
            )  # fmt: skip
            bad[np.searchsorted(ends, high[spoiled])] = True
    return text, ends, bad


def parts(content: Path, source: SourceContract, size: int) -> list[Part | None]:
    """A file in parts of about so many bytes, cut at line ends; [None], the file as a whole, where it cannot be cut.

    Lines are counted while passing over the bytes once, so that every record has its number.
    """
    start = begins(content, Cut(content, source), source)
    if start is None or content.stat().st_size - start.start <= size:
        return [None]
    found: list[Part | None] = []
    begin = at = start.start
    number, counted = start.number, 0
    with content.open("rb") as stream:
        stream.seek(at)
        while piece := stream.read(min(PIECE * 4, size)):
            if source.layout.quote and b'"' in piece:
                return [None]
            end = piece.find(b"\n", max(0, begin + size - at - 1)) if at + len(piece) >= begin + size else -1
            if end >= 0:
                counted += piece.count(b"\n", 0, end + 1)
                found.append(Part(begin, at + end + 1, number, is_last=False))
                begin, number, counted = at + end + 1, number + counted, 0
                counted += piece.count(b"\n", end + 1)
            else:
                counted += piece.count(b"\n")
            at += len(piece)
        # The end of the file may be its trailer and empty lines: they stay with the line before them.
        while found:
            stream.seek(begin)
            if stream.read(size).strip(b"\r\n\x1a"):
                break
            last = found.pop()
            assert last is not None
            begin, number = last.start, last.number
    return [*found, Part(begin, None, number)]
