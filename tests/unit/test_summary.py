"""The summary is read from files; a lake that was never written has one, too."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake
from rich.console import Console

from spark_jobs import main_job, settings, summary


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
    main_job.show_figures(figures, Console(file=shown, width=200))

    assert figures.unasked == ["notes.xlsx", "FAX_01_20260930.tar.gz"]
    assert (
        "2 files that no contract asks for: notes.xlsx, FAX_01_20260930.tar.gz; see ops.unasked_file"
        in shown.getvalue()
    )
