"""A finished file opened once more, so that defects can be planted into single fields and their places be known to the byte."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from demo_bank.dirt.ledger import Defect, Ledger
from demo_bank.packages import Inner


class Layout(Protocol):
    """Where the fields of a record are."""

    @property
    def header(self) -> int:
        """Lines before the first record."""

    def span(self, line: bytes, name: str) -> tuple[int, int]:
        """First byte of a field and the byte after its last."""


@dataclass(frozen=True)
class Fixed:
    """Fixed widths in bytes, in order."""

    fields: Mapping[str, int]
    header: int = 0

    def span(self, line: bytes, name: str) -> tuple[int, int]:
        at = 0
        for field, width in self.fields.items():
            if field == name:
                return at, at + width
            at += width
        raise KeyError(name)


@dataclass(frozen=True)
class Delimited:
    """Text between separators; quotes belong to the field's surroundings, not to the field."""

    columns: Sequence[str]
    separator: str
    encoding: str
    header: int = 0
    quote: bool = False

    def span(self, line: bytes, name: str) -> tuple[int, int]:
        text = line.decode(self.encoding)
        place = list(self.columns).index(name)
        cells = _raw_cells(text, self.separator) if self.quote else text.split(self.separator)
        before = sum(len(cell.encode(self.encoding)) + len(self.separator) for cell in cells[:place])
        cell = cells[place].encode(self.encoding)
        inside = 1 if self.quote and cell.startswith(b'"') else 0
        return before + inside, before + len(cell) - inside


def _raw_cells(text: str, separator: str) -> list[str]:
    """Cells as they stand, with their quotes."""
    return re.findall(rf'(?:^|{re.escape(separator)})("(?:[^"]|"")*"|[^{re.escape(separator)}]*)', text)


@dataclass(frozen=True)
class JsonLines:
    """One flat object per line; a text field is what stands between its quotes."""

    header: int = 0

    def span(self, line: bytes, name: str) -> tuple[int, int]:
        found = re.search(rb'"' + name.encode() + rb'":(?:"((?:[^"\\]|\\.)*)"|([^,}]*))', line)
        if found is None:
            raise KeyError(name)
        return found.span(1) if found.group(1) is not None else found.span(2)


@dataclass
class _Edit:
    start: int
    length: int
    code: str
    field: str
    original: bytes
    handling: str
    reason: str | None


class SoiledFile:
    """Records of one file. `put` changes a field, `note` tells of one that is as it should not be without a change."""

    def __init__(self, path: str, inner: Inner, layout: Layout) -> None:
        self.path, self.inner, self.layout = path, inner, layout
        self.lines = inner.content.split(b"\n")
        self.edits: dict[int, list[_Edit]] = defaultdict(list)
        self.absences: list[Defect] = []

    @property
    def rows(self) -> range:
        """Places of detail records among the lines."""
        return range(self.layout.header, self.layout.header + self.inner.rows)

    def value(self, row: int, field: str) -> bytes:
        start, end = self.layout.span(self.lines[row], field)
        return self.lines[row][start:end]

    def is_touched(self, row: int, field: str) -> bool:
        return any(edit.field == field for edit in self.edits.get(row, ()))

    def put(
        self, code: str, row: int, field: str, new: bytes, handling: str, reason: str | None = None
    ) -> bool:
        """Replace a field; False where it is soiled already. Fixed fields are padded and must fit."""
        if self.is_touched(row, field):
            return False
        line = self.lines[row]
        start, end = self.layout.span(line, field)
        old = line[start:end]
        if isinstance(self.layout, Fixed):
            if len(new) > end - start:
                raise ValueError(f"{code}: {len(new)} bytes do not fit into {field}")
            new = new.ljust(end - start)
        if new == old:
            return False
        self.lines[row] = line[:start] + new + line[end:]
        for edit in self.edits[row]:
            edit.start += len(new) - len(old) if edit.start > start else 0
        self.edits[row].append(_Edit(start, len(new), code, field, old, handling, reason))
        return True

    def add(self, code: str, row: int, line: bytes, handling: str, reason: str | None = None) -> None:
        """One more record right behind another, as a defect from its first byte to its last."""
        self.lines.insert(row + 1, line)
        self.inner = replace(self.inner, rows=self.inner.rows + 1)
        self.edits = defaultdict(list, {k + (k > row): told for k, told in self.edits.items()})
        self.edits[row + 1].append(_Edit(0, len(line), code, "", b"", handling, reason))

    def note(
        self, code: str, row: int, field: str, original: bytes, handling: str, reason: str | None = None
    ) -> None:
        """The field stands as the system sent it; `original` is what it ought to have been."""
        start, end = self.layout.span(self.lines[row], field)
        self.edits[row].append(_Edit(start, end - start, code, field, original, handling, reason))

    def mark_bom(self, code: str, handling: str) -> None:
        """The byte order mark before the first line."""
        self.edits[0].append(_Edit(0, 3, code, "", b"", handling, None))

    def finish(self, ledger: Ledger) -> Inner:
        """The file with its defects, each told to the ledger."""
        ledger.rows.extend(self.absences)
        if not self.edits:
            return self.inner
        at = 0
        for row, line in enumerate(self.lines):
            for edit in self.edits.get(row, ()):
                now = line[edit.start : edit.start + edit.length]
                ledger.rows.append(
                    Defect(
                        edit.code, self.path, row + 1, at + edit.start, edit.length, edit.field, edit.original.hex(), now.hex(),
                        edit.handling, edit.reason,
                    )
                )  # fmt: skip
            at += len(line) + 1
        return replace(self.inner, content=b"\n".join(self.lines))
