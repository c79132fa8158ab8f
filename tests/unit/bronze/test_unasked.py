"""Files that no contract asks for are found by name, each with its reason."""

from __future__ import annotations

import io
import tarfile
from datetime import datetime
from pathlib import Path

from spark_jobs import settings as settings_module
from spark_jobs.bronze import ledger
from spark_jobs.bronze.discovery import arrived, unasked
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.settings import Settings

LATER = datetime(2099, 1, 1)


def bank(landing: Path) -> tuple[Settings, dict[str, SourceContract]]:
    settings = settings_module.load(landing=landing)
    return settings, dict(load_sources(settings.conf_dirs))


def packed(landing: Path, package: str, *members: str) -> None:
    with tarfile.open(landing / package, "w:gz") as archive:
        for name in members:
            member = tarfile.TarInfo(name)
            member.size = 2
            archive.addfile(member, io.BytesIO(b"x\n"))
    (landing / package.replace(".tar.gz", ".OK")).write_text("")


def test_a_package_of_a_system_without_contract_is_listed_with_its_day(tmp_path: Path) -> None:
    packed(tmp_path, "FAX_01_20260930.tar.gz", "fax.dat")

    (found,) = unasked(bank(tmp_path)[0], LATER, bank(tmp_path)[1])

    assert (found.package_name, found.file_name) == ("FAX_01_20260930.tar.gz", "")
    assert (found.source_code, str(found.business_date)) == ("fax", "2026-09-30")
    assert found.reason_code == "no_contract"


def test_a_loose_file_is_listed_and_what_belongs_to_deliveries_is_not(tmp_path: Path) -> None:
    packed(tmp_path, "CORE_01_20260930.tar.gz", "CIF_20260930.dat")
    (tmp_path / "CORE_01_20260929.OK").write_text("")  # its package is on the way
    (tmp_path / "arrivals.csv").write_text("package,arrived_at\n")
    (tmp_path / "notes.xlsx").write_text("?")

    found = unasked(bank(tmp_path)[0], LATER, bank(tmp_path)[1])

    assert [(f.file_name, f.reason_code) for f in found] == [("notes.xlsx", "name_unknown")]


def test_what_arrives_after_the_cut_off_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "notes.xlsx").write_text("?")
    (tmp_path / "arrivals.csv").write_text("package,arrived_at\nnotes.xlsx,2026-10-02T00:00:00Z\n")
    settings, sources = bank(tmp_path)

    assert unasked(settings, datetime(2026, 10, 1), sources) == []
    assert len(unasked(settings, datetime(2026, 10, 2), sources)) == 1


def test_a_file_nobody_asks_for_inside_of_a_package_is_listed_and_holds_nothing(tmp_path: Path) -> None:
    packed(tmp_path, "CORE_01_20260930.tar.gz", "CIF_20260930.dat", "CIF_20260930.ctl", "SECRET_20260930.dat")
    settings, sources = bank(tmp_path)
    (package,) = arrived(settings, LATER, sources)

    looked = ledger.examine(package, sources, tmp_path / "work", LATER)

    assert [u.file_name for u in looked.unasked] == ["SECRET_20260930.dat"]
    assert "SECRET_20260930.dat" not in {e.state.file_name for e in looked.files}
