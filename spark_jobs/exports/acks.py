"""Inbound acknowledgements: JSON files CRM puts into `<home>/exports/inbox`, one per release and contract.

`{release_id, contract, status: accepted|rejected, rows_applied, key_hash, acked_at}`
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spark_jobs.errors import DeliveryError, nearest

FIELDS = ("release_id", "contract", "status", "rows_applied", "key_hash", "acked_at")


@dataclass(frozen=True)
class Ack:
    """One acknowledgement. acked_at is naive UTC."""

    release_id: str
    contract_code: str
    ack_state_code: str
    rows_applied: int
    key_hash: str | None
    acked_at: datetime


def inbox(exports: Path) -> Path:
    return exports / "inbox"


def received(exports: Path) -> list[Ack]:
    """All acknowledgements in the inbox by file name; a malformed one is an error that names file and field."""
    folder = inbox(exports)
    return [read(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []


def read(path: Path) -> Ack:
    """One acknowledgement file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise DeliveryError(
            f"acknowledgement {path.name} is not valid JSON; ask CRM to send it again"
        ) from None
    if not isinstance(content, dict):
        raise DeliveryError(f"acknowledgement {path.name} holds no JSON object; ask CRM to send it again")
    for key in content:
        if key not in FIELDS and key != "reason_code":
            raise DeliveryError(f"acknowledgement {path.name}: unknown field `{key}`; {nearest(key, FIELDS)}")
    for key in ("release_id", "contract", "status", "acked_at"):
        if not content.get(key):
            raise DeliveryError(f"acknowledgement {path.name}: `{key}` is missing")
    if content["status"] not in ("accepted", "rejected"):
        raise DeliveryError(f"acknowledgement {path.name}: `status` is neither accepted nor rejected")
    try:
        moment = datetime.fromisoformat(content["acked_at"])
    except ValueError:
        raise DeliveryError(f"acknowledgement {path.name}: `acked_at` is no ISO instant") from None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return Ack(
        content["release_id"], content["contract"], content["status"], int(content.get("rows_applied") or 0),
        content.get("key_hash"), moment,
    )  # fmt: skip
