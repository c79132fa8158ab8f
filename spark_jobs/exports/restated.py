"""What a release changes in dates that readers have seen already: a log of restatements, written before the release is shown.

Compared are published tables that have the date in their key, and only where the run rewrote a date that was published: all tables in one
statement, of these dates alone. Tables that show the present (`dim_customer`) or whose rows live on (complaints, contacts) change by nature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.clock import cut_off
from spark_jobs.contracts.spark_types import schema_of
from spark_jobs.dates import DateRange
from spark_jobs.exports.release import PublishedTable, Release
from spark_jobs.history import instant
from spark_jobs.metrics.restatement import causes
from spark_jobs.tables import Lake

TABLE = "ops.restatement"
DECISIONS = "ops.steward_decision"
# The date for which a row stands, in the order in which a key is asked for it.
DATED = ("business_date", "as_of_date", "month_date")
# What a customer is worth, where the table says it.
AUM = ("aum_cny", "aum_end_cny")
FIRST_TABLE = "profile.customer_daily"
COUNTS = ("rows_added_cnt", "rows_removed_cnt", "rows_changed_cnt", "customers_touched_cnt")


def summarise_differences(
    before: DataFrame, after: DataFrame, key: Sequence[str], dated: str, aum: str | None = None
) -> DataFrame:
    """What differs between two versions of a table, by date. Columns of both are compared, but for those that begin with `_`.

    Grain in:  one row per key, which holds the column `dated`.
    Grain out: one row per business_date on which any row differs: `COUNTS`, and aum_change_cny (of `aum`, a missing row counts 0; null
               without `aum`). customers_touched_cnt is null where the table has no customer_id.
    """
    compared = [c for c in before.columns if c in after.columns and c not in key and not c.startswith("_")]
    was = before.select(*key, F.struct(F.lit(1).alias("_one"), *compared).alias("_was"))
    now = after.select(*key, F.struct(F.lit(1).alias("_one"), *compared).alias("_now"))
    is_new, is_gone = F.col("_was").isNull(), F.col("_now").isNull()
    differs = was.join(now, list(key), "full").where(~F.col("_was").eqNullSafe(F.col("_now")))

    def worth(row: str) -> Column:
        return F.coalesce(F.col(f"{row}.{aum}"), F.lit(0))

    has_customer = "customer_id" in (*key, *compared)
    customer = F.col("customer_id") if "customer_id" in key else F.coalesce(F.col("_now.customer_id"), F.col("_was.customer_id")) if has_customer else None  # fmt: skip
    change = F.sum(worth("_now") - worth("_was")) if aum in compared else F.lit(None)
    return differs.groupBy(F.col(dated).alias("business_date")).agg(
        F.count_if(is_new).alias("rows_added_cnt"),
        F.count_if(is_gone).alias("rows_removed_cnt"),
        F.count_if(~is_new & ~is_gone).alias("rows_changed_cnt"),
        (F.lit(None).cast("bigint") if customer is None else F.countDistinct(customer)).alias("customers_touched_cnt"),
        change.cast("decimal(18,2)").alias("aum_change_cny"),
    )  # fmt: skip


def note(
    lake: Lake, dates: DateRange, shown: Release, release_id: str, pinned: Mapping[str, PublishedTable]
) -> None:
    """Enter what the release that is about to be shown changes in dates that `shown` has shown.

    dates  those that the run has rewritten. Writes nothing, and asks nothing, where they are all new.
    """
    rewritten = _published_before(lake, dates, shown)
    if rewritten is None:
        return
    found = list(_differences(lake, rewritten, shown, pinned))
    if not found:
        return
    changes = reduce(DataFrame.unionByName, found).collect()
    if not changes:
        return
    since = cut_off(lake.settings, date.fromisoformat(shown.business_date))
    came, decided = causes(lake, since), _decided(lake, since)
    rows = []
    for change in sorted(changes, key=lambda c: (c["table_name"], c["business_date"])):
        day = change["business_date"]
        end = _last_day(day) if change["is_month"] else day
        why = sorted({delivery for of_day, delivery in came if of_day <= str(end)})
        rows.append((
            release_id, change["table_name"], day, lake.run.run_id, *(change[c] for c in COUNTS), change["aum_change_cny"],
            "delivery" if why else "decision" if decided else "rules", why, decided, lake.run.known_at,
        ))  # fmt: skip
    lake.publish(TABLE, lake.spark.createDataFrame(rows, schema_of(lake.contracts, TABLE)))


def _published_before(lake: Lake, dates: DateRange, shown: Release) -> DateRange | None:
    """Of these dates, those that readers have seen; dates before the first that was ever written are new to them."""
    seen = shown.tables.get(FIRST_TABLE)
    oldest = lake.touched_since(FIRST_TABLE, -1, seen.version) if seen else None
    first, last = max(filter(None, (dates.first, oldest))), date.fromisoformat(shown.business_date)
    return DateRange(first, min(last, dates.last)) if first <= last else None


def _differences(
    lake: Lake, dates: DateRange, shown: Release, pinned: Mapping[str, PublishedTable]
) -> Iterator[DataFrame]:
    for name, table in sorted(pinned.items()):
        old, contract = shown.tables.get(name), lake.contracts.table(name)
        dated = next((c for c in DATED if c in contract.key), None)
        # A table that was dropped and made anew begins to count again: what it was cannot be read any more.
        if dated is None or old is None or old.version >= table.version:
            continue
        inside = _inside(dated, dates)
        stored = table.physical.removeprefix(lake.settings.prefix)
        before, after = (lake.at_version(stored, each.version).where(inside) for each in (old, table))
        aum = next((c for c in AUM if c in contract.columns), None)
        yield summarise_differences(before, after, contract.key, dated, aum).withColumns(
            {"table_name": F.lit(name), "is_month": F.lit(dated == "month_date")}
        )


def _inside(dated: str, dates: DateRange) -> Column:
    """Rows that stand for one of these dates; of months, those that were over: a running one changes every day."""
    if dated != "month_date":
        return F.col(dated).between(F.lit(dates.first), F.lit(dates.last))
    running = (dates.last + timedelta(days=1)).replace(day=1)
    return (F.col(dated) >= F.lit(dates.first.replace(day=1))) & (F.col(dated) < F.lit(running))


def _last_day(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _decided(lake: Lake, since: datetime) -> list[str]:
    """Decisions in force that stewards made after what readers see was closed, sorted."""
    made = lake.read(DECISIONS).where(
        (F.col("decision_state_code") == "accepted")
        & (F.col("decided_at") > instant(since))
        & (F.col("decided_at") <= instant(lake.run.known_at))
    )
    return sorted(row["decision_id"] for row in made.select("decision_id").collect())
