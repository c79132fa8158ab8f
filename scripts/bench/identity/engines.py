"""How each engine is called on a set: one whole process, start and reading of files included."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.bench import environments
from scripts.bench.identity.sets import Set
from spark_jobs.settings import REPOSITORY

OURS = "oxpecker"


@dataclass(frozen=True)
class Engine:
    """One engine. environment: whose packages it needs (None: the product's own); script and options: what is run there.

    models  the sets it is meant for; none named: all
    """

    name: str
    title: str
    environment: str | None = None
    script: str = ""
    options: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def is_for(self, of: Set) -> bool:
        """A yardstick needs to know what a set is; some are for certain sets only."""
        return self.environment is None or (
            of.model is not None and (not self.models or of.model in self.models)
        )

    def command(self, of: Set, out: Path) -> list[str]:
        """Raises `environments.NotInstalled`. The answer has the columns record_id (or id) and cluster_id."""
        files = [str(path) for path in of.files]
        if self.environment is None:
            oxpecker = str(Path(sys.executable).with_name("oxpecker"))
            return [oxpecker, "resolve", *files, "--map", str(of.map), "--out", str(out)]
        python = environments.python_of(self.environment)
        script = str(environments.LOCKS / self.script)
        return [str(python), script, "--model", str(of.model), "--out", str(out), *self.options, *files]


ENGINES: Mapping[str, Engine] = {
    each.name: each
    for each in (
        Engine(OURS, "Oxpecker"),
        Engine("splink", "Splink, DuckDB", "splink", "splink_run.py", ("--backend", "duckdb")),
        Engine("splink-cleaned", "Splink, DuckDB, shared numbers taken out", "splink", "splink_run.py", ("--most", "20"), ("bank",)),
        Engine("splink-spark", "Splink, Spark", "splink-spark", "splink_run.py", ("--backend", "spark")),
        Engine("goldenmatch", "GoldenMatch, zero-config", "goldenmatch", "goldenmatch_run.py", ("--mode", "zero")),
        Engine("goldenmatch-fs", "GoldenMatch, probabilistic", "goldenmatch", "goldenmatch_run.py", ("--mode", "probabilistic")),
    )
}  # fmt: skip
# Splink on Spark takes minutes at any size; of more records it is asked only where somebody names it.
_FEW, _SLOW = 20_000, "splink-spark"


def usual(of: Set) -> list[str]:
    """Engines that a set is resolved by where nobody says which."""
    return [name for name in ENGINES if name != _SLOW or of.records <= _FEW]


def environment(engine: Engine) -> Mapping[str, str]:
    """The product's commands see the repository; a yardstick sees nothing of it, and asks nobody on the net."""
    told = {k: v for k, v in os.environ.items() if not k.startswith(("OXPECKER_", "PYTHON"))}
    if engine.environment is None:
        return {**told, "PYTHONPATH": str(REPOSITORY)}
    return {**told, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
