"""How a sample is cut: kind, separator, quotes, lines above the header, header, last line. Worked out from the bytes, nothing is asked for.

A file is delimited where `separators` finds what parts its columns. Fixed width is what has no separator and one length in bytes; where its
columns begin is worked out in `widths`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from spark_jobs.bronze.archives import ZIP
from spark_jobs.bronze.lines import cells, mark_size
from spark_jobs.contracts.sources import Layout
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.edges import (
    END_WORDS,
    are_labels,
    are_units,
    begins_a_file,
    counts,
    find_header,
    find_trailer,
    trailer_mark_of,
)
from spark_jobs.onboarding.guess import MOST_LINES, TWO_LINES, Guess
from spark_jobs.onboarding.kinds import kinds_of
from spark_jobs.onboarding.masks import shape
from spark_jobs.onboarding.objects import json_lines
from spark_jobs.onboarding.separators import (
    ENOUGH_LINES,
    LAST_RESORTS,
    MOST_ABOVE,
    are_cells_quoted,
    find_separator,
    joined,
    last_resort,
)
from spark_jobs.onboarding.stored import parquet, workbook

# A list of one column has words of so many signs at most.
_MOST_WORD = 64
# A single line with more fields than this may be a whole file without line ends.
_MANY_COLUMNS = 100
# Signs of logs, links and quotes.
_SELDOM = set("=[](){}<>?&'")
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
        counted = Counter(line.count(said[1]) + 1 for line in text[1:])
        columns, lines_with = max(counted.items(), key=lambda nc: (nc[1], nc[0]), default=(1, 0))
        told = (lines_with / max(1, len(text) - 1), columns, said[1], any('"' in t for t in text[1:]))
        below = _delimited(text[1:], encoding, told, left_out)
        return replace(below, layout=replace(below.layout, skip_lines=below.layout.skip_lines + 1))
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
        last = last_resort(text)
        if last is None:
            return _one_column(text, raw, encoding)
        best = (last[1], last[2], last[0], False)
    if best is None or (fixed is not None and fixed.confidence > best[0]):
        assert fixed is not None
        return fixed
    return _delimited(text, encoding, best, left_out)


def _one_column(text: list[str], raw: list[bytes], encoding: str) -> Guess:
    if len(text) >= 3 and all(
        len(t) <= _MOST_WORD and t.isprintable() and not re.search(r"[\s,;|\ufffd]", t) for t in text
    ):
        return _delimited(text, encoding, (1.0, 1, ",", False), 0)
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
    doubts: tuple[str, ...] = ()
    for size in (1, 2):
        # Each byte is a sign of its own: what hanzi are made of is neither figure nor blank.
        kinds = kinds_of(
            [
                (line[:size].decode("latin-1"), *line[size:].decode("latin-1"))
                for line in details
                if len(line) == length
            ]
        )
        if kinds:
            doubts = (_several_kinds(kinds, f"at: [1, {size}]"),)
            break
    if _names_above(details):
        doubts = (
            *doubts,
            "the first line has words where all others have figures: it is left out as a line of names",
        )
        skip += 1
    return Guess(replace(layout, skip_lines=skip), None, length, trailer, doubts, count / len(body))


def _names_above(details: Sequence[bytes]) -> bool:
    """Whether the first line of fixed width gives names: no figure in all the places where every other line has one."""
    first, others = details[0], [line for line in details[1:500] if len(line) == len(details[0])]
    if len(others) < 3:
        return False
    places = [at for at in range(len(first)) if all(48 <= line[at] <= 57 for line in others)]
    return len(places) >= 3 and not any(48 <= first[at] <= 57 for at in places)


def _delimited(text: list[str], encoding: str, best: tuple[float, int, str, bool], left_out: int) -> Guess:
    share, columns, separator, is_quoted = best
    layout = Layout("delimited", encoding, separator=separator, quote=is_quoted)
    lines = joined(text) if is_quoted else list(text)
    rows = [cells(line, layout) or [line] for line in lines]
    skip = 0
    while skip < min(MOST_ABOVE, len(rows) - 1) and len(rows[skip]) != columns:
        skip += 1
    skip = 0 if skip == MOST_ABOVE else skip
    while skip and _begins_like_records(rows[skip - 1][0], rows, columns):
        skip -= 1
    skip = _below_titles(rows, columns, skip)
    doubts = [
        f"line {n} has {len(row)} fields and the records have {columns}; it is left out: is it the header?"
        for n, row in enumerate(rows[:skip], 1)
        if 1 < len(row) != columns and sum(bool(c.strip()) for c in row) > columns / 2
    ]
    rows, lines = rows[skip:], lines[skip:]
    header = find_header(rows, columns)
    if header is not None and len(rows) > 1 and len(rows[1]) == columns and are_labels(rows[1], rows[2:]):
        doubts.append(TWO_LINES)
        skip, rows, lines, header = skip + 1, rows[1:], lines[1:], tuple(rows[1])
    if separator in LAST_RESORTS or set(separator) <= _SELDOM:
        doubts.append(f"`{separator}` parts the columns only because nothing else does: is it the separator?")
    if columns == 1:
        doubts.append("nothing parts the lines, so each is one value: is it a list of one column?")
    has_units = (
        header is not None and len(rows) > 1 and len(rows[1]) == columns and are_units(rows[1], rows[2:])
    )
    if header is not None:
        rows, lines = rows[1 + has_units :], lines[1 + has_units :]
        # The reader finds columns by the names of the header: two alike, an empty one, or one with a full stop cannot be found.
        names = [name.strip().strip('"') for name in header]
        named = _without_empty_ends(names, [row for row in rows if len(row) == columns])
        if has_units:
            skip += 2
            doubts.append(
                "below the names stands a line of units, so columns are taken by their place; where it says 万元 or the like, map by {unit: [column, wan]}"
            )
        elif len(set(named)) < len(named) or not all(named) or any("." in name for name in named):
            skip += 1
            doubts.append(
                "the header has a name twice, empty or with a full stop in it; columns are taken by their place"
            )
            layout = replace(layout, header=False)
        else:
            layout, names = replace(layout, header=True), named
        header = tuple(names)
    elif skip:
        doubts += [] if doubts else [_left_out(skip)]
    elif begins_a_file(rows):
        skip, rows, lines = skip + 1, rows[1:], lines[1:]
        doubts.append(
            "the first line is no record but tells of the file; what it declares is not compared: ask for a last line or a file beside it that does"
        )
    doubts += _about_quotes_and_ends(rows, columns, is_quoted)
    if kinds := kinds_of([row for row in rows if len(row) == columns]):
        doubts.append(_several_kinds(kinds, "column: 1"))
    trailer = find_trailer(rows, lines, columns, left_out)
    if trailer is not None:
        mark = trailer_mark_of(trailer, separator)
        if "\ufffd" in mark:
            trailer = None
        elif any(line.startswith(mark) for line in lines[:-1]):
            doubts.append(
                f"the last line looks like no record, but others begin with `{mark}`, too: ask how it is told apart"
            )
            trailer = None
        else:
            layout = replace(layout, trailer_mark=mark)
    return Guess(replace(layout, skip_lines=skip), header, columns, trailer, tuple(doubts), share)


def _without_empty_ends(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The names without empty ones at the end that have no values: separators at the end of each line are no columns."""
    kept = list(names)
    while kept and not kept[-1] and not any(row[len(kept) - 1].strip() for row in rows):
        kept.pop()
    return kept


def _begins_like_records(cell: str, rows: Sequence[Sequence[str]], columns: int) -> bool:
    """Whether the first cell of a line looks like those of nearly all records and has a figure: then it is a broken record, no title."""
    shapes = Counter(shape(row[0]) for row in rows[:500] if len(row) == columns)
    return any(c.isdigit() for c in cell) and shapes[shape(cell)] >= ENOUGH_LINES * sum(shapes.values())


def _several_kinds(kinds: Sequence[str], place: str) -> str:
    marks = " and ".join(kinds)
    return f"several kinds of record ({marks}), each cut in its own way? Then one contract for each, with `record_type: {{{place}, detail: [its marks], others: [the other ones]}}`"


def _left_out(lines: int) -> str:
    return f"the first {'line is' if lines == 1 else f'{lines} lines are'} left out in every file, as cut otherwise than the records: is none of them a record, or the header?"


def _about_quotes_and_ends(rows: Sequence[Sequence[str]], columns: int, is_quoted: bool) -> list[str]:
    """What to ask where quotes are no quotes of ours, or where nothing shows what ends a record."""
    asked = []
    inside = sum(any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in row) for row in rows)
    if not is_quoted and inside > 0.05 * len(rows):
        asked.append(
            "quotes stand around values and others inside of them are not doubled, so they are read as text; ask for doubled ones"
        )
    whole = [row for row in rows if len(row) == columns]
    if len(whole) > 2 and all(row[0][:1] + row[-1][-1:] in ("{}", "[]", "()", "<>") for row in whole):
        asked.append(
            f"each record stands between {whole[0][0][0]} and {whole[0][-1][-1]}, which are a part of its first and its last value: ask for records without"
        )
    if len(rows) == 1 and columns > _MANY_COLUMNS:
        asked.append(
            f"the whole file is one line of {columns} fields: is it a sign other than the end of a line that ends a record?"
        )
    return asked


def _below_titles(rows: Sequence[Sequence[str]], columns: int, skip: int) -> int:
    """Where the header stands when the lines above it are titles that a spreadsheet filled up with separators; else `skip`."""
    for at in range(skip, min(skip + MOST_ABOVE, len(rows) - 1)):
        filled = sum(bool(cell.strip()) for cell in rows[at])
        if len(rows[at]) == columns == filled and find_header(rows[at:], columns):
            return at
        if len(rows[at]) == columns and filled > columns / 2:
            return skip
    return skip
