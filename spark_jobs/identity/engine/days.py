"""Birth dates of strangers' files → eight digits. What is no day of the calendar stays comparable digit by digit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spark_jobs.columns.text import folded_width
from spark_jobs.identity.engine.text import is_nothing

_MONTHS = {
    m: i
    for i, m in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_YEAR_FIRST = re.compile(r"(\d{4})\D+(\d{1,2})\D+(\d{1,2})(?:日|[t ].*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[t ]\d.*)?")
_NAMED = re.compile(
    r"(?:(\d{1,2})[-/. ]*([a-z]{3})[a-z]*|([a-z]{3})[a-z]*[-/. ]*(\d{1,2}))[-/., ]+(\d{4}|\d{2})(?:[t ]\d.*)?"
)
_DIGITS = re.compile(r"(\d{8})(?:\d{6})?(?:\.0)?")
_THIS_CENTURY = 30


def month_first(texts: Iterable[str]) -> int:
    """Whether 03/04/1980 is 4 March in this column (above 0), or 3 April (below): told by dates that allow one reading only; 0 where none tells."""
    first = second = 0
    for text in texts:
        if found := _YEAR_LAST.fullmatch(text.strip()):
            first += int(found[1]) > 12
            second += int(found[2]) > 12
    return second - first


def digits(text: str, is_month_first: bool = False) -> str | None:
    """A date as `YYYYMMDD`, unknown parts as `00`; None where nothing is said.

    Years of two digits are of the last hundred years. Years of the Republic of China are not guessed: they look like years of two digits.
    """
    said = folded_width(text).strip().lower()
    if is_nothing(said):
        return None
    if found := _DIGITS.fullmatch(said):
        return _said(found[1])
    if found := _YEAR_FIRST.fullmatch(said):
        return _said(f"{found[1]}{int(found[2]):02}{int(found[3]):02}")
    if found := _YEAR_LAST.fullmatch(said):
        day, month = (found[2], found[1]) if is_month_first else (found[1], found[2])
        if int(month) > 12 >= int(day):
            day, month = month, day
        return _said(f"{_full_year(found[3])}{int(month):02}{int(day):02}")
    if (found := _NAMED.fullmatch(said)) and (found[2] or found[3]) in _MONTHS:
        year = _full_year(found[5])
        return f"{year}{_MONTHS[found[2] or found[3]]:02}{int(found[1] or found[4]):02}"
    if found := re.fullmatch(r"(\d{4})(?:\.0|年)?", said):
        return _said(f"{found[1]}0000")
    if found := re.fullmatch(r"(\d{4})[-/.年](\d{1,2})月?", said):
        return _said(f"{found[1]}{int(found[2]):02}00")
    return None


def _said(eight: str) -> str | None:
    return None if set(eight) == {"0"} or set(eight) == {"9"} or eight == "99991231" else eight


def _full_year(year: str) -> str:
    if len(year) == 4:
        return year
    return f"{19 if int(year) > _THIS_CENTURY else 20}{year}"
