"""A contract is mended after files were loaded under it: they are read again once their dates are run again, and no sooner."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from spark_jobs import settings as settings_module
from spark_jobs.clock import cut_off
from spark_jobs.dates import DateRange
from spark_jobs.jobs import bronze, bronze_load
from spark_jobs.tables import Lake
from tests.support import lakes

TUESDAY, WEDNESDAY = date(2026, 9, 29), date(2026, 9, 30)
FEED = """\
feed: haus__summen
delivery: {file: "summen_{date}.csv", mode: new_rows}
layout: {kind: delimited, separator: "|", header: true}
key: [nr]
fields:
  nr:     {type: string, class: C2-id}
  betrag: {type: number, class: C2-fin}
"""
# Two records, one that is cut, and a sum.
CONTENT = "nr|betrag\nK1|5\nK2|6\nK3\n合计|11\n"


def conf(folder: Path, contract: str) -> tuple[Path, ...]:
    (folder / "contracts" / "sources").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "rules" / "feeds.yml").write_text('in_use: ["haus__*"]\n')
    (folder / "contracts" / "sources" / "haus__summen.yml").write_text(contract, encoding="utf-8")
    return settings_module.load(overlay=folder).conf_dirs


def run(lake: Lake, day: date) -> None:
    lake.run = replace(
        lake.run, dates=DateRange.day(day), known_at=cut_off(lake.settings, day), run_id=f"run-{day}"
    )
    bronze.run(lake, DateRange.day(day))


def loaded(lake: Lake) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for row in lake.read("bronze.haus__summen", DateRange(TUESDAY, WEDNESDAY), provenance=True).collect():
        found.setdefault(row["business_date"], []).append(row["nr"])
    return {day: sorted(numbers) for day, numbers in found.items()}


def kept_aside(lake: Lake) -> list[tuple[date, int, str, str]]:
    rows = lake.read("ops.quarantine").collect()
    return sorted((r["business_date"], r["line_no"], r["reason_codes"][0], r["state_code"]) for r in rows)


@pytest.mark.parametrize("read_at_once", [bronze_load.READ_AT_ONCE_BYTES, 0], ids=["small", "large"])
def test_a_sum_that_a_mended_contract_sets_aside_leaves_bronze_when_its_date_is_run_again(
    read_at_once: int,
    make_lake: Callable[..., Lake],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether the file is small enough to be read beside others or goes into its table on its own."""
    monkeypatch.setattr(bronze_load, "READ_AT_ONCE_BYTES", read_at_once)
    lake = make_lake(conf_dirs=conf(tmp_path / "before", FEED))
    for day in (TUESDAY, WEDNESDAY):
        path = lake.settings.landing / f"summen_{day:%Y%m%d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CONTENT, encoding="utf-8")
        came = (cut_off(lake.settings, day) - timedelta(hours=1)).replace(tzinfo=UTC).timestamp()
        os.utime(path, (came, came))
        run(lake, day)
    cut = [(day, 4, "column_count", "open") for day in (TUESDAY, WEDNESDAY)]
    assert loaded(lake) == {TUESDAY: ["K1", "K2", "合计"], WEDNESDAY: ["K1", "K2", "合计"]}
    assert kept_aside(lake) == cut

    mended = FEED + 'set_aside: {nr: ["合计"]}\n'
    settings = lake.settings.with_(conf_dirs=conf(tmp_path / "after", mended))
    lake = Lake(lake.spark, settings, lake.run)
    with caplog.at_level(logging.WARNING):
        run(lake, WEDNESDAY)

    assert loaded(lake) == {TUESDAY: ["K1", "K2", "合计"], WEDNESDAY: ["K1", "K2"]}
    assert kept_aside(lake) == sorted([*cut, (WEDNESDAY, 5, "no_record", "set_aside")])
    assert "haus__summen: 1 files from 2026-09-29 to 2026-09-29 were loaded before" in caplog.text

    run(lake, TUESDAY)
    before = lakes.versions(lake.settings)
    run(lake, TUESDAY)

    assert loaded(lake) == {TUESDAY: ["K1", "K2"], WEDNESDAY: ["K1", "K2"]}
    assert lakes.written_since(before, lake.settings) == {}
    states = {
        (r["business_date"], r["state_code"], r["rows_found"])
        for r in lake.read("ops.delivery_file").collect()
    }
    assert states == {(TUESDAY, "loaded", 3), (WEDNESDAY, "loaded", 3)}
