"""Files of several feeds come out of one read, each record with its feed, its values in order and its place."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
from pyspark.sql.types import StructType

from spark_jobs.bronze.source import BankFiles
from spark_jobs.settings import SHIPPED_CONF


def given(feed: str, path: Path, text: str) -> dict[str, object]:
    path.write_text(text, encoding="utf-8")
    return {
        "feed": feed, "path": str(path), "bytes": path.stat().st_size, "file_id": f"f-{feed}", "delivery_id": "d",
        "business_date": "2026-09-28", "arrived_at": "2026-09-28T16:05:00",
    }  # fmt: skip


def test_two_feeds_are_read_at_once(tmp_path: Path) -> None:
    """An exchange rate, and an opt-out whose second line has a field too few and is kept aside as it came."""
    opt_outs = "mobile,channel,ts\n15400000001,sms,2026-09-28 10:00:00\n15400000002,sms\n"
    files = [
        given("ref__fx", tmp_path / "fx.csv", "ccy,date,mid\nUSD,2026-09-28,7.1\n"),
        given("msg__opt_out", tmp_path / "out.csv", opt_outs),
    ]
    source = BankFiles({"conf_dirs": json.dumps([str(SHIPPED_CONF)]), "files": json.dumps(files)})
    reader = source.reader(StructType())

    batches = [b for part in reader.partitions() for b in reader.read(part)]  # type: ignore[union-attr]

    rows = (
        pa.Table.from_batches(batches)
        .sort_by([("_feed", "descending"), ("_line_no", "ascending")])
        .to_pylist()
    )
    told = [(r["_feed"], r["_values"], r["_line_no"], r["_byte_offset"], r["_parse_status"]) for r in rows]
    assert told == [
        ("ref__fx", ["USD", "2026-09-28", "7.1"], 2, 13, "ok"),
        ("msg__opt_out", ["15400000001", "sms", "2026-09-28 10:00:00"], 2, 18, "ok"),
        ("msg__opt_out", None, 3, 54, "quarantined"),
    ]
    assert rows[2]["_record"] == b"15400000002,sms"
    assert {r["_file_id"] for r in rows} == {"f-ref__fx", "f-msg__opt_out"}
