"""Delimited text with fields in double quotes: separators and line breaks inside of them belong to the value. No Spark."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from spark_jobs.bronze.lines import Line, joined
from spark_jobs.contracts.sources import Layout

_CLOSED, _OPEN, _BROKEN = "closed", "open", "broken"


def unbroken(found: Iterator[Line], layout: Layout) -> Iterator[Line]:
    """Records of a quoted file: a line break inside quotes belongs to the record. Numbers count records.

    A quote that is never closed, or closed in the middle of a field, within `longest_record` bytes is the fault of its own line:
    that line is given alone and the next one is looked at afresh, so that it swallows nothing.
    """
    ahead: deque[Line] = deque()
    number: int | None = None
    # So many lines of `ahead` leave a field open that was open before them. Without it a file of open quotes would be looked through
    # once for every line.
    stays_open = 0

    def reaches(count: int) -> bool:
        while len(ahead) < count:
            line = next(found, None)
            if line is None:
                return False
            ahead.append(line)
        return True

    while reaches(1):
        first = ahead.popleft()
        number = first.number if number is None else number + 1
        stays_open = max(stays_open - 1, 0)
        record = first
        if b'"' in first.raw and _state(first, layout, is_open=False) == _OPEN:
            count = stays_open
            state = _OPEN
            while state == _OPEN and reaches(count + 1):
                if ahead[count].offset + ahead[count].size - first.offset > layout.longest_record:
                    break
                state = _state(ahead[count], layout, is_open=True) if b'"' in ahead[count].raw else _OPEN
                count += state == _OPEN
            if state == _CLOSED:
                record = joined(first, [ahead.popleft() for _ in range(count + 1)])
                stays_open = 0
            else:
                stays_open = count
        yield record._replace(number=number)


def _state(line: Line, layout: Layout, is_open: bool) -> str:
    """How a line ends: in an open field, closed, or with a sign behind a closing quote (broken)."""
    text, at, sep = line.raw.decode(layout.encoding, "surrogateescape"), 0, layout.separator
    while True:
        if is_open:
            quote = text.find('"', at)
            if quote < 0:
                return _OPEN
            at = quote + 1
            if text.startswith('"', at):
                at += 1
                continue
            if at == len(text):
                return _CLOSED
            if not text.startswith(sep, at):
                return _BROKEN
            at += len(sep)
        is_open = text.startswith('"', at)
        if is_open:
            at += 1
            continue
        end = text.find(sep, at)
        if end < 0:
            return _CLOSED
        at = end + len(sep)


def cells(text: str, sep: str) -> list[str] | None:
    """The fields of a record; None where a quote is not closed, or closed in the middle of a field.

    Only a quote at the beginning of a field opens one; elsewhere it is a sign like others. Two inside of quotes stand for one.
    """
    if '"' not in text:
        return text.split(sep)
    made, at = [], 0
    while True:
        if not text.startswith('"', at):
            end = text.find(sep, at)
            made.append(text[at:] if end < 0 else text[at:end])
            if end < 0:
                return made
            at = end + len(sep)
            continue
        begin = at = at + 1
        while (at := text.find('"', at)) >= 0 and text.startswith('"', at + 1):
            at += 2
        if at < 0:
            return None
        made.append(text[begin:at].replace('""', '"'))
        at += 1
        if at == len(text):
            return made
        if not text.startswith(sep, at):
            return None
        at += len(sep)
