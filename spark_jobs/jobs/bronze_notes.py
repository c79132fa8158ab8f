"""What bronze notes beside the rows: checks of files, changes of their columns, files that nobody asked for."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import date

from pyspark.sql import functions as F

from spark_jobs.bronze import cases, drifting, ledger
from spark_jobs.bronze.controls import Check
from spark_jobs.bronze.discovery import Unasked, unasked
from spark_jobs.bronze.ledger import Examined, FileState
from spark_jobs.bronze.steward_policy import Policy
from spark_jobs.bronze.waiting import source_systems
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.tables import Lake

CHECKS = "ops.control_check"
CHANGES = "ops.schema_change"
log = logging.getLogger(__name__)
# So many feeds are told one by one.
_MOST_LINES = 6


def enter_unasked(lake: Lake, inside: Sequence[Unasked], systems: Sequence[str] | None) -> None:
    """List files that no contract asks for, in the log and in the ledger; `inside`: those found in packages just now.

    Whole packages and loose files belong to no system: where systems are worked on side by side, the first one looks at them.
    """
    for_all = systems is None or source_systems(lake.settings)[0] in systems
    outside = unasked(lake.settings, lake.run.known_at, lake.sources) if for_all else []
    known = ledger.known_unasked(lake) if inside or outside else set()
    fresh = [u for u in (*outside, *inside) if ledger.unasked_id(u) not in known]
    for each in fresh:
        name = "/".join(filter(None, (each.package_name, each.file_name)))
        log.warning("no contract asks for %s (%s); see %s", name, each.reason_code, ledger.UNASKED)
    ledger.enter_unasked(lake, fresh)


def enter_checks(
    lake: Lake,
    files: Sequence[Examined],
    known: Collection[str],
    settled: Mapping[str, FileState],
    policy: Policy,
) -> None:
    """What the files were checked for. known: ids of files that were looked at before; their checks are replaced."""
    rows = [
        (e.state.file_id, e.state.feed_code, e.state.business_date, c.code, c.expected, c.actual, _verdict(c, settled[e.state.file_id], policy))
        for e in files
        for c in e.checks
    ]  # fmt: skip
    again = sorted({e.state.file_id for e in files if e.state.file_id in known})
    if again:
        mine = [row for row in rows if row[0] in again]
        lake.publish(
            CHECKS, lake.spark.createDataFrame(mine, schema_of(lake.contracts, CHECKS)), within=F.col("file_id").isin(*again)
        )  # fmt: skip
    first = [row for row in rows if row[0] not in again]
    if first:
        lake.publish(CHECKS, lake.spark.createDataFrame(first, schema_of(lake.contracts, CHECKS)))


def _verdict(check: Check, state: FileState, policy: Policy) -> str:
    if check.passed:
        return "pass"
    if check.code == cases.CODE:
        return "warn"
    is_judgement = check.code.removeprefix("columns:") in (*policy.releasable, *policy.excepted)
    return "waived" if state.decision_id and state.state_code != "rejected" and is_judgement else "fail"


def tell_cut_otherwise(files: Iterable[FileState]) -> None:
    """Say in the log of which dates files were loaded when their contracts cut records in another way."""
    days: dict[str, list[date]] = {}
    for state in files:
        days.setdefault(state.feed_code, []).append(state.business_date)
    # Where all are read otherwise, as after a change of the product, a line each would hide what else is said.
    told = (
        days
        if len(days) <= _MOST_LINES
        else {f"{len(days)} feeds": [d for each in days.values() for d in each]}
    )
    for feed, found in sorted(told.items()):
        log.warning(
            "%s: %s files from %s to %s were loaded before %s changed, and stay so until these dates are run again "
            "(oxpecker backfill --from %s --to %s)",
            feed, len(found), min(found), max(found), "its contract was" if feed in days else "their contracts were",
            min(found), max(found),
        )  # fmt: skip


def enter_changes(lake: Lake, found: Sequence[drifting.SchemaChange]) -> None:
    """What differs in the columns of files, with all that it would touch."""
    if found:
        # Spark takes lists for arrays, and no tuples.
        rows = [
            (*(list(v) if isinstance(v, tuple) else v for v in astuple(change)), lake.run.known_at)
            for change in found
        ]
        lake.publish(CHANGES, lake.spark.createDataFrame(rows, schema_of(lake.contracts, CHANGES)))
