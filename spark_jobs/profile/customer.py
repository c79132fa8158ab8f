"""One row per customer and business date, all layers side by side; and the newest of each customer."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.columns.divisions import city_code

ADULT_YEARS = 18
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
    """Coarser: how many parties of how many sources a customer has on each day, and which outlet they belong to.

    parties: silver.party_hist by day. The outlet is that of the party that was opened first; ties: the smaller party id.
    Grain out: customer_id, business_date.
    """
    known = F.col("open_org_code").isNotNull()
    oldest = F.struct(F.coalesce("opened_date", F.lit("9999-12-31").cast("date")), "party_id")
    return (
        memberships.join(parties, ["party_id", "business_date"], "left")
        .groupBy("customer_id", "business_date")
        .agg(
            F.count(F.lit(1)).alias("party_cnt"), F.count_distinct("source_code").alias("source_cnt"),
            F.min_by("open_org_code", F.when(known, oldest)).alias("open_org_code"),
        )
    )  # fmt: skip


def summarise_managers(managers: DataFrame, memberships: DataFrame) -> DataFrame:
    """Coarser: the manager of each customer and day; where parties have several, the one with the smallest staff id.

    managers: silver.customer_manager_hist by day. Grain out: customer_id, business_date, of those who have one.
    """
    mine = memberships.join(managers, ["party_id", "business_date"])
    return mine.groupBy("customer_id", "business_date").agg(
        F.min("manager_staff_id").alias("manager_staff_id")
    )


def describe_customers(
    parties: DataFrame,
    people: DataFrame,
    managers: DataFrame,
    golden: DataFrame,
    households: DataFrame,
    staff: DataFrame,
) -> DataFrame:
    """Who each customer is, as was known on the day. Grain out: customer_id, business_date of `parties`, which decides who there is.

    parties   `summarise_parties`; people: `a_person.describe_people`; managers: `summarise_managers`
    golden    identity.golden_hist by day: customer_id, business_date, sex_code, region_code; households: identity.household_member by day
    staff     `listed.flag_listed` of the list of staff
    Nobody is called a minor whose birth date is not known, or staff or not whose certificate is not: null. The region is the city of the
    address, the province where no city is told, null without an address that can be placed.
    """
    key = ["customer_id", "business_date"]
    told = people.select(*key, "age_years", "is_deceased")
    wide = parties.join(told, key, "left").join(managers, key, "left")
    lives = city_code(F.col("region_code")).alias("region_code")
    wide = wide.join(golden.select(*key, "sex_code", lives), key, "left")
    wide = wide.join(households.select(*key, "household_id"), key, "left")
    wide = wide.join(staff.select(*key, "is_staff"), key, "left")
    return wide.withColumns({
        "age_band_code": age_band(F.col("age_years")), "is_minor": F.col("age_years") < ADULT_YEARS,
        "is_deceased": F.coalesce("is_deceased", F.lit(False)),
    })  # fmt: skip


def derive_tenure(customers: DataFrame) -> DataFrame:
    """More columns: days since the relation began; null for prospects."""
    return customers.withColumn(
        "tenure_days", F.datediff("business_date", "relationship_date").cast("bigint")
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
