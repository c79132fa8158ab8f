"""Reads the divisions at the front of an address: what surely is one, the longest reading of all; the rest is left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from spark_jobs.columns.divisions import (
    CITY,
    COUNTY,
    MOVED,
    MUNICIPALITIES,
    PROVINCE,
    city_of,
    current,
    names,
    within,
)

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_LONGEST = 15
TAIWAN, HONG_KONG, MACAU = "710000", "810000", "820000"
# The standard gives no codes below these three; names only.
_CITIES_OF_TAIWAN = (
    "台北市", "新北市", "桃园市", "台中市", "台南市", "高雄市", "基隆市", "新竹市", "新竹县", "嘉义市", "嘉义县", "宜兰县", "苗栗县",
    "彰化县", "南投县", "云林县", "屏东县", "台东县", "花莲县", "澎湖县", "金门县", "连江县",
)  # fmt: skip
_DISTRICTS = {
    HONG_KONG: ("中西区", "湾仔区", "东区", "南区", "油尖旺区", "深水埗区", "九龙城区", "黄大仙区", "观塘区", "葵青区", "荃湾区", "屯门区",
                "元朗区", "北区", "大埔区", "沙田区", "西贡区", "离岛区"),
    MACAU: ("花地玛堂区", "花王堂区", "望德堂区", "大堂区", "风顺堂区", "嘉模堂区", "圣方济各堂区", "路氹填海区"),
}  # fmt: skip
# Words of statistics that stand between a city and its districts.
_FILLERS = ("市辖区", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县", "自治区直辖县")
# A name without 市 or 区 that goes on like this is a street or another kind of division: 南京东路, 河北区.
_STREET_ALL_OVER = r"[东西南北中]{0,2}[一二三四五六七八九十]?(?:路|街|大街|大路|大道|道|巷|弄|胡同|站)"
_NOT_A_PLACE = re.compile(rf"[省市区县州盟旗]|地区|自治|特别行政区|{_STREET_ALL_OVER}")
# Or, where no province stands before it, a house that is called after a city far away: 杭州大厦, 北京饭店.
_NOT_A_CITY = re.compile(
    rf"{_NOT_A_PLACE.pattern}|里|村|镇|乡|新村|小区|花园|花苑|大厦|广场|公寓|饭店|宾馆|酒店|商城|商厦|商场|城|港|湖|山|江|河|桥|门|湾|公园|纪念|医院|银行"
)
# Districts are named after sights more often than not: 西湖 is one only before a street that has a name of its own (西湖文三路).
_OWN_STREET = re.compile(
    rf"(?![东西南北中前后上下内外门新老大一二三四五六七八九十路街道巷省市区县州盟旗镇乡村]|[{_HAN}]大[街道路])[{_HAN}]{{2,8}}?"
    r"(?:路|街|道|胡同|巷|弄|镇|乡|村)"
)
# Streets all over the country are called so.
_MOSTLY_STREETS = frozenset({"中山", "朝阳", "东方", "解放"})
# Parts of any town, although one only is a division under the name: 老城区, 东区.
_ANY_TOWN = re.compile(r"[东西南北中城郊矿新老市港口关]+区")
# 物美超市 is a shop, 东花市 a quarter.
_CITY_LIKE = re.compile(rf"[{_HAN}]{{2,3}}(?<![超门集夜城都闹早菜花米])市(?![场政民郊区]|花园|广场|中心)")
_ZONE = re.compile(
    rf"[{_HAN}A-Za-z]{{0,10}}?(?:经济技术开发区|高新技术产业(?:开发)?区|高新技术开发区|经济开发区|产业开发区|高新区|经开区|开发区|工业园区|保税区|示范区|"
    r"度假区|风景名胜区|管理区)"
)
_DISTRICT_LIKE = re.compile(
    r"[^\W\da-zA-Z路街巷弄道村镇乡号里]{1,6}?(?:自治县|自治旗|(?<![小社园校厂住宅活作苑一二三四五六七八九十东南西北中])区|县|旗)"
)
_DIGIT = re.compile(r"\d")
_IN_TAIWAN = re.compile(rf"[{_HAN}]{{1,3}}?[区市镇乡]")


class Place(NamedTuple):
    """Divisions of an address as read. Codes are today's; a name without a code is one that the standard does not list (any more).

    is_contradictory  the province said and the city said lie apart: nothing is known then
    """

    province_code: str | None = None
    city_code: str | None = None
    district_code: str | None = None
    city: str | None = None
    district: str | None = None
    rest: str = ""
    is_contradictory: bool = False


class _Found(NamedTuple):
    code: str | None
    rest: str
    is_sure: bool = True
    spelled: str = ""


def read_place(text: str) -> Place:
    """The reading that takes up most of the text. Expects simplified, folded text without spaces."""
    # Divisions have no digits in their names: many houses share what stands before the first number.
    found = _DIGIT.search(text)
    head = text[: found.start()] if found else text
    place = _read(head)
    return place._replace(rest=place.rest + text[len(head) :])


@lru_cache(maxsize=65536)
def _read(text: str) -> Place:
    best, taken = Place(rest=text), 0
    for found in _readings(text):
        if len(text) - len(found.rest) > taken:
            best, taken = found, len(text) - len(found.rest)
    if best.province_code and not (best.city_code or best.district_code) and _lies_elsewhere(best.rest):
        return Place(rest=text, is_contradictory=True)
    return _named(best)


def _readings(text: str) -> Iterator[Place]:
    for province in _provinces(text):
        if province.code in (TAIWAN, HONG_KONG, MACAU):
            inner = _undivided(province.code, province.rest)
            if province.is_sure or inner.district or not _NOT_A_CITY.match(province.rest):
                yield inner
            continue
        for city in _cities(province):
            for county in _counties(province, city):
                if _holds(province, city, county):
                    yield _place(province, city, county)
    # 金门县 and 连江县 are divisions of Fujian, too.
    if text.startswith(_CITIES_OF_TAIWAN[:-2]):
        yield _undivided(TAIWAN, text)


def _matches(text: str, table: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for length in range(min(len(text), _LONGEST), 1, -1):
        if codes := table.get(text[:length]):
            yield text[:length], codes


def _provinces(text: str) -> Iterator[_Found]:
    known = names(PROVINCE)
    for table, is_sure in ((known.spelled, True), (known.bare, False)):
        for name, (code, *_) in _matches(text, table):
            rest = _without(text[len(name) :], current()[code].name)
            yield _Found(code, rest, is_sure, name)
            # 四川省重庆市, as it was written before 1997.
            for moved in MOVED.get(code[:2], ()):
                there = current()[f"{moved}0000"].name
                if rest.startswith(there):
                    yield _Found(f"{moved}0000", _without(rest[len(there) :]), True, there)
    yield _Found(None, text)


def _cities(province: _Found) -> Iterator[_Found]:
    yield _Found(None, province.rest)
    if province.code and province.code[:2] in MUNICIPALITIES:
        return
    known = names(CITY)
    for table, is_sure in ((known.spelled, True), (known.bare, False)):
        for name, codes in _matches(province.rest, table):
            near = _near(codes, province.code)
            if len(near) == 1:
                said = [current()[near[0]].name] + ([current()[province.code].name] if province.code else [])
                yield _Found(near[0], _without(province.rest[len(name) :], *said), is_sure, name)


def _counties(province: _Found, city: _Found) -> Iterator[_Found]:
    yield _Found(None, city.rest)
    known = names(COUNTY)
    parent = city.code or province.code
    for name, codes in _matches(city.rest, known.spelled):
        near = _near(codes, parent)
        if len(near) == 1 and not (parent is None and _ANY_TOWN.fullmatch(name)):
            yield _Found(near[0], city.rest[len(name) :], True, name)
    if parent is None:
        return
    for name, codes in _matches(city.rest, known.bare):
        near, rest = _near(codes, parent), city.rest[len(name) :]
        if len(near) != 1 or name.startswith("市") or not (_OWN_STREET.match(rest) or not rest):
            continue
        # Behind a province stands a county or a city of its own, hardly a district.
        is_divided = city.code is None and parent[:2] not in MUNICIPALITIES
        if not (is_divided and current()[near[0]].name.endswith("区")):
            yield _Found(near[0], rest, False, name)


def _near(codes: tuple[str, ...], parent: str | None) -> tuple[str, ...]:
    if parent is None:
        return codes
    moved = [f"{m}0000" for m in MOVED.get(parent[:2], ()) if parent.endswith("0000")]
    return tuple(code for p in (parent, *moved) for code in within(codes, p))


def _holds(province: _Found, city: _Found, county: _Found) -> bool:
    """Whether names without 省 or 市 may be taken for a province and a city: something of theirs follows, or nothing speaks against it."""
    if city.code and not city.is_sure:
        if province.code is None and city.spelled in _MOSTLY_STREETS and not (county.code and county.is_sure):
            return False
        if county.code is None:
            return not (_NOT_A_PLACE if province.code else _NOT_A_CITY).match(city.rest)
    if province.code and not province.is_sure and not (city.code or county.code):
        return not _NOT_A_CITY.match(province.rest)
    return True


def _place(province: _Found, city: _Found, county: _Found) -> Place:
    finest = county.code or city.code or province.code
    if finest is None:
        return Place(rest=county.rest)
    home = city_of(finest)
    home_name = current()[home].name if home else None
    is_district = current()[finest].level == COUNTY and finest != home
    # A withdrawn county without an heir keeps the name it was given; a city that was a county once does not lie in itself.
    named = current()[finest].name if is_district else county.spelled or None
    return Place(
        f"{finest[:2]}0000", home, finest if is_district else None, home_name, None if named == home_name else named, county.rest
    )  # fmt: skip


def _named(place: Place) -> Place:
    """Names that the standard does not list: a city of the bank's own, development zones, districts of another day."""
    city, rest, district = place.city, place.rest, place.district
    if city is None and district is None and (found := _CITY_LIKE.match(rest)):
        city, rest = found[0], rest[found.end() :]
    if city and district is None and (zone := _ZONE.match(rest) or _DISTRICT_LIKE.match(rest)):
        district, rest = zone[0], rest[zone.end() :]
    return place._replace(city=city, district=district, rest=rest)


def _undivided(code: str, rest: str) -> Place:
    """Taiwan, Hong Kong, Macau: cities and districts by name."""
    if code != TAIWAN:
        for district in _DISTRICTS[code]:
            bare = district[:-1]
            for said in (district, bare):
                is_said = said == district or (len(bare) > 1 and _OWN_STREET.match(rest[len(bare) :]))
                if rest.startswith(said) and is_said:
                    return Place(code, code, None, current()[code].name, district, rest[len(said) :])
        return Place(code, code, None, current()[code].name, None, rest)
    for city in _CITIES_OF_TAIWAN:
        if rest.startswith(city):
            inner = _IN_TAIWAN.match(rest[len(city) :])
            town = inner[0] if inner else ""
            return Place(code, None, None, city, town or None, rest[len(city) + len(town) :])
    return Place(code, None, None, None, None, rest)


def _without(text: str, *said: str) -> str:
    """Without fillers, and names that were said before, at the front."""
    skipped = True
    while skipped:
        skipped = False
        for word in (*said, *_FILLERS):
            if text.startswith(word):
                text, skipped = text[len(word) :], True
    return text


def _lies_elsewhere(rest: str) -> bool:
    return any(True for _ in _matches(rest, names(CITY).spelled))
