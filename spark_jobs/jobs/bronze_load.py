"""Bronze rows: checked files into their feeds' tables, records that cannot be read into quarantine."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from spark_jobs.bronze import apart
from spark_jobs.bronze.ledger import Examined
from spark_jobs.bronze.source import HEADER, NAME, BankFiles
from spark_jobs.dates import DateRange
from spark_jobs.history import instant
from spark_jobs.tables import Lake, side_by_side

QUARANTINE = "ops.quarantine"
# What one read holds in memory beside what is being written.
READ_AT_ONCE_BYTES = 32 * 1024**2
_IS_UNREAD = "_parse_status = 'quarantined'"


def load(lake: Lake, files: Sequence[Examined], known: Collection[str] = ()) -> dict[str, int]:
    """Load files, small feeds together. Gives the number of quarantined records by file.

    known  ids of files that the ledger has: what an earlier reading of them kept aside makes way
    """
    lake.spark.dataSource.register(BankFiles)
    lake.ensure_schema("bronze")
    counted: dict[str, int] = {}
    for feeds in _together(files):
        counted |= _load_feeds(lake, feeds, known)
    return counted


def _together(files: Sequence[Examined]) -> Iterator[dict[str, list[Examined]]]:
    """Files by feed, as many feeds at a time as are read at once: each is picked out of what was read, so large ones go alone."""
    by_feed: dict[str, list[Examined]] = {}
    for each in files:
        by_feed.setdefault(each.state.feed_code, []).append(each)
    group: dict[str, list[Examined]] = {}
    size = 0
    for feed, theirs in sorted(by_feed.items()):
        own = _size({feed: theirs})
        if group and size + own > READ_AT_ONCE_BYTES:
            yield group
            group, size = {}, 0
        group[feed] = theirs
        size += own
    if group:
        yield group


def _load_feeds(
    lake: Lake, feeds: Mapping[str, Sequence[Examined]], known: Collection[str]
) -> dict[str, int]:
    """Load feeds that are read together. Small ones are read once for all their tables; a large one goes straight into its table, and is read
    once more where some of its records could not be read.
    """
    again = sorted({e.state.file_id for files in feeds.values() for e in files} & {*known})
    if _size(feeds) > READ_AT_ONCE_BYTES:
        (feed, files), *others = feeds.items()
        assert not others, "large feeds are loaded alone"
        unread = Observation()
        rows = _read(lake, feeds).observe(unread, F.count_if(F.expr(_IS_UNREAD)).alias("records"))
        _publish_feed(lake, rows, feed, files, is_large=True)
        if not unread.get["records"] and not again:
            return {}
        return _keep_aside(lake, _read(lake, feeds).where(_IS_UNREAD).localCheckpoint(), again)
    rows = _read(lake, feeds).localCheckpoint()
    side_by_side(partial(_publish_feed, lake, rows, feed, files) for feed, files in feeds.items())
    return _keep_aside(lake, rows.where(_IS_UNREAD), again)


def _size(feeds: Mapping[str, Sequence[Examined]]) -> int:
    return sum(e.state.file_bytes or 0 for files in feeds.values() for e in files)


def _read(lake: Lake, feeds: Mapping[str, Sequence[Examined]]) -> DataFrame:
    """All records of these files, readable or not."""
    given = [
        {
            "feed": feed, "path": str(e.path),
            "bytes": e.state.file_bytes, "file_id": e.state.file_id, "delivery_id": e.state.delivery_id,
            "business_date": str(e.state.business_date), "arrived_at": e.state.arrived_at.isoformat() if e.state.arrived_at else "",
        }
        for feed, files in feeds.items()
        for e in files
    ]  # fmt: skip
    return (
        lake.spark.read.format(NAME)
        .option("conf_dirs", json.dumps([str(Path(p)) for p in lake.settings.conf_dirs]))
        .option("files", json.dumps(given))
        .load()
        .withColumn("_ingested_at", instant(lake.run.known_at))
    )


def _publish_feed(
    lake: Lake, rows: DataFrame, feed: str, files: Sequence[Examined], *, is_large: bool = False
) -> None:
    mine = rows.where((F.col("_feed") == feed) & ~F.expr(_IS_UNREAD))
    values = [F.col("_values")[at].alias(name) for at, name in enumerate(lake.sources[feed].names())]
    days = [e.state.business_date for e in files]
    ids = [e.state.file_id for e in files]
    place = [c for c in rows.columns if c not in ("_feed", "_values", HEADER)]
    lake.publish(
        f"bronze.{feed}", mine.select(*values, *place), DateRange(min(days), max(days)),
        within=F.col("_file_id").isin(*ids), is_large=is_large,
    )  # fmt: skip


def _keep_aside(lake: Lake, unread: DataFrame, again: Sequence[str]) -> dict[str, int]:
    """Records that could not be read go to quarantine, lines that are no records beside them; how many records of each file.

    again  files that were looked at before: their rows there are replaced
    """
    is_none = F.col("_reason_codes")[0].isin(*apart.REASONS)
    found = unread.groupBy("_file_id").agg(F.count_if(~is_none).alias("records")).collect()
    counted = {row["_file_id"]: row["records"] for row in found}
    kept = unread.select(
            F.substring(F.sha2(F.concat_ws("|", "_file_id", "_line_no"), 256), 1, 26).alias("quarantine_id"),
            F.col("_file_id").alias("file_id"), F.col("_feed").alias("feed_code"), "business_date",
            F.col("_line_no").alias("line_no"), F.col("_byte_offset").alias("byte_offset"), F.col("_byte_len").alias("byte_len"),
            F.col("_record").alias("record"), F.col("_reason_codes").alias("reason_codes"), F.when(is_none, apart.STATE).otherwise("open").alias("state_code"),
            F.col("_ingested_at").alias("known_at"), F.col(HEADER).alias("file_header"), F.lit(None).alias("decision_id"),
    )  # fmt: skip
    if again and lake.exists(QUARANTINE):
        is_again = F.col("file_id").isin(*again)
        lake.publish(QUARANTINE, kept.where(is_again), within=is_again)
        kept = kept.where(~is_again)
    if counted.keys() - {*again} or (counted and not lake.exists(QUARANTINE)):
        lake.publish(QUARANTINE, kept)
    return counted
