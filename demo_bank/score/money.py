"""AUM to the cent: what the lake says of each customer against what the person truly owns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class DayError:
    """One business date. Errors are absolute, in cents.

    compared        persons who are exactly one customer
    not_comparable  persons with a balance who are not exactly one customer, or who asked to be erased
    """

    day: date
    compared: int
    exact: int
    not_comparable: int
    largest: int
    total: int


def compare(
    truth: Mapping[date, Mapping[int, int]],
    lake: Mapping[date, Mapping[str, int]],
    customer_of: Mapping[int, str],
) -> list[DayError]:
    """Error per date that both sides have, oldest first.

    truth        cents by date and person
    lake         cents by date and customer; a customer without a row owns nothing
    customer_of  the one customer of each person who is exactly one
    """
    found = []
    for day in sorted(truth.keys() & lake.keys()):
        owned, said = truth[day], lake[day]
        errors = [
            abs(said.get(customer_of[person], 0) - cents)
            for person, cents in owned.items()
            if person in customer_of
        ]
        right = sum(error == 0 for error in errors)
        found.append(
            DayError(day, len(errors), right, len(owned) - len(errors), max(errors, default=0), sum(errors))
        )
    return found
