"""The delivery ledger: resends supersede, repeats are duplicates, holds hold nobody else."""

from datetime import date, datetime

import pytest

from spark_jobs.bronze.ledger import FileState
from spark_jobs.bronze.settling import held_required, settle

DAY = date(2026, 9, 30)


def file(
    file_id: str,
    sequence: int = 1,
    state: str = "verified",
    reason: str | None = None,
    sha: str | None = None,
    **more,
):
    given = {
        "file_id": file_id, "delivery_id": f"d{sequence}", "source_code": "core", "feed_code": "core__txn",
        "business_date": DAY, "sequence_no": sequence, "package_name": f"CORE_{sequence:02d}", "file_name": "TXN.dat",
        "sha256": sha or file_id, "file_bytes": 1, "arrived_at": datetime(2026, 10, 1), "state_code": state,
        "reason_code": reason, "rows_declared": 1, "rows_found": 1, "quarantined_cnt": 0, "is_required": True,
        "known_at": datetime(2026, 10, 1),
    }  # fmt: skip
    return FileState(**(given | more))


def states(*files: FileState) -> dict[str, tuple[str, str | None]]:
    return {k: (s.state_code, s.reason_code) for k, s in settle(files).items()}


def test_a_higher_sequence_supersedes_the_one_before():
    assert states(file("a", 1), file("b", 2)) == {"a": ("superseded", None), "b": ("loaded", None)}


def test_the_order_of_looking_does_not_matter():
    files = [file("a", 1), file("b", 2), file("c", 3)]

    assert states(*files) == states(*reversed(files))


def test_settling_twice_changes_nothing():
    once = settle([file("a", 1), file("b", 2), file("c", 2, sha="b", delivery_id="d9")])

    assert settle(once.values()) == once


def test_the_same_bytes_under_another_name_are_a_duplicate():
    assert states(file("a", 1, sha="x"), file("b", 2, sha="x")) == {
        "a": ("loaded", None),
        "b": ("duplicate", "duplicate"),
    }


def test_a_held_resend_leaves_the_first_delivery_loaded():
    assert states(file("a", 1), file("b", 2, "held", "row_count")) == {
        "a": ("loaded", None),
        "b": ("held", "row_count"),
    }


def test_an_ok_file_that_comes_later_ends_the_wait():
    waiting = file("w", 1, "held", "ok_missing", sha=None)

    assert states(waiting, file("a", 1)) == {"a": ("loaded", None)}


@pytest.mark.requirement("R-OPS-06")
def test_a_required_feed_stops_publication_only_while_nothing_is_loaded_for_its_date():
    held = file("a", 1, "held", "row_count")

    assert held_required([held], DAY, DAY) == [held]
    assert held_required([held, file("b", 2, "loaded")], DAY, DAY) == []
