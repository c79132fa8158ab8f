"""What the stewards of the demo bank decide about the cast: an input of the pipeline beside landing, one JSON object a line.

`subject_id` names source records as `source:key`, joined by `|`; for a record in quarantine it is the delivered file and line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo_bank import cast
from demo_bank.dirt.ledger import Ledger
from demo_bank.registry import Registry

FOLDER, FILE = "steward", "decisions.jsonl"
FIRST, SECOND = "H00001", "RM00001"


def decisions(registry: Registry, ledger: Ledger) -> list[dict[str, Any]]:
    """04 and 05 stay two, 11 is repaired, 25 is erased, 30 and another are merged on 09-10 and parted on 09-20.

    Decisions about a person need two people.
    """
    n = registry.world.people
    told: list[dict[str, Any]] = []
    if n > cast.FIXED:
        both = _pair(registry, cast.person(30), cast.MERGED_OTHER)
        told += [
            _decision("cast-30-merge", "review_item", both, "merge", "same_person", "2026-09-10T10:00:00+08:00"),
            _decision("cast-30-split", "review_item", both, "split", "different_people", "2026-09-20T10:00:00+08:00"),
        ]  # fmt: skip
        siblings = _pair(registry, cast.person(4), cast.person(5))
        told.append(
            _decision("cast-04-05", "review_item", siblings, "keep_apart", "certificates_contradict", "2026-09-23T10:00:00+08:00")
        )  # fmt: skip
        leaver = f"core:{registry.cust_no[cast.person(25)]}"
        told.append(
            _decision("cast-25-erase", "review_item", leaver, "erase", "asked_by_customer", "2026-09-22T15:00:00+08:00")
        )  # fmt: skip
    key = str(registry.ecif_no[cast.person(11)]) if n > cast.person(11) else ""
    for defect in ledger.rows:
        if defect.code == "D18" and key and f"/{key}" in f"{defect.file}/{_owner(defect.line_no, key)}":
            repaired = bytes.fromhex(defect.original_hex or "").decode("gb18030")
            told.append(
                _decision(
                    f"cast-11-{len(told)}", "quarantine", f"{defect.file}:{defect.line_no}", "repair", "half_character",
                    "2026-09-22T10:00:00+08:00", repaired_field="name_cn", repaired_value=repaired,
                )
            )  # fmt: skip
            break
    return sorted(told, key=lambda each: (each["decided_at"], each["decision_id"]))


def _owner(line_no: int | None, key: str) -> str:
    """The opening package has everybody in order: the line is the person's place."""
    return key if line_no == cast.person(11) + 1 else ""


def _pair(registry: Registry, one: int, other: int) -> str:
    return "|".join(sorted(f"core:{registry.cust_no[person]}" for person in (one, other)))


def _decision(
    name: str, kind: str, subject: str, code: str, reason: str, at: str, **more: str
) -> dict[str, Any]:
    return {
        "decision_id": name, "subject_kind_code": kind, "subject_id": subject, "decision_code": code, "first_staff_id": FIRST,
        "second_staff_id": SECOND, "reason_code": reason, "decided_at": at, "fixture_ref": name, **more,
    }  # fmt: skip


def write(out: Path, registry: Registry, ledger: Ledger) -> None:
    """`steward/decisions.jsonl` beside landing."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in decisions(registry, ledger))
    (folder / FILE).write_text(text, encoding="utf-8")
