"""Working days as the bank's own calendar feed tells them before it is loaded."""

from __future__ import annotations

import hashlib
import io
import tarfile
from datetime import date, datetime
from pathlib import Path

from spark_jobs import settings as settings_module
from spark_jobs.bronze.discovery import arrived
from spark_jobs.bronze.working_days import WorkingDays
from spark_jobs.contracts.sources import load_sources

EVER = datetime(2099, 1, 1)
WEDNESDAY, SUNDAY = date(2026, 9, 16), date(2026, 9, 20)


def lay_down(landing: Path, day: date, moment: str, *days: str, rows: int | None = None) -> None:
    """A REF package of that day with its holidays; `rows` is what its `.OK` says where it is wrong."""
    landing.mkdir(exist_ok=True)
    content = "".join(f"{line}\n" for line in ("date,kind,name", *days)).encode()
    name, stem = f"HOLIDAY_{day:%Y%m%d}.csv", f"REF_01_{day:%Y%m%d}"
    with tarfile.open(landing / f"{stem}.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (landing / f"{stem}.OK").write_text(f"{name}|{len(days) if rows is None else rows}|0|{digest}|UTF-8\n")
    arrivals = landing / "arrivals.csv"
    told = arrivals.read_text() if arrivals.exists() else "package,arrived_at\n"
    arrivals.write_text(f"{told}{stem}.tar.gz,{moment}\n")


def working(landing: Path, stored: dict[date, bool] | None = None) -> WorkingDays:
    settings = settings_module.load(landing=landing)
    sources = load_sources(settings.conf_dirs)
    return WorkingDays(settings, sources, arrived(settings, EVER, sources), lambda: stored or {})


def on(days: WorkingDays, day: date, came: datetime | None = None) -> bool:
    return days.is_working(day, day, came)


def test_a_sunday_that_is_worked_is_a_working_day_and_a_holiday_is_none(tmp_path: Path) -> None:
    lay_down(tmp_path, WEDNESDAY, "2026-09-16T16:10:00Z", "2026-09-16,holiday,x", "2026-09-20,adjusted,")

    assert (on(working(tmp_path), WEDNESDAY), on(working(tmp_path), SUNDAY)) == (False, True)


def test_days_that_are_not_named_are_worked_from_monday_to_friday(tmp_path: Path) -> None:
    assert (on(working(tmp_path), WEDNESDAY), on(working(tmp_path), SUNDAY)) == (True, False)


def test_a_calendar_that_came_after_the_cut_off_does_not_judge_a_file_that_came_before_it(
    tmp_path: Path,
) -> None:
    lay_down(tmp_path, WEDNESDAY, "2026-09-18T00:00:00Z", "2026-09-16,holiday,x")

    # The cut-off of the 16th is 06:30 in Shanghai on the 17th, 22:30 UTC on the 16th.
    assert on(working(tmp_path), WEDNESDAY, datetime(2026, 9, 16, 20))
    assert not on(working(tmp_path), WEDNESDAY, datetime(2026, 9, 18))


def test_a_newer_calendar_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    lay_down(tmp_path, date(2026, 9, 14), "2026-09-14T16:10:00Z", "2026-09-16,holiday,x")
    lay_down(tmp_path, date(2026, 9, 15), "2026-09-15T16:10:00Z", "2026-09-16,workday,")

    assert on(working(tmp_path), WEDNESDAY)


def test_a_calendar_that_is_held_is_not_believed(tmp_path: Path) -> None:
    lay_down(tmp_path, date(2026, 9, 14), "2026-09-14T16:10:00Z", "2026-09-16,workday,")
    lay_down(tmp_path, date(2026, 9, 15), "2026-09-15T16:10:00Z", "2026-09-16,holiday,x", rows=7)

    assert on(working(tmp_path), WEDNESDAY)


def test_where_landing_holds_no_calendar_any_more_that_of_an_earlier_run_counts(tmp_path: Path) -> None:
    assert not on(working(tmp_path, {WEDNESDAY: False}), WEDNESDAY)
