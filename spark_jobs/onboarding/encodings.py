"""Which encoding the bytes of a sample can be in, told by a census of them.

A file in one Chinese encoding often decodes in another, into characters that nobody writes. So each encoding that decodes nearly every line
is weighed by how many of its characters are everyday ones: level 1 of GB 2312 (3,755 hanzi by use), level 1 of Big5 (5,401 hanzi by use),
letters of western languages that stand beside ASCII letters.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from spark_jobs.bronze.lines import BOM
from spark_jobs.errors import DeliveryError

MOST_LINES = 5000
# Lines of one sample may be broken, a sample may not: with more than this in ten thousand wrong the encoding is another one.
MOST_WRONG = 0.02
# Of so few everyday characters chance makes as many; of fewer than the second, another encoding is as likely.
NO_ENCODING, DOUBTFUL = 0.15, 0.6
_PUNCTUATION = "，。、；：？！“”‘’（）《》【】·—…　￥％－．０１２３４５６７８９"
# What separates fields and records in bank files is among 0x01 to 0x07, 0x14 and from 0x1A on.
_CONTROLS = bytes([0, 8, *range(0x0E, 0x14), *range(0x15, 0x1A), 0x7F])
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class Encoding:
    """What the census says. `confidence` 0–1; `why` names no value."""

    name: str
    confidence: float
    why: str


def census(content: bytes) -> Encoding:
    """The encoding of a text file. Raises DeliveryError for those whose lines do not end in one byte."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _is_two_byte(content):
        raise DeliveryError(
            "UTF-16 or another encoding of two bytes a character; ask the supplier for UTF-8 (in Excel: CSV UTF-8)"
        )
    if _is_binary(content):
        raise DeliveryError(
            "no text: NUL and other control bytes stand all over it; ask the supplier which program wrote it, and for CSV in UTF-8 or Parquet"
        )
    if content.startswith(BOM):
        return Encoding("utf-8", 1.0, "it begins with the UTF-8 byte-order mark")
    lines = [line for line in content.split(b"\n") if not line.isascii()][:MOST_LINES]
    if not lines:
        return Encoding(
            "utf-8", 0.6, "all bytes are ASCII, which every encoding has: ask which one names will come in"
        )
    valid = _share(lines, "utf-8")
    if valid > 1 - MOST_WRONG:
        if spoiled := _read_wrongly(lines):
            return Encoding(
                "utf-8", 0.65, f"it is valid UTF-8, but {spoiled:.0%} of its lines were read as another encoding before: ask for the file as it was then"
            )  # fmt: skip
        return Encoding(
            "utf-8",
            round(min(0.99, valid), 2),
            f"{valid:.1%} of {len(lines)} lines with other than ASCII are valid UTF-8",
        )
    weighed = sorted(
        ((_weight(lines, name), name) for name in ("gb18030", "cp950", "big5hkscs", "latin")),
        key=lambda w: -w[0],
    )
    best, name = weighed[0]
    # The two Big5 differ in characters of Hong Kong only: one being as likely as the other takes nothing from either.
    second = next(weight for weight, other in weighed[1:] if {name, other} != {"cp950", "big5hkscs"})
    if name == "gb18030" and _may_be_korean(lines):
        return Encoding(name, 0.65, "it may as well be Korean (`encoding: euc-kr`): ask")
    if best <= NO_ENCODING:
        return Encoding(
            "utf-8",
            0.1,
            "no encoding that we look for reads these lines; ask the supplier which one it is, and write it into a contract (docs/onboarding.md)",
        )
    if name == "latin":
        joined = b"".join(lines)
        name = "cp1252" if re.search(rb"[\x80-\x9f]", joined) else "iso8859-1"
    sure = best * (1 - second / best / 2)
    more = {
        "gb18030": "; gbk and gb2312 are parts of it",
        "cp950": "; it is Big5 as Taiwan writes it",
        "big5hkscs": "; it is Big5 as Hong Kong writes it",
    }.get(name, "")
    if best < DOUBTFUL:
        more = ", which are few: it may be in an encoding that we do not look for (Russian, Thai, Japanese)"
    return Encoding(
        name,
        round(min(0.99, sure), 2),
        f"{best:.0%} of the other than ASCII characters are everyday ones in it{more}",
    )


def _is_two_byte(content: bytes) -> bool:
    """Every second byte of ASCII in UTF-16 is NUL, and hardly any of the others."""
    head = content[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return len(head) >= 16 and max(even, odd) > len(head) // 2 * 0.4 and min(even, odd) < max(even, odd) / 8


def _is_binary(content: bytes) -> bool:
    """Whether control bytes that no text has are a tenth of the beginning; those that part columns and records are none of them."""
    head = content[:4096].rstrip(b"\x00")
    return len(head) >= 16 and len(head) - len(head.translate(None, _CONTROLS)) > 0.1 * len(head)


def _read_wrongly(lines: list[bytes]) -> float:
    """Share of lines that become UTF-8 once more when the reading is undone; 0 where they are few. Text that means something never does."""
    texts = [text for line in lines if "\ufffd" not in (text := line.decode("utf-8", "replace"))]
    undone = max(
        (sum(_becomes_utf8(text, other) for text in texts) for other in ("gb18030", "cp1252")), default=0
    )
    return undone / len(texts) if undone > 2 and undone >= 0.8 * len(texts) else 0.0


def _becomes_utf8(text: str, other: str) -> bool:
    try:
        undone = text.encode(other).decode("utf-8")
    except UnicodeError:
        return False
    # 元 is two bytes in GB that are a letter nobody writes in UTF-8; hanzi are three bytes there.
    return other != "gb18030" or any(ord(sign) >= 0x800 for sign in undone)


def _may_be_korean(lines: list[bytes]) -> bool:
    """Chinese text has characters on all rows of GB 2312; those of Hangul end where its letters of pinyin M begin."""
    joined = b"\n".join(lines)
    try:
        signs = {c for c in joined.decode("euc_kr") if ord(c) > 0x7F}
    except UnicodeDecodeError:
        return False
    return len(signs) >= 8 and all("\uac00" <= c <= "\ud7a3" for c in signs)


def _share(lines: list[bytes], encoding: str) -> float:
    right = 0
    for line in lines:
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            continue
        right += 1
    return right / len(lines)


def _weight(lines: list[bytes], encoding: str) -> float:
    """Share of everyday characters where the encoding decodes nearly all lines, else 0."""
    if encoding == "latin":
        return _latin(lines)
    if _share(lines, encoding) < 1 - MOST_WRONG * 5:
        return 0.0
    every = "".join(line.decode(encoding, "ignore") for line in lines)
    high = [c for c in every if ord(c) > 127]
    everyday = sum(c in _PUNCTUATION or _is_everyday(c, encoding) for c in high)
    return everyday / len(high) if high else 0.0


def _is_everyday(character: str, encoding: str) -> bool:
    try:
        coded = character.encode("gb2312" if encoding == "gb18030" else "big5")
    except UnicodeEncodeError:
        return False
    if len(coded) != 2:
        return False
    return 0xB0 <= coded[0] <= 0xD7 if encoding == "gb18030" else 0xA4 <= coded[0] <= 0xC6


def _latin(lines: list[bytes]) -> float:
    """Share of high bytes that are letters (or signs of money and degree) alone or in pairs between ASCII characters."""
    runs = [run for line in lines for run in _HIGH_RUN.findall(line)]
    high = sum(map(len, runs))
    fitting = sum(
        len(run)
        for run in runs
        if len(run) <= 2 and all(b >= 0xC0 or b in b"\xa3\xa4\xa7\xb0\x80" for b in run)
    )
    return fitting / high if high else 0.0
