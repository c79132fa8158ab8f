"""Evidence between parties, from conformed tables: pairs with the business date on which both sides had it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def first_seen(party_history: DataFrame) -> DataFrame:
    """Natural persons and the business date on which their source first delivered them.

    Grain: party_id, first_seen_date. party_history: current belief of silver.party_hist.
    """
    persons = party_history.where("party_kind_code = 'person'")
    return persons.groupBy("party_id").agg(F.min("valid_from").alias("first_seen_date"))


def strong_ids(identifiers: DataFrame, kinds: list[str]) -> DataFrame:
    """Valid certificates that name one person: party_id, id_token, since_date.

    identifiers: current belief of silver.party_identifier. A 15-digit id carries the token of its 18-digit form. Placeholders and ids
    whose check digit fails are no keys.
    """
    valid = identifiers.where(
        F.col("id_kind_code").isin(*kinds)
        & (F.col("id_class_code") == "strong")
        & (F.col("checksum_state_code") == "valid")
    )
    return valid.groupBy("party_id", "id_token").agg(F.min("valid_from").alias("since_date"))


def _agrees(column: str) -> Column:
    """Equal, or one side does not know."""
    return (
        F.col(f"a.{column}").isNull()
        | F.col(f"b.{column}").isNull()
        | (F.col(f"a.{column}") == F.col(f"b.{column}"))
    )


def link_by_strong_id(ids: DataFrame, people: DataFrame) -> DataFrame:
    """Pairs that share a valid certificate and whose name or birth date does not contradict.

    ids     `strong_ids`; people: party_id, name_key, birth_date, first_seen_date
    Never on the id alone: a contradiction in both name and birth date is no link (`is_contradiction`), a steward looks at it.
    Grain: one row per pair; each party is tied to the smallest party of its id, so a shared id cannot explode.
    """
    hub = ids.groupBy("id_token").agg(F.min("party_id").alias("party_id_a"))
    spokes = ids.join(hub, "id_token").where(F.col("party_id") > F.col("party_id_a"))
    since = ids.select(
        "id_token", F.col("party_id").alias("party_id_a"), F.col("since_date").alias("_since_a")
    )
    pairs = spokes.join(since, ["id_token", "party_id_a"]).select(
        "party_id_a",
        F.col("party_id").alias("party_id_b"),
        F.greatest("since_date", "_since_a").alias("effective_from"),
    )
    pairs = pairs.groupBy("party_id_a", "party_id_b").agg(F.min("effective_from").alias("effective_from"))
    a, b = (people.alias(side) for side in ("a", "b"))
    compared = pairs.join(a, F.col("party_id_a") == F.col("a.party_id")).join(
        b, F.col("party_id_b") == F.col("b.party_id")
    )
    agrees = _agrees("name_key") | _agrees("birth_date")
    return compared.select(
        "party_id_a", "party_id_b",
        F.greatest("effective_from", F.col("a.first_seen_date"), F.col("b.first_seen_date")).alias("effective_from"),
        F.lit("same_resident_id").alias("link_reason_code"), (~agrees).alias("is_contradiction"),
    )  # fmt: skip
