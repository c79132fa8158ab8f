"""Rows that the run before left and that still hold, and what an audit finds of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.history import current_belief
from spark_jobs.identity.known import listed
from spark_jobs.identity.prints import row_hashes
from spark_jobs.identity.reach import Recounted, Ruled, numbers_of
from spark_jobs.identity.scope import Scope
from spark_jobs.identity.together import KEYS
from spark_jobs.tables import Lake

# Tables that follow group by group from what is said (together.py), and by which column a group's rows are known.
BY_PARTY = {
    "identity.pair_score": "party_id_a",
    "identity.link_event": "party_id_a",
    "identity.review_item": "get(party_ids, 0)",
    "identity.party_customer": "party_id",
    "identity.record": "party_id",
}
BY_CUSTOMER = ("identity.customer", "identity.customer_event", "identity.golden_hist")
# One that follows number by number.
BY_NUMBER = "identity.identifier"
TABLES = (*BY_PARTY, *BY_CUSTOMER, BY_NUMBER)
_NUMBER = ("id_kind_code", "id_token")


@dataclass(frozen=True)
class Carried:
    """Rows of the run before, but for those that are made anew.

    parties, customers, numbers (of kind and token)  whose rows count no more
    """

    lake: Lake
    parties: Collection[str]
    customers: Collection[str]
    numbers: pa.Table

    @staticmethod
    def of(lake: Lake, new: Scope, counted: Recounted, recounted: pa.Table) -> Carried:
        """new: whose groups are judged; counted: numbers that are counted anew, `recounted` by kind and token as silver has them."""
        numbers = recounted
        if len(counted.vanished):
            stored = lake.read(BY_NUMBER).select(*_NUMBER).toArrow()
            numbers = pa.concat_tables([numbers, numbers_of(counted.vanished, *(stored[c] for c in _NUMBER))])
        return Carried(lake, new.gone_parties, new.gone_customers, numbers)

    def rows(self, table: str, like: DataFrame) -> DataFrame:
        """Rows of a table that still hold, with the columns of `like`."""
        kept = self.lake.read(table)
        kept = current_belief(kept) if "known_to" in kept.columns else kept
        return self.without(table, kept.select(*like.columns))

    def without(self, table: str, rows: DataFrame) -> DataFrame:
        """Rows but for those that are made anew."""
        if table == BY_NUMBER:
            gone = self.lake.spark.createDataFrame(self.numbers, "id_kind_code string, id_token string")
            return rows.join(F.broadcast(gone), list(_NUMBER), "left_anti")
        named = F.expr(BY_PARTY.get(table, "customer_id"))
        ids = self.parties if table in BY_PARTY else self.customers
        return rows.join(listed(self.lake, "_gone", ids), named == F.col("_gone"), "left_anti")

    def audited(self, made: Mapping[str, DataFrame], islands: Mapping[str, str], parties: Collection[str]) -> Iterator[tuple[str, int, int]]:  # fmt: skip
        """Table, rows that would have been carried, and how many of them are not what is judged now, those that are no more or new among them.

        made: of all; islands: every customer id of it → a party of its group; parties: those of groups that are judged
        """
        moved = frozenset(customer for customer, party in islands.items() if party in parties)
        anew = replace(self, customers=frozenset(self.customers) | moved)
        for table, frame in made.items():
            carried, judged = self.rows(table, frame), anew.without(table, frame)
            differing = carried.exceptAll(judged).unionByName(judged.exceptAll(carried))
            yield table, carried.count(), differing.count()


def audited_pairs(before: Ruled, anew: Ruled, judged: int) -> tuple[str, int, int]:
    """Of pairs by rules: how many were carried, and how many are not what judging all gives; judged: pairs that were not carried."""
    one, other = (row_hashes(ruled.held, KEYS[0]) for ruled in (before, anew))
    return "identity.evidence", before.held.num_rows - judged, len(np.setxor1d(one, other))
