"""What a last line or a counting file declares, found by comparing it with the file: rows, business date, sums of number columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from spark_jobs.columns.money import parse_number

_DATES: tuple[tuple[str, str, str | None], ...] = (
    ("%Y%m%d", r"\d{8}", None), ("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}", None), ("%d.%m.%Y", r"\d{2}\.\d{2}\.\d{4}", "dd.MM.yyyy"),
    ("%Y/%m/%d", r"\d{4}/\d{2}/\d{2}", "yyyy/MM/dd"), ("%d%m%Y", r"\d{8}", "ddMMyyyy"),
)  # fmt: skip
# A number with its sign before it, or behind it where no other number follows.
_PIECES = re.compile(r"[+-]?\d(?:[\d.,]*\d)?(?:[+-](?!\d))?|[^\d+-]+|[+-]")


class Told(NamedTuple):
    """A declaring line and what its file holds: records, headers that come again, the day, and the sum of each number column."""

    line: str
    rows: int
    headers: int
    day: date | None
    totals: Mapping[str, Decimal]

    def with_headers(self) -> Told:
        """As one counts who counts lines."""
        return self._replace(rows=self.rows + self.headers)


@dataclass(frozen=True)
class Declared:
    """A pattern with groups rows, date and those of `sums` (group → column)."""

    pattern: str
    date_format: str | None
    sums: Mapping[str, str]
    counts_rows: bool
    has_date: bool


def declared_by(
    line: str, rows: int, day: date | None, totals: Mapping[str, Decimal], decimal: str, separator: str = ""
) -> Declared | None:
    """The pattern of one line; None where it declares neither the rows nor the day that the file has.

    totals     sum of each number column, as written (implied decimals not applied)
    separator  of a delimited line: what stands on its two sides is no one number, though a comma parts thousands elsewhere
    """
    pieces: list[str] = []
    written: str | None = None
    has_date = counts_rows = False
    sums: dict[str, str] = {}
    rest = line
    if day is not None:
        for form, pattern, told in _DATES:
            if (text := day.strftime(form)) in line:
                before, _, rest = line.partition(text)
                pieces += [_plain(piece) for piece in _parted(before, separator)]
                pieces.append(f"(?P<date>{pattern})")
                has_date, written = True, told
                break
    for piece in _parted(rest, separator):
        amount = parse_number(piece, 0, decimal) if piece[-1].isdigit() or piece[0].isdigit() else None
        column = next(
            (
                c
                for c, total in totals.items()
                if amount is not None and total == amount and c not in sums.values() and amount
            ),
            None,
        )
        if not counts_rows and amount == rows and piece.isdigit():
            pieces.append(r"(?P<rows>\d+)")
            counts_rows = True
        elif column is not None:
            group = f"total_{len(sums) + 1}"
            sums[group] = column
            pieces.append(
                rf"(?P<{group}>[+-]?[\d.,]+[+-]?)"
                if not piece.lstrip("+-").isdigit()
                else rf"(?P<{group}>[+-]?\d+[+-]?)"
            )
        else:
            pieces.append(_plain(piece))
    if not counts_rows and not has_date:
        return None
    return Declared("".join(pieces), written, sums, counts_rows, has_date)


def _parted(text: str, separator: str) -> list[str]:
    """Numbers, words and signs of a text, in their order."""
    fields = text.split(separator) if separator else [text]
    parted = [_PIECES.findall(field) for field in fields]
    return [*parted[0], *(piece for field in parted[1:] for piece in (separator, *field))]


def _plain(piece: str) -> str:
    """Words stay, digits and blanks may be others tomorrow."""
    if re.fullmatch(r"[+-]?[\d.,]+[+-]?", piece) and re.search(r"\d", piece):
        return r"[+-]?[\d.,]+[+-]?" if re.search(r"[.,]", piece) else r"[+-]?\d+[+-]?"
    if piece in "+-":
        return "[+-]"
    return re.sub(r"(\\ )+", r"\\s+", re.escape(piece))


def agrees(declared: Declared, line: str, rows: int, totals: Mapping[str, Decimal], decimal: str) -> bool:
    """Whether another sample's line fits the pattern, and counts and sums up what is there."""
    found = re.fullmatch(declared.pattern, line)
    if found is None:
        return False
    groups = found.groupdict()
    if declared.counts_rows and int(groups["rows"]) != rows:
        return False
    return all(
        parse_number(groups[group], 0, decimal) == totals[column] for group, column in declared.sums.items()
    )


def first_that_holds(lines: Sequence[Told], decimal: str, separator: str = "") -> Declared | None:
    """The pattern of the sample with most rows, where it holds for all samples. separator: of a delimited file's last line."""
    if not lines:
        return None
    most = max(lines, key=lambda told: told.rows)
    declared = declared_by(most.line.strip(), most.rows, most.day, most.totals, decimal, separator)
    if declared is None or not all(
        agrees(declared, t.line.strip(), t.rows, t.totals, decimal) for t in lines
    ):
        return None
    return declared
