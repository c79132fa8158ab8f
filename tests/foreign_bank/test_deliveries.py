"""What the bank of Nordhain sends is understood from its YAML: dates, controls, names of packages and files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spark_jobs import settings as settings_module
from spark_jobs.bronze import ledger
from spark_jobs.bronze.discovery import arrived, unasked
from spark_jobs.bronze.preview import look
from spark_jobs.bronze.records import read
from spark_jobs.bronze.waiting import business_dates, still_missing
from spark_jobs.cli import app
from spark_jobs.columns.certificates import declared_kinds, parse_certificate
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.settings import Settings
from spark_jobs.silver.mapping import read_maps
from spark_jobs.silver.transforms import TRANSFORMS
from tests.foreign_bank import files

CONF = Path(__file__).parent / "conf"
LATER = datetime(2099, 1, 1)


@pytest.fixture
def nordhain(tmp_path: Path) -> tuple[Settings, dict[str, SourceContract]]:
    files.deliver(tmp_path / "landing")
    settings = settings_module.load(overlay=CONF, home=tmp_path / "home", landing=tmp_path / "landing")
    return settings, dict(load_sources(settings.conf_dirs))


def test_its_maps_fit_our_entities(nordhain: tuple[Settings, dict[str, SourceContract]]) -> None:
    settings, sources = nordhain
    dirs = settings.conf_dirs
    filled = {
        entity_map.entity
        for source in sources.values()
        for entity_map in read_maps(
            source, load(dirs), lambda name: load_codes(dirs, name), tuple(TRANSFORMS)
        )
    }

    assert filled == {
        "party", "party_identifier", "party_contact", "agreement", "party_agreement", "deposit_daily", "transaction", "card_daily",
        "fx_rate_daily",
    }  # fmt: skip


@pytest.mark.requirement("R-ING-02")
def test_one_file_is_held_and_holds_nobody_else(
    nordhain: tuple[Settings, dict[str, SourceContract]], tmp_path: Path
) -> None:
    settings, sources = nordhain

    examined = [
        file.state
        for package in arrived(settings, LATER, sources)
        for file in ledger.examine(package, sources, tmp_path / "work", LATER).files
    ]

    held = [(s.business_date, s.feed_code, s.reason_code) for s in examined if s.state_code == "held"]
    assert held == [(files.DAYS[1], "karte__konten", "row_count_control")]
    assert sum(s.state_code == "verified" for s in examined) == 2 * 6 - 1
    assert unasked(settings, LATER, sources) == []


def test_days_and_what_is_missing_are_known_before_anything_is_opened(
    nordhain: tuple[Settings, dict[str, SourceContract]],
) -> None:
    settings, sources = nordhain

    assert business_dates(settings) == list(files.DAYS)
    assert still_missing(settings, files.DAYS[0], LATER) == []
    assert still_missing(settings, files.DAYS[0], datetime(2026, 10, 1, 23, 59)) == [
        name for name, source in sources.items() if source.delivery.required
    ]


def test_a_line_that_is_cut_short_is_kept_aside_with_its_place(
    nordhain: tuple[Settings, dict[str, SourceContract]],
) -> None:
    records = list(read(files.customers(files.DAYS[0]), nordhain[1]["haus__kunden"]))

    assert [(r.line_no, len(r.raw), r.reasons) for r in records if r.values is None] == [
        (31, 60, ["record_length"])
    ]
    assert len(records) == 31


def test_the_tax_numbers_of_the_bank_pass_the_check_it_declares(
    nordhain: tuple[Settings, dict[str, SourceContract]],
) -> None:
    kinds = declared_kinds(load_codes(nordhain[0].conf_dirs, "cert_kind"))

    assert {
        parse_certificate("50", files.tax_number(n), kinds=kinds).checksum_code for n in range(1, 44)
    } == {"valid"}


def test_a_look_at_the_files_tells_what_would_become_of_them(
    nordhain: tuple[Settings, dict[str, SourceContract]],
) -> None:
    looked = {(each.business_date, each.feed): each for each in look(*nordhain)}

    cut_short = looked[files.DAYS[0], "haus__kunden"]
    assert (cut_short.state, cut_short.rows, cut_short.unreadable) == ("verified", 31, {"record_length": 1})
    assert looked[files.DAYS[1], "karte__konten"].reason == "row_count_control"
    assert looked[files.DAYS[0], "haus__konten"].empty == ()


def test_the_command_shows_it_without_a_server(nordhain: tuple[Settings, dict[str, SourceContract]]) -> None:
    shown = CliRunner().invoke(
        app,
        ["contract", "check", "--conf", str(CONF), "--landing", str(nordhain[0].landing)],
        env={"COLUMNS": "200"},
    )

    assert shown.exit_code == 1, shown.output
    assert "haus__salden" in shown.output
    assert "held: row_count_control" in shown.output
