"""People → fields: each role in one form, coded, with what blocking and comparison need to know of each distinct value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine import days, names, numbers, people
from spark_jobs.identity.engine.coded import Coded, encoded, numbered, text_array
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.text import e_mail, plain, soundex

# From this share of names in Chinese characters on, names are compared whole: a surname of one character says little alone.
_HANZI_SHARE = 0.05
_MOST_TEXTS = 10
# A pattern holds so many fields; what is declared beyond them is not compared.
MOST_FIELDS = 15
# Readings of a name that blocking uses; comparison knows all.
READINGS = 4
# A date that so many times as many records have as the most common 0.5 % of dates stands for "unknown".
_PLACEHOLDER_TIMES = 8
_PLACEHOLDERS = frozenset(["19000101", "19010101", "18991231", "00010101", "11111111"])


@dataclass
class Field:
    """A field that is compared. kind: how (levels.py). is_shared: whether a household has it in common by its nature."""

    name: str
    kind: str
    coded: Coded
    is_shared: bool = False


def standardised(all_people: People) -> list[Field]:
    """Fields of all people, names first. A role that no source has gives no field; neither does one that is empty throughout."""
    found = [*_names(all_people)]
    columns = all_people.columns
    if births := columns.get(people.BIRTH_DATE):
        found.append(Field("birth_date", "date", _dates(births, columns.get(people.NATIONAL_ID, ()))))
    for role in (people.NATIONAL_ID, people.OTHER_ID):
        if role in columns:
            found.append(Field(role, "number", _certificates(columns[role])))
    if people.PHONE in columns:
        region = all_people.region
        found.append(Field("phone", "phone", _phones(columns[people.PHONE], region), is_shared=True))
    if people.E_MAIL in columns:
        found.append(Field("email", "email", _e_mails(columns[people.E_MAIL])))
    for role, is_shared in ((people.ADDRESS, True), (people.CITY, True), (people.OTHER, False)):
        texts = (
            _as_everywhere(columns.get(role, ()), all_people.sources)
            if role == people.ADDRESS
            else columns.get(role, ())
        )
        for at, column in enumerate(texts[:_MOST_TEXTS], 1):
            name = role if len(texts) == 1 else f"{role}_{at}"
            found.append(Field(name, "text", _texts(column), is_shared))
    for column in columns.get(people.POSTCODE, ())[:1]:
        found.append(Field("postcode", "code", encoded([column], _code), is_shared=True))
    for column in columns.get(people.SEX, ())[:1]:
        found.append(Field("sex", "code", encoded([column], numbers.sex)))
    return [f for f in found if len(f.coded.values)][:MOST_FIELDS]


def _as_everywhere(parts: Sequence[pa.Array], sources: pa.Array) -> Sequence[pa.Array]:
    """Address parts as they are where all sources that have an address part it alike; otherwise joined to one text."""
    if len(parts) < 2:
        return parts
    has = pa.table(
        [sources, *(pc.cast(p.is_valid(), pa.int8()) for p in parts)],
        ["source", *map(str, range(len(parts)))],
    )
    shown = has.group_by("source").aggregate([(str(i), "max") for i in range(len(parts))]).to_pydict()
    shapes = {tuple(shown[f"{i}_max"][s] for i in range(len(parts))) for s in range(len(shown["source"]))}
    if len({shape for shape in shapes if any(shape)}) < 2:
        return parts
    whole = pc.binary_join_element_wise(*parts, " ", null_handling="skip")
    return [pc.if_else(pc.equal(whole, ""), None, whole)]


def _texts(column: pa.Array) -> Coded:
    coded = encoded([column], plain)
    # Numbers inside words, so that 12 Mill Lane is not one edit from 14 Mill Lane; a text that is a number only has none.
    digits = [re.findall(r"\d+", v) for v in coded.values]
    coded.facts["number"] = numbered(
        [
            "" if len("".join(d)) == len(v.replace(" ", "")) else " ".join(d)
            for d, v in zip(digits, coded.values, strict=True)
        ]
    )
    return coded


def _code(text: str) -> str:
    return plain(text.removesuffix(".0")).replace(" ", "")


def _names(all_people: People) -> list[Field]:
    columns, length = all_people.columns, len(all_people)
    nothing = pa.nulls(length, pa.string())
    full = columns.get(people.FULL_NAME, [nothing])[0]
    given = columns.get(people.GIVEN, [nothing])[0]
    surname = columns.get(people.SURNAME, [nothing])[0]
    if full.null_count == given.null_count == surname.null_count == length:
        return []
    # A name in two columns, or in one: coded as pairs, so that each distinct name is read once.
    triples = pc.binary_join_element_wise(
        *(pc.fill_null(pc.cast(c, pa.string()), "") for c in (full, given, surname)), "\x1f"
    )
    sample = triples.dictionary_encode().dictionary.to_pylist()
    share = sum(map(names.has_hanzi, sample)) / max(len(sample), 1)
    if share >= _HANZI_SHARE:
        return [Field("name", "name", _whole_names(triples))]
    both = pa.array([_in_parts(t) for t in sample], pa.list_(pa.string(), 2))
    taken = triples.dictionary_encode().indices
    flat = both.flatten()
    columns_of_parts = [flat[0::2].take(taken), flat[1::2].take(taken)]
    coded = encoded(columns_of_parts, lambda text: text)
    coded.facts["sound"] = numbered([soundex(v) for v in coded.values])
    coded.facts["head"] = numbered([v[:1] for v in coded.values])
    coded.facts["start"] = numbered([v[:3] if len(v) > 2 else "" for v in coded.values])
    return [Field("given", "part", coded), Field("surname", "part", coded, is_shared=True)]


def _in_parts(triple: str) -> list[str]:
    full, given, surname = triple.split("\x1f")
    if given.strip() or surname.strip():
        return [names.part(given), names.part(surname)]
    return list(names.parts(names.whole(full)))


def _whole_names(triples: pa.Array) -> Coded:
    def one(triple: str) -> str:
        full, given, surname = triple.split("\x1f")
        return names.whole(full) if names.whole(full) else names.of_parts(given, surname)

    known = triples.dictionary_encode()
    return whole_names(pa.array(map(one, known.dictionary.to_pylist()), pa.string()).take(known.indices))


def whole_names(folded: pa.Array) -> Coded:
    """Folded full names with all under which they meet others."""
    coded = encoded([folded], str)
    keys = [sorted(names.readings(v)) for v in coded.values]
    coded.facts["bare"] = numbered([names.bare(v) for v in coded.values])
    for at in range(READINGS):
        coded.facts[f"reading_{at}"] = _shared_numbers(keys, at)
    sounds = [names.loose(v) for v in coded.values]
    for at in range(names.LOOSE):
        coded.facts[f"loose_{at}"] = _shared_numbers(sounds, at)
    coded.facts["head"] = numbered([names.parts(v)[1] if names.has_hanzi(v) else "" for v in coded.values])
    coded.facts["start"] = numbered([v[:2] for v in coded.values])
    coded.facts["end"] = numbered([v[-2:] for v in coded.values])
    return coded


def _shared_numbers(keys: Sequence[Sequence[str]], at: int) -> np.ndarray:
    place = {k: i for i, k in enumerate(sorted({k for ks in keys for k in ks}))}
    return np.array([place[ks[at]] if at < len(ks) else -1 for ks in keys], np.int64)


def _dates(columns: Sequence[pa.Array], certificates: Sequence[pa.Array]) -> Coded:
    """Birth dates of the first column; where it has none, or a placeholder, what a valid resident id says."""
    distinct = pc.unique(pc.drop_null(pc.cast(columns[0], pa.string()))).to_pylist()
    read = partial(days.digits, is_month_first=days.month_first(distinct))
    said = encoded(columns[:1], read)
    unknown = _stand_for_nothing(said)
    texts = pa.array([None if v in unknown else v for v in said.values], pa.string())
    dates = texts.take(pa.array(said.first, mask=said.first < 0))
    for certificate in certificates:
        # Only where it is needed: a certificate takes the longest of all values to read.
        dates = pc.coalesce(dates, _born(pc.if_else(dates.is_null(), certificate, None)))
    coded = encoded([dates], str)
    coded.facts["year"] = numbered([v[:4] for v in coded.values])
    coded.facts["day"] = numbered([v[4:] if v[4:] != "0000" else "" for v in coded.values])
    coded.facts["month"] = numbered([v[:6] if v[4:6] != "00" else "" for v in coded.values])
    swapped = [v[:4] + v[6:] + v[4:6] for v in coded.values]
    coded.facts["any_order"] = numbered([min(v, s) for v, s in zip(coded.values, swapped, strict=True)])
    return coded


def _stand_for_nothing(said: Coded) -> set[str]:
    counts = said.counts()
    if not len(counts):
        return set()
    usual = max(20.0, _PLACEHOLDER_TIMES * float(np.quantile(counts, 0.995)))
    return {str(v) for v, n in zip(said.values, counts, strict=True) if n > usual or v in _PLACEHOLDERS}


def _born(certificates: pa.Array) -> pa.Array:
    coded = certificates.dictionary_encode()
    found = [numbers.certificate(text) for text in coded.dictionary.to_pylist()]
    return pa.array([n.birth_date if n else None for n in found], pa.string()).take(coded.indices)


def _certificates(columns: Sequence[pa.Array]) -> Coded:
    read: dict[str, numbers.Number] = {}

    def value(text: str) -> str | None:
        found = numbers.certificate(text)
        if found is not None:
            read[found.value] = found
        return found.value if found else None

    coded = encoded(columns, value)
    known = [read[v] for v in coded.values]
    coded.facts["family"] = numbered([n.family for n in known])
    coded.facts["born"] = text_array([n.birth_date for n in known])
    coded.facts["front"] = numbered([v[: -(len(v) // 3)] if len(v) > 5 else "" for v in coded.values])
    coded.facts["back"] = numbered([v[len(v) // 3 :] if len(v) > 5 else "" for v in coded.values])
    return coded


def _phones(columns: Sequence[pa.Array], region: str) -> Coded:
    coded = encoded(columns, lambda text: numbers.phone(text, region))
    coded.facts["end"] = numbered([v[-4:] for v in coded.values])
    coded.facts["tail"] = numbered([v[-7:] if "*" not in v else "" for v in coded.values])
    return coded


def _e_mails(columns: Sequence[pa.Array]) -> Coded:
    coded = encoded(columns, e_mail)
    coded.facts["local"] = numbered([v.partition("@")[0] for v in coded.values])
    return coded
