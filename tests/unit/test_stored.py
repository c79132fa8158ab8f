"""Which files a table has, and of which dates, as its log says it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql.types import ArrayType, DateType, DecimalType, LongType, MapType, StringType, TimestampType

from spark_jobs.dates import DateRange
from spark_jobs.stored import Contents, contents

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
    return sorted(n for path in found.reaching(dates) for n in pa.parquet.read_table(path)["n"].to_pylist())


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
