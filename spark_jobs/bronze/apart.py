"""Lines of a file that are no records: its header once more, and what the contract's `set_aside` names, such as sums. No Spark.

They are kept with their bytes and a reason, in `ops.quarantine` with the state `set_aside`: they load nowhere, count as no rows, and wait
for nobody. A supplier's number of rows is compared without them, unless `checks: {header_again: counted}` says that he counts headers, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.contracts.sources import SourceContract

HEADER_AGAIN, NO_RECORD = "header_again", "no_record"
REASONS = (HEADER_AGAIN, NO_RECORD)
STATE = "set_aside"
# Blanks inside of 合　计 and a colon behind it say nothing. Spelt out, for \s is not the same to Python and to Arrow.
_BLANKS, _COLON = "[ \t\u00a0\u3000]+", "[:\uff1a]+$"


def plain(word: str) -> str:
    """A word as those of `set_aside` are compared: without blanks, and without a colon at its end."""
    return re.sub(_COLON, "", re.sub(_BLANKS, "", word))


class NoRecords:
    """Which records are none, by the words that the contract's `set_aside` gives for a field; `*` in them stands for anything."""

    def __init__(self, source: SourceContract) -> None:
        names = source.names()
        self._named = list(source.set_aside)
        self._words = [(names.index(name), _pattern(words)) for name, words in source.set_aside.items()]
        self._fits = [(at, re.compile(pattern)) for at, pattern in self._words]

    def __bool__(self) -> bool:
        return bool(self._words)

    def among(self, values: Sequence[str | None]) -> bool:
        """Whether values in the contract's order are of such a line."""
        return any(_is_named(fits, values[at]) for at, fits in self._fits)

    def by_field(self) -> dict[str, Callable[[str | None], bool]]:
        """The same of a single value, by the name of its field."""
        told = zip(self._named, self._fits, strict=True)
        return {name: partial(_is_named, fits) for name, (_, fits) in told}

    def among_cells(self, found: Sequence[str], places: Sequence[int | None]) -> bool:
        """The same of a record's cells, however many there are; places: where the contract's fields stand among them."""
        told = ((places[at], fits) for at, fits in self._fits)
        return any(
            at is not None and at < len(found) and fits.fullmatch(plain(found[at])) for at, fits in told
        )

    def of_columns(self, column: Callable[[int], pa.StringArray]) -> list[pa.BooleanArray]:
        """The same of many records; column: gives the values of a field by its place."""
        bare = ((pc.replace_substring_regex(column(at), _BLANKS, ""), pattern) for at, pattern in self._words)
        return [
            pc.match_substring_regex(pc.replace_substring_regex(text, _COLON, ""), pattern)
            for text, pattern in bare
        ]


def _is_named(fits: re.Pattern[str], text: str | None) -> bool:
    return bool(text and fits.fullmatch(plain(text)))


def _pattern(words: Iterable[str]) -> str:
    """A regular expression that Python and Arrow read alike."""
    told = (".*".join(re.escape(part) for part in plain(word).split("*")) for word in words)
    return rf"(?s)^(?:{'|'.join(told)})$"


def is_header_row(found: Mapping[str, object], header: Mapping[str, object]) -> bool:
    """Whether a row of a sheet has in each column the name of it, and nothing elsewhere."""
    return {name: cell for name, cell in found.items() if cell is not None} == header


def header_row(header: bytes | None) -> dict[str, object] | None:
    """The row of names of a sheet, as `columnar` writes it; None where it has none."""
    if header is None:
        return None
    return {name: cell for name, cell in json.loads(header).items() if cell is not None}


def headers_among(header: bytes | None, source: SourceContract) -> Callable[[bytes], bool]:
    """Tells of a line whether it is the file's header once more, maybe behind a byte order mark."""
    layout = source.layout
    if header is None or layout.kind not in ("delimited", "excel"):
        return lambda raw: False
    if layout.kind == "delimited":
        mark = _mark(layout.encoding)
        return lambda raw: raw == header or raw.removeprefix(mark) == header
    names, begin = header_row(header), header[: header.find(b",") + 1] or header
    return lambda raw: raw.startswith(begin) and is_header_row(json.loads(raw), names or {})


def count_headers(content: bytes, header: bytes, encoding: str) -> int:
    """How many lines are the header once more, as `headers_among` tells one by one; `content` is whole lines with their ends."""
    if header not in content:
        return 0
    line = rb"(?:\A|(?<=\n))(?:%b)?%b(?=\r?\n)" % (re.escape(_mark(encoding)), re.escape(header))
    return len(re.findall(line, content))


def _mark(encoding: str) -> bytes:
    """The byte order mark, where the encoding has a sign for it."""
    return "\ufeff".encode(encoding, "ignore")
