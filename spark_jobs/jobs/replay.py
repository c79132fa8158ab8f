"""Apply what stewards decided about records in quarantine: repaired and accepted ones land in bronze, in the business date they belong to."""

from __future__ import annotations

import logging
import operator
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial, reduce
from typing import Any

from pyspark.sql import Column, Row
from pyspark.sql import functions as F

from spark_jobs.bronze import rulings
from spark_jobs.bronze.ledger import FileState
from spark_jobs.bronze.rulings import Outcome, RecordRulings
from spark_jobs.bronze.source import row_hash
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.privacy.seal import Seal
from spark_jobs.privacy.tokens import key_file
from spark_jobs.tables import Lake

QUARANTINE = "ops.quarantine"
log = logging.getLogger(__name__)


def run(
    lake: Lake,
    decided: RecordRulings,
    files: Mapping[str, FileState],
    sources: Mapping[str, SourceContract],
    loaded: Collection[str] = (),
) -> dict[str, str]:
    """The replay hash of every file of these feeds of which some record is decided; what is applied already is not written again.

    files   the ledger by file id
    loaded  ids of files that were loaded just now: what had been mended in them before (by a run that was killed) made way
    """
    if not decided or not lake.exists(QUARANTINE):
        return {}
    rows = [
        row for row in _concerned(lake, decided) if row["feed_code"] in sources and row["file_id"] in files
    ]
    seal = Seal(key_file(lake.settings, "lake"))
    changed: dict[str, list[tuple[Row, Outcome]]] = defaultdict(list)
    held: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    unmet: Counter[tuple[str, str]] = Counter()
    for row in rows:
        feed = row["feed_code"]
        ruling = decided.about(
            row["quarantine_id"], feed, partial(_token, lake, row), row["business_date"], row["reason_codes"]
        )
        made = Outcome(row["quarantine_id"], row["state_code"], row["decision_id"])
        is_new = ruling is not None and ruling.decision.decision_id != row["decision_id"]
        if ruling is not None and (is_new or row["file_id"] in loaded):
            made = rulings.apply(row.asDict(), ruling, sources[feed], seal)
            if made.state == "open" and ruling.rules:
                unmet[ruling.decision.decision_id, " ".join(made.why)] += 1
            elif made.state == "open":
                log.warning(
                    "decision %s leaves line %s of file %s in quarantine: %s",
                    ruling.decision.decision_id, row["line_no"], row["file_id"], " ".join(made.why),
                )  # fmt: skip
            if made.state != "open" or row["state_code"] != "open":
                changed[feed].append((row, made))
        if made.decision_id is not None:
            held[row["file_id"]].append((made.quarantine_id, made.decision_id, made.state))
    for (decision_id, why), count in sorted(unmet.items()):
        log.warning("exception %s leaves %s records in quarantine: %s", decision_id, count, why)
    for feed, pairs in sorted(changed.items()):
        _land(lake, sources[feed], pairs, files)
    _enter(lake, [pair for pairs in changed.values() for pair in pairs])
    return {file_id: rulings.replay_hash(outcomes) for file_id, outcomes in held.items()}


def _concerned(lake: Lake, decided: RecordRulings) -> Sequence[Row]:
    """Rows that some decision names, was applied to, or may know again by their bytes."""
    at = F.col("quarantine_id").isin(*decided.by_id) | F.col("decision_id").isin(*decided.decision_ids)
    if decided.feeds:
        at = at | ((F.col("state_code") == "open") & F.col("feed_code").isin(*decided.feeds))
    for each in decided.exceptions:
        at = at | (
            (F.col("state_code") == "open") & (F.col("feed_code") == each.subject)
            & F.col("business_date").between(F.lit(each.first_date), F.lit(each.last_date)) & F.array_contains("reason_codes", each.check)
        )  # fmt: skip
    found = lake.read(QUARANTINE).where(at).collect()
    return sorted(found, key=lambda row: (row["feed_code"], row["file_id"], row["line_no"]))


def _token(lake: Lake, row: Row) -> str:
    return lake.tokens.value("record", row["feed_code"], bytes(row["record"]).hex())


def _land(
    lake: Lake, source: SourceContract, pairs: Sequence[tuple[Row, Outcome]], files: Mapping[str, FileState]
) -> None:
    """Put the mended records in bronze in place of what an earlier decision put there."""
    landing = [(row, made) for row, made in pairs if made.record is not None]
    if not landing and all(row["state_code"] == "open" for row, _ in pairs):
        return
    schema = schema_of(lake.contracts, source.table)
    frame = lake.spark.createDataFrame(
        [tuple(_bronze_row(lake, source, row, made, files).get(name) for name in schema.names) for row, made in landing], schema
    )  # fmt: skip
    days = [row["business_date"] for row, _ in pairs]
    lake.publish(
        source.table, frame, DateRange(min(days), max(days)), within=_places([row for row, _ in pairs])
    )


def _places(rows: Sequence[Row]) -> Column:
    """The bronze rows of these records. Delta replaces by plain comparisons only."""
    lines: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        lines[row["file_id"]].append(row["line_no"])
    return reduce(
        operator.or_,
        [
            (F.col("_file_id") == file) & F.col("_line_no").isin(*numbers)
            for file, numbers in sorted(lines.items())
        ],
    )


def _bronze_row(
    lake: Lake, source: SourceContract, row: Row, made: Outcome, files: Mapping[str, FileState]
) -> dict[str, Any]:
    record, file = made.record, files[row["file_id"]]
    assert record is not None and record.values is not None
    place = {
        "business_date": row["business_date"], "_delivery_id": file.delivery_id, "_file_id": file.file_id, "_line_no": row["line_no"],
        "_byte_offset": row["byte_offset"], "_byte_len": row["byte_len"], "_record": bytearray(record.raw), "_parse_status": "repaired",
        "_reason_codes": record.reasons, "_row_hash": row_hash(record.raw),
        "_arrived_at": file.arrived_at, "_ingested_at": lake.run.known_at, "_run_id": lake.run.run_id,
        "_rescued": record.rescued or None,
    }  # fmt: skip
    return {**dict(zip(source.names(), record.values, strict=True)), **place}


def _enter(lake: Lake, pairs: Sequence[tuple[Row, Outcome]]) -> None:
    """The rows of the quarantine say what became of them, and by which decision."""
    if not pairs:
        return
    schema = schema_of(lake.contracts, QUARANTINE)
    rows = [
        tuple(
            (row.asDict() | {"state_code": made.state, "decision_id": made.decision_id})[name]
            for name in schema.names
        )
        for row, made in pairs
    ]
    ids = [made.quarantine_id for _, made in pairs]
    lake.publish(
        QUARANTINE, lake.spark.createDataFrame(rows, schema), within=F.col("quarantine_id").isin(*ids)
    )
