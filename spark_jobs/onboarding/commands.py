"""What `oxpecker onboard` and `oxpecker contract check` print. Counts, shapes and masks only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from spark_jobs.bronze.columnar import KINDS as COLUMNAR_KINDS
from spark_jobs.onboarding.onboard import Drafted, write
from spark_jobs.onboarding.onboard import onboard as drafts_of
from spark_jobs.settings import Settings


def onboard(
    files: Sequence[Path], system: str | None, to: Path | None, settings: Settings, out: Console
) -> int:
    """Draft, show and write; the exit code is 1 where a file was refused."""
    drafts, refused = drafts_of(files, settings.conf_dirs, system)
    if to is None:
        for drafted in drafts:
            out.print(drafted.text, highlight=False, soft_wrap=True, markup=False)
    else:
        written = write(drafts, to)
        if drafts:
            out.print(_table(drafts))
        for path in written:
            out.print(f"wrote {path}", highlight=False, soft_wrap=True)
        if drafts:
            out.print(
                f"Read what stands at their tops, then: oxpecker contract check --conf {to} FILE…",
                highlight=False,
                soft_wrap=True,
            )
    for line in refused:
        out.print(f"refused: {line}", highlight=False, soft_wrap=True, markup=False)
    return 1 if refused else 0


def _table(drafts: Sequence[Drafted]) -> Table:
    table = Table("feed", "records", "unreadable", "layout", "key", "maps", "to ask")
    for drafted in drafts:
        found = drafted.draft
        layout = found.guess.layout
        cut = {"delimited": repr(layout.separator), "fixed": f"{layout.record_bytes} bytes"}.get(
            layout.kind, ""
        )
        unreadable = ", ".join(f"{n} {reason}" for reason, n in drafted.unreadable.items())
        maps = ", ".join(dict.fromkeys(entity for entity, _ in found.proposal.maps))
        table.add_row(
            found.name, f"{found.rows:,}", unreadable, " ".join(filter(None, (layout.kind, layout.encoding if layout.kind not in COLUMNAR_KINDS else "", cut))),
            ", ".join(found.key_names), maps, str(len(drafted.questions)),
        )  # fmt: skip
    return table
