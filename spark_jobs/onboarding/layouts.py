"""How a sample is cut: kind, separator, quotes, lines above the header, header, last line. Worked out from the bytes, nothing is asked for.

A separator is one to three signs that stand equally often on nearly every line. A longer one wins where a shorter one stands nowhere else
(`|` of `|+|`). Fixed width is what has no separator and one length in bytes; where its columns begin is worked out in `widths`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from spark_jobs.bronze.archives import ZIP
from spark_jobs.bronze.lines import BOM, cells
from spark_jobs.bronze.objects import RecordError, parse_json
from spark_jobs.bronze.records import Cut
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract
from spark_jobs.errors import DeliveryError

MOST_LINES = 3000
MOST_TITLES = 4
# So many of the lines must have the most frequent number of columns for a separator to be one.
ENOUGH_LINES = 0.9
_NO_SEPARATOR = set(" \"'.-/:+()*_%") | {"\ufeff"}
_ALONE_OR_JOINED = set("+-@#*:/.^~!$%&=")
_HEADER_WORD = re.compile(r"[^\W\d][^\r\n]{0,59}")
# What a last line that is no record begins with, where nothing else says it.
_END_WORDS = re.compile(r"(?i)(END|ENDE|EOF|TRL|TRAILER|TAIL|TOTAL|SUM|SUMME|COUNT|合计|合計|总计|結束|结束)")


@dataclass(frozen=True)
class Guess:
    """A layout with what is known of its columns. `columns` are the supplier's names, in file order; None where the file gives none."""

    layout: Layout
    columns: tuple[str, ...] | None = None
    width: int = 0
    trailer: str | None = None
    doubts: tuple[str, ...] = ()
    confidence: float = 1.0


@dataclass
class Lines:
    """The lines of a sample as text, where they can be decoded, and as bytes."""

    raw: list[bytes]
    text: list[str] = field(default_factory=list)


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
    words = sum(bool(_HEADER_WORD.fullmatch(c)) and not _looks_like_a_value(c) for c in columns)
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
        lines = _joined(text) if is_quoted else text
        plain = [re.sub(r'"(?:[^"]|"")*"', "Q", line) for line in lines] if is_quoted else lines
        found = _separator(plain)
        if found is None:
            continue
        separator, share, columns = found
        # Quotes that do not hold whole cells are inches, not quotes.
        if is_quoted and not _are_cells_quoted(lines, separator):
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


def _joined(text: Sequence[str]) -> list[str]:
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


def _are_cells_quoted(lines: Sequence[str], separator: str) -> bool:
    mark = re.escape(separator)
    cell = re.compile(rf'(?:^|{mark})"(?:[^"]|"")*"(?={mark}|$)')
    quotes = sum(line.count('"') for line in lines)
    inside = sum(found.count('"') for line in lines for found in cell.findall(line))
    return quotes > 0 and inside >= 0.9 * quotes


def _separator(lines: Sequence[str]) -> tuple[str, float, int] | None:
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
    for found in re.finditer(r"[^\w\s\"'.]+|[\x00-\x1f]+|_", line):
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
        is_told = _counts(last.decode(encoding, "replace"), len(body) - skip - 1 + left_out)
        is_alone = len(firsts) == 1 and last[:1] not in firsts and not last[:1].isdigit()
        is_other = (
            is_told or bool(_END_WORDS.fullmatch(word)) if len(last) != length else is_told and is_alone
        )
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
    lines = _joined(text) if is_quoted else list(text)
    rows = [cells(line, layout) or [line] for line in lines]
    skip = 0
    while skip < min(6, len(rows) - 1) and len(rows[skip]) != columns:
        skip += 1
    skip = 0 if skip == 6 else skip
    rows, lines = rows[skip:], lines[skip:]
    doubts: list[str] = []
    header = _header(rows, columns)
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
    trailer = _trailer(rows, lines, columns, left_out)
    if trailer is not None:
        mark = _trailer_mark(trailer, separator)
        if any(line.startswith(mark) for line in lines[:-1]):
            doubts.append(
                f"the last line looks like no record, but others begin with `{mark}`, too: ask how it is told apart"
            )
            trailer = None
        else:
            layout = replace(layout, trailer_mark=mark)
    return Guess(replace(layout, skip_lines=skip), header, columns, trailer, tuple(doubts), share)


def _header(rows: Sequence[Sequence[str]], columns: int) -> tuple[str, ...] | None:
    """The first line, where it is names: words, each once, unlike the values below."""
    if not rows or len(rows[0]) != columns:
        return None
    first = [c.strip().strip('"') for c in rows[0]]
    below = [row for row in rows[1:200] if len(row) == columns]
    words = [bool(_HEADER_WORD.fullmatch(c)) and not _looks_like_a_value(c) for c in first if c]
    if not words or sum(words) < max(1, 0.8 * len(first)):
        return None
    if not below:
        return tuple(first)
    votes = 0
    for at, name in enumerate(first):
        values = [row[at].strip().strip('"') for row in below if row[at].strip()]
        if name in values:
            votes -= 2
        elif values:
            typed = (
                sum(not _HEADER_WORD.fullmatch(v) or _looks_like_a_value(v) for v in values) > len(values) / 2
            )
            # Names of columns are seldom as long as each other, values of one column often are; their signs differ, too.
            is_unlike = _letters(name) != _letters(values[0])
            votes += 2 if typed else 1 if is_unlike else 0
    return tuple(first) if votes > 0 else None


def _looks_like_a_value(text: str) -> bool:
    return bool(re.search(r"\d{4,}|^[\d.,\-+/: ]+$|@", text))


def _letters(text: str) -> tuple[bool, bool, bool, bool]:
    return (
        any("a" <= c <= "z" for c in text), any("A" <= c <= "Z" for c in text), any(ord(c) > 0x2FFF for c in text), "_" in text,
    )  # fmt: skip


def _trailer(rows: Sequence[Sequence[str]], lines: Sequence[str], columns: int, left_out: int) -> str | None:
    """The last line, where it has other columns than a record and begins with a word, or counts the lines above it."""
    if len(rows) < 2:
        return None
    last, others = rows[-1], rows[:-1]
    begins = last[0].strip()
    word = (re.match(r"[^\W\d_]+", begins) or [""])[0]
    is_told = any(_counts(c, len(others) + left_out) for c in last[1:] or last)
    if len(last) != columns:
        return lines[-1] if begins and (is_told or _END_WORDS.fullmatch(word)) else None
    is_word = bool(word) and not any(row[0].strip().startswith(word) for row in others if row)
    return lines[-1] if is_word and is_told else None


def _counts(text: str, rows: int) -> bool:
    """Whether a number in the text is so many rows; zeros before it count nothing, and neither does a date right before it."""
    return bool(re.search(rf"(?<![1-9])0*{rows}(?!\d)|\d{{8}}0+{rows}(?!\d)", text.strip()))


def _trailer_mark(trailer: str, separator: str) -> str:
    """What the last line begins with: its first cell with the separator, or its first word."""
    head, found, _ = trailer.partition(separator)
    if found and head.strip() and not re.search(r"\d{2,}", head):
        return head + separator
    word = re.match(r"[^\W\d]+|\W+", trailer)
    return word[0] if word else trailer[:3]
