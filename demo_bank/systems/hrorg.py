"""HRORG, personnel: employees and the tree of the bank's places, complete, on Mondays and on the first business date. CSV in UTF-8."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from demo_bank import cast, names
from demo_bank.packages import Inner
from demo_bank.population import Strings, World, with_check_digit
from demo_bank.streams import stream

SYSTEM = "HRORG"
ARRIVES = time(5, 30)
AGENTS, COMPLAINT_STAFF = 40, 8
EMPLOYEE = ("emp_no", "name", "org_code", "team", "role", "from", "to", "cert_no")
# One ordinary person of so many works at the bank whose customer he is.
STAFF_EVERY = 29
ORG_TREE = ("org_code", "name", "level", "parent", "eff_from", "eff_to", "merged_into")
OPEN = "9999-12-31"
HEAD_OFFICE = "330000"
RESIDENT, ELSEWHERE = "01", "339899"


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def is_due(world: World, day: date) -> bool:
    """On Mondays, and on the first date."""
    return day.weekday() == 0 or day == world.size.first


def package(world: World, day: date, *, reused: bool = False) -> list[Inner]:
    """EMPLOYEE and ORG_TREE. reused: the code of a place that was given up stands for another place now (D45)."""
    return [
        _csv("EMPLOYEE", day, EMPLOYEE, _employees(world)),
        _csv("ORG_TREE", day, ORG_TREE, _places(world, reused)),
    ]


def _csv(name: str, day: date, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Inner:
    content = "".join(",".join(row) + "\n" for row in (header, *rows))
    return Inner(f"{name}_{day:%Y%m%d}.csv", content.encode(), len(rows), 0, "UTF-8")


def outlets(world: World) -> list[str]:
    """Codes of the outlets, as CORE has them."""
    return [f"33{100 + k:04d}" for k in range(world.size.outlets)]


def branches(world: World) -> list[str]:
    """Codes of the branches."""
    return [f"339{k + 1:03d}" for k in range(world.size.branches)]


def branch_of(world: World, outlet: int) -> str:
    """The branch above an outlet: neighbours are under one."""
    own = branches(world)
    return own[outlet * len(own) // world.size.outlets]


def _employees(world: World) -> list[tuple[str, ...]]:
    """Managers and heads of outlets, tellers, agents of the contact centre, staff of the complaints office."""
    places = outlets(world)
    told: list[tuple[str, str, str, str]] = [
        (f"RM{k + 1:05d}", places[k % len(places)], f"T{k % len(places) + 1:03d}", "客户经理")
        for k in range(world.size.managers)
    ]
    told += [(f"H{k + 1:05d}", place, "", "负责人") for k, place in enumerate(places)]
    told += [(f"T{k + 1:05d}", places[k // 3], "", "柜员") for k in range(3 * len(places))]
    told += [(f"A{6000 + k:05d}", HEAD_OFFICE, f"C{k % 4 + 1:03d}", "坐席") for k in range(AGENTS)]
    told += [(f"E{8000 + k:05d}", HEAD_OFFICE, "X001", "员工") for k in range(COMPLAINT_STAFF)]
    n = len(told)
    rng = stream(world.seed, SYSTEM, "EMPLOYEE", n)
    sexes = np.where(rng.random(n) < 0.5, "1", "2")
    named = names.drawn(rng, sexes, np.arange(n), np.zeros(n, bool)).astype("U24")
    since = np.datetime64("2010-01-04") + rng.integers(0, 4000, n)
    certs = strangers(n)
    for k, person in enumerate(own_customers(world)[:n]):
        named[k], certs[k] = world.names[person], world.certs[person]
    return [
        (number, str(name), org, team, role, str(start), OPEN, str(cert))
        for (number, org, team, role), name, start, cert in zip(told, named, since, certs, strict=True)
    ]


def own_customers(world: World) -> list[int]:
    """Persons who are employees as well, the first of the list of employees: adults with a resident id who are customers from the first date."""
    of_age = world.is_adult & ~world.is_newcomer & np.isnat(world.died) & (world.cert_kinds == RESIDENT)
    ordinary = np.arange(cast.CAST + 4, world.people, STAFF_EVERY)
    return [int(person) for person in ordinary if of_age[person]]


def strangers(n: int) -> Strings:
    """Resident ids of employees who are nobody's customer here: of an area in which no person of the bank was ever registered."""
    stems = np.array(
        [f"{ELSEWHERE}{1970 + k % 30}{k % 12 + 1:02d}{k % 28 + 1:02d}{k % 1000:03d}" for k in range(n)]
    )
    return with_check_digit(stems)


def _places(world: World, reused: bool) -> list[tuple[str, ...]]:
    """Head office, branches, outlets, and one outlet of the first branch that was merged into the first outlet."""
    places = outlets(world)
    told: list[tuple[str, ...]] = [(HEAD_OFFICE, "滨江银行总行", "1", "", "2000-01-01", OPEN, "")]
    told += [
        (code, f"滨江银行第{k + 1}分行", "2", HEAD_OFFICE, "2000-01-01", OPEN, "")
        for k, code in enumerate(branches(world))
    ]
    told += [
        (code, f"滨江银行第{k + 1}支行", "3", branch_of(world, k), "2000-01-01", OPEN, "")
        for k, code in enumerate(places)
    ]
    closed, first, last = f"33{100 + len(places):04d}", branch_of(world, 0), branch_of(world, len(places) - 1)
    told.append((closed, "滨江银行老街支行", "3", first, "2000-01-01", "2024-06-30", places[0]))
    if reused:
        told.append((closed, "滨江银行新港支行", "3", last, "2025-03-01", OPEN, ""))
    return told


__all__ = ["SYSTEM", "arrival", "branch_of", "branches", "is_due", "outlets", "package"]
