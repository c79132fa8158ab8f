"""What CRM receives of each customer: eligibility, then field by field what consent and guards leave (rules: export, consent)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.privacy.tokens import Tokeniser
from spark_jobs.profile.a_consent import allowed

# The row's content, in the order of the hash; `crm_customer_token` first.
CONTENT = (
    "crm_customer_token", "customer_no_crm", "party_no_ecif", "export_name", "export_mobile", "sex_code", "age_band_code",
    "region_code", "tier_code", "tier_state_code", "stage_code", "group_code", "segment_codes", "aum_band_code",
    "aum_exact_cny", "next_matures_date", "has_open_complaint", "risk_grade_code", "is_risk_expired", "churn_band_code",
    "churn_reason_codes", "preferred_channel_code", "can_sell", "can_care", "do_not_contact_until", "manager_staff_no",
    "team_code", "withheld_codes",
)  # fmt: skip
# Fields that are left out together, by the group that `withheld_codes` names.
GROUPS = {
    "contact": ("export_name", "export_mobile"), "churn": ("churn_band_code", "churn_reason_codes"),
    "aum_exact": ("aum_exact_cny",),
}  # fmt: skip
PERMISSIONS = {"sell": "can_sell", "care": "can_care"}
FOR_EVER = "9999-12-31 00:00:00"


def aum_band(aum: Column, bounds: Sequence[int]) -> Column:
    """Band of an amount in yuan: `0`, `<10k` … `5M+`. Exactly 0 is its own band, a bound belongs to the band above; null stays null."""
    band = F.when(aum.isNull(), None).when(aum <= 0, "0")
    for bound in bounds:
        band = band.when(aum < bound, f"<{_short(bound)}")
    return band.otherwise(f"{_short(bounds[-1])}+")


def _short(amount: int) -> str:
    return f"{amount // 1_000_000}M" if amount >= 1_000_000 else f"{amount // 1000}k"


def judge_eligibility(people: DataFrame, doubtful: DataFrame) -> DataFrame:
    """More columns, same rows: `eligibility_code`, the first condition that fails in the order of the rule, else `eligible`.

    people    one row per customer of the business date: customer_id, status_code, product_cnt, relationship_date, manager_staff_id
    doubtful  customer_id in an open contradiction or an oversize cluster
    Codes: erased, retired, closed (had products, has none and no manager), out_of_scope (never had any), in_doubt, eligible.
    """
    in_scope = (F.coalesce("product_cnt", F.lit(0)) > 0) | F.col("manager_staff_id").isNotNull()
    marked = people.join(
        doubtful.select("customer_id").distinct().withColumn("_doubt", F.lit(True)), "customer_id", "left"
    )
    code = (
        F.when(F.col("status_code") == "erased", "erased").when(F.col("status_code") == "retired", "retired")
        .when(~in_scope & F.col("relationship_date").isNotNull(), "closed").when(~in_scope, "out_of_scope")
        .when(F.col("_doubt"), "in_doubt").otherwise("eligible")
    )  # fmt: skip
    return marked.withColumn("eligibility_code", code).drop("_doubt")


def summarise_grants(consents: DataFrame, wanted: Mapping[str, Iterable[Sequence[str]]]) -> DataFrame:
    """Coarser: one row per customer with `_may_<group>` for each wanted group; one granted pair of a group is enough.

    consents: profile.a_consent_hist of the business date. A customer without a row allows nothing.
    """
    groups = {
        name: reduce(Column.__or__, [allowed(purpose, data_class) for purpose, data_class in pairs])
        for name, pairs in wanted.items()
    }
    return consents.groupBy("customer_id").agg(*[rule.alias(f"_may_{name}") for name, rule in groups.items()])


def numbers_by_customer(parties: DataFrame, memberships: DataFrame) -> DataFrame:
    """CRM's and ECIF's own numbers of each customer, so that CRM can re-attach its objects.

    Grain out: one row per customer. Several numbers of one source: the smallest, so that runs agree.
    """
    numbers = memberships.join(parties.select("party_id", "source_code", "party_no_source"), "party_id")
    return numbers.groupBy("customer_id").agg(
        F.min(F.when(F.col("source_code") == "crm", F.col("party_no_source"))).alias("customer_no_crm"),
        F.min(F.when(F.col("source_code") == "ecif", F.col("party_no_source"))).alias("party_no_ecif"),
    )


def managers_by_customer(managed: DataFrame, memberships: DataFrame) -> DataFrame:
    """Grain out: one row per customer with a manager. Parties with different managers: the smallest staff id, so that runs agree."""
    both = memberships.select("party_id", "customer_id").join(managed, "party_id")
    return both.groupBy("customer_id").agg(F.min("manager_staff_id").alias("manager_staff_id"))


@dataclass(frozen=True)
class Layers:
    """What joins the customers: each one row per customer_id, staff one per manager_staff_id.

    golden: name, mobile_norm · grants: `summarise_grants` · numbers: `numbers_by_customer` · complaints: complaint_open_cnt ·
    scores: band_code, reason_codes of the newest churn score · preferences: preferred_channel_code · staff: manager_staff_no, team_code
    """

    golden: DataFrame
    grants: DataFrame
    numbers: DataFrame
    complaints: DataFrame
    scores: DataFrame
    preferences: DataFrame
    staff: DataFrame


def assemble_rows(
    customers: DataFrame, layers: Layers, tokens: Tokeniser, rules: Mapping[str, Any]
) -> DataFrame:
    """The exported row of each customer, without its hash. Grain: one row per customer.

    customers: rows of profile.customer_daily of one business date, with manager_staff_id
    A field that is left out is null and `withheld_codes` says why. Guards that only people's channels know (caps, quiet hours) are not
    asked here; no source tells fraud cases, so they withhold nothing yet.
    """
    wide = customers.join(layers.golden.select("customer_id", "name", "mobile_norm"), "customer_id", "left")
    for layer in (layers.grants, layers.numbers, layers.complaints, layers.preferences):
        wide = wide.join(layer, "customer_id", "left")
    scores = layers.scores.select(
        "customer_id", F.col("band_code").alias("_band"), F.col("reason_codes").alias("_reasons")
    )
    wide = wide.join(scores, "customer_id", "left").join(layers.staff, "manager_staff_id", "left")
    wide = wide.withColumn("withheld_codes", _withheld(list(rules["consents"])))
    bounds = [int(bound) for bound in rules["aum_bands"]]
    is_dead = F.coalesce(F.col("is_deceased"), F.lit(False))
    return wide.select(
        tokens.column("customer", F.col("customer_id")).alias("crm_customer_token"),
        "customer_id", "customer_no_crm", "party_no_ecif",
        _unless_withheld("contact", F.col("name")).alias("export_name"),
        _unless_withheld("contact", F.col("mobile_norm")).alias("export_mobile"),
        "sex_code", "age_band_code", "region_code", "tier_code", "tier_state_code", "stage_code", "group_code", "segment_codes",
        aum_band(F.col("aum_30_avg_cny"), bounds).alias("aum_band_code"),
        _unless_withheld("aum_exact", F.col("aum_30_avg_cny")).alias("aum_exact_cny"),
        "next_matures_date", (F.coalesce("complaint_open_cnt", F.lit(0)) > 0).alias("has_open_complaint"),
        "risk_grade_code", "is_risk_expired",
        _unless_withheld("churn", F.col("_band")).alias("churn_band_code"),
        _unless_withheld("churn", F.col("_reasons")).alias("churn_reason_codes"),
        "preferred_channel_code", (~_is_withheld("sell")).alias("can_sell"), (~_is_withheld("care")).alias("can_care"),
        F.when(is_dead, F.lit(FOR_EVER).cast("timestamp")).alias("do_not_contact_until"),
        "manager_staff_no", "team_code", "withheld_codes", "eligibility_code",
    )  # fmt: skip


def _withheld(groups: Sequence[str]) -> Column:
    """`<group>:<reason>` of everything that is left out, sorted."""

    def told(code: str, condition: Column) -> Column:
        return F.when(F.coalesce(condition, F.lit(False)), F.lit(code))

    refused = [told(f"{group}:consent", ~F.coalesce(f"_may_{group}", F.lit(False))) for group in groups]
    return F.array_sort(F.array_compact(F.array(
        *refused,
        told("aum_exact:no_manager", F.col("manager_staff_id").isNull()),
        told("sell:deceased", F.col("is_deceased")), told("care:deceased", F.col("is_deceased")),
        told("sell:minor", F.col("is_minor")), told("sell:open_complaint", F.col("complaint_open_cnt") > 0),
    )))  # fmt: skip


def _is_withheld(group: str, codes: str = "withheld_codes") -> Column:
    return F.exists(codes, lambda code: code.startswith(f"{group}:"))


def _unless_withheld(group: str, value: Column) -> Column:
    return F.when(~_is_withheld(group), value)


def keep_last_exported(rows: DataFrame, before: DataFrame) -> DataFrame:
    """Customers whose identity is in doubt keep the row that CRM has (rules: export, E4); one that CRM never had waits.

    rows    `assemble_rows` of the eligible and the doubtful; before: rows that CRM was given last
    Permission is the exception: what the customer allows no longer is taken out of the kept row, too. Nothing is added to it.
    """
    settled = rows.where("eligibility_code = 'eligible'").withColumn("export_basis_code", F.lit("current"))
    now = rows.where("eligibility_code = 'in_doubt'").select(
        "customer_id", F.col("withheld_codes").alias("_now"), F.col("do_not_contact_until").alias("_until")
    )
    kept = before.join(now, "customer_id")
    for group, fields in GROUPS.items():
        for name in fields:
            kept = kept.withColumn(name, F.when(~_is_withheld(group, "_now"), F.col(name)))
    for group, name in PERMISSIONS.items():
        kept = kept.withColumn(name, F.col(name) & ~_is_withheld(group, "_now"))
    kept = kept.withColumn(
        "withheld_codes", F.array_sort(F.array_union("withheld_codes", "_now"))
    ).withColumn("do_not_contact_until", F.coalesce("_until", "do_not_contact_until"))
    columns = [*CONTENT, "customer_id", "export_basis_code"]
    kept = kept.withColumn("export_basis_code", F.lit("kept"))
    return settled.select(*columns).unionByName(kept.select(*columns))


def hash_rows(rows: DataFrame, tokens: Tokeniser) -> DataFrame:
    """More columns, same rows: `row_hash`, keyed, over the content in order; what is left out is part of it."""
    content = F.to_json(F.struct(*[F.col(c) for c in CONTENT]), {"ignoreNullFields": "false"})
    return rows.withColumn("row_hash", tokens.column("row", content))
