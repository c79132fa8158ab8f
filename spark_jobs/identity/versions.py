"""What each party said of itself, and from when to when: record versions, as the engine takes people. No Spark.

Columns of the three tables that are read, all current belief: silver.party_hist (`PARTY`), silver.party_identifier (`NUMBER`) and
silver.party_contact (`CONTACT`). Only values that name or describe a person count; numbers of other systems are the named rules' concern,
except that a record without a name (a call under a customer number) speaks for the person whose number it gives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spark_jobs.identity.engine import people as roles
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.resolution import taken
from spark_jobs.identity.timeline import OPEN

PARTY = (
    "party_id", "source_code", "party_kind_code", "name", "name_latin", "name_quality_code", "birth_date", "birth_date_quality_code", "sex_code", "valid_from",
    "valid_to",
)  # fmt: skip
NUMBER = ("party_id", "id_kind_code", "id_value_norm", "id_class_code", "valid_from", "valid_to")
CONTACT = ("party_id", "contact_kind_code", "contact_norm", "is_placeholder", "valid_from", "valid_to")
TABLES = {"silver.party_hist": PARTY, "silver.party_identifier": NUMBER, "silver.party_contact": CONTACT}
Days = npt.NDArray[np.int32]
# How many values of a kind a version has at most, a column each.
_MOST = {roles.FULL_NAME: 2, roles.BIRTH_DATE: 1, roles.SEX: 1, roles.NATIONAL_ID: 2, roles.OTHER_ID: 2, roles.PHONE: 3, roles.E_MAIL: 1}  # fmt: skip
_CONTACTS = {"mobile": roles.PHONE, "ani": roles.PHONE, "email": roles.E_MAIL}
# As identity/features.py, which opens Spark.
_GOOD_BIRTH = ("declared", "agrees")
_STRONG = "strong"
# A name alone says too little, and a sex beside it hardly more.
_TELLING = frozenset(_MOST) - {roles.FULL_NAME, roles.SEX}
Said = dict[str, tuple[str, ...]]


class Fact(NamedTuple):
    """One value of one role, on [since, until). is_lent: a record that speaks for the party said it, not the party's own."""

    role: str
    value: str
    since: date
    until: date
    is_lent: bool = False


@dataclass(frozen=True)
class Spans:
    """Record versions without what they say, by party and then by day. Parties that never had a name and something beside it have none.

    parties  their ids, sorted; party: place of each version's party
    since, until  days on which the version is what the party says, as days since 1970, the end excluded
    """

    parties: Sequence[str]
    party: npt.NDArray[np.int32]
    since: Days
    until: Days


@dataclass(frozen=True)
class Versions(Spans):
    """Record versions; people: a record per version."""

    people: People


def versions(parties: pa.Table, numbers: pa.Table, contacts: pa.Table, rules: Mapping[str, Any]) -> Versions:
    """Versions of natural persons; a new one begins on each day on which something that is compared changed.

    rules  conf/rules/identity.yml. A record that its source no longer has goes on saying what it said last: who has left stays who he was.
    Certificates whose check fails count (a slip is near what was meant); placeholders (which the engine knows by their shape) and kinds that others lend
    (a parent's number) do not. Phones of records that speak for somebody (`_spoken_for`) count as that person's, behind the own ones.
    """
    facts: dict[str, list[Fact]] = defaultdict(list)
    there: dict[str, list[tuple[date, date]]] = defaultdict(list)
    persons = [row for row in _rows(parties, PARTY) if row["party_kind_code"] == "person"]
    for row in persons:
        there[row["party_id"]].append((row["valid_from"], row["valid_to"]))
        facts[row["party_id"]] += _of_party(row, rules["placeholder_birth_dates"])
    strong, documents = rules["strong_id_kinds"], _documents(rules)
    told = _rows(numbers, NUMBER)
    for row in told:
        kind = row["id_kind_code"]
        role = roles.NATIONAL_ID if kind in strong else roles.OTHER_ID if kind in documents else None
        if role and row["id_value_norm"] and row["party_id"] in there:
            facts[row["party_id"]].append(
                Fact(role, row["id_value_norm"], row["valid_from"], row["valid_to"])
            )
    spoken_for = _spoken_for(persons, told, rules)
    for row in _rows(contacts, CONTACT):
        role, party = _CONTACTS.get(row["contact_kind_code"]), row["party_id"]
        if role and row["contact_norm"] and not row["is_placeholder"] and party in there:
            facts[party].append(Fact(role, row["contact_norm"], row["valid_from"], row["valid_to"]))
            for owner, since, until in spoken_for.get(party, ()):
                first, end = max(since, row["valid_from"]), min(until, row["valid_to"])
                facts[owner].append(Fact(role, row["contact_norm"], first, end, is_lent=True))
    ids = sorted(there)
    return _arranged(ids, [_spans(facts[p], there[p]) for p in ids], rules["phone_region"])


def latest(all_versions: Versions) -> People:
    """What each party said last: one record per party."""
    last = np.r_[all_versions.party[1:] != all_versions.party[:-1], True][: len(all_versions.party)]
    return taken(all_versions.people, np.flatnonzero(last))


def only(some: Versions, parties: Collection[str]) -> Versions:
    """The versions of these parties alone."""
    kept = [n for n, party in enumerate(some.parties) if party in parties]
    place = np.full(len(some.parties), -1, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    at = np.flatnonzero(place[some.party] >= 0)
    return Versions(
        [some.parties[n] for n in kept], place[some.party[at]], some.since[at], some.until[at], taken(some.people, at)
    )  # fmt: skip


def joined(one: Versions, other: Versions) -> Versions:
    """Versions of two sets of parties, the one behind the other: nobody is in both, and parties are not in order."""
    columns = {
        role: [pa.concat_arrays([a, b]) for a, b in zip(own, other.people.columns[role], strict=True)]
        for role, own in one.people.columns.items()
    }
    sources, keys = (
        pa.concat_arrays([getattr(each.people, name) for each in (one, other)])
        for name in ("sources", "keys")
    )
    people = People(columns, sources, keys, one.people.region)
    party = np.concatenate([one.party, other.party + np.int32(len(one.parties))])
    since, until = (np.concatenate([getattr(each, name) for each in (one, other)]) for name in ("since", "until"))  # fmt: skip
    return Versions([*one.parties, *other.parties], party, since, until, people)


def _spoken_for(
    persons: Sequence[Mapping[str, Any]], numbers: Sequence[Mapping[str, Any]], rules: Mapping[str, Any]
) -> Mapping[str, Sequence[tuple[str, date, date]]]:
    """Records that give a person's number in another system: party → (whose number it is, since, until).

    Only numbers by which a rule joins without looking at names; and only until a record has a name, from when on it speaks for itself.
    """
    owned_by = lenders(rules)
    source = {row["party_id"]: row["source_code"] for row in persons}
    named: dict[str, date] = {}
    for row in persons:
        if row["name"] or row["name_latin"]:
            named[row["party_id"]] = min(row["valid_from"], named.get(row["party_id"], OPEN))
    given = [
        row for row in numbers if row["id_kind_code"] in owned_by and row["id_value_norm"] and row["party_id"] in source
    ]  # fmt: skip
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in given:
        if source[row["party_id"]] == owned_by[row["id_kind_code"]]:
            owners[row["id_kind_code"], row["id_value_norm"]].add(row["party_id"])
    found: dict[str, list[tuple[str, date, date]]] = defaultdict(list)
    for row in given:
        party, since, until = row["party_id"], row["valid_from"], named.get(row["party_id"], OPEN)
        if row["id_class_code"] == _STRONG and since < until:
            of = owners.get((row["id_kind_code"], row["id_value_norm"]), set()) - {party}
            found[party] += [(owner, since, until) for owner in sorted(of)]
    return found


def lenders(rules: Mapping[str, Any]) -> Mapping[str, str]:
    """Kinds of numbers by which a rule joins without looking at names → the system that owns them."""
    return {
        kind: rule["owner"] for rule in rules["rules"].values()
        if rule["key"] == "reference" and _STRONG in rule["id_classes"] for kind in rule["id_kinds"]
    }  # fmt: skip


def _documents(rules: Mapping[str, Any]) -> set[str]:
    """Kinds of certificates by which some rule joins, beside those that name one person."""
    kinds = (kind for rule in rules["rules"].values() if rule["key"] == "certificate" for kind in rule["id_kinds"])  # fmt: skip
    return set(kinds) - set(rules["strong_id_kinds"])


def _rows(table: pa.Table, columns: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.select(list(columns)).to_pylist()
    return rows


def _of_party(row: Mapping[str, Any], placeholders: Collection[object]) -> Iterable[Fact]:
    since, until = row["valid_from"], row["valid_to"]
    for name in dict.fromkeys((row["name"], row["name_latin"])):
        if name:
            # A character that was lost stands for anything, as one that is hidden does.
            clear = name.replace("?", "*").replace("\ufffd", "*") if row["name_quality_code"] == "damaged" else name  # fmt: skip
            yield Fact(roles.FULL_NAME, clear, since, until)
    born = row["birth_date"]
    if born is not None and str(born) not in {str(day) for day in placeholders}:
        if row["birth_date_quality_code"] in _GOOD_BIRTH:
            yield Fact(roles.BIRTH_DATE, str(born), since, until)
        elif row["birth_date_quality_code"] == "month_only":
            yield Fact(roles.BIRTH_DATE, str(born)[:7], since, until)
    if row["sex_code"] in ("M", "F"):
        yield Fact(roles.SEX, row["sex_code"], since, until)


def _spans(facts: Sequence[Fact], there: Sequence[tuple[date, date]]) -> list[tuple[date, date, Said]]:
    """What was said from when to when, while the source had the record; consecutive days that say the same are one span."""
    days = sorted({d for since, until in there for d in (since, until)} | {d for f in facts for d in (f.since, f.until)})  # fmt: skip
    found: list[tuple[date, Said]] = []
    for day in days:
        if day >= OPEN or not any(since <= day < until for since, until in there):
            continue
        by_role: dict[str, dict[str, bool]] = defaultdict(dict)
        for fact in facts:
            if fact.since <= day < fact.until:
                by_role[fact.role][fact.value] = fact.is_lent and by_role[fact.role].get(fact.value, True)
        # A person's names keep their order, the clear one before the Latin; of numbers the own ones count first, and of these the smallest,
        # whatever order they came in.
        said = {
            role: tuple(lent if role == roles.FULL_NAME else sorted(lent, key=lambda v: (lent[v], v)))[: _MOST[role]]
            for role, lent in sorted(by_role.items())
        }  # fmt: skip
        if not found or found[-1][1] != said:
            found.append((day, said))
    ends = [day for day, _ in found[1:]] + [OPEN]
    told = ((day, end, said) for (day, said), end in zip(found, ends, strict=True))
    return [(day, end, said) for day, end, said in told if roles.FULL_NAME in said and _TELLING & said.keys()]


def _arranged(
    ids: Sequence[str], spans: Sequence[Sequence[tuple[date, date, Said]]], region: str
) -> Versions:
    flat = [(p, since, until, said) for p, own in enumerate(spans) for since, until, said in own]
    columns = {
        role: [pa.array([_nth(said, role, n) for *_, said in flat], pa.string()) for n in range(most)]
        for role, most in _MOST.items()
    }
    keys = pa.array([f"{ids[p]}@{since}" for p, since, *_ in flat], pa.string())
    people = People(columns, pa.array(["lake"] * len(flat), pa.string()), keys, region)
    days = np.array([(s, u) for _, s, u, _ in flat], "datetime64[D]").reshape(-1, 2).astype(np.int32)
    return Versions(ids, np.array([p for p, *_ in flat], np.int32), days[:, 0], days[:, 1], people)


def _nth(said: Said, role: str, n: int) -> str | None:
    values = said.get(role, ())
    return values[n] if n < len(values) else None
