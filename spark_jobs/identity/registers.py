"""Tables beside the decisions: what a party is compared by, how often a number is used, relations between customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.history import OPEN_DATE


def leave_out_erased(rows: DataFrame, customers: DataFrame) -> DataFrame:
    """Same grain: rows of a customer_id that was not erased. customers: identity.customer."""
    erased = customers.where(F.col("status_code") == "erased").select("customer_id")
    return rows.join(F.broadcast(erased), "customer_id", "left_anti")


def assemble_records(traits: DataFrame, ids: DataFrame, phones: DataFrame, parties: DataFrame) -> DataFrame:
    """identity.record: what each person is compared by, newest name first. Grain: party_id.

    traits, ids, phones: results of features.py; parties: current belief of silver.party_hist.
    """
    newest = parties.groupBy("party_id").agg(
        F.max_by(F.struct("name_quality_code", "birth_date_quality_code", "is_masked"), "valid_from").alias("_v")
    ).select("party_id", "_v.*")  # fmt: skip
    tokens = ids.groupBy("party_id").agg(F.array_sort(F.collect_set("id_token")).alias("id_tokens"))
    numbers = phones.groupBy("party_id").agg(F.array_sort(F.collect_set("phone_token")).alias("phone_tokens"))
    last_name = F.array_max(
        F.transform("names", lambda n: F.struct(n["since"], n["name_folded"], n["name_pinyin_keys"]))
    )
    return (
        traits.withColumn("_name", last_name)
        .join(newest, "party_id")
        .join(tokens, "party_id", "left")
        .join(numbers, "party_id", "left")
        .select(
            "party_id", "source_code", "first_seen_date", F.col("_name.name_folded").alias("name_folded"),
            F.col("_name.name_pinyin_keys").alias("name_pinyin_keys"), "name_quality_code",
            F.get("birth_dates", 0)["value"].cast("date").alias("birth_date"), "birth_date_quality_code",
            F.when(F.size("sexes") == 1, F.get("sexes", 0)["value"]).alias("sex_code"), "id_tokens", "phone_tokens", "is_masked",
        )
    )  # fmt: skip


def _once(column: str) -> Column:
    return F.min(column).alias(column)


def assemble_identifiers(
    identifiers: DataFrame,
    contacts: DataFrame,
    traits: DataFrame,
    members: DataFrame,
    limits: Mapping[str, Any],
) -> DataFrame:
    """identity.identifier: every number with how many parties, names and customers use it. Phones of any sort have kind `phone`.

    members: current belief of identity.party_customer. is_hub: no key any more, because it is a placeholder or because too many names
    use it (hub_reason_code placeholder, too_many_names; shared: kept as a key only beside a birth date).
    """
    numbers = identifiers.select(
        "party_id", "id_kind_code", "id_token", "id_class_code", "checksum_state_code", "valid_from",
        ((F.col("id_class_code") == "blocked") & (F.col("checksum_state_code") != "invalid")).alias("_placeholder"),
    )  # fmt: skip
    called = contacts.where(F.col("contact_kind_code").isin("mobile", "landline", "ani") & F.col("contact_token").isNotNull()).select(
        "party_id", F.lit("phone").alias("id_kind_code"), F.col("contact_token").alias("id_token"),
        F.when(F.coalesce("is_placeholder", F.lit(False)), "blocked").otherwise("weak").alias("id_class_code"),
        F.lit("none").alias("checksum_state_code"), "valid_from", F.coalesce("is_placeholder", F.lit(False)).alias("_placeholder"),
    )  # fmt: skip
    named = traits.select("party_id", F.explode("names").alias("n")).where("n.name_quality_code = 'full'").groupBy("party_id").agg(
        F.collect_set("n.name_folded").alias("_names")
    )  # fmt: skip
    now = members.where(F.col("valid_to") == F.lit(OPEN_DATE)).select("party_id", "customer_id")
    used = numbers.unionByName(called).join(named, "party_id", "left").join(now, "party_id", "left")
    counted = used.groupBy("id_kind_code", "id_token").agg(
        _once("id_class_code"), _once("checksum_state_code"), F.countDistinct("party_id").alias("party_cnt"),
        F.countDistinct("customer_id").alias("customer_cnt"), F.min("valid_from").alias("first_seen_date"),
        F.max("valid_from").alias("last_seen_date"), F.max("_placeholder").alias("_placeholder"),
        F.size(F.array_distinct(F.flatten(F.collect_list(F.coalesce("_names", F.array()))))).alias("_names"),
    )  # fmt: skip
    phone = F.col("id_kind_code") == "phone"
    document = F.col("id_kind_code").rlike(r"^\d+$")
    crowd = (phone & (F.col("_names") > limits["phone_hub_names"])) | (
        document & (F.col("_names") > limits["id_hub_names"])
    )
    shared = phone & (F.col("_names") > limits["phone_shared_names"])
    reason = F.when(F.col("_placeholder"), "placeholder").when(crowd, "too_many_names").when(shared, "shared")
    told = counted.withColumn("hub_reason_code", reason).withColumn("is_hub", F.col("_placeholder") | crowd)
    return told.drop("_placeholder", "_names")


def household_books(identifiers: DataFrame) -> DataFrame:
    """Who shows a household book under somebody else's number lives in that person's household; the number never makes them one.

    Grain: as silver.party_relation: party_id_from, party_id_to, relation_code `household`, valid_from, valid_to.
    """
    valid = identifiers.where("checksum_state_code = 'valid'").groupBy("party_id", "id_kind_code", "id_token").agg(
        F.min("valid_from").alias("since")
    )  # fmt: skip
    books = valid.where("id_kind_code = '03'").alias("x")
    heads = valid.where("id_kind_code in ('01', '02')").alias("y")
    met = books.join(
        heads, (F.col("x.id_token") == F.col("y.id_token")) & (F.col("x.party_id") != F.col("y.party_id"))
    )
    return met.select(
        F.col("x.party_id").alias("party_id_from"), F.col("y.party_id").alias("party_id_to"), F.lit("household").alias("relation_code"),
        F.greatest("x.since", "y.since").alias("valid_from"), F.lit(OPEN_DATE).alias("valid_to"),
    )  # fmt: skip


def lift_relations(relations: DataFrame, members: DataFrame) -> DataFrame:
    """identity.relation_hist: relations of parties as relations of their customers, while both belong to them.

    relations: party_id_from, party_id_to, relation_code, valid_from, valid_to; members: current belief of identity.party_customer.
    Two parties of one customer are no relation. Several records that say the same hold together, as long as one of them does.
    """
    sides = [
        members.select(
            F.col("party_id").alias(f"party_id_{s}"), F.col("customer_id").alias(f"customer_id_{s}"),
            F.col("valid_from").alias(f"_in_{s}"), F.col("valid_to").alias(f"_out_{s}"),
        ) for s in ("from", "to")
    ]  # fmt: skip
    held = relations.join(sides[0], "party_id_from").join(sides[1], "party_id_to").select(
        "customer_id_from", "customer_id_to", "relation_code", F.greatest("valid_from", "_in_from", "_in_to").alias("_from"),
        F.least("valid_to", "_out_from", "_out_to").alias("_to"),
    )  # fmt: skip
    held = held.where("_from < _to and customer_id_from <> customer_id_to").distinct()
    # Pieces that touch or overlap become one interval: a piece begins a new one where it starts after everything before it ended.
    key = ["customer_id_from", "customer_id_to", "relation_code"]
    order = Window.partitionBy(*key).orderBy("_from", "_to")
    before = F.max("_to").over(order.rowsBetween(Window.unboundedPreceding, -1))
    begins = F.coalesce(F.col("_from") > before, F.lit(True)).cast("int")
    pieces = held.withColumn("_begins", begins).withColumn("_span", F.sum("_begins").over(order))
    return (
        pieces.groupBy(*key, "_span")
        .agg(F.min("_from").alias("valid_from"), F.max("_to").alias("valid_to"))
        .drop("_span")
    )
