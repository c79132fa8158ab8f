"""Divisions of China down to the county, today's and those withdrawn since 1980 (GB/T 2260), and the names people give them.

The table is `divisions.csv` beside this file; its head says where it is from.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.names import simplified

PROVINCE, CITY, COUNTY = "province", "city", "county"
MUNICIPALITIES = ("11", "12", "31", "50")
# No codes are given out below these: Taiwan, Hong Kong, Macau.
UNDIVIDED = ("71", "81", "82")
# Chongqing left Sichuan in 1997 and Hainan left Guangdong in 1988: what lay in the one is looked for in the other.
MOVED = {"51": ("50",), "44": ("46",)}
_NATIONALITIES = (
    "各族|满族|蒙古族?|回族|藏族|维吾尔族?|苗族|彝族|壮族|布依族|朝鲜族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族?|傣族|黎族|傈僳族|佤族|畲族|拉祜族|"
    "水族|东乡族|纳西族|景颇族|柯尔克孜族?|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族?|塔吉克族?|普米族|怒族|独龙族|"
    "保安族|裕固族|鄂伦春族?|鄂温克族?"
)
_AUTONOMOUS = re.compile(rf"^(.+?)(?:(?:{_NATIONALITIES})*自治([州县旗])|(?:{_NATIONALITIES})(?<=族)(区))$")
# Names that are nothing but a nationality.
_NAMED_FOR_PEOPLE = {"东乡族自治县": "东乡", "鄂伦春自治旗": "鄂伦春", "鄂温克族自治旗": "鄂温克"}
_REGION = re.compile(r"^(内蒙古|广西|西藏|宁夏|新疆)(?:.*自治区)$")
_SUFFIX = re.compile(r"(?:特别行政区|地区|新区|林区|矿区|省|市|盟|县|区|旗)$")


class Division(NamedTuple):
    """One division under one name.

    code    six digits
    name    as the standard has it
    since   year from which it was listed so (1980 means then or before)
    until   year in which it was last listed so; null for what is listed now
    """

    code: str
    name: str
    since: int
    until: int | None

    @property
    def level(self) -> str:
        """province, city or county. Counties that a province governs itself (仙桃, 济源) are counties."""
        if self.code.endswith("0000"):
            return PROVINCE
        return CITY if self.code.endswith("00") else COUNTY

    @property
    def is_current(self) -> bool:
        return self.until is None


@cache
def divisions() -> tuple[Division, ...]:
    """All divisions under all names they had, by code and year."""
    text = (resources.files(__package__) / "divisions.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        Division(row["code"], row["name"], int(row["since"]), int(row["until"]) if row["until"] else None)
        for row in csv.DictReader(lines)
    )


@cache
def current() -> dict[str, Division]:
    """Code → division, of what the standard lists now."""
    return {d.code: d for d in divisions() if d.is_current}


@cache
def _by_code() -> dict[str, tuple[Division, ...]]:
    found: dict[str, list[Division]] = {}
    for division in divisions():
        found.setdefault(division.code, []).append(division)
    return {
        code: tuple(sorted(known, key=lambda d: (d.since, d.until or 9999))) for code, known in found.items()
    }


def division_in(code: str, year: int) -> Division | None:
    """What a code meant in a year: the name under which it was listed then; for other years the nearest one. None for unknown codes.

    Resident numbers keep the code of the day they were given out: 510202 is the centre of Chongqing while it lay in Sichuan.
    """
    known = _by_code().get(code)
    if not known:
        return None
    return min(known, key=lambda d: (max(d.since - year, year - (d.until or 9999), 0), -d.since))


def stem(name: str) -> str:
    """A name without what kind of division it is: 恩施土家族苗族自治州 → 恩施, 内蒙古自治区 → 内蒙古, 浦东新区 → 浦东."""
    if name in _NAMED_FOR_PEOPLE:
        return _NAMED_FOR_PEOPLE[name]
    if region := _REGION.match(name):
        return region[1]
    if autonomous := _AUTONOMOUS.match(name):
        return autonomous[1]
    return _SUFFIX.sub("", name) if len(name) > 2 else name


def spellings(name: str) -> Iterator[str]:
    """The name, and shorter forms that still say what it is: 恩施州, 长阳县, 广西省."""
    yield name
    short = stem(name)
    if _REGION.match(name):
        yield from (f"{short}省", f"{short}自治区")
        if name == "新疆维吾尔自治区":
            yield "新疆维吾尔族自治区"
    elif autonomous := _AUTONOMOUS.match(name):
        kind = autonomous[2] or autonomous[3]
        yield from (f"{short}{kind}", f"{short}自治{kind}")
    elif name.endswith("特别行政区"):
        yield from (f"{short}特区", f"{short}市")
    elif name.endswith("新区"):
        yield f"{short}区"


def city_of(code: str) -> str | None:
    """The city a division belongs to: itself for a city, a municipality, Hong Kong, Macau and a county that its province governs; null for
    a province, and for Taiwan, whose cities have no code."""
    if code[:2] in (*MUNICIPALITIES, "81", "82"):
        return f"{code[:2]}0000"
    if code[2:4] == "90":
        return code
    return None if code[2:] == "0000" else f"{code[:4]}00"


def city_code(code: Column) -> Column:
    """`city_of` for a column of six-digit codes; a province stays what it is: no finer place is known. Null stays null."""
    province = F.substring(code, 1, 2)
    whole = province.isin(*MUNICIPALITIES, *UNDIVIDED)
    return F.when(whole, F.concat(province, F.lit("0000"))).otherwise(
        F.when(F.substring(code, 3, 2) == "90", code).otherwise(
            F.concat(F.substring(code, 1, 4), F.lit("00"))
        )
    )


def _successor(gone: Division) -> Division | None:
    """The current division that a withdrawn one became, where names and years leave no doubt.

    A city's code under another name (襄樊 → 襄阳); else the one of the same stem, in its city, then in its province, that came when the
    old one went (萧山市 → 萧山区). What stood beside it under the same stem (武昌区 beside 武昌县) is no successor, nor what a county's
    code was given to later: 419001 was 义马 before it was 济源.
    """
    if gone.level == CITY and gone.code in current():
        return current()[gone.code]
    provinces = (gone.code[:2], *MOVED.get(gone.code[:2], ()))
    wanted = stem(gone.name)
    after = [
        d for d in _by_stem().get(wanted, ())
        if d.code[:2] in provinces and d.since >= (gone.until or 0) and (gone.level == COUNTY or d.level != COUNTY)
    ]  # fmt: skip
    for near in (
        [d for d in after if d.code[:4] == gone.code[:4] and d.level == gone.level],
        [d for d in after if d.level == gone.level],
        after,
    ):
        if len(near) == 1:
            return near[0]
    if gone.level == CITY:
        # A prefecture's city often stood beside it: 黄冈地区 and 黄冈市.
        beside = [d for d in _by_stem().get(wanted, ()) if d.code[:2] in provinces and d.level != COUNTY]
        return beside[0] if len(beside) == 1 else None
    return None


@cache
def _by_stem() -> dict[str, tuple[Division, ...]]:
    found: dict[str, list[Division]] = {}
    for division in current().values():
        found.setdefault(stem(division.name), []).append(division)
    return {name: tuple(known) for name, known in found.items()}


def place_of(division: Division) -> str | None:
    """Today's code of the finest division that surely holds what a name of any year stood for; null when not even the province is known."""
    if division.is_current:
        return division.code
    if heir := _successor(division):
        return heir.code
    for code in (f"{division.code[:4]}00", f"{division.code[:2]}0000"):
        # A withdrawn prefecture's number says nothing of the city that has the land now.
        if code in current() and division.level == COUNTY:
            return code
    return f"{division.code[:2]}0000" if f"{division.code[:2]}0000" in current() else None


class Names(NamedTuple):
    """Names of one level. spelled: full and short forms that say what they are → today's codes; bare: stems → today's codes."""

    spelled: dict[str, tuple[str, ...]]
    bare: dict[str, tuple[str, ...]]


@cache
def names(level: str) -> Names:
    """What may be read as a division of the level. A withdrawn name is read where no current one is spelled so; it may lead to a coarser place."""
    return Names(_spelled(level), _bare(level))


def _spelled(level: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for division in (d for d in current().values() if d.level == level):
        for spelling in spellings(division.name):
            # 乾县 keeps a character that is simplified to another one everywhere else.
            found.setdefault(simplified(spelling), set()).add(division.code)
    cities = {d.name for d in current().values() if d.level == CITY}
    old: dict[str, set[str]] = {}
    for division in (d for d in divisions() if d.level == level and not d.is_current):
        place = place_of(division)
        # A province alone would tell less than what is written.
        if place is None or city_of(place) is None:
            continue
        for spelling in spellings(division.name):
            if spelling not in found and spelling not in cities:
                old.setdefault(spelling, set()).add(place)
    return {name: tuple(sorted(codes)) for name, codes in (*found.items(), *old.items())}


def _bare(level: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for division in (d for d in current().values() if d.level == level):
        if len(short := simplified(stem(division.name))) > 1:
            found.setdefault(short, set()).add(division.code)
    return {name: tuple(sorted(codes)) for name, codes in found.items()}


def within(codes: Sequence[str], parent: str) -> tuple[str, ...]:
    """Those of the codes that lie in a province or a city."""
    start = parent[:2] if parent.endswith("0000") else parent[:4]
    return tuple(c for c in codes if c.startswith(start))
