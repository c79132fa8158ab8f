"""The hidden truth about people: who they are, whom they belong to, and what happened to them. Written beside landing, for the scorer only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo_bank import cast, names
from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.books import Books
from demo_bank.dirt.plan import Plan
from demo_bank.lines import numbered
from demo_bank.population import CHILD, PARENT, SPOUSE
from demo_bank.registry import Registry
from demo_bank.systems.mbank import user_numbers

EVENT = pa.schema([
    ("person_no", pa.int64()), ("kind", pa.string()), ("at", pa.timestamp("s")), ("refs", pa.list_(pa.string())),
])  # fmt: skip
DAYS_OF_HAZARD = 7
# Life events of the cast: member, kind, date.
_LIFE = (
    (6, "marriage", date(2026, 9, 22)), (15, "home_purchase", cast.HOME_PAID_DAY), (17, "job_change", cast.SALARY_STOPS),
    (24, "death", cast.DIED[cast.person(24)]), (25, "erasure_request", date(2026, 9, 22)),
)  # fmt: skip


class Diary:
    """Writes what happens to people day by day, and keeps what is told of them once at the end: satisfaction and hazard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._events = pq.ParquetWriter(folder / "truth_event.parquet", EVENT)
        self.satisfaction: list[np.ndarray] = []  # type: ignore[type-arg]
        self.hazard: list[np.ndarray] = []  # type: ignore[type-arg]

    def day(self, conduct: Conduct, lived: Day) -> None:
        """Events of one date and everybody's mood at its end."""
        day = lived.day
        rows: list[tuple[int, str, datetime, list[str]]] = []
        numbers = [each.number for each in lived.incidents]
        digital = lived.digital
        rows += [
            (int(person), "exposure", _noon(day), [numbers[int(met)]])
            for person, met in zip(digital.exposed_person, digital.exposed_incident, strict=True)
        ]
        rows += [
            (each.person, "complaint_cause", each.received.astype("datetime64[s]").astype(datetime), [each.number, *([each.incident] if each.incident else [])])
            for each in lived.complaints
        ]  # fmt: skip
        rows += [(int(p), "churn_step", _noon(day), ["decides"]) for p in lived.leavers]
        rows += [
            (int(p), "churn_step", _noon(day), ["gone"])
            for p in np.flatnonzero(conduct.leaving.gone == np.datetime64(day))
        ]
        spelled = user_numbers(lived.spells).to_pylist()
        rows += [
            (int(p), "search_spell", _noon(day), [u]) for p, u in zip(lived.spells, spelled, strict=True)
        ]
        rows += [
            (int(p), "response_decision", _noon(day), [str(int(number)), "answers" if will else "does_not"])
            for p, number, will in zip(
                lived.invitations.person, lived.invitations.number, lived.will_answer, strict=True
            )
        ]
        people = len(conduct.people)
        rows += [
            (cast.person(number), kind, _noon(day), [])
            for number, kind, when in _LIFE
            if when == day and cast.person(number) < people
        ]
        self._write(rows)
        self.satisfaction.append(np.round(conduct.satisfaction).astype(np.uint8))
        if (len(self.satisfaction) - 1) % DAYS_OF_HAZARD == 0:
            self.hazard.append(conduct.hazard(day).astype(np.float32))

    def _write(self, rows: Sequence[tuple[int, str, datetime, list[str]]]) -> None:
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, EVENT, strict=True)]
            self._events.write_table(pa.Table.from_arrays(arrays, schema=EVENT))

    def close(self, registry: Registry, conduct: Conduct, books: Books, plan: Plan) -> None:
        """truth_person, truth_relation, truth_canary."""
        self._events.close()
        pq.write_table(self._persons(registry, conduct, plan), self.folder / "truth_person.parquet")
        pq.write_table(relations(registry, books), self.folder / "truth_relation.parquet")
        pq.write_table(canaries(registry), self.folder / "truth_canary.parquet")

    def _persons(self, registry: Registry, conduct: Conduct, plan: Plan) -> pa.Table:
        """Everybody, and after them the people without a number at the bank."""
        world, out = registry.world, registry.outsiders
        n, m = world.people, len(registry.outsiders.person)
        clean = [*map(str, world.names), *map(str, out.names)]
        gone = np.where(
            conduct.leaving.gone <= np.datetime64(world.size.last), conduct.leaving.gone, np.datetime64("NaT")
        )
        return pa.table({
            "person_no": pa.array(np.arange(n + m)), "name": clean,
            "name_traditional": [name if name.isascii() else names.traditional(name) for name in clean],
            "name_pinyin": [names.latin(name) for name in clean],
            "sex": pa.array([*world.sexes.tolist(), *[None] * m], pa.string()),
            "birth_date": pa.array([*world.births.astype("datetime64[D]").tolist(), *[None] * m], pa.date32()),
            "ids": [[f"{kind}:{cert}"] for kind, cert in zip(world.cert_kinds, world.certs, strict=True)] + [[f"01:{c}"] for c in out.certs],
            "phones": pa.array(_phones(registry, plan) + [[(str(p), None, None)] for p in out.mobiles], _PHONES),
            "household_no": pa.array([*world.heads.tolist(), *[None] * m], pa.int64()),
            "employer_no": pa.array([*[int(e) if e >= 0 else None for e in world.employers], *[None] * m], pa.int64()),
            "wealth_factor": pa.array([*world.wealth.tolist(), *[None] * m], pa.float64()),
            "digital_factor": pa.array([*world.digital.tolist(), *[None] * m], pa.float64()),
            "satisfaction": _lists(self.satisfaction, n, m, pa.uint8()), "hazard": _lists(self.hazard, n, m, pa.float32()),
            "churn_date": pa.array([*gone.astype("datetime64[D]").tolist(), *[None] * m], pa.date32()),
            "death_date": pa.array([*world.died.astype("datetime64[D]").tolist(), *[None] * m], pa.date32()),
            "is_canary": np.isin(np.arange(n + m), cast.canaries(n)),
        })  # fmt: skip


_PHONES = pa.list_(
    pa.struct([("number", pa.string()), ("valid_from", pa.date32()), ("valid_to", pa.date32())])
)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12))


def _phones(registry: Registry, plan: Plan) -> list[list[tuple[str, date | None, date | None]]]:
    """Each person's numbers; null means since or until ever."""
    told: list[list[tuple[str, date | None, date | None]]] = [
        [(str(mobile), None, None)] for mobile in registry.world.mobiles
    ]
    if len(told) > cast.FORMER_OWNER:
        told[cast.FORMER_OWNER] = [(cast.mobile(cast.FORMER_OWNER), None, cast.CLOSED[cast.FORMER_OWNER])]
        told[cast.person(9)] = [(cast.mobile(cast.person(9)), date(2026, 8, 20), None)]
    for person in plan.persons("recycled phone").tolist():
        heir = registry.heir(person)
        told[person].append((str(registry.world.mobiles[heir]), date(2016, 2, 1), date(2026, 4, 30)))
        told[heir] = [(number, date(2026, 8, 10), until) for number, _, until in told[heir][:1]] + told[heir][
            1:
        ]
    return told


def _lists(values: Sequence[np.ndarray], n: int, m: int, of: pa.DataType) -> pa.Array:  # type: ignore[type-arg]
    """One list per person, null for those of whom nothing is told."""
    per = len(values)
    flat = np.stack(values, axis=1).reshape(-1) if per else np.zeros(0)
    offsets = pa.array(np.concatenate([np.arange(n + 1) * per, np.full(m, n * per)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(flat, of))


def relations(registry: Registry, books: Books) -> pa.Table:
    """truth_relation: spouse, parent (from parent to child), sibling, joint_holder. Companies are no persons."""
    world = registry.world
    n = world.people
    people = np.arange(n)
    rows: list[tuple[str, int, int]] = []
    for role, kind in ((SPOUSE, "spouse"), (CHILD, "parent"), (PARENT, "child")):
        rows += [(kind, int(world.heads[p]), int(p)) for p in people[world.roles == role]]
    before = np.maximum(people - 1, 0)
    both = (world.roles == CHILD) & (world.roles[before] == CHILD) & (world.heads == world.heads[before])
    rows += [("sibling", int(p) - 1, int(p)) for p in people[both]]
    rows += [told for told in cast.RELATIONS if max(told[1:]) < n]
    for other in (books.accounts.co_holder, books.accounts.third_holder):
        held = np.flatnonzero(other >= 0)
        rows += [("joint_holder", int(books.accounts.holder[k]), int(other[k])) for k in held]
    kinds, first, second = zip(*sorted(set(rows)), strict=True) if rows else ((), (), ())
    return pa.table({
        "kind": pa.array(kinds, pa.string()), "from": pa.array(first, pa.int64()), "to": pa.array(second, pa.int64()),
    })  # fmt: skip


def canaries(registry: Registry) -> pa.Table:
    """truth_canary: values that must not be found anywhere but behind the vault."""
    world = registry.world
    who = cast.canaries(world.people)
    return pa.table({
        "person_no": pa.array(who), "cust_no": registry.cust_no[who].tolist(), "ecif_no": registry.ecif_no[who].tolist(),
        "name": world.names[who].tolist(), "name_pinyin": registry.latin(who), "cert_no": world.certs[who].tolist(),
        "mobile": world.mobiles[who].tolist(), "address": world.addresses[who].tolist(), "user_id": user_numbers(who),
        "crm_id": numbered("R", 400_000_000 + who, 9),
    })  # fmt: skip
