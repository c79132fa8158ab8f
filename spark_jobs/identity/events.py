"""What happened to customers from one state to the next, as it was believed on each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from spark_jobs.identity.timeline import OPEN, CustomerEvent, Owners, Timeline, Walk

ORDER = {"create": 0, "absorb": 1, "split": 2, "merge": 3, "retire": 4}


def tell(line: Timeline, island: str, walks: Sequence[tuple[date, Walk]]) -> None:
    """Adds one island, named by its smallest party: its last walk is what is believed, events follow what was believed on each day.

    An id that only a belief of the past knew is kept with its redirect: others may hold it.
    """
    now = walks[-1][1]
    line.memberships += now.memberships
    line.created |= now.created
    line.refused |= now.refused
    known = _as_known(walks)
    heirs: dict[str, str] = {}
    for events, retired in changes(known):
        line.events += events
        heirs |= retired
    if len(walks) > 1:
        for _, retired in changes(now.states):
            heirs |= retired
    line.retired |= heirs
    for _, walk in walks[:-1]:
        seen = {customer for _, owner in known for customer in owner.values()}
        line.created |= {c: day for c, day in walk.created.items() if c in seen and c not in line.created}
    for _, walk in walks:
        line.islands |= dict.fromkeys(walk.created, island)


def _as_known(walks: Sequence[tuple[date, Walk]]) -> list[tuple[date, Owners]]:
    """States as they were believed: each walk counts from its day to that of the next."""
    states: list[tuple[date, Owners]] = []
    for n, (start, walk) in enumerate(walks):
        until = walks[n + 1][0] if n + 1 < len(walks) else OPEN
        before = [owner for day, owner in walk.states if day <= start]
        if before:
            states.append((start, before[-1]))
        states += [(day, owner) for day, owner in walk.states if start < day < until]
    return states


def changes(states: Sequence[tuple[date, Owners]]) -> Iterator[tuple[list[CustomerEvent], dict[str, str]]]:
    """From one state to the next: what happened, and where ids that ended lead."""
    before: Owners = {}
    for day, after in states:
        yield _events(before, after, day)
        before = after


def _events(before: Owners, after: Owners, day: date) -> tuple[list[CustomerEvent], dict[str, str]]:
    moved: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    joined: dict[str, list[str]] = defaultdict(list)
    for party, customer in after.items():
        if party not in before:
            joined[customer].append(party)
        elif before[party] != customer:
            moved[before[party]][customer].append(party)
    existed, remain = set(before.values()), set(after.values())
    events: list[CustomerEvent] = []
    retired: dict[str, str] = {}
    for customer, parties in sorted(joined.items()):
        kind = "absorb" if customer in existed else "create"
        events.append(CustomerEvent(kind, customer, None, tuple(sorted(parties)), day))
    for old, shares in sorted(moved.items()):
        heir = None if old in remain else min(shares, key=lambda new: (-len(shares[new]), new))
        for new, parties in sorted(shares.items()):
            if new == heir:
                events.append(CustomerEvent("merge", new, old, tuple(sorted(parties)), day))
                events.append(CustomerEvent("retire", old, new, (), day))
                retired[old] = new
            else:
                events.append(CustomerEvent("split", old, new, tuple(sorted(parties)), day))
    return events, retired


def last_heir(old: str, retired: Mapping[str, str]) -> str:
    """Where a retired id leads, in one hop."""
    seen = {old}
    survivor = retired[old]
    while survivor in retired and survivor not in seen:
        seen.add(survivor)
        survivor = retired[survivor]
    return survivor
