"""What CRM receives of each customer: eligibility, consent by field, one keyed hash a row (rules: export, consent)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.privacy.tokens import Tokeniser

# The row's content, in the order of the hash; `crm_customer_token` first.
CONTENT = (
    "crm_customer_token", "customer_no_crm", "party_no_ecif", "export_name", "export_mobile", "sex_code", "age_band_code",
    "region_code", "tier_code", "tier_state_code", "stage_code", "group_code", "segment_codes", "aum_band_code",
    "aum_exact_cny", "next_matures_date", "has_open_complaint", "risk_grade_code", "is_risk_expired", "churn_band_code",
    "churn_reason_codes", "preferred_channel_code", "can_sell", "can_care", "do_not_contact_until", "manager_staff_no",
    "team_code",
)  # fmt: skip
AUM_BANDS = (
    (0, "0"),
    (10_000, "<10k"),
    (50_000, "<50k"),
    (300_000, "<300k"),
    (1_000_000, "<1M"),
    (5_000_000, "<5M"),
)
FOR_EVER = "9999-12-31 00:00:00"


def aum_band(aum: Column) -> Column:
    """Band of an amount in yuan. Exactly 0 is its own band, a bound belongs to the band above; null stays null."""
    band = F.when(aum.isNull(), None).when(aum <= 0, "0")
    for below, code in AUM_BANDS[1:]:
        band = band.when(aum < below, code)
    return band.otherwise("5M+")


def keep_eligible(customers: DataFrame) -> DataFrame:
    """Fewer rows: persons with an open agreement or an assigned manager (rules: export, E3).

    Grain: one row per customer of one business date. The erased and the retired are not in `customers` at all (E2).
    """
    return customers.where((F.col("product_cnt") > 0) | F.col("manager_staff_id").isNotNull())


def granted(consents: DataFrame) -> DataFrame:
    """One row per customer with what they allow CRM to do.

    consents: current belief of profile.a_consent_hist on the business date: customer_id, purpose_code, data_class_code,
    channel_code, state_code. Channel `any` covers every channel; missing means denied; a denial for CRM beats a grant for any.
    """

    def allows(purpose: str, data_class: str) -> Column:
        here = (F.col("purpose_code") == purpose) & (F.col("data_class_code") == data_class)
        mine = here & F.col("channel_code").isin("crm", "any")
        yes = F.max(F.when(mine & (F.col("state_code") == "granted"), 1).otherwise(0)) == 1
        no = (
            F.max(
                F.when(
                    here & (F.col("channel_code") == "crm") & (F.col("state_code") != "granted"), 1
                ).otherwise(0)
            )
            == 1
        )
        return yes & ~no

    return consents.groupBy("customer_id").agg(
        (allows("care", "contact") | allows("recommendation", "contact")).alias("may_contact"),
        allows("care", "contact").alias("may_care"),
        allows("recommendation", "contact").alias("may_recommend"),
        allows("recommendation", "transaction").alias("may_score"),
    )


def numbers_by_customer(parties: DataFrame, memberships: DataFrame) -> DataFrame:
    """CRM's and ECIF's own numbers of each customer, so that CRM can re-attach its objects.

    Grain out: one row per customer. Several numbers of one source: the smallest, so that runs agree.
    """
    numbers = memberships.join(parties.select("party_id", "source_code", "party_no_source"), "party_id")
    return numbers.groupBy("customer_id").agg(
        F.min(F.when(F.col("source_code") == "crm", F.col("party_no_source"))).alias("customer_no_crm"),
        F.min(F.when(F.col("source_code") == "ecif", F.col("party_no_source"))).alias("party_no_ecif"),
    )


def assemble_rows(
    customers: DataFrame,
    golden: DataFrame,
    consents: DataFrame,
    numbers: DataFrame,
    staff: DataFrame,
    scores: DataFrame,
    preferences: DataFrame,
    tokens: Tokeniser,
) -> DataFrame:
    """The exported row of each eligible customer.

    customers    eligible rows of profile.customer_daily of one business date
    golden       identity.golden_hist valid on that date: customer_id, name, mobile_norm
    consents     `granted`; numbers: `numbers_by_customer`; scores: newest churn score per customer with reason_codes
    staff        manager_staff_id, manager_staff_no, team_code
    Grain out: one row per customer. A field without consent is null and its absence is part of the hash.
    """  # fmt: skip
    wide = (
        customers.join(golden.select("customer_id", "name", "mobile_norm"), "customer_id", "left")
        .join(consents, "customer_id", "left")
        .join(numbers, "customer_id", "left")
        .join(staff, "manager_staff_id", "left")
        .join(scores.select("customer_id", F.col("reason_codes").alias("_reasons")), "customer_id", "left")
        .join(preferences.select("customer_id", "preferred_channel_code"), "customer_id", "left")
    )
    may = {
        name: F.coalesce(F.col(name), F.lit(False))
        for name in ("may_contact", "may_care", "may_recommend", "may_score")
    }
    alive = ~F.coalesce(F.col("is_deceased"), F.lit(False))
    has_complaint = F.coalesce(F.col("complaint_open_cnt"), F.lit(0)) > 0
    adult = ~F.coalesce(F.col("is_minor"), F.lit(False))
    rows = wide.select(
        tokens.column("customer", F.col("customer_id")).alias("crm_customer_token"),
        "customer_id", "customer_no_crm", "party_no_ecif",
        F.when(may["may_contact"], F.col("name")).alias("export_name"),
        F.when(may["may_contact"], F.col("mobile_norm")).alias("export_mobile"),
        "sex_code", "age_band_code", "region_code", "tier_code", "tier_state_code", "stage_code", "group_code", "segment_codes",
        aum_band(F.col("aum_30_avg_cny")).alias("aum_band_code"),
        F.when(F.col("manager_staff_id").isNotNull(), F.col("aum_30_avg_cny")).alias("aum_exact_cny"),
        "next_matures_date", has_complaint.alias("has_open_complaint"), "risk_grade_code", "is_risk_expired",
        F.when(may["may_score"], F.col("churn_band_code")).alias("churn_band_code"),
        F.when(may["may_score"], F.col("_reasons")).alias("churn_reason_codes"),
        "preferred_channel_code",
        (may["may_recommend"] & adult & alive & ~has_complaint).alias("can_sell"),
        (may["may_care"] & alive).alias("can_care"),
        F.when(~alive, F.lit(FOR_EVER).cast("timestamp")).alias("do_not_contact_until"),
        "manager_staff_no", "team_code",
    )  # fmt: skip
    content = F.to_json(F.struct(*[F.col(c) for c in CONTENT]), {"ignoreNullFields": "false"})
    return rows.withColumn("row_hash", tokens.column("row", content)).withColumn(
        "export_basis_code", F.lit("current")
    )


def keep_last_exported(rows: DataFrame, doubtful: DataFrame, before: DataFrame) -> DataFrame:
    """Customers whose identity is in doubt keep the row that CRM has (rules: export, E4); a new one waits.

    doubtful: customer_id in an open contradiction or an oversize cluster. before: rows of the base release.
    """
    settled = rows.join(doubtful, "customer_id", "left_anti")
    kept = before.join(doubtful, "customer_id", "left_semi").withColumn("export_basis_code", F.lit("kept"))
    return settled.unionByName(kept.select(*settled.columns))
