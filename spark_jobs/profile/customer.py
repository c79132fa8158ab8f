"""One row per customer and business date, all layers side by side; and the newest of each customer."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_BANDS = ((18, "<18"), (30, "18-29"), (45, "30-44"), (60, "45-59"), (75, "60-74"))


def full_years(birth: Column, day: Column) -> Column:
    """Full years from birth to the day; born on 29 February, a year older on 1 March in other years."""
    had_birthday = F.date_format(day, "MMdd") >= F.date_format(birth, "MMdd")
    return (F.year(day) - F.year(birth) - F.when(had_birthday, 0).otherwise(1)).cast("int")


def age_band(age: Column) -> Column:
    """Band of an age; null stays null."""
    band = F.when(age.isNull(), None)
    for below, code in _BANDS:
        band = band.when(age < below, code)
    return band.otherwise("75+")


def summarise_parties(parties: DataFrame, memberships: DataFrame) -> DataFrame:
    """Coarser: what the parties of a customer say on each day.

    parties: party_id, business_date, source_code, status_code, valid that day. Grain out: customer_id, business_date.
    """
    return (
        parties.join(memberships, ["party_id", "business_date"])
        .groupBy("customer_id", "business_date")
        .agg(
            F.count(F.lit(1)).alias("party_cnt"), F.countDistinct("source_code").alias("source_cnt"),
            F.max(F.col("status_code") == "deceased").alias("is_deceased"),
        )
    )  # fmt: skip


def assemble_customer_daily(people: DataFrame, golden: DataFrame, money: DataFrame) -> DataFrame:
    """One row per customer and day.

    people  `summarise_parties`: decides which customers there are; golden: customer_id, sex_code, birth_date
    money   o_customer_daily
    """
    wide = people.join(golden.select("customer_id", "sex_code", "birth_date"), "customer_id", "left").join(
        money, ["customer_id", "business_date"]
    )
    age = full_years(F.col("birth_date"), F.col("business_date"))
    return (
        wide.withColumn("age_years", age)
        .withColumn("age_band_code", age_band(F.col("age_years")))
        .withColumn("is_minor", F.col("age_years") < 18)
        .withColumn("tenure_days", F.datediff("business_date", "relationship_date").cast("bigint"))
        .drop("birth_date")
    )


def join_layers(every: DataFrame, layers: Sequence[DataFrame], wanted: Sequence[str]) -> DataFrame:
    """More columns, same rows: those of the wanted ones that a layer brings, null for customers the layer does not know.

    layers: grain customer_id, business_date. A column that is there already, or that an earlier layer brought, is not taken again.
    """
    key = ["customer_id", "business_date"]
    for layer in layers:
        brings = [c for c in wanted if c in layer.columns and c not in every.columns]
        every = every.join(layer.select(*key, *brings), key, "left") if brings else every
    return every


def assemble_current(daily: DataFrame, customers: DataFrame) -> DataFrame:
    """The newest row of each customer id with the id's status. Grain: customer_id."""
    newest = (
        daily.groupBy("customer_id")
        .agg(F.max_by(F.struct("*"), "business_date").alias("_row"))
        .select("_row.*")
    )
    return newest.join(
        customers.select("customer_id", "status_code", "retired_into_customer_id"), "customer_id"
    )
