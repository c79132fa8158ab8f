"""Numbers that name people: certificates and phones, as far as they can be trusted."""

from __future__ import annotations

import re
from typing import NamedTuple

from spark_jobs.columns.certificates import (
    FOREIGN_RESIDENT,
    HOME_RETURN,
    RESIDENCE_PERMIT,
    RESIDENT,
    TAIWAN_ID,
    parse_certificate,
)
from spark_jobs.columns.phones import parse_phone
from spark_jobs.columns.text import folded_width
from spark_jobs.identity.engine.text import is_nothing

# Number spaces in which a person has one number only.
FAMILIES = ("resident", "taiwan")
_RESIDENT_SHAPE, _PUNCTUATION = re.compile(r"\d{15}|\d{17}[\dX]"), re.compile(r"[\W_]+")


class Number(NamedTuple):
    """A certificate number. `family`: the number space when its check holds, in which a person has one number only; else None."""

    value: str
    family: str | None = None
    birth_date: str | None = None


def certificate(text: str) -> Number | None:
    """A certificate number in one form; None for nothing and for placeholders. The kind is told by its shape.

    Resident ids of 15 digits become 18. A resident number whose check fails stays as evidence, but is no key (a typing error).
    """
    if is_nothing(text):
        return None
    value = _PUNCTUATION.sub("", folded_width(text)).upper() if "*" not in text else text.strip().upper()
    if not value or (len(value) >= 4 and len(set(value)) == 1):
        return None
    if _RESIDENT_SHAPE.fullmatch(value):
        kind = RESIDENCE_PERMIT if value[:2] in ("81", "82", "83") and len(value) == 18 else RESIDENT
        found = parse_certificate(kind, value)
        if found.reason_code == "id_placeholder":
            return None
        if found.class_code == "strong":
            born = found.birth_date.isoformat().replace("-", "") if found.birth_date else None
            return Number(found.match_value or value, "resident", born)
        return Number(value)
    if re.fullmatch(r"[A-Z]\d{9}", value) and parse_certificate(TAIWAN_ID, value).class_code == "strong":
        return Number(value, "taiwan")
    for kind in (HOME_RETURN, FOREIGN_RESIDENT):
        found = parse_certificate(kind, value)
        if found.match_value and found.reason_code is None and value[0] in "HM":
            return Number(found.match_value)
    return Number(value)


def phone(text: str, region: str) -> str | None:
    """A phone number as E.164, masked (`154****1234`), or its last nine digits where its country cannot be told; None for nothing."""
    if is_nothing(text):
        return None
    found = parse_phone(re.sub(r"\.0$", "", text.strip()), region=region)
    if found.is_placeholder or found.reason_code == "phone_lossy":
        return None
    if found.norm or found.masked:
        return found.norm or found.masked
    digits = re.sub(r"\D", "", folded_width(text)).lstrip("0")
    return digits[-9:] if len(digits) >= 6 and len(set(digits)) > 1 else None


def sex(text: str) -> str | None:
    """`f` or `m`; None for anything else. 1 and 2 are those of GB/T 2261.1 (1 male, 2 female)."""
    said = folded_width(text).strip().lower().removesuffix(".0")
    if said in ("f", "female", "woman", "w", "2", "女", "女性", "femme", "mrs", "ms", "girl"):
        return "f"
    return "m" if said in ("m", "male", "man", "1", "男", "男性", "homme", "mr", "boy") else None
