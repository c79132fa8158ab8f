"""What a column of a file of people is: told by its heading, checked by its values; where the heading says nothing, by values alone.

A reason names a heading or a share, never a value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine import days, nicknames, numbers, people
from spark_jobs.identity.engine.text import e_mail, is_nothing
from spark_jobs.onboarding.meanings import guess_meaning
from spark_jobs.onboarding.types import guess_type
from spark_jobs.resolve import headings

# A column plays its role when it is this sure; below it is asked about.
ENOUGH = 0.7
BY_BOTH, BY_VALUES, DOUBTED = 0.9, 0.75, 0.4
# So many records of a file are looked at: spread over it, as files are often sorted.
MOST_RECORDS = 20_000
# A heading is believed when so many of its values fit.
_FITS: Mapping[str, float] = {people.E_MAIL: 0.6, people.ADDRESS: 0.0, people.OTHER: 0.0}
_FITS_USUALLY = 0.7
# What repeats like this is no list of codes, and names no record: whoever is repeated, perhaps the person.
_MOST_SOURCES = 50
_DISTINCT_OF_A_NUMBER, _MOST_OF_ONE = (0.15, 0.98), 60
_MEANT = {"email": people.E_MAIL, "phone": people.PHONE, "national_id": people.NATIONAL_ID, "masked_id": people.NATIONAL_ID, "address": people.ADDRESS, "name": people.FULL_NAME}  # fmt: skip
# Values that say what they are by themselves, whatever their column is called.
_PLAIN_BY_VALUES = frozenset(
    [people.E_MAIL, people.PHONE, people.NATIONAL_ID, people.ADDRESS, people.FULL_NAME]
)


@dataclass(frozen=True)
class Looked:
    """A column as it was looked at. words: value → how often, without what means nothing; filled: share of the records that have one."""

    name: str
    words: Counter[str]
    filled: float
    distinct: float
    is_whole: bool

    @property
    def names_a_record(self) -> bool:
        """Whether it is never empty and never twice, in the whole file."""
        return self.is_whole


@dataclass(frozen=True)
class Guess:
    """A role, or TRUTH, RECORD, … of headings; how sure it is, and why."""

    role: str
    confidence: float
    why: str


def looked_at(name: str, column: pa.Array) -> Looked:
    """The values of a column: all of a small file, every n-th of a large one."""
    step = max(1, len(column) // MOST_RECORDS)
    seen = column.take(pa.array(range(0, len(column), step))) if step > 1 else column
    words = Counter(v for v in seen.to_pylist() if v is not None and not is_nothing(v))
    total = sum(words.values())
    is_whole = len(column) > 0 and column.null_count == 0 and pc.count_distinct(column).as_py() == len(column)
    return Looked(name, words, total / max(len(seen), 1), len(words) / max(total, 1), is_whole)


def guessed(column: Looked, is_first: bool = False) -> Guess:
    """What a column is. is_first: whether it stands first in its file, where numbers of records stand."""
    if not column.words:
        return Guess(headings.UNUSED, 1.0, "empty")
    said = headings.said_by(column.name)
    first = said[0] if said else None
    if first == headings.UNUSED:
        return Guess(headings.UNUSED, BY_BOTH, "says nothing of who it is")
    if first == headings.TRUTH and not column.names_a_record:
        return Guess(headings.TRUTH, BY_BOTH, "its heading says who is who")
    roles = [role for role in said if role in _CHECKS]
    if fitting := next((guess for role in roles if (guess := _checked(column, role))), None):
        return fitting
    by_values = _by_values(column)
    if roles:
        return _contradicted(column, roles[0], by_values)
    if by_values is not None:
        return by_values
    if column.names_a_record and (first in (headings.RECORD, headings.TRUTH) or is_first):
        return Guess(headings.RECORD, BY_BOTH, "never empty, never twice")
    if first == headings.SOURCE and len(column.words) <= _MOST_SOURCES and column.distinct < 0.1:
        return Guess(headings.SOURCE, BY_BOTH, f"its heading, and {len(column.words)} different words")
    if first in (None, headings.RECORD) and _may_number_people(column):
        return Guess(headings.TRUTH, DOUBTED, "never empty, and some records have it in common")
    if first is None:
        return Guess(headings.UNUSED, DOUBTED, "neither heading nor values say what it is")
    return Guess(headings.UNUSED, BY_BOTH, "says nothing of who it is")


def _may_number_people(column: Looked) -> bool:
    low, high = _DISTINCT_OF_A_NUMBER
    is_opaque = all(re.fullmatch(r"[\w\-]{1,40}", w) for w in column.words)
    return (
        column.filled > 0.99
        and low <= column.distinct <= high
        and max(column.words.values()) <= _MOST_OF_ONE
        and is_opaque
    )


def _share(words: Mapping[str, int], fits: Callable[[str], bool]) -> float:
    return sum(n for w, n in words.items() if fits(w)) / sum(words.values())


def _is_born(word: str) -> bool:
    found = days.digits(word)
    return found is not None and "1880" <= found[:4] <= "2100"


def _is_number(word: str) -> bool:
    return 4 <= len(re.sub(r"[\W_]", "", word)) <= 25 and any(c.isdigit() or c == "*" for c in word)


def _is_phone(word: str) -> bool:
    digits = re.sub(r"[\s\-()./+]|ext.*|\.0$", "", word.lower())
    return bool(re.fullmatch(r"[\d*]{5,16}", digits))


def _is_words(word: str) -> bool:
    return not any(c.isdigit() for c in word) and any(c.isalpha() for c in word) and "@" not in word


def _is_postcode(word: str) -> bool:
    return len(word) <= 12 and any(c.isdigit() for c in word)


_CHECKS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    people.E_MAIL: ("are e-mail addresses", lambda w: e_mail(w) is not None),
    people.BIRTH_DATE: ("are days or parts of one", lambda w: _is_born(w) or bool(re.fullmatch(r"\d{1,2}", w))),
    people.SEX: ("are words of a sex", lambda w: numbers.sex(w) is not None),
    people.PHONE: ("look like phone numbers", _is_phone),
    people.NATIONAL_ID: ("look like numbers of a document", _is_number),
    people.OTHER_ID: ("look like numbers of a document", _is_number),
    people.GIVEN: ("are words without figures", _is_words),
    headings.MIDDLE: ("are words without figures", _is_words),
    people.SURNAME: ("are words without figures", _is_words),
    headings.SUFFIX: ("are short words", lambda w: len(w) <= 6),
    people.FULL_NAME: ("are words without figures", _is_words),
    people.POSTCODE: ("look like postcodes", _is_postcode),
    people.CITY: ("are words without figures", lambda w: _is_words(re.sub(r"\d{1,3}", "", w))),
    people.ADDRESS: ("may be part of an address", lambda w: True),
    people.OTHER: ("may say something of a person", lambda w: True),
}  # fmt: skip


def _checked(column: Looked, said: str) -> Guess | None:
    """The role that a heading says; None where the values do not fit it."""
    told, fits = _CHECKS[said]
    share = _share(column.words, fits)
    if share < _FITS.get(said, _FITS_USUALLY):
        return None
    is_plain = said in (people.ADDRESS, people.OTHER)
    return Guess(said, BY_BOTH, "its heading" if is_plain else f"its heading, and {share:.0%} {told}")


def _contradicted(column: Looked, said: str, by_values: Guess | None) -> Guess:
    if by_values is not None:
        return Guess(by_values.role, DOUBTED, f"its heading says {said}, but {by_values.why}")
    told, fits = _CHECKS[said]
    return Guess(said, DOUBTED, f"its heading says so, but only {_share(column.words, fits):.0%} {told}")


def _by_values(column: Looked) -> Guess | None:
    """A role that the values tell without a heading."""
    words = column.words
    meaning = guess_meaning("", words, guess_type("", words), {})
    role = _MEANT.get(meaning.kind) if meaning is not None else None
    if meaning is not None and role in _PLAIN_BY_VALUES and meaning.confidence >= 0.6:
        return Guess(role, BY_VALUES, meaning.why)
    mails = _share(words, lambda w: e_mail(w) is not None)
    if mails >= 0.8:
        return Guess(people.E_MAIL, BY_VALUES, f"{mails:.0%} are e-mail addresses")
    if found := _birth_dates(words):
        return found
    if len(words) <= 6 and _share(words, lambda w: not w.isdigit() and numbers.sex(w) is not None) > 0.95:
        return Guess(people.SEX, BY_VALUES, "all are words of a sex")
    spaced = _share(words, lambda w: _is_phone(w) and bool(re.match(r"\+\d|\(?\d{2,4}\)?[ -]\d{3}", w)))
    if spaced >= 0.8 and column.distinct > 0.3:
        return Guess(people.PHONE, BY_VALUES, f"{spaced:.0%} are written like phone numbers")
    return _english_names(words)


def _birth_dates(words: Counter[str]) -> Guess | None:
    """Days that are spread over a lifetime; days of a file's last years are of something else."""
    years = sorted(
        int(d[:4]) for w in words.elements() if len(w) >= 6 and _is_born(w) and (d := days.digits(w))
    )
    if len(years) < 0.9 * sum(words.values()) or len(years) < 20:
        return None
    early, late = years[len(years) // 20], years[-1 - len(years) // 20]
    if late - early < 25:
        return None
    return Guess(
        people.BIRTH_DATE,
        BY_VALUES,
        f"{len(years) / sum(words.values()):.0%} are days, spread over {late - early} years",
    )


def _english_names(words: Counter[str]) -> Guess | None:
    """Names told by how many of them are English given names that are known."""
    if _share(words, _is_words) < 0.9:
        return None
    known = _share(words, lambda w: any(nicknames.is_known(p) for p in re.split(r"[\s,]+", w.lower())))
    several = _share(words, lambda w: len(w.split()) > 1)
    if known < 0.2 or len(words) < 20:
        return None
    role = people.FULL_NAME if several > 0.5 else people.GIVEN
    return Guess(role, BY_VALUES, f"{known:.0%} have a known English given name")
