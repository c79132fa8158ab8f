"""Identity: evidence, closure under the guards, stable ids, golden record. The whole timeline follows from silver."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import OPEN_DATE, current_belief
from spark_jobs.identity import evidence
from spark_jobs.identity.fold import Edge, Timeline, fold
from spark_jobs.identity.golden import assemble_golden
from spark_jobs.tables import Lake


def run(lake: Lake, dates: DateRange) -> None:
    """Decide who is who as of the last date, for every day up to it."""
    rules = lake.rules("identity")
    parties = current_belief(lake.read("silver.party_hist")).where(F.col("valid_from") <= F.lit(dates.last))
    seen = evidence.first_seen(parties)
    ids = evidence.strong_ids(current_belief(lake.read("silver.party_identifier")), rules["strong_id_kinds"])
    people = seen.join(_newest(parties), "party_id").select(
        "party_id",
        F.upper(F.regexp_replace("name", r"\s", "")).alias("name_key"),
        "birth_date",
        "first_seen_date",
    )
    pairs = evidence.link_by_strong_id(ids, people).collect()
    exclusive: dict[str, set[str]] = defaultdict(set)
    for row in ids.collect():
        exclusive[row["party_id"]].add(f"resident:{row['id_token']}")
    edges = [_edge(row) for row in pairs if not row["is_contradiction"]]
    line = fold(
        {row["party_id"]: row["first_seen_date"] for row in seen.collect()},
        edges,
        {party: frozenset(found) for party, found in exclusive.items()},
        lambda *content: lake.tokens.value("customer", *content),
    )
    _publish(lake, line, pairs, edges)
    _publish_golden(lake, parties)


def _newest(parties: DataFrame) -> DataFrame:
    """The version of each party that is valid last. Grain: party_id."""
    return parties.groupBy("party_id").agg(F.max_by(F.struct("name", "birth_date"), "valid_from").alias("_v")).select(
        "party_id", "_v.*"
    )  # fmt: skip


def _edge(row: Any) -> Edge:
    return Edge(0, row["party_id_a"], row["party_id_b"], row["link_reason_code"], row["effective_from"])


def _short(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:26]


def _publish(lake: Lake, line: Timeline, pairs: list[Any], edges: list[Edge]) -> None:
    spark = lake.spark
    refused = set(line.refused)
    links = [
        (_short("link", r["party_id_a"], r["party_id_b"], r["link_reason_code"]), "link", r["party_id_a"], r["party_id_b"], "rule",
         r["link_reason_code"], r["effective_from"], r["is_contradiction"] or _edge(r) in refused)
        for r in pairs
    ]  # fmt: skip
    doubted = [link for link in links if link[-1]]
    items = [
        (_short("review", "contradiction", a, b), "contradiction", sorted([a, b]), "open", day)
        for _, _, a, b, _, _, day, _ in doubted
    ]
    memberships = [
        (m.party_id, m.customer_id, m.reason, 1.0, m.valid_from, m.valid_to) for m in line.memberships
    ]
    sizes: dict[str, int] = defaultdict(int)
    for m in line.memberships:
        sizes[m.customer_id] += m.valid_to == OPEN_DATE
    customers = [
        (c, created, "retired" if c in line.retired else "active", line.retired.get(c), sizes[c])
        for c, created in sorted(line.created.items())
    ]
    events = [
        (_short("event", e.kind, e.customer_id, e.other_customer_id, e.day), e.kind, e.customer_id, e.other_customer_id,
         list(e.moved), e.day)
        for e in line.events
    ]  # fmt: skip

    def frame(rows: list[tuple[Any, ...]], columns: str) -> DataFrame:
        return spark.createDataFrame(rows, columns)

    lake.publish_all({
        "identity.link_event": frame(links, "link_event_id string, link_kind_code string, party_id_a string, party_id_b string, "
                                     "actor_code string, link_reason_code string, effective_from date, is_refused boolean"),
        "identity.review_item": frame(items, "review_item_id string, kind_code string, party_ids array<string>, "
                                      "state_code string, opened_on_date date"),
        "identity.party_customer": frame(memberships, "party_id string, customer_id string, link_reason_code string, "
                                         "confidence_ratio double, valid_from date, valid_to date"),
        "identity.customer": frame(customers, "customer_id string, created_date date, status_code string, "
                                   "retired_into_customer_id string, party_cnt bigint"),
        "identity.customer_event": frame(events, "customer_event_id string, kind_code string, customer_id string, "
                                         "other_customer_id string, moved_party_ids array<string>, business_date date"),
    })  # fmt: skip


def _publish_golden(lake: Lake, parties: DataFrame) -> None:
    open_rows = F.col("valid_to") == F.lit(date(9999, 12, 31))
    members = (
        current_belief(lake.read("identity.party_customer"))
        .where(open_rows)
        .select("party_id", "customer_id")
    )
    values = parties.groupBy("party_id").agg(
        F.max_by(F.struct("source_code", "name", "sex_code", "birth_date", F.col("valid_from").alias("changed_date")),
                 "valid_from").alias("_v")
    ).select("party_id", "_v.*")  # fmt: skip
    documents = current_belief(lake.read("silver.party_identifier")).where(
        "id_class_code = 'strong' and checksum_state_code = 'valid'"
    )
    numbers = documents.groupBy("party_id").agg(F.min("id_value_norm").alias("id_value_norm"))
    phones = current_belief(lake.read("silver.party_contact")).where(
        "contact_kind_code = 'mobile' and not is_placeholder and not is_masked"
    )
    mobiles = phones.groupBy("party_id").agg(
        F.max_by("contact_norm", F.struct("valid_from", "contact_norm")).alias("mobile_norm")
    )
    wide = (
        members.join(values, "party_id").join(numbers, "party_id", "left").join(mobiles, "party_id", "left")
    )
    golden = assemble_golden(wide, list(lake.rules("identity")["survivorship"]))
    created = lake.read("identity.customer").select("customer_id", F.col("created_date").alias("valid_from"))
    belief = golden.join(created, "customer_id").withColumn("valid_to", F.lit(OPEN_DATE))
    lake.publish("identity.golden_hist", belief)
