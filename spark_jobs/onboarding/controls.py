"""What a last line or a counting file declares, found by comparing it with the file: rows, business date, sums of number columns or of a part of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from spark_jobs.columns.money import parse_number

_DATES: tuple[tuple[str, str, str | None], ...] = (
    ("%Y%m%d", r"\d{8}", None), ("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}", None), ("%d.%m.%Y", r"\d{2}\.\d{2}\.\d{4}", "dd.MM.yyyy"),
    ("%Y/%m/%d", r"\d{4}/\d{2}/\d{2}", "yyyy/MM/dd"), ("%d%m%Y", r"\d{8}", "ddMMyyyy"),
)  # fmt: skip
# A smaller figure may equal the sum of some records by chance.
LEAST_PART = 100
# A number with its sign before it, or behind it where no other number follows.
_PIECES = re.compile(r"[+-]?\d(?:[\d.,]*\d)?(?:[+-](?!\d))?|[^\d+-]+|[+-]")


class Of(NamedTuple):
    """What a declared figure may sum up: a number column, in all records or in those in which another one has some words; or by its sign."""

    column: str
    by: str | None = None
    words: tuple[str, ...] = ()
    is_meant: bool = True
    only: str | None = None
    without_sign: bool = False

    @property
    def is_whole(self) -> bool:
        return self == Of(self.column)

    @property
    def told(self) -> str:
        """The same for a person to read."""
        which = (
            f" of records where `{self.by}` is {'' if self.is_meant else 'not '}{' or '.join(self.words)}"
            if self.by
            else ""
        )
        sign = f" of {self.only} amounts" if self.only else ""
        return f"the sum of `{self.column}`{which}{sign}{', without signs' if self.without_sign else ''}"


class Told(NamedTuple):
    """A declaring line and what its file holds: records, headers that come again, the day, and the sums that it could be about."""

    line: str
    rows: int
    headers: int
    day: date | None
    totals: Mapping[Of, Decimal]

    def with_headers(self) -> Told:
        """As one counts who counts lines."""
        return self._replace(rows=self.rows + self.headers)


@dataclass(frozen=True)
class Declared:
    """A pattern with groups rows, date and those of `sums`; places: where these stand among the pieces of the line."""

    pattern: str
    date_format: str | None
    sums: Mapping[str, Of]
    counts_rows: bool
    has_date: bool
    places: Mapping[str, int]


def totals_of(
    rows: Sequence[Sequence[str | None]],
    numbers: Sequence[tuple[int, str]],
    codes: Sequence[tuple[int, str, Sequence[str]]],
    decimal: str,
) -> dict[Of, Decimal]:
    """Everything that a figure could sum up, as written (implied decimals not applied), the plainest first.

    numbers, codes  places and names of columns; of codes also the words they have in any sample
    """
    amounts = {
        name: [parse_number(row[at], 0, decimal) or Decimal(0) for row in rows] for at, name in numbers
    }
    found = {Of(name): sum(each, Decimal(0)) for name, each in amounts.items()}
    for name, each in amounts.items():
        negative = sum((a for a in each if a < 0), Decimal(0))
        found[Of(name, only="positive")] = found[Of(name)] - negative
        found[Of(name, only="negative")] = negative
        found[Of(name, only="negative", without_sign=True)] = -negative
        found[Of(name, without_sign=True)] = found[Of(name)] - 2 * negative
    for name, each in amounts.items():
        for at, code, words in codes:
            if code != name:
                found |= _by_word(name, code, words, [row[at] for row in rows], each)
    return found


def _by_word(
    name: str, code: str, words: Sequence[str], said: Sequence[str | None], amounts: Sequence[Decimal]
) -> dict[Of, Decimal]:
    """Sums of the records with one word or some, and of all others."""
    of_word = dict.fromkeys(words, Decimal(0))
    for word, amount in zip(said, amounts, strict=True):
        if word in of_word:
            of_word[word] += amount
    whole, found = sum(amounts, Decimal(0)), {}
    for size in range(1, len(words) // 2 + 1):
        for some in combinations(words, size):
            total = sum((of_word[word] for word in some), Decimal(0))
            found[Of(name, code, some)] = total
        for some in combinations(words, size):
            found[Of(name, code, some, is_meant=False)] = whole - found[Of(name, code, some)]
    return found


def declared_by(
    told: Told,
    decimal: str,
    prefix: str = "total",
    separator: str = "",
    refused: Collection[tuple[int, Of]] = (),
) -> Declared | None:
    """The pattern of one line; None where it declares neither the rows nor the day that the file has.

    prefix     of the names of sums; refused: what a piece of the line was found not to sum up
    separator  of a delimited line: what stands on its two sides is no one number, though a comma parts thousands elsewhere
    """
    line, rows, day = told.line.strip(), told.rows, told.day
    pieces: list[str] = []
    written: str | None = None
    has_date = counts_rows = False
    sums: dict[str, Of] = {}
    places: dict[str, int] = {}

    def sum_of(amount: Decimal | None, place: int) -> str | None:
        """The name of a new sum, where there is one of this amount."""
        for of, total in told.totals.items():
            is_new = of not in sums.values() and (place, of) not in refused
            if amount and total == amount and is_new and (of.is_whole or abs(amount) >= LEAST_PART):
                group = f"{prefix}_{len(sums) + 1}"
                sums[group], places[group] = of, place
                return group
        return None

    rest = line
    if day is not None:
        for form, pattern, format_ in _DATES:
            if (text := day.strftime(form)) in line:
                before, _, rest = line.partition(text)
                pieces += [_plain(piece) for piece in _parted(before, separator)]
                pieces.append(f"(?P<date>{pattern})")
                has_date, written = True, format_
                break
    found = _parted(rest, separator)
    for place, piece in enumerate(found):
        amount = parse_number(piece, 0, decimal) if piece[-1].isdigit() or piece[0].isdigit() else None
        if not counts_rows and amount == rows and piece.isdigit():
            pieces.append(r"(?P<rows>\d+)")
            counts_rows = True
        elif group := sum_of(amount, place):
            digits = r"\d+" if piece.lstrip("+-").isdigit() else r"[\d.,]+"
            # A sign right behind is that of the next figure, where there is one.
            behind = "" if found[place + 1 : place + 2] and found[place + 1][0] in "+-" else "[+-]?"
            pieces.append(f"(?P<{group}>[+-]?{digits}{behind})")
        elif not counts_rows and piece.isdigit() and (split := _rows_and_rest(piece, rows, sum_of, place)):
            pieces.append(split)
            counts_rows = True
        else:
            pieces.append(_plain(piece))
    if not counts_rows and not has_date:
        return None
    return Declared("".join(pieces), written, sums, counts_rows, has_date, places)


def _rows_and_rest(
    piece: str, rows: int, sum_of: Callable[[Decimal | None, int], str | None], place: int
) -> str | None:
    """Digits that are rows and a sum right behind them, as in records of fixed width; None where they are not."""
    for at in range(len(str(rows)), len(piece)):
        if int(piece[:at]) == rows and (group := sum_of(Decimal(piece[at:]), place)):
            return rf"(?P<rows>\d{{{at}}})(?P<{group}>\d{{{len(piece) - at}}})"
    return None


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


def misfits(declared: Declared, told: Told, decimal: str) -> list[str] | None:
    """Sums that another sample's line does not declare as they are in its file; None where the line is another, or counts otherwise."""
    found = re.fullmatch(declared.pattern, told.line.strip())
    if found is None or (declared.counts_rows and int(found["rows"]) != told.rows):
        return None
    return [
        group
        for group, of in declared.sums.items()
        if parse_number(found[group], 0, decimal) != told.totals[of]
    ]


def first_that_holds(
    lines: Sequence[Told], decimal: str, prefix: str = "total", separator: str = ""
) -> Declared | None:
    """The pattern of the sample with most rows, where it holds for all samples. separator: of a delimited file's last line."""
    if not lines:
        return None
    most = max(lines, key=lambda told: told.rows)
    refused: set[tuple[int, Of]] = set()
    while (declared := declared_by(most, decimal, prefix, separator, refused)) is not None:
        found = [misfits(declared, told, decimal) for told in lines]
        wrong = {group for each in found for group in each or ()}
        if any(each is None for each in found):
            return None
        if not wrong:
            return declared
        refused |= {(declared.places[group], declared.sums[group]) for group in wrong}
    return None
