"""Acknowledgements of CRM: which release the next delta starts from, whatever came, came twice or never came."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from spark_jobs.errors import DeliveryError
from spark_jobs.exports import acks
from spark_jobs.exports.acks import Ack

FULL, DELTA, LIST = "crm__customer_full_v1", "crm__customer_delta_v1", "crm__worklist_v1"
NEWEST_FIRST = ["r4", "r3", "r2", "r1"]
HASHES = {"r1": "h1", "r2": "h2", "r3": "h3", "r4": "h4"}


def said(
    release: str, state: str = "accepted", contract: str = DELTA, hour: int = 1, key_hash: str | None = None
) -> Ack:
    return Ack(release, contract, state, 0, key_hash, None, datetime(2026, 9, 30, hour))


def base(*spoken: Ack, newest=NEWEST_FIRST, kept=frozenset(NEWEST_FIRST)) -> str | None:
    return acks.base_of(spoken, newest, kept, HASHES)


def test_a_delta_starts_at_the_newest_release_that_was_accepted():
    assert base(said("r1", contract=FULL), said("r2")) == "r2"
    assert base() is None, "nobody acknowledged anything: a full export"


def test_a_lost_acknowledgement_leaves_the_base_where_it_was():
    """r2 was applied, but its acknowledgement never came: the next one starts at r1 again, then at what came after."""
    assert base(said("r1")) == "r1"
    assert base(said("r1"), said("r3")) == "r3"


def test_the_same_acknowledgement_twice_does_no_harm():
    assert base(said("r2"), said("r2"), said("r2", hour=5)) == "r2"


def test_the_newest_word_about_a_release_counts():
    assert base(said("r1"), said("r2", hour=2), said("r2", "rejected", hour=3)) == "r1"
    assert base(said("r1"), said("r2", "rejected", hour=2), said("r2", hour=3)) == "r2"


def test_a_worklist_that_was_accepted_says_nothing_of_the_customers():
    assert base(said("r1"), said("r3", contract=LIST)) == "r1"


def test_an_acknowledgement_with_another_hash_is_none():
    assert base(said("r1"), said("r3", key_hash="other")) == "r1"
    assert base(said("r1"), said("r3", key_hash="h3")) == "r3"


def test_a_consumer_too_far_behind_or_whose_state_is_gone_gets_a_full_export():
    assert base(said("r1"), newest=NEWEST_FIRST[:3]) is None
    assert base(said("r1"), kept={"r4"}) is None
    assert base(said("r9")) is None, "a release we never made"


def test_a_rejection_asks_for_a_full_export_until_something_is_accepted_again():
    assert acks.asks_for_full([said("r1"), said("r2", "rejected", hour=2)])
    assert not acks.asks_for_full(
        [said("r1"), said("r2", "rejected", hour=2), said("r3", contract=FULL, hour=3)]
    )
    assert not acks.asks_for_full([said("r2", "rejected", contract=LIST)])
    assert not acks.asks_for_full([])


GOOD = {
    "release_id": "r1", "contract": FULL, "status": "accepted", "rows_applied": 5, "key_hash": "h", "acked_at": "2026-10-01T09:00:00+08:00",
}  # fmt: skip


def test_a_file_that_cannot_be_read_counts_as_lost_and_its_sender_reads_why(tmp_path):
    folder = acks.inbox(tmp_path)
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(GOOD))
    (folder / "b.json").write_text(json.dumps({**GOOD, "statu": "x"}))

    assert acks.received(tmp_path) == [Ack("r1", FULL, "accepted", 5, "h", None, datetime(2026, 10, 1, 1))]
    assert "did you mean `status`" in (folder / "b.json.problem").read_text()

    (folder / "b.json").write_text(json.dumps(GOOD))
    assert len(acks.received(tmp_path)) == 2
    assert not (folder / "b.json.problem").exists()


@pytest.mark.parametrize(
    ("change", "what"),
    [({"status": "ok"}, "neither accepted nor rejected"), ({"release_id": ""}, "`release_id` is missing"),
     ({"acked_at": "now"}, "no ISO instant"), ({"rows_applied": "many"}, "no number")],
)  # fmt: skip
def test_a_wrong_field_is_named(tmp_path, change, what):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(GOOD | change))

    with pytest.raises(DeliveryError, match=what):
        acks.read(path)
