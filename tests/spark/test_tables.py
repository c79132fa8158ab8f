"""Publishing: the same frame twice leaves the same rows, and a history forgets nothing."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest
from deltalake import DeltaTable
from pyspark.sql.types import ArrayType, DataType, DecimalType, MapType, StructField, StructType

from spark_jobs import catalog, publication, stored, tables
from spark_jobs.contracts.spark_types import ddl, spark_type
from spark_jobs.dates import DateRange
from spark_jobs.errors import ContractError
from spark_jobs.history import as_of, next_history
from spark_jobs.server_conf import FILES_NAMED
from spark_jobs.tables import Lake
from tests.support.tables import table

TIER = "customer_id string, tier_code string, valid_from date, valid_to date"
STORED = TIER + ", known_from timestamp, known_to timestamp"
EVER = "9999-12-31"


def learn(spark, stored, known: str, text: str):
    belief = table(spark, TIER, text)
    return next_history(
        stored, belief, datetime.fromisoformat(known), ["customer_id", "tier_code"]
    ).localCheckpoint()


def test_news_and_corrections_leave_what_was_believed_before(spark):
    """The worked example of the data model: affluent in May, wealthy from June, then wealthy from May after all."""
    nothing = spark.createDataFrame([], STORED)
    may = learn(spark, nothing, "2026-05-02", f"c | AFF | 2026-05-01 | {EVER}")
    june = learn(
        spark, may, "2026-06-02", f"c | AFF | 2026-05-01 | 2026-06-01\n c | HNW | 2026-06-01 | {EVER}"
    )
    july = learn(spark, june, "2026-07-05", f"c | HNW | 2026-05-01 | {EVER}")

    def believed(valid: str, known: str) -> list[str]:
        day = datetime.fromisoformat(valid).date()
        return [row["tier_code"] for row in as_of(july, day, datetime.fromisoformat(known)).collect()]

    assert believed("2026-05-15", "2026-05-20") == ["AFF"]
    assert believed("2026-05-15", "2026-06-15") == ["AFF"]
    assert believed("2026-06-15", "2026-06-15") == ["HNW"]
    assert believed("2026-05-15", "2026-07-06") == ["HNW"]
    assert believed("2026-06-15", "2026-05-20") == ["AFF"]
    assert believed("2026-05-15", "2026-07-05") == ["HNW"]
    assert july.count() == 4


def test_learning_the_same_again_changes_nothing(spark):
    once = learn(spark, spark.createDataFrame([], STORED), "2026-05-02", f"c | AFF | 2026-05-01 | {EVER}")
    twice = learn(spark, once, "2026-05-03", f"c | AFF | 2026-05-01 | {EVER}")

    assert twice.collect() == once.collect()


def test_a_history_says_from_which_day_something_else_is_believed(spark, lake):
    """So that days downstream that a merge touched are made anew when the merge is taken back."""
    members = "party_id string, customer_id string, valid_from date, valid_to date"
    name = "identity.party_customer"

    def believe(text: str) -> int:
        lake.publish(
            name,
            lake.empty(name).drop("known_from", "known_to").unionByName(table(spark, members, text), allowMissingColumns=True),
        )  # fmt: skip
        return lake.version(name)

    apart = f"a | x | 2026-09-01 | {EVER}\n b | y | 2026-09-03 | {EVER}"
    first = believe(apart)
    merged = believe(
        f"a | x | 2026-09-01 | {EVER}\n b | y | 2026-09-03 | 2026-09-10\n b | x | 2026-09-10 | {EVER}"
    )
    undone = believe(apart)
    again = believe(apart)

    assert lake.touched_since(name, first, merged) == lake.touched_since(name, merged, undone)
    assert str(lake.touched_since(name, first, merged)) == "2026-09-10"
    assert again == undone


def release(spark, lake, release_id: str, day: str):
    return lake.empty("ops.release").unionByName(
        spark.sql(f"select '{release_id}' as release_id, date'{day}' as business_date"),
        allowMissingColumns=True,
    )


def test_an_append_skips_a_key_that_is_there(spark, lake):
    lake.publish("ops.release", release(spark, lake, "r1", "2026-09-30"))
    before = lake.version("ops.release")
    lake.publish("ops.release", release(spark, lake, "r1", "2026-09-30"))

    assert lake.version("ops.release") == before
    assert lake.read("ops.release").count() == 1


def test_a_column_that_a_contract_asks_for_since_is_added_and_read_without_spark(spark, lake):
    lake.publish("ops.release", release(spark, lake, "r1", "2026-09-29"))
    schema, _, thing = lake.name("ops.release").partition(".")
    spark.sql(f"ALTER TABLE `{schema}`.`{thing}` SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")
    spark.sql(f"ALTER TABLE `{schema}`.`{thing}` DROP COLUMN state_code")
    later = Lake(spark, lake.settings, lake.run)

    later.publish("ops.release", release(spark, later, "r2", "2026-09-30"))

    types = {f.name: f.type.type for f in DeltaTable(str(lake.location("ops.release"))).schema().fields}
    assert types["state_code"] == "string"
    states = {r["release_id"]: r["state_code"] for r in later.read("ops.release").collect()}
    assert states["r1"] is None and set(states) == {"r1", "r2"}


def test_a_missing_column_is_named_with_the_nearest(spark, lake):
    with pytest.raises(ContractError, match="gives no column .*release_id"):
        lake.publish("ops.release", spark.sql("select 'r1' as releas_id"))


def test_rows_outside_the_range_are_refused_and_nothing_is_written(spark, lake):
    table_name = "export.crm__customer_delta_v1"
    day = DateRange.parse("2026-09-30")
    other = lake.empty(table_name).unionByName(
        spark.sql("select date'2026-09-29' as business_date, 1L as seq_no"), allowMissingColumns=True
    )
    lake.publish(table_name, lake.empty(table_name), day)
    before = lake.version(table_name)

    with pytest.raises(ContractError, match="rows outside 2026-09-30"):
        lake.publish(table_name, other, day)
    assert lake.version(table_name) == before


def test_rows_outside_the_range_are_refused_on_the_first_write_too(spark, lake):
    table_name = "export.crm__customer_delta_v1"
    other = lake.empty(table_name).unionByName(
        spark.sql("select date'2026-09-29' as business_date, 1L as seq_no"), allowMissingColumns=True
    )

    with pytest.raises(ContractError, match="rows outside 2026-09-30"):
        lake.publish(table_name, other, DateRange.parse("2026-09-30"))
    assert lake.read(table_name).collect() == []


def numbered(spark, lake, day: str, seq: int):
    return lake.empty("export.crm__customer_delta_v1").unionByName(
        spark.sql(f"select date'{day}' as business_date, {seq}L as seq_no, 'upsert' as op_code"),
        allowMissingColumns=True,
    )


def mode(lake, table_name: str, version: int) -> str:
    """How a commit wrote, by Delta's own log."""
    entry = lake.location(table_name) / "_delta_log" / f"{version:020d}.json"
    return json.loads(entry.read_text().splitlines()[0])["commitInfo"]["operationParameters"]["mode"]


def test_a_date_that_was_never_written_is_appended_and_one_that_was_is_replaced(spark, lake):
    """The second and third write leave one row for the 30th, and the 29th as it was."""
    name = "export.crm__customer_delta_v1"
    lake.publish(name, numbered(spark, lake, "2026-09-29", 1), DateRange.parse("2026-09-29"))
    lake.publish(name, numbered(spark, lake, "2026-09-30", 2), DateRange.parse("2026-09-30"))
    lake.publish(name, numbered(spark, lake, "2026-09-30", 3), DateRange.parse("2026-09-30"))

    rows = lake.read(name).select("business_date", "seq_no").orderBy("business_date").collect()
    assert [(str(r["business_date"]), r["seq_no"]) for r in rows] == [("2026-09-29", 1), ("2026-09-30", 3)]
    assert [mode(lake, name, version) for version in (1, 2, 3)] == ["Append", "Append", "Overwrite"]
    assert lake.touched_since(name, 1, 3) == DateRange.parse("2026-09-30").first


def writers(lake, table_name: str) -> list[str]:
    """Who made each commit, from the first on, by Delta's own log."""
    entries = sorted((lake.location(table_name) / "_delta_log").glob("*.json"))
    infos = [json.loads(line) for entry in entries for line in entry.read_text().splitlines()]
    made_by = [info["commitInfo"]["engineInfo"] for info in infos if "commitInfo" in info]
    return ["here" if engine.startswith("delta-rs") else "server" for engine in made_by]


FULL = "export.crm__customer_delta_v1"
DAYS = DateRange.parse("2026-09-29", "2026-09-30")


@pytest.mark.parametrize(
    ("limits", "writer"), [({}, "here"), ({"BYTES_CARRIED": -1}, "server"), ({"ROWS_CARRIED": 0}, "server")]
)
def test_few_rows_are_committed_from_here_and_the_same_as_by_the_server(spark, lake, monkeypatch, limits, writer):  # fmt: skip
    """Two days in one file; the second is replaced. What was counted, stamped and is read is the same, by whichever hand."""
    for limit, value in limits.items():
        monkeypatch.setattr(publication, limit, value)
    both = numbered(spark, lake, "2026-09-29", 1).unionByName(numbered(spark, lake, "2026-09-30", 2))
    lake.publish(FULL, both, DAYS)
    lake.publish(FULL, numbered(spark, lake, "2026-09-30", 3), DateRange.parse("2026-09-30"))
    lake.publish(FULL, both, DAYS)
    lake.publish(FULL, numbered(spark, lake, "2026-09-30", 4), DateRange.parse("2026-09-30"))

    assert writers(lake, FULL) == ["server", "server", writer, writer, writer]
    rows = [(str(r["business_date"]), r["seq_no"]) for r in lake.read(FULL).orderBy("seq_no").collect()]
    assert rows == [("2026-09-29", 1), ("2026-09-30", 4)]
    assert lake.read(FULL).exceptAll(spark.table(lake.name(FULL)).select(*lake.read(FULL).columns)).isEmpty()
    assert [done.rows for done in lake.written] == [2, 1, 2, 1]
    assert lake.written[2].measures == lake.written[0].measures
    assert lake.touched_since(FULL, 3, 4) == DateRange.parse("2026-09-30").first


def test_more_rows_than_were_guessed_are_left_to_the_server_after_all(spark, lake, monkeypatch):
    monkeypatch.setattr(publication, "ROWS_CARRIED", 1)
    for day, seq in (("2026-09-27", 1), ("2026-09-28", 2)):
        lake.publish(FULL, numbered(spark, lake, day, seq), DateRange.parse(day))
    both = numbered(spark, lake, "2026-09-29", 3).unionByName(numbered(spark, lake, "2026-09-30", 4))
    lake.publish(FULL, both, DAYS)

    assert writers(lake, FULL) == ["server", "server", "here", "server"]
    assert sorted(row["seq_no"] for row in lake.read(FULL).collect()) == [1, 2, 3, 4]
    assert lake.written[-1].rows == 2


def test_records_that_could_not_be_read_are_never_fetched(spark, lake):
    """Each may be as long as its file."""
    for record in ("r1", "r2", "r3"):
        kept = spark.sql(f"select '{record}' as quarantine_id, x'00' as record")
        lake.publish(
            "ops.quarantine", lake.empty("ops.quarantine").unionByName(kept, allowMissingColumns=True)
        )

    assert writers(lake, "ops.quarantine") == ["server"] * 4
    assert lake.read("ops.quarantine").count() == 3


def test_the_server_goes_on_where_rows_were_committed_from_here(spark, lake, monkeypatch):
    for day, seq in (("2026-09-28", 1), ("2026-09-29", 2)):
        lake.publish(FULL, numbered(spark, lake, day, seq), DateRange.parse(day))
    monkeypatch.setattr(publication, "BYTES_CARRIED", -1)
    lake.publish(FULL, numbered(spark, lake, "2026-09-29", 3), DateRange.parse("2026-09-29"))
    monkeypatch.undo()
    lake.publish(FULL, numbered(spark, lake, "2026-09-28", 4), DateRange.parse("2026-09-28"))

    assert writers(lake, FULL) == ["server", "server", "here", "server", "here"]
    assert sorted(row["seq_no"] for row in spark.table(lake.name(FULL)).collect()) == [3, 4]


def example(kind: DataType) -> object:
    """A value of this type that a lossy way would show: the last instant there is, a share of a cent, a letter beyond 16 bits."""
    match kind:
        case ArrayType():
            return [example(kind.elementType), None]
        case MapType():
            return {example(kind.keyType): example(kind.valueType)}
        case StructType():
            return {field.name: example(field.dataType) for field in kind.fields}
        case DecimalType():
            return Decimal(1).scaleb(-kind.scale)
    return {"string": "𠮷", "int": -(2**31), "bigint": 2**63 - 1, "double": 0.1, "boolean": True, "binary": b"\x00\xff",
            "date": date(9999, 12, 31), "timestamp": datetime(9999, 12, 31, 23, 59, 59, 999999)}[kind.simpleString()]  # fmt: skip


def test_values_of_every_type_that_a_contract_has_come_through_as_they_are(spark, lake):
    contracts = lake.contracts
    types = {spark_type(f.type).simpleString(): spark_type(f.type) for t in contracts.tables for f in contracts.stored_fields(t)}  # fmt: skip
    schema = StructType([StructField(f"c{n}", types[name]) for n, name in enumerate(sorted(types))])
    frame = spark.createDataFrame([[example(f.dataType) for f in schema], [None for _ in schema]], schema)
    lake.ensure_schema("ops")
    folder = lake.location("ops.every_type")
    columns = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in schema)
    spark.sql(f"create table delta.`{folder}` ({columns}) using delta")

    stored.write(folder, frame.toArrow(), "{}", replacing=None)

    by_delta = spark.read.format("delta").load(str(folder))
    by_files = spark.read.schema(schema).parquet(str(folder))
    assert sorted(map(str, by_delta.collect())) == sorted(map(str, frame.collect()))
    assert sorted(map(str, by_files.collect())) == sorted(map(str, frame.collect()))


def test_a_table_that_the_catalog_lost_is_taken_up_with_its_rows(spark, lake):
    """Its files and log are there, with one release, and the catalog knows nothing of it."""
    name = "ops.release"
    lake.ensure_schema("ops")
    path, columns = f"delta.`{lake.location(name)}`", ddl(lake.contracts.stored_fields(name))
    spark.sql(f"create table {path} ({columns}) using delta")
    spark.sql(f"insert into {path} (release_id, business_date) values ('r1', date'2026-09-29')")
    assert not spark.catalog.tableExists(lake.name(name))

    assert [row["release_id"] for row in lake.read(name).collect()] == ["r1"]
    lake.publish(name, release(spark, lake, "r2", "2026-09-30"))

    found = lake.read(name).select("release_id").orderBy("release_id").collect()
    assert [row["release_id"] for row in found] == ["r1", "r2"]


def test_what_a_writer_left_that_was_killed_before_its_first_commit_is_swept(spark, lake):
    lake.ensure_schema("ops")
    folder = lake.location("ops.release")
    (folder / "_delta_log").mkdir(parents=True)
    (folder / "part-00000.parquet").write_bytes(b"half")

    lake.publish("ops.release", release(spark, lake, "r1", "2026-09-30"))

    assert not (folder / "part-00000.parquet").exists()
    assert lake.read("ops.release").count() == 1


def test_an_empty_table_is_made_where_a_killed_writer_left_files(lake):
    folder = lake.location("ops.release")
    folder.mkdir(parents=True)
    (folder / "part-00000.parquet").write_bytes(b"half")

    lake.ensure_table("ops.release")

    assert lake.version("ops.release") == 0
    assert lake.read("ops.release").collect() == []


def test_a_table_nobody_wrote_reads_as_empty(lake):
    assert lake.read("ops.release").collect() == []


def ids(frame) -> list[str]:
    return sorted(row["release_id"] for row in frame.collect())


def test_a_frame_shows_the_table_as_it_was_when_the_frame_was_made(spark, lake):
    lake.publish("ops.release", release(spark, lake, "r1", "2026-09-29"))
    before = lake.read("ops.release")

    lake.publish("ops.release", release(spark, lake, "r2", "2026-09-30"))

    assert ids(before) == ["r1"]
    assert ids(lake.read("ops.release")) == ["r1", "r2"]


@pytest.mark.parametrize("named", [FILES_NAMED, 0])
def test_rows_are_the_same_whether_files_are_named_or_delta_is_asked(spark, lake, monkeypatch, named):
    """Two files, then one row taken away beside the product; each state can still be asked for."""
    monkeypatch.setattr(catalog, "FILES_NAMED", named)
    for name, day in (("r1", "2026-09-29"), ("r2", "2026-09-30")):
        lake.publish("ops.release", release(spark, lake, name, day))
    DeltaTable(str(lake.location("ops.release"))).delete("release_id = 'r1'")

    assert ids(lake.read("ops.release")) == ["r2"]
    assert ids(lake.read("ops.release", DateRange.parse("2026-09-29"))) == []
    assert lake.version("ops.release") == 3
    assert [ids(lake.at_version("ops.release", version)) for version in (0, 1, 2)] == [
        [],
        ["r1"],
        ["r1", "r2"],
    ]


def test_a_ledger_of_many_files_becomes_one_with_its_rows_and_goes_on(spark, lake, monkeypatch):
    monkeypatch.setattr(tables, "FILES_KEPT", 2)
    for name, day in (("r1", "2026-09-28"), ("r2", "2026-09-29")):
        lake.publish("ops.release", release(spark, lake, name, day))

    lake.gather("ops.release")

    assert len(DeltaTable(str(lake.location("ops.release"))).file_uris()) == 1
    assert ids(lake.read("ops.release")) == ["r1", "r2"]
    lake.publish("ops.release", release(spark, lake, "r3", "2026-09-30"))
    assert ids(lake.read("ops.release")) == ids(spark.table(lake.name("ops.release"))) == ["r1", "r2", "r3"]
