"""One record or file as a steward sees it: field by field, with its bytes, masked unless it was asked for by name of a case. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from spark_jobs.bronze import cells
from spark_jobs.bronze.cells import Cell
from spark_jobs.bronze.reread import reread
from spark_jobs.contracts.sources import SourceContract, SourceField
from spark_jobs.onboarding.masks import masked
from spark_jobs.steward.queue import Item

# Bytes shown on each side of a fault.
AROUND = 12
HIDDEN = "··"
_UNREADABLE = "(no text in this encoding)"


@dataclass(frozen=True)
class FieldView:
    """A field as it is shown. first and last count bytes of the record from 1, both inclusive, as contracts do."""

    name: str
    first: int
    last: int
    privacy: str
    shown: str
    expects: str
    is_faulty: bool
    is_declared: bool
    has_place: bool = True

    @property
    def place(self) -> str:
        """Bytes of the record, from 1; nothing for a member of JSON."""
        if not self.has_place:
            return ""
        return f"{self.first}–{self.last}" if self.last >= self.first else f"empty at {self.first}"


@dataclass(frozen=True)
class View:
    """A record in context. offset: of the fault in the inner file, from 0; hexadecimal: (bytes, at the fault) pieces around it."""

    fields: tuple[FieldView, ...]
    offset: int | None
    hexadecimal: tuple[tuple[str, bool], ...]
    can_accept: bool
    columns_found: int
    columns_expected: int


def view(item: Item, source: SourceContract, reveal: bool = False) -> View:
    """The record field by field. Masked, letters and digits of it are shapes and its bytes are hidden but for separators and the fault."""
    raw = item.record or b""
    cut = cells.cut(raw, source, item.header)
    wrong = cells.faults(raw, source, item.reasons)
    at = wrong[0] if wrong else None
    return View(
        tuple(_field(cell, wrong, reveal) for cell in cut),
        None if at is None or item.byte_offset is None else item.byte_offset + at[0],
        tuple(_hex(raw, source, at, reveal)),
        reread(raw, source, header=item.header, as_it_is=True).values is not None,
        len(cut),
        len(source.fields) if source.layout.kind in ("fixed", "delimited") else len(cut),
    )


def expects(declared: SourceField | None) -> str:
    """What the contract wants of a field, in words."""
    if declared is None:
        return "no column of the contract"
    parts = [declared.type]
    if declared.format:
        parts.append(declared.format)
    if declared.at:
        parts.append(f"bytes {declared.at[0]}–{declared.at[1]}")
    if declared.null:
        parts.append(f"unknown: {', '.join(declared.null)}")
    return " · ".join(parts)


def _field(cell: Cell, wrong: list[tuple[int, int]], reveal: bool) -> FieldView:
    faulty = cell.text is None or any(c in "\x00\ufffd" or "\ue000" <= c <= "\uf8ff" for c in cell.text)
    faulty = faulty or (
        cell.has_place
        and any(first < max(cell.last, cell.first + 1) and cell.first < last for first, last in wrong)
    )
    if cell.text is None:
        shown = _UNREADABLE if not reveal else f"{_UNREADABLE} {cell.raw.hex(' ')}"
    else:
        text = cell.text.strip()
        shown = text if reveal else masked(text, cell.privacy) if text else ""
    return FieldView(
        cell.name, cell.first + 1, cell.last, str(cell.privacy), printable(shown), expects(cell.declared), faulty, cell.declared is not None, cell.has_place,
    )  # fmt: skip


def printable(text: str) -> str:
    """Signs that steer a terminal or a page are spelt out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _hex(
    raw: bytes, source: SourceContract, at: tuple[int, int] | None, reveal: bool
) -> list[tuple[str, bool]]:
    """Bytes around the fault, those of it marked."""
    if at is None:
        return []
    first, last = max(0, at[0] - AROUND), min(len(raw), at[1] + AROUND)
    separators = (
        set(source.layout.separator.encode(source.layout.encoding))
        if source.layout.kind == "delimited"
        else set()
    )
    found = []
    for place in range(first, last):
        inside = at[0] <= place < at[1]
        plain = reveal or inside or raw[place] in separators or raw[place] < 0x20
        found.append((f"{raw[place]:02X}" if plain else HIDDEN, inside))
    return found
