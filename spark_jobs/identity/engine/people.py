"""People as a source has them: for each role one or more columns of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

FULL_NAME, GIVEN, SURNAME, BIRTH_DATE = "full_name", "given_name", "surname", "birth_date"
NATIONAL_ID, OTHER_ID, PHONE, E_MAIL = "national_id", "other_id", "phone", "email"
ADDRESS, CITY, POSTCODE, SEX, OTHER = "address", "city", "postcode", "sex", "other"
# Of these a person has several at once: each column of one record may meet each of another.
SEVERAL = frozenset([NATIONAL_ID, OTHER_ID, PHONE, E_MAIL])
ROLES = (
    FULL_NAME, GIVEN, SURNAME, BIRTH_DATE, NATIONAL_ID, OTHER_ID, PHONE, E_MAIL, ADDRESS, CITY, POSTCODE, SEX, OTHER
)  # fmt: skip


@dataclass
class People:
    """Records of people of all sources, one after the other.

    columns  role → columns of text of equal length, null where a source has no such column
    sources  source of each record; keys: its id there. Together they name a record, and order what is tied
    region   country (ISO 3166) whose phone numbers are written without a country code
    """

    columns: Mapping[str, Sequence[pa.Array]]
    sources: pa.Array
    keys: pa.Array
    region: str = "CN"
    truth: pa.Array | None = None
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)
