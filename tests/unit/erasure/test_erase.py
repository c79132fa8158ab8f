"""Who asked to be erased leaves no byte behind, nobody else loses one, and a certificate says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from spark_jobs import delta_log, stored
from spark_jobs.erasure import certificates, erase
from spark_jobs.erasure.store import Store
from spark_jobs.errors import OxpeckerError
from spark_jobs.explain.tables import Tables
from spark_jobs.exports import release as releases
from tests.support.forgotten import (
    ACCOUNT,
    ASKED,
    CERTIFICATE,
    DAY,
    HE,
    HER_ACCOUNT,
    HER_NAME,
    HIS,
    JOINT,
    LANDLINE,
    NAME,
    NEXT,
    NOW,
    SHE,
    ForgottenBank,
)


@pytest.fixture
def bank(tmp_path: Path) -> ForgottenBank:
    return ForgottenBank(tmp_path)


@pytest.fixture(scope="module")
def purged(tmp_path_factory: pytest.TempPathFactory) -> ForgottenBank:
    """The bank after one purge; nobody changes it."""
    bank = ForgottenBank(tmp_path_factory.mktemp("forgotten"))
    purge(bank)
    return bank


def purge(bank: ForgottenBank) -> erase.Outcome:
    return erase.run(bank.settings, lambda: NOW)


def rows(bank: ForgottenBank, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stored.dataset(Store(bank.settings).opened(table)).to_table().to_pylist()
    return found


def written_in(path: Path) -> Iterator[str]:
    """A file as people would read it: tables decoded, bytes in the encodings of the bank's files."""
    contents = [path.read_bytes()]
    if path.suffix == ".parquet":
        values = [value for row in pq.read_table(path).to_pylist() for value in row.values()]
        contents += [value for value in values if isinstance(value, bytes)]
        yield repr(values)
    for content in contents:
        for encoding in ("utf-8", "gb18030"):
            yield content.decode(encoding, "replace")


def files_that_name_him(bank: ForgottenBank) -> set[str]:
    home = bank.settings.home.parent
    return {
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and any(text in told for told in written_in(path) for text in HIS)
    }


@pytest.mark.requirement("R-PRV-14")
def test_no_byte_of_the_person_is_left_in_any_file_of_any_version(bank):
    before = files_that_name_him(bank)
    assert {path.split("/")[2] for path in before if "/lake/" in path} == {
        "bronze",
        "silver",
        "identity",
        "ops",
    }

    purge(bank)

    assert files_that_name_him(bank) == set()


def test_nobody_else_loses_a_record(purged):
    assert [(r["cust_no"], r["cust_name"], r["tel"]) for r in rows(purged, "bronze.core__cif")] == [
        (SHE, HER_NAME, LANDLINE)
    ]
    assert [r["acct_no"] for r in rows(purged, "bronze.core__acct_bal")] == [HER_ACCOUNT, JOINT]
    assert [r["call_id"] for r in rows(purged, "bronze.call__call")] == ["K2"]
    assert {r["customer_id"] for r in rows(purged, "profile.customer_daily")} == {"hers"}
    assert {r["agreement_id"] for r in rows(purged, "silver.deposit_daily")} == {
        purged.agreement(HER_ACCOUNT), purged.agreement(JOINT),
    }  # fmt: skip


def test_a_record_of_hers_that_mentions_him_keeps_all_else_and_its_length(bank):
    before = next(r for r in rows(bank, "bronze.core__txn") if r["txn_seq"] == "2")

    purge(bank)

    (after,) = rows(bank, "bronze.core__txn")
    assert after["opp_acct"] == " " * len(ACCOUNT)
    assert after["opp_name"] == " " * len(NAME)
    assert (after["acct_no"], after["amt"]) == (HER_ACCOUNT, "5")
    assert len(after["_record"]) == len(before["_record"])


def test_a_joint_account_stays_with_her_and_forgets_him(purged):
    joint = next(r for r in rows(purged, "bronze.core__acct") if r["acct_no"] == JOINT)
    assert (joint["cust_no"].strip(), joint["cust_no_2"]) == ("", SHE)
    assert {r["party_id"] for r in rows(purged, "silver.party_agreement")} == {purged.she}


def test_quarantine_loses_his_mended_record_and_blanks_him_in_hers(purged):
    (kept,) = rows(purged, "ops.quarantine")
    text = kept["record"].decode("gb18030")
    assert (kept["quarantine_id"], text.split("|")[0], text.split("|")[1].strip()) == ("q1", HER_ACCOUNT, "")


def test_the_steward_s_file_loses_the_line_that_names_him(purged):
    lines = purged.settings.steward_decisions.read_text().splitlines()
    assert [json.loads(line)["decision_id"] for line in lines] == ["d2"]


def test_what_identity_needs_is_remembered_by_token(purged):
    keys = {
        (r["erasure_key_kind_code"], r["erasure_key"], r["source_code"], r["first_seen_date"])
        for r in rows(purged, "ops.erasure_key")
    }
    assert keys == {
        ("party", purged.he, "core", DAY), ("party", purged.caller, "call", DAY), ("agreement", purged.agreement(ACCOUNT), None, None),
        ("customer", "his", None, None), ("customer", "his-older", None, None),
    }  # fmt: skip
    # What a guard kept out tied nobody.
    assert [(r["link_reason_code"], r["tie_until_date"]) for r in rows(purged, "ops.erasure_tie")] == [
        ("name_phone", date(9999, 12, 31))
    ]


@pytest.mark.requirement("R-PRV-14")
def test_the_certificate_counts_what_went_and_names_what_stays_elsewhere(bank):
    (told,) = purge(bank).certificates

    assert told["customer_id"] == "his"
    assert told["purged_rows"] == {
        "bronze.call__call": 1, "bronze.core__acct": 1, "bronze.core__acct_bal": 1, "bronze.core__cif": 2, "bronze.core__txn": 1,
        "identity.record": 2, "ops.quarantine": 1, "profile.customer_daily": 1, "silver.agreement": 1, "silver.call": 1,
        "silver.deposit_daily": 1, "silver.party_agreement": 2, "silver.party_contact": 2, "silver.party_hist": 2, "silver.party_identifier": 1,
    }  # fmt: skip
    assert told["blanked_rows"] == {
        "bronze.core__acct": 1, "bronze.core__txn": 1, "ops.quarantine": 1, "steward/decisions.jsonl": 1,
    }  # fmt: skip
    assert told["scan_hits"] == {}
    # Asked 2026-09-22 15:00 in Shanghai, due a day later. His own account was closed 2025-01-10: five years in the bank's archive.
    assert str(told["erasure_due_at"]) == "2026-09-23 07:00:00+00:00"
    assert told["archive_until_date"] == date(2030, 1, 10)
    assert told["exemption_codes"] == ["statutory_archive", "joint_agreement"]
    # One package, come on 2026-09-21, may lie in landing for 35 days.
    assert (told["landing_package_cnt"], told["landing_until_date"]) == (1, date(2026, 10, 26))


def test_a_release_shows_old_rows_until_the_next_and_the_purge_says_so(bank):
    (first,) = purge(bank).certificates

    assert (first["erasure_state_code"], first["pinned_release_id"]) == ("pinned", "r1")
    assert first["pinned_rows"] == {"profile.customer_daily": 1}
    shown = DeltaTable(str(bank.settings.warehouse / "profile/customer_daily"), version=1)
    assert stored.dataset(shown).count_rows() == 2

    bank.show(2, "r2")
    (second,) = purge(bank).certificates

    assert (second["erasure_state_code"], second["pinned_rows"], second["purged_rows"]) == ("purged", {}, {})
    assert not [uri for uri in shown.file_uris() if Path(uri.removeprefix("file://")).is_file()]


def test_a_second_purge_changes_nothing(purged):
    store = Store(purged.settings)
    versions = {table: store.opened(table).version() for table in store.tables()}

    assert purge(purged).certificates == []
    assert {table: store.opened(table).version() for table in store.tables()} == versions


def test_what_a_source_sends_again_is_known_by_its_tokens_and_goes_again(bank):
    purge(bank)
    bank.write("bronze.core__cif", bank.delivered("core__cif", "cif-3", [{"cust_no": HE, "cust_name": NAME}]))
    bank.write(
        "bronze.core__acct_bal",
        bank.delivered("core__acct_bal", "bal-3", [{"acct_no": ACCOUNT, "bal": "100"}]),
    )

    (told,) = purge(bank).certificates

    assert told["purged_rows"] == {"bronze.core__acct_bal": 1, "bronze.core__cif": 1}
    assert files_that_name_him(bank) == set()


def test_a_purge_that_was_killed_halfway_is_finished_by_the_next(bank, monkeypatch):
    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(erase, "_beside", killed)
    with pytest.raises(KeyboardInterrupt):
        purge(bank)
    monkeypatch.undo()

    purge(bank)

    assert files_that_name_him(bank) == set()


def test_a_purge_makes_no_business_date_anew(purged):
    folder = purged.settings.warehouse / "silver" / "deposit_daily"
    assert [(c.operation, c.dates) for c in delta_log.commits(folder, 1, delta_log.newest(folder) or 0)] == [
        (delta_log.DELETES, None)
    ]
    assert "2026" not in json.dumps(delta_log.stamp(folder))


def test_a_certificate_that_was_changed_is_told(bank):
    purge(bank)
    bank.show(2, "r2")
    purge(bank)
    assert certificates.broken_at(Store(bank.settings)) is None

    told = rows(bank, "ops.erasure_certificate")
    # A map from Arrow comes as pairs.
    told = [
        {k: dict(v) if isinstance(v, list) and v and isinstance(v[0], tuple) else v for k, v in row.items()}
        for row in told
    ]
    next(row for row in told if row["certificate_no"] == 1)["scanned_file_cnt"] += 1
    bank.write("ops.erasure_certificate", told)

    assert certificates.broken_at(Store(bank.settings)) == 1


def test_a_lake_before_these_ledgers_is_told_to_run_first(bank):
    import shutil

    shutil.rmtree(bank.settings.warehouse / "ops" / "erasure_key")

    with pytest.raises(OxpeckerError, match="run a business date with this version"):
        purge(bank)
    assert len(rows(bank, "bronze.core__cif")) == 3


def test_a_bank_in_which_nobody_asked_purges_nothing(tmp_path):
    bank = ForgottenBank(tmp_path)
    bank.write("identity.customer", [{"customer_id": "hers", "created_date": NEXT, "status_code": "active"}])

    assert purge(bank) == erase.Outcome(0, 1, 0, [])


def test_anniversaries_of_a_leap_day_fall_on_the_28th():
    assert certificates.years_after(date(2024, 2, 29), 5) == date(2029, 2, 28)
    assert certificates.years_after(date(2025, 1, 10), 5) == date(2030, 1, 10)


def test_an_employee_s_record_stays_with_his_employer_and_the_certificate_says_so(bank):
    employed = [{"emp_no": "T00001", "name": NAME, "cert_no": CERTIFICATE}]
    bank.write("bronze.hrorg__employee", bank.delivered("hrorg__employee", "emp-1", employed))

    (told,) = purge(bank).certificates

    assert told["scan_hits"] == {"bronze.hrorg__employee": 1}
    assert "staff_record" in told["exemption_codes"]
    assert files_that_name_him(bank) == {
        str(path.relative_to(bank.settings.home.parent))
        for path in (bank.settings.warehouse / "bronze" / "hrorg__employee").glob("*.parquet")
    }


def test_an_older_release_is_explained_by_the_newest_rows_where_its_files_have_gone(bank):
    bank.write("ops.stage_commit", [
        {"job_code": "silver", "table_name": "silver.party_hist", "delta_version_after": 1, "started_at": ASKED},
    ])  # fmt: skip
    purge(bank)

    told = Tables(bank.settings, releases.require_current(bank.settings), bank.contracts)

    assert [row["party_id"] for row in told.ask("select party_id from silver.party_hist")] == [bank.she]
    assert told.moved == ["silver.party_hist"]
