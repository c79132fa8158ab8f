"""The golden record over its validity: the best value of each element on each day, and which party gave it (rules: identity, survivorship)."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.history import OPEN_DATE

ELEMENTS = (
    "name", "sex_code", "birth_date", "nationality_code", "occupation_code", "deceased_date", "id_value_norm", "mobile_norm",
    "address_norm",
)  # fmt: skip
# What a version of a party says; certificates and phones are tables of their own.
_OF_PARTIES = tuple(e for e in ELEMENTS if e not in ("id_value_norm", "mobile_norm"))
# What is counted as known; a customer that lives has no date of death.
_COUNTED = tuple(e for e in ELEMENTS if e != "deceased_date")
_NAME_QUALITY = ("full", "latin", "truncated", "damaged", "masked")
_FACT = (
    "party_id",
    "source_code",
    "element_code",
    "value",
    "quality_rank",
    "changed_date",
    "valid_from",
    "valid_to",
)


def source_rank(order: Sequence[str]) -> Column:
    """Position of the row's source in the survivorship order; unknown sources come last."""
    position = F.array_position(F.array(*[F.lit(s) for s in order]), F.col("source_code"))
    return F.when(position == 0, len(order) + 1).otherwise(position)


def facts(parties: DataFrame, identifiers: DataFrame, contacts: DataFrame) -> DataFrame:
    """Everything a source says that may become part of a golden record, one value a row.

    Current belief of silver.party_hist, silver.party_identifier (valid certificates are used) and silver.party_contact (full mobiles).
    Grain: party_id × element_code × value × interval; source_code, quality_rank (smaller is better, 0 where there is one quality
    only), changed_date.
    """
    quality = F.array_position(F.array(*[F.lit(q) for q in _NAME_QUALITY]), F.col("name_quality_code"))
    plain = [
        F.struct(
            F.lit(e).alias("element_code"), F.col(e).cast("string").alias("value"),
            (F.when(quality == 0, 9).otherwise(quality) if e == "name" else _birth_rank() if e == "birth_date" else F.lit(0))
            .cast("int").alias("quality_rank"),
        )
        for e in _OF_PARTIES
    ]  # fmt: skip
    said = parties.select("party_id", "source_code", "valid_from", "valid_to", F.inline(F.array(*plain)))
    numbers = identifiers.where("id_class_code = 'strong' and checksum_state_code = 'valid'")
    phones = contacts.where(
        (F.col("contact_kind_code") == "mobile")
        & ~F.coalesce("is_placeholder", F.lit(False))
        & ~F.coalesce("is_masked", F.lit(False))
    )
    every = said
    for rows, element, value in (
        (numbers, "id_value_norm", "id_value_norm"),
        (phones, "mobile_norm", "contact_norm"),
    ):
        every = every.unionByName(
            rows.select(
                "party_id", "source_code", "valid_from", "valid_to", F.lit(element).alias("element_code"),
                F.col(value).alias("value"), F.lit(0).alias("quality_rank"),
            )
        )  # fmt: skip
    useful = every.where("value is not null and not (element_code = 'sex_code' and value = 'U')")
    return useful.withColumn("changed_date", F.col("valid_from")).select(*_FACT)


def _birth_rank() -> Column:
    """A date that agrees with the certificate, then a declared one, then one that disagrees; a month is better than nothing."""
    order = F.array(*[F.lit(q) for q in ("agrees", "declared", "disagrees", "month_only")])
    position = F.array_position(order, F.coalesce("birth_date_quality_code", F.lit("")))
    return F.when(position == 0, 9).otherwise(position)


def assemble_golden(members: DataFrame, said: DataFrame, order: Sequence[str]) -> DataFrame:
    """The golden record of each customer as intervals.

    members  current belief of identity.party_customer; said: `facts`
    On each day the best value of what its parties on that day said up to then: what still holds before what ended, then the better
    quality, the source order, the newest change, the smallest party id, the smallest value. Null where nobody ever said anything.
    Grain: customer_id × [valid_from, valid_to); no gaps from the customer's first day on, neighbours differ. `provenance` names the
    winning party and source of each known element, in the order of ELEMENTS. `region_code` is the one of the winning address.
    """
    belongs = members.select(
        "customer_id", "party_id", F.col("valid_from").alias("_in"), F.col("valid_to").alias("_out")
    )
    inside = belongs.join(said, "party_id", "left").where("valid_from is null or valid_from < _out")
    start = F.greatest("_in", "valid_from")
    # A value that ended stays known, but loses against one that holds.
    holding = inside.select(
        *_keep(), start.alias("_from"), F.least("valid_to", "_out").alias("_to"), F.lit(0).alias("_ended")
    )
    ended = inside.where("valid_to < _out").select(
        *_keep(),
        F.greatest("_in", "valid_to").alias("_from"),
        F.col("_out").alias("_to"),
        F.lit(1).alias("_ended"),
    )
    rows = holding.unionByName(ended).where("_from < _to").withColumn("_rank", source_rank(order))
    days = belongs.select("customer_id", F.explode(F.array("_in", "_out")).alias("_from")).unionByName(
        rows.select("customer_id", F.explode(F.array("_from", "_to")).alias("_from"))
    )
    following = Window.partitionBy("customer_id").orderBy("_from")
    spans = days.distinct().withColumn("_to", F.lead("_from").over(following)).where("_to is not null")
    alive = belongs.groupBy("customer_id").agg(F.min("_in").alias("_born"), F.max("_out").alias("_gone"))
    spans = spans.join(alive, "customer_id").where("_born <= _from and _to <= _gone")
    x, y = spans.alias("x"), rows.alias("y")
    covers = (
        (F.col("x.customer_id") == F.col("y.customer_id")) & (F.col("y._from") <= F.col("x._from")) & (F.col("x._to") <= F.col("y._to"))
    )  # fmt: skip
    age = F.datediff(F.lit(OPEN_DATE), F.col("y.changed_date"))
    worth = F.struct(
        F.col("y._ended"),
        F.col("y.quality_rank"),
        F.col("y._rank"),
        age,
        F.col("y.party_id"),
        F.col("y.value"),
    )
    said_then = F.struct(F.col("y.value"), F.col("y.party_id"), F.col("y.source_code"))
    best = [
        F.min_by(
            said_then, F.when((F.col("y.element_code") == e) & F.col("y.value").isNotNull(), worth)
        ).alias(e)
        for e in ELEMENTS
    ]
    wide = x.join(y, covers, "left").groupBy("x.customer_id", "x._from", "x._to").agg(*best)
    return _joined(wide)


def _keep() -> list[Column]:
    return [
        F.col(c)
        for c in (
            "customer_id",
            "party_id",
            "source_code",
            "element_code",
            "value",
            "quality_rank",
            "changed_date",
        )
    ]


def _joined(wide: DataFrame) -> DataFrame:
    """Neighbouring spans that say the same become one."""
    content = F.md5(F.to_json(F.struct(*[F.col(e) for e in ELEMENTS])))
    told = wide.withColumn("_content", content)
    order = Window.partitionBy("customer_id").orderBy("_from")
    begins = F.coalesce(F.lag("_content").over(order) != F.col("_content"), F.lit(True)).cast("int")
    told = told.withColumn("_begins", begins).withColumn("_span", F.sum("_begins").over(order))
    source = F.filter(
        F.array(*[
            F.when(F.col(e).isNotNull(), F.struct(
                F.lit(e).alias("element_code"), F.col(f"{e}.party_id").alias("party_id"), F.col(f"{e}.source_code").alias("source_code"),
            )) for e in ELEMENTS
        ]),
        lambda x: x.isNotNull(),
    )  # fmt: skip
    known = sum((F.when(F.col(e).isNotNull(), 1).otherwise(0) for e in _COUNTED), F.lit(0)).cast("bigint")
    told = told.select(
        "customer_id", "_span", "_from", "_to", source.alias("provenance"), known.alias("completeness_cnt"),
        *[F.col(f"{e}.value").alias(e) for e in ELEMENTS],
    )  # fmt: skip
    same = ["customer_id", "_span", "provenance", "completeness_cnt", *ELEMENTS]
    spans = (
        told.groupBy(*same)
        .agg(F.min("_from").alias("valid_from"), F.max("_to").alias("valid_to"))
        .drop("_span")
    )
    placed = F.nullif(F.regexp_extract("address_norm", r"^(\d{6})\|", 1), F.lit(""))
    return spans.withColumns(
        {"region_code": placed, **{e: F.col(e).cast("date") for e in ("birth_date", "deceased_date")}}
    )
