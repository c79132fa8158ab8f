"""CORE CIF: everyone at the opening, then the customers whose record changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from demo_bank import cast
from demo_bank.packages import Inner, dates, fixed, texts, trailer
from demo_bank.population import COMPANIES, STREETS, Ints
from demo_bank.registry import Registry
from demo_bank.streams import stream

WIDTHS = (1, 16, 1, 2, 20, 60, 1, 8, 3, 15, 20, 120, 3, 6, 8, 1, 8, 14)
NORMAL, CLOSED, DECEASED = "0", "2", "9"
MOVES = 0.001  # customers who tell a new address on a day
FOUND_DEAD, MARRIAGE, SENT_AGAIN = date(2026, 9, 16), date(2026, 9, 23), date(2026, 9, 23)


@dataclass
class Customers:
    """The customer file at the end of the last date. Rows count records of the registry; what differs from it is kept by row."""

    registry: Registry
    names: dict[int, str] = field(default_factory=dict)
    addresses: dict[int, str] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)

    @classmethod
    def open(cls, registry: Registry) -> Customers:
        """The state on the evening before the first business date."""
        made = cls(registry)
        n, before = registry.world.people, registry.world.size.first - timedelta(days=1)
        for person in (p for p in cast.CLOSED if p < n):
            made.states[person] = CLOSED
        for person in (p for p in cast.DIED if p < n and before >= FOUND_DEAD):
            made.states[person] = DECEASED
        return made

    def opening(self, day: date) -> Inner:
        """Everyone; people with a second number appear twice, under another outlet."""
        records = self.registry.records("CORE")
        people = self._file(day, np.flatnonzero(records.opened <= np.datetime64(day)))
        return _after(people, _companies(day), day)

    def changed(self, day: date) -> Inner:
        """Who came, who moved, and what the stories tell."""
        world = self.registry.world
        rng = stream(world.seed, "CORE", "CIF", day)
        moved = np.sort(rng.choice(world.people, max(1, round(world.people * MOVES)), replace=False))
        for row in moved.tolist():
            self.addresses[row] = f"滨江市{rng.choice(STREETS)}{int(rng.integers(400, 800))}号"
        told = set(np.flatnonzero(world.opened == np.datetime64(day)).tolist())
        told |= {row for row in moved.tolist() if world.opened[row] <= np.datetime64(day)}
        if day == FOUND_DEAD:
            told |= set(cast.DIED)
            self.states |= dict.fromkeys(cast.DIED, DECEASED)
        if day == MARRIAGE:
            told.add(cast.person(6))
            self.names[cast.person(6)] = "何婉清"
        if day == SENT_AGAIN:
            told.add(cast.person(25))
        return self._file(day, np.array(sorted(row for row in told if row < world.people), np.int64))

    def _file(self, day: date, rows: Ints) -> Inner:
        world, records = self.registry.world, self.registry.records("CORE")
        who, n = records.person[rows], len(rows)
        name = _with(records.names[rows], rows, self.names)
        address = _with(world.addresses[who], rows, self.addresses)
        state = _with(np.full(n, NORMAL), rows, self.states)
        columns = [
            np.full(n, b"D"), records.keys[rows].astype("S16"), np.full(n, b"1"), records.cert_kinds[rows].astype("S2"),
            records.certs[rows].astype("S20"), texts(name, 60), world.sexes[who].astype("S1"), dates(world.births[who], n),
            world.nations[who].astype("S3"), records.mobiles[rows].astype("S15"), np.full(n, b""), texts(address, 120),
            np.full(n, b""), world.outlets[who].astype("S6"), dates(world.opened[who], n), state.astype("S1"),
            np.full(n, b"99991231"), np.full(n, f"{day:%Y%m%d}010000".encode()),
        ]  # fmt: skip
        length = sum(WIDTHS)
        content = fixed(columns, WIDTHS) + trailer("CIF", day, n, 0, 0, length)
        return Inner(f"CIF_{day:%Y%m%d}.dat", content, n, length)


def _companies(day: date) -> bytes:
    """The employers, who are customers, too; type 2."""
    n = COMPANIES
    told = [f"滨江{_WORDS[k % 8]}{_WORDS[(k // 8 + 3) % 8]}有限公司" for k in range(n)]
    columns = [
        np.full(n, b"D"), np.array([f"C{700_000_000 + k}" for k in range(n)], "S16"), np.full(n, b"2"), np.full(n, b""), np.full(n, b""),
        texts(told, 60), np.full(n, b"9"), np.full(n, b"00000000"), np.full(n, b"156"), np.full(n, b""),
        np.full(n, cast.COMPANY_PHONE.encode()), texts([f"滨江市望潮路{k + 1}号" for k in range(n)], 120), np.full(n, b""),
        np.full(n, b"330100"), np.full(n, b"20100104"), np.full(n, b"0"), np.full(n, b"99991231"),
        np.full(n, f"{day:%Y%m%d}010000".encode()),
    ]  # fmt: skip
    return fixed(columns, WIDTHS)


def _after(file: Inner, more: bytes, day: date) -> Inner:
    """The file with further records before its trailer."""
    length = file.record_bytes
    rows = file.rows + len(more) // (length + 1)
    content = file.content[: file.rows * (length + 1)] + more + trailer("CIF", day, rows, 0, 0, length)
    return replace(file, content=content, rows=rows)


_WORDS = ("云帆", "望潮", "晴川", "临港", "听涛", "金穗", "同舟", "远航")


def _with(values: np.ndarray, rows: Ints, changed: dict[int, str]) -> np.ndarray:  # type: ignore[type-arg]
    """The values, with what changed by row."""
    told = values.astype("U60")
    if changed:
        for place, row in enumerate(rows.tolist()):
            if row in changed:
                told[place] = changed[row]
    return told
