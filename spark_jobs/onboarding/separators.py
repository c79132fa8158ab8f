"""The separator of a delimited file: one to four signs that stand equally often on nearly every line.

A longer one wins where a shorter one stands nowhere else (`|` of `|+|`). Lines above and below the table are looked past.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from spark_jobs.bronze import escapes

# So many of the lines must have the most frequent number of columns for a separator to be one.
ENOUGH_LINES = 0.9
# So many lines of titles may stand above a table, and so many of notes below it.
MOST_ABOVE, MOST_BELOW = 40, 12
_NO_SEPARATOR = set(" \"'.-/:+()*_%") | {"\ufeff"}
# Signs of times, texts and full-width writing: they part columns only where nothing else does.
LAST_RESORTS = ":；｜，*、 "
_TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
_ALONE_OR_JOINED = set("+-@#*:/.^~!$%&=")


def joined(text: Sequence[str]) -> list[str]:
    """Lines of a quoted file, those with a break inside quotes put together."""
    return _together(text, lambda line: line.count('"') % 2 == 1)


def continued(text: Sequence[str]) -> list[str]:
    """Lines of a file with backslashes, those with one before their end put together with the next."""
    return _together(text, escapes.is_open)


def _together(text: Sequence[str], is_open: Callable[[str], bool]) -> list[str]:
    whole: list[str] = []
    goes_on = False
    for line in text:
        if goes_on:
            whole[-1] += "\n" + line
        else:
            whole.append(line)
        goes_on = is_open(whole[-1])
    return whole


def are_cells_quoted(lines: Sequence[str], separator: str) -> bool:
    mark = re.escape(separator)
    # ="0012" is how a spreadsheet is told to take a number for text: not quoted, but no reason against quotes.
    cell = re.compile(rf'(?:^|{mark})=?"(?:[^"]|"")*"(?={mark}|$)')
    quotes = sum(line.count('"') for line in lines)
    inside = sum(found.count('"') for line in lines for found in cell.findall(line))
    return quotes > 0 and inside >= 0.9 * quotes


def find_separator(lines: Sequence[str]) -> tuple[str, float, int] | None:
    """(separator, share of lines with the most frequent number of columns, that number)."""
    seen = [line for line in lines if line][:500]
    candidates: dict[str, tuple[float, int]] = {}
    # Every run of signs of one line in ten is looked at, so that a title or a broken line decides nothing.
    for text in sorted({c for line in seen[:: max(1, len(seen) // 50)] for c in _sign_runs(line)}):
        number, lines_with, is_enough = _stands(text, seen)
        if is_enough:
            candidates[text] = (min(1.0, lines_with / len(seen)), number)
    # A comma inside of numbers only is their decimal sign where something else could part the columns.
    if candidates.keys() & {";", "\t", "|"} and all(
        re.search(r"(?<!\d),|,(?!\d)", line) is None for line in seen
    ):
        candidates.pop(",", None)
    # A tab beside another separator, or at the edge of a line, keeps a spreadsheet from rounding a number.
    others = "".join(map(re.escape, sorted(candidates.keys() & {",", ";", "|"})))
    if others and not any(re.search(rf"[^{others}]\t(?=[^{others}])", line) for line in seen):
        candidates.pop("\t", None)
    for longer in [c for c in candidates if c not in seen[0]]:
        # Names of columns do not have the sign that all values have: a part of it, or one that stands on every line, parts them, too.
        if any(
            (other in longer or share == 1.0) and seen[0].count(other) == number
            for other, (share, number) in candidates.items()
        ):
            candidates.pop(longer)
    best: tuple[tuple[float, ...], str] | None = None
    for text, (share, number) in candidates.items():
        if any(len(longer) > len(text) and _explains(longer, text, seen) for longer in candidates):
            continue
        quality = (
            round(share, 1),
            float(any(c not in _ALONE_OR_JOINED for c in text)),
            float(number),
            float(len(text)),
        )
        if best is None or quality > best[0]:
            best = (quality, text)
    if best is None:
        return None
    share, number = candidates[best[1]]
    return best[1], share, number + 1


def _stands(text: str, lines: Sequence[str]) -> tuple[int, int, bool]:
    """How often a sign stands on most lines that have it, on how many lines it does, and whether that is nearly all of a table's."""
    counts = [line.count(text) for line in lines]
    number, lines_with = max(
        Counter(n for n in counts if n).items(), key=lambda nc: (nc[1], nc[0]), default=(0, 0)
    )
    if not number:
        return 0, 0, False
    first, after = counts.index(number), counts[::-1].index(number)
    table = len(lines) - first - after
    is_table = lines_with >= 5 and first <= MOST_ABOVE and after <= MOST_BELOW
    return number, lines_with, lines_with >= ENOUGH_LINES * (table if is_table else len(lines)) - 2


def last_resort(lines: Sequence[str]) -> tuple[str, float, int] | None:
    """As `find_separator`: a sign that otherwise parts no columns, where every line has it equally often, never twice side by side.

    The colon of a time parts nothing, and neither do the blanks of names: a blank does only where some column is figures throughout.
    """
    seen = [line for line in lines if line][:500]
    for sign in LAST_RESORTS if len(seen) >= 3 else "":
        counts = {line.count(sign) for line in seen}
        if len(counts) > 1 or 0 in counts or any(sign * 2 in line for line in seen):
            continue
        columns = list(zip(*(line.split(sign) for line in seen), strict=True))
        if sign == " " and not any(
            all(any(c.isdigit() for c in cell) for cell in column) for column in columns
        ):
            continue
        if sign in ": " and all(_TIME.search(line) for line in seen):
            continue
        return sign, 1.0, counts.pop() + 1
    return None


def _sign_runs(line: str) -> set[str]:
    """Pieces of one to three signs that are neither letters, digits nor part of ordinary words."""
    pieces = set()
    # A back-tick before values keeps spreadsheets from rounding them, and parts nothing.
    for found in re.finditer(r"[^\w\s\"'.`]+|[\x00-\x0c\x0e-\x1f]+|_", line):
        run = found[0]
        if not run.isascii() and run not in "¦§¶¤":
            continue
        for length in (1, 2, 3, 4):
            for at in range(len(run) - length + 1):
                piece = run[at : at + length]
                if length > 1 or piece not in _NO_SEPARATOR:
                    pieces.add(piece)
    return pieces - {"--", "---", "::", "://", ":/", "//"}


def _explains(longer: str, shorter: str, lines: Sequence[str]) -> bool:
    """Whether the shorter one stands nowhere but inside the longer one, and the longer one is more than an empty column."""
    inside = longer.count(shorter)
    if not inside:
        return False
    if longer == shorter * inside:
        # Twice the sign is one separator where it never stands alone, and stands more than once a line.
        runs = [len(run) for line in lines for run in re.findall(rf"(?:{re.escape(shorter)})+", line)]
        return all(n % len(longer) == 0 for n in runs) and len(runs) >= 2 * len(lines)
    # A half character may eat a part of one separator on a line.
    alike = sum(line.count(shorter) == inside * line.count(longer) for line in lines)
    return alike >= ENOUGH_LINES * len(lines)
