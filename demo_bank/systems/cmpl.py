"""CMPL, the consumer protection office: JSON lines, a complaint again on each day on which it moves; local time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from demo_bank.behaviour.complaints import Complaint
from demo_bank.behaviour.conduct import Day
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, escaped, json_lines, local_text, quoted, raw, text

SYSTEM = "CMPL"
ARRIVES = time(1, 20)
NOTES = {
    "responded": "已提出处理方案",
    "resolved": "处理完毕",
    "extended": "经批准延期",
    "appealed": "客户不认可",
}


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def package(people: People, lived: Day) -> list[Lines]:
    """COMPLAINT (those that moved) and COMPLAINT_EVENT (the steps of the date)."""
    day = lived.day
    return [
        Lines(f"COMPLAINT_{day:%Y%m%d}.jsonl", None, _complaints(people, lived.moving, day)),
        Lines(f"COMPLAINT_EVENT_{day:%Y%m%d}.jsonl", None, _events(lived.moving, day)),
    ]


def _json(values: Sequence[str | None]) -> pa.Array:
    return quoted(escaped(text(list(values))))


def _complaints(people: People, moving: Sequence[Complaint], day: date) -> pa.Array:
    """The office's record at the end of the day: outcome, compensation and score only once it came to that."""
    states = [each.until(day)[-1][1] for each in moving]
    reached = [{kind for _, kind, _ in each.until(day)} for each in moving]
    done = ["resolved" in kinds for kinds in reached]
    paid = [each.compensation_cents for each in moving]
    return json_lines({
        "complaint_no": _json([each.number for each in moving]),
        "received_ts": quoted(local_text(np.array([each.received for each in moving], "datetime64[ms]"))),
        "channel": _json([each.channel for each in moving]), "name": _json([str(people.names[each.person]) for each in moving]),
        "phone": _json([str(people.mobiles[each.person]) for each in moving]),
        "id_masked": _json([_masked(str(people.certs[each.person])) for each in moving]),
        "product_l1": _json([each.product for each in moving]), "class_l1": _json([each.class_l1 for each in moving]),
        "class_l2": _json([each.class_l2 for each in moving]), "text": _json([each.text for each in moving]),
        "severity": raw([each.severity for each in moving]),
        "branch": _json([str(people.outlet_codes[people.outlet[each.person]]) for each in moving]), "status": _json(states),
        "outcome": _json([each.outcome if end else None for each, end in zip(moving, done, strict=True)]),
        "compensation": _json([f"{cents / 100:.2f}" if end and cents else None for cents, end in zip(paid, done, strict=True)]),
        "csat": raw([each.csat if "called_back" in kinds else None for each, kinds in zip(moving, reached, strict=True)]),
        "appeal_flag": raw(["true" if "appealed" in kinds else "false" for kinds in reached]),
    })  # fmt: skip


def _masked(cert: str) -> str | None:
    """First six and last four."""
    return f"{cert[:6]}********{cert[-4:]}" if len(cert) == 18 else None


def _events(moving: Sequence[Complaint], day: date) -> pa.Array:
    start = np.datetime64(day, "ms")
    steps = [
        (each, number, kind, moment)
        for each in moving
        for number, kind, moment in each.until(day)
        if moment >= start
    ]
    steps.sort(key=lambda step: (step[3], step[0].number, step[1]))
    return json_lines({
        "complaint_no": _json([each.number for each, *_ in steps]), "event_no": raw([number for _, number, _, _ in steps]),
        "kind": _json([kind for _, _, kind, _ in steps]),
        "ts": quoted(local_text(np.array([moment for *_, moment in steps], "datetime64[ms]"))),
        "staff_no": _json([None if kind == "received" else f"E{8000 + each.staff:05d}" for each, _, kind, _ in steps]),
        "note": _json([NOTES.get(kind) for _, _, kind, _ in steps]),
    })  # fmt: skip
