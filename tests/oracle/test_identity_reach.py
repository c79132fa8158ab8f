"""Whom a change reaches, against saying everything of everybody anew, on random banks.

What is said of a pair is drawn as wide as rules ever make it: by what is known of both and of everybody who has a key that both have, and, as a rule
that ties a record to one person only has it, by what is said of every other pair of either side.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.identity.reach import Keys, reached, recounted, touching

PARTIES = [f"p{n}" for n in range(14)]
# Party → a word about it, and its keys.
Bank = Mapping[str, tuple[int, frozenset[int]]]


def keys_of(bank: Bank) -> Keys:
    parties = sorted(bank)
    rows = sorted((n, key) for n, party in enumerate(parties) for key in bank[party][1])
    return Keys(parties, np.array([n for n, _ in rows], np.int64), np.array([k for _, k in rows], np.uint64))


def said(bank: Bank) -> dict[tuple[str, str], object]:
    """Pair → all that may count."""
    holders = {key: tuple(sorted((p, bank[p]) for p in bank if key in bank[p][1])) for key in range(20)}
    own = {
        (a, b): tuple(holders[key] for key in sorted(bank[a][1] & bank[b][1]))
        for a in bank for b in bank if a < b and bank[a][1] & bank[b][1]
    }  # fmt: skip
    beside = {p: tuple(sorted((pair, own[pair]) for pair in own if p in pair)) for p in bank}
    return {(a, b): (own[a, b], beside[a], beside[b]) for a, b in own}


words = st.tuples(st.integers(0, 3), st.frozensets(st.integers(0, 9), max_size=3))


@st.composite
def banks(draw) -> tuple[dict, dict]:
    before = {p: draw(words) for p in PARTIES if draw(st.integers(0, 5))}
    now = dict(before)
    for party in draw(st.sets(st.sampled_from(PARTIES), max_size=3)):
        if party in now and draw(st.booleans()):
            del now[party]
        else:
            now[party] = draw(words)
    return before, now


def differing(before: Bank, now: Bank) -> tuple[set[str], set[str]]:
    return {p for p in now if now[p] != before.get(p)}, set(before) - set(now)


@settings(max_examples=400, deadline=None)
@given(banks())
def test_whoever_is_not_reached_keeps_what_was_said_and_the_others_need_no_more_than_is_asked_for(drawn):
    before, now = drawn
    reach = reached(keys_of(now), keys_of(before), *differing(before, now))
    was, is_ = said(before), said(now)
    among = said({p: now[p] for p in reach.needed})
    anew = {pair: told for pair, told in among.items() if reach.parties & set(pair)}
    kept = {pair: told for pair, told in was.items() if not reach.parties & set(pair)}
    assert kept | anew == is_


@settings(max_examples=200, deadline=None)
@given(banks(), st.sets(st.sampled_from(PARTIES), max_size=2))
def test_numbers_that_are_not_counted_anew_have_the_count_they_had(drawn, moved):
    """moved: parties that have another customer."""
    before, now = drawn
    changed, gone = differing(before, now)

    def counts(bank: Bank, customer: Mapping[str, int]) -> dict[int, object]:
        numbers = {key for _, keys in bank.values() for key in keys}
        return {k: sorted((p, bank[p], customer.get(p, 0)) for p in bank if k in bank[p][1]) for k in numbers}

    found = recounted(keys_of(now), keys_of(before), changed | gone | moved)
    again = set(found.keys.tolist())
    was, is_ = counts(before, {}), counts(now, dict.fromkeys(moved, 1))
    kept = {key: told for key, told in was.items() if key not in again}
    assert kept | {key: told for key, told in is_.items() if key in again} == is_
    assert set(found.vanished.tolist()) == again - set(is_)
    assert found.holders == {p for p in now if now[p][1] & again}


def test_a_pair_is_touched_at_either_side():
    held = pa.table({"party_id_a": ["a", "b", "c"], "party_id_b": ["b", "c", "d"]})
    assert touching(held, {"a", "d"}).to_pylist() == [True, False, True]
    assert touching(held, set()).to_pylist() == [False] * 3
