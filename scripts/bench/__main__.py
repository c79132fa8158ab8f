"""`make bench`: measure, and write docs/benchmarks.md. Single sections: `--only idle --only dbt`; a quick look: `--size nano`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.bench import blocks, page, results, sections
from spark_jobs.settings import REPOSITORY


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", default="tiny", help="of the demo bank: nano or tiny")
    parser.add_argument(
        "--only", action="append", choices=list(sections.SECTIONS), help="this section; may be repeated"
    )
    parser.add_argument("--repeats", type=int, default=3, help="of what is repeated; the median counts")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "benchmarks.md")
    asked = parser.parse_args()
    bench = sections.Bench(asked.size, asked.repeats)
    kept = results.Results(bench.home.parent / f"results-{asked.size}.json")
    wanted = asked.only or list(sections.SECTIONS)
    if "run" in wanted:
        kept.forget()
    elif not bench.has_lake():
        print(
            f"there is no lake of size {asked.size} to measure on; run the section `run` first: --only run --only {wanted[0]}",
            file=sys.stderr,
        )
        return 1
    try:
        for name in sections.SECTIONS:
            if name in wanted:
                print(f"bench: {name} …", file=sys.stderr, flush=True)
                kept.add(name, sections.SECTIONS[name](bench), bench.machine())
    finally:
        bench.down()
    blocks.put(asked.out, "pipeline", page.render(asked.size, kept.content))
    print(f"{asked.out.name} is written")
    return 0


sys.exit(main())
