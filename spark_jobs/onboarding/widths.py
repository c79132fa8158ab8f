"""Where the columns of a fixed-width file begin, as far as its bytes tell.

Told apart are: dates and moments of digits only, resident ids (by their check digit), signs before numbers, the edges of padded texts and
numbers, hanzi after digits, zeros that pad a number. Not told apart are codes that adjoin without a blank: `156` and `01` look like `15601`.
The supplier's layout is what counts; a draft saves typing, not asking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime

from spark_jobs.columns.certificates import birth_date_of, check_digit

MOST_RECORDS = 3000
_OPEN = (b"99991231", b"00000000", b" " * 8, b"0" * 14, b" " * 14, b"99991231000000", b"99991231235959")
# A column of text begins where a byte that is blank on nearly all records is followed by one that hardly ever is.
JUMP = 0.5
# So many zeros on every record after digits that change are the padding of the next number.
ZEROS = 3
MANY = 5
ENOUGH_ROWS = 8
_PUNCHED = b"{ABCDEFGHI}JKLMNOPQR"
IDS = "resident ids by their check digit"


@dataclass(frozen=True)
class Column:
    """First and last byte, from 1; `why` it is thought to be one; always blank columns are fillers."""

    first: int
    last: int
    why: str
    is_filler: bool = False


def guess_columns(records: Sequence[bytes], begins: int = 0) -> list[Column]:
    """Columns of records of one length, gapless from byte `begins` + 1. Empty without records."""
    rows = [r for r in records if len(r) == len(records[0])][:MOST_RECORDS] if records else []
    if not rows:
        return []
    length = len(rows[0])
    taken = _windows(rows, begins)
    cuts = (
        {begins: "the record begins"}
        | {first: why for first, _, why in taken}
        | {last: "after it" for _, last, _ in taken}
    )
    inside = {p for first, last, _ in taken for p in range(first + 1, last)}
    for at, why in _edges(rows, begins, {first for first, _, _ in taken}).items():
        if at not in inside:
            cuts.setdefault(at, why)
    dates = {(first, last) for first, last, why in taken if why != IDS}
    starts = sorted(p for p in cuts if p < length)
    columns: list[Column] = []
    for first, last in zip(starts, [*starts[1:], length], strict=True):
        is_blank = all(not r[first:last].strip() for r in rows)
        before = columns[-1] if columns else None
        # Blanks belong to the text before them; a date or a moment has no blanks.
        if is_blank and before and (before.first - 1, before.last) not in dates:
            columns[-1] = Column(before.first, last, before.why, before.is_filler)
        else:
            columns.append(Column(first + 1, last, cuts[first], is_blank))
    return columns


def _windows(rows: Sequence[bytes], begins: int) -> list[tuple[int, int, str]]:
    """Stretches that are a moment, a resident id or a date on every record; those that overlap a better one fall away."""
    found = []
    length = len(rows[0])
    for first in range(begins, length - 7):
        has_times = any(row[first + 8 : first + 14].strip(b"0 ") for row in rows)
        if has_times and first + 14 <= length and _all(rows, first, first + 14, _is_moment):
            found.append((0, first, first + 14, "a moment on every record"))
        elif first + 18 <= length and _resident_share(rows, first) > 0.5:
            found.append((1, first, first + 18, IDS))
        elif _all(rows, first, first + 8, _is_day):
            found.append((2, first, first + 8, "a date on every record"))
    kept: list[tuple[int, int, str]] = []
    for _, first, last, why in sorted(found, key=lambda f: (f[0], -_spread(rows, f[1], f[2]), f[1])):
        if all(last <= k[0] or first >= k[1] for k in kept):
            kept.append((first, last, why))
    return sorted(kept)


def _all(rows: Sequence[bytes], first: int, last: int, fits: object) -> bool:
    is_told = False
    for row in rows:
        piece = row[first:last]
        if piece in _OPEN:
            is_told = is_told or piece == b"99991231"
            continue
        if not fits(piece):  # type: ignore[operator]
            return False
        is_told = True
    return is_told


def _is_day(piece: bytes) -> bool:
    if not piece.isdigit() or piece[:2] not in (b"19", b"20"):
        return False
    try:
        return date(int(piece[:4]), int(piece[4:6]), int(piece[6:])).year < 2080
    except ValueError:
        return False


def _is_moment(piece: bytes) -> bool:
    if not piece.isdigit() or not _is_day(piece[:8]):
        return False
    try:
        datetime(2000, 1, 1, int(piece[8:10]), int(piece[10:12]), int(piece[12:]))
    except ValueError:
        return False
    return True


def _resident_share(rows: Sequence[bytes], first: int) -> float:
    valid = given = 0
    for row in rows:
        piece = row[first : first + 18]
        if not piece.strip():
            continue
        given += 1
        if re.fullmatch(rb"\d{17}[\dX]", piece):
            text = piece.decode()
            valid += text[-1] == check_digit(text[:17]) and birth_date_of(text) is not None
    return valid / given if given else 0.0


def _spread(rows: Sequence[bytes], first: int, last: int) -> int:
    """Different values of a stretch: a real date column has more than a chance one."""
    return len({row[first:last] for row in rows[:500]})


def _edges(rows: Sequence[bytes], begins: int, dates: Set[int]) -> dict[int, str]:
    """Byte (from 0) → why a column may begin there. dates: where dates, moments and ids begin."""
    length = len(rows[0])
    filled = [sum(row[p] != 0x20 for row in rows) / len(rows) for p in range(length)]
    kinds = [{_kind(row[p]) for row in rows} - {"blank"} for p in range(length)]
    spread = [len({row[p] for row in rows}) for p in range(length)]
    edges: dict[int, str] = {}
    for p in range(begins + 1, length):
        before, here = kinds[p - 1], kinds[p]
        if filled[p] - filled[p - 1] >= JUMP or (
            len(rows) >= ENOUGH_ROWS and filled[p] > filled[p - 1] == 0.0
        ):
            edges[p] = "text begins after blanks"
        elif filled[p - 1] - filled[p] >= JUMP and _rises(filled, p):
            edges[p] = "a number padded with blanks"
        elif here == {"sign"} and before and before != {"sign"}:
            if before != {"digit"} or _begins_a_number(kinds, p, dates):
                edges[p] = "a sign on every record"
            elif p + 1 < length:
                edges[p + 1] = "after a number with its sign behind it"
        elif p + 1 < length and _is_punched(rows, kinds, spread, p - 1):
            edges[p] = "after a digit that bears a sign"
        elif here == {"high"} and before and "high" not in before:
            edges[p] = "other than ASCII begins"
        elif before == {"digit"} and here == {"letter"} and filled[p] == 1.0:
            edges[p] = "letters after digits"
        elif before == {"digit"} and filled[p] < filled[p - 1] == 1.0 and here - {"digit"}:
            edges[p] = "text after digits"
        elif before == {"digit"} and spread[p - 1] >= MANY and _is_padding(rows, kinds, spread, p):
            edges[p] = "zeros that pad a number"
    return edges


def _begins_a_number(kinds: Sequence[set[str]], p: int, dates: Set[int]) -> bool:
    """Whether the sign at p belongs to what follows: digits that are no date."""
    return p + 1 < len(kinds) and kinds[p + 1] == {"digit"} and p + 1 not in dates


def _is_punched(rows: Sequence[bytes], kinds: Sequence[set[str]], spread: Sequence[int], p: int) -> bool:
    """Whether a byte behind digits is a digit with a sign over it, as COBOL writes it: `{`, `}` and A to R, many of them."""
    behind_digits = p >= 3 and all(kinds[at] == {"digit"} for at in range(p - 3, p))
    return behind_digits and spread[p] >= MANY and all(row[p] in _PUNCHED for row in rows)


def _rises(filled: Sequence[float], p: int) -> bool:
    """Whether bytes from p on are filled ever more often until always: a number that stands to the right."""
    at = p
    while at + 1 < len(filled) and filled[at] <= filled[at + 1] < 1.0:
        at += 1
    return at > p and at + 1 < len(filled) and filled[at + 1] == 1.0 and filled[at] > filled[p]


def _is_padding(rows: Sequence[bytes], kinds: Sequence[set[str]], spread: Sequence[int], p: int) -> bool:
    """Zeros on every record, and digits that change behind them: zeros that end a number are none."""
    if not all(row[p : p + ZEROS] == b"0" * ZEROS for row in rows):
        return False
    at = p + ZEROS
    while at < len(kinds) and kinds[at] == {"digit"} and spread[at] == 1 and rows[0][at] == 0x30:
        at += 1
    return at < len(kinds) and kinds[at] == {"digit"} and spread[at] > 1


def _kind(byte: int) -> str:
    if byte == 0x20:
        return "blank"
    if 0x30 <= byte <= 0x39:
        return "digit"
    if byte in b"+-":
        return "sign"
    if byte >= 0x80:
        return "high"
    return "letter" if bytes([byte]).isalpha() else "other"
