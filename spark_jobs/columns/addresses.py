"""Addresses: province, city and district as codes and names, and the rest in one spelling.

An address is read from its front: divisions by `places.py`, with or without 省, 市, 区, in both scripts, under today's names and withdrawn
ones. What more than one place could be called, or what may as well be a street (南京路, 朝阳区 without its city), is no division: nothing is
guessed. Codes are those of GB/T 2260 (`divisions.py`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pyspark.sql import Column

from spark_jobs.columns.batches import structured
from spark_jobs.columns.divisions import current
from spark_jobs.columns.house_numbers import normalised_rest
from spark_jobs.columns.names import simplified
from spark_jobs.columns.places import read_place
from spark_jobs.columns.text import folded_width

_ANY_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]")
_POSTCODE = re.compile(r"邮(?:政)?编(?:码)?[::]?\d{6}|^\(?\d{6}\)?\s*(?=[\u4e00-\u9fff])")
_COUNTRY = re.compile(r"^(?:中华人民共和国|中国)(?!路|街|大道)")
# Between Latin words a space means something; elsewhere it does not.
_SPACES = re.compile(r"(?<![A-Za-z])\s+|\s+(?![A-Za-z])")
_SLASH_OF_NUMBERS = re.compile(r"(?<=\d)/(?=\d)")
_PUNCTUATION = re.compile(r"[,,、;;。.·:：|/\\\"'“”‘’()（）\[\]【】<>《》*]")


class Address(NamedTuple):
    """An address as far as it is known.

    province_code, city_code, district_code   six digits, null when not known or without a code. A municipality, Hong Kong and Macau are
                                              their own city; so is a county that its province governs (仙桃). Taiwan's cities have none
    region_code                               the finest of the three
    province, city, district                  names in full; a name without a code is one that the standard does not list (development
                                              zones, divisions withdrawn without an heir)
    rest         what follows, simplified, numbers of houses and rooms as `90-3-2-501`; null when nothing does
    norm         what two spellings of one address share: region code, `|`, names without a code, rest; without a region names, `|`, rest. Null
                 without an address
    reason_code  `address_masked` when characters are hidden, `address_contradiction` when province and city lie apart
    """

    province_code: str | None = None
    city_code: str | None = None
    district_code: str | None = None
    region_code: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    rest: str | None = None
    norm: str | None = None
    reason_code: str | None = None


ADDRESS_DDL = (
    "province_code:string,city_code:string,district_code:string,region_code:string,province:string,city:string,district:string,"
    "rest:string,norm:string,reason_code:string"
)


def parse_address(text: str | None) -> Address:
    """One address as delivered. Null and blank give an empty Address, foreign ones only a rest; nothing raises."""
    if text is None or not text.strip(" \u3000"):
        return Address()
    folded = simplified(folded_width(text)).strip()
    if not _ANY_HAN.search(folded):
        latin = re.sub(r"\s+", " ", folded).upper()
        return Address(rest=latin, norm=f"|{latin}")
    plain = _cleaned(folded)
    found = read_place(plain)
    codes = (found.province_code, found.city_code, found.district_code)
    region = next((code for code in reversed(codes) if code), None)
    rest = normalised_rest(found.rest) or None
    # What has no code is told by its name: two zones of one city may have streets of one name.
    named = ((found.city, found.city_code), (found.district, found.district_code))
    beyond = "".join(name for name, code in named if name and code is None)
    norm = f"{region}|{beyond}{rest or ''}" if region else f"{beyond}|{rest or ''}"
    reason = (
        "address_masked" if "*" in folded else "address_contradiction" if found.is_contradictory else None
    )
    province = current()[found.province_code].name if found.province_code else None
    return Address(*codes, region, province, found.city, found.district, rest, norm, reason)


def _cleaned(folded: str) -> str:
    """Without postcode, country, spaces and punctuation; a slash between numbers is a dash."""
    plain = _SPACES.sub("", _POSTCODE.sub("", folded))
    plain = _PUNCTUATION.sub("", _SLASH_OF_NUMBERS.sub("-", plain))
    return _COUNTRY.sub("", plain)


def parsed_address(text: Column) -> Column:
    """Struct of `Address` for a column of addresses as delivered."""
    return structured(parse_address, ADDRESS_DDL, text)
