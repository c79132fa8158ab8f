"""Drafts of contracts from samples that a test writes."""

from __future__ import annotations

from pathlib import Path

from spark_jobs.onboarding.onboard import Drafted, onboard

NAMES = ("王小明", "李红", "张伟", "赵敏")
RECORDS = [(f"K{n:04d}", NAMES[n % 4], f"2026-09-{n:02d}", f"{n * 1037}.50") for n in range(1, 25)]


def drafted(folder: Path, content: bytes | str, name: str = "x_20260930.csv") -> Drafted:
    """The draft of a sample of these bytes."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (draft,), refused = onboard([path])
    assert refused == []
    return draft


def asked(draft: Drafted, column: str) -> str:
    """What the draft asks about the column."""
    return " ".join(q for q in draft.questions if q.startswith(f"`{column}`"))
