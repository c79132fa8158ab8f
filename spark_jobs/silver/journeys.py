"""Journeys as configuration: conf/codes/journey.csv (owner, entry, exit) and touchpoint.csv (whose stages). No Spark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from spark_jobs.errors import ContractError, nearest

Codes = Mapping[str, Mapping[str, str]]


def check_journeys(touchpoints: Codes, journeys: Codes) -> None:
    """Refuse journeys that cannot be walked.

    No two touchpoints of a journey are the same stage. A journey that is active has an owner, and touchpoints of its own to enter and to
    leave by; one that is not has no touchpoint.
    """
    stages: dict[tuple[str, str], list[str]] = defaultdict(list)
    of_journey: dict[str, set[str]] = defaultdict(set)
    for code, told in touchpoints.items():
        journey = told["journey_code"]
        if not journey:
            continue
        if journey not in journeys:
            raise ContractError(
                f"codes/touchpoint.csv, `{code}`: no journey `{journey}`; {nearest(journey, journeys)}"
            )
        stages[journey, told["stage_no"]].append(code)
        of_journey[journey].add(code)
    for (journey, stage), codes in sorted(stages.items()):
        if len(codes) > 1:
            raise ContractError(
                f"codes/touchpoint.csv: {', '.join(codes)} are all stage {stage} of the journey `{journey}`"
            )
    for code, told in journeys.items():
        where = f"codes/journey.csv, `{code}`"
        if told["is_active"] != "true":
            if of_journey[code]:
                raise ContractError(
                    f"{where}: is not active and has touchpoints: {', '.join(sorted(of_journey[code]))}"
                )
            continue
        if not told["owner"]:
            raise ContractError(f"{where}: `owner` is missing; somebody answers for a journey")
        for end in ("entry", "exit"):
            if told[end] not in of_journey[code]:
                raise ContractError(
                    f"{where}: `{end}` is {told[end] or 'missing'}; {nearest(told[end], sorted(of_journey[code]))}"
                )
