"""Record versions as a frozen model reads them: under which keys they stand, and what only one person has. Hashes, nobody's values. NumPy.

This is all that who meets whom, and what is said of a pair once it was compared, depends on; so it is what a run keeps of a version
(memory.py). The values themselves are needed only to compare two versions that were not compared before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine.batch import compared
from spark_jobs.identity.engine.blocking import Rule
from spark_jobs.identity.engine.coded import MISSING, hashed
from spark_jobs.identity.engine.form import Shape
from spark_jobs.identity.engine.frozen import Frozen
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import Field, standardised
from spark_jobs.identity.engine.strong_keys import certificates
from spark_jobs.identity.versions import Spans, Versions

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Two versions each → how their fields compare, four bits a field, and whether they share a certificate that name and birth date contradict.
Compare = Callable[[Places, Places], tuple[Places, Flags]]
_SEPARATOR, _NOTHING = "\x1f", "\x1e"


@dataclass(frozen=True)
class Standing:
    """Who stands under the keys of one rule: an entry per version and key column, in no order. members: places of versions."""

    keys: Places
    members: npt.NDArray[np.int32]


@dataclass(frozen=True)
class Reading(Spans):
    """Record versions without their values.

    said     hash of all that a version says: of one party, equal means that it says the same
    rules    names of the blocking rules; standing: the versions under the keys of each
    own      versions × kinds: hash of the valid certificate of each kind, MISSING where there is none
    has      versions × fields of numbers: whether the version has one at all
    born     hash of the whole birth date, MISSING where it is unknown or in part
    fields   the fields that are compared, in the order in which a pattern packs them
    """

    said: Places
    rules: Sequence[str]
    standing: Sequence[Standing]
    own: Places
    has: Flags
    born: Places
    fields: Sequence[Shape]


def read(versions: Versions, model: Frozen) -> tuple[Reading, Compare]:
    """The versions as the model reads them, and what compares any two of them."""
    fields = standardised(versions.people, model.form)
    by_rule = rules(fields)
    own = certificates(fields, len(versions.people))
    reading = Reading(
        versions.parties, versions.party, versions.since, versions.until, _said(versions.people, model.form.key),
        [rule.name for rule in by_rule], [_standing(rule) for rule in by_rule], own, numbered(fields), _born(fields),
        [Shape(f.name, f.kind, f.is_shared) for f in fields],
    )  # fmt: skip

    return reading, partial(compared, fields, own)


def _said(people: People, key: str) -> Places:
    columns = [pc.fill_null(column, _NOTHING) for several in people.columns.values() for column in several]
    whole = pc.binary_join_element_wise(*columns, _SEPARATOR)
    found: Places = hashed(pa.array(whole, pa.string()).to_pylist(), key)
    return found


def _standing(rule: Rule) -> Standing:
    at = [np.flatnonzero(keys != MISSING) for keys in rule.keys]
    keys = [keys[places] for keys, places in zip(rule.keys, at, strict=True)]
    return Standing(np.concatenate(keys).astype(np.int64), np.concatenate(at).astype(np.int32))


def numbered(fields: Sequence[Field]) -> Flags:
    """Records × fields of numbers: whether a record has a number of the kind."""
    found = [(f.coded.codes != MISSING).any(axis=1) for f in fields if f.kind == "number"]
    return np.stack(found, axis=1) if found else np.zeros((len(fields[0].coded.codes), 0), bool)


def _born(fields: Sequence[Field]) -> Places:
    for field in fields:
        if field.kind == "date":
            whole = np.array([not value.endswith("00") for value in field.coded.values], bool)
            code = field.coded.first.astype(np.int64)
            known = (code != MISSING) & (whole[np.maximum(code, 0)] if len(whole) else False)
            field.coded.hashes()
            return np.where(known, field.coded.fact("value"), MISSING).astype(np.int64)
    return np.full(len(fields[0].coded.codes), MISSING, np.int64)
