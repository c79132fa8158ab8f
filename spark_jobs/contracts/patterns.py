"""How suppliers write dates, in one vocabulary: `yyyy yy MM M dd d HH H mm ss`, as Spark reads it; everything else stands for itself.

The same pattern reads a field (`format: dd.MM.yyyy`), a control line and the name of a file (`{date:ddMMyyyy}`). Three ways have names:

roc        years of the Republic of China: 115/09/30, 115-9-30, 1150930
excel      the number a spreadsheet keeps a day by: 46295 is 2026-09-30. Its calendar has a 29 February 1900, number 60, which is no day
excel1904  the same of workbooks that count from 1 January 1904
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache

_LETTERS = {
    "yyyy": (r"\d{4}", "%Y"), "yy": (r"\d{2}", "%y"), "MM": (r"\d{2}", "%m"), "M": (r"\d{1,2}", "%m"), "dd": (r"\d{2}", "%d"),
    "d": (r"\d{1,2}", "%d"), "HH": (r"\d{2}", "%H"), "H": (r"\d{1,2}", "%H"), "mm": (r"\d{2}", "%M"), "ss": (r"\d{2}", "%S"),
}  # fmt: skip
_RUN = re.compile(r"yyyy|yy|MM|M|dd|d|HH|H|mm|ss|[A-Za-z]+|.", re.DOTALL)
# Where a contract says only `{date}`: both ways that need no agreement.
PLAIN_DATE = r"\d{4}-\d{2}-\d{2}|\d{8}"
NAMED = ("roc", "excel", "excel1904")
ROC_DAY = r"(\d{2,3})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{3})(\d{2})(\d{2})"
SERIAL_DAY = r"(\d{1,7})(\.\d+)?"
_PLACE = re.compile(r"\{date(?::(?P<format>[^{}]+))?\}|\{seq\}|\{part\}|\*")


def unknown_letters(pattern: str) -> str | None:
    """The first run of letters that is none of the vocabulary; None where all are."""
    if pattern in NAMED:
        return None
    # 年, 月 and 日 are letters, too, but stand for themselves.
    return next((p for p in _RUN.findall(pattern) if re.match(r"[A-Za-z]", p) and p not in _LETTERS), None)


def _translated(pattern: str, at: int) -> str:
    parts = (
        _LETTERS[p][at] if p in _LETTERS else re.escape(p) if at == 0 else p for p in _RUN.findall(pattern)
    )
    return "".join(parts)


def parse_day(text: str, pattern: str | None = None) -> date | None:
    """The day a text names by the pattern (none: yyyymmdd or yyyy-mm-dd); None where it names none."""
    try:
        if pattern == "roc":
            found = re.fullmatch(ROC_DAY, text.strip(), re.ASCII)
            year, month, day = (int(g) for g in found.groups() if g) if found else (0, 0, 0)
            return date(year + 1911, month, day)
        if pattern in NAMED:
            return _serial_day(text.strip(), pattern == "excel1904")
        if pattern is None:
            return date.fromisoformat(text)
        return datetime.strptime(text, _translated(pattern, 1)).date()
    except (ValueError, OverflowError):
        return None


def _serial_day(text: str, from_1904: bool) -> date | None:
    found = re.fullmatch(SERIAL_DAY, text, re.ASCII)
    number = int(found[1]) if found else 0
    if from_1904:
        return date(1904, 1, 1) + timedelta(days=number) if found else None
    if number in (0, 60):
        return None
    return date(1899, 12, 31 if number < 60 else 30) + timedelta(days=number)


def moment_of(text: str, pattern: str) -> datetime | None:
    """The moment a text names by the pattern, at midnight where it names a day only; None where it names none. `yy` is in this century."""
    runs = _RUN.findall(pattern)
    found = re.fullmatch(
        "".join(f"({_LETTERS[r][0]})" if r in _LETTERS else re.escape(r) for r in runs), text
    )
    if found is None:
        return None
    told = dict(zip((r for r in runs if r in _LETTERS), map(int, found.groups()), strict=True))
    month, day, hour = (
        next((told[r] for r in runs if r in told and r in either), default)
        for either, default in ((("MM", "M"), 1), (("dd", "d"), 1), (("HH", "H"), 0))
    )
    year = told["yyyy"] if "yyyy" in told else 2000 + told.get("yy", -2000)
    try:
        return datetime(year, month, day, hour, told.get("mm", 0), told.get("ss", 0))
    except ValueError:
        return None


@cache
def name_pattern(template: str) -> re.Pattern[str]:
    """`cards_{date}_{seq}.csv` as a pattern with groups `day`, `sequence` and `part`; `*` stands for anything inside one name."""
    pieces, last = [], 0
    for place in _PLACE.finditer(template):
        pieces.append(re.escape(template[last : place.start()]))
        if place[0] == "*":
            pieces.append(r"[^/]*")
        elif place[0] == "{part}":
            pieces.append(r"(?P<part>[^/]+?)")
        elif place[0] == "{seq}":
            pieces.append(r"(?P<sequence>\d+)")
        else:
            day = r"\d{7}" if place["format"] == "roc" else _translated(place["format"] or "", 0)
            pieces.append(f"(?P<day>{day or PLAIN_DATE})")
        last = place.end()
    pieces.append(re.escape(template[last:]))
    return re.compile("".join(pieces))


def part_of(template: str, name: str) -> str:
    """What stands for `{part}` in a name: the outlet or branch whose share of a feed the file is. Empty where the feed is one file."""
    found = name_pattern(template).fullmatch(name) if "{part}" in template else None
    return found["part"] if found else ""


def date_format(template: str) -> str | None:
    """The format inside `{date:…}`; None for a bare `{date}`."""
    found = next((p for p in _PLACE.finditer(template) if p[0].startswith("{date")), None)
    return found["format"] if found else None


def named(template: str, day: date) -> str:
    """The template with the date in its place."""

    def put(place: re.Match[str]) -> str:
        if not place[0].startswith("{date"):
            return place[0]
        if place["format"] == "roc":
            return f"{day.year - 1911:03d}{day:%m%d}"
        return day.strftime(_translated(place["format"], 1) if place["format"] else "%Y%m%d")

    return _PLACE.sub(put, template)
