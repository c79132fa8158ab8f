"""Silver: conform what all suppliers delivered to the bank's entities, independent tables side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.bronze import ledger
from spark_jobs.dates import DateRange
from spark_jobs.silver import happening
from spark_jobs.silver.conform import BY_MORE_THAN_FILES, FIRST, FROM_CODES, SECOND, Maker, Work
from spark_jobs.silver.feeds import Feeds
from spark_jobs.tables import Lake, side_by_side


def run(lake: Lake, dates: DateRange) -> None:
    """Write every silver table for the range whose files or rules are not those of its newest commit.

    An entity no feed of this bank fills stays an empty table.
    """
    work = Work(lake, _feeds(lake, dates), dates)
    try:
        side_by_side([*(_publisher(work, t, make) for t, make in FIRST.items()), lambda: _transactions(work)])
        side_by_side([_publisher(work, table, make) for table, make in SECOND.items()])
    finally:
        work.feeds.views.drop()


def _feeds(lake: Lake, dates: DateRange) -> Feeds:
    accepted = ledger.accepted_files(lake)
    files: dict[str, list[str]] = defaultdict(list)
    for row in accepted:
        files[row["feed_code"]].append(row["file_id"])
    cache: dict[str, DataFrame] = {}

    def read(feed: str) -> DataFrame:
        if feed not in cache:
            cache[feed] = ledger.accepted(lake, feed, files[feed])
        return cache[feed]

    return Feeds(lake, lake.sources, read, accepted, dates.last)


def _publisher(work: Work, table: str, make: Maker) -> Callable[[], None]:
    def publish() -> None:
        made_of = None
        if table not in (*BY_MORE_THAN_FILES, *FROM_CODES) and work.feeds.is_silent(table):
            work.lake.ensure_table(table)
            if work.lake.version(table) == 0:
                return
        if table not in BY_MORE_THAN_FILES and not work.feeds.is_carried(table):
            made_of = work.feeds.made_of(table)
            if work.lake.is_made_of(table, made_of, work.dates.first):
                return
        work.lake.publish(table, work.feeds.views.settled(make(work)), work.dates, made_of=made_of)

    return publish


def _transactions(work: Work) -> None:
    """Entries; a reversal restates the date of the entry it takes back, so the range may begin earlier than asked."""
    lake, dates = work.lake, work.dates
    back = happening.since(dates.first, happening.REVERSAL_DAYS + happening.REPEAT_DAYS)
    # Looked at three times, and reading what suppliers wrote is what costs.
    entries = happening.keep_entries(work.feeds.rows("transaction", back), dates).localCheckpoint()
    links = happening.link_reversals(entries).localCheckpoint()
    touched = links.where(F.col("reversed_day") >= F.lit(dates.first)).agg(F.min("business_date")).first()
    oldest = touched[0] if touched and touched[0] else dates.first
    wide = DateRange(min(oldest, dates.first), dates.last)
    restated = happening.derive_reversed(entries, links).where(F.col("business_date") >= F.lit(wide.first))
    lake.publish("silver.transaction", work.feeds.views.settled(restated), wide)
