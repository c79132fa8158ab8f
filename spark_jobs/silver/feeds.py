"""All feeds of this bank, by the silver entity they fill: unions of compiled maps, in the entity's columns and types."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs import pipeline
from spark_jobs.columns.names import parsed_name
from spark_jobs.columns.phones import normalised_phone
from spark_jobs.contracts.model import HISTORY_COLUMNS, Write
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.contracts.spark_types import spark_type
from spark_jobs.silver.compile import META, Compiler
from spark_jobs.silver.mapping import INPUTS, EntityMap, read_maps, table_of
from spark_jobs.silver.repeats import Repeats, Told, content_of, follows_from_content, is_repeating
from spark_jobs.silver.transforms import TRANSFORMS
from spark_jobs.silver.views import Views
from spark_jobs.tables import Lake

# Tables of which the rows follow from another entity's files as well: the bank's own divisions place its customers.
_ALSO_OF: Mapping[str, tuple[str, ...]] = {"silver.party_hist": ("silver.region",)}
LOGIC_VERSION = pipeline.job("silver").logic_version
_INPUT_TYPES: Mapping[str, T.DataType] = {
    "is_birth_date_invalid": T.BooleanType(),
    "sequence_ms": T.LongType(),
    "priority_no": T.IntegerType(),
    "receipt_at": T.TimestampType(),
    "birth_month": T.DateType(),
}
_META_TYPES: Mapping[str, T.DataType] = {
    "_day": T.DateType(), "_line": T.LongType(), "_record": T.StringType(), "_order": T.StringType(),
    "_gone": T.BooleanType(), "_until": T.DateType(), "_feed": T.StringType(), "_stub": T.BooleanType(),
    "_valid_from": T.DateType(), "_valid_to": T.DateType(),
    "_origin": T.ArrayType(T.StructType([T.StructField("file_id", T.StringType()), T.StructField("line_no", T.LongType())])),
}  # fmt: skip


@dataclass(frozen=True)
class Feed:
    """A feed of the bank: its contract, its maps, the business dates for which something was accepted, and the files that say something
    (with the name of what stewards decided about their records).

    A file without a record says nothing, but where what is left out is gone.
    """

    source: SourceContract
    maps: tuple[EntityMap, ...]
    delivered: tuple[date, ...]
    telling: tuple[str, ...]

    @property
    def full_days(self) -> tuple[date, ...]:
        """Dates whose delivery was complete: what it leaves out is gone."""
        if self.source.delivery.mode == "full":
            return self.delivered
        return tuple(d for d in self.delivered if d.day in self.source.delivery.full_on)


def _content(file: Row) -> str:
    """Name of what lies in bronze of a file: its bytes, and records that were mended since."""
    return f"{file['file_id']}/{file['replay_hash']}" if file["replay_hash"] else str(file["file_id"])


class Feeds:
    """Reads entities out of bronze, up to the last date of a run."""

    def __init__(
        self,
        lake: Lake,
        sources: Mapping[str, SourceContract],
        read: Callable[[str], DataFrame],
        accepted: Iterable[Row],
        last: date,
    ) -> None:
        """read: bronze rows of a feed; accepted: `ledger.accepted_files`."""
        self.lake, self.read, self.last = lake, read, last
        self.repeats = Repeats(read, last)
        self.phone_region = str(lake.rules("identity")["phone_region"])
        self.views = Views(lake.spark)
        by_feed: dict[str, list[Row]] = {}
        for file in accepted:
            if file["business_date"] <= last:
                by_feed.setdefault(file["feed_code"], []).append(file)
        self.feeds = {
            name: self._feed(source, by_feed.get(name, [])) for name, source in sources.items() if source.maps
        }

    def _feed(self, source: SourceContract, files: Sequence[Row]) -> Feed:
        is_full = source.delivery.mode == "full" or bool(source.delivery.full_on)
        return Feed(
            source,
            tuple(read_maps(source, self.lake.contracts, self.lake.codes, tuple(TRANSFORMS))),
            tuple(sorted({f["business_date"] for f in files})),
            tuple(sorted(_content(f) for f in files if is_full or f["rows_found"] != 0)),
        )

    @property
    def begun(self) -> date:
        """The first business date for which anything was accepted, up to the last date of the run."""
        return min((feed.delivered[0] for feed in self.feeds.values() if feed.delivered), default=self.last)

    def made_of(self, table: str) -> str:
        """Name of everything a table's rows follow from, where they follow from the files of its own feeds (and of a few named
        tables) and the bank's rules alone."""
        tables = (table, *_ALSO_OF.get(table, ()))
        feeds = [f for f in self.feeds.values() if any(m.table in tables for m in f.maps)]
        files = {feed.source.feed: feed.telling for feed in feeds if feed.telling}
        content = json.dumps([self.lake.run.rules_version, LOGIC_VERSION, files], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def is_silent(self, table: str) -> bool:
        """Whether no feed of this table ever delivered anything."""
        return not any(f.delivered for f in self.feeds.values() if any(m.table == table for m in f.maps))

    def is_carried(self, table: str) -> bool:
        """Whether a day without a delivery repeats the one before in a feed of this table."""
        return any(
            f.source.delivery.carry_forward
            for f in self.feeds.values()
            if any(m.table == table for m in f.maps)
        )

    def maps(self, entity: str) -> list[tuple[Feed, EntityMap]]:
        """Maps that fill an entity, by feeds that ever delivered."""
        return [
            (feed, each)
            for feed in self.feeds.values()
            for each in feed.maps
            if each.entity == entity and feed.delivered
        ]

    def rows(self, entity: str, since: date | None = None, told: Told = Told.ALWAYS) -> DataFrame:
        """Rows of all feeds for an entity, up to the last date (and from `since` on), in the entity's columns and inputs.

        told    which of a record's deliveries on end that say the same: histories follow from the first, with all its days; newest
                rows from the last
        Grain: one row per map and delivered source record. Empty where no feed of this bank fills the entity.
        """
        frames = [self.of_map(feed, each, since, told) for feed, each in self.maps(entity)]
        if not frames:
            return self._nothing(entity)
        return self.views.settled(reduce(DataFrame.unionAll, frames))

    def of_map(
        self, feed: Feed, entity_map: EntityMap, since: date | None = None, told: Told = Told.ALWAYS
    ) -> DataFrame:
        """Rows of one map."""
        once = self._told_once(feed) if told is not Told.ALWAYS else []
        if entity_map in once:
            content = content_of(feed.source, once)
            rows = self.repeats.of(feed.source, content, feed.delivered, told)
        else:
            rows = self.read(feed.source.feed).where(F.col("business_date") <= F.lit(self.last))
        if since is not None:
            rows = rows.where(F.col("business_date") >= F.lit(since))
        compiled, given = Compiler(self.lake, feed.source, feed.full_days, self.lake.settings.zone).frame(
            entity_map, rows
        )
        if {"party_key_name", "party_key_phone"} <= given:
            compiled, given = self._with_pseudo_party(entity_map, compiled, given, feed)
        return self._shaped(entity_map.entity, compiled, given)

    def _told_once(self, feed: Feed) -> list[EntityMap]:
        """Maps for which it is enough to look at a record once while it says the same: what they fill has no rows by day."""
        if not is_repeating(feed.source, feed.delivered):
            return []
        by_day = Write.REPLACE_RANGE
        return [
            m for m in feed.maps if self.lake.contracts.table(m.table).write is not by_day and follows_from_content(m)
        ]  # fmt: skip

    def _with_pseudo_party(
        self, entity_map: EntityMap, rows: DataFrame, given: set[str], feed: Feed
    ) -> tuple[DataFrame, set[str]]:
        """A person known by name and phone only becomes a party of that pair; without both there is no party."""
        phone = normalised_phone(F.col("party_key_phone"), self.phone_region)
        name = parsed_name(F.col("party_key_name"))
        keyed = rows.withColumn("_phone", phone).withColumn("_name", name)
        pair = F.concat_ws("|", "_name.folded", F.coalesce("_phone.norm", "_phone.masked"))
        known = F.col("_name.folded").isNotNull() & F.coalesce("_phone.norm", "_phone.masked").isNotNull()
        pseudo = F.when(known, self.lake.token("caller", F.lit(feed.source.source_code), pair))
        made = keyed.withColumn("_pseudo", pseudo)
        own = F.col("party_no_source") if "party_no_source" in given else F.lit(None)
        made = made.withColumn("party_no_source", F.coalesce(own, "_pseudo"))
        given = given | {"party_no_source"}
        has_id = "party_id" in self.lake.contracts.table(entity_map.table).columns
        if has_id and "party_id" not in entity_map.columns:
            source = F.lit(feed.source.source_code)
            made = made.withColumn("party_id", self.lake.token("party", source, F.col("party_no_source")))
            given = given | {"party_id"}
        return made, given

    def columns(self, entity: str) -> dict[str, T.DataType]:
        """Columns of an entity's rows: the contract's, then inputs that are not stored."""
        contract = self.lake.contracts.table(table_of(entity))
        stored = [c for c in contract.columns if c not in HISTORY_COLUMNS and c != "business_date"]
        shaped = {c: spark_type(self.lake.contracts.field(c).type) for c in (*stored, "source_code")}
        for name in (*INPUTS["*"], *INPUTS.get(entity, ())):
            shaped.setdefault(name, _INPUT_TYPES.get(name, T.StringType()))
        return shaped

    def _shaped(self, entity: str, rows: DataFrame, given: set[str]) -> DataFrame:
        cast = [
            (F.col(c).try_cast(kind) if c in given else F.lit(None).cast(kind)).alias(c)
            for c, kind in self.columns(entity).items()
        ]
        return rows.select(*cast, *META)

    def _nothing(self, entity: str) -> DataFrame:
        kinds = {**self.columns(entity), **_META_TYPES}
        schema = T.StructType([T.StructField(name, kind) for name, kind in kinds.items()])
        return self.lake.spark.createDataFrame([], schema)
