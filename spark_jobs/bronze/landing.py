"""The files of the landing folder, and when each arrived. The folder is walked once per look. No Spark.

Arrival is the time in `landing/arrivals.csv` where that file lists the name, else the file's own time.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spark_jobs.bronze import decisions, steward_log
from spark_jobs.settings import Settings

ARRIVALS = "arrivals.csv"


@dataclass(frozen=True)
class Landed:
    """One file: `name` is its path below landing, `listed_at` its arrival (naive UTC) where the list has it."""

    path: Path
    name: str
    listed_at: datetime | None

    @property
    def arrived_at(self) -> datetime:
        """Naive UTC."""
        return self.listed_at or changed_at(self.path)

    @property
    def may_be_opened(self) -> bool:
        """A link leads out of landing, and a name that cannot be printed is nobody's."""
        return not self.path.is_symlink() and self.name.isprintable()


def landed(landing: Path) -> list[Landed]:
    """Every file below landing, sorted by path; none where there is no such folder."""
    if not landing.is_dir():
        return []
    times = _arrivals(landing)
    found = ((path, str(path.relative_to(landing))) for path in sorted(landing.rglob("*")) if path.is_file())
    return [Landed(path, name, times.get(name)) for path, name in found]


def changed_at(path: Path) -> datetime:
    """The file's own time, naive UTC, to the second."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(tzinfo=None, microsecond=0)


def arrived_bytes(files: Iterable[Landed], after: datetime, upto: datetime) -> int:
    """Size of all files that arrived in (after, upto], naive UTC."""
    return sum(file.path.stat().st_size for file in files if after < file.arrived_at <= upto)


def fingerprint(files: Iterable[Landed], settings: Settings, known_at: datetime) -> str:
    """Hash of names, sizes and arrivals of everything that had arrived, and of what stewards had decided."""
    seen = hashlib.sha256()
    for file in files:
        if file.path.name != ARRIVALS and (moment := file.arrived_at) <= known_at:
            seen.update(f"{file.name}|{file.path.stat().st_size}|{moment}\n".encode())
    for each in decisions.read(settings.steward_decisions, settings.zone, known_at):
        seen.update(f"{each}\n".encode())
    for decision in steward_log.in_force(steward_log.read(settings.steward_log)):
        seen.update(f"{decision.decision_id}|{decision.subject}|{decision.code}\n".encode())
    return seen.hexdigest()[:16]


def _arrivals(landing: Path) -> dict[str, datetime]:
    path = landing / ARRIVALS
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            row["package"]: datetime.fromisoformat(row["arrived_at"].replace("Z", "+00:00"))
            .astimezone(UTC)
            .replace(tzinfo=None)
            for row in csv.DictReader(stream)
        }
