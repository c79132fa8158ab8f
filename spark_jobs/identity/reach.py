"""Whom a change reaches by a key that two parties share. Plain Arrow and NumPy, no Spark.

Rules let two parties meet by a number or a phone that both have (evidence.py). What is said of a pair follows from what is known of both, from the names
under which their keys are known, and, where a rule may tie a record to one person only, from whom else it fits. So a party of which something
else is said than before reaches those who have a key of its own, before or now; whoever shares no key with any of them keeps what was said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.compared import Prints
from spark_jobs.identity.together import KEYS

Places = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
# Pairs as rules judged them, `evidence.described`.
HELD = pa.schema([
    ("party_id_a", pa.string()), ("party_id_b", pa.string()), ("rule_code", pa.string()), ("effective_from", pa.date32()), ("effective_to", pa.date32()),
    ("is_contradiction", pa.bool_()), ("is_ambiguous", pa.bool_()), ("source_a", pa.string()), ("source_b", pa.string()), ("evidence_text", pa.string()),
    ("pattern_code", pa.int64()),
])  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """Which party has which key, each pair once. parties: ids, sorted; party: places among them; key: hashes."""

    parties: Sequence[str]
    party: Places
    key: Hashes

    def at(self, parties: Collection[str]) -> Flags:
        """Which of the parties are these."""
        wanted = parties if isinstance(parties, (set, frozenset)) else set(parties)
        return np.fromiter((p in wanted for p in self.parties), bool, len(self.parties))

    def named(self, flags: Flags) -> frozenset[str]:
        """Ids of the parties at which a flag is."""
        return frozenset(self.parties[n] for n in np.flatnonzero(flags).tolist())

    def of(self, flags: Flags) -> Hashes:
        """Keys that one of these parties has."""
        return np.unique(self.key[flags[self.party]])

    def holders(self, keys: Hashes) -> Flags:
        """Parties that have one of these keys."""
        found = np.zeros(len(self.parties), bool)
        found[self.party[np.isin(self.key, keys)]] = True
        return found


@dataclass(frozen=True)
class Ruled:
    """What a run read and what the rules said of it, for the next one.

    prints  of all that silver says of each party
    keys    by which rules let two meet; used: all numbers that are counted
    begin   day from which the bank's own records count (`Silver.seen`)
    held    pairs as `evidence.described` gives them, the columns `HELD`
    """

    prints: Prints
    keys: Keys
    used: Keys
    begin: date | None
    held: pa.Table


@dataclass(frozen=True)
class Reach:
    """parties: of whose pairs something else may be said than before, those who are no more among them; needed: whose rows tell all of those pairs."""

    parties: frozenset[str]
    needed: frozenset[str]


def reached(now: Keys, before: Keys, changed: Iterable[str], gone: Iterable[str]) -> Reach:
    """Whom a change reaches.

    changed  parties of which something else is said, new ones among them; gone: those of which nothing is said any more
    To judge a pair it takes whoever shares a key with either side; to judge whether such a one fits two people, whoever shares a key with him.
    """
    changed, gone = set(changed), set(gone)
    is_changed = now.at(changed)
    keys = np.union1d(before.of(before.at(changed | gone)), now.of(is_changed))
    anew = is_changed | now.holders(keys)
    near = anew | now.holders(now.of(anew))
    needed = near | now.holders(now.of(near))
    return Reach(now.named(anew) | gone, now.named(needed))


@dataclass(frozen=True)
class Recounted:
    """Numbers that are counted anew. keys: hashes; holders: parties that have one now; vanished: those that nobody has any more."""

    keys: Hashes
    holders: frozenset[str]
    vanished: Hashes


def recounted(now: Keys, before: Keys, parties: Collection[str]) -> Recounted:
    """Numbers of which some of these parties are, or were, among those who have them."""
    keys = np.union1d(now.of(now.at(parties)), before.of(before.at(parties)))
    return Recounted(keys, now.named(now.holders(keys)), np.setdiff1d(keys, now.key))


def touching(held: pa.Table, parties: Collection[str]) -> pa.ChunkedArray:
    """Of each pair whether a side is one of these parties."""
    some = pa.array(sorted(parties), pa.string())
    one, other = (pc.is_in(held[f"party_id_{side}"], value_set=some) for side in "ab")
    return pc.or_(one, other)


# --- the keys of silver ---------------------------------------------------------------------------------------------


def meeting_keys(ids: pa.Array, parties: pa.Table, numbers: pa.Table, contacts: pa.Table, rules: Mapping[str, Any]) -> Keys:  # fmt: skip
    """Keys by which `evidence.candidates` lets two parties meet, and some by which it does not: one too many reaches one too many, no more.

    ids  of all parties, sorted; parties, numbers, contacts: columns of `prints.PARTIES`, `NUMBERS`, `CONTACTS`; rules: conf/rules/identity.yml
    """
    named = [rule for rule in rules["rules"].values() if rule["key"] in ("certificate", "reference")]
    kinds, classes = (
        sorted({x for rule in named for x in rule[what]}) for what in ("id_kinds", "id_classes")
    )
    owners = sorted({rule["owner"] for rule in named if "owner" in rule})
    trusted = pc.and_(_is_in(numbers["id_class_code"], classes), pc.not_equal(numbers["checksum_state_code"], "invalid"))  # fmt: skip
    own = _is_in(numbers["source_code"], owners)
    # What is not known is no key, but reaches nobody who should not be.
    some = pc.and_(
        _is_in(numbers["id_kind_code"], kinds), pc.or_(pc.fill_null(trusted, fill_value=True), own)
    )
    numbered = numbers.filter(some)
    called = contacts.filter(pc.and_(_is_in(contacts["contact_kind_code"], ["mobile", "ani"]), pc.is_valid(contacts["contact_norm"])))  # fmt: skip
    called = called.filter(pc.invert(pc.fill_null(called["is_placeholder"], fill_value=False)))
    return _keys(ids, [
        ("n", numbered["party_id"], numbered["id_token"]),
        ("p", called["party_id"], called["contact_token"]),
        ("m", *_masked_in_a_month(parties, numbers, called)),
    ])  # fmt: skip


def _masked_in_a_month(
    parties: pa.Table, numbers: pa.Table, called: pa.Table
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """What a mask may show of a phone, and a month of birth: party and both as a text. Of any phone, since what is masked is told later."""
    national = pc.replace_substring_regex(called["contact_norm"], r"^\+86", "")
    shown = pc.binary_join_element_wise(pc.utf8_slice_codeunits(national, 0, 3), pc.utf8_slice_codeunits(national, -4), "*")  # fmt: skip
    phones = _each(pa.table({"party": called["party_id"], "shown": shown}))
    births = [(table["party_id"], table[name]) for table, name in ((parties, "birth_date"), (numbers, "id_birth_date"))]  # fmt: skip
    months = [
        pa.table({"party": party, "month": pc.strftime(born.cast(pa.timestamp("s")), format="%Y-%m")})
        for party, born in births
    ]
    known = pa.concat_tables(months).drop_null()
    both = phones.join(_each(known), "party", join_type="inner", use_threads=False)
    return both["party"], pc.binary_join_element_wise(both["shown"], both["month"], "|")


def _each(rows: pa.Table) -> pa.Table:
    """Each row once."""
    return rows.group_by(rows.column_names, use_threads=False).aggregate([])


def used_keys(ids: pa.Array, numbers: pa.Table, contacts: pa.Table) -> Keys:
    """Numbers that `registers.assemble_identifiers` counts, by kind and token; ids, numbers, contacts: as in `meeting_keys`."""
    called = _phones(contacts)
    return _keys(ids, [
        ("", numbers["party_id"], _of_number(numbers["id_kind_code"], numbers["id_token"])),
        ("", called["party_id"], _of_number(pa.scalar("phone"), called["contact_token"])),
    ])  # fmt: skip


def numbers_of(keys: Hashes, kinds: pa.ChunkedArray, tokens: pa.ChunkedArray) -> pa.Table:
    """Which of these numbers, of kind and token, have one of the keys: id_kind_code, id_token, each once."""
    texts = _of_number(kinds, tokens)
    some = pa.array(np.isin(text_hashes(pc.binary_join_element_wise("", texts, ""), KEYS[0]), keys))
    return _each(pa.table({"id_kind_code": kinds.filter(some), "id_token": tokens.filter(some)}))


def used_numbers(keys: Hashes, numbers: pa.Table, contacts: pa.Table) -> pa.Table:
    """The numbers of these rows that have one of the keys, as `numbers_of`."""
    called = _phones(contacts)
    kinds = pa.chunked_array([pa.array(["phone"] * called.num_rows, pa.string())])
    return numbers_of(
        keys,
        pa.chunked_array([*numbers["id_kind_code"].chunks, *kinds.chunks], pa.string()),
        pa.chunked_array([*numbers["id_token"].chunks, *called["contact_token"].chunks], pa.string()),
    )


def _phones(contacts: pa.Table) -> pa.Table:
    some = contacts.filter(_is_in(contacts["contact_kind_code"], ["mobile", "landline", "ani"]))
    return some.filter(pc.is_valid(some["contact_token"]))


def _of_number(kind: Any, token: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(kind, token, ":")


def text_hashes(texts: pa.ChunkedArray, key: str) -> Hashes:
    """A hash of each value as a text; of one that is missing, too."""
    coded = texts.combine_chunks().cast(pa.string()).dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    values = np.array([*coded.dictionary.to_pylist(), "\x1e"], object)
    found: Hashes = pd.util.hash_array(values, hash_key=key, categorize=False)
    return found[coded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)]


def _keys(ids: pa.Array, told: Iterable[tuple[str, pa.ChunkedArray, pa.ChunkedArray]]) -> Keys:
    """told: of each kind a prefix, parties and texts; those that are missing are left out."""
    places, keys = [], []
    for prefix, party, text in told:
        known = pc.is_valid(text)
        at = pc.index_in(party.filter(known), value_set=ids)
        places.append(at.to_numpy().astype(np.int64))
        keys.append(
            text_hashes(pc.binary_join_element_wise(pa.scalar(prefix), text.filter(known), ""), KEYS[0])
        )
    place, key = np.concatenate(places), np.concatenate(keys)
    order = np.lexsort((key, place))
    place, key = place[order], key[order]
    first = np.r_[True, (place[1:] != place[:-1]) | (key[1:] != key[:-1])][: len(place)]
    return Keys(ids.to_pylist(), place[first], key[first])


def _is_in(column: pa.ChunkedArray, values: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(values, pa.string()))
