"""Certificates: what may identify a person, how far it can be trusted, and what it says about birth and sex.

Codes, shapes and checks: demo-bank page, certificates and identifiers. GB 11643 for resident ids; defects D21, D23–D27, D37.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import partial
from operator import mul
from typing import NamedTuple

from pyspark.sql import Column

from spark_jobs.columns.batches import structured
from spark_jobs.columns.text import folded_width
from spark_jobs.errors import ContractError, nearest

RESIDENT, RESIDENT_15, HOUSEHOLD_BOOK, PRC_PASSPORT, FOREIGN_PASSPORT = "01", "02", "03", "04", "05"
HOME_RETURN, TAIWAN_PERMIT, RESIDENCE_PERMIT, MILITARY, FOREIGN_RESIDENT = "06", "07", "08", "09", "10"
TAIWAN_ID = "20"
PLACEHOLDERS = frozenset(
    {"123456789012345678", "12345678901234567X", "123456789012345", "330102190001010000"}
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
# First two digits of a division code; 81, 82 and 83 stand on residence permits of Hong Kong, Macau and Taiwan people.
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
_TAIWAN_LETTERS = {
    letter: 10 + i for i, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO")
}  # I = 34, O = 35, W = 32, Z = 33
_TAIWAN_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)
_PASSPORT = re.compile(r"(E\d{8}|E[A-HJ-NP-Z]\d{7}|G\d{8}|[DSP][A-Z]?\d{7,8}|1[45]\d{7})")
_SPACES = re.compile(r"[\s\u3000]+")
_RESIDENT_SHAPE = re.compile(r"\d{17}[\dX]")
_OLDEST_BIRTH_YEAR = 1880


class Certificate(NamedTuple):
    """A certificate number as far as it can be trusted.

    kind_code       kind after conversion: 15 digits (02) become 01
    value_norm      folded: ASCII, upper case, no spaces; 15 digits converted to 18
    match_value     the part that stays when the document is renewed; tokens are made of it. Null: never a key
    family_code     number space of match_value: kinds 01, 02, 03 and 08 share `resident`
    class_code      strong, medium, weak or blocked (placeholder, failed check: never links)
    checksum_code   valid, invalid, or none where the kind has no check
    birth_date, sex_code (M, F), region_code   what a valid resident number says
    derived_code    as_delivered or from_15
    is_folded       the delivered text differed by width, case or spaces
    reason_code     `id_placeholder`, `id_checksum`, `id_precision` (a spreadsheet kept 15 digits), `id_shape`
    """

    kind_code: str | None = None
    value_norm: str | None = None
    match_value: str | None = None
    family_code: str | None = None
    class_code: str | None = None
    checksum_code: str = "none"
    birth_date: date | None = None
    sex_code: str | None = None
    region_code: str | None = None
    derived_code: str = "as_delivered"
    is_folded: bool = False
    reason_code: str | None = None


CERTIFICATE_DDL = (
    "kind_code:string,value_norm:string,match_value:string,family_code:string,class_code:string,checksum_code:string,"
    "birth_date:date,sex_code:string,region_code:string,derived_code:string,is_folded:boolean,reason_code:string"
)


def check_digit(first_17: str) -> str:
    """Last character of a resident id whose first 17 digits are given (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECK_DIGITS[sum(map(mul, _WEIGHTS, map(int, first_17))) % 11]


def to_18_digits(first_15: str) -> str:
    """Old resident id → new: the century goes in after digit 6, the check digit at the end."""
    longer = f"{first_15[:6]}19{first_15[6:]}"
    return longer + check_digit(longer)


def birth_date_of(resident_id: str) -> date | None:
    """Digits 7–14 of an 18-digit id as a date; null when that day does not exist."""
    try:
        born = date(int(resident_id[6:10]), int(resident_id[10:12]), int(resident_id[12:14]))
    except ValueError:
        return None
    return born if born.year >= _OLDEST_BIRTH_YEAR else None


def is_taiwan_id(value: str) -> bool:
    """Letter and nine digits with a valid check (letter → 10…35; weights 1 9 8 7 6 5 4 3 2 1 1; mod 10)."""
    if not re.fullmatch(r"[A-Z]\d{9}", value):
        return False
    digits = f"{_TAIWAN_LETTERS[value[0]]}{value[1:]}"
    return sum(w * int(d) for w, d in zip(_TAIWAN_WEIGHTS, digits, strict=True)) % 10 == 0


class Kind(NamedTuple):
    """A kind of certificate that a bank declares in its own list `cert_kind`: columns `shape`, `check`, `class`.

    shape  regular expression for the folded number; check: one of CHECKS; class_code: what a number that passes both is worth
    """

    shape: str
    check: str
    class_code: str


def iso7064_mod11_10(digits: str) -> bool:
    """Last digit checks the others (ISO 7064 MOD 11,10: German tax numbers and many others)."""
    product = 10
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def luhn(digits: str) -> bool:
    """Last digit checks the others (ISO/IEC 7812)."""
    doubled = (int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits)))
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


CHECKS: dict[str, Callable[[str], bool]] = {
    "": lambda number: True,
    "iso7064_mod11_10": lambda number: number.isdecimal() and iso7064_mod11_10(number),
    "luhn": lambda number: number.isdecimal() and luhn(number),
}


def declared_kinds(codes: Mapping[str, Mapping[str, str]]) -> dict[str, Kind]:
    """The kinds of a code list `cert_kind` that have a shape. Raises ContractError for a shape or check that cannot be used."""
    kinds = {}
    for code, row in codes.items():
        shape, check = row.get("shape") or "", row.get("check") or ""
        if not shape:
            continue
        if check not in CHECKS:
            raise ContractError(
                f"codes/cert_kind.csv, {code}: unknown check `{check}`; {nearest(check, filter(None, CHECKS))}"
            )
        try:
            re.compile(shape)
        except re.error as problem:
            raise ContractError(
                f"codes/cert_kind.csv, {code}: `shape` is no regular expression ({problem})"
            ) from None
        kinds[code] = Kind(shape, check, row.get("class") or "medium")
    return kinds


def parse_certificate(
    kind: str | None,
    value: str | None,
    placeholders: Collection[str] = PLACEHOLDERS,
    kinds: Mapping[str, Kind] | None = None,
) -> Certificate:
    """One certificate as delivered. Blank values give an empty Certificate of the kind; nothing raises.

    kinds  what the bank declares of kinds that are not built in. An unknown kind is treated as free text: weak, never checked.
    """
    if value is None or not value.strip():
        return Certificate(kind_code=kind)
    plain = _SPACES.sub("", folded_width(value)).upper()
    base = Certificate(kind_code=kind, value_norm=plain, is_folded=plain != value.strip(), class_code="weak")
    if "*" in plain:
        return base._replace(family_code="masked", match_value=plain)
    if plain in placeholders or (len(plain) >= 6 and len(set(plain)) == 1):
        return base._replace(class_code="blocked", reason_code="id_placeholder")
    if kind in (RESIDENT, RESIDENT_15, HOUSEHOLD_BOOK, RESIDENCE_PERMIT):
        return _resident(base, plain)
    if kinds and kind is not None and kind in kinds:
        return _declared(base, kinds[kind], plain)
    return _other(base, kind, plain)


def _resident(base: Certificate, plain: str) -> Certificate:
    kind, number, derived = base.kind_code, plain, "as_delivered"
    if len(plain) == 15 and plain.isdecimal():
        number, derived = to_18_digits(plain), "from_15"
        kind = RESIDENT if kind == RESIDENT_15 else kind
    base = base._replace(kind_code=kind, value_norm=number, derived_code=derived)
    if not _RESIDENT_SHAPE.fullmatch(number):
        return base._replace(class_code="blocked", checksum_code="invalid", reason_code="id_shape")
    born = birth_date_of(number)
    sound = number[-1] == check_digit(number[:17]) and born is not None and number[:2] in _PROVINCES
    if kind == RESIDENCE_PERMIT:
        sound = sound and number[:2] in ("81", "82", "83")
    if not sound:
        # A spreadsheet keeps 15 significant digits and writes zeros for the rest.
        lossy = number.endswith("000") and derived == "as_delivered"
        reason = "id_precision" if lossy else "id_checksum"
        return base._replace(class_code="blocked", checksum_code="invalid", reason_code=reason)
    return base._replace(
        match_value=number,
        family_code="resident",
        class_code="medium" if kind == HOUSEHOLD_BOOK else "strong",
        checksum_code="valid",
        birth_date=born,
        sex_code="M" if int(number[16]) % 2 else "F",
        region_code=number[:6],
    )


def _declared(base: Certificate, kind: Kind, plain: str) -> Certificate:
    if not re.fullmatch(kind.shape, plain):
        return base._replace(class_code="blocked", checksum_code="invalid", reason_code="id_shape")
    if not CHECKS[kind.check](plain):
        return base._replace(class_code="blocked", checksum_code="invalid", reason_code="id_checksum")
    return base._replace(
        match_value=plain, family_code=base.kind_code, class_code=kind.class_code, checksum_code="valid"
    )


def _other(base: Certificate, kind: str | None, plain: str) -> Certificate:
    """Kinds without the resident check. The part that survives a renewal is what is matched."""
    medium = base._replace(class_code="medium", family_code=kind)
    if kind == PRC_PASSPORT and _PASSPORT.fullmatch(plain):
        return medium._replace(match_value=plain)
    if kind == FOREIGN_PASSPORT and re.fullmatch(r"[A-Z0-9]{5,20}", plain):
        return medium._replace(match_value=plain)
    if kind == HOME_RETURN and re.fullmatch(r"[HM]\d{8}(\d{2})?", plain):
        return medium._replace(match_value=plain[:9])
    if kind == TAIWAN_PERMIT and re.fullmatch(r"\d{8}(\d{2}[A-Z])?", plain):
        return medium._replace(match_value=plain[:8])
    if kind == FOREIGN_RESIDENT and re.fullmatch(r"[A-Z]{3}\d{12}|9\d{16}[\dX]", plain):
        return medium._replace(match_value=plain)
    if kind == TAIWAN_ID:
        if is_taiwan_id(plain):
            return medium._replace(match_value=plain, class_code="strong", checksum_code="valid")
        return base._replace(class_code="blocked", checksum_code="invalid", reason_code="id_checksum")
    known_shape = kind in (PRC_PASSPORT, FOREIGN_PASSPORT, HOME_RETURN, TAIWAN_PERMIT, FOREIGN_RESIDENT)
    return base._replace(family_code=kind, match_value=plain, reason_code="id_shape" if known_shape else None)


def parsed_certificate(kind: Column, value: Column, kinds: Mapping[str, Kind] | None = None) -> Column:
    """Struct of `Certificate` for a kind code (list `cert_kind`) and a number as delivered."""
    return structured(partial(parse_certificate, kinds=kinds), CERTIFICATE_DDL, kind, value)
