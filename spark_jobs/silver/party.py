"""Parties: names, certificates, contacts, relations, risk, consent. Pure functions of entity rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.addresses import parsed_address
from spark_jobs.columns.certificates import Kind, parsed_certificate
from spark_jobs.columns.dates import local_date
from spark_jobs.columns.names import parsed_name
from spark_jobs.columns.phones import CHINA, normalised_phone
from spark_jobs.columns.text import identifier_text
from spark_jobs.dates import DateRange
from spark_jobs.history import OPEN_DATE, instant
from spark_jobs.silver.folds import fold_history, keep_newest

Token = Callable[..., Column]
_PARTY_RAW = (
    "source_code", "party_no_source", "party_kind_code", "name", "name_latin", "sex_code", "birth_date", "nationality_code",
    "occupation_code", "status_code", "open_org_code", "opened_date", "deceased_date", "is_masked", "is_identifiable",
    "birth_month", "is_birth_date_invalid", "id_kind_code", "id_value",
    "address", "region_code",
)  # fmt: skip


def fold_parties(rows: DataFrame, cities: DataFrame) -> DataFrame:
    """silver.party_hist from rows of entity `party`: versions per party, with what the name and birth date are worth, and where it lives.

    cities: `reference.own_cities`
    """
    folded = fold_history(rows, ["party_id"], list(_PARTY_RAW))
    told = folded.withColumn("_name", parsed_name(F.coalesce("name", "name_latin"))).withColumn(
        "_cert", parsed_certificate(F.col("id_kind_code"), F.col("id_value"))
    )
    quality = (
        F.when(F.col("birth_date").isNotNull() & (F.col("_cert.birth_date") == F.col("birth_date")), "agrees")
        .when(F.col("birth_date").isNotNull() & F.col("_cert.birth_date").isNotNull(), "disagrees")
        .when(F.col("birth_date").isNotNull(), "declared")
        .when(F.coalesce("is_birth_date_invalid", F.lit(False)), "invalid")
        .when(F.col("birth_month").isNotNull(), "month_only")
        .otherwise("missing")
    )
    masked = F.coalesce("is_masked", F.col("_name.quality_code") == "masked", F.lit(False))
    versions = told.select(
        "*",
        F.col("_name.script_code").alias("name_script_code"),
        F.col("_name.quality_code").alias("name_quality_code"),
        quality.alias("birth_date_quality_code"),
    ).withColumn("is_masked", masked)
    versions = derive_places(versions, cities)
    # A card centre gives year and month; the first of the month keeps them comparable and says so by its quality.
    versions = versions.withColumn("birth_date", F.coalesce("birth_date", "birth_month"))
    died = F.min(F.when(F.col("status_code") == "deceased", F.col("valid_from"))).over(
        Window.partitionBy("party_id").orderBy("valid_from")
    )
    is_dead = F.col("status_code") == "deceased"
    return versions.withColumn(
        "deceased_date", F.when(is_dead, F.coalesce("deceased_date", died))
    ).withColumn("party_kind_code", F.coalesce("party_kind_code", F.lit("person")))


def derive_places(versions: DataFrame, cities: DataFrame) -> DataFrame:
    """More columns, same rows: where a party lives, from `address` as delivered and `region_code` where the source gives one.

    region_code   the source's, else the city that the bank's own list has under a name the standard does not know, else what the address
                  tells by the standard; null where nothing places it
    address_norm  as `Address.norm`, under that code
    cities        `reference.own_cities`
    """
    told = versions.withColumn("_a", parsed_address(F.col("address"))).crossJoin(F.broadcast(cities))
    listed, province = F.try_element_at("_cities", F.col("_a.city")), F.left("_a.province_code", F.lit(2))
    lies_there = province.isNull() | (province == F.left(listed, F.lit(2)))
    own = F.when(F.col("_a.city_code").isNull() & lies_there, listed)
    street = F.when(own.isNotNull(), F.concat_ws("", "_a.district", "_a.rest")).otherwise(
        F.substring_index("_a.norm", "|", -1)
    )
    better = F.coalesce("region_code", own)
    norm = F.when(better.isNotNull(), F.concat_ws("|", better, F.coalesce(street, F.lit("")))).otherwise(
        F.col("_a.norm")
    )
    region = F.coalesce(better, "_a.region_code")
    return told.withColumns({"address_norm": norm, "region_code": region}).drop("_a", "_cities")


def conform_parties(history: DataFrame, dates: DateRange) -> DataFrame:
    """silver.party from the current belief of silver.party_hist: the newest version of each party up to the last date."""
    known = history.where(F.col("valid_from") <= F.lit(dates.last))
    columns = [c for c in known.columns if c not in ("party_id", "_origin", "valid_from")]
    newest = (
        known.groupBy("party_id")
        .agg(
            F.max_by(F.struct(*columns), "valid_from").alias("_v"),
            F.min("valid_from").alias("first_seen_date"),
            F.max("valid_from").alias("last_changed_date"),
            F.max_by("_origin", "valid_from").alias("_origin"),
        )
        .select("party_id", "first_seen_date", "last_changed_date", "_origin", "_v.*")
    )
    return newest.withColumn("is_deleted", F.col("valid_to") <= F.lit(dates.last))


def fold_identifiers(rows: DataFrame, token: Token, kinds: Mapping[str, Kind] | None = None) -> DataFrame:
    """silver.party_identifier from rows of entity `party_identifier`.

    kinds: what the bank declares of kinds that are not built in (certificates.py, declared_kinds). The token stands for the part of a number that survives its renewal, within its number space (certificates.py).
    """
    given = rows.withColumn("_given", identifier_text(F.col("id_value"))).withColumn(
        "_c", parsed_certificate(F.col("id_kind_code"), F.col("id_value"), kinds)
    )
    space = F.coalesce("_c.family_code", "_c.kind_code")
    number = F.coalesce("_c.match_value", "_c.value_norm")
    told = given.withColumns({
        "id_kind_code": F.coalesce("_c.kind_code", F.lit("09")),
        "id_value_norm": F.coalesce("_c.value_norm", "_given"),
        "id_token": token("id", space, number),
        # A placeholder is nobody's number, whatever class the contract gives its kind.
        "id_class_code": F.when(F.col("_c.class_code") == "blocked", "blocked").otherwise(F.coalesce("id_class_code", "_c.class_code")),
        "checksum_state_code": F.col("_c.checksum_code"),
        "issue_region_code": F.col("_c.region_code"),
        "derived_from_code": F.col("_c.derived_code"),
        "id_birth_date": F.col("_c.birth_date"),
        "id_sex_code": F.col("_c.sex_code"),
    })  # fmt: skip
    payload = [
        "source_code", "id_value", "id_value_norm", "id_class_code", "checksum_state_code", "issue_region_code", "expire_date",
        "is_primary", "is_verified", "derived_from_code", "id_birth_date", "id_sex_code",
    ]  # fmt: skip
    return fold_history(told, ["party_id", "id_kind_code", "id_token"], payload)


def fold_lists(rows: DataFrame, token: Token, kinds: Mapping[str, Kind] | None = None) -> DataFrame:
    """silver.person_list from rows of entity `person_list`: entries whose certificate passes its check, under the token that
    `fold_identifiers` gives the same certificate. Others are left out: what is told of a placeholder would be told of everybody who has it.
    """
    parsed = parsed_certificate(F.col("id_kind_code"), F.col("id_value"), kinds)
    told = rows.withColumn("_c", parsed).where(
        (F.col("_c.class_code") == "strong") & (F.col("_c.checksum_code") == "valid")
    )
    space = F.coalesce("_c.family_code", "_c.kind_code")
    named = told.withColumn("id_token", token("id", space, F.coalesce("_c.match_value", "_c.value_norm")))
    return fold_history(named, ["list_code", "list_entry_id"], ["source_code", "id_token"])


def fold_contacts(rows: DataFrame, token: Token, region: str = CHINA) -> DataFrame:
    """silver.party_contact from rows of entity `party_contact`. A phone's own shape decides between mobile and landline."""
    told = rows.withColumn("_p", normalised_phone(F.col("contact_value"), region))
    is_phone = F.coalesce(F.col("contact_kind_code").isin("mobile", "landline", "ani"), F.lit(True))
    kind = F.when(
        is_phone & (F.col("contact_kind_code").isNull() | (F.col("contact_kind_code") != "ani")),
        F.coalesce("_p.kind_code", "contact_kind_code", F.lit("mobile")),
    ).otherwise(F.col("contact_kind_code"))
    norm = F.when(is_phone, F.coalesce("_p.norm", "_p.masked")).otherwise(F.lower("contact_value"))
    told = told.withColumns({
        "contact_kind_code": kind,
        "contact_norm": norm,
        "contact_token": contact_token(token, norm, F.col("contact_value")),
        "country_code": F.col("_p.country_code"),
        "is_masked": is_phone & F.col("_p.is_masked"),
        "is_placeholder": is_phone & F.col("_p.is_placeholder"),
    })  # fmt: skip
    payload = [
        "source_code", "contact_value", "contact_norm", "country_code", "is_masked", "is_placeholder", "is_primary", "is_verified",
    ]  # fmt: skip
    return fold_history(told, ["party_id", "contact_kind_code", "contact_token"], payload)


def contact_token(token: Token, norm: Column, delivered: Column) -> Column:
    """Token of a number in its normal form; of the delivered text where it has none, in a space of its own."""
    return token(
        "contact",
        F.coalesce(norm, F.concat(F.lit("raw:"), identifier_text(delivered))),
    )


def derive_relations(declared: DataFrame, party_agreements: DataFrame) -> DataFrame:
    """silver.party_relation: what sources declare, and guarantors and joint holders of one agreement with its holder.

    party_agreements   current belief of silver.party_agreement with source_code of the agreement's system
    """
    holders = party_agreements.where(F.col("role_code") == "holder").select(
        "agreement_id",
        F.col("party_id").alias("party_id_to"),
        F.col("valid_from").alias("_from"),
        F.col("valid_to").alias("_to"),
    )
    others = party_agreements.where(F.col("role_code").isin("joint_holder", "guarantor"))
    derived = (
        others.join(holders, "agreement_id")
        .select(
            F.col("party_id").alias("party_id_from"), "party_id_to", F.col("role_code").alias("relation_code"),
            F.col("declared_by_code"), F.greatest("valid_from", "_from").alias("valid_from"),
            F.least("valid_to", "_to").alias("valid_to"), F.col("_origin"),
        )
        .where((F.col("valid_from") < F.col("valid_to")) & (F.col("party_id_from") != F.col("party_id_to")))
    )  # fmt: skip
    every = declared.unionByName(derived)
    key = ["party_id_from", "party_id_to", "relation_code"]
    # Several agreements may say the same of two people: together they hold from the first beginning to the last end.
    return every.groupBy(*key).agg(
        F.min_by("declared_by_code", F.struct("valid_from", "declared_by_code")).alias("declared_by_code"),
        F.min("valid_from").alias("valid_from"),
        F.max("valid_to").alias("valid_to"),
        F.min_by("_origin", F.struct("valid_from", "_origin")).alias("_origin"),
    )


def fold_risk_assessments(rows: DataFrame) -> DataFrame:
    """silver.party_risk_assessment: the newest record per party and day of assessment."""
    return keep_newest(rows, ["party_id", "assessed_date"]).where(~F.col("_gone"))


def counted_date(moment: Column, cut_off: str) -> Column:
    """First business date whose cut-off lies at or after an instant: the date from which a decision counts.

    A withdrawal at 06:00 local counts for the day before (cut-off 06:30), one at 07:00 for the day itself.
    """
    hour, minute = map(int, cut_off.split(":"))
    back = F.make_dt_interval(F.lit(0), F.lit(hour), F.lit(minute), F.lit(0))
    one_micro = F.make_dt_interval(F.lit(0), F.lit(0), F.lit(0), F.lit(0.000001))
    return local_date(moment - back - one_micro)


def fold_consent(rows: DataFrame, known_at: datetime, cut_off: str) -> DataFrame:
    """silver.consent_hist from change events: state per party, purpose, data class and channel by business date.

    Rules: consent. Later events win by (source instant, offset), whatever order they came in; events captured after `known_at` do
    not count; what has expired is a state of its own. A deleted record leaves nothing: missing is denied.
    """
    key = ["party_id", "purpose_code", "data_class_code", "channel_code"]
    payload = ["state_code", "version_no", "captured_by_code", "captured_at", "expires_at", "source_offset"]
    events = (
        rows.dropna(subset=key)
        .where(F.col("captured_at").isNull() | (F.col("captured_at") <= instant(known_at)))
        .withColumn("captured_at", F.coalesce("captured_at", F.timestamp_millis("sequence_ms")))
        .withColumn("valid_from", F.coalesce(counted_date(F.col("captured_at"), cut_off), F.col("_day")))
    )
    order = F.struct("sequence_ms", "source_offset", "_order")
    daily = (
        events.groupBy(*key, "valid_from")
        .agg(F.max_by(F.struct(*payload, "_gone", "_origin"), order).alias("_v"), F.max(order).alias("_rank"))
        .select(*key, "valid_from", "_rank", "_v.*")
    )
    # An event captured earlier but sent later loses against what is already known to be newer.
    best = F.max("_rank").over(Window.partitionBy(*key).orderBy("valid_from"))
    live = daily.withColumn("_best", best).where(F.col("_rank") == F.col("_best"))
    ends = F.lead("valid_from").over(Window.partitionBy(*key).orderBy("valid_from"))
    spans = live.withColumn("valid_to", F.coalesce(ends, F.lit(OPEN_DATE))).where(~F.col("_gone"))
    expiry = counted_date(F.col("expires_at"), cut_off)
    spans = spans.withColumn("_expires", F.when(F.col("state_code") == "granted", expiry))
    before = spans.withColumn("valid_to", F.least("valid_to", F.coalesce("_expires", F.lit(OPEN_DATE))))
    after = (
        spans.where(F.col("_expires") < F.col("valid_to"))
        .withColumn("valid_from", F.greatest("valid_from", "_expires"))
        .withColumn("state_code", F.lit("expired"))
    )
    return before.unionByName(after).where(F.col("valid_from") < F.col("valid_to"))
