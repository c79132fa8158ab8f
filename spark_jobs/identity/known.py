"""What the sources and the stewards say up to a day, as the identity job takes it: current beliefs of silver, decisions, erasures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief
from spark_jobs.identity import features
from spark_jobs.identity import words as stewards
from spark_jobs.identity.deciding import Purged
from spark_jobs.identity.outcome import Pair
from spark_jobs.identity.prints import CONTACTS, NUMBERS, PARTIES, Silver
from spark_jobs.identity.words import Decision
from spark_jobs.tables import Lake

# Rows of so many parties are handed to the server from here; those of more it reads itself.
_HANDED_OVER = 50_000
_SEEN = "party_id string, source_code string, first_seen_date date, is_identifiable boolean"


@dataclass(frozen=True)
class Features:
    """What some parties, or all, are compared by. parties, numbers, contacts: their rows; the others as features.py makes them."""

    parties: DataFrame
    numbers: DataFrame
    contacts: DataFrame
    ids: DataFrame
    phones: DataFrame
    traits: DataFrame


@dataclass(frozen=True)
class Known:
    """What is known.

    silver   what persons are compared by, in memory; parties, numbers, contacts: the same as frames, with the columns of prints.py
    asked    parties to be erased → since when; purged: who was
    """

    lake: Lake
    rules: Mapping[str, Any]
    silver: Silver
    parties: DataFrame
    numbers: DataFrame
    contacts: DataFrame
    relations: DataFrame
    decisions: list[Decision]
    asked: dict[str, date]
    purged: Purged

    @property
    def seen(self) -> pa.Table:
        """Natural persons (`Silver.seen`)."""
        return self.silver.seen

    def features(self, parties: Collection[str] | None = None) -> Features:
        """What these parties are compared by; None: all. Each follows from its own rows."""
        people, numbers, called = self._rows(parties)
        ids = features.own_ids(numbers, self.rules["strong_id_kinds"]).localCheckpoint()
        placeholders = [date.fromisoformat(str(day)) for day in self.rules["placeholder_birth_dates"]]
        born = features.births(people, ids, placeholders)
        seen = self.silver.seen
        if parties is not None:
            seen = seen.filter(pc.is_in(seen["party_id"], value_set=pa.array(sorted(parties), pa.string())))
        persons = self.lake.spark.createDataFrame(seen, _SEEN)
        traits = features.traits(persons, features.names(people), born, ids).localCheckpoint()
        return Features(people, numbers, called, ids, features.phones(called).localCheckpoint(), traits)

    def _rows(self, parties: Collection[str] | None) -> Sequence[DataFrame]:
        """Parties, numbers and contacts of these, or of all."""
        frames = (self.parties, self.numbers, self.contacts)
        if parties is None:
            return frames
        if len(parties) <= _HANDED_OVER:
            rows = self.silver.rows_of(parties)
            # Kept by the server: a plan has the rows of a frame that is handed over once for each time that it is named.
            return [
                self.lake.spark.createDataFrame(told, like.schema).localCheckpoint()
                for told, like in zip(rows, frames, strict=True)
            ]
        some = listed(self.lake, "_party", parties)
        return [frame.join(some, F.col("party_id") == F.col("_party"), "left_semi") for frame in frames]


def listed(lake: Lake, name: str, ids: Iterable[str]) -> DataFrame:
    """Ids as a frame of the one column `name`, in their order."""
    found = pa.table({name: pa.array(sorted(ids), pa.string())})
    return F.broadcast(lake.spark.createDataFrame(found, f"{name} string"))


def known(lake: Lake, dates: DateRange, rules: Mapping[str, Any]) -> Known:
    """What is known up to the last date."""
    begun = F.col("valid_from") <= F.lit(dates.last)
    parties, numbers, contacts, relations = (
        current_belief(lake.read(f"silver.{table}")).where(begun)
        for table in ("party_hist", "party_identifier", "party_contact", "party_relation")
    )
    frames = parties.select(*PARTIES), numbers.select(*NUMBERS), contacts.select(*CONTACTS)
    told = [frame.toArrow() for frame in frames]
    silver = Silver(told[0], told[1], told[2], rules)
    return Known(
        lake, rules, silver, *frames, relations, _decisions(lake, dates), _asked(lake, dates), _purged(lake, dates)
    )  # fmt: skip


def _asked(lake: Lake, dates: DateRange) -> dict[str, date]:
    """Parties to be erased up to the last date → the local day of the request."""
    local = F.to_date(F.from_utc_timestamp("erased_at", lake.settings.zone))
    rows = lake.read("ops.erasure_tombstone").select("party_no_token", local.alias("day"))
    return {r["party_no_token"]: r["day"] for r in rows.where(F.col("day") <= F.lit(dates.last)).collect()}


def _purged(lake: Lake, dates: DateRange) -> Purged:
    """Remembered by token up to the last date, because what they were compared by is gone; a bank that never purged remembers nobody."""
    if not lake.exists("ops.erasure_key"):
        return Purged({}, [])
    begun = F.col("first_seen_date") <= F.lit(dates.last)
    keys = lake.read("ops.erasure_key").where(begun & (F.col("erasure_key_kind_code") == "party")).collect()
    parties = {r["erasure_key"]: (r["source_code"], r["first_seen_date"]) for r in keys}
    ties = [
        Pair(
            r["party_id_a"], r["party_id_b"], r["link_reason_code"], r["effective_from"], r["tie_until_date"], False, False,
            parties.get(r["party_id_a"], ("",))[0], parties.get(r["party_id_b"], ("",))[0], r["evidence_text"],
        ) for r in lake.read("ops.erasure_tie").where(F.col("effective_from") <= F.lit(dates.last)).collect()
    ] if parties else []  # fmt: skip
    return Purged(parties, ties)


def _decisions(lake: Lake, dates: DateRange) -> list[Decision]:
    """Accepted decisions about persons up to the last date."""
    rows = lake.read("ops.steward_decision").where(
        (F.col("decision_state_code") == "accepted")
        & F.col("steward_decision_code").isin(*stewards.CODES)
        & (F.col("decided_on_date") <= F.lit(dates.last))
    )
    return [
        Decision(r["decision_id"], r["steward_decision_code"], tuple(r["party_ids"] or ()), r["decision_subject"], r["decided_on_date"],
                 r["decided_at"]) for r in rows.collect()
    ]  # fmt: skip
