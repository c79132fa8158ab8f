"""What an audit says of pairs by rules that were taken from the run before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from spark_jobs.identity.carried import audited_pairs
from spark_jobs.identity.compared import Prints
from spark_jobs.identity.reach import HELD, Keys, Ruled

NOBODY = Keys([], np.empty(0, np.int64), np.empty(0, np.uint64))


def ruled(*pairs: tuple[str, str, str | None]) -> Ruled:
    """Pairs by rules, of a party, another, and what is said of both."""
    rows = [
        {
            "party_id_a": a, "party_id_b": b, "rule_code": "name_phone", "effective_from": date(2026, 9, 1), "effective_to": date(9999, 12, 31),
            "is_contradiction": False, "is_ambiguous": False, "source_a": "core", "source_b": "card", "evidence_text": text, "pattern_code": 7,
        }
        for a, b, text in pairs
    ]  # fmt: skip
    held = pa.Table.from_pylist(rows, HELD)
    return Ruled(Prints([], np.empty((0, 2), np.uint64)), NOBODY, NOBODY, None, held)


def test_the_same_pairs_in_another_order_differ_in_nothing():
    one = ruled(("a", "b", "name+"), ("a", "c", None), ("b", "c", "name?"))
    turned = replace(one, held=one.held.take([2, 0, 1]))
    assert audited_pairs(one, turned, judged=1) == ("identity.evidence", 2, 0)


def test_a_pair_that_is_said_otherwise_counts_on_both_sides_and_one_that_is_missing_once():
    one = ruled(("a", "b", "name+"), ("a", "c", None))
    assert audited_pairs(one, ruled(("a", "b", "name?"), ("a", "c", None)), judged=0)[2] == 2
    assert audited_pairs(one, ruled(("a", "b", "name+"), ("a", "c", "")), judged=0)[2] == 2
    assert audited_pairs(one, ruled(("a", "b", "name+")), judged=2) == ("identity.evidence", 0, 1)
