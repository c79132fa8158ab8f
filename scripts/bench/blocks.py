"""docs/benchmarks.md is put together from blocks: each benchmark writes its own and leaves the others alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TITLE = "# Benchmarks"


def put(page: Path, name: str, text: str) -> None:
    """Replace the block of this name, or add it at the end; a page that is not there begins with the title. Other blocks stay as they are."""
    begins, ends = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begins}\n{text.strip()}\n{ends}"
    old = page.read_text(encoding="utf-8") if page.is_file() else f"{TITLE}\n"
    before, found, rest = old.partition(begins)
    if found:
        _, closed, after = rest.partition(ends)
        if not closed:
            raise ValueError(f"{page.name}: the block `{name}` begins and does not end; repair its marks")
        whole = f"{before}{block}{after}"
    else:
        whole = f"{old.rstrip()}\n\n{block}\n"
    page.write_text(whole, encoding="utf-8")


def how_busy(machine: Mapping[str, Any]) -> str:
    """Whether other work ran on the machine when measuring began. machine: `load_before` and `cores`."""
    return "idle before" if machine["load_before"] < 0.3 * machine["cores"] else "**shared with other work**"
