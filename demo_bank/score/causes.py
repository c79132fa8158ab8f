"""Complaints attributed to the incident that caused them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Causes:
    """right + wrong + missed = complaints with a technical cause that the lake knows."""

    with_cause: int
    right: int
    wrong: int
    missed: int
    invented: int
    not_in_lake: int

    @property
    def recall(self) -> float | None:
        return self.right / self.with_cause if self.with_cause else None

    @property
    def precision(self) -> float | None:
        said = self.right + self.wrong + self.invented
        return self.right / said if said else None


def attributed(truth: Mapping[str, str | None], lake: Mapping[str, str | None]) -> Causes:
    """truth, lake: incident by complaint, None where there is none. Complaints the lake does not have are counted apart."""
    known = {number: incident for number, incident in truth.items() if number in lake}
    caused = {number: incident for number, incident in known.items() if incident}
    right = sum(lake[number] == incident for number, incident in caused.items())
    missed = sum(lake[number] is None for number in caused)
    invented = sum(lake[number] is not None for number in known.keys() - caused.keys())
    return Causes(len(caused), right, len(caused) - right - missed, missed, invented, len(truth) - len(known))
