"""Whether the declared encoding can be true, from the bytes of a file's beginning and of up to 2,000 lines that are not plain ASCII. No Spark.

Hanzi that somebody took for Latin letters and wrote as UTF-8 are valid UTF-8 (王 becomes Íõ or ç\x8e\x8b): such a file is not what it says either.
"""

from __future__ import annotations

import codecs
import re

# Encodings in which half a character makes one with the sign behind it.
TWO_BYTE = ("gb18030", "gbk", "gb2312", "big5", "cp950", "big5hkscs", "shift_jis", "cp932", "euc_kr", "cp949")
# Signs that UTF-8 writes with three bytes or more, as all hanzi: 女 is C5 AE in GB and a letter in UTF-8.
_WIDE = re.compile(rb"[\xe1-\xf4]|\xe0[\xa0-\xbf]")
MARKS = (b"\xef\xbf\xbd",)  # U+FFFD in UTF-8: somebody before us lost characters
# A file whose non-ASCII lines mostly cannot be decoded, or decode as UTF-8 where GB is declared, is in another encoding.
MOST_UNDECODABLE = 0.2
CENSUS_LINES = 2000
# So few lines may as well be damaged: they tell of another encoding only where they are right in one.
FEW_LINES = 3
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Text in UTF-16 has a NUL in every other byte of its separators, digits and line ends.
MOST_NULS = 0.2
# Blanks, points, commas, hyphens, slashes, letters and digits of a mainframe (EBCDIC), which ends its lines otherwise, too.
_MAINFRAME = bytes([0x40, 0x4B, 0x60, 0x61, 0x6B, *(row + k for row in (0x80, 0x90, 0xC0, 0xD0) for k in range(1, 10)),
                    *(row + k for row in (0xA0, 0xE0) for k in range(2, 10)), *range(0xF0, 0xFA)])  # fmt: skip
MOST_OTHERS, LEAST_HEAD = 0.1, 32
_LETTERS = re.compile(r"[^\x00-\x7f]+")
# A hanzi or two of GB may be Latin letters side by side; of four letters none of which is plain, no language has many.
LEAST_LETTERS = 4


class Census:
    """Counts as lines go by."""

    def __init__(self, declared: str) -> None:
        self._declared = declared.lower().replace("_", "-")
        self._is_utf8 = self._declared in ("utf-8", "utf8", "utf-8-sig")
        self._needs_wide = codecs.lookup(declared).name in TWO_BYTE
        self._others = ("gb18030",) if self._is_utf8 else ("utf-8",)
        self._lines = self._wrong = self._utf8 = self._elsewhere = 0
        self._seen = 0
        self._has_lone_cr = False
        self._twice = self._returns = 0
        self.is_of_another_kind = False

    def look_at_head(self, head: bytes) -> None:
        """The first bytes of the file: a mark of UTF-16, or as many NULs as it brings; or nothing but a mainframe's letters and digits."""
        others = len(head.translate(None, _MAINFRAME))
        is_mainframe = len(head) >= LEAST_HEAD and b"\n" not in head and others <= MOST_OTHERS * len(head)
        self.is_of_another_kind = (
            is_mainframe or head.startswith(_UTF16) or head.count(b"\x00") > MOST_NULS * len(head)
        )

    def wants(self, content: bytes) -> bool:
        """Whether lines of a piece can tell anything more."""
        return not self._seen or (self._lines < CENSUS_LINES and not content.isascii())

    def see(self, raw: bytes) -> None:
        self._seen += 1
        if self._seen == 1:
            self._has_lone_cr = b"\r" in raw.rstrip(b"\r") and b'"' not in raw
        self._returns += raw.startswith(b"\r") or raw.endswith(b"\r")
        if self._lines >= CENSUS_LINES or raw.isascii():
            return
        self._lines += 1
        is_utf8 = decodes(raw, "utf-8") and (not self._needs_wide or bool(_WIDE.search(raw)))
        self._utf8 += is_utf8
        self._twice += self._is_utf8 and is_utf8 and _is_twice_encoded(raw.decode())
        if not decodes(raw, self._declared) or any(mark in raw for mark in MARKS):
            self._wrong += 1
            self._elsewhere += any(decodes(raw, other) for other in self._others)

    @property
    def has_other_line_ends(self) -> bool:
        """The file is one line with returns inside, or its lines have one more than belongs to their end (\\r\\r\\n, \\n\\r)."""
        return (self._seen == 1 and self._has_lone_cr) or self._returns * 2 > self._seen

    @property
    def holds(self) -> bool:
        # Hanzi in UTF-8 often decode as GB, too, into other hanzi: nearly all lines being valid UTF-8 is no accident.
        if self._lines and (self._twice if self._is_utf8 else self._utf8) > 0.9 * self._lines:
            return False
        return self._wrong <= MOST_UNDECODABLE * self._lines or (
            self._wrong <= FEW_LINES and not self._elsewhere
        )


def _is_twice_encoded(text: str) -> bool:
    """Whether all that is not plain ASCII is the bytes of UTF-8 or of GB, one letter for each."""
    runs = _LETTERS.findall(text)
    return bool(runs) and all(_is_bytes(run) for run in runs)


def _is_bytes(run: str) -> bool:
    for letters in ("latin-1", "cp1252"):
        try:
            raw = run.encode(letters)
        except UnicodeEncodeError:
            continue
        if decodes(raw, "utf-8") or (len(raw) >= LEAST_LETTERS and decodes(raw, "gb2312")):
            return True
    return False


def decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
