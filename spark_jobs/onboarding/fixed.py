"""Fixed width: what has no separator and one length in bytes. Where its columns begin is worked out in `widths`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from spark_jobs.contracts.sources import Layout
from spark_jobs.onboarding.edges import END_WORDS, counts
from spark_jobs.onboarding.guess import Guess
from spark_jobs.onboarding.kinds import asked_about, kinds_of
from spark_jobs.onboarding.separators import ENOUGH_LINES


def guess_fixed(raw: Sequence[bytes], encoding: str, left_out: int) -> Guess | None:
    """Lines of one length in bytes, but for a title above or a line that is cut; at least 8 bytes, so that a list of codes is none.

    left_out  lines between the last of `raw` and the one before it, of a file that was too long to be looked at whole
    """
    lengths = Counter(map(len, raw))
    length, count = max(lengths.items(), key=lambda lc: (lc[1], lc[0]))
    if length < 8 or (count < 2 and len(raw) > 1) or count < ENOUGH_LINES * len(raw) - 2:
        return None
    skip = 0
    while skip < min(3, len(raw)) and len(raw[skip]) != length:
        skip += 1
    lines = raw[skip:]
    trailer, layout = _ended(lines, length, left_out, Layout("fixed", encoding, record_bytes=length))
    details = lines[: -1 if trailer else None]
    doubts = _about_kinds(line for line in details if len(line) == length)
    if _names_above(details):
        doubts.append(
            "the first line has words where all others have figures: it is left out as a line of names"
        )
        skip += 1
    return Guess(replace(layout, skip_lines=skip), None, length, trailer, tuple(doubts), count / len(raw))


def _ended(lines: Sequence[bytes], length: int, left_out: int, layout: Layout) -> tuple[str | None, Layout]:
    """The last line where it counts the records or says that the file ends, and how it and the records are told apart."""
    if len(lines) < 2:
        return None, layout
    firsts, last = Counter(line[:1] for line in lines[:-1]), lines[-1]
    word = (re.match(rb"[A-Za-z]+", last) or [b""])[0].decode()
    # Of one length with the records: only what counts them can be told from a record of another kind.
    is_told = counts(last.decode(layout.encoding, "replace"), len(lines) - 1 + left_out)
    is_alone = len(firsts) == 1 and last[:1] not in firsts and not last[:1].isdigit()
    is_other = is_told or bool(END_WORDS.fullmatch(word)) if len(last) != length else is_told and is_alone
    if not is_other or not re.match(rb"[A-Za-z9#*]", last):
        return None, layout
    trailer = last.decode(layout.encoding, "replace")
    (mark,) = re.match(r"([A-Za-z]+|9+|.)", trailer).groups()  # type: ignore[union-attr]
    mark = mark if len(last) != length else mark[:1]
    # A mark that also begins a record would hide it.
    if any(line.startswith(mark.encode(layout.encoding)) for line in lines[:-1]):
        return None, layout
    layout = replace(layout, trailer_mark=mark)
    first = next(iter(firsts))
    if len(trailer.encode(layout.encoding, "replace")) == length and len(firsts) == 1 and first.isalpha():
        layout = replace(layout, detail=first.decode())
    return trailer, layout


def _about_kinds(details: Iterable[bytes]) -> list[str]:
    """What to ask where the first byte or two tell several kinds of record."""
    # Each byte is a sign of its own: what hanzi are made of is neither figure nor blank.
    signs = [line.decode("latin-1") for line in details]
    for size in (1, 2):
        if kinds := kinds_of([(line[:size], *line[size:]) for line in signs]):
            return [asked_about(kinds, f"at: [1, {size}]")]
    return []


def _names_above(details: Sequence[bytes]) -> bool:
    """Whether the first line of fixed width gives names: no figure in all the places where every other line has one."""
    first, others = details[0], [line for line in details[1:500] if len(line) == len(details[0])]
    if len(others) < 3:
        return False
    places = [at for at in range(len(first)) if all(48 <= line[at] <= 57 for line in others)]
    return len(places) >= 3 and not any(48 <= first[at] <= 57 for at in places)
