"""Two columns of one type change places under their names: the feed waits, says what it would touch, and the corrected file loads."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations import stage
from expectations.report import data
from spark_jobs import settings as settings_module
from spark_jobs.clock import cut_off
from spark_jobs.dates import DateRange
from spark_jobs.jobs import bronze
from spark_jobs.tables import Lake
from tests.unit.bronze.test_drifting import NAMES, TASKS, tasks, turned

if TYPE_CHECKING:
    from collections.abc import Callable

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 9, day) for day in (28, 29, 30))
MAPS = "\nmaps:\n  crm_task: {task_no_crm: nr}\n"


def deliver(lake: Lake, day: date, rows: list[list[str]], sequence: int = 1) -> None:
    """A plain file that came an hour before its cut-off, a resend a day later."""
    path = lake.settings.landing / f"tasks_{day:%Y%m%d}_{sequence:02d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("|".join(line) + "\n" for line in [[*NAMES], *rows]), encoding="utf-8")
    came = (
        (cut_off(lake.settings, day) + timedelta(days=sequence - 1, hours=-1)).replace(tzinfo=UTC).timestamp()
    )
    os.utime(path, (came, came))


def run(lake: Lake, day: date) -> None:
    lake.run = replace(
        lake.run, dates=DateRange.day(day), known_at=cut_off(lake.settings, day), run_id=f"run-{day}"
    )
    bronze.run(lake, DateRange.day(day))


def states(lake: Lake) -> dict[str, tuple[str, str | None]]:
    rows = lake.read("ops.delivery_file").collect()
    return {row["file_name"][6:-4]: (row["state_code"], row["reason_code"]) for row in rows}


@pytest.fixture
def bank(make_lake: Callable[..., Lake], tmp_path: Path) -> Lake:
    folder = tmp_path / "conf"
    (folder / "contracts" / "sources").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "rules" / "feeds.yml").write_text('in_use: ["haus__*"]\n')
    named = TASKS.replace("tasks_{date}.csv", "tasks_{date}_{seq}.csv")
    (folder / "contracts" / "sources" / "haus__tasks.yml").write_text(named + MAPS, encoding="utf-8")
    conf = settings_module.load(overlay=folder).conf_dirs
    return make_lake(WEDNESDAY, conf_dirs=conf)


def test_swapped_columns_wait_and_the_corrected_file_loads(bank: Lake) -> None:
    deliver(bank, MONDAY, tasks(MONDAY))
    run(bank, MONDAY)
    deliver(bank, TUESDAY, turned(tasks(TUESDAY), (0, 1, 3, 2, 4, 5)))
    run(bank, TUESDAY)

    assert states(bank) == {"20260928_01": ("loaded", None), "20260929_01": ("held", "schema_swapped")}
    [change] = bank.read("ops.schema_change").collect()
    assert change["diff_lines"][0].startswith("swapped  created ↔ due")
    assert {"silver.crm_task", "mart.fct_rm_worklist"} <= {*change["touched_tables"]}
    # The profile of Monday came back from the ledger as it went in, and holds nobody's number.
    kept = [r["profile_json"] for r in bank.read("ops.delivery_file").collect() if r["profile_json"]]
    assert len(kept) == 2
    assert "154" not in "".join(kept)

    stage.write_report(bank, DateRange.day(TUESDAY))
    [_, tuesday] = data.read_days(bank.settings)
    assert [(a.dimension, a.state) for a in tuesday.alerts if a.dimension != "timeliness"] == [
        ("completeness", "open"), ("consistency", "open"),
    ]  # fmt: skip
    assert tuesday.changes[0].reason == "schema_swapped"

    deliver(bank, TUESDAY, tasks(TUESDAY), sequence=2)
    deliver(bank, WEDNESDAY, tasks(WEDNESDAY))
    run(bank, WEDNESDAY)

    assert states(bank)["20260929_02"] == ("loaded", None)
    assert states(bank)["20260930_01"] == ("loaded", None)
    rows = bank.read("bronze.haus__tasks", DateRange.day(TUESDAY)).collect()
    assert {(row["created"] < str(TUESDAY) < row["due"]) for row in rows} == {True}
    assert len(rows) == 60
    stage.write_report(bank, DateRange.day(WEDNESDAY))
    closed = {
        (r["quality_dimension_code"], r["state_code"]) for r in bank.read("ops.quality_alert").collect()
    }
    assert {("completeness", "closed"), ("consistency", "closed")} <= closed
    version = bank.version("ops.quality_alert")
    stage.write_report(bank, DateRange.day(WEDNESDAY))
    assert bank.version("ops.quality_alert") == version
