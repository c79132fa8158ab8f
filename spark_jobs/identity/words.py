"""What stewards decide, as words about pairs of parties (timeline.py). Pure Python.

merge       one person from the day on
keep_apart  two people from the day on; an earlier merge of the same parties holds up to that day
split       two people: an earlier merge of the same parties was wrong from its first day and never was, and from the day on they stay apart
take_back   another decision was wrong and never was
The newest word about a pair counts; what one decision says of several parties it says of each pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

from spark_jobs.identity.timeline import OPEN, Word, Words

MERGE, KEEP_APART, SPLIT, TAKE_BACK = "merge", "keep_apart", "split", "take_back"
CODES = (MERGE, KEEP_APART, SPLIT, TAKE_BACK)


@dataclass(frozen=True)
class Decision:
    """An accepted decision about persons. `undoes` is the decision that a take_back names; `day` counts, `at` only orders."""

    decision_id: str
    code: str
    parties: tuple[str, ...]
    undoes: str | None
    day: date
    at: datetime


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """As they were made; decisions of one instant by id."""
    return sorted(decisions, key=lambda d: (d.at, d.decision_id))


def epochs(decisions: Iterable[Decision]) -> list[tuple[date, Words]]:
    """What was believed from each day on which something was taken back, oldest first; the last is what is believed now."""
    ordered = in_order(decisions)
    days = sorted({date.min, *(d.day for d in ordered if d.code in (SPLIT, TAKE_BACK))})
    return [(day, _words(_standing(ordered, day))) for day in days]


def taken_back(decisions: Iterable[Decision]) -> dict[str, date]:
    """Decisions that no longer stand → the day from which they never were."""
    ordered = in_order(decisions)
    gone: dict[str, date] = {}
    for day, _ in epochs(ordered):
        standing = {d.decision_id for d in _standing(ordered, day)}
        gone = {d.decision_id: gone.get(d.decision_id, day) for d in ordered if d.decision_id not in standing}
    return gone


def _standing(ordered: Sequence[Decision], day: date) -> list[Decision]:
    """Decisions that nothing takes back up to the day; later ones stand, but nobody has looked at their days yet."""
    place = {d.decision_id: n for n, d in enumerate(ordered)}
    gone: set[str] = set()
    for n, d in reversed(list(enumerate(ordered))):
        undoes_earlier = d.code == TAKE_BACK and d.undoes is not None and place.get(d.undoes, n) < n
        if undoes_earlier and d.decision_id not in gone and d.day <= day:
            gone.add(str(d.undoes))
    left = [d for d in ordered if d.decision_id not in gone]
    for n, d in enumerate(left):
        if d.code == SPLIT and d.day <= day:
            wrong = [m for m in left[:n] if m.code == MERGE and set(m.parties) == set(d.parties)]
            gone |= {m.decision_id for m in wrong}
    return [d for d in left if d.decision_id not in gone]


def _words(standing: Sequence[Decision]) -> Words:
    said: dict[tuple[str, str], list[tuple[date, bool]]] = defaultdict(list)
    for d in standing:
        if d.code == TAKE_BACK:
            continue
        for pair in combinations(sorted(set(d.parties)), 2):
            said[pair].append((d.day, d.code == MERGE))
    words = set()
    for (a, b), told in said.items():
        for n, (since, together) in enumerate(told):
            changed = (day for day, other in told[n + 1 :] if other != together)
            # The same word again adds nothing to the one that still holds.
            if n and told[n - 1][1] == together:
                continue
            until = next(changed, OPEN)
            if since < until:
                words.add(Word(a, b, together, since, until))
    return frozenset(words)
