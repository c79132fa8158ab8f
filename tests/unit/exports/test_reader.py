"""The example reader against packages as they are written: every way in which a day at CRM can go."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pytest

from examples import crm_reader as reader
from spark_jobs.exports import files
from spark_jobs.exports.acks import received

SHAPE = pa.schema(
    [("crm_customer_token", pa.string()), ("customer_no_crm", pa.string()), ("tier_code", pa.string()), ("row_hash", pa.string())]
)  # fmt: skip
CHANGES = pa.schema(
    [("seq_no", pa.int64()), ("op_code", pa.string()), *[SHAPE.field(0)], ("to_crm_customer_token", pa.string()),
     ("moved_parties", pa.list_(pa.string())), ("op_reason_code", pa.string()), *[SHAPE.field(n) for n in (1, 2, 3)]]
)  # fmt: skip


@pytest.fixture
def bank(tmp_path):
    return Bank(tmp_path / "exports")


class Bank:
    """Writes packages the way the export does."""

    def __init__(self, exports):
        self.exports = exports

    def package(self, contract, kind, release, day, rows, schema, state, **more):
        hashes = {row["crm_customer_token"]: row["row_hash"] for row in state}
        controls = {"rows": len(rows), "key_hash": files.key_hash(list(hashes), list(hashes.values()))}
        manifest = {
            "contract": contract, "contract_version": 1, "kind": kind, "release_id": release, "business_date": f"2026-09-{day:02d}",
            "controls": controls, **more,
        }  # fmt: skip
        folder = files.folder_of(self.exports, contract, date(2026, 9, day))
        files.write_package(folder, pa.Table.from_pylist(rows, schema=schema), manifest)
        return folder

    def full(self, release, day, state):
        return self.package(reader.FULL, "full", release, day, state, SHAPE, state)

    def delta(self, release, day, base, operations, state):
        by_token = {row["crm_customer_token"]: row for row in state}
        rows = [
            {"seq_no": n, "op_code": op, "crm_customer_token": token, "to_crm_customer_token": to, **(by_token[token] if op == "upsert" else {})}
            for n, (op, token, to) in enumerate(operations, 1)
        ]  # fmt: skip
        return self.package(reader.DELTA, "delta", release, day, rows, CHANGES, state, base_release_id=base)


def customer(token, version=1, number=None):
    return {
        "crm_customer_token": token,
        "customer_no_crm": number,
        "tier_code": f"T{version}",
        "row_hash": f"{token}{version}",
    }


A, B = customer("a", number="R1"), customer("b", number="R2")
MERGED = customer("a", 2, number="R1")


def run(bank, store):
    return {
        folder.name[-2:]: reader.take(bank.exports, store, folder) for folder in reader.packages(bank.exports)
    }


def held(store):
    release, _ = store.present()
    state = store.load(release)
    return {token: row["tier_code"] for token, row in state.rows.items()}, state.owners


def test_a_merge_and_its_undoing_move_what_crm_hangs_on_its_customers(bank, tmp_path):
    store = reader.Store(tmp_path / "store")
    bank.full("r1", 1, [A, B])
    bank.delta("r2", 2, "r1", [("merge", "b", "a"), ("upsert", "a", None)], [MERGED])

    assert run(bank, store) == {"01": "applied", "02": "applied"}
    assert held(store) == ({"a": "T2"}, {"R1": "a", "R2": "a"})

    bank.delta("r3", 3, "r2", [("split", "a", "b"), ("upsert", "a", None), ("upsert", "b", None)], [A, B])
    assert run(bank, store)["03"] == "applied"
    assert held(store) == ({"a": "T1", "b": "T1"}, {"R1": "a", "R2": "b"})
    assert [(a.release_id, a.ack_state_code) for a in received(bank.exports)] == [
        ("r2", "accepted"), ("r3", "accepted"), ("r1", "accepted"),
    ]  # fmt: skip


def test_after_a_lost_acknowledgement_the_next_delta_starts_at_the_older_base(bank, tmp_path):
    """r2 merged b into a; before r3 the merge was taken back. Seen from r1 nothing happened, and nothing is left of the merge."""
    store = reader.Store(tmp_path / "store")
    bank.full("r1", 1, [A, B])
    bank.delta("r2", 2, "r1", [("merge", "b", "a"), ("upsert", "a", None)], [MERGED])
    run(bank, store)
    bank.delta("r3", 3, "r1", [], [A, B])

    assert run(bank, store)["03"] == "applied"
    assert held(store) == ({"a": "T1", "b": "T1"}, {"R1": "a", "R2": "b"})


def test_who_left_and_who_was_erased_are_gone_with_what_hung_on_them(bank, tmp_path):
    store = reader.Store(tmp_path / "store")
    bank.full("r1", 1, [A, B])
    bank.delta("r2", 2, "r1", [("erase", "b", None), ("delete", "a", None)], [])
    run(bank, store)

    assert held(store) == ({}, {})


def test_a_full_package_replaces_everything(bank, tmp_path):
    store = reader.Store(tmp_path / "store")
    bank.full("r1", 1, [A, B])
    bank.full("r2", 2, [MERGED])
    run(bank, store)

    assert held(store) == ({"a": "T2"}, {"R1": "a"})
    assert run(bank, store) == {"01": "old", "02": "known"}


@pytest.mark.parametrize("fault", ["checksum", "key_hash", "base_unknown"])
def test_a_package_that_is_not_what_it_says_is_rejected_with_the_reason_and_changes_nothing(
    bank, tmp_path, fault
):
    store = reader.Store(tmp_path / "store")
    bank.full("r1", 1, [A, B])
    run(bank, store)
    base = "r0" if fault == "base_unknown" else "r1"
    folder = bank.delta("r2", 2, base, [("upsert", "a", None)], [MERGED, B])
    if fault == "checksum":
        next(folder.glob("*.parquet")).open("ab").write(b"x")
    if fault == "key_hash":
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["controls"]["key_hash"] = "0" * 32
        (folder / "manifest.json").write_text(json.dumps(manifest))

    assert run(bank, store)["02"] == fault
    assert held(store)[0] == {"a": "T1", "b": "T1"}
    [rejected] = [a for a in received(bank.exports) if a.ack_state_code == "rejected"]
    assert (rejected.release_id, rejected.ack_reason_code) == ("r2", fault)


def test_states_that_no_delta_can_start_from_are_forgotten(bank, tmp_path):
    store = reader.Store(tmp_path / "store")
    bank.full("r1", 1, [A])
    bank.delta("r2", 2, "r1", [], [A])
    bank.delta("r3", 3, "r2", [], [A])
    run(bank, store)

    assert sorted(path.stem for path in store.folder.glob("*.json")) == ["r2", "r3"]
