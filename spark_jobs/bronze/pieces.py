"""Files in which every line is a record, piece by piece, from any line end to any other. No Spark."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spark_jobs.bronze.archives import GZIP
from spark_jobs.bronze.cut import Cut, column_names
from spark_jobs.bronze.lines import MOST_KEPT, Line, lines, mark_size
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


@dataclass(frozen=True)
class Part:
    """A range of a file's bytes that begins and ends at a line end. `is_last`: it holds the end of the file."""

    start: int
    stop: int | None
    number: int
    is_last: bool = True


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file, all with their ends: the place of the first among the bytes, its number, and how many they are."""

    content: bytes
    offset: int
    number: int
    count: int


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
        head = stream.read(4)
        if head.startswith(GZIP):
            return None
        if above is None:
            return Part(mark_size(head, layout.encoding), None, 1)
        at = above.offset + above.size
        stream.seek(at)
        return Part(at + (2 if stream.read(2) == b"\r\n" else 1), None, above.number + 1)


def pieces(
    content: Path, made: Cut, source: SourceContract, part: Part, size: int = PIECE
) -> Iterator[Piece | Iterator[Line]]:
    """Pieces of a part, then the details of its last lines, one of which may be the trailer.

    From a quote (or a backslash that may stand before a line break) on, or from a line that does not end within `MOST_KEPT` bytes, all the rest is given as details.
    """
    at, number, pending, breaks = part.start, part.number, b"", source.layout.keeps_breaks
    with content.open("rb") as stream:
        stream.seek(at)
        position = at
        while True:
            wanted = size if part.stop is None else min(size, part.stop - position)
            read = stream.read(wanted) if wanted > 0 else b""
            position += len(read)
            buffer = pending + read
            stop = _last_line(buffer) if part.is_last else buffer.rfind(b"\n") + 1
            if (breaks and breaks in buffer) or len(buffer) - stop > MOST_KEPT:
                break
            if stop:
                whole = buffer[:stop]
                count = whole.count(b"\n")
                yield Piece(whole, at, number, count)
                at, number = at + stop, number + count
            pending = buffer[stop:]
            if not read:
                break
        if part.stop is None or at < part.stop:
            yield made.details_of(lines(stream, source.layout, at, part.stop, number), part.is_last)


def _last_line(buffer: bytes) -> int:
    """Where the last line with content begins: it may be the trailer, or go on in the next piece."""
    return buffer.rfind(b"\n", 0, len(buffer.rstrip(b"\r\n\x1a"))) + 1


def parts(content: Path, source: SourceContract, size: int) -> list[Part | None]:
    """A file in parts of about so many bytes, cut at line ends; [None], the file as a whole, where it cannot be cut.

    Lines are counted while passing over the bytes once, so that every record has its number.
    """
    start = begins(content, Cut(content, source), source)
    if start is None or content.stat().st_size - start.start <= size:
        return [None]
    found: list[Part | None] = []
    begin = at = start.start
    number, counted, breaks = start.number, 0, source.layout.keeps_breaks
    with content.open("rb") as stream:
        stream.seek(at)
        while piece := stream.read(min(PIECE * 4, size)):
            if breaks and breaks in piece:
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
