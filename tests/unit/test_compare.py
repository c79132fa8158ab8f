"""Two lakes are held against each other by files alone."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import convert_to_deltalake, write_deltalake

from spark_jobs import settings as settings_module
from spark_jobs.compare import Side, compare
from spark_jobs.contracts import Contracts
from spark_jobs.contracts.model import Field, PrivacyClass, TableContract, Write
from spark_jobs.errors import OxpeckerError

OPEN = datetime(9999, 12, 31)
PAST = datetime(2026, 9, 29)


def _field(name: str, privacy: PrivacyClass = PrivacyClass.C1) -> Field:
    return Field(name=name, type="string", description=name, zh=name, en=name, privacy=privacy)


CONTRACTS = Contracts(
    fields={n: _field(n) for n in ("party_id", "name", "amount", "valid_from")},
    tables={
        "silver.party": TableContract(
            table="silver.party", zh="", description="", grain="", key=("party_id",), columns=("party_id", "name"),
            write=Write.REPLACE_WHOLE,
        )
    },
)  # fmt: skip


def lay(home: Path, table: str, **columns: list[Any]) -> None:
    layer, thing = table.split(".")
    write_deltalake(str(home / "lake" / layer / thing), pa.table(columns))


def differing(ref: Path, got: Path, exact: bool = False) -> dict[str, Any]:
    _, found = compare(Side(ref), Side(got), CONTRACTS, exact=exact)
    return {d.table: d for d in found}


def test_an_instant_of_96_bits_may_lie_beyond_the_range_of_nanoseconds(tmp_path: Path) -> None:
    for side, name in (("a", "x"), ("b", "x"), ("c", "y")):
        folder = tmp_path / side / "lake" / "silver" / "party"
        folder.mkdir(parents=True)
        rows = pa.table({"party_id": ["1"], "name": [name], "known_to": pa.array([OPEN], pa.timestamp("us"))})
        pq.write_table(rows, folder / "part.parquet", use_deprecated_int96_timestamps=True)
        convert_to_deltalake(str(folder))

    assert differing(tmp_path / "a", tmp_path / "b", exact=True) == {}
    assert differing(tmp_path / "a", tmp_path / "c", exact=True)["silver.party"].changed == 1


@pytest.mark.requirement("R-PRV-13")
def test_keys_that_identify_a_person_are_counted_and_not_shown(tmp_path: Path) -> None:
    sealed = Contracts(
        {**CONTRACTS.fields, "party_id": _field("party_id", PrivacyClass.IDENTIFYING)}, CONTRACTS.tables
    )
    lay(tmp_path / "a", "silver.party", party_id=["310101199001011234"], name=["x"])
    lay(tmp_path / "b", "silver.party", party_id=["310101199001011234"], name=["y"])

    _, (party,) = compare(Side(tmp_path / "a"), Side(tmp_path / "b"), sealed)

    assert (party.changed, party.keys) == (1, [])


def test_order_and_number_of_files_do_not_matter(tmp_path: Path) -> None:
    lay(tmp_path / "a", "silver.party", party_id=["1", "2"], name=["x", None])
    for party, name in (("2", None), ("1", "x")):
        path = str(tmp_path / "b" / "lake" / "silver" / "party")
        row = pa.table({"party_id": [party], "name": pa.array([name], pa.string())})
        write_deltalake(path, row, mode="append")

    assert differing(tmp_path / "a", tmp_path / "b") == {}


def test_a_changed_a_missing_and_an_extra_row_are_counted_by_key(tmp_path: Path) -> None:
    lay(tmp_path / "a", "silver.party", party_id=["1", "2", "3"], name=["x", "y", "z"])
    lay(tmp_path / "b", "silver.party", party_id=["1", "2", "4"], name=["x", "other", "w"])

    party = differing(tmp_path / "a", tmp_path / "b")["silver.party"]

    assert (party.only_ref, party.only_got, party.changed) == (1, 1, 1)
    assert party.columns == {"name": 1}
    assert party.keys == ["2", "3", "4"]


def test_a_row_twice_differs_from_the_row_once(tmp_path: Path) -> None:
    lay(tmp_path / "a", "metric.value", amount=[1, 1])
    lay(tmp_path / "b", "metric.value", amount=[1])

    value = differing(tmp_path / "a", tmp_path / "b")["metric.value"]

    assert (value.only_ref, value.only_got) == (1, 0)


def test_superseded_beliefs_and_run_ids_count_only_when_asked_for(tmp_path: Path) -> None:
    common = {"party_id": ["1"], "valid_from": [date(2026, 9, 1)], "known_from": [PAST]}
    lay(tmp_path / "a", "silver.hist", **common, known_to=[OPEN], _run_id=["r1"])
    path = str(tmp_path / "b" / "lake" / "silver" / "hist")
    older = {**common, "party_id": ["0"], "known_to": [PAST], "_run_id": ["r0"]}
    newer = {**common, "known_from": [datetime(2026, 9, 30)], "known_to": [OPEN], "_run_id": ["r2"]}
    for row in (older, newer):
        write_deltalake(path, pa.table(row), mode="append")

    assert differing(tmp_path / "a", tmp_path / "b") == {}
    assert "silver.hist" in differing(tmp_path / "a", tmp_path / "b", exact=True)


def test_a_table_of_one_side_only_differs_unless_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a" / "lake").mkdir(parents=True)
    lay(tmp_path / "b", "profile.b_event", amount=[1])
    lay(tmp_path / "b", "profile.b_none", amount=pa.array([], pa.int64()))

    assert list(differing(tmp_path / "a", tmp_path / "b")) == ["profile.b_event"]


def test_ledgers_and_exports_are_not_compared(tmp_path: Path) -> None:
    (tmp_path / "a" / "lake").mkdir(parents=True)
    for table in ("ops.run", "export.crm__ack", "metric.restatement", "identity.memory_audit"):
        lay(tmp_path / "b", table, amount=[1])

    assert differing(tmp_path / "a", tmp_path / "b") == {}


def test_a_folder_without_a_lake_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OxpeckerError, match="is no lake"):
        Side.parse(str(tmp_path), settings_module.load(home=tmp_path))
