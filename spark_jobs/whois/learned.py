"""What the engine says of two parties: a model learned from the lake's own people in this process, and the pair judged by it, field by field.

The rules decide; the engine is a second opinion beside them. Values are read, compared and forgotten here; what comes out are levels and
weights, and shapes of values unless they were asked for by case.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa

from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.errors import OxpeckerError
from spark_jobs.identity.engine import people as roles
from spark_jobs.identity.engine.blocking import candidates
from spark_jobs.identity.engine.classes import CHANCE, SAME, Model
from spark_jobs.identity.engine.levels import LABELS, compared, unpacked
from spark_jobs.identity.engine.model import scored
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates, contradicted
from spark_jobs.onboarding.masks import masked
from spark_jobs.whois.book import BELIEVED, Book, Row, listed

# A model of so many records is learned in half a minute and knows all it will ever know; of a larger lake it takes whole customers by id,
# which are tokens and so a fair sample.
MOST_RECORDS = 200_000
# Pairs of two customers of which the best is shown.
MOST_PAIRS = 400
_BIT = math.log(2)


@dataclass(frozen=True)
class Weight:
    """One field of the pair. bits: logarithm to base 2 of how much more often one person's two records look so than two strangers'."""

    field: str
    level: str
    bits: float
    a: str
    b: str


@dataclass(frozen=True)
class Weighed:
    """A pair, weighed.

    prior_bits   how rare pairs of one person are among all pairs of the lake
    others_bits  what households, twins and chance that blocking brings about take away beside plain strangers
    bits         the sum of all: logarithm of the odds of one person; probability the same as a share
    classes      probability of each class of pairs
    certificate  same, two, or none (not both have a valid one of a kind): what decides whatever the weights say
    """

    party_a: str
    party_b: str
    weights: tuple[Weight, ...]
    prior_bits: float
    others_bits: float
    bits: float
    probability: float
    classes: tuple[tuple[str, float], ...]
    certificate: str
    records: int
    model: str


def weigh(book: Book, one: Collection[str], other: Collection[str], reveal: bool = False) -> Weighed:
    """The pair of one side's and the other side's records that looks most like one person. reveal: values instead of shapes."""
    parties, people = read(book, {*one, *other})
    place = {party: n for n, party in enumerate(parties)}
    pairs = [
        (place[x], place[y])
        for x, y in product(sorted(one), sorted(other))
        if x != y and x in place and y in place
    ][:MOST_PAIRS]
    if not pairs:
        raise OxpeckerError("there are no two records of persons to weigh")
    fields = standardised(people)
    by_rule = rules(fields)
    model = scored(fields, by_rule, candidates(by_rule, len(people)), len(people)).model
    left, right = (np.array(side, np.int32) for side in zip(*pairs, strict=True))
    levels = unpacked(compared(fields, left, right), len(fields))
    odds = model.log_odds(levels)
    best = int(np.argmax(odds))
    a, b = pairs[best]
    prior, told = _told(model, fields, levels[best])
    show = _shown(fields, reveal)
    total = float(odds[best])
    return Weighed(
        parties[a], parties[b],
        tuple(Weight(f.name, _words(label), bits, show(f, a), show(f, b)) for f, (label, bits) in zip(fields, told, strict=True)),
        prior, total / _BIT - prior - sum(bits for _, bits in told), total / _BIT, _share(total),
        tuple(zip(_classes(model), map(float, model.posteriors(levels[best : best + 1])[0]), strict=True)),
        _certificate(fields, a, b, len(people)), len(people), _version(model, len(people)),
    )  # fmt: skip


def _version(model: Model, records: int) -> str:
    """The same people give the same version."""
    content = np.round(model.log, 6).tobytes() + np.round(model.sizes, 3).tobytes()
    return f"model {hashlib.sha256(content).hexdigest()[:10]}, learned from {records:,} records"


def _told(model: Model, fields: Sequence[Field], levels: np.ndarray) -> tuple[float, list[tuple[str, float]]]:
    """Bits of the prior, then label and bits of each field."""
    prior = math.log(model.sizes[SAME] / model.sizes[1:].sum()) / _BIT
    told = [
        (LABELS[field.kind][level], float(model.log[SAME, f, level] - model.log[CHANCE, f, level]) / _BIT)
        for f, (field, level) in enumerate(zip(fields, levels, strict=True))
    ]
    return prior, told


def _words(label: str) -> str:
    return {"else": "altogether different", "missing": "not known of both"}.get(label, label)


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, log_odds))))


def _classes(model: Model) -> list[str]:
    chance = [
        f"met by chance through {' + '.join(model.names[f] for f in fields)}" for fields in model.by_rule
    ]
    return ["one person", "one household", "strangers", *chance, *(["twins"] if model.twins else [])]


def _certificate(fields: Sequence[Field], a: int, b: int, count: int) -> str:
    numbers = certificates(fields, count)
    both = (numbers[a] >= 0) & (numbers[b] >= 0)
    if (both & (numbers[a] != numbers[b])).any():
        return "two"
    if not (both & (numbers[a] == numbers[b])).any():
        return "none"
    against = contradicted(fields, np.array([a], np.int32), np.array([b], np.int32))
    return "same, but name and birth date contradict" if against[0] else "same"


def _shown(fields: Sequence[Field], reveal: bool) -> Callable[[Field, int], str]:
    """A record's values of a field, as shapes unless they may be seen."""

    def shown(field: Field, record: int) -> str:
        own = {"given": [0], "surname": [1]}.get(field.name, range(field.coded.codes.shape[1]))
        codes = [int(field.coded.codes[record, c]) for c in own]
        texts = [str(field.coded.values[code]) for code in codes if code >= 0]
        return " · ".join(text if reveal else masked(text, PrivacyClass.IDENTIFYING) for text in texts)

    return shown


def read(book: Book, wanted: Collection[str]) -> tuple[list[str], People]:
    """Persons of the lake on its last day as the engine takes them, by party id; those `wanted` are among them.

    Of a wanted record that its source has no more (a system's own merge ends the other number) all that was said of it counts, the newest name first.
    """
    begun = f"{BELIEVED} and valid_from <= date '{book.day}'"
    day = f"{begun} and date '{book.day}' < valid_to"
    there = f"{begun} and (date '{book.day}' < valid_to or party_id in (select party_id from ended))"
    strong, documents = (
        listed(book.rules[what] if what == "strong_id_kinds" else book.rules["rules"][what]["id_kinds"])
        for what in ("strong_id_kinds", "same_document")
    )
    of_mine = "party_id in (select party_id from mine)"
    rows = book.ask(
        f"with mine as (select party_id from (select party_id, customer_id from identity.party_customer where {day} order by customer_id, "
        f"party_id limit {MOST_RECORDS}) union select party_id from identity.party_customer where party_id in {listed(wanted)}), "
        f"ended as (select party_id from identity.party_customer where party_id in {listed(wanted)} except select party_id from silver.party_hist where {day}), "
        "said as (select party_id, arg_max(coalesce(name, name_latin), valid_from) as name, arg_max(case when birth_date_quality_code in "
        "('declared', 'agrees') then strftime(birth_date, '%Y-%m-%d') end, valid_from) as birth, arg_max(sex_code, valid_from) as sex from silver.party_hist "
        f"where {there} and {of_mine} and party_kind_code = 'person' group by 1), numbers as (select party_id, "
        f"list_sort(list(distinct id_value_norm) filter (id_kind_code in {strong} and checksum_state_code = 'valid')) as ids, "
        f"list_sort(list(distinct id_value_norm) filter (id_kind_code in {documents})) as documents, "
        "min(id_token) filter (id_kind_code = 'cust_no_core') as core, min(id_token) filter (id_kind_code = 'ecif_no') as ecif "
        f"from silver.party_identifier where {there} and {of_mine} group by 1), called as (select party_id, "
        "list_sort(list(distinct contact_norm) filter (contact_kind_code in ('mobile', 'ani') and not coalesce(is_placeholder, false))) as phones, "
        f"min(contact_norm) filter (contact_kind_code = 'email') as mail from silver.party_contact where {there} and {of_mine} group by 1) "
        "select party_id, name, birth, sex, ids, documents, core, ecif, phones, mail from mine join said using (party_id) "
        "left join numbers using (party_id) left join called using (party_id) order by party_id"
    )
    columns = {
        roles.FULL_NAME: _one(rows, "name"), roles.BIRTH_DATE: _one(rows, "birth"), roles.NATIONAL_ID: _several(rows, "ids", 2), roles.OTHER_ID: _several(rows, "documents", 2),
        roles.PHONE: _several(rows, "phones", 3), roles.E_MAIL: _one(rows, "mail"), roles.SEX: _one(rows, "sex"), roles.OTHER: [*_one(rows, "core"), *_one(rows, "ecif")],
    }  # fmt: skip
    parties = [r["party_id"] for r in rows]
    return parties, People(columns, _text(["lake"] * len(rows)), _text(parties), book.rules["phone_region"])


def _text(told: Sequence[str | None]) -> pa.Array:
    return pa.array(told, pa.string())


def _one(rows: Sequence[Row], column: str) -> list[pa.Array]:
    return [_text([row[column] for row in rows])]


def _several(rows: Sequence[Row], column: str, most: int) -> list[pa.Array]:
    """The first so many values of a list, a column each."""
    told = [row[column] or [] for row in rows]
    return [_text([values[n] if len(values) > n else None for values in told]) for n in range(most)]
