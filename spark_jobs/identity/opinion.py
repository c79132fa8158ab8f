"""What the model adds to the named rules: ties of pairs that no rule ties as long, and pairs for stewards. No Spark."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from spark_jobs.identity.guards import traits_on, two_people
from spark_jobs.identity.modelled import Likeness
from spark_jobs.identity.outcome import MODEL, Pair
from spark_jobs.identity.timeline import OPEN, Marks

Score = tuple[str, str, str, date, date, float, int, str]
COLUMNS = (
    "party_id_a", "party_id_b", "rule_code", "effective_from", "effective_to", "worth", "pattern_code", "evidence_text",
)  # fmt: skip
SCORE = "party_id_a string, party_id_b string, rule_code string, effective_from date, effective_to date, worth double, pattern_code bigint, evidence_text string"  # fmt: skip


@dataclass(frozen=True)
class Opinion:
    """ties: pairs as evidence; grey: pairs and the day from which a steward should look; certain: party → probability of its best tie.

    scores  rows of `SCORE`, one per tie and per pair that is grey only
    """

    ties: tuple[Pair, ...] = ()
    grey: tuple[tuple[str, str, date], ...] = ()
    certain: Mapping[str, float] | None = None
    scores: tuple[Score, ...] = ()


def opinion(
    alike: Iterable[Likeness], told: Iterable[Pair], persons: Mapping[str, str], marks: Marks
) -> Opinion:
    """Of pairs as the model sees them, what the rules do not say already.

    told  pairs as the rules judged them; persons: party → source, of those that may be compared: others are left out
    marks  party → what the guards judge it by: whom they keep apart on the last day is no case for a steward
    """
    ruled: dict[tuple[str, str], list[Pair]] = {}
    for p in told:
        if p.is_link:
            ruled.setdefault((p.party_id_a, p.party_id_b), []).append(p)
    ties: list[Pair] = []
    grey: list[tuple[str, str, date]] = []
    scores: list[Score] = []
    certain: dict[str, float] = {}
    for each in alike:
        a, b = each.party_a, each.party_b
        if a not in persons or b not in persons:
            continue
        said = ruled.get((a, b), [])
        is_told = False
        for tie in each.ties:
            if _is_covered(tie.since, tie.until, said):
                continue
            is_told = True
            ties.append(
                Pair(a, b, MODEL, tie.since, tie.until, False, False, persons[a], persons[b], each.words, tie.probability)
            )  # fmt: skip
            scores.append((a, b, MODEL, tie.since, tie.until, tie.probability, each.pattern, each.words))
            for party in (a, b):
                certain[party] = max(tie.probability, certain.get(party, 0.0))
        if each.grey and not said and not _are_two(a, b, marks):
            grey.append((a, b, each.grey))
            if not is_told:
                scores.append((a, b, MODEL, each.grey, each.grey, each.probability, each.pattern, each.words))
    return Opinion(tuple(ties), tuple(grey), certain, tuple(scores))


def _is_covered(since: date, until: date, said: Collection[Pair]) -> bool:
    return any(p.effective_from <= since and until <= p.effective_to for p in said)


def _are_two(one: str, other: str, marks: Marks) -> bool:
    return two_people(traits_on(marks.get(one, ()), OPEN), traits_on(marks.get(other, ()), OPEN))
