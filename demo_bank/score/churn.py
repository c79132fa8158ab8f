"""How well leaving could be foretold at all: the chance that the hidden truth itself gives each customer, as of a day.

The truth at a day knows each person's hazard and whether they have decided to leave, not when they will be gone. Whoever ranks better
than this was lucky or has seen the future.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from demo_bank.behaviour.numbers import LEAVING_DAYS
from demo_bank.hidden import DAYS_OF_HAZARD
from demo_bank.score import scores
from demo_bank.score.hidden import Hidden
from demo_bank.score.lake import Tables
from spark_jobs.models.evaluation import Figure, evaluate


@dataclass(frozen=True)
class Ceiling:
    """AUC of the truth's own chances and of the model, both over the same customers: those who are exactly one person."""

    customers: int
    positives: int
    truth: Figure
    model: Figure


@cache
def chance_decided(since: int, within: int) -> float:
    """Chance to be gone within so many days for somebody who decided `since` days ago (0: today) and is not gone yet."""
    lengths = np.arange(*LEAVING_DAYS)
    open_still = lengths[lengths > since]
    return float((open_still <= since + within).mean()) if len(open_still) else 1.0


@cache
def _ripe(within: int) -> tuple[float, ...]:
    """For each day of the window: the chance that somebody who decides on it is gone before its end."""
    lengths = np.arange(*LEAVING_DAYS)
    return tuple(float((lengths <= within - day).mean()) for day in range(1, within + 1))


def chance_undecided(hazard: float, within: int) -> float:
    """Chance to decide and be gone within so many days at a constant daily hazard."""
    stays = 1.0
    total = 0.0
    for ripe in _ripe(within):
        total += stays * hazard * ripe
        stays *= 1 - hazard
    return total


def chances(
    hazard: Mapping[int, float],
    decided: Mapping[int, date],
    gone: Mapping[int, date],
    as_of: date,
    within: int,
) -> dict[int, float]:
    """Chance of each person to be gone within so many days after the as-of date, from what is true on it.

    hazard  daily hazard of each person in the as-of date's week; decided, gone: dates, of the later ones no notice is taken
    """
    found = {}
    for person, daily in hazard.items():
        went, chose = gone.get(person), decided.get(person)
        if went is not None and went <= as_of:
            found[person] = 1.0
        elif chose is not None and chose <= as_of:
            found[person] = chance_decided((as_of - chose).days, within)
        else:
            found[person] = chance_undecided(daily, within)
    return found


def ceiling(
    truth: Path, lake: Tables, backtest: Path, horizon: int, last_days: int, bootstraps: int, seed: int
) -> Ceiling | None:
    """The newest walk-forward test of a lake beside the truth; None where a side is missing.

    backtest: customers.parquet of the test. Gone by the first of the horizon's last days counts as lost: later, the mean of those
    days is still above the share that the label asks for.
    """
    hidden = Hidden(truth)
    who = scores.identity(hidden, lake)
    persons = hidden.read("truth_person", ("person_no", "hazard", "churn_date"))
    events = hidden.read("truth_event", ("person_no", "kind", "at", "refs"))
    money = hidden.read("truth_balance_daily", ("business_date",))
    if who is None or persons is None or events is None or money is None:
        return None
    first: date = min(money.column("business_date").unique().to_pylist())
    tested = pq.read_table(backtest)
    as_of: date = tested.column("as_of_date")[0].as_py()
    week = (as_of - first).days // DAYS_OF_HAZARD
    rows = persons.to_pylist()
    hazard = {int(r["person_no"]): float(r["hazard"][week]) for r in rows if r["hazard"]}
    gone = {int(r["person_no"]): r["churn_date"] for r in rows if r["churn_date"]}
    decided = {
        int(r["person_no"]): r["at"].date() for r in events.to_pylist() if r["kind"] == "churn_step" and "decides" in r["refs"]
    }  # fmt: skip
    true = chances(hazard, decided, gone, as_of, horizon - last_days + 1)
    by_customer = {customer: true[person] for person, customer in who.customer_of.items() if person in true}
    kept = [r for r in tested.to_pylist() if r["customer_id"] in by_customer]
    labels = np.array([r["label"] for r in kept], np.int64)
    if not 0 < labels.sum() < len(labels):
        return None
    told = np.array([by_customer[r["customer_id"]] for r in kept])
    model = np.array([r["score_ratio"] for r in kept])
    best, reached = (evaluate(labels, each, bootstraps, seed).auc for each in (told, model))
    return Ceiling(len(labels), int(labels.sum()), best, reached)
