"""What is wrong with a record that can be read all the same: it loads, and says so (`_reason_codes`). No Spark.

date_invalid   a date or instant that was no day of any calendar (defect D38); it is null in silver
id_precision   a resident id that went through a spreadsheet, which keeps fifteen digits and writes zeros for the rest (D21); it never links
phone_lossy    a phone number that a spreadsheet wrote as a power of ten (D22); it is no number in silver unless every digit is there

Which fields hold ids and phones is known by what they are mapped to: `id_value`, and `contact_value` and the like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.bronze.vectors import Flags, true_of
from spark_jobs.columns.dates import is_nothing, parse_date
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.contracts.sources import SourceContract, SourceField

DATES, INSTANTS = ("date", "date8"), ("timestamp", "timestamp14")
IDS, PHONES = ("id_value",), ("contact_value", "party_key_phone")
_MASKED_LOSSY = re.compile(r"[1-8]\d{5}\*{8}\d000")
_LOSSY = re.compile(r"[1-8]\d{14}000")
_PACKED = re.compile(r"\d{14}")
_DAY = re.compile(r"\d{8}|\d{4}([-/.])\d{1,2}\1\d{1,2}")
# What most instants look like: a day of ten signs, then their time.
_BEGINS_WITH_DAY = r"^\d{4}-\d{2}-\d{2}[T ]"
MOST_KEPT = 65_536


class Notices:
    """Looks at the records of one feed."""

    def __init__(self, source: SourceContract) -> None:
        self.dates = [
            (at, _Impossible(f)) for at, f in enumerate(source.fields) if f.type in (*DATES, *INSTANTS)
        ]
        ids, phones = _mapped(source.maps, IDS), _mapped(source.maps, PHONES)
        self.ids = [at for at, f in enumerate(source.fields) if f.name in ids]
        self.phones = [at for at, f in enumerate(source.fields) if f.name in phones]

    def of(self, values: Sequence[str | None]) -> list[str]:
        """Reasons, sorted. values: of a record, in the order of the fields, trimmed, None where nothing was delivered."""
        # Loops, because this is asked of every record: a generator costs more than what it looks at.
        found = []
        for at, impossible in self.dates:
            if impossible[values[at]]:
                found.append("date_invalid")
                break
        for at in self.ids:
            if _is_rounded_id(values[at]):
                found.append("id_precision")
                break
        for at in self.phones:
            if _is_rounded_phone(values[at]):
                found.append("phone_lossy")
                break
        return found


class _Impossible(dict[str | None, bool]):
    """Text of a date field → whether it is no day. The days of a bank's file repeat, its seconds do not: of an instant, only its day is read, once."""

    def __init__(self, declared: SourceField) -> None:
        super().__init__({None: False})
        self.declared = declared
        self._is_by_day = declared.type in INSTANTS and declared.format in (None, "utc")
        self._days: dict[str, bool] = {}

    def __missing__(self, text: str | None) -> bool:
        if len(self) > MOST_KEPT:
            self.clear()
        self[text] = found = text is not None and self._is_no_day(text.strip())
        return found

    def of_column(self, texts: pa.StringArray) -> Flags:
        """The same of many values, none of them a word for unknown."""
        if not self._is_by_day:
            return self._by_text(texts)
        is_plain = true_of(pc.match_substring_regex(texts, _BEGINS_WITH_DAY))
        found = np.zeros(len(texts), bool)
        plain = texts if is_plain.all() else texts.filter(pa.array(is_plain))
        days = pc.utf8_slice_codeunits(plain, 0, 10).dictionary_encode()
        verdicts = np.array([self._is_no_day_of_instant(day) for day in days.dictionary.to_pylist()], bool)
        if len(plain):
            found[is_plain] = verdicts[days.indices.to_numpy()]
        if not is_plain.all():
            found[~is_plain] = self._by_text(texts.filter(pa.array(~is_plain)))
        return found

    def _by_text(self, texts: pa.StringArray) -> Flags:
        said = texts.dictionary_encode()
        bad = np.array([self[text] for text in said.dictionary.to_pylist()] + [False])
        flags: Flags = bad[said.indices.fill_null(len(bad) - 1).to_numpy()]
        return flags

    def _is_no_day(self, text: str) -> bool:
        if is_nothing(text) or text in self.declared.null:
            return False
        pattern = self.declared.format
        if pattern is not None and pattern != "utc":
            return parse_day(text, pattern) is None
        if self.declared.type in INSTANTS:
            day = text[:8] if _PACKED.fullmatch(text) else re.split("[T ]", text, maxsplit=1)[0]
            return self._is_no_day_of_instant(day)
        return parse_date(text)[1]

    def _is_no_day_of_instant(self, day: str) -> bool:
        if day not in self._days:
            if len(self._days) > MOST_KEPT:
                self._days.clear()
            # Years of the Republic and spreadsheets' numbers are dates; nobody writes an instant so.
            self._days[day] = parse_date(day)[1] or not _DAY.fullmatch(day)
        return self._days[day]


def _mapped(maps: Any, columns: Sequence[str]) -> set[str]:
    """Names that stand anywhere in the expressions of these columns."""
    if isinstance(maps, list):
        return {name for each in maps for name in _mapped(each, columns)}
    if not isinstance(maps, Mapping):
        return set()
    found: set[str] = set()
    for key, value in maps.items():
        found |= _names(value) if key in columns else _mapped(value, columns)
    return found


def _names(expression: Any) -> set[str]:
    if isinstance(expression, str):
        return {expression}
    if isinstance(expression, Mapping):
        parts = [] if "const" in expression else list(expression.values())
    else:
        parts = expression if isinstance(expression, list) else []
    return {name for part in parts for name in _names(part)}


# What judges ids and phones brings pandas along, which costs a reading worker more than a second: it is loaded for a suspect only.


def _is_rounded_id(text: str | None) -> bool:
    if text is None or not text.endswith("000"):
        return False
    if _MASKED_LOSSY.fullmatch(text):
        # Nothing checks a masked number; one in a thousand ends so by itself. It links nobody either way.
        return True
    if not _LOSSY.fullmatch(text):
        return False
    from spark_jobs.columns.certificates import RESIDENT, parse_certificate

    return parse_certificate(RESIDENT, text).reason_code == "id_precision"


def _is_rounded_phone(text: str | None) -> bool:
    if text is None or "E" not in text.upper():
        return False
    from spark_jobs.columns.phones import parse_phone

    return parse_phone(text).reason_code == "phone_lossy"
