"""Packages with a password: opened with one that lies outside of the contract, else held by name until somebody sets it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from spark_jobs import settings as settings_module
from spark_jobs.bronze import archives, ledger, zips
from spark_jobs.bronze.discovery import Package, arrived
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.settling import settle, unseen
from spark_jobs.contracts.sources import load_sources
from spark_jobs.errors import ContractError
from spark_jobs.onboarding import samples
from spark_jobs.steward.web.pages import HELP
from tests.nasty.makers import ZIP_PASSWORD, zip_of_info_zip, zip_of_pkware, zip_of_seven_zip

LATER = datetime(2099, 1, 1)
CONTENT = "no,name\n1,王\n2,李\n".encode()


@pytest.fixture
def bank(tmp_path: Path) -> settings_module.Settings:
    """A bank whose agency sends one package that has a password, which nobody has set yet."""
    conf, landing = tmp_path / "conf", tmp_path / "landing"
    for each in (conf / "contracts" / "sources", conf / "rules", landing):
        each.mkdir(parents=True)
    (conf / "rules" / "feeds.yml").write_text('in_use: ["agency__*"]\n')
    (conf / "contracts" / "sources" / "agency__data.yml").write_text(
        yaml.safe_dump(contract(), sort_keys=False)
    )
    (landing / "AGENCY_01_20260930.zip").write_bytes(zip_of_info_zip())
    return settings_module.load(overlay=conf, landing=landing, home=tmp_path / "home")


def contract(**delivery: str) -> dict[str, object]:
    told = {"system": "AGENCY", "member": "data_{date}.dat", "ok": False, "password": "payroll", **delivery}
    fields = {name: {"type": "string", "class": "C1"} for name in ("no", "name")}
    return {
        "feed": "agency__data", "delivery": told, "fields": fields,
        "layout": {"kind": "delimited", "separator": ",", "header": True},
    }  # fmt: skip


def looked(settings: settings_module.Settings) -> tuple[Package, list[ledger.FileState]]:
    sources = load_sources(settings.conf_dirs)
    (package,) = arrived(settings, LATER, sources)
    return package, [e.state for e in ledger.examine(package, sources, settings.home / "work", LATER).files]


def told(states: list[ledger.FileState]) -> list[tuple[str, str | None, int | None]]:
    return [(s.state_code, s.reason_code, s.rows_found) for s in states]


def set_password(settings: settings_module.Settings, content: bytes) -> None:
    path = settings.keys / "passwords" / "payroll"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_package_whose_password_nobody_gave_is_held_and_opened_by_the_run_after_it_was_given(bank):
    package, before = looked(bank)
    assert told(before) == [("held", "password_missing", None)]
    sources = load_sources(bank.conf_dirs)
    assert unseen([package], before, sources) == [package], "each run tries again"

    set_password(bank, ZIP_PASSWORD + b"\n")
    _, after = looked(bank)

    assert told(after) == [("verified", None, 2)]
    (loaded,) = settle([*before, *after]).values()
    assert (loaded.state_code, loaded.reason_code) == ("loaded", None), "the hold falls away"
    assert unseen([package], [loaded], sources) == []


def test_a_package_of_seven_zip_is_opened_with_aes(bank):
    (bank.landing / "AGENCY_01_20260930.zip").write_bytes(zip_of_seven_zip())
    assert told(looked(bank)[1]) == [("held", "password_missing", None)]
    set_password(bank, b"another one")
    assert told(looked(bank)[1]) == [("held", "password_wrong", None)]
    set_password(bank, ZIP_PASSWORD)
    assert told(looked(bank)[1]) == [("verified", None, 2)]


def test_a_package_with_aes_that_was_changed_on_its_way_is_not_read(tmp_path):
    made = bytearray(zip_of_seven_zip())
    made[made.find(b"data_20260930.dat") + 60] ^= 1
    (tmp_path / "a.zip").write_bytes(made)

    with pytest.raises(RecordError, match="password_wrong"):
        archives.unpack(tmp_path / "a.zip", tmp_path / "out", ZIP_PASSWORD)


def test_a_wrong_password_holds_the_package_and_is_tried_again(bank):
    set_password(bank, b"another one")

    package, states = looked(bank)

    assert told(states) == [("held", "password_wrong", None)]
    assert unseen([package], states, load_sources(bank.conf_dirs)) == [package]


def test_no_wrong_password_ever_opens_it(tmp_path):
    """One of 256 passes the cipher's own check; the packed bytes then do not fit."""
    (tmp_path / "a.zip").write_bytes(zip_of_info_zip())

    reasons = set()
    for n in range(600):
        with pytest.raises(RecordError) as refused:
            archives.unpack(tmp_path / "a.zip", tmp_path / "out", b"%d" % n)
        reasons.add(str(refused.value))

    assert reasons == {"password_wrong"}


def test_the_environment_goes_before_the_file(bank, monkeypatch):
    set_password(bank, b"another one")
    monkeypatch.setenv("OXPECKER_PASSWORD_PAYROLL", ZIP_PASSWORD.decode())

    assert told(looked(bank)[1]) == [("verified", None, 2)]
    assert settings_module.load(landing=bank.landing).password("payroll") == ZIP_PASSWORD
    assert os.environ.get("OXPECKER_PASSWORD_OTHER") is None and bank.password("other") is None


def test_a_password_is_shown_nowhere(bank):
    set_password(bank, ZIP_PASSWORD)
    package, states = looked(bank)

    assert package.password == ZIP_PASSWORD
    assert ZIP_PASSWORD.decode() not in f"{package!r} {states!r} {bank!r}"
    assert package == replace(package, password=None)


def test_a_package_of_another_cipher_is_rejected_by_name(bank):
    (bank.landing / "AGENCY_01_20260930.zip").write_bytes(zip_of_pkware())
    set_password(bank, ZIP_PASSWORD)

    assert told(looked(bank)[1]) == [("rejected", "cipher_unknown", None)]


def test_a_password_that_is_not_needed_does_no_harm(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data_20260930.dat", CONTENT)

    found = archives.unpack(tmp_path / "a.zip", tmp_path / "out", ZIP_PASSWORD)

    assert found["data_20260930.dat"].read_bytes() == CONTENT


def test_only_packages_have_passwords():
    from spark_jobs.contracts.source_parts import delivery_of

    with pytest.raises(ContractError, match="`password` is for packages"):
        delivery_of({"file": "x_{date}.csv", "password": "payroll"}, "x")


def test_a_draft_says_what_to_do_about_a_package_that_it_cannot_open(tmp_path):
    for name, content, hint in (
        ("AGENCY_01_20260930.zip", zip_of_info_zip(), "declare `password` under `delivery`"),
        ("OTHER_01_20260930.zip", zip_of_pkware(), "AES or ZipCrypto"),
    ):
        (tmp_path / name).write_bytes(content)
        feeds, (refused,) = samples.collect([tmp_path / name])
        assert feeds == [] and hint in refused


def test_the_desk_says_what_to_do_about_each():
    assert {*ledger.LOCKED, zips.CIPHER, "workbook_old_or_locked"} <= {*HELP}
