"""Defects of the demo bank: each is in the ledger, and the ledger tells its place to the byte."""

from __future__ import annotations

import hashlib
import tarfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from demo_bank.dirt import files, people
from demo_bank.dirt.ledger import Ledger
from demo_bank.dirt.plan import plan_of
from demo_bank.generate import generate
from demo_bank.packages import Inner
from demo_bank.population import make_world
from demo_bank.registry import Registry
from demo_bank.sizes import DEFAULT_SEED, SIZES
from tests.unit.demo_bank.test_fits_contracts import findings

SIZE = replace(SIZES["nano"], name="test", people=600, first=date(2026, 9, 4), last=date(2026, 9, 24))


@pytest.fixture(scope="module")
def soiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soiled")
    generate(SIZE, folder, DEFAULT_SEED, dirt="full")
    return folder


@pytest.fixture(scope="module")
def ledger(soiled: Path) -> list[Mapping[str, object]]:
    rows: list[Mapping[str, object]] = pq.read_table(soiled / "truth" / "defect_ledger.parquet").to_pylist()
    return rows


def members(package: Path) -> dict[str, bytes]:
    with tarfile.open(package) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]


def test_the_corrupted_bytes_stand_where_the_ledger_says(soiled: Path, ledger: list[Mapping[str, object]]):
    by_package = defaultdict(list)
    for row in ledger:
        if row["line_no"] is not None and row["byte_len"] and str(row["file"]).count("/") == 3:
            by_package[str(row["file"]).rsplit("/", 1)[0]].append(row)
    assert by_package
    for package, rows in by_package.items():
        inside = members(soiled / "landing" / package)
        for row in rows:
            content = inside[str(row["file"]).rsplit("/", 1)[1]]
            start, length = int(str(row["byte_offset"])), int(str(row["byte_len"]))
            assert content[start : start + length].hex() == row["corrupted_hex"], row
            if row["code"] != "D14":
                assert content[:start].count(b"\n") + 1 >= int(str(row["line_no"])), row
            assert row["corrupted_hex"] != row["original_hex"], row


@pytest.mark.parametrize(
    "code",
    [
        "D01", "D02", "D04", "D05", "D06", "D10", "D11", "D12", "D15", "D14", "D16", "D17", "D18", "D19", "D20", "D21", "D23", "D24", "D25", "D26", "D27", "D28",
        "D29", "D30", "D31", "D32", "D33", "D34", "D35", "D36", "D37", "D38", "D39", "D40", "D41", "D09", "D42", "D43", "D44", "D45", "D47", "D48",
    ],
)  # fmt: skip
def test_every_defect_in_scope_is_planted(ledger: list[Mapping[str, object]], code: str):
    assert any(row["code"] == code for row in ledger)


def test_what_the_reader_refuses_was_planted(soiled: Path, ledger: list[Mapping[str, object]]):
    found = findings(soiled / "landing")
    planted: Counter[object] = Counter((row["reason_code"]) for row in ledger)
    told = Counter[str]()
    for key, count in found.items():
        if not key.endswith((" files", " rows")):
            told[key.split()[1]] += count
    assert told.pop("replacement_character") == sum(
        row["code"] == "D20" and str(row["corrupted_hex"]).endswith("efbfbd") for row in ledger
    )
    told["control_total"] += told.pop("control_total_sum1", 0) + told.pop("control_total_sum2", 0)
    for reason in (
        "encoding",
        "control_total",
        "schema_swapped",
        "schema_added",
        "name_truncated",
        "schema_type",
    ):
        assert told.pop(reason, 0) == planted[reason] > 0, reason
    # The package that comes twice repeats its records.
    for reason in ("half_character", "private_use", "column_count"):
        assert told.pop(reason) >= planted[reason] > 0, reason
    assert not told


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path: Path):
    size = replace(SIZES["nano"], people=80, first=date(2026, 9, 27))
    hashes = []
    for run, seed in (("one", 5), ("two", 5), ("three", 6)):
        generate(size, tmp_path / run, seed, dirt="full")
        hashes.append({
            str(path.relative_to(tmp_path / run)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((tmp_path / run).rglob("*")) if path.is_file()
        })  # fmt: skip
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_resends_come_the_next_day_at_two_in_the_afternoon(soiled: Path):
    arrivals = dict(
        line.split(",") for line in (soiled / "landing" / "arrivals.csv").read_text().splitlines()[1:]
    )
    assert arrivals["CORE/20260905/CORE_02_20260905.tar.gz"] == "2026-09-06T06:00:00Z"
    assert arrivals["ECIF/20260918/ECIF_02_20260918.tar.gz"] == "2026-09-19T06:00:00Z"
    assert not (soiled / "landing/CORE/20260905/CORE_01_20260905.OK").exists()
    assert (soiled / "landing/CORE/20260905/CORE_02_20260905.OK").exists()


def test_the_clean_twin_has_no_defects_and_the_same_people(tmp_path: Path):
    generate(SIZES["nano"], tmp_path / "clean", DEFAULT_SEED, dirt="none")
    generate(SIZES["nano"], tmp_path / "light", DEFAULT_SEED, dirt="light")
    assert pq.read_table(tmp_path / "clean/truth/defect_ledger.parquet").num_rows == 0
    assert pq.read_table(tmp_path / "light/truth/defect_ledger.parquet").num_rows > 0
    links = [pq.read_table(tmp_path / level / "truth/truth_link.parquet") for level in ("clean", "light")]
    assert links[0].equals(links[1])


def test_a_half_character_takes_a_bar_for_its_second_half():
    inner = Inner("PARTY_20260930.txt", "E1|+|1|+|林瑋|+|LIN WEI\n".encode("gb18030"), 1, 0)
    file = files.SoiledFile(
        "p", inner, files.Delimited(("ecif_id", "party_type", "name_cn", "name_pinyin"), "|+|", "gb18030")
    )
    people.d18_half_character(file, 0, 0, None)  # type: ignore[arg-type]
    ledger = Ledger()
    assert file.finish(ledger).content.hex() == "45317c2b7c317c2b7cc1d6ac7c2b7c4c494e205745490a"
    assert (ledger.rows[0].original_hex, ledger.rows[0].corrupted_hex) == ("c1d6ac7c", "c1d6ac")


def test_partners_records_are_soiled_where_they_come():
    registry = Registry(make_world(SIZES["tiny"]))
    plan = plan_of(registry, "full")
    person = int(plan.persons("bar")[0])
    number = str(registry.records("LOAN").key_of(np.array([person]))[0])
    rows = [
        f"D{k}|@|X|@|{key}|@|P|@|CNY|@|1|@|1|@|1|@||@||@||@||@|0|@|1|@|装修|@|330100\n"
        for k, key in enumerate(("C1", number))
    ]
    inner = Inner("DUEBILL_20260930.txt", "".join(rows).encode("gb18030"), 2, 0)
    file = people.soil("p", "LOAN", inner, plan)
    assert file is not None
    ledger = Ledger()
    told = file.finish(ledger).content.decode("gb18030").splitlines()
    assert [row.code for row in ledger.rows] == ["D15"]
    assert "装修|装修|@|330100" in told[1]


def test_a_new_card_account_comes_a_day_after_its_first_purchases(
    soiled: Path, ledger: list[Mapping[str, object]]
):
    late = [row for row in ledger if row["code"] == "D42" and "/C_ACCT_" in str(row["file"])]
    assert late
    for row in late:
        package, name = str(row["file"]).rsplit("/", 1)
        day = package.split("/")[1]
        before = date.fromisoformat(day) - timedelta(days=1)
        number = bytes.fromhex(str(row["corrupted_hex"]))
        earlier = f"CARD/{before:%Y%m%d}/CARD_01_{before:%Y%m%d}.tar.gz"
        files = members(soiled / "landing" / earlier)
        assert number in files[f"C_TXN_{before:%Y%m%d}.dat"]
        assert number not in files[f"C_ACCT_{before:%Y%m%d}.dat"]
        assert number in members(soiled / "landing" / package)[name]
