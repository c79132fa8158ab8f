"""The systems that are made where somebody asks for them: ticket machines, WeChat, agency lists. Their contracts are shipped switched off."""

from __future__ import annotations

import tarfile
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from demo_bank.dirt.plan import FULL, NONE
from demo_bank.generate import ALL, SYSTEMS, generate, usual
from demo_bank.sizes import DEFAULT_SEED, SIZES
from demo_bank.systems import agency
from demo_bank.workbooks import Workbook
from spark_jobs import settings as settings_module
from spark_jobs.bronze import ledger
from spark_jobs.bronze.discovery import arrived, unasked
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.records import read
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF
from spark_jobs.silver.mapping import read_maps
from spark_jobs.silver.transforms import TRANSFORMS

SIZE = replace(SIZES["tiny"], people=400)
MORE = ("QUEUE", "WECHAT", "AGENCY")
CONF = REPOSITORY / "examples" / "eighteen_systems"
EVER = datetime(2099, 1, 1)
SOURCES = {feed: s for feed, s in load_sources((SHIPPED_CONF, CONF)).items() if s.delivery.system in MORE}


def laid_down(folder: Path, dirt: str) -> Path:
    generate(SIZE, folder, DEFAULT_SEED, MORE, dirt)
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_down(tmp_path_factory.mktemp("clean"), NONE)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_down(tmp_path_factory.mktemp("dirty"), FULL)


def seen(bank: Path, work: Path) -> tuple[Counter[str], set[tuple[str, str, int, str]], Counter[str]]:
    """(states and reasons of files by feed, what records say of themselves with their place, rows by feed)."""
    settings = settings_module.load(landing=bank / "landing")
    assert unasked(settings, EVER, SOURCES) == []
    states: Counter[str] = Counter()
    told: set[tuple[str, str, int, str]] = set()
    rows: Counter[str] = Counter()
    for package in arrived(settings, EVER, SOURCES):
        examined = ledger.examine(package, SOURCES, work, EVER)
        assert examined.unasked == ()
        for each in examined.files:
            state, source = each.state, SOURCES[each.state.feed_code]
            states[f"{state.feed_code} {state.reason_code or state.state_code}"] += 1
            if each.path is None:
                continue
            notices = Notices(source)
            for record in read(each.path, source):
                rows[state.feed_code] += 1
                said = notices.of(record.values) if record.values is not None else []
                told |= {(package.name, state.file_name, record.line_no, r) for r in (*record.reasons, *said)}
    return states, told, rows


def test_small_sizes_have_fifteen_systems_and_large_ones_all_eighteen():
    assert usual(SIZES["nano"]) == usual(SIZES["tiny"]) == SYSTEMS
    assert (len(SYSTEMS), len(ALL), set(ALL) - set(SYSTEMS)) == (15, 18, set(MORE))
    assert usual(SIZES["demo"]) == ALL


def test_a_bank_has_these_feeds_only_when_it_says_so():
    assert not set(SOURCES) & set(load_sources((SHIPPED_CONF,)))
    assert {s.delivery.system for s in SOURCES.values()} == set(MORE)


def test_their_maps_fit_our_entities():
    dirs = (SHIPPED_CONF, CONF)
    filled = {
        each.entity
        for source in SOURCES.values()
        for each in read_maps(source, load(dirs), lambda name: load_codes(dirs, name), tuple(TRANSFORMS))
    }

    assert filled == {"digital_event", "party", "party_identifier", "party_contact", "person_list"}


@pytest.mark.requirement("R-ING-01")
def test_every_file_of_the_clean_twin_loads_and_every_feed_brings_rows(clean: Path, tmp_path: Path):
    states, told, rows = seen(clean, tmp_path)

    assert {key.split()[1] for key in states} == {"verified"}
    assert told == set()
    assert set(rows) == set(SOURCES)


def test_what_spreadsheets_and_one_ticket_machine_did_is_noticed_and_nothing_else(
    dirty: Path, tmp_path: Path
):
    states, told, _ = seen(dirty, tmp_path)
    planted = pq.read_table(dirty / "truth" / "defect_ledger.parquet").to_pylist()
    mine = [row for row in planted if row["code"] in ("D13", "D21", "D22")]

    assert {key.split()[1] for key in states} == {"verified"}
    assert told == {
        (*row["file"].split("/")[-2:], row["line_no"], row["reason_code"])
        for row in mine
        if row["reason_code"]
    }
    assert {row["code"] for row in mine} == {"D13", "D21", "D22"}


def tickets(bank: Path, day: str, outlet: str) -> list[list[str]]:
    with tarfile.open(bank / "landing" / "QUEUE" / day / f"QUEUE_01_{day}.tar.gz") as package:
        content = package.extractfile(f"TICKET_{outlet}_{day}.csv").read().decode("gb18030")
    return [line.split(",") for line in content.splitlines()[1:]]


def test_for_three_days_one_machine_is_an_hour_ahead_in_each_of_its_times(clean: Path, dirty: Path):
    planted = pq.read_table(dirty / "truth" / "defect_ledger.parquet").to_pylist()
    files = [row["file"].split("/")[-1] for row in planted if row["code"] == "D46"]
    assert files == [f"TICKET_330101_202609{day}.csv" for day in (22, 23, 24)]
    assert {row["reason_code"] for row in planted if row["code"] == "D46"} == {"clock_shift"}

    compared = Counter()
    for package in sorted((clean / "landing" / "QUEUE").iterdir()):
        for outlet in (f"33010{k}" for k in range(SIZE.outlets)):
            is_ahead = f"TICKET_{outlet}_{package.name}.csv" in files
            right, told = tickets(clean, package.name, outlet), tickets(dirty, package.name, outlet)
            for before, after in zip(right, told, strict=True):
                compared[is_ahead] += 1
                assert [*before[:2], *before[5:]] == [*after[:2], *after[5:]]
                moved = [
                    datetime.fromisoformat(a) - datetime.fromisoformat(b)
                    for a, b in zip(after[2:5], before[2:5], strict=True)
                ]
                assert moved == [timedelta(hours=is_ahead)] * 3
    assert compared[True] > 3 and compared[False] > 100


def test_who_makes_an_entry_at_a_counter_in_opening_hours_is_being_served_then(tmp_path: Path):
    generate(
        replace(SIZE, first=date(2026, 9, 21), last=date(2026, 9, 22)),
        tmp_path,
        DEFAULT_SEED,
        ("CORE", "QUEUE"),
        NONE,
    )
    sources = load_sources((SHIPPED_CONF, CONF))
    with tarfile.open(tmp_path / "landing" / "CORE" / "20260922" / "CORE_01_20260922.tar.gz") as package:
        content = package.extractfile("TXN_20260922.dat").read()
    source = sources["core__txn"]
    entries = [dict(zip(source.names(), r.values, strict=True)) for r in read(content, source)]
    made = [
        (e["org"], e["txn_tm"]) for e in entries if e["chnl"] == "01" and "100000" <= e["txn_tm"] < "160000"
    ]
    assert len(made) > 10

    for outlet, at in made:
        served = [
            (t[3][11:].replace(":", ""), t[4][11:].replace(":", ""))
            for t in tickets(tmp_path, "20260922", outlet)
            if t[7]
        ]
        assert any(called <= at <= done for called, done in served)


def test_line_ends_of_windows_change_no_row(clean: Path, dirty: Path, tmp_path: Path):
    # Only lines of one outlet's files end otherwise, and only these files are told of.
    assert seen(clean, tmp_path / "a")[2]["queue__ticket"] == seen(dirty, tmp_path / "b")[2]["queue__ticket"]


def test_an_agency_list_comes_on_the_fifth_working_day():
    # September 2026 begins on a Tuesday: 1, 2, 3, 4, 7. In October work begins on the 8th: 8, 9, 10 (worked Saturday), 12, 13.
    assert [day for day in SIZE.dates if agency.is_due(day)] == [date(2026, 9, 7)]
    assert agency.is_due(date(2026, 10, 13)) and not agency.is_due(date(2026, 10, 12))


def test_nobody_sends_tickets_on_a_day_off(clean: Path):
    days = {path.name for path in (clean / "landing" / "QUEUE").iterdir()}

    assert "20260925" not in days  # Mid-Autumn, a Friday
    assert "20260920" in days  # a Sunday that is worked


def test_a_workbook_has_the_same_bytes_whenever_it_is_made():
    book = Workbook("a.xlsx", {"one": [["<a & b>"]], "明细": [["x", "y"], ["1", "2"]]}, 1)

    assert book.inner().content == book.inner().content
