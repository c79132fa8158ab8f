"""CALL, the contact centre: CSV in UTF-8 with a byte order mark, quoted texts that may hold line breaks; local time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from demo_bank.behaviour.calls import REASONS
from demo_bank.behaviour.conduct import Day
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, at, csv_lines, local_text, nulled, numbered, text
from demo_bank.streams import stream

SYSTEM = "CALL"
ARRIVES = time(3, 10)
PATHS = ("1", "1-2", "1-2-3", "2", "2-1", "0")
COLUMNS = (
    "call_id", "ani", "start_ts", "ivr_path", "queue_sec", "agent_id", "talk_sec", "hold_sec", "verified_cust_no", "typed_name",
    "address_note", "reason_l1", "reason_l2", "transfer_n", "sat_key", "recording_id",
)  # fmt: skip
STRANGER_NAMES = ("王", "李", "周", "吴", "郑", "孙")


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def call_number(day: date, place: int) -> str:
    """Number of the call at this place (from 0) of the day."""
    return f"CL{day:%Y%m%d}{place + 1:06d}"


def agent_numbers(agents: NDArray[np.int64]) -> pa.Array:
    """Employee numbers of agents; null for −1."""
    return nulled(numbered("A", 6000 + agents, 5), agents < 0)


def package(people: People, lived: Day) -> list[Lines]:
    """CALL of one date."""
    calls, day, n = lived.calls, lived.day, len(lived.calls.caller)
    rng = stream(people.seed, "CALL", "file", day)
    is_stranger = calls.caller < 0
    who = np.maximum(calls.caller, 0)
    ani = np.where(
        is_stranger, [f"154{70_000_000 + int(s):08d}" for s in calls.stranger], people.mobiles[who]
    )
    names = np.where(
        is_stranger, [STRANGER_NAMES[int(s) % 6] + "某" for s in calls.stranger], people.names[who]
    )
    typed = text(names.tolist()) if n else pa.array([], pa.string())
    note = np.where(rng.random(n) < 0.15, "客户要求回电，地址与登记一致", "")
    ids = numbered(f"CL{day:%Y%m%d}", np.arange(1, n + 1), 6)
    columns = {
        "call_id": ids, "ani": text(ani.tolist()), "start_ts": local_text(at(day, calls.second)),
        "ivr_path": text(np.array(PATHS)[calls.second % len(PATHS)]), "queue_sec": text(calls.queue_secs.astype(str).tolist()),
        "agent_id": agent_numbers(calls.agent), "talk_sec": text(calls.talk_secs.astype(str).tolist()),
        "hold_sec": text(calls.hold_secs.astype(str).tolist()),
        "verified_cust_no": nulled(text(people.cust_no[who].tolist()), ~calls.is_verified),
        "typed_name": nulled(typed, ~calls.is_typed), "address_note": text(note.tolist()),
        "reason_l1": text([REASONS[int(r)][0] for r in calls.reason]), "reason_l2": text([REASONS[int(r)][1] for r in calls.reason]),
        "transfer_n": text(calls.transfers.astype(str).tolist()),
        "sat_key": nulled(text(calls.satisfaction_key.astype(str).tolist()), calls.satisfaction_key == 0),
        "recording_id": numbered(f"RC{day:%Y%m%d}", np.arange(1, n + 1), 6),
    }  # fmt: skip
    rows = csv_lines(columns, quote=("typed_name", "address_note", "reason_l1", "reason_l2"))
    return [Lines(f"CALL_{day:%Y%m%d}.csv", ",".join(COLUMNS), rows, bom=True)]
