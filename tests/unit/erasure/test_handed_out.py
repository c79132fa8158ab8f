"""What was handed out, and what stewards wrote, of somebody who is erased."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs.erasure import handed_out, mentions, scan
from spark_jobs.erasure.store import Store
from spark_jobs.exports.files import manifest_of, write_package
from spark_jobs.privacy.seal import Seal
from spark_jobs.privacy.tokens import key_file
from tests.support.forgotten import HE, HER_NAME, NAME, ForgottenBank

FULL, DELTA = "crm__customer_full_v1", "crm__customer_delta_v1"
HIS_TOKEN, HER_TOKEN = "t-his", "t-hers"
TOLD = mentions.Values({"his": frozenset({HE})}, {"his": frozenset({NAME})})


@pytest.fixture
def bank(tmp_path: Path) -> ForgottenBank:
    return ForgottenBank(tmp_path)


def package(bank: ForgottenBank, contract: str, day: str, release: str, rows: pa.Table) -> Path:
    folder = bank.settings.exports / contract / day.replace("-", "")
    write_package(folder, rows, {"contract": contract, "business_date": day, "release_id": release})
    return folder


def state(*tokens: str) -> pa.Table:
    return pa.table({"crm_customer_token": list(tokens), "export_name": [NAME] * len(tokens)})


def delta(*operations: tuple[str, str]) -> pa.Table:
    return pa.table(
        {"op_code": [op for op, _ in operations], "crm_customer_token": [token for _, token in operations]}
    )


def test_packages_that_hold_him_are_withdrawn_but_that_of_the_release_that_is_shown(bank):
    old = package(bank, FULL, "2026-09-21", "r0", state(HER_TOKEN, HIS_TOKEN))
    package(bank, FULL, "2026-09-22", "r2", state(HER_TOKEN))
    shown = package(bank, FULL, "2026-09-23", "r1", state(HIS_TOKEN))

    assert handed_out.packages(Store(bank.settings), [HIS_TOKEN], "r1") == ([old], [shown])


def test_a_delta_that_erases_him_is_no_reason_to_withdraw_it_one_that_tells_of_him_is(bank):
    package(bank, DELTA, "2026-09-22", "r0", delta(("erase", HIS_TOKEN), ("upsert", HER_TOKEN)))
    told = package(bank, DELTA, "2026-09-21", "r0", delta(("upsert", HIS_TOKEN)))

    assert handed_out.packages(Store(bank.settings), [HIS_TOKEN], "r1")[0] == [told]


def test_a_withdrawn_package_keeps_its_manifest_and_loses_its_rows(bank):
    folder = package(bank, FULL, "2026-09-21", "r0", state(HIS_TOKEN))

    assert handed_out.withdraw(folder) == 1

    manifest = manifest_of(folder)
    assert (manifest["release_id"], manifest["files"], manifest["withdrawn"]) == ("r0", [], "erasure")
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def desk(bank: ForgottenBank, subject: str, content: str) -> None:
    seal = Seal(key_file(bank.settings, "lake"))
    event = {
        "event": "proposed",
        "decision_id": subject,
        "subject": subject,
        "sealed": seal.close(content.encode(), subject),
    }
    with bank.settings.steward_log.open("a", encoding="utf-8") as log:
        log.write(json.dumps(event) + "\n")


def opened(bank: ForgottenBank) -> list[str | None]:
    seal = Seal(key_file(bank.settings, "lake"))
    events = [json.loads(line) for line in bank.settings.steward_log.read_text().splitlines()]
    return [e["sealed"] and seal.open(e["sealed"], e["subject"]).decode() for e in events]


def test_sealed_corrections_of_his_go_and_hers_lose_the_mention(bank):
    desk(bank, "q-his", f"{HE}|{NAME}")
    desk(bank, "q-hers", f"{HER_NAME}|{HE}|{NAME}")
    desk(bank, "q-other", HER_NAME)

    assert handed_out.stewards_seals(bank.settings, TOLD, {"q-his"}) == 2

    # Blanks for each byte of the name in UTF-8.
    blank = " " * len(HE) + "|" + " " * len(NAME.encode())
    assert opened(bank) == [None, f"{HER_NAME}|{blank}", HER_NAME]
    assert handed_out.stewards_seals(bank.settings, TOLD, {"q-his"}) == 0


def test_a_decision_that_no_run_has_entered_yet_stays_in_its_file(bank):
    assert handed_out.stewards_lines(bank.settings, {bank.he}, [NAME], entered=set()) == 0
    assert len(bank.settings.steward_decisions.read_text().splitlines()) == 2


def scanned(home: Path) -> set[Path]:
    return set(scan.found(home, {"his": [NAME]})[0].get("his", ()))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.log", f"… {NAME} …".encode()),
        ("delivered.dat", NAME.encode("gb18030")),
        ("sheet.txt", NAME.encode("utf-16-le")),
    ],
)
def test_the_scan_finds_a_name_however_it_is_written(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    assert scanned(tmp_path) == {tmp_path / name}


def test_the_scan_looks_into_lists_maps_and_bytes_of_a_table(tmp_path):
    columns = {
        "list.parquet": pa.array([[None, NAME]], pa.list_(pa.string())),
        "map.parquet": pa.array([[("extra", NAME)]], pa.map_(pa.string(), pa.string())),
        "struct.parquet": pa.array([{"a": {"b": NAME}}]),
        "bytes.parquet": pa.array([NAME.encode("gb18030")], pa.binary()),
        "none.parquet": pa.array([HER_NAME]),
    }
    for name, column in columns.items():
        pq.write_table(pa.table({"c": column}), tmp_path / name, compression="zstd", write_statistics=False)

    assert {path.name for path in scanned(tmp_path)} == columns.keys() - {"none.parquet"}
    assert scan.found(tmp_path, {"his": [NAME]})[1] == 5


def test_two_values_side_by_side_make_no_number(tmp_path):
    pq.write_table(
        pa.table({"c": ["154000", "00025"]}),
        tmp_path / "t.parquet",
        compression="none",
        write_statistics=False,
        use_dictionary=False,
    )

    assert scan.found(tmp_path, {"his": ["15400000025"]})[0] == {}


def test_suppliers_files_are_not_the_lake_s_wherever_they_lie(tmp_path):
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "CIF.dat").write_text(NAME)

    assert scan.found(tmp_path, {"his": [NAME]}, [landing])[0] == {}
    # A home below the folder in which landing lies is looked at.
    home = tmp_path / "home"
    home.mkdir()
    (home / "x").write_text(NAME)
    assert scan.found(home, {"his": [NAME]}, [tmp_path, landing])[0] == {"his": {home / "x": 1}}


@pytest.mark.parametrize(
    ("number", "names_somebody"),
    [
        ("15400000025", True),
        ("C900000025", True),
        ("33980119961224327X", True),
        ("0571", False),
        ("154****0025", False),
        ("Zhang San", False),
    ],
)
def test_a_number_names_somebody_when_it_is_long_and_whole(number, names_somebody):
    assert mentions.telling(number) is names_somebody


def test_one_look_tells_persons_apart_and_namesakes_share_what_is_found(tmp_path):
    (tmp_path / "his").write_text(f"{HE} {NAME}")
    (tmp_path / "hers").write_text(HER_NAME)

    hits, _ = scan.found(tmp_path, {"his": [HE, NAME], "hers": [HER_NAME], "namesake": [NAME]})

    assert {person: [path.name for path in files] for person, files in hits.items()} == {
        "his": ["his"], "hers": ["hers"], "namesake": ["his"],
    }  # fmt: skip
