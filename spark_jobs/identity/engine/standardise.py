"""People → fields: each role in one form, coded, with what blocking and comparison need to know of each distinct value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine import days, names, numbers, people
from spark_jobs.identity.engine.coded import MISSING, OPEN_KEY, Coded, encoded, hashed
from spark_jobs.identity.engine.form import Form, Shape
from spark_jobs.identity.engine.nicknames import formal
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
_PLACEHOLDERS = ["19000101", "19010101", "18991231", "00010101", "11111111"]


@dataclass(frozen=True)
class Field(Shape):
    """A field that is compared, with its values."""

    coded: Coded = dataclass_field(kw_only=True)


def standardised(all_people: People, form: Form | None = None) -> list[Field]:
    """Fields of all people, names first.

    form  how to read them; an empty one learns it of these people, and has it afterwards. Under one that is known, each record is read
          by itself, and the fields are those of the form: what these people lack is empty, what the form does not know is left out.
    A role that no source has gives no field; neither does one that is empty throughout.
    """
    form = form if form is not None else Form()
    read = _fields(all_people, form)
    if form.shapes is None:
        kept = [f for f in read if len(f.coded.values)][:MOST_FIELDS]
        form.shapes = [Shape(f.name, f.kind, f.is_shared) for f in kept]
        return kept
    by_name = {f.name: f for f in read}
    found = [by_name.get(s.name) or _empty(s, all_people, form) for s in form.shapes]
    for each in found:
        form.give_bands(each.name, each.coded)
    return found


def _empty(shape: Shape, all_people: People, form: Form) -> Field:
    nothing = pa.nulls(len(all_people), pa.string())
    coded = {
        "name": lambda: whole_names([nothing], form.key),
        "part": lambda: _parts([nothing, nothing], form),
        "date": lambda: _dates([nothing], (), all_people.sources, form),
        "number": lambda: _certificates([nothing], form),
        "phone": lambda: _phones([nothing], all_people.region, form),
        "email": lambda: _e_mails([nothing], form),
        "text": lambda: _texts(nothing, form),
        "code": lambda: encoded([nothing], str, form.key),
    }[shape.kind]()
    return Field(shape.name, shape.kind, shape.is_shared, coded=coded)


def _fields(all_people: People, form: Form) -> list[Field]:
    found = [*_names(all_people, form)]
    columns = all_people.columns
    if births := columns.get(people.BIRTH_DATE):
        dates = _dates(births, columns.get(people.NATIONAL_ID, ()), all_people.sources, form)
        found.append(Field("birth_date", "date", coded=dates))
    for role in (people.NATIONAL_ID, people.OTHER_ID):
        if role in columns:
            found.append(Field(role, "number", coded=_certificates(columns[role], form)))
    if people.PHONE in columns:
        phones = _phones(columns[people.PHONE], all_people.region, form)
        found.append(Field("phone", "phone", is_shared=True, coded=phones))
    if people.E_MAIL in columns:
        found.append(Field("email", "email", coded=_e_mails(columns[people.E_MAIL], form)))
        mark_made_of_names(found)
    for role, is_shared in ((people.ADDRESS, True), (people.CITY, True), (people.OTHER, False)):
        texts = columns.get(role, ())
        if role == people.ADDRESS:
            texts = _as_everywhere(texts, all_people.sources, form)
        for at, column in enumerate(texts[:_MOST_TEXTS], 1):
            name = role if len(texts) == 1 else f"{role}_{at}"
            found.append(Field(name, "text", is_shared, coded=_texts(column, form)))
    for column in columns.get(people.POSTCODE, ())[:1]:
        found.append(Field("postcode", "code", is_shared=True, coded=encoded([column], _code, form.key)))
    for column in columns.get(people.SEX, ())[:1]:
        found.append(Field("sex", "code", coded=encoded([column], numbers.sex, form.key)))
    return found


def _as_everywhere(parts: Sequence[pa.Array], sources: pa.Array, form: Form) -> Sequence[pa.Array]:
    """Address parts as they are where all sources that have an address part it alike; otherwise joined to one text."""
    if len(parts) < 2:
        return parts
    if not form.is_known:
        form.is_address_whole = not _are_parted_alike(parts, sources)
    if not form.is_address_whole:
        return parts
    # Not with null_handling="skip": where every part is null, that gives no row at all (pyarrow 26).
    said = [pc.fill_null(pc.cast(part, pa.string()), "") for part in parts]
    whole = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*said, " "))
    return [pc.if_else(pc.equal(whole, ""), None, whole)]


def _are_parted_alike(parts: Sequence[pa.Array], sources: pa.Array) -> bool:
    has = pa.table(
        [sources, *(pc.cast(p.is_valid(), pa.int8()) for p in parts)],
        ["source", *map(str, range(len(parts)))],
    )
    shown = has.group_by("source").aggregate([(str(i), "max") for i in range(len(parts))]).to_pydict()
    shapes = {tuple(shown[f"{i}_max"][s] for i in range(len(parts))) for s in range(len(shown["source"]))}
    return len({shape for shape in shapes if any(shape)}) < 2


def _texts(column: pa.Array, form: Form) -> Coded:
    coded = encoded([column], plain, form.key)
    # Numbers inside words, so that 12 Mill Lane is not one edit from 14 Mill Lane; a text that is a number only has none.
    digits = [re.findall(r"\d+", v) for v in coded.values]
    coded.note(
        "number",
        [
            "" if len("".join(d)) == len(v.replace(" ", "")) else " ".join(d)
            for d, v in zip(digits, coded.values, strict=True)
        ],
    )
    return coded


def _code(text: str) -> str:
    return plain(text.removesuffix(".0")).replace(" ", "")


def _names(all_people: People, form: Form) -> list[Field]:
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
    known = triples.dictionary_encode()
    distinct = known.dictionary.to_pylist()
    if not form.is_known:
        share = sum(map(names.has_hanzi, distinct)) / max(len(distinct), 1)
        form.are_names_whole = share >= _HANZI_SHARE
    if form.are_names_whole:
        whole = pa.array(map(_whole, distinct), pa.string()).take(known.indices)
        others = [_other_names(c) for c in columns.get(people.FULL_NAME, ())[1:]]
        return [Field("name", "name", coded=whole_names([whole, *others], form.key))]
    both = pa.array([_in_parts(t) for t in distinct], pa.list_(pa.string(), 2)).flatten()
    coded = _parts([both[0::2].take(known.indices), both[1::2].take(known.indices)], form)
    generations = pa.array([names.generation(t.replace("\x1f", " ")) for t in distinct], pa.string())
    return [
        Field("given", "part", coded=coded),
        Field("surname", "part", is_shared=True, coded=coded),
        Field("generation", "code", coded=encoded([generations.take(known.indices)], str, form.key)),
    ]


def _parts(columns: Sequence[pa.Array], form: Form) -> Coded:
    coded = encoded(columns, str, form.key)
    coded.note("sound", [soundex(v) for v in coded.values])
    # Behind a given name often stands another, whole or as a letter.
    first = [v.split(" ")[0] if v.find(" ") > 1 and names.JOINT not in v else v for v in coded.values]
    coded.note("first", first)
    coded.note("first sound", [soundex(v) for v in first])
    coded.note("initials", ["".join(w[:1] for w in v.split(" ")) for v in coded.values])
    coded.note("head", [v[:1] for v in coded.values])
    coded.note("start", [v[:3] if len(v) > 2 else "" for v in coded.values])
    coded.note("nickname", [formal(v) for v in first])
    coded.facts["words"], coded.facts["many"] = _words(coded)
    coded.facts["joint"] = np.array([names.JOINT in v for v in coded.values], bool)
    coded.facts["firm"] = np.array([v == names.FIRM for v in coded.values], bool)
    return coded


def _words(coded: Coded) -> tuple[np.ndarray, np.ndarray]:
    """Per value the sum of its words' hashes, which does not depend on their order, and how many they are. That a name is a firm's is no word of it."""
    parted = [v.split() if v != names.FIRM else [] for v in coded.values]
    many = np.array([len(words) for words in parted], np.int64)
    hashes = hashed([word for words in parted for word in words], coded.key).astype(np.uint64)
    ends = np.cumsum(many)
    total = np.r_[np.uint64(0), np.cumsum(hashes, dtype=np.uint64)]
    return (total[ends] - total[ends - many]).astype(np.int64), many


def _in_parts(triple: str) -> list[str]:
    full, given, surname = triple.split("\x1f")
    if given.strip() or surname.strip():
        return [names.given_of_two(given), names.part(surname)]
    return list(names.said_parts(full))


def _whole(triple: str) -> str:
    full, given, surname = triple.split("\x1f")
    return names.whole(full) or names.of_parts(given, surname)


def _other_names(column: pa.Array) -> pa.Array:
    """What else a person is called: in letters beside characters, or clear beside masked."""
    known = pc.fill_null(pc.cast(column, pa.string()), "").dictionary_encode()
    return pa.array(map(names.whole, known.dictionary.to_pylist()), pa.string()).take(known.indices)


def whole_names(folded: Sequence[pa.Array], key: str = OPEN_KEY) -> Coded:
    """Folded full names, of a person one or several, with all under which they meet others."""
    coded = encoded(folded, str, key)
    keys = [sorted(names.readings(v)) for v in coded.values]
    coded.note("bare", [names.bare(v) for v in coded.values])
    for at in range(READINGS):
        coded.note(f"reading_{at}", [k[at] if at < len(k) else "" for k in keys])
    sounds = [names.loose(v) for v in coded.values]
    for at in range(names.LOOSE):
        coded.note(f"loose_{at}", [k[at] if at < len(k) else "" for k in sounds])
    coded.note("head", [names.parts(v)[1] if names.has_hanzi(v) else "" for v in coded.values])
    coded.note("start", [v[:2] for v in coded.values])
    coded.note("end", [v[-2:] for v in coded.values])
    return coded


def _dates(
    columns: Sequence[pa.Array], certificates: Sequence[pa.Array], sources: pa.Array, form: Form
) -> Coded:
    """Birth dates of the first column; where it has none, or a placeholder, what a valid resident id says."""
    if not form.is_known:
        _learn_order(columns[0], sources, form)
    said = encoded([_digits(columns[0], sources, form)], str, form.key)
    if not form.is_known:
        form.placeholders = np.sort(said.hashes()[_stand_for_nothing(said)])
    unknown = np.isin(said.hashes(), form.placeholders) | np.isin(said.values, _PLACEHOLDERS)
    texts = pa.array(said.values, pa.string(), mask=unknown)
    dates = texts.take(pa.array(said.first, mask=said.first < 0))
    for certificate in certificates:
        # Only where it is needed: a certificate takes the longest of all values to read.
        dates = pc.coalesce(dates, _born(pc.if_else(dates.is_null(), certificate, None)))
    coded = encoded([dates], str, form.key)
    coded.note("year", [v[:4] for v in coded.values])
    coded.note("day", [v[4:] if v[4:] != "0000" else "" for v in coded.values])
    coded.note("month", [v[:6] if v[4:6] != "00" else "" for v in coded.values])
    swapped = [v[:4] + v[6:] + v[4:6] for v in coded.values]
    coded.note("any_order", [min(v, s) for v, s in zip(coded.values, swapped, strict=True)])
    return coded


def _learn_order(column: pa.Array, sources: pa.Array, form: Form) -> None:
    """Whether months stand first: source by source where a source tells, and otherwise as most dates say."""
    known = sources.dictionary_encode()
    votes = {}
    for at, source in enumerate(known.dictionary.to_pylist()):
        own = column.filter(pc.equal(known.indices, at))
        votes[source] = days.month_first(pc.unique(pc.drop_null(pc.cast(own, pa.string()))).to_pylist())
    form.is_month_first = sum(votes.values()) > 0
    form.orders = {s: v > 0 for s, v in votes.items() if v and (v > 0) != form.is_month_first}


def _digits(column: pa.Array, sources: pa.Array, form: Form) -> pa.Array:
    """Dates as eight digits."""
    found = pa.nulls(len(column), pa.string())
    others = pc.is_in(sources, value_set=pa.array(sorted(form.orders), pa.string()))
    for is_other in {False, bool(form.orders)}:
        own = pc.if_else(pc.equal(others, is_other), column, None).cast(pa.string()).dictionary_encode()
        read = [days.digits(t, form.is_month_first != is_other) for t in own.dictionary.to_pylist()]
        found = pc.coalesce(found, pa.array(read, pa.string()).take(own.indices))
    return found


def _stand_for_nothing(said: Coded) -> np.ndarray:
    """Whether a date is so frequent that it means none, per distinct date."""
    counts = said.counts()
    if not len(counts):
        return np.zeros(0, bool)
    usual = max(20.0, _PLACEHOLDER_TIMES * float(np.quantile(counts, 0.995)))
    frequent: np.ndarray = counts > usual
    return frequent


def _born(certificates: pa.Array) -> pa.Array:
    coded = certificates.dictionary_encode()
    found = [numbers.certificate(text) for text in coded.dictionary.to_pylist()]
    return pa.array([n.birth_date if n else None for n in found], pa.string()).take(coded.indices)


def _certificates(columns: Sequence[pa.Array], form: Form) -> Coded:
    read: dict[str, numbers.Number] = {}

    def value(text: str) -> str | None:
        found = numbers.certificate(text)
        if found is not None:
            read[found.value] = found
        return found.value if found else None

    coded = encoded(columns, value, form.key)
    known = [read[v] for v in coded.values]
    families = [numbers.FAMILIES.index(n.family) if n.family else MISSING for n in known]
    coded.facts["family"] = np.array(families, np.int64)
    coded.note("front", [v[: -(len(v) // 3)] if len(v) > 5 else "" for v in coded.values])
    coded.note("back", [v[len(v) // 3 :] if len(v) > 5 else "" for v in coded.values])
    coded.note("ends", [v[: len(v) // 3] + v[-(len(v) // 3) :] if len(v) > 5 else "" for v in coded.values])
    return coded


def _phones(columns: Sequence[pa.Array], region: str, form: Form) -> Coded:
    coded = encoded(columns, lambda text: numbers.phone(text, region), form.key)
    coded.note("end", [v[-4:] for v in coded.values])
    coded.note("front", [v[:-4] if "*" not in v else "" for v in coded.values])
    coded.note("tail", [v[-7:] if "*" not in v else "" for v in coded.values])
    return coded


def _e_mails(columns: Sequence[pa.Array], form: Form) -> Coded:
    coded = encoded(columns, e_mail, form.key)
    locals_ = [v.partition("@")[0] for v in coded.values]
    coded.note("local", locals_)
    coded.note("number", [" ".join(re.findall(r"\d+", v)) for v in locals_])
    return coded


def mark_made_of_names(fields: Sequence[Field]) -> None:
    """Marks the e-mail addresses, if any, that are made of their record's own name."""
    for field in fields:
        if field.kind == "email":
            field.coded.of_name = _made_of_names(field.coded, fields)


def _made_of_names(mails: Coded, fields: Sequence[Field]) -> np.ndarray:
    """Records × columns: whether what stands before the @ says the record's name and nothing else.

    Namesakes have such addresses alike: an equal one at another provider says no more than the names do. Asked only where it matters:
    of addresses that another one is like.
    """
    found = np.zeros(mails.codes.shape, bool)
    if not len(mails.values) or not fields or fields[0].kind not in ("name", "part"):
        return found
    local = mails.facts["local"]
    alike = np.unique(local, return_inverse=True, return_counts=True)
    asked = (alike[2][alike[1]] > 1) & (mails.facts["number"] == MISSING)
    whole, called = fields[0].kind == "name", fields[0].coded
    for column in range(mails.codes.shape[1]):
        codes = mails.codes[:, column]
        for at in np.flatnonzero((codes >= 0) & asked[np.maximum(codes, 0)]):
            texts = [called.values[c] if c >= 0 else "" for c in called.codes[at]]
            given, surname = names.spelt_parts(texts[0]) if whole else (texts[0], texts[1])
            letters = re.sub("[^a-z]", "", mails.values[codes[at]].partition("@")[0])
            found[at, column] = letters in _mail_names(given.split(), surname.replace(" ", ""))
    return found


def _mail_names(given: Sequence[str], surname: str) -> set[str]:
    """What people of a name call their mailbox, without dots."""
    first, all_given = (given[0] if given else ""), "".join(given)
    initials = "".join(word[0] for word in given)
    made = {a + b for a in (first, all_given, first[:1], initials) for b in (surname, surname[:1])}
    return (made | {surname + a for a in (first, all_given, first[:1], initials)}) - {first[:1], surname[:1]}
