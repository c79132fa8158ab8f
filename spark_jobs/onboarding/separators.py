"""The separator of a delimited file: one to three signs that stand equally often on nearly every line.

A longer one wins where a shorter one stands nowhere else (`|` of `|+|`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

# So many of the lines must have the most frequent number of columns for a separator to be one.
ENOUGH_LINES = 0.9
_NO_SEPARATOR = set(" \"'.-/:+()*_%") | {"\ufeff"}
_ALONE_OR_JOINED = set("+-@#*:/.^~!$%&=")


def joined(text: Sequence[str]) -> list[str]:
    """Lines of a quoted file, those with a break inside quotes put together."""
    whole: list[str] = []
    is_open = False
    for line in text:
        if is_open:
            whole[-1] += "\n" + line
        else:
            whole.append(line)
        is_open = whole[-1].count('"') % 2 == 1
    return whole


def are_cells_quoted(lines: Sequence[str], separator: str) -> bool:
    mark = re.escape(separator)
    cell = re.compile(rf'(?:^|{mark})"(?:[^"]|"")*"(?={mark}|$)')
    quotes = sum(line.count('"') for line in lines)
    inside = sum(found.count('"') for line in lines for found in cell.findall(line))
    return quotes > 0 and inside >= 0.9 * quotes


def find_separator(lines: Sequence[str]) -> tuple[str, float, int] | None:
    """(separator, share of lines with the most frequent number of columns, that number)."""
    seen = [line for line in lines if line][:500]
    candidates: dict[str, tuple[float, int]] = {}
    # Every run of signs of one line in ten is looked at, so that a title or a broken line decides nothing.
    for text in sorted({c for line in seen[:: max(1, len(seen) // 50)] for c in _sign_runs(line)}):
        counts = Counter(line.count(text) for line in seen)
        number, lines_with = max(
            ((n, c) for n, c in counts.items() if n), key=lambda nc: (nc[1], nc[0]), default=(0, 0)
        )
        if number and lines_with >= ENOUGH_LINES * len(seen) - 2:
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


def _sign_runs(line: str) -> set[str]:
    """Pieces of one to three signs that are neither letters, digits nor part of ordinary words."""
    pieces = set()
    # A back-tick before values keeps spreadsheets from rounding them, and parts nothing.
    for found in re.finditer(r"[^\w\s\"'.`]+|[\x00-\x0c\x0e-\x1f]+|_", line):
        run = found[0]
        if not run.isascii() and run not in "¦§¶¤":
            continue
        for length in (1, 2, 3):
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
