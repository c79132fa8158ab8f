"""Enter what data stewards decided into `ops.steward_decision`, and who is to be erased into `ops.erasure_tombstone`: once, for good,
whatever becomes of their files.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from spark_jobs.bronze import decisions, steward_log
from spark_jobs.bronze.steward_log import IN_FORCE, PERSONS, REPLACED, Decision
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.errors import DeliveryError
from spark_jobs.tables import Lake

TABLE = "ops.steward_decision"
TOMBSTONE = "ops.erasure_tombstone"
# Written by `oxpecker erase`, which needs no engine and so cannot make a table that the catalog knows.
PURGES = ("ops.erasure_key", "ops.erasure_tie", "ops.erasure_certificate")
# What a source sends of the person again changes nothing.
POLICY = "suppress"


def run(lake: Lake, dates: DateRange) -> None:
    """Append the decisions that the ledger does not have. A decision entered before must not come again with other content."""
    found = decisions.read(lake.settings.steward_decisions, lake.settings.zone, lake.run.known_at)
    at_desk = [d for d in steward_log.read(lake.settings.steward_log) if d.state in (IN_FORCE, REPLACED)]
    if not found and not at_desk:
        lake.ensure_table(TABLE)
        lake.ensure_table(TOMBSTONE)
        return
    entered = {row["decision_id"]: row for row in lake.read(TABLE).collect()}
    rows = {}
    told = [(d.decision_id, _row(lake, d)) for d in found]
    told += [(row[0], row) for d in at_desk for row in rows_of_desk(d, lake.settings.zone)]
    for decision_id, row in told:
        known = entered.get(decision_id)
        if decision_id in rows or (known is not None and tuple(known)[: len(row)] != row):
            raise DeliveryError(
                f"decision `{decision_id}` in {lake.settings.steward_decisions.name} was entered before with other content; "
                "give the new one an id of its own, and take the old one back if it was wrong"
            )
        if known is None:
            rows[decision_id] = row
    lake.publish(TABLE, lake.spark.createDataFrame(list(rows.values()), schema_of(lake.contracts, TABLE)))
    asked = _tombstones(lake, found)
    lake.publish(TOMBSTONE, lake.spark.createDataFrame(asked, schema_of(lake.contracts, TOMBSTONE)))
    if asked:
        for ledger in PURGES:
            lake.ensure_table(ledger)


def _tombstones(lake: Lake, found: Sequence[decisions.Delivered]) -> list[tuple[object, ...]]:
    """One a party; of two requests the earlier counts. No take_back lifts it: what was erased is gone."""
    stones: dict[tuple[str, str], datetime] = {}
    for each in sorted(found, key=lambda d: (d.decided_at, d.decision_id)):
        if each.code == decisions.ERASE and not each.refused:
            for source, number in each.records:
                stones.setdefault((source, lake.tokens.value("party", source, number)), each.decided_at)
    return [(source, token, at, POLICY) for (source, token), at in sorted(stones.items())]


def _row(lake: Lake, each: decisions.Delivered) -> tuple[object, ...]:
    """Persons are named by party, so that no supplier's number lies in the ledger."""
    parties = sorted(lake.tokens.value("party", source, number) for source, number in each.records)
    return (
        each.decision_id, each.subject_kind, None if parties else each.subject, parties, each.code, each.first_staff,
        each.second_staff, each.reason, each.decided_at, each.day, "refused" if each.refused else "accepted", each.refused,
    )  # fmt: skip


def rows_of_desk(each: Decision, zone: str) -> list[tuple[Any, ...]]:
    """ops.steward_decision of a decision of the desk, which was in force when it was entered.

    One about a record, file or feed is one row without parties. One about persons is a row for each of its words, numbered where there are
    several, and counts from the day it names; without one, as the others, from the local day on which it came in force.
    """
    day = each.at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
    told = (each.first, each.second, each.reason, each.at)
    if each.kind != PERSONS:
        return [(each.decision_id, each.kind, each.subject, [], each.code, *told, day, "accepted", None)]
    rows = []
    for n, word in enumerate(each.words, 1):
        name = each.decision_id if len(each.words) == 1 else f"{each.decision_id}.{n}"
        kind = "decision" if word.undoes else "review_item"
        rows.append(
            (
                name,
                kind,
                word.undoes,
                sorted(word.parties),
                word.code,
                *told,
                each.first_date or day,
                "accepted",
                None,
            )
        )
    return rows
