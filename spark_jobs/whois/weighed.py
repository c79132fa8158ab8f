"""What the bank's frozen model says of two parties: the pair as the identity job compares it, weighed field by field.

Named rules decide before it; where they are silent, this is why the model ties, doubts or parts. Values are read, compared and forgotten
here; what comes out are levels and weights, and shapes of values unless they were asked for by case.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.errors import OxpeckerError
from spark_jobs.identity import bank_model
from spark_jobs.identity import versions as record_versions
from spark_jobs.identity.bank_model import BankModel
from spark_jobs.identity.crowd import steps
from spark_jobs.identity.engine.classes import CHANCE, SAME, Model
from spark_jobs.identity.engine.levels import compared, unpacked
from spark_jobs.identity.engine.scale import LABELS
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates, contradicted
from spark_jobs.identity.modelled import unsafe
from spark_jobs.identity.reading import numbered
from spark_jobs.identity.versions import Versions
from spark_jobs.onboarding.masks import masked
from spark_jobs.whois.book import BELIEVED, Book, listed
from spark_jobs.whois.person import CustomerTold

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

    prior_bits   how rare pairs of one person are among all pairs of the bank that the model was learned from
    others_bits  what households, twins and chance that blocking brings about take away beside plain strangers
    bits         the sum of all: logarithm of the odds of one person; probability the same as a share
    classes      probability of each class of pairs
    certificate  same, two, or none (not both have a valid one of a kind): what decides whatever the weights say
    held_back    steward, two_people, or nothing: what likeness alone never ties (`modelled.unsafe`), whatever its probability
    model        version of the model that weighed; judged_by: of the one that judged the release, None where rules judged it alone
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
    held_back: str
    model: str
    judged_by: str | None


def weigh(
    book: Book, one: Collection[str], other: Collection[str], day: date, reveal: bool = False
) -> Weighed:
    """The pair of one side's and the other side's records that looks most like one person. reveal: values instead of shapes.

    Errors: `SettingsError` where no model of this bank opens, `OxpeckerError` where no two records said enough by the day.
    """
    scale = Scale(book, {*one, *other}, day, reveal)
    pairs = [(x, y) for x, y in product(sorted(one), sorted(other)) if x != y and scale.knows(x, y)]
    if not pairs:
        raise OxpeckerError("there are no two records of persons to weigh")
    return max((scale.weighed(x, y) for x, y in pairs[:MOST_PAIRS]), key=lambda told: told.bits)


def ties(book: Book, told: CustomerTold, day: date) -> list[tuple[str, Weighed]]:
    """The strongest tie of each record of a customer, once each, with the rule that made it; records that say too little are left out."""
    found = {
        (min(r.party_id, r.tied_to), max(r.party_id, r.tied_to)): r.tie or ""
        for r in told.records
        if r.tied_to
    }
    scale = Scale(book, {party for pair in found for party in pair}, day)
    return [(rule, scale.weighed(*pair)) for pair, rule in found.items() if scale.knows(*pair)]


class Scale:
    """The bank's model, and what some parties said on a day, as believed now and as the identity job reads it."""

    def __init__(self, book: Book, parties: Collection[str], day: date, reveal: bool = False) -> None:
        self.book, self.day, self.reveal = book, day, reveal
        self.model: BankModel = bank_model.opened(book.settings)
        said = _said(book, parties)
        self._fields = standardised(said.people, self.model.frozen.form) if len(said.people) else []
        self._own = certificates(self._fields, len(said.people))
        asked = (day - date(1970, 1, 1)).days
        stands = np.flatnonzero((said.since <= asked) & (asked < said.until))
        self._place: Mapping[str, int] = {said.parties[said.party[at]]: int(at) for at in stands}

    def knows(self, *parties: str) -> bool:
        """Whether each of them had a name and something beside it on the day."""
        return all(party in self._place for party in parties)

    def weighed(self, one: str, other: str) -> Weighed:
        """The pair, weighed."""
        a, b = self._place[one], self._place[other]
        model = self._model
        left, right = np.array([a], np.int32), np.array([b], np.int32)
        pattern = compared(self._fields, left, right)
        levels = unpacked(pattern, len(self._fields))
        total = float(model.log_odds(levels)[0])
        prior, told = _told(model, self._fields, levels[0])
        to_steward, two = unsafe(
            self._fields, numbered(self._fields), left.astype(np.int64), right.astype(np.int64), pattern
        )
        show = _shown(self._fields, self.reveal)
        return Weighed(
            one, other,
            tuple(Weight(f.name, _words(label), bits, show(f, a), show(f, b)) for f, (label, bits) in zip(self._fields, told, strict=True)),
            prior, total / _BIT - prior - sum(bits for _, bits in told), total / _BIT, _share(total),
            tuple(zip(_classes(model), map(float, model.posteriors(levels)[0]), strict=True)), self._certificate(a, b),
            "two_people" if two[0] else "steward" if to_steward[0] else "", self.model.version, self._judged_by,
        )  # fmt: skip

    @cached_property
    def _model(self) -> Model:
        """The bank's model among as many people as the bank knew on the day, where the identity job counted them."""
        counted = self.book.ask(
            f"""select record_cnt from identity.model_watch where compared_with_code = 'model' and business_date <= date '{self.day}'
                order by business_date desc limit 1"""
        )
        records = np.array([row["record_cnt"] for row in counted], np.int64)
        doublings = steps(records, self.model.frozen.seen)
        return self.model.frozen.model.among(2.0 ** float(doublings.sum()))

    @cached_property
    def _judged_by(self) -> str | None:
        """`rules-3+model-ab12` → `model-ab12`; every row of identity.pair_score says it."""
        rows = self.book.ask("select max(model_version) as v from identity.pair_score")
        _, plus, version = (rows[0]["v"] or "").partition("+")
        return version if plus else None

    def _certificate(self, a: int, b: int) -> str:
        one, other = self._own[a], self._own[b]
        both = (one >= 0) & (other >= 0)
        if (both & (one != other)).any():
            return "two"
        if not (both & (one == other)).any():
            return "none"
        against = contradicted(self._fields, np.array([a], np.int32), np.array([b], np.int32))
        return "same, but name and birth date contradict" if against[0] else "same"


def _said(book: Book, parties: Collection[str]) -> Versions:
    """Record versions of parties. Of one that its source has no more (a system's own merge ends the other number) what it said last counts."""

    told = f"{BELIEVED} and valid_from <= date '{book.day}'"
    shared = f"""select b.party_id from silver.party_identifier a join silver.party_identifier b using (id_kind_code, id_value_norm)
        where a.party_id in {listed(parties)}"""
    # A record without a name may speak for one of them under that one's number.
    asked = f"(party_id in {listed(parties)} or party_id in ({shared}))"

    def of(table: str, columns: Sequence[str]) -> pa.Table:
        rows: list[dict[str, Any]] = book.ask(
            f"select {', '.join(columns)} from {table} where {told} and {asked}"
        )
        return pa.table({c: pa.array([row[c] for row in rows]) for c in columns})

    people, numbers, contacts = (of(table, columns) for table, columns in record_versions.TABLES.items())
    return record_versions.versions(people, numbers, contacts, book.rules)


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


def _shown(fields: Sequence[Field], reveal: bool) -> Callable[[Field, int], str]:
    """A record's values of a field, as shapes unless they may be seen."""

    def shown(field: Field, record: int) -> str:
        own = {"given": [0], "surname": [1]}.get(field.name, range(field.coded.codes.shape[1]))
        codes = [int(field.coded.codes[record, c]) for c in own]
        texts = [str(field.coded.values[code]) for code in codes if code >= 0]
        return " · ".join(text if reveal else masked(text, PrivacyClass.IDENTIFYING) for text in texts)

    return shown
