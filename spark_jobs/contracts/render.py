"""Writes every file that is rendered from contracts, or says which are stale: `python -m spark_jobs.contracts.render [--check]`.

A file is either all generated or all somebody's own. Folders listed in OWNED hold generated files only: what no contract asks
for any more is removed from them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from spark_jobs.contracts import dbt, docs, labels, terms
from spark_jobs.contracts.loader import load
from spark_jobs.contracts.model import Contracts
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF

OWNED = ("docs/tables",)


def rendered(contracts: Contracts) -> dict[str, str]:
    """Path below the repository → content."""
    return (
        docs.pages(contracts)
        | dbt.rendered(contracts)
        | labels.pages((SHIPPED_CONF,))
        | terms.pages((SHIPPED_CONF,))
    )


def stale(root: Path, wanted: dict[str, str]) -> list[str]:
    """Paths whose content differs from what the contracts say, missing and superfluous ones included."""
    found = [
        path
        for path, text in wanted.items()
        if not (root / path).is_file() or (root / path).read_text("utf-8") != text
    ]
    for folder in OWNED:
        found += [
            str(path.relative_to(root))
            for path in sorted((root / folder).rglob("*"))
            if path.is_file() and str(path.relative_to(root)) not in wanted
        ]
    return sorted(found)


def main() -> int:
    wanted = rendered(load((SHIPPED_CONF,)))
    outdated = stale(REPOSITORY, wanted)
    if "--check" in sys.argv[1:]:
        for path in outdated:
            print(f"stale: {path}; run `make contracts`")
        return 1 if outdated else 0
    for path in outdated:
        target = REPOSITORY / path
        if path in wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(wanted[path], encoding="utf-8")
        else:
            target.unlink()
    print(f"{len(wanted)} files rendered, {len(outdated)} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
