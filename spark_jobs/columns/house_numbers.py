"""What stands behind the divisions of an address: streets, houses, rooms, in one spelling.

People write 三号楼二单元５０１室, 3栋2单元501 and 3-2-501 for one flat. Words for parts of a house say little that their order does not say, and
are left out, so that all three become `3-2-501`. Lanes (弄) keep their word: lane 90 and house 90 of a street are two places.
"""

from __future__ import annotations

import re

_DIGITS = {"零": 0, "〇": 0, **{c: n for n, c in enumerate("一二三四五六七八九", start=1)}, "两": 2}
_TENS = {"十": 10, "百": 100}
_PART = "号院|号楼|号房|号|栋|幢|座|单元|层|楼|室|房间|房|户|#"
# A street may be called 一号路; what follows a number and 号 there is no part of a house.
_NO_STREET = r"(?!路|街|线|桥|公路|大街|大道|高速)"
_SPOKEN = re.compile(rf"[零〇一二三四五六七八九十百两]+(?=(?:{_PART}|弄|组|队|排|期){_NO_STREET})")
_NUMBER = r"(?:\d+[A-Z]?|[A-Z]\d{0,4})"
_WORD = re.compile(rf"({_NUMBER})(?:{_PART}){_NO_STREET}")
# 3楼301: the room says the floor already.
_FLOOR_AND_ROOM = re.compile(r"(?<!\d)(\d{1,2})(?:层|楼)-?(\1\d{2})(?=\D|$)")
_DASHES = re.compile(r"[-—–−‐~_]+")


def spoken_number(text: str) -> int:
    """五〇一 → 501, 二十一 → 21, 一百零三 → 103. Only digits, tens and hundreds; zero for an empty text."""
    if not set(text) & set(_TENS):
        return int("".join(str(_DIGITS[c]) for c in text) or "0")
    total, digit = 0, 0
    for c in text:
        if c in _TENS:
            total, digit = total + (digit or 1) * _TENS[c], 0
        else:
            digit = _DIGITS[c]
    return total + digit


def normalised_rest(text: str) -> str:
    """Streets as written, numbers of houses and rooms as `90-3-2-501`; empty for empty text. Expects folded text without spaces."""
    plain = _DASHES.sub("-", text.upper())
    plain = _SPOKEN.sub(lambda m: str(spoken_number(m[0])), plain)
    plain = _FLOOR_AND_ROOM.sub(r"\2", plain)
    plain = re.sub(r"-+", "-", _WORD.sub(r"\1-", plain))
    return re.sub(r"-(?![0-9A-Z])|(?<![0-9A-Z])-", "", plain)
