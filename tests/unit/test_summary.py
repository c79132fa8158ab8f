"""The summary is read from files; a lake that was never written has one, too."""

from __future__ import annotations

import io
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from rich.console import Console

from spark_jobs import settings, summary, summary_tables


def test_a_lake_that_was_never_written_has_an_empty_summary(tmp_path: Path) -> None:
    figures = summary.collect(settings.load(home=tmp_path))

    assert figures == summary.Figures(runs=figures.runs)
    assert list(figures.runs) == []
    assert summary.as_json(figures)["days"] == []


def test_files_that_nobody_asks_for_are_named(tmp_path: Path) -> None:
    given = settings.load(home=tmp_path)
    rows = [("FAX_01_20260930.tar.gz", "", datetime(2026, 9, 30)), ("", "notes.xlsx", datetime(2026, 10, 1))]
    names = ("package_name", "file_name", "arrived_at")
    content = pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)})
    write_deltalake(str(given.warehouse / f"{given.prefix}ops" / "unasked_file"), content)
    shown = io.StringIO()

    figures = summary.collect(given)
    summary_tables.show(figures, Console(file=shown, width=200))

    assert figures.unasked == ["notes.xlsx", "FAX_01_20260930.tar.gz"]
    assert (
        "2 files that no contract asks for: notes.xlsx, FAX_01_20260930.tar.gz; see ops.unasked_file"
        in shown.getvalue()
    )


def test_each_date_has_its_links_its_checks_and_its_crm_rows(tmp_path: Path) -> None:
    """A gate that judged a range speaks for each of its dates; evidence older than the lake counts with the first."""
    given = settings.load(home=tmp_path, prefix="")
    first, last = date(2026, 9, 29), date(2026, 9, 30)

    def write(table: str, **columns: Any) -> None:
        write_deltalake(str(given.warehouse / table.replace(".", "/")), pa.table(columns))

    write(
        "ops.delivery_file",
        business_date=[first, last, last],
        state_code=["loaded", "loaded", "held"],
        rows_found=[5, 7, 9],
    )
    write(
        "identity.link_event", effective_from=[date(2020, 1, 1), last, last], is_refused=[False, False, True]
    )
    write("ops.quality_verdict", gate_code=["silver"] * 3, table_name=["t"] * 3, check_code=["a", "b", "b"], from_date=[first, first, last],
          to_date=[last] * 3, verdict_code=["pass", "fail", "warn"], judged_at=[datetime(2026, 10, 1, n) for n in range(3)])  # fmt: skip
    package = given.exports / "crm__customer_full_v1" / "20260930"
    package.mkdir(parents=True)
    (package / "manifest.json").write_text(json.dumps({"files": [{"rows": 50}]}))

    days = summary.collect(given).days

    assert [(d.feeds_received, d.feeds_held, d.rows_in, d.links) for d in days] == [
        (1, 0, 5, 1),
        (1, 1, 7, 1),
    ]
    assert [(d.checks_passed, d.checks_warned, d.checks_failed) for d in days] == [(1, 0, 1), (1, 1, 0)]
    assert [d.export_rows for d in days] == [None, 50]


def test_of_many_dates_the_oldest_are_added_up() -> None:
    days = [
        summary.Day(date(2026, 9, 1) + timedelta(days=n), feeds_received=2, rows_in=10) for n in range(20)
    ]
    shown = io.StringIO()

    summary_tables.show(summary.Figures(days=days), Console(file=shown, width=120))

    told = shown.getvalue()
    assert "2026-09-01 … 2026-09-06      12      0        60" in told
    assert "2026-09-07 " in told and "2026-09-05" not in told
