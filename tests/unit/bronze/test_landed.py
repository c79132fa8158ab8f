"""How much came in for a day decides how its queries are run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from spark_jobs.bronze.landing import arrived_bytes, landed

EVENING, MORNING = datetime(2026, 9, 29, 22, 30), datetime(2026, 9, 30, 22, 30)


@pytest.mark.parametrize(
    ("arrived_at", "counts"),
    [("2026-09-29T22:30:00Z", False), ("2026-09-29T22:30:01Z", True), ("2026-09-30T22:30:00Z", True), ("2026-09-30T22:30:01Z", False)],
)  # fmt: skip
def test_a_file_counts_for_the_cut_offs_between_which_it_arrived(
    tmp_path: Path, arrived_at: str, counts: bool
) -> None:
    (tmp_path / "CORE_01_20260930.tar.gz").write_bytes(b"x" * 1000)
    (tmp_path / "arrivals.csv").write_text(f"package,arrived_at\nCORE_01_20260930.tar.gz,{arrived_at}\n")

    found = arrived_bytes(landed(tmp_path), EVENING, MORNING)

    assert found == (1000 if counts else 0)
