"""Cuts a stream into lines. No Spark.

Memory holds a piece of the stream and one line, however large the file is. A line keeps its place among the bytes; of a line longer than
`MOST_KEPT` only the beginning is carried along, its size is that of the whole.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from spark_jobs.bronze.archives import GZIP
from spark_jobs.contracts.sources import Layout

BOM = b"\xef\xbb\xbf"
# The same mark in GB18030; elsewhere these bytes are no text.
_GB_MARK = b"\x84\x31\x95\x33"
PIECE = 4 * 1024**2
MOST_KEPT = 16 * 1024**2
# Mainframes and DOS end a file with this sign, or fill its last block up with it.
_END_OF_FILE = b"\x1a"
_LAST_BYTES = 4096


def mark_size(head: bytes, encoding: str) -> int:
    """How many bytes of a file's beginning are its byte order mark."""
    if head.startswith(BOM):
        return len(BOM)
    return len(_GB_MARK) if head.startswith(_GB_MARK) and codecs.lookup(encoding).name == "gb18030" else 0


def has_last_line_end(path: Path) -> bool:
    """Whether the last line of a text file has an end; true of an empty one, and of what gzip packs, which knows by itself when it is cut."""
    with path.open("rb") as stream:
        if stream.read(len(GZIP)) == GZIP:
            return True
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - _LAST_BYTES))
        last = stream.read().rstrip(_END_OF_FILE)
    return last.endswith((b"\n", b"\r")) or not size


class Line(NamedTuple):
    """A line without its end. `size` is that of `raw`, but for lines longer than what is kept."""

    number: int
    offset: int
    raw: bytes
    size: int


def lines(
    stream: IO[bytes],
    layout: Layout,
    at: int = 0,
    stop: int | None = None,
    number: int = 1,
    piece: int = PIECE,
) -> Iterator[Line]:
    """Lines of the stream from byte `at` on, ended by LF or CRLF, by CR where the contract says so, or by their length.

    A last line without an end counts, an empty last line does not; neither does a byte order mark or the sign that ends a file.
    """
    pieces = _pieces(stream, at, stop, piece)
    if layout.line_end == "none":
        found = _blocks(pieces, layout.record_bytes, at, number)
    else:
        end = b"\r" if layout.line_end == "cr" else b"\n"
        found = _ended(pieces, end, at, number, layout.encoding)
    held: Line | None = None
    for line in found:
        if held is not None:
            yield held
        held = line
    if held is not None and held.raw != _END_OF_FILE:
        yield held


def _pieces(stream: IO[bytes], at: int, stop: int | None, size: int) -> Iterator[bytes]:
    if stream.tell() != at:
        stream.seek(at)
    while stop is None or at < stop:
        piece = stream.read(size if stop is None else min(size, stop - at))
        if not piece:
            return
        at += len(piece)
        yield piece


def _ended(pieces: Iterator[bytes], end: bytes, at: int, number: int, encoding: str) -> Iterator[Line]:
    begin, pending, left_out = at, b"", 0
    for read in pieces:
        piece = read
        if left_out:
            # The line is longer than what is kept of one: only its end is looked for.
            cut = piece.find(end)
            left_out += len(piece) if cut < 0 else cut
            if cut < 0:
                continue
            yield Line(number, begin, pending, len(pending) + left_out)
            begin, number, piece = begin + len(pending) + left_out + 1, number + 1, piece[cut + 1 :]
            pending, left_out = b"", 0
        if begin == 0 and (mark := mark_size(pending + piece[:4], encoding)):
            piece, pending, begin = (pending + piece)[mark:], b"", mark
        *whole, pending = (pending + piece).split(end)
        for raw in whole:
            bare = raw[:-1] if raw.endswith(b"\r") and end == b"\n" else raw
            yield Line(number, begin, bare, len(bare))
            number, begin = number + 1, begin + len(raw) + 1
        if len(pending) > MOST_KEPT:
            left_out, pending = len(pending) - MOST_KEPT, pending[:MOST_KEPT]
    if pending:
        bare = pending[:-1] if pending.endswith(b"\r") and end == b"\n" and not left_out else pending
        bare = bare if left_out else bare.rstrip(_END_OF_FILE)
        if bare or pending.strip(_END_OF_FILE):
            yield Line(number, begin, bare, len(bare) + left_out)


def _blocks(pieces: Iterator[bytes], width: int, at: int, number: int) -> Iterator[Line]:
    """Records that follow one another without line ends; a line end after the last is none."""
    pending = b""
    for piece in pieces:
        pending += piece
        whole = len(pending) // width
        for k in range(whole):
            yield Line(number + k, at + k * width, pending[k * width : (k + 1) * width], width)
        number, at, pending = number + whole, at + whole * width, pending[whole * width :]
    if pending.strip(b"\r\n"):
        yield Line(number, at, pending, len(pending))


def joined(first: Line, others: list[Line]) -> Line:
    """One record of several lines, with the line ends between them as they came."""
    raw = [first.raw]
    end = first.offset + first.size
    for line in others:
        raw += [b"\n" if line.offset - end == 1 else b"\r\n", line.raw]
        end = line.offset + line.size
    return Line(first.number, first.offset, b"".join(raw), end - first.offset)
