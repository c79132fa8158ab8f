"""The file in which a run leaves to the next what it compared: what comes back, and when it does not count."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from spark_jobs.identity import memory
from spark_jobs.identity.compared import Compared
from spark_jobs.identity.memory import Memory
from spark_jobs.identity.reach import HELD, Ruled
from spark_jobs.identity.together import Groups
from tests.unit.identity.test_compared import NAMESAKE, OWNER, STRANGER, Bank, judged_from, rows_of
from tests.unit.identity.test_modelled import CARD, model

__all__ = ["model"]
HELD_ROWS = [
    {
        "party_id_a": "card.1", "party_id_b": "ecif.1", "rule_code": rule, "effective_from": date(2026, 9, n), "effective_to": date(9999, 12, 31),
        "is_contradiction": n > 1, "is_ambiguous": n < 2, "source_a": "card", "source_b": "ecif", "evidence_text": text, "pattern_code": n * 7,
    }
    for n, (rule, text) in enumerate([("same_resident_id", "name+ birth?"), ("name_phone", None), ("name_phone", "name+ birth?")], 1)
]  # fmt: skip
TERMS = {"rules": "r1", "code": "c1", "tables": {"identity.customer": 3, "identity.link_event": None}}


@pytest.fixture
def bank() -> Bank:
    return Bank(*CARD, *OWNER, *STRANGER, *NAMESAKE)


@pytest.fixture
def left(bank, model) -> Memory:
    """What a run over a small bank leaves; its four records are three groups."""
    _, compared, _ = judged_from(None, bank, model)
    digests = np.array([[1, 2], [3, 4], [2**64 - 1, 0]], np.uint64)
    groups = Groups(sorted({row[0] for row in bank.rows}), np.array([0, 0, 1, 2]), digests)
    keys, used = bank.silver.keys()
    ruled = Ruled(bank.prints(), keys, used, date(2026, 8, 31), pa.Table.from_pylist(HELD_ROWS, HELD))
    return Memory("model-1", groups, ["k1", "k2", "k3"], np.array([0, 2, 3]), compared, ruled)


def test_the_next_run_finds_what_was_left_and_compares_nothing(bank, left, model, tmp_path):
    file = tmp_path / "lake" / "identity.memory"
    memory.write(file, left, TERMS)
    found = memory.opened(file, TERMS)
    assert found is not None and found.compared is not None
    assert (found.model, found.groups.parties, found.customers) == ("model-1", left.groups.parties, left.customers)  # fmt: skip
    assert found.groups.digests.tolist() == left.groups.digests.tolist()
    assert found.groups.group.tolist() == left.groups.group.tolist()
    assert found.anchors.tolist() == [0, 2, 3]
    seen, again, done = judged_from(found.compared, bank, model)
    assert done.compared == done.read == 0
    assert rows_of(seen) == rows_of(judged_from(None, bank, model)[0])
    assert found.ruled is not None and left.ruled is not None
    assert found.ruled.held.equals(left.ruled.held)
    assert found.ruled.held.to_pylist() == HELD_ROWS
    assert (found.ruled.begin, found.ruled.prints.other_than(bank.prints())) == (date(2026, 8, 31), ([], []))
    for kept, keys in ((found.ruled.keys, left.ruled.keys), (found.ruled.used, left.ruled.used)):
        assert (kept.parties, kept.party.tolist(), kept.key.tolist()) == (keys.parties, keys.party.tolist(), keys.key.tolist())  # fmt: skip
    memory.write(tmp_path / "second", replace(left, compared=again), TERMS)
    assert (tmp_path / "second").read_bytes() == file.read_bytes(), "the same is left as the same bytes"


def test_a_bank_without_a_model_remembers_its_groups(left, tmp_path):
    memory.write(tmp_path / "m", replace(left, model=None, compared=None), TERMS)
    found = memory.opened(tmp_path / "m", TERMS)
    assert found is not None and found.ruled is not None
    assert found.ruled.prints.parties == found.groups.parties
    assert (found.model, found.compared, found.customers) == (None, None, ["k1", "k2", "k3"])


@pytest.mark.parametrize(
    "other",
    [TERMS | {"rules": "r2"}, TERMS | {"code": "c2"}, TERMS | {"tables": {"identity.customer": 4, "identity.link_event": None}}],
    ids=["other rules", "other code", "a table that somebody else wrote"],
)  # fmt: skip
def test_it_does_not_count_under_other_terms(left, tmp_path, other):
    memory.write(tmp_path / "m", left, TERMS)
    assert memory.opened(tmp_path / "m", other) is None


def test_half_a_file_and_none_are_nothing(left, tmp_path):
    file = tmp_path / "m"
    assert memory.opened(file, TERMS) is None
    memory.write(file, left, TERMS)
    file.write_bytes(file.read_bytes()[:-4000])
    assert memory.opened(file, TERMS) is None


def test_nobody_else_may_read_it_and_it_holds_nobodys_values(left, tmp_path):
    memory.write(tmp_path / "m", left, TERMS)
    assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["m"]
    content = (tmp_path / "m").read_bytes()
    said = {str(value) for row in (*CARD, *OWNER, *STRANGER, *NAMESAKE) for value in row[2:8] if value}
    assert not [value for value in said if len(value) > 5 and value.encode() in content and "person" not in value]  # fmt: skip
    assert isinstance(left.compared, Compared)


def test_other_code_is_another_code():
    assert memory.code() == memory.code()
    assert len(memory.code()) == 16
