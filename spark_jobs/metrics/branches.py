"""To which branch a place of the bank belongs, day by day. No Spark: an organisation has hundreds of rows, not millions.

As was: the tree as it stood on the day, not after later mergers. A place that had been given up by then belongs where its successor
does, as customers keep the code of an outlet that was merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from spark_jobs.dates import DateRange

HEAD, BRANCH = "head", "branch"
# Steps up the tree, successors included; a tree that is deeper than this goes round in a circle.
MOST_STEPS = 12


class Place(NamedTuple):
    """One row of silver.org_hist as believed now: valid from its first date to the day before `valid_to`."""

    org_code: str
    valid_from: date
    valid_to: date
    level_code: str | None
    parent_org_code: str | None
    merged_into_org_code: str | None


class Home(NamedTuple):
    """The branch of a place from a first to a last date, both included."""

    org_code: str
    first_date: date
    last_date: date
    branch_code: str


def homes(places: Iterable[Place], dates: DateRange) -> list[Home]:
    """Branch of every place on every date of a range, in intervals. Grain: org_code, first_date; intervals of a place never overlap.

    The branch is the nearest place of level branch, the place itself or above it; where there is none, the head office. A place
    that is under neither, or that the tree does not know on a date, has no home then. Ties: a place with two rows for one date
    (which the history forbids) counts with the one that began last.
    """
    of_code: dict[str, list[Place]] = defaultdict(list)
    for place in sorted(places, key=lambda p: (p.org_code, p.valid_from, p.valid_to)):
        of_code[place.org_code].append(place)
    changes = {
        day for rows in of_code.values() for place in rows for day in (place.valid_from, place.valid_to)
    }
    begins = [dates.first, *sorted(day for day in changes if dates.first < day <= dates.last)]
    ends = [*(day - timedelta(days=1) for day in begins[1:]), dates.last]
    found: list[Home] = []
    for code in sorted(of_code):
        for first, last in zip(begins, ends, strict=True):
            branch = _branch_of(code, first, of_code)
            before = found[-1] if found and found[-1].org_code == code else None
            if branch is None:
                continue
            if before and before.branch_code == branch and before.last_date + timedelta(days=1) == first:
                found[-1] = before._replace(last_date=last)
            else:
                found.append(Home(code, first, last, branch))
    return found


def _branch_of(code: str, day: date, of_code: Mapping[str, Sequence[Place]]) -> str | None:
    """Climbs from a place to its branch on a day; past the head office or in a circle there is none."""
    at: str | None = code
    for _ in range(MOST_STEPS):
        begun = [place for place in of_code.get(at or "", ()) if place.valid_from <= day]
        if not begun:
            return None
        place = begun[-1]
        is_closed = place.valid_to <= day
        if is_closed and place.merged_into_org_code:
            at = place.merged_into_org_code
        elif place.level_code in (BRANCH, HEAD):
            return place.org_code
        else:
            at = place.parent_org_code
    return None
