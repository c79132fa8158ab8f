"""First rows that `oxpecker contract check` shows are those that a run writes: the plain evaluator beside the compiler, on the same records."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract, SourceField
from spark_jobs.onboarding.evaluate import TRANSFORMS as TWINS
from spark_jobs.onboarding.evaluate import Evaluator
from spark_jobs.settings import SHIPPED_CONF
from spark_jobs.silver.compile import Compiler
from spark_jobs.silver.mapping import OPERATORS, EntityMap, read_maps
from spark_jobs.silver.transforms import TRANSFORMS

DAY = date(2026, 9, 30)
KINDS = {
    "word": ("string", None), "day": ("date", None), "german": ("date", "dd.MM.yyyy"), "roc": ("date", "roc"), "serial": ("date", "excel"), "short": ("date", "dd.MM.yy"),
    "moment": ("timestamp", None), "utc": ("timestamp", "utc"), "packed": ("timestamp14", None), "written": ("timestamp", "dd.MM.yyyy HH:mm"),
    "number": ("number", None), "cents": ("implied2", None), "flag": ("boolean", None), "side": ("string", None), "code": ("string", None),
    "clock": ("string", None), "millis": ("string", None), "count": ("string", None),
}  # fmt: skip
# Column by column what suppliers write; the records are the rows of this table, blanks are empty fields.
VALUES = {
    "word": ["Ａｂ 1", " x ", "李红\u3000", "UNKNOWN", ""],
    "day": ["20260930", "115/09/30", "99991231", "00000000", "2026-02-30"],
    "roc": ["115/09/30", "1150930", "", "115/13/30", "20260930"],
    "serial": ["46295", "60", "59", "46295.0", "x"],
    "german": ["30.09.2026", "31.02.2026", "30.9.2026", "", "01.01.1900"],
    "short": ["30.09.26", "01.01.70", "", "x", "31.12.99"],
    "moment": ["2026-09-30 08:15:00", "2026-09-30T16:30:00Z", "2026/9/3 01:02:03", "2026-09-30", "soon"],
    "utc": ["2026-09-30 08:15:00", "2026-09-30T08:15:00.250", "", "2026-09-30T00:30:00+08:00", "x"],
    "packed": ["20260930081500", "20261331000000", "", "00000000000000", "20260930000000"],
    "written": ["30.09.2026 08:15", "30.09.2026", "", "01.01.2026 00:00", "32.01.2026 10:00"],
    "number": ["1,234.50", "-0.01", "12-", "1e5", ""],
    "cents": ["000000000012345", "-150", "+1", "", "x"],
    "flag": ["Y", "false", "是", "0", ""],
    "side": ["D", "C", "X", "", "D"],
    "code": ["330000", "330100", "330102", "", "11"],
    "clock": ["81500", "235959", "", "990000", "000000"],
    "millis": ["1790000000000", "0", "x", "", "-1"],
    "count": ["1", "2", "", "3", "0"],
}
EXPRESSIONS = {
    **{name: name for name in KINDS},
    "const": {"const": "active"},
    "lookup": {"lookup": ["side", "codes.direction"]},
    "concat": {"concat": ["word", {"const": "-"}, "side"]},
    "case": {
        "case": {"of": "side", "when": {"D": "out", "C": {"concat": ["word", "word"]}}, "else": "other"}
    },
    "unit": {"unit": ["number", "wan"]},
    "sign_by": {"sign_by": ["number", "side", {"D": -1, "C": 1}]},
    "row_key": {"row_key": True},
    "business_date": {"business_date": True},
    "python_first_of": {"python": ["first_of", "word", "side"]},
    "python_local_date": {"python": ["local_date", "moment"]},
    "python_parsed_date": {"python": ["parsed_date", "code"]},
    "python_epoch_ms": {"python": ["epoch_ms", "millis"]},
    "python_month_start": {"python": ["month_start", "code"]},
    "python_region_level": {"python": ["region_level", "code"]},
    "python_last_four": {"python": ["last_four", "word"]},
    "python_date_and_time": {"python": ["date_and_time", "day", "clock"]},
    "python_identifier_text": {"python": ["identifier_text", "word"]},
    "python_inverse": {"python": ["inverse", "number"]},
    "python_or_null_when_zero": {"python": ["or_null_when_zero", "cents"]},
    "python_false_when_given": {"python": ["false_when_given", "word"]},
    "python_page_schema": {"python": ["page_schema", "word"]},
    "python_is_open_ended": {"python": ["is_open_ended", "day"]},
    "python_present": {"python": ["present", "word"]},
    "python_lower": {"python": ["lower", "side"]},
    "python_is_before": {"python": ["is_before", "day", "german"]},
    "python_is_given": {"python": ["is_given", "word"]},
    "python_greater_than_one": {"python": ["greater_than_one", "count"]},
    "python_per_cent": {"python": ["per_cent", "number"]},
}


@pytest.fixture
def source() -> SourceContract:
    fields = tuple(
        SourceField(n, kind, PrivacyClass.C1, None, ("UNKNOWN",) if n == "word" else (), n, written)
        for n, (kind, written) in KINDS.items()
    )
    delivery = Delivery("", None, "x_{date}.csv", "full", "06:00", False, False, False)
    return SourceContract("probe__all", "probe", delivery, Layout("delimited", "utf-8"), (), fields)


@pytest.fixture
def entity_map(source: SourceContract) -> EntityMap:
    """All expressions under names of their own: no silver table has so many kinds of columns."""
    reader = _AnyColumn(source)
    return EntityMap(
        source.feed, "complaint_event", 0, {name: reader.read(e) for name, e in EXPRESSIONS.items()}
    )


class _AnyColumn:
    """Reads expressions the way maps are read, whatever the column is called."""

    def __init__(self, source: SourceContract) -> None:
        from spark_jobs.contracts import load
        from spark_jobs.silver.mapping import _Reader

        self._reader = _Reader(
            source, load((SHIPPED_CONF,)), lambda n: load_codes((SHIPPED_CONF,), n), tuple(TRANSFORMS)
        )

    def read(self, given: object):
        return self._reader.expression(given, "probe", self._reader.fields)


def test_all_operators_and_transforms_are_compared():
    assert (
        set(TWINS)
        == set(TRANSFORMS)
        == {e.removeprefix("python_") for e in EXPRESSIONS if e.startswith("python_")}
    )
    assert set(OPERATORS) - {"token", "python"} <= set(EXPRESSIONS)


def test_the_plain_evaluator_gives_what_spark_gives(spark, lake, source, entity_map):
    records = [{n: VALUES[n][k] or None for n in KINDS} for k in range(5)]
    schema = T.StructType([T.StructField("_line_no", T.LongType()), T.StructField("business_date", T.DateType())]
                          + [T.StructField(n, T.StringType()) for n in KINDS])  # fmt: skip
    rows = spark.createDataFrame([(k, DAY, *r.values()) for k, r in enumerate(records, 1)], schema)
    compiler = Compiler(lake, source, (), lake.settings.zone)
    columns = [compiler.column(e).cast("string").alias(n) for n, e in entity_map.columns.items()]

    written = [row.asDict() for row in rows.select("_line_no", *columns).orderBy(F.col("_line_no")).collect()]

    evaluator = Evaluator(source, lake.codes, lake.settings.zone)
    for number, (record, made) in enumerate(zip(records, written, strict=True), 1):
        shown = next(iter(evaluator.rows(entity_map, record, number, DAY)))
        assert {n: _plain(v) for n, v in shown.items()} == {n: _plain(made[n]) for n in shown}, (
            f"record {number}"
        )


def _plain(value: object) -> str | None:
    """As text that does not depend on how many zeros a decimal or an instant is written with."""
    if value is None:
        return None
    text = (
        ("true" if value else "false")
        if isinstance(value, bool)
        else f"{value:f}"
        if hasattr(value, "as_tuple")
        else str(value)
    )
    return text.rstrip("0").rstrip(".") if "." in text else text


def test_maps_of_the_shipped_bank_are_read_by_both():
    """Every operator that a shipped contract uses is one the evaluator knows."""
    from spark_jobs.contracts import load
    from spark_jobs.contracts.sources import load_sources

    dirs = (SHIPPED_CONF,)
    for each in load_sources(dirs).values():
        maps = read_maps(each, load(dirs), lambda n: load_codes(dirs, n), tuple(TRANSFORMS))
        evaluator = Evaluator(each, lambda n: load_codes(dirs, n), "Asia/Shanghai")
        empty = dict.fromkeys(each.names())
        for one in maps:
            assert all(isinstance(row, dict) for row in evaluator.rows(one, empty, 1, DAY))
