"""Phone numbers: what people type → E.164, with what is known about the number.

Rules: demo-bank page, certificates and identifiers (phones); defects D22, D27, D30, D31.
Mainland numbers are cut by our own rules: the numbering plan of the `phonenumbers` library lacks segments that banks
see (154 among them). The library judges numbers of other countries.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import phonenumbers
from pyspark.sql import Column

from spark_jobs.columns.batches import structured
from spark_jobs.columns.text import folded_width

CHINA = "CN"
PLACEHOLDERS = frozenset({"13800138000", "13900139000", "18888888888", "13888888888", "12345678901"})
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[Ee]\+?(\d{1,2})")
_PUNCTUATION = re.compile(r"[\s\-()./]")
_DIGITS = re.compile(r"\+?\d+")
_OF_CHINA, _BEFORE_MOBILE = re.compile(r"^(\+86|0086|086|86)"), re.compile(r"^(\+?86|0086|086)(?=\d{11}$)")
_MOBILE = re.compile(r"1[3-9]\d{9}")
# Two-digit area codes (10, 2x) carry eight digits, three-digit ones seven or eight.
_LANDLINE = re.compile(r"0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_NEIGHBOUR = re.compile(r"(852[235-9]\d{7}|853[268]\d{7}|8860?[2-9]\d{7,8})")
_NEIGHBOURS = ("HK", "MO", "TW")
_MASKED = re.compile(r"1\d{2,3}\*{3,5}\d{3,4}")


class Phone(NamedTuple):
    """A phone number as far as it can be known.

    norm            E.164 (`+8615400001234`); null when masked, lossy or no number at all
    kind_code       mobile, landline, or null when unknown
    country_code    calling code (`86`), null when unknown
    is_masked       digits are hidden: comparable only digit by digit, see `masked`
    masked          the masked form without prefixes (`154****1234`)
    is_placeholder  a number that means "none": never a key
    reason_code     `phone_lossy` when a spreadsheet rounded it, `phone_invalid` when it is no number
    """

    norm: str | None = None
    kind_code: str | None = None
    country_code: str | None = None
    is_masked: bool = False
    masked: str | None = None
    is_placeholder: bool = False
    reason_code: str | None = None


PHONE_DDL = (
    "norm:string,kind_code:string,country_code:string,is_masked:boolean,masked:string,"
    "is_placeholder:boolean,reason_code:string"
)


def parse_phone(text: str | None, placeholders: Collection[str] = PLACEHOLDERS, region: str = CHINA) -> Phone:
    """One number as delivered. Null and blank give an empty Phone; nothing raises.

    region  the country (ISO 3166) whose numbers are written without a country code; only China's are cut by our own rules
    """
    if text is None:
        return Phone()
    folded = folded_width(text)
    plain = _PUNCTUATION.sub("", folded)
    if "e" in folded.lower() and (scientific := _SCIENTIFIC.fullmatch(re.sub(r"\s", "", folded))):
        plain = _exact_integer(scientific)
        if not plain:
            return Phone(reason_code="phone_lossy")
    if not plain:
        return Phone()
    if "*" in plain:
        return _masked(plain)
    if not _DIGITS.fullmatch(plain):
        return Phone(reason_code="phone_invalid")
    if _is_placeholder(plain, placeholders):
        return Phone(is_placeholder=True)
    if region != CHINA:
        return _foreign(plain, region) or _beside(plain, region) or Phone(reason_code="phone_invalid")
    return _mainland(plain) or _neighbour(plain) or _foreign(plain) or Phone(reason_code="phone_invalid")


def _exact_integer(found: re.Match[str]) -> str:
    """`1.5400001234E+10` → 15400001234; empty when digits were lost (`1.54E+10`)."""
    whole, fraction, exponent = found[1], found[2] or "", int(found[3])
    if len(fraction) != exponent:
        return ""
    return str(int(Decimal(f"{whole}.{fraction or '0'}").scaleb(exponent)))


def _is_placeholder(plain: str, placeholders: Collection[str]) -> bool:
    # `086` and `0086` before a placeholder do not make it a number.
    bare = _BEFORE_MOBILE.sub("", plain)
    return bare in placeholders or (len(bare) >= 7 and len(set(bare)) == 1)


def _masked(plain: str) -> Phone:
    bare = re.sub(r"^(\+?86|0086|086|0)(?=1)", "", plain)
    if _MASKED.fullmatch(bare):
        return Phone(kind_code="mobile", country_code="86", is_masked=True, masked=bare)
    return Phone(is_masked=True, masked=plain)


def _mainland(plain: str) -> Phone | None:
    bare = _OF_CHINA.sub("", plain)
    for digits in (plain, bare, plain.removeprefix("0"), bare.removeprefix("0")):
        if _MOBILE.fullmatch(digits):
            return Phone(f"+86{digits}", "mobile", "86")
    # A country code stands for the leading zero of the area code.
    for digits in (plain, f"0{bare}" if bare != plain else ""):
        if _LANDLINE.fullmatch(digits):
            return Phone(f"+86{digits[1:]}", "landline", "86")
    return None


def _neighbour(plain: str) -> Phone | None:
    """Hong Kong, Macau and Taiwan numbers, written with or without `+` or `00`."""
    digits = re.sub(r"^(\+|00)", "", plain)
    if not _NEIGHBOUR.fullmatch(digits):
        return None
    country, national = digits[:3], digits[3:].removeprefix("0")
    first = national[0]
    mobile = {"852": first in "5679", "853": first == "6", "886": first == "9"}[country]
    return Phone(f"+{country}{national}", "mobile" if mobile else "landline", country)


def _beside(plain: str, region: str) -> Phone | None:
    """In Hong Kong, Macau and Taiwan: a number of one of the others, or of the mainland, that does not say so."""
    if region not in _NEIGHBOURS:
        return None
    found = (_foreign(plain, other) for other in _NEIGHBOURS if other != region)
    return _mainland(plain) or next((phone for phone in found if phone), None)


def _foreign(plain: str, region: str | None = None) -> Phone | None:
    """A number of another country, only when it says so by `+` or `00`; of `region` also without."""
    is_international = plain.startswith(("+", "00"))
    if not is_international and region is None:
        return None
    dialled = "+" + re.sub(r"^(\+|00)", "", plain) if is_international else plain
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    if (region is None and number.country_code == 86) or not phonenumbers.is_valid_number(number):
        return None
    kind = phonenumbers.number_type(number)
    mobile = kind in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, "mobile" if mobile else "landline", str(number.country_code))


def normalised_phone(text: Column, region: str = CHINA) -> Column:
    """Struct of `Phone` for a column of numbers as delivered; all fields are set, `norm` may be null."""
    return structured(partial(parse_phone, region=region), PHONE_DDL, text)
