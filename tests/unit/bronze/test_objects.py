"""JSON lines and Parquet: fields by name, digits as written, and what the contract does not know is kept."""

import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.cut import Cut, schema_drift
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import read
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract, SourceField

DAY = date(2026, 9, 30)


def feed(*names: str, kind: str = "jsonl", **more) -> SourceContract:
    fields = tuple(SourceField(n.replace(".", "_"), "string", PrivacyClass.C1, source_name=n) for n in names)
    delivery = Delivery("X", "X_{date}.jsonl", None, "full", "06:00", False, False, False)
    return SourceContract("x__x", "x", delivery, Layout(kind, "utf-8"), names[:1], fields, **more)


def sheet(**columns) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_fields_come_by_name_and_numbers_keep_their_digits():
    (record,) = read(b'{"b": 1.50, "a": "x", "c": true}\n', feed("a", "b", "c"))

    assert record.values == ["x", "1.50", "true"]
    assert (record.line_no, record.offset, record.raw[:5]) == (1, 0, b'{"b":')


def test_a_change_record_gives_the_fields_of_the_object_inside():
    line = b'{"op": "u", "before": {"state": "granted"}, "after": {"state": "withdrawn", "note": "x"}}'
    (record,) = read(line, feed("op", "after.state", "before.state"))

    assert record.values == ["u", "withdrawn", "granted"]
    assert record.rescued == {"after.note": "x"}


def test_an_object_where_a_value_was_agreed_is_rescued_and_the_rest_loads():
    (record,) = read(b'{"a": "1", "page": ["home", "pay"]}', feed("a", "page"))

    assert record.values == ["1", None]
    assert record.rescued == {"page": '["home", "pay"]'}
    assert record.reasons == ["schema_type"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "json_invalid"),
        (b"[1, 2]", "json_not_an_object"),
        (b'{"a": 1, "a": 2}', "json_key_twice"),
        (b'{"a": "\xff"}', "undecodable"),
    ],
)
def test_a_line_that_cannot_be_read_keeps_its_bytes_and_a_reason(line, reason):
    good, bad = read(b'{"a": 1}\n' + line + b"\n", feed("a"))

    assert good.values == ["1"]
    assert (bad.values, bad.reasons, bad.raw, bad.offset) == (None, [reason], line, 9)


def test_a_gzip_file_reads_as_what_it_holds():
    assert [r.values for r in read(gzip.compress(b'{"a": 1}\n'), feed("a"))] == [["1"]]
    with pytest.raises(RecordError, match="file_unreadable"):
        list(read(gzip.compress(b'{"a": 1}\n')[:-6], feed("a")))


def test_rows_of_a_parquet_file_are_texts_with_their_digits_and_zones():
    content = sheet(
        n=pa.array([Decimal("1.50")]), d=pa.array([DAY]), w=pa.array([datetime(2026, 9, 30, 8, 0, 1)]),
        u=pa.array([datetime(2026, 9, 30, 8, tzinfo=UTC)], pa.timestamp("ms", "Asia/Shanghai")), s=pa.array([" "]),
    )  # fmt: skip
    (record,) = read(content, feed("n", "d", "w", "u", "s", kind="parquet"))

    assert record.values == ["1.50", "2026-09-30", "2026-09-30 08:00:01", "2026-09-30T08:00:00Z", None]


def test_a_damaged_parquet_file_is_held_and_not_an_accident_of_the_run():
    content = sheet(n=pa.array(range(1000)))
    verified = verify(content[: len(content) // 2], feed("n", kind="parquet"), DAY, None, None)

    assert verified.reason == "file_unreadable"


@pytest.mark.parametrize(
    ("columns", "drift"),
    [
        (["a", "b", "c"], None),
        (["a", "b", "c", "new"], None),
        (["a", "new", "b", "c"], "schema_added"),
        (["a", "c", "b"], "schema_swapped"),
        (["a", "b"], "schema_missing"),
    ],
)
def test_columns_may_be_added_at_the_end_only(columns, drift):
    source = feed("a", "b", "c", kind="parquet")

    assert schema_drift(Cut(sheet(**{c: ["1"] for c in columns}), source), source) == drift


def test_two_instants_that_changed_places_hold_the_feed():
    source = feed("made", "due", kind="parquet", in_order=("made", "due"))
    days = pa.array(["2026-09-01", "2026-09-02"]), pa.array(["2026-09-03", "2026-09-04"])

    assert verify(sheet(made=days[0], due=days[1]), source, DAY, None, None).reason is None
    assert verify(sheet(made=days[1], due=days[0]), source, DAY, None, None).reason == "schema_swapped"
