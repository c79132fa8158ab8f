"""What `make bench-ingest` says of what it measured, and that the files it reads are what it says they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts.bench.ingest import files, page, reading
from spark_jobs.bronze import fast
from spark_jobs.bronze.controls import verify
from spark_jobs.contracts.sources import load_sources

MACHINE = {"cores": 2, "memory_gib": 24, "load_before": 0.1, "day": "2026-11-25"}
ROWS = 3_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return files.made(tmp_path_factory.mktemp("bench"), ROWS)


def cost(cpu: float, peak: int = 100 * page.MIB) -> dict:
    return {"cpu": cpu, "secs": cpu / 2, "peak_bytes": peak, "rows": 8_000}


@pytest.mark.parametrize(("ours", "verdict"), [(4.0, "met"), (4.2, "**missed**")])
def test_the_reader_is_held_against_sparks_own_by_cpu(ours: float, verdict: str) -> None:
    told = {
        "rows": 8_000, "bytes": 8_000_000, "ours": cost(ours), "spark": cost(4.0), "ratio": ours / 4.0, "beside": {"duckdb": cost(2.0)},
        "absent": "could not be installed: no route", "machine": MACHINE,
    }  # fmt: skip

    text = page.render({"reader": told})

    assert f"**{ours / 4:.2f}** times (target 1 times: {verdict})" in text
    assert "| DuckDB, typed, into memory, a process of its own | 2.00 | 1.00 | 4 | 8,000 |" in text
    assert "polars is not measured here: its environment could not be installed: no route." in text
    assert "Not measured here: bad, memory, bronze." in text


def test_a_section_that_is_measured_again_leaves_the_others_as_they_were() -> None:
    bad = {"start": cost(1.0), "clean": cost(5.0), "bad": cost(5.2), "ratio": 4.2 / 4.0, "machine": MACHINE}
    busy = {"load_before": 1.9}
    memory = {
        "one": cost(5.0), "ten": cost(50.0, 120 * page.MIB), "ratio": 1.2, "bytes": 10**9, "mb_per_cpu": 20.0, "checked": cost(3.0), "machine": MACHINE | busy,
    }  # fmt: skip

    text = page.render({"bad": bad, "memory": memory})

    assert "**1.05** times (target 1.1 times: met)" in text
    assert "120 MiB against 100 MiB, **1.20** times (target 1.1 times: **missed**)" in text
    assert (text.count("idle before"), text.count("shared with other work")) == (1, 1)


def test_the_clean_file_is_clean_and_of_the_other_one_record_in_a_hundred_is_bad(made: files.Files) -> None:
    source = load_sources((made.conf,))[files.CLEAN]

    def reasons(path: Path) -> Counter[str]:
        records = [r for some in fast.read(path, source) if not isinstance(some, fast.Block) for r in some]
        return Counter(reason for r in records for reason in r.reasons)

    assert reasons(made.clean) == {}
    assert reasons(made.bad) == {"column_count": 20, "undecodable": 10}
    assert made.tenfold.stat().st_size == 10 * made.clean.stat().st_size


def test_the_file_with_a_sum_passes_its_checks_and_each_reader_finds_all_rows(made: files.Files) -> None:
    source = load_sources((made.conf,))[files.CLOSED]
    checked = verify(made.closed(0), source, files.DAY, None, None)
    assert (checked.reason, checked.rows_found, checked.rows_declared) == (None, ROWS, ROWS)
    assert "control_total_total" in {c.code for c in checked.checks}

    for how in ("ours", "pyarrow", "duckdb"):
        assert reading.HOW[how](Path(made.clean), made.conf) == ROWS
