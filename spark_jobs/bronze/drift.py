"""How the columns of a delivery differ from those of the one before: added, dropped, renamed, swapped, of another type. No Spark.

Names tell the first two, value profiles the others. Columns that are alike in everything cannot be told apart, and raise no alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from spark_jobs.bronze.value_profiles import Profile, are_of_other_kinds, distance

# Distances are 0 (alike) to 1. Neighbouring days of one column of the demo bank are nearly always below ALIKE.
ALIKE = 0.2
# How much better two columns must fit in each other's place than in their own to have changed places.
GAIN = 0.35
# The cost of leaving a column out when files without a header are laid side by side.
GAP = 0.35


@dataclass(frozen=True)
class Change:
    """One difference. `columns`: (before, after) of a renamed column, both of swapped ones; `how`: in words, without a value.

    kind  added (between others or at the end), dropped, renamed, swapped, type
    """

    kind: str
    columns: tuple[str, ...]
    confidence: float
    how: str
    is_at_end: bool = False


def diff(before: Sequence[Profile], after: Sequence[Profile], named: bool = True) -> list[Change]:
    """The differences between two deliveries of one feed, by kind and column.

    named  the file names its columns; else profiles lie in file order, and a column put between others is found by laying both side by side
    """
    pairs, gone, new = _by_name(before, after) if named else _side_by_side(before, after)
    found: list[Change] = []
    for old, fresh, how_sure in _renamed(gone, new) if named else ():
        found.append(
            Change("renamed", (old.name, fresh.name), how_sure, f"its values are like those of `{old.name}`")
        )
        gone, new = [p for p in gone if p is not old], [p for p in new if p is not fresh]
    last = [p.name for p in after][-len(new) :] if new else []
    for fresh in new:
        at_end = fresh.name in last
        where = "at the end" if at_end else "between others"
        found.append(
            Change(
                "added",
                (fresh.name,),
                1.0,
                f"{where}: {fresh.kind or 'never filled'}, {fresh.filled:.0%} filled",
                at_end,
            )
        )
    found += [
        Change("dropped", (old.name,), 1.0, f"was {old.kind or 'never filled'}, {old.filled:.0%} filled")
        for old in gone
    ]
    swapped = _swapped(pairs)
    found += swapped
    moved = {name for change in swapped for name in change.columns}
    for old, fresh in pairs:
        if fresh.name not in moved and old.is_told and fresh.is_told and are_of_other_kinds(old, fresh):
            found.append(Change("type", (fresh.name,), 1.0, f"was {old.kind}, is {fresh.kind}"))
    order = ("renamed", "swapped", "type", "added", "dropped")
    return sorted(found, key=lambda c: (order.index(c.kind), c.columns))


_Pairs = list[tuple[Profile, Profile]]


def _by_name(
    before: Sequence[Profile], after: Sequence[Profile]
) -> tuple[_Pairs, list[Profile], list[Profile]]:
    fresh = {p.name: p for p in after}
    known = {p.name for p in before}
    pairs = [(p, fresh[p.name]) for p in before if p.name in fresh]
    return pairs, [p for p in before if p.name not in fresh], [p for p in after if p.name not in known]


def _side_by_side(
    before: Sequence[Profile], after: Sequence[Profile]
) -> tuple[_Pairs, list[Profile], list[Profile]]:
    """The cheapest way to lay both beside each other in order, where leaving a column out costs GAP. Of equal ways the one that pairs first."""
    if len(before) == len(after):
        return list(zip(before, after, strict=True)), [], []
    rows, columns = len(before), len(after)
    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows + 1):
        for j in range(columns + 1):
            ways = []
            if i and j:
                ways.append(cost[i - 1][j - 1] + distance(before[i - 1], after[j - 1]))
            if i:
                ways.append(cost[i - 1][j] + GAP)
            if j:
                ways.append(cost[i][j - 1] + GAP)
            cost[i][j] = min(ways, default=0.0)
    pairs: _Pairs = []
    gone: list[Profile] = []
    new: list[Profile] = []
    i, j = rows, columns
    while i or j:
        if i and j and cost[i][j] == cost[i - 1][j - 1] + distance(before[i - 1], after[j - 1]):
            i, j = i - 1, j - 1
            pairs.insert(0, (before[i], after[j]))
        elif i and cost[i][j] == cost[i - 1][j] + GAP:
            i -= 1
            gone.insert(0, before[i])
        else:
            j -= 1
            new.insert(0, after[j])
    return pairs, gone, new


def _renamed(gone: Sequence[Profile], new: Sequence[Profile]) -> list[tuple[Profile, Profile, float]]:
    """Columns that went and came with like values: each the other's nearest, and clearly nearer than the second."""
    found = []
    for old in gone:
        near = sorted(new, key=lambda p: (distance(old, p), p.name))
        if not near or not old.is_told or not near[0].is_told:
            continue
        best = distance(old, near[0])
        back = min(gone, key=lambda p: (distance(p, near[0]), p.name))
        second = distance(old, near[1]) if len(near) > 1 else 1.0
        if best <= ALIKE and back is old and second - best >= 0.1:
            found.append((old, near[0], round(1 - best, 2)))
    return found


def _swapped(pairs: _Pairs) -> list[Change]:
    """Two columns that fit in each other's place and not in their own; the clearest first, each column once."""
    told = [(old, fresh) for old, fresh in pairs if old.is_told and fresh.is_told]
    found = []
    for (old_1, new_1), (old_2, new_2) in combinations(told, 2):
        crossed = distance(old_1, new_2), distance(old_2, new_1)
        if max(crossed) > ALIKE:
            continue
        gain = distance(old_1, new_1) + distance(old_2, new_2) - sum(crossed)
        if gain >= GAIN:
            kinds = f"both {old_1.kind}" if old_1.kind == old_2.kind else f"{old_1.kind} and {old_2.kind}"
            found.append((gain, new_1.name, new_2.name, kinds, max(crossed)))
    changes, used = [], set[str]()
    for _, one, other, kinds, apart in sorted(found, key=lambda f: (-f[0], f[1], f[2])):
        if not used & {one, other}:
            used |= {one, other}
            how = f"{kinds}; each looks like what the other was"
            changes.append(Change("swapped", (one, other), round(1 - apart, 2), how))
    return changes


# What may be done with a change. accept: load as the contract says; rescue: load, the strange in `_rescued`; hold: the feed waits.
ACTIONS = ("accept", "rescue", "hold")
POLICY: Mapping[str, str] = {
    "added": "rescue",
    "dropped": "hold",
    "renamed": "hold",
    "swapped": "hold",
    "type": "hold",
}
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "added": ACTIONS, "dropped": ("hold",), "renamed": ("hold",), "swapped": ("hold",), "type": ("rescue", "hold"),
}  # fmt: skip


def verdict(changes: Sequence[Change], policy: Mapping[str, str] = POLICY) -> tuple[str, tuple[str, ...]]:
    """(what is done, kinds of change that decide it): the severest action of all changes.

    A column put between others moves all behind it, so it holds whatever the policy says of columns added.
    """
    unknown = [f"{k}: {v}" for k, v in policy.items() if v not in ALLOWED.get(k, ())]
    if unknown:
        raise ValueError(f"no policy of drift: {', '.join(unknown)}")
    full = {**POLICY, **policy}
    done: dict[str, str] = {}
    for change in changes:
        action = "hold" if change.kind == "added" and not change.is_at_end else full[change.kind]
        done[change.kind] = max(action, done.get(change.kind, "accept"), key=ACTIONS.index)
    severest = max(done.values(), key=ACTIONS.index, default="accept")
    return severest, tuple(
        sorted(k for k, action in done.items() if action == severest and severest != "accept")
    )


def told(changes: Sequence[Change]) -> list[str]:
    """The differences as lines for a person."""
    lines = []
    for change in changes:
        columns = {"renamed": " → ", "swapped": " ↔ "}.get(change.kind, ", ").join(change.columns)
        sure = f" ({change.confidence:.2f})" if change.confidence < 1 else ""
        lines.append(f"{change.kind:<8} {columns}: {change.how}{sure}")
    return lines
