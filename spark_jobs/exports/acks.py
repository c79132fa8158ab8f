"""Inbound acknowledgements: JSON files CRM puts into `<home>/exports/inbox`, any name ending in `.json`.

`{release_id, contract, status: accepted|rejected, rows_applied, key_hash, reason_code, acked_at}`

The newest word about a release and contract counts, so that the same file twice, or a second one, does no harm. A file that cannot be read
counts as one that never came, which is harmless, too: the next delta starts where the last one acknowledged did. What is wrong with it is
written beside it as `<name>.problem`, for whoever sent it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spark_jobs.errors import DeliveryError, nearest
from spark_jobs.exports.packages import STATES

FIELDS = ("release_id", "contract", "status", "rows_applied", "key_hash", "reason_code", "acked_at")


@dataclass(frozen=True)
class Ack:
    """One acknowledgement. acked_at is naive UTC."""

    release_id: str
    contract_code: str
    ack_state_code: str
    rows_applied: int
    key_hash: str | None
    ack_reason_code: str | None
    acked_at: datetime


def inbox(exports: Path) -> Path:
    return exports / "inbox"


def received(exports: Path) -> list[Ack]:
    """All acknowledgements that can be read, by file name; beside each other file stands what is wrong with it."""
    folder = inbox(exports)
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        note = path.with_name(f"{path.name}.problem")
        try:
            found.append(read(path))
            note.unlink(missing_ok=True)
        except DeliveryError as problem:
            note.write_text(f"{problem}\n", encoding="utf-8")
    return found


def read(path: Path) -> Ack:
    """One acknowledgement file; an error names the file and the field."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise DeliveryError(
            f"acknowledgement {path.name} is not valid JSON; ask CRM to send it again"
        ) from None
    if not isinstance(content, dict):
        raise DeliveryError(f"acknowledgement {path.name} holds no JSON object; ask CRM to send it again")
    for key in content:
        if key not in FIELDS:
            raise DeliveryError(f"acknowledgement {path.name}: unknown field `{key}`; {nearest(key, FIELDS)}")
    for key in ("release_id", "contract", "status", "acked_at"):
        if not content.get(key):
            raise DeliveryError(f"acknowledgement {path.name}: `{key}` is missing")
    if content["status"] not in ("accepted", "rejected"):
        raise DeliveryError(f"acknowledgement {path.name}: `status` is neither accepted nor rejected")
    try:
        moment = datetime.fromisoformat(content["acked_at"])
        rows = int(content.get("rows_applied") or 0)
    except (TypeError, ValueError):
        raise DeliveryError(
            f"acknowledgement {path.name}: `acked_at` is no ISO instant, or `rows_applied` no number"
        ) from None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return Ack(
        str(content["release_id"]), str(content["contract"]), content["status"], rows, content.get("key_hash"),
        content.get("reason_code"), moment,
    )  # fmt: skip


def newest(spoken: Iterable[Ack]) -> dict[tuple[str, str], Ack]:
    """The newest word about each release and contract; of one instant a rejection."""
    found: dict[tuple[str, str], Ack] = {}
    for ack in sorted(spoken, key=lambda a: (a.acked_at, a.ack_state_code)):
        found[(ack.release_id, ack.contract_code)] = ack
    return found


def base_of(
    spoken: Iterable[Ack], newest_first: Sequence[str], kept: Iterable[str], hashes: Mapping[str, str]
) -> str | None:
    """The newest of these releases that the next delta may start from, None where only a full export will do.

    kept    releases whose exported state is still there; hashes: release → key hash of its state
    Accepted is a release by its full or its delta, and only with the key hash that was sent, where the acknowledgement gives one.
    """
    accepted = {
        ack.release_id
        for ack in newest(spoken).values()
        if ack.contract_code in STATES and ack.ack_state_code == "accepted" and ack.key_hash in (None, hashes.get(ack.release_id))
    }  # fmt: skip
    usable = accepted & set(kept)
    return next((release for release in newest_first if release in usable), None)


def asks_for_full(spoken: Iterable[Ack]) -> bool:
    """Whether the newest word about customers is a rejection: CRM cannot go on from what it has."""
    about = [ack for ack in newest(spoken).values() if ack.contract_code in STATES]
    return (
        bool(about) and max(about, key=lambda a: (a.acked_at, a.ack_state_code)).ack_state_code == "rejected"
    )
