"""`make bench-identity`: resolve the same files by this product, Splink and GoldenMatch; writes the block `identity` of docs/benchmarks.md.

A quick look: ARGS="--set febrl3 --engine oxpecker"; a million records: ARGS="--records 1000000"; Splink on Spark, of large sets: ARGS="--engine splink-spark".
What was measured is kept, so that a call measures and replaces only what it names.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.bench import blocks, cost, environments
from scripts.bench.identity import engines, page, score, sets
from scripts.bench.identity.machine import machine
from scripts.bench.results import Results
from spark_jobs import settings as configuration
from spark_jobs.settings import REPOSITORY

KINDS = (*sets.PUBLIC, "bank", "demo")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-identity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = Path(os.environ.get("EXAMPLES_DATA", REPOSITORY.parent / "shared" / "data"))
    several = {
        "--records": {"type": int, "help": "of bank people; may be repeated (10000 and 100000)"},
        "--demo-people": {"type": int, "help": "of the demo bank whose feeds are resolved; may be repeated (2000 and 20000)"},
        "--set": {"dest": "kinds", "choices": KINDS, "help": "this set; may be repeated (all)"},
        "--engine": {
            "dest": "engines", "choices": [*engines.ENGINES], "help": "this engine; may be repeated (all; splink-spark of small sets)",
        },
    }  # fmt: skip
    for name, given in several.items():
        parser.add_argument(name, action="append", **given)
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which a run is stopped")
    parser.add_argument("--data", type=Path, default=data, help="folder that has er/")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    return parser.parse_args()


def main() -> int:
    asked = _asked()
    home = configuration.load().home / "bench" / "identity"
    kept = Results(home / "results.json")
    here = machine()
    for of in _sets(asked, home):
        for name in asked.engines or engines.usual(of):
            if not engines.ENGINES[name].is_for(of):
                continue
            print(f"bench: {of.title} ({of.records:,} records), {name} …", file=sys.stderr, flush=True)
            told = _measured(of, engines.ENGINES[name], asked.limit)
            print(f"bench: … {_in_short(told)}", file=sys.stderr, flush=True)
            environment = engines.ENGINES[name].environment
            if environment and (environments.PLACE / environment).is_dir():
                told["installed"] = environments.packages(environment)
            kept.add(f"{of.name}/{name}", told, here)
    if not kept.content:
        print("bench: nothing was measured", file=sys.stderr)
        return 1
    installed = {
        str(engines.ENGINES[key.partition("/")[2]].environment): told["installed"]
        for key, told in sorted(kept.content.items())
        if "installed" in told
    }
    blocks.put(asked.out, "identity", page.render(_in_order(kept.content), installed))
    print(f"{asked.out.name} is written")
    return 0


def _sets(asked: argparse.Namespace, home: Path) -> Iterator[sets.Set]:
    for kind in asked.kinds or KINDS:
        if kind == "bank":
            for records in sorted(asked.records or [10_000, 100_000]):
                yield sets.bank(home / f"bank-{records}", records)
        elif kind == "demo":
            for people in sorted(asked.demo_people or [2_000, 20_000]):
                yield sets.demo_feeds(home / f"demo-{people}", people)
        elif kind == "chinese" or (asked.data / "er").is_dir():
            yield sets.PUBLIC[kind](home / kind, asked.data)
        else:
            print(f"bench: {kind} is left out: there is no er/ in {asked.data} (--data names another folder)", file=sys.stderr)  # fmt: skip


def _measured(of: sets.Set, engine: engines.Engine, limit: float) -> dict[str, Any]:
    """state: done, failed (with `why`) or stopped at the time limit."""
    about = {"title": of.title, "records": of.records}
    out = of.folder / f"{engine.name}.csv"
    out.unlink(missing_ok=True)
    try:
        command = engine.command(of, out)
    except environments.NotInstalled as error:
        return {**about, "state": "failed", "why": str(error)}
    spent = cost.run(command, limit, of.folder, engines.environment(engine))
    told = {**about, "secs": spent.secs, "cpu_secs": spent.cpu_secs, "peak_mib": spent.peak_mib}
    if spent.code is None:
        return {**told, "state": "stopped", "why": f"stopped after {spent.secs:.0f} s"}
    if spent.code != 0 or not out.is_file():
        print(spent.tail, file=sys.stderr)
        last = (spent.tail.splitlines() or ["no word"])[-1]
        return {
            **told,
            "state": "failed",
            "why": f"ended with code {spent.code}: {last[:120].replace('|', '/')}",
        }
    try:
        return {**told, "state": "done", **score.judged(of, out)}
    except score.Unfit as error:
        return {**told, "state": "failed", "why": str(error)}


def _in_short(told: dict[str, Any]) -> str:
    if told["state"] != "done":
        return str(told["why"])
    return (
        f"closure F1 {told['closure']['f1']:.4f}, exact {told['exact']['f1']:.4f}, B-cubed {told['b_cubed']['f1']:.4f}, two ids {told['two_ids']}; "
        f"{told['cpu_secs']:.1f} CPU s, {told['peak_mib']:.0f} MiB, {told['secs']:.1f} s"
    )


def _in_order(content: dict[str, Any]) -> dict[str, Any]:
    """Public sets first, then bank people and demo banks by size; engines as declared."""

    def place(key: str) -> tuple[int, int, int]:
        name, _, engine = key.partition("/")
        kind, _, size = name.partition("-")
        return KINDS.index(kind), int(size or 0), list(engines.ENGINES).index(engine)

    return {key: content[key] for key in sorted(content, key=place)}


sys.exit(main())
