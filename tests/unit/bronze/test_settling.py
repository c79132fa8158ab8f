"""What becomes of a delivery: late, resent, twice, changed under its name, out of order, never come."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from spark_jobs import settings as settings_module
from spark_jobs.bronze import ledger
from spark_jobs.bronze.discovery import Package, arrived
from spark_jobs.bronze.ledger import FileState
from spark_jobs.bronze.settling import (
    held_required,
    is_cut_otherwise,
    never_came,
    parts_of,
    settle,
    standing,
    unseen,
)
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.settings import SHIPPED_CONF
from tests.unit.bronze import test_ledger
from tests.unit.bronze.test_ledger import DAY

SOURCES = load_sources((SHIPPED_CONF,))
CUT_OFF = datetime(2026, 9, 30, 22, 30)
IN_TIME, TOO_LATE = CUT_OFF - timedelta(hours=2), CUT_OFF + timedelta(hours=15)
EVER = datetime(2099, 1, 1)


def file(
    file_id: str, sequence: int = 1, state: str = "verified", reason: str | None = None, **more
) -> FileState:
    return test_ledger.file(file_id, sequence, state, reason, **({"arrived_at": IN_TIME} | more))


def states(*files: FileState) -> dict[str, tuple[str, str | None]]:
    settled = settle(files, lambda state: CUT_OFF)
    return {key: (state.state_code, state.reason_code) for key, state in settled.items()}


def day_by_day(*files: FileState) -> dict[str, tuple[str, str | None]]:
    """The files come one after another, each after the ledger was settled."""
    known: dict[str, FileState] = {}
    for each in files:
        known = settle([*known.values(), each], lambda state: CUT_OFF)
    return {key: (state.state_code, state.reason_code) for key, state in known.items()}


# --- late --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R-OPS-06")
def test_the_first_file_of_a_date_that_comes_after_the_cut_off_loads_and_is_called_late():
    assert states(file("a", arrived_at=IN_TIME)) == {"a": ("loaded", None)}
    assert states(file("a", arrived_at=CUT_OFF)) == {"a": ("loaded", None)}
    assert states(file("a", arrived_at=TOO_LATE)) == {"a": ("loaded", "late")}


def test_a_file_that_its_package_came_without_is_late_when_it_follows():
    absent = file("m", 1, "missing", "missing", file_name="", arrived_at=IN_TIME)

    assert states(absent, file("b", 2, arrived_at=TOO_LATE)) == {
        "m": ("missing", "missing"),
        "b": ("loaded", "late"),
    }


def test_a_correction_is_not_late():
    assert states(file("a", 1, arrived_at=IN_TIME), file("b", 2, arrived_at=TOO_LATE)) == {
        "a": ("superseded", None),
        "b": ("loaded", None),
    }


def test_what_takes_the_place_of_a_held_file_is_a_correction_and_not_late():
    held = file("a", 1, "held", "row_count", arrived_at=IN_TIME)

    assert states(held, file("b", 2, arrived_at=TOO_LATE))["b"] == ("loaded", None)


def test_a_package_whose_ok_comes_too_late_is_late():
    waiting = file("w", 1, "held", "ok_missing", arrived_at=IN_TIME)

    assert states(waiting, file("a", 1, arrived_at=TOO_LATE)) == {"a": ("loaded", "late")}


def test_a_late_file_that_is_corrected_stays_the_one_that_was_late():
    assert states(file("a", 1, arrived_at=TOO_LATE), file("b", 2, arrived_at=TOO_LATE + timedelta(days=1))) == {
        "a": ("superseded", "late"),
        "b": ("loaded", None),
    }  # fmt: skip


# --- the same again, other bytes, another order ------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_whatever_comes_first_the_highest_sequence_is_in_force(order):
    files = {name: file(name, number, arrived_at=IN_TIME) for number, name in enumerate("abc", 1)}
    came = [replace(files[name], arrived_at=IN_TIME + timedelta(minutes=n)) for n, name in enumerate(order)]

    expected = {"a": ("superseded", None), "b": ("superseded", None), "c": ("loaded", None)}
    assert states(*came) == day_by_day(*came) == expected


def test_a_resend_that_goes_back_to_what_came_first_is_no_duplicate():
    files = [file("a", 1, sha="x"), file("b", 2, sha="y"), file("c", 3, sha="x")]

    expected = {"a": ("superseded", None), "b": ("superseded", None), "c": ("loaded", None)}
    assert states(*files) == day_by_day(*files) == expected


def test_a_duplicate_stays_one_when_a_lower_sequence_comes_late():
    """Its own rows were never loaded, so the file whose bytes it has stands for it."""
    assert day_by_day(file("a", 1, sha="x"), file("c", 3, sha="x"), file("b", 2, sha="y")) == {
        "a": ("loaded", None),
        "b": ("superseded", None),
        "c": ("duplicate", "duplicate"),
    }


def test_other_bytes_under_the_same_sequence_are_a_conflict_and_replace_nothing():
    first, other = file("a", 1, sha="x"), file("b", 1, sha="y", arrived_at=TOO_LATE)

    expected = {"a": ("loaded", None), "b": ("conflict", "conflict")}
    assert states(first, other) == day_by_day(first, other) == expected


def test_other_bytes_under_the_sequence_of_a_superseded_file_are_a_conflict_too():
    files = [file("a", 1, sha="x"), file("b", 2, sha="y"), file("z", 1, sha="z", arrived_at=TOO_LATE)]  # fmt: skip

    assert day_by_day(*files)["z"] == ("conflict", "conflict")
    assert day_by_day(*files)["b"] == ("loaded", None)


def test_a_file_that_was_held_may_be_put_right_under_its_own_name():
    """Nothing of it was loaded, so nothing is replaced."""
    held = file("a", 1, "held", "md5", sha="x")

    assert states(held, file("b", 1, sha="y")) == {"a": ("held", "md5"), "b": ("loaded", None)}


def test_the_same_bytes_for_another_date_are_a_delivery_of_that_date():
    before = file("a", 1, sha="x", business_date=DAY - timedelta(days=1))

    assert states(before, file("b", 1, sha="x")) == {"a": ("loaded", None), "b": ("loaded", None)}


def test_settling_again_changes_nothing_whatever_came():
    files = [
        file("a", 1, sha="x", arrived_at=TOO_LATE), file("b", 2, sha="y"), file("c", 3, sha="x"), file("d", 1, sha="d"),
        file("h", 4, "held", "row_count"), file("e", 5, sha="x"),
    ]  # fmt: skip
    once = settle(files, lambda state: CUT_OFF)

    assert settle(once.values(), lambda state: CUT_OFF) == once


# --- what never came ---------------------------------------------------------------------------------------------


def absent(
    *came: FileState, days: int = 1, feeds: tuple[str, ...] = ("core__txn",)
) -> list[tuple[str, date]]:
    wanted = [DAY + timedelta(days=n) for n in range(days)]
    chosen = {feed: SOURCES[feed] for feed in feeds}
    return [
        (s.feed_code, s.business_date) for s in never_came(came, chosen, wanted, lambda source, day: True, CUT_OFF)
    ]  # fmt: skip


YESTERDAY = file("y", business_date=DAY - timedelta(days=1))


def test_a_required_feed_of_which_nothing_came_at_all_is_missing():
    assert absent(YESTERDAY) == [("core__txn", DAY)]
    assert absent(YESTERDAY, days=2) == [("core__txn", DAY), ("core__txn", DAY + timedelta(days=1))]


@pytest.mark.parametrize("state", ["verified", "held", "rejected", "missing"])
def test_whatever_came_is_not_missing(state):
    assert absent(YESTERDAY, file("a", state=state)) == []


def test_nobody_waits_for_a_feed_that_never_delivered_or_that_is_not_required():
    assert absent() == []
    assert absent(file("y", feed_code="loan__apply", business_date=YESTERDAY.business_date), feeds=("loan__apply",)) == []  # fmt: skip


def test_what_never_came_stops_publication_until_it_does():
    chosen = {"core__txn": SOURCES["core__txn"]}
    rows = list(never_came([YESTERDAY], chosen, [DAY], lambda source, day: True, CUT_OFF))
    waiting = list(settle([YESTERDAY, *rows]).values())
    came = list(settle([*waiting, file("late", arrived_at=TOO_LATE)], lambda state: CUT_OFF).values())

    assert [(s.feed_code, s.reason_code) for s in held_required(waiting, DAY, DAY)] == [("core__txn", "missing")]  # fmt: skip
    assert held_required(came, DAY, DAY) == []
    assert {s.file_id: s.reason_code for s in came if s.state_code == "loaded"}["late"] == "late"


def test_a_feed_that_may_be_carried_forward_stops_nothing_once_there_is_a_delivery_to_carry():
    held = file("a", 1, "held", "md5")
    before = file("y", state="loaded", business_date=DAY - timedelta(days=1))

    assert held_required([held, before], DAY, DAY) == [held]
    assert held_required([held, before], DAY, DAY, ["core__txn"]) == []
    assert held_required([held], DAY, DAY, ["core__txn"]) == [held]


# --- looking again -----------------------------------------------------------------------------------------------


def lay_down(landing: Path, content: bytes, name: str = "SURVEY_01_20260930.tar.gz") -> Package:
    landing.mkdir(exist_ok=True)
    with tarfile.open(landing / name, "w:gz") as archive:
        for kind in ("INVITATION", "RESPONSE", "ANSWER"):
            member = tarfile.TarInfo(f"{kind}_20260930.jsonl")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (landing / name.replace(".tar.gz", ".OK")).write_text("")
    (landing / "arrivals.csv").write_text(f"package,arrived_at\n{name},2026-09-30T20:00:00Z\n")
    settings = settings_module.load(landing=landing)
    (package,) = arrived(settings, EVER, SOURCES)
    return package


def looked(package: Package, work: Path) -> list[FileState]:
    return [e.state for e in ledger.examine(package, SOURCES, work, EVER).files]


def test_a_file_that_its_list_does_not_name_says_so_among_its_checks(tmp_path: Path) -> None:
    package = lay_down(tmp_path / "landing", b"")

    for file in ledger.examine(package, SOURCES, tmp_path / "work", EVER).files:
        assert (file.state.state_code, file.state.reason_code) == ("held", "not_listed")
        assert [c.code for c in file.checks if not c.passed] == ["not_listed"]
        assert len({c.code for c in file.checks}) == len(file.checks)


def test_a_package_that_lies_there_as_it_did_is_not_opened_again(tmp_path: Path) -> None:
    package = lay_down(tmp_path / "landing", b"")
    known = looked(package, tmp_path / "work")

    assert unseen([package], known, SOURCES) == []


def test_a_package_with_other_bytes_under_its_name_is_looked_at_again(tmp_path: Path) -> None:
    known = looked(lay_down(tmp_path / "landing", b""), tmp_path / "work")
    changed = lay_down(tmp_path / "landing", b'{"response_id":"1","token":"1","question":"1"}\n')

    assert unseen([changed], known, SOURCES) == [changed]


def test_a_package_is_looked_at_again_when_one_of_its_feeds_has_a_contract_since(tmp_path: Path) -> None:
    package = lay_down(tmp_path / "landing", b"")
    known = [s for s in looked(package, tmp_path / "work") if s.feed_code != "survey__answer"]

    assert unseen([package], known, SOURCES) == [package]


def test_a_package_that_waits_for_its_ok_is_looked_at_again(tmp_path: Path) -> None:
    package = replace(lay_down(tmp_path / "landing", b""), ok=None)

    assert unseen([package], looked(package, tmp_path / "work"), SOURCES) == [package]


# --- a feed in several files a day -------------------------------------------------------------------------------

OUTLETS = replace(
    SOURCES["survey__response"],
    delivery=replace(SOURCES["survey__response"].delivery, member="RESPONSE_{part}_{date}.jsonl"),
)


def share(file_id: str, outlet: str, sequence: int = 1, **more) -> FileState:
    name = f"RESPONSE_{outlet}_20260930.jsonl"
    return file(file_id, sequence, **({"feed_code": "survey__response", "file_name": name} | more))


def parts(*files: FileState) -> dict[str, str]:
    settled = settle(files, part_of=parts_of({"survey__response": OUTLETS}))
    return {key: state.state_code for key, state in settled.items()}


def test_the_files_of_several_outlets_are_in_force_side_by_side():
    assert parts(share("a", "330101"), share("b", "330102")) == {"a": "loaded", "b": "loaded"}


def test_a_resend_of_one_outlet_replaces_its_file_and_no_other():
    files = share("a", "330101"), share("b", "330102"), share("c", "330102", 2)

    assert parts(*files) == {"a": "loaded", "b": "superseded", "c": "loaded"}


def test_a_required_outlet_that_is_held_stops_publication_though_the_others_are_loaded():
    known = [
        share("a", "330101", state="loaded"), share("b", "330102", state="held", reason="md5"),
    ]  # fmt: skip
    asked = parts_of({"survey__response": OUTLETS})

    assert [s.file_id for s in held_required(known, DAY, DAY, (), asked)] == ["b"]
    resent = [*known, share("c", "330102", 2, state="loaded")]
    assert held_required(resent, DAY, DAY, (), asked) == []


def test_every_part_of_a_package_is_looked_at(tmp_path: Path) -> None:
    tmp_path.joinpath("landing").mkdir()
    with tarfile.open(tmp_path / "landing" / "SURVEY_01_20260930.tar.gz", "w:gz") as archive:
        for outlet in ("330101", "330102"):
            archive.addfile(tarfile.TarInfo(f"RESPONSE_{outlet}_20260930.jsonl"), io.BytesIO(b""))
    (tmp_path / "landing" / "SURVEY_01_20260930.OK").write_text("")
    sources = {"survey__response": OUTLETS}
    (package,) = arrived(settings_module.load(landing=tmp_path / "landing"), EVER, sources)

    found = ledger.examine(package, sources, tmp_path / "work", EVER)

    assert [e.state.file_name[9:15] for e in found.files] == ["330101", "330102"]
    assert found.unasked == ()


# --- a contract that is mended -----------------------------------------------------------------------------------


def test_a_loaded_file_is_read_again_only_for_a_contract_that_cuts_it_in_another_way():
    source = SOURCES["loan__repay"]
    mended = replace(source, set_aside={source.names()[0]: ("合计",)})
    judged = replace(source, volume_band=(0.1, 9.0))

    def is_otherwise(today: SourceContract, state: str = "loaded") -> bool:
        was = file("a", state=state, feed_code=source.feed, contract_hash=source.reading)
        return is_cut_otherwise(was, {source.feed: today})

    assert is_otherwise(mended)
    assert not is_otherwise(source)
    assert not is_otherwise(judged)
    assert not is_otherwise(mended, "superseded")


def test_a_file_that_is_read_again_stays_in_force_before_its_duplicate_and_before_a_conflict():
    loaded, twin = file("a", state="loaded", sha256="1"), file("b", state="duplicate", sha256="1")
    other = file("c", state="conflict", reason="conflict", sha256="2")
    again = standing(file("a", sha256="1"), loaded, lambda state: None)

    assert states(again, twin, other) == {
        "a": ("loaded", None),
        "b": ("duplicate", "duplicate"),
        "c": ("conflict", "conflict"),
    }


def test_a_file_that_a_mended_contract_holds_is_held_unless_stewards_have_released_it():
    was = file("a", state="loaded")
    held = file("a", state="held", reason="volume_band")

    assert standing(held, was, lambda state: None) == held
    released = standing(held, was, lambda state: ("verified", "d1"))
    assert (released.state_code, released.reason_code, released.decision_id) == ("loaded", None, "d1")
    assert standing(held, None, lambda state: ("verified", "d1")) == held
