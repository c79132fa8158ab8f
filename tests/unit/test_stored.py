"""Which files a table has, and of which dates, as its log says it; and a commit of few rows without an engine."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from pyspark.sql.types import ArrayType, DateType, DecimalType, LongType, MapType, StringType, TimestampType

from spark_jobs import delta_log
from spark_jobs.dates import DateRange
from spark_jobs.stored import Contents, contents, write

SEPTEMBER = {day: date(2026, 9, day) for day in range(1, 31)}


def days(*wanted: int) -> pa.Table:
    return pa.table({"business_date": [SEPTEMBER[day] for day in wanted], "n": list(wanted)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three commits: the 1st to the 3rd, the 4th, the 5th."""
    place = tmp_path / "a lake" / "t"
    for wanted in ((1, 2, 3), (4,), (5,)):
        write_deltalake(place.as_uri(), days(*wanted), mode="append")
    return place


def rows(found: Contents, dates: DateRange | None) -> list[int]:
    return sorted(
        n for file in found.reaching(dates) for n in pa.parquet.read_table(file.path)["n"].to_pylist()
    )


def test_files_that_cannot_hold_a_wanted_date_are_left_out(folder):
    found = contents(folder, 2)

    assert rows(found, None) == [1, 2, 3, 4, 5]
    assert rows(found, DateRange.parse("2026-09-03", "2026-09-04")) == [1, 2, 3, 4]
    assert rows(found, DateRange.parse("2026-09-30")) == []


def test_what_was_replaced_is_seen_by_nobody_who_asks_for_now_and_by_who_asks_for_then(folder):
    write_deltalake(folder.as_uri(), days(6), mode="overwrite")

    assert rows(contents(folder, 3), None) == [6]
    assert rows(contents(folder, 2), None) == [1, 2, 3, 4, 5]


def test_a_table_without_dates_has_files_for_every_date(tmp_path):
    write_deltalake(str(tmp_path), pa.table({"n": [1]}))

    assert rows(contents(tmp_path, 0), DateRange.parse("2026-09-30")) == [1]


def test_a_file_whose_dates_are_not_all_known_is_looked_into(tmp_path):
    """Nobody said between which dates the rows lie: the log keeps no minima of this column."""
    write_deltalake(str(tmp_path), days(1), configuration={"delta.dataSkippingStatsColumns": "n"})

    assert rows(contents(tmp_path, 0), DateRange.parse("2026-09-30")) == [1]


def test_columns_have_the_types_that_the_lake_writes(tmp_path):
    written = pa.table({
        "amount": pa.array([Decimal("1.25")], pa.decimal128(18, 2)),
        "at": pa.array([0], pa.timestamp("us", "UTC")),
        "day": pa.array([SEPTEMBER[1]]),
        "names": pa.array([["a"]], pa.list_(pa.string())),
        "counts": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
    })  # fmt: skip
    write_deltalake(str(tmp_path), written)

    found = contents(tmp_path, 0).schema

    assert [field.dataType for field in found] == [
        DecimalType(18, 2), TimestampType(), DateType(), ArrayType(StringType()), MapType(StringType(), LongType()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "feature", [{"delta.enableDeletionVectors": "true"}, {"delta.columnMapping.mode": "name"}]
)
def test_a_table_whose_files_do_not_say_all_is_left_to_delta(tmp_path, feature):
    """Rows may be struck out beside the files, or columns bear other names in them."""
    write_deltalake(str(tmp_path), days(1), configuration=feature)

    assert DeltaTable(str(tmp_path)).protocol().min_reader_version > 1
    assert contents(tmp_path, 0) is None


def test_a_partitioned_table_is_left_to_delta(tmp_path):
    """The files do not hold the column that they are parted by."""
    write_deltalake(str(tmp_path), days(1, 2), partition_by=["business_date"])

    assert contents(tmp_path, 0) is None


FIRST_TWO = "business_date BETWEEN DATE '2026-09-01' AND DATE '2026-09-02'"


def test_rows_of_the_wanted_dates_make_way_for_others_and_their_neighbours_in_the_file_stay(folder):
    write(folder, days(2, 2), '{"run_id": "r"}', replacing=FIRST_TWO)

    assert rows(contents(folder, 3), None) == [2, 2, 3, 4, 5]
    assert rows(contents(folder, 2), None) == [1, 2, 3, 4, 5]
    assert delta_log.stamp(folder) == {"run_id": "r"}


def test_no_rows_are_a_commit_too(folder):
    """So that dates on which nothing happened are told from those that nobody looked at."""
    write(folder, days(), "{}", replacing=None)
    write(folder, days(), "{}", replacing=FIRST_TWO)

    assert delta_log.newest(folder) == 4
    assert rows(contents(folder, 4), None) == [3, 4, 5]


def test_a_row_outside_of_what_is_replaced_is_refused_and_nothing_is_committed(folder):
    with pytest.raises(DeltaError):
        write(folder, days(1, 9), "{}", replacing=FIRST_TWO)

    assert delta_log.newest(folder) == 2


def test_the_log_tells_minima_of_no_column_but_those_it_may(tmp_path):
    people = pa.table({"party_id": ["p1"], "name": ["Somebody Made Up"]})
    write_deltalake(str(tmp_path), people, configuration={"delta.dataSkippingStatsColumns": "party_id"})

    write(tmp_path, people, "{}", replacing="true")

    assert "Somebody" not in "".join(p.read_text() for p in (tmp_path / "_delta_log").glob("*.json"))


def test_a_table_written_from_here_keeps_its_protocol(folder):
    before = DeltaTable(str(folder)).protocol()
    write(folder, days(6), "{}", replacing=None)

    assert DeltaTable(str(folder)).protocol() == before


def test_a_checkpoint_is_left_as_often_as_the_table_says(tmp_path):
    """So that nobody who opens the table has to read each commit from the first on."""
    write_deltalake(str(tmp_path), days(1), configuration={"delta.checkpointInterval": "2"})
    for day in range(2, 6):
        write(tmp_path, days(day), "{}", replacing=None)

    assert len(list((tmp_path / "_delta_log").glob("*.checkpoint.parquet"))) == 2
    assert rows(contents(tmp_path, 4), None) == [1, 2, 3, 4, 5]
