"""How a sample is cut: kind, separator, quotes, lines above the header, header, last line. Worked out from the bytes, nothing is asked for.

A file is delimited where `separators` finds what parts its columns. Fixed width is what has no separator and one length in bytes; where its
columns begin is worked out in `widths`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spark_jobs.bronze.archives import ZIP
from spark_jobs.bronze.lines import BOM, cells
from spark_jobs.bronze.objects import RecordError, parse_json
from spark_jobs.bronze.records import Cut
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.edges import (
    END_WORDS,
    HEADER_WORD,
    counts,
    find_header,
    find_trailer,
    looks_like_a_value,
    trailer_mark_of,
)
from spark_jobs.onboarding.separators import ENOUGH_LINES, are_cells_quoted, find_separator, joined

MOST_LINES = 3000
MOST_TITLES = 4


@dataclass(frozen=True)
class Guess:
    """A layout with what is known of its columns. `columns` are the supplier's names, in file order; None where the file gives none."""

    layout: Layout
    columns: tuple[str, ...] | None = None
    width: int = 0
    trailer: str | None = None
    doubts: tuple[str, ...] = ()
    confidence: float = 1.0


def guess_layout(content: bytes, encoding: str) -> Guess:
    """The layout of one sample. Raises DeliveryError where the reader has none for it, with what to ask the supplier for."""
    if content.startswith(b"PAR1"):
        return _parquet(content)
    if content.startswith(ZIP):
        return _workbook(content)
    body = content.removeprefix(BOM)
    if not body.strip():
        raise DeliveryError("the file is empty; a draft needs a day on which there was something")
    if b"\n" not in body and b"\r" in body:
        guess = guess_layout(body.replace(b"\r", b"\n"), encoding)
        return replace(guess, layout=replace(guess.layout, line_end="cr"))
    first = body.lstrip()[:1]
    if first == b"{":
        return _json_lines(body, encoding)
    if first == b"[" and re.match(rb"\[\s*[\[{]", body.lstrip()):
        raise DeliveryError("one JSON array; ask the supplier for one object a line (JSON lines)")
    return _text(body, encoding)


def _parquet(content: bytes) -> Guess:
    try:
        columns = Cut(content, bare(Layout("parquet", "utf-8"))).columns or ()
    except RecordError:
        raise DeliveryError(
            "a Parquet file that is broken or cut off; ask the supplier to send it again"
        ) from None
    return Guess(Layout("parquet", "utf-8"), columns, len(columns))


def _workbook(content: bytes) -> Guess:
    """The first sheet. Lines of a title above the header have fewer cells than it."""
    found: list[tuple[int, tuple[str, ...]]] = []
    try:
        for skip in range(MOST_TITLES):
            layout = Layout("excel", "utf-8", header=True, skip_lines=skip)
            columns = Cut(content, bare(layout)).columns or ()
            found.append((sum(not re.fullmatch(r"[A-Z]{1,2}", c) for c in columns), columns))
    except RecordError as problem:
        if not found:
            raise DeliveryError(
                f"a workbook that cannot be read ({problem}); save the sheet as CSV in UTF-8, or ask the supplier for a text file"
            ) from None
    skip = max(range(len(found)), key=lambda s: (found[s][0], -s))
    columns = found[skip][1]
    words = sum(bool(HEADER_WORD.fullmatch(c)) and not looks_like_a_value(c) for c in columns)
    if not columns or words < 0.8 * len(columns):
        raise DeliveryError("the sheet has no header; ask the supplier for one, or for a text file")
    doubts = ("only the first sheet is read; `sheet` names another",)
    return Guess(Layout("excel", "utf-8", header=True, skip_lines=skip), columns, len(columns), doubts=doubts)


def bare(layout: Layout) -> SourceContract:
    """A contract of nothing but a layout."""
    return SourceContract(
        "sample__file",
        "sample",
        Delivery("", None, "{date}", "full", "06:00", False, False, False),
        layout,
        (),
        (),
    )


def _json_lines(body: bytes, encoding: str) -> Guess:
    lines = [line for line in body.split(b"\n") if line.strip()][:MOST_LINES]
    paths: dict[str, None] = {}
    read = 0
    for line in lines:
        try:
            found = parse_json(line, encoding)
        except RecordError:
            continue
        read += 1
        paths.update(dict.fromkeys(_leaf_paths(found, "")))
    if read < ENOUGH_LINES * len(lines):
        raise DeliveryError(
            "it begins like JSON but most lines are no object; ask the supplier for one object a line (JSON lines)"
        )
    if not paths:
        raise DeliveryError("its objects have no members; a draft needs a day on which there was something")
    return Guess(Layout("jsonl", encoding), tuple(paths), len(paths))


def _leaf_paths(found: dict[str, object], before: str) -> list[str]:
    paths = []
    for name, value in found.items():
        if isinstance(value, dict) and value:
            paths += _leaf_paths(value, f"{before}{name}.")
        else:
            paths.append(f"{before}{name}")
    return paths


def _text(body: bytes, encoding: str) -> Guess:
    every = body.removesuffix(b"\n").split(b"\n")
    # The beginning tells the layout; the last line may count what comes before it.
    left_out = max(0, len(every) - MOST_LINES - 1)
    raw = [line.removesuffix(b"\r") for line in (every if not left_out else [*every[:MOST_LINES], every[-1]])]
    while raw and not raw[-1]:
        raw.pop()
    text = [t for t in (_decoded(line, encoding) for line in raw) if t is not None]
    best: tuple[float, int, str, bool] | None = None
    for is_quoted in (False, True) if any('"' in t for t in text) else (False,):
        lines = joined(text) if is_quoted else text
        plain = [re.sub(r'"(?:[^"]|"")*"', "Q", line) for line in lines] if is_quoted else lines
        found = find_separator(plain)
        if found is None:
            continue
        separator, share, columns = found
        # Quotes that do not hold whole cells are inches, not quotes.
        if is_quoted and not are_cells_quoted(lines, separator):
            continue
        if best is None or (share, columns) >= best[:2]:
            best = (share, columns, separator, is_quoted)
    fixed = _fixed(raw, encoding, left_out)
    if best is None and fixed is None:
        return _one_column(text, raw, encoding)
    if best is None or (fixed is not None and fixed.confidence > best[0]):
        assert fixed is not None
        return fixed
    return _delimited(text, encoding, best, left_out)


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def _one_column(text: list[str], raw: list[bytes], encoding: str) -> Guess:
    lengths = Counter(map(len, raw))
    raise DeliveryError(
        f"no separator stands equally often on its lines, and they have {len(lengths)} different lengths; "
        "ask the supplier for the layout"
    )


def _fixed(raw: Sequence[bytes], encoding: str, left_out: int) -> Guess | None:
    """Lines of one length in bytes, but for a title above or a line that is cut; at least 8 bytes, so that a list of codes is none."""
    body = list(raw)
    lengths = Counter(map(len, body))
    length, count = max(lengths.items(), key=lambda lc: (lc[1], lc[0]))
    if length < 8 or (count < 2 and len(body) > 1) or count < ENOUGH_LINES * len(body) - 2:
        return None
    layout = Layout("fixed", encoding, record_bytes=length)
    skip = 0
    while skip < min(3, len(body)) and len(body[skip]) != length:
        skip += 1
    trailer = None
    if len(body) - skip > 1:
        firsts = Counter(line[:1] for line in body[skip:-1])
        last = body[-1]
        word = (re.match(rb"[A-Za-z]+", last) or [b""])[0].decode()
        # Of one length with the records: only what counts them can be told from a record of another kind.
        is_told = counts(last.decode(encoding, "replace"), len(body) - skip - 1 + left_out)
        is_alone = len(firsts) == 1 and last[:1] not in firsts and not last[:1].isdigit()
        is_other = is_told or bool(END_WORDS.fullmatch(word)) if len(last) != length else is_told and is_alone
        if is_other and re.match(rb"[A-Za-z9#*]", last):
            trailer = last.decode(encoding, "replace")
            (mark,) = re.match(r"([A-Za-z]+|9+|.)", trailer).groups()  # type: ignore[union-attr]
            # A mark that also begins a record would hide it.
            mark = mark if len(last) != length else mark[:1]
            if any(line.startswith(mark.encode(encoding)) for line in body[skip:-1]):
                trailer = None
            else:
                layout = replace(layout, trailer_mark=mark)
    details = body[skip : -1 if trailer else None]
    firsts = Counter(line[:1] for line in details)
    if (
        trailer
        and len(trailer.encode(encoding, "replace")) == length
        and len(firsts) == 1
        and next(iter(firsts)).isalpha()
    ):
        layout = replace(layout, detail=next(iter(firsts)).decode())
    return Guess(replace(layout, skip_lines=skip), None, length, trailer, (), count / len(body))


def _delimited(text: list[str], encoding: str, best: tuple[float, int, str, bool], left_out: int) -> Guess:
    share, columns, separator, is_quoted = best
    layout = Layout("delimited", encoding, separator=separator, quote=is_quoted)
    lines = joined(text) if is_quoted else list(text)
    rows = [cells(line, layout) or [line] for line in lines]
    skip = 0
    while skip < min(6, len(rows) - 1) and len(rows[skip]) != columns:
        skip += 1
    skip = 0 if skip == 6 else skip
    rows, lines = rows[skip:], lines[skip:]
    doubts: list[str] = []
    header = find_header(rows, columns)
    if header is not None:
        rows, lines = rows[1:], lines[1:]
        # The reader finds columns by the names of the header: two alike, an empty one, or one with a full stop cannot be found.
        names = [name.strip().strip('"') for name in header]
        if len(set(names)) < len(names) or not all(names) or any("." in name for name in names):
            skip, doubts = (
                skip + 1,
                [
                    "the header has a name twice, empty or with a full stop in it; columns are taken by their place"
                ],
            )
            layout = replace(layout, header=False)
        else:
            layout = replace(layout, header=True)
        header = tuple(names)
    trailer = find_trailer(rows, lines, columns, left_out)
    if trailer is not None:
        mark = trailer_mark_of(trailer, separator)
        if any(line.startswith(mark) for line in lines[:-1]):
            doubts.append(
                f"the last line looks like no record, but others begin with `{mark}`, too: ask how it is told apart"
            )
            trailer = None
        else:
            layout = replace(layout, trailer_mark=mark)
    return Guess(replace(layout, skip_lines=skip), header, columns, trailer, tuple(doubts), share)
