"""`make bench-ingest`: measure, and write the block `ingest` of docs/benchmarks.md. Single sections: `--only bad`; a quick look: `--rows 100000`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.bench import blocks, results
from scripts.bench.ingest import files, page, sections
from scripts.bench.sections import Bench
from spark_jobs.settings import REPOSITORY

ROWS = 800_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-ingest", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the file; another has ten times as many")
    parser.add_argument(
        "--only", action="append", choices=list(sections.SECTIONS), help="this section; may be repeated"
    )
    parser.add_argument("--repeats", type=int, default=3, help="of what is repeated; the median counts")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    asked = parser.parse_args()
    bench = Bench("ingest", asked.repeats)
    kept = results.Results(bench.home.parent / "results-ingest.json")
    print(f"bench: {asked.rows:,} rows are made …", file=sys.stderr, flush=True)
    ingest = sections.Ingest(bench, files.made(bench.home / "files", asked.rows))
    try:
        for name, measure in sections.SECTIONS.items():
            if name in (asked.only or sections.SECTIONS):
                print(f"bench: {name} …", file=sys.stderr, flush=True)
                kept.add(name, measure(ingest), bench.machine())
    finally:
        bench.down()
    blocks.put(asked.out, "ingest", page.render(kept.content))
    print(f"the block `ingest` of {asked.out.name} is written")
    return 0


sys.exit(main())
