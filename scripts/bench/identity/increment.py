"""`make bench-identity-increment`: what a day of one per cent costs beside a run over all records, and whether both say the same.

Writes the block `identity-increment` of docs/benchmarks.md. A quick look: ARGS="--records 10000"; ten days, of which one folds the store: ARGS="--days 10".
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from scripts.bench import blocks, cost
from scripts.bench.identity import days, engines, increment_page, sets
from scripts.bench.identity.machine import machine
from scripts.bench.results import Results
from spark_jobs import settings as configuration
from spark_jobs.settings import REPOSITORY

START = "from spark_jobs.resolve import running"


def main() -> int:
    asked = _asked()
    home = configuration.load().home / "bench" / "identity"
    kept = Results(home / "increment.json")
    for records in sorted(asked.records or [100_000]):
        name = f"bank-{records}"
        kept.add(f"{name}/{asked.days}", _measured(sets.bank(home / name, records), asked.days, asked.limit), machine())  # fmt: skip
    blocks.put(asked.out, "identity-increment", increment_page.render(kept.content))
    print(f"{asked.out.name} is written")
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-identity-increment", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )  # fmt: skip
    parser.add_argument("--records", action="append", type=int, help="of bank people; may be repeated (100000)")  # fmt: skip
    parser.add_argument("--days", type=int, default=1, help="days behind the first (1)")
    parser.add_argument("--limit", type=float, default=7200, help="seconds after which a run is stopped")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    return parser.parse_args()


def _measured(of: sets.Set, count: int, limit: float) -> dict[str, Any]:
    """Figures of each step, in order: cost.Cost beside what the step is and how many records it was told."""
    folder = of.folder / "days"
    shutil.rmtree(folder, ignore_errors=True)
    runs = _Runs(of, folder, limit)
    start = [sys.executable, "-c", START]
    last = None
    for number, day in enumerate(days.days(of, folder, count)):
        if number == 0:
            runs.resolve("first", day.records, [day.whole], "first.parquet", runs.state)
            shutil.copytree(runs.state, runs.twin)
            runs.step("start", start)
            continue
        files = [day.changed, "--changes", "--gone", day.gone]
        runs.resolve("day", day.told, files, "day.parquet", runs.state)
        last = day
    assert last is not None
    runs.resolve("nothing", 0, [last.changed, "--changes"], "nothing.parquet", runs.state)
    # Again and again: what a start costs depends on what else runs.
    runs.step("start", start)
    runs.resolve("whole", last.records, [last.whole], "whole.parquet", runs.twin)
    model = ["--model", runs.state / "model.json"]
    runs.resolve("full", last.records, [last.whole, *model], "full.parquet", None)
    runs.step("start", start)
    runs.resolve("kept", 0, [], "kept.parquet", runs.state)
    return {"records": last.records, "steps": runs.steps, "is_equal": runs.are_equal("kept", "full"), "is_whole_equal": runs.are_equal("whole", "full")}  # fmt: skip


class _Runs:
    """Whole processes, measured. state: what the days go on from; twin: the first day's copy of it, for a day that is given all files."""

    def __init__(self, of: sets.Set, folder: Path, limit: float) -> None:
        self._of, self._folder, self._limit = of, folder, limit
        self.steps: list[dict[str, Any]] = []
        self.state, self.twin = folder / "state", folder / "twin"

    def step(self, name: str, command: Sequence[str], told: int = 0) -> None:
        print(f"bench: {self._of.title}, {name} …", file=sys.stderr, flush=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        spent = cost.run(command, self._limit, self._folder, engines.environment(engines.ENGINES[engines.OURS]))  # fmt: skip
        if spent.code != 0:
            raise SystemExit(f"bench: {name} ended with {spent.code}: {spent.tail[-400:]}")
        print(f"bench: … {spent.cpu_secs:.2f} CPU s, {spent.peak_mib:.0f} MiB", file=sys.stderr, flush=True)
        self.steps.append({"name": name, "told": told, **{k: v for k, v in asdict(spent).items() if k not in ("code", "tail")}})  # fmt: skip

    def resolve(self, name: str, told: int, given: Sequence[object], out: str, state: Path | None) -> None:
        command = [str(Path(sys.executable).with_name("oxpecker")), "resolve", *map(str, given), "--map", str(self._of.map)]  # fmt: skip
        kept = ["--state", str(state)] if state else []
        self.step(name, [*command, "--out", str(self._folder / out), *kept], told)
        if state:
            self.steps[-1]["parts"] = len(json.loads((state / "state.json").read_text())["parts"])

    def are_equal(self, one: str, other: str) -> bool:
        """Whether two results put the same records together, with the same confidence."""
        found = []
        for name in (one, other):
            table = pq.read_table(self._folder / f"{name}.parquet").sort_by([("source", "ascending"), ("record_id", "ascending")])  # fmt: skip
            ids = table["cluster_id"].combine_chunks().dictionary_encode().indices
            found.append(table.set_column(2, "cluster", ids))
        return bool(found[0].equals(found[1]))


if __name__ == "__main__":
    sys.exit(main())
