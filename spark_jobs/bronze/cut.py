"""A file cut into header, details and trailer, and the columns its header names. No Spark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spark_jobs.bronze import columnar, objects
from spark_jobs.bronze.archives import opened
from spark_jobs.bronze.delimited import cells, unbroken
from spark_jobs.bronze.lines import Line, lines
from spark_jobs.bronze.objects import RecordError
from spark_jobs.contracts.sources import SourceContract


class Cut:
    """A file cut into details, header and trailer. `trailer` is known when the details were gone through.

    `columns`: the names of a columnar file, `header` then the row of a sheet that they stand in. A row of one has no place of its own among the bytes: its offset is 0 and its bytes are
    the row as JSON. Raises `RecordError` where the file as such is broken, at once or while its details are gone through.
    """

    def __init__(self, content: bytes | Path, source: SourceContract) -> None:
        self.layout = layout = source.layout
        self.header: bytes | None = None
        self.trailer: bytes | None = None
        self.columns: tuple[str, ...] | None = None
        # An empty line is no record, except where its one field may be empty.
        self._is_json = layout.kind in objects.KINDS
        self._drops_empty = self._is_json or len(source.fields) > 1
        # The line above the details; None where there is none.
        self.above: Line | None = None
        if layout.kind in columnar.KINDS:
            self.columns, self.header, self._found = columnar.opened(content, source)
            return
        found = lines(opened(content), layout)
        for _ in range(layout.skip_lines):
            self.above = next(found, None)
        self._found = self._records(found)
        if layout.header and (first := next(self._found, None)) is not None:
            self.header, self.above = first.raw, first

    def _records(self, found: Iterator[Line]) -> Iterator[Line]:
        found = unbroken(found, self.layout)
        if not self._drops_empty:
            return found
        return (line for line in found if (line.raw.strip() if self._is_json else line.raw))

    def details(self) -> Iterator[Line]:
        """The detail records, once, in order."""
        return self._but_trailer(self._found)

    def details_of(self, found: Iterator[Line], is_last: bool) -> Iterator[Line]:
        """The same of lines of the file that were cut elsewhere; `is_last`: the last of them may be the trailer."""
        records = self._records(found)
        return self._but_trailer(records) if is_last else records

    def _but_trailer(self, found: Iterator[Line]) -> Iterator[Line]:
        mark = self.layout.trailer_mark
        held: Line | None = None
        for line in found:
            if held is not None:
                yield held
            held = line
        if held is not None and mark and held.raw.startswith(mark.encode(self.layout.encoding)):
            self.trailer = held.raw
        elif held is not None:
            yield held


def column_names_of(header: bytes | None, source: SourceContract) -> list[str]:
    """Names of the columns under this header in file order, those of the contract where there is no header.

    One that comes again has its number behind it, so that its values are not lost.
    """
    if header is None:
        return [f.source_name for f in source.fields]
    try:
        text = header.decode(source.layout.encoding)
    except UnicodeDecodeError as problem:
        raise RecordError("encoding") from problem
    named = cells(text, source.layout)
    if named is None:
        raise RecordError("schema_missing")
    return columnar.numbered([name.strip().strip('"') for name in named])


def column_names(made: Cut, source: SourceContract) -> list[str] | None:
    """The names the file gives its columns, in its order; None where it gives none."""
    if made.columns is not None:
        return list(made.columns)
    return None if made.header is None else column_names_of(made.header, source)


def schema_drift(made: Cut, source: SourceContract) -> str | None:
    """How the columns of a file differ from its contract, where that stops the feed; columns added at the end do not.

    `schema_missing`: a declared column is not there; `schema_twice`: there are two of its name; `schema_added`: one was put between
    others, or at the end where the contract holds for that, too; `schema_swapped`: another order. A supplier who does one of these has
    changed more than a name, so the feed waits for a look at the agreement.
    """
    names = column_names(made, source)
    if names is None:
        return "truncated" if source.layout.header else None
    paths = source.layout.kind in columnar.KINDS
    declared = list(dict.fromkeys(_column_of(f.source_name, names, paths) for f in source.fields))
    if any(name not in names for name in declared):
        return "schema_missing"
    if any(f"{name}#2" in names for name in declared):
        return "schema_twice"
    known = [name for name in names if name in declared]
    if names[: len(known)] != known or (len(names) > len(known) and source.drift.get("added") == "hold"):
        return "schema_added"
    return "schema_swapped" if known != declared else None


def _column_of(path: str, names: Sequence[str], paths: bool) -> str:
    """The column that holds a field: of its very name, or, where columns have parts, the one its path begins with."""
    return path if path in names or not paths else path.split(".")[0]
