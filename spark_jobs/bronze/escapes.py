r"""Delimited text in which a backslash takes the next sign's meaning away, as MySQL, PostgreSQL and Hive unload tables. No Spark.

`\` before a separator or a line break keeps it inside of the value; `\t \n \r \b \f \v \Z` are the signs they name, `\\` is one backslash,
before any other sign it falls away. A whole field `\N` stays as it is: the field's `null` says what it means.
Sources: MySQL 8.4, "SELECT ... INTO OUTFILE"; PostgreSQL, "COPY", text format.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from spark_jobs.bronze.lines import Line, joined
from spark_jobs.contracts.sources import Layout

NULL = r"\N"
_SIGNS = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "Z": "\x1a", "0": r"\0"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def unbroken(found: Iterator[Line], layout: Layout) -> Iterator[Line]:
    """Records of such a file: a line break behind a backslash belongs to the record. Numbers count records.

    A record that does not end within `longest_record` bytes is the fault of its own line: that is given alone, and the next looked at afresh.
    """
    ahead: deque[Line] = deque()
    number: int | None = None
    while (first := ahead.popleft() if ahead else next(found, None)) is not None:
        number = first.number if number is None else number + 1
        record, taken = first, 0
        while _goes_on(record.raw, layout.encoding):
            if taken == len(ahead):
                line = next(found, None)
                if line is None:
                    break
                ahead.append(line)
            if ahead[taken].offset + ahead[taken].size - first.offset > layout.longest_record:
                record, taken = first, 0
                break
            taken += 1
            record = joined(first, [ahead[k] for k in range(taken)])
        for _ in range(taken):
            ahead.popleft()
        yield record._replace(number=number)


def _goes_on(raw: bytes, encoding: str) -> bool:
    # In GBK and Big5 a backslash is also the second byte of characters.
    return raw.endswith(b"\\") and is_open(raw.decode(encoding, "surrogateescape"))


def is_open(text: str) -> bool:
    """Whether the last sign is a backslash that takes something behind it."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def pieces(text: str, separator: str) -> list[str]:
    """The fields of a record as they are written, backslashes and all."""
    made, begin = [], 0
    for found in re.finditer(rf"\\.|{re.escape(separator)}", text, re.DOTALL):
        if found[0] == separator:
            made.append(text[begin : found.start()])
            begin = found.end()
    return [*made, text[begin:]]


def cells(text: str, separator: str) -> list[str] | None:
    """The fields of a record; None where it ends in a backslash with nothing behind it."""
    if "\\" not in text:
        return text.split(separator)
    if is_open(text):
        return None
    return [piece if piece == NULL else _ESCAPED.sub(_meant, piece) for piece in pieces(text, separator)]


def _meant(found: re.Match[str]) -> str:
    return _SIGNS.get(found[1], found[1])


def written(value: str, separator: str) -> str:
    """A value as such a file has it; the opposite of `cells`."""
    if value == NULL:
        return value
    named = {"\n": r"\n", "\r": r"\r", **{sign: f"\\{sign}" for sign in ("\\", *separator)}}
    return "".join(named.get(sign, sign) for sign in value)
