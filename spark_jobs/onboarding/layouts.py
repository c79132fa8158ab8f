"""How a sample is cut: kind, separator, quotes, lines above the header, header, last line. Worked out from the bytes, nothing is asked for.

A file is delimited where `separators` finds what parts its columns; `delimited` then tells the header and the last line. Fixed width (`fixed`) is what
has no separator and one length in bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from spark_jobs.bronze.archives import ZIP
from spark_jobs.bronze.lines import mark_size
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.delimited import Parted, guess_delimited
from spark_jobs.onboarding.fixed import guess_fixed
from spark_jobs.onboarding.guess import MOST_LINES, Guess
from spark_jobs.onboarding.objects import json_lines
from spark_jobs.onboarding.separators import are_cells_quoted, continued, find_separator, joined, last_resort
from spark_jobs.onboarding.stored import parquet, workbook

# A list of one column has words of so many signs at most.
_MOST_WORD = 64
# Spreadsheets are told the separator by a first line.
_SAID_SEPARATOR = re.compile(r'"?sep=(.)"?')


def guess_layout(content: bytes, encoding: str) -> Guess:
    """The layout of one sample. Raises DeliveryError where the reader has none for it, with what to ask the supplier for."""
    if content.startswith(b"PAR1"):
        return parquet(content)
    if content.startswith(ZIP):
        return workbook(content)
    body = content[mark_size(content[:4], encoding) :]
    if not body.strip():
        raise DeliveryError("the file is empty; a draft needs a day on which there was something")
    if b"\n" not in body and b"\r" in body:
        guess = guess_layout(body.replace(b"\r", b"\n"), encoding)
        return replace(guess, layout=replace(guess.layout, line_end="cr"))
    first = body.lstrip()[:1]
    if first == b"{":
        return json_lines(body, encoding)
    if first == b"[" and re.match(rb"\[\s*[\[{]", body.lstrip()):
        raise DeliveryError(
            "one JSON array; ask the supplier for one object a line (JSON lines), which `jq -c '.[]'` makes of it, too"
        )
    return _text(body, encoding)


def _text(body: bytes, encoding: str) -> Guess:
    every = body.removesuffix(b"\n").split(b"\n")
    # The beginning tells the layout; the last line may count what comes before it.
    left_out = max(0, len(every) - MOST_LINES - 1)
    raw = [line.removesuffix(b"\r") for line in (every if not left_out else [*every[:MOST_LINES], every[-1]])]
    while raw and not raw[-1]:
        raw.pop()
    # A line that cannot be decoded is a line all the same: what stands above the header is counted.
    text = [line.decode(encoding, "replace") for line in raw]
    if text and (said := _SAID_SEPARATOR.fullmatch(text[0])):
        below = guess_delimited(text[1:], encoding, _parted_by(said[1], text[1:]), left_out)
        return replace(below, layout=replace(below.layout, skip_lines=below.layout.skip_lines + 1))
    best, fixed = _parted(text), guess_fixed(raw, encoding, left_out)
    if fixed is not None and (best is None or fixed.confidence > best.share):
        return fixed
    best = best or _at_last(text)
    return (
        _one_column(text, raw, encoding) if best is None else guess_delimited(text, encoding, best, left_out)
    )


def _parted_by(separator: str, text: list[str]) -> Parted:
    """By the separator that the file itself tells."""
    counted = Counter(line.count(separator) + 1 for line in text)
    columns, lines_with = max(counted.items(), key=lambda nc: (nc[1], nc[0]), default=(1, 0))
    return Parted(lines_with / max(1, len(text)), columns, separator, any('"' in t for t in text))


def _parted(text: list[str]) -> Parted | None:
    """By the separator that stands equally often on the lines, with quotes or without."""
    best: Parted | None = None
    for is_quoted in (False, True) if any('"' in t for t in text) else (False,):
        lines = joined(text) if is_quoted else text
        plain = [re.sub(r'"(?:[^"]|"")*"', "Q", line) for line in lines] if is_quoted else lines
        found = find_separator(plain)
        # Quotes that do not hold whole cells are inches, not quotes.
        if found is None or (is_quoted and not are_cells_quoted(lines, found[0])):
            continue
        separator, share, columns = found
        if best is None or (share, columns) >= best[:2]:
            best = Parted(share, columns, separator, is_quoted)
    return _by_backslashes(text, best)


def _by_backslashes(text: list[str], plainly: Parted | None) -> Parted | None:
    """Where more lines are whole when a backslash takes the next sign's meaning away, it does; elsewhere it is a sign like others."""
    if not any("\\" in line for line in text):
        return plainly
    found = find_separator([re.sub(r"\\.", "Q", line, flags=re.DOTALL) for line in continued(text)])
    if found is None or (plainly is not None and found[1] <= plainly.share):
        return plainly
    return Parted(found[1], found[2], found[0], is_quoted=False, is_escaped=True)


def _at_last(text: list[str]) -> Parted | None:
    last = last_resort(text)
    return None if last is None else Parted(last[1], last[2], last[0], is_quoted=False)


def _one_column(text: list[str], raw: list[bytes], encoding: str) -> Guess:
    if len(text) >= 3 and all(
        len(t) <= _MOST_WORD and t.isprintable() and not re.search(r"[\s,;|\ufffd]", t) for t in text
    ):
        return guess_delimited(text, encoding, Parted(1.0, 1, ",", is_quoted=False), 0)
    lengths = Counter(map(len, raw))
    raise DeliveryError(
        f"no separator stands equally often on its lines, and they have {len(lengths)} different lengths; "
        "ask the supplier for the layout"
    )
