"""Whether the declared encoding can be true, from the bytes of a file's beginning and of up to 2,000 lines that are not plain ASCII. No Spark."""

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
        self.is_two_byte = False

    def look_at_head(self, head: bytes) -> None:
        """The first bytes of the file: a mark of UTF-16, or as many NULs as it brings."""
        self.is_two_byte = head.startswith(_UTF16) or head.count(b"\x00") > MOST_NULS * len(head)

    def wants(self, content: bytes) -> bool:
        """Whether lines of a piece can tell anything more."""
        return not self._seen or (self._lines < CENSUS_LINES and not content.isascii())

    def see(self, raw: bytes) -> None:
        self._seen += 1
        if self._seen == 1:
            self._has_lone_cr = b"\r" in raw.rstrip(b"\r") and b'"' not in raw
        if self._lines >= CENSUS_LINES or raw.isascii():
            return
        self._lines += 1
        is_utf8 = decodes(raw, "utf-8") and (not self._needs_wide or bool(_WIDE.search(raw)))
        self._utf8 += is_utf8
        if not decodes(raw, self._declared) or any(mark in raw for mark in MARKS):
            self._wrong += 1
            self._elsewhere += any(decodes(raw, other) for other in self._others)

    @property
    def is_one_line_of_many(self) -> bool:
        """The file is one line with returns inside: its lines end otherwise than the contract says."""
        return self._seen == 1 and self._has_lone_cr

    @property
    def holds(self) -> bool:
        # Hanzi in UTF-8 often decode as GB, too, into other hanzi: nearly all lines being valid UTF-8 is no accident.
        if not self._is_utf8 and self._lines and self._utf8 > 0.9 * self._lines:
            return False
        return self._wrong <= MOST_UNDECODABLE * self._lines or (
            self._wrong <= FEW_LINES and not self._elsewhere
        )


def decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
