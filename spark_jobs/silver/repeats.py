"""A full delivery repeats most of what the one before it said. Silver looks at what a record says once for as long as it stays so.

A bank that sends all its accounts each day sends each of them some three hundred times a year; dates, certificates and tokens are
worked out for a version of a record, not for each day on which it was told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from threading import Lock

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.contracts.sources import SourceContract
from spark_jobs.silver.mapping import EntityMap, Expression

# Bronze rows that stand for several days: the last of them, and the record's place in that day's file.
LAST_DAY, LAST_LINE_NO = "_last_day", "_last_line_no"
_STARTS, _ENDS = "_starts", "_ends"
_PLACE = ("business_date", "_line_no", "_file_id")
# What looks at the day or the place of a record, not at what it says.
_OF_A_DAY = ("business_date", "row_key")


class Told(Enum):
    """Which of the deliveries that say the same of a record, one after the other, are looked at."""

    ALWAYS = "each"
    FIRST = "the first, for all its days"
    LAST = "the last"


def mark_repeats(
    rows: DataFrame, key: Sequence[str], content: Sequence[str], delivered: Sequence[date]
) -> DataFrame:
    """Bronze rows of full deliveries where a record begins or ceases to say the same; those between are left out.

    key, content  fields that name a record, and those that are looked at
    delivered     business dates of the deliveries, sorted: a record that one of them leaves out begins anew
    Columns: key, content, date, line and file; `_starts`, `_ends`; of rows that start, how long the record goes on like that:
    `_last_day` and `_last_line_no`. A record that comes several times in one delivery begins and ends there, whatever it says.
    """
    record = [F.coalesce(F.trim(F.col(name).cast("string")), F.lit("")) for name in key]
    in_order = Window.partitionBy(*record).orderBy("business_date", "_line_no")
    said, day = F.struct(*[F.col(name) for name in content]), F.col("business_date")
    is_twin = F.coalesce(F.lag(day).over(in_order) == day, F.lit(False)) | F.coalesce(
        F.lead(day).over(in_order) == day, F.lit(False)
    )
    number = F.array_position(F.array(*[F.lit(each) for each in delivered]), day)
    numbered = rows.select(*dict.fromkeys((*key, *content, *_PLACE))).withColumns(
        {"_no": number, "_is_single": ~is_twin}
    )
    goes_on = (
        F.col("_is_single")
        & F.lag("_is_single").over(in_order)
        & (F.lag("_no").over(in_order) == F.col("_no") - 1)
        & F.lag(said).over(in_order).eqNullSafe(said)
    )
    marked = numbered.withColumn(_STARTS, ~F.coalesce(goes_on, F.lit(False)))
    edges = marked.withColumn(_ENDS, F.coalesce(F.lead(_STARTS).over(in_order), F.lit(True))).where(
        F.col(_STARTS) | F.col(_ENDS)
    )

    def at_the_end(column: str) -> Column:
        return F.when(F.col(_ENDS), F.col(column)).otherwise(F.lead(column).over(in_order))

    return edges.withColumns(
        {LAST_DAY: at_the_end("business_date"), LAST_LINE_NO: at_the_end("_line_no")}
    ).drop("_no", "_is_single")


def told_once(marked: DataFrame, told: Told) -> DataFrame:
    """Of `mark_repeats`: one row for each time that a record went on saying the same, by its first day with all its days, or by its last."""
    if told is Told.FIRST:
        return marked.where(_STARTS).drop(_STARTS, _ENDS)
    return marked.where(_ENDS).drop(_STARTS, _ENDS, LAST_DAY, LAST_LINE_NO)


def is_repeating(source: SourceContract, delivered: Sequence[date]) -> bool:
    """Whether deliveries of this feed say again what those before them said."""
    return source.delivery.mode == "full" and bool(source.key) and len(delivered) > 1


def follows_from_content(entity_map: EntityMap) -> bool:
    """Whether rows of this map say the same wherever the record does: nothing in it looks at the day or the place."""
    return not any(each.operator in _OF_A_DAY for each in _expressions(_asked(entity_map)))


def content_of(source: SourceContract, maps: Iterable[EntityMap]) -> list[str]:
    """Fields that these maps look at, sorted."""
    found = {*source.key, *source.keep}
    for each in maps:
        found |= {
            *each.where,
            *each.delete_when,
            *each.order_by,
            *(each.rows.of.values() if each.rows else ()),
        }
        found |= {e.argument for e in _expressions(_asked(each)) if e.operator == "field"}
    return sorted(found & {*source.names()})


def _asked(entity_map: EntityMap) -> list[object]:
    return [*entity_map.columns.values(), entity_map.valid_from, entity_map.valid_to]


def _expressions(part: object) -> Iterator[Expression]:
    """All expressions inside of something."""
    if isinstance(part, Expression):
        yield part
        part = part.argument
    inside = part.values() if isinstance(part, Mapping) else part if isinstance(part, tuple | list) else ()
    for each in inside:
        yield from _expressions(each)


@dataclass
class Repeats:
    """Makes `mark_repeats` of a feed once for all tables that ask, in whatever thread. read: bronze rows of a feed."""

    read: Callable[[str], DataFrame]
    last: date
    _made: dict[str, DataFrame] = field(default_factory=dict)
    _locks: dict[str, Lock] = field(default_factory=dict)

    def of(
        self, source: SourceContract, content: Sequence[str], delivered: Sequence[date], told: Told
    ) -> DataFrame:
        """Bronze rows of a feed up to the last date, told once, with the fields of `content`, which is the same for all who ask."""
        with self._locks.setdefault(source.feed, Lock()):
            if source.feed not in self._made:
                rows = self.read(source.feed).where(F.col("business_date") <= F.lit(self.last))
                marked = mark_repeats(rows, source.key, content, delivered)
                self._made[source.feed] = marked.localCheckpoint()
        return told_once(self._made[source.feed], told)
