"""What a change in a feed would touch downstream: by the pipeline's reads and writes, and by what each mart names in its SQL. No Spark.

Jobs tell it table by table but not column by column: a changed party touches everything that follows from identity. Marts are told apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from spark_jobs.pipeline import JOBS

_NAMED = re.compile(
    r"""\{\{\s*(?:source\(\s*['"](?P<schema>\w+)['"]\s*,\s*['"](?P<table>\w+)['"]\s*\)|ref\(\s*['"](?P<mart>\w+)['"]\s*\))"""
)


@dataclass(frozen=True)
class Touched:
    """Tables downstream of a feed, each list sorted."""

    silver: tuple[str, ...]
    identity: tuple[str, ...]
    profile: tuple[str, ...]
    metric: tuple[str, ...]
    marts: tuple[str, ...]

    def told(self) -> str:
        """One line for a person; a layer that is not touched is left out."""
        layers = (self.silver, self.identity, self.profile, self.metric, self.marts)
        return "; ".join(", ".join(tables) for tables in layers if tables) or "nothing: it has no maps"


def marts_of(models: Path) -> dict[str, frozenset[str]]:
    """Mart → the tables that its SQL names by `source()` and `ref()`, read from the folder of dbt's models."""
    found = {}
    for path in sorted(models.rglob("*.sql")):
        named = _NAMED.finditer(path.read_text(encoding="utf-8"))
        found[f"mart.{path.stem}"] = frozenset(
            f"mart.{n['mart']}" if n["mart"] else f"{n['schema']}.{n['table']}" for n in named
        )
    return found


def touched(
    silver: Collection[str], tables: Collection[str], marts: Mapping[str, Collection[str]] | None = None
) -> Touched:
    """Tables that a change of these silver tables reaches.

    tables  names of all tables that have a contract; jobs write them by patterns
    marts   mart → tables it names (`marts_of`)
    """
    reached = set(silver)
    # A change of a feed enters silver by its maps only, so the job that writes all of silver adds nothing to it.
    for job in JOBS:
        if job.name in ("bronze", "silver") or not _meet(job.reads, reached):
            continue
        reached |= {t for t in tables if any(fnmatchcase(t, w) for w in job.writes)}
    reached -= {t for t in reached if t.startswith(("mart.", "silver."))} - set(silver)
    known = dict(marts or {})
    while new := {m for m, named in known.items() if m not in reached and reached & set(named)}:
        reached |= new
    layers = [
        tuple(sorted(t for t in reached if t.startswith(f"{layer}.")))
        for layer in ("silver", "identity", "profile", "metric", "mart")
    ]
    return Touched(*layers)


def _meet(reads: Collection[str], reached: Collection[str]) -> bool:
    return any(fnmatchcase(table, read) for table in reached for read in reads)
