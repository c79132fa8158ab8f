"""CONSENT, kept by Legal and IT: change data capture as JSON lines (`op`, `ts_ms`, `offset`, `before`, `after`), in order of offset.

The first date's package reads the whole register (`op` r); afterwards only changes come.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.behaviour.consent import CARE_CONTACT, GROUPS, PAIRS, Register
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, at, epoch_ms, json_lines, local_text, nulled, quoted, raw, text

SYSTEM = "CONSENT"
ARRIVES = time(0, 15)
FIRST_OFFSET = 1_000
BY = ("APP", "COUNTER", "WEB")
_PURPOSE, _CLASS = np.array([p[0] for p in PAIRS]), np.array([p[1] for p in PAIRS])
NO_DATE = np.datetime64("NaT", "ms")


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def package(conduct: Conduct, lived: Day) -> list[Lines]:
    """CONSENT of one date; on the first date the register as it was that morning goes before."""
    people, day = conduct.people, lived.day
    rows = [_changes(people, lived, day)]
    if day == people.world.size.first:
        rows.insert(0, _register(people, conduct.register, lived))
    return [Lines(f"CONSENT_{day:%Y%m%d}.jsonl", None, pa.concat_arrays(rows))]


def _image(
    key: pa.Array, kind: pa.Array, pair: NDArray[np.int64], state: NDArray[np.str_], version: NDArray[np.int64],
    captured: NDArray[np.datetime64], by: NDArray[np.str_], expires: NDArray[np.datetime64],
) -> pa.Array:  # fmt: skip
    return json_lines({
        "customer_key": quoted(key), "key_type": quoted(kind), "purpose": quoted(text(_PURPOSE[pair].tolist())),
        "data_class": quoted(text(_CLASS[pair].tolist())), "channel": quoted(text(["any"] * len(pair))),
        "state": quoted(text(state.tolist())), "version": raw(version), "captured_at": quoted(local_text(captured)),
        "captured_by": quoted(text(by.tolist())), "expires_at": quoted(local_text(expires)),
    })  # fmt: skip


def _register(people: People, register: Register, lived: Day) -> pa.Array:
    """Everything granted before the first date (today's changes taken back), then denials of parties that disagree."""
    granted = register.granted.copy()
    changed = lived.consents
    for person, pair, state in zip(
        changed.person[::-1], changed.pair[::-1], changed.granted[::-1], strict=True
    ):
        granted[person, pair] = not state
    known = people.is_customer(lived.day - timedelta(days=1))
    person, pair = np.nonzero(granted & known[:, None])
    n = len(person)
    disagree = np.flatnonzero(register.disagrees & known & granted[:, CARE_CONTACT])
    who = np.concatenate([person, disagree])
    pairs = np.concatenate([pair, np.full(len(disagree), CARE_CONTACT)])
    by_ecif = np.arange(len(who)) >= n
    captured = _at_ten(people, who)
    expires = np.full(len(who), NO_DATE)
    is_research = np.array([GROUPS[2] == p[2] for p in PAIRS])[pairs]
    lasting = is_research & (who % 50 == 0)
    expires[lasting] = np.datetime64(people.world.size.last, "ms")
    state = np.where(by_ecif, "denied", "granted")
    image = _image(
        *_keys(people, who, by_ecif),
        pairs,
        state,
        np.ones(len(who), np.int64),
        captured,
        np.array(BY)[who % 3],
        expires,
    )
    return json_lines({
        "op": quoted(text(["r"] * len(who))), "ts_ms": raw(epoch_ms(captured)), "offset": raw(FIRST_OFFSET + np.arange(len(who))),
        "before": raw(pa.nulls(len(who), pa.string())), "after": image,
    })  # fmt: skip


def _at_ten(people: People, who: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Consents of the start were captured when the relationship began."""
    moment = np.array(people.opened[who], "datetime64[ms]")
    moment += np.timedelta64(36_000_000, "ms")
    return moment


def _keys(people: People, who: NDArray[np.int64], by_ecif: NDArray[np.bool_]) -> tuple[pa.Array, pa.Array]:
    return (
        text(np.where(by_ecif, people.ecif_no[who], people.cust_no[who]).tolist()),
        text(np.where(by_ecif, "ECIF_ID", "CUST_NO").tolist()),
    )


def _changes(people: People, lived: Day, day: date) -> pa.Array:
    made = lived.consents
    n = len(made.person)
    captured = at(day, made.second)
    keys = _keys(people, made.person, made.by_ecif)
    by = np.array(BY)[made.person % 3]
    never = np.full(n, NO_DATE)
    after = _image(
        *keys, made.pair, np.where(made.granted, "granted", "withdrawn"), made.version, captured, by, never
    )
    earlier = _at_ten(people, made.person)
    before = _image(
        *keys, made.pair, np.where(made.granted, "withdrawn", "granted"), made.version - 1, earlier, by, never
    )
    is_new = made.granted & (made.version <= 2)
    # Offsets grow by day and place; the register read on the first date lies far below.
    offsets = day.toordinal() * 10_000_000 + np.arange(n)
    return json_lines({
        "op": quoted(text(np.where(is_new, "c", "u").tolist())), "ts_ms": raw(epoch_ms(captured) + 350), "offset": raw(offsets),
        "before": raw(nulled(before, is_new)), "after": after,
    })  # fmt: skip
